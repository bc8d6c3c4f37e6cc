"""The ledger's file: schema, packing, damage, and what a reader may rely on."""

import sqlite3
import tracemalloc
import zlib
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger import connection
from gauger.adapters.storage.ledger.connection import (
    Packer,
    connect,
    migrate,
    schema_version,
    unpack,
)
from gauger.adapters.storage.ledger.names import Names, join_udis, split_udis
from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.authority.rows import SmartAccountOpened, TokenRevoked
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, NOW, UDI, Bench, a_device, a_portal


def test_a_new_file_gets_the_newest_schema_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for _ in range(2):
        with closing(connect(path)) as db:
            migrate(db, path)
            assert schema_version(db) == connection.SCHEMA_VERSION


def test_a_migration_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    with closing(connect(path)) as db:
        monkeypatch.setattr(connection, "_VERSIONS", "CREATE TABLE broken (;")
        with pytest.raises(Problem) as caught:
            migrate(db, path)
    assert caught.value.code == "store-failed"
    monkeypatch.undo()
    with closing(connect(path)) as db:
        assert schema_version(db) == 0
        migrate(db, path)
        assert schema_version(db) == connection.SCHEMA_VERSION


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE ledger_schema SET version = 99")

    for _ in range(2):  # the lock is given back
        with pytest.raises(Problem) as caught:
            SqliteLedger(path)
        assert caught.value.code == "store-newer"


def test_tables_of_the_portal_in_the_same_file_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE portal_users (name)")
    store = SqliteLedger(path)

    assert store.pages.count() == 0
    store.close()


@pytest.mark.parametrize("length", [0, 511, 512, 5000])
def test_long_texts_are_packed_and_come_back(length: int) -> None:
    text = ("ä1" * length)[:length]
    stored = Packer().pack(text)

    assert unpack(stored) == text
    assert isinstance(stored, bytes) == (length >= 512)


def test_what_the_first_releases_packed_comes_back() -> None:
    text = "ä1" * 300

    assert unpack(zlib.compress(text.encode(), 1)) == text


def a_packed_text() -> bytes:
    stored = Packer().pack("".join(map(str, range(400))))
    assert isinstance(stored, bytes)
    return stored


# A frame whose header claims 2 to the 62nd bytes: whoever believes it, asks for that memory.
@pytest.mark.parametrize(
    "rotten",
    [
        a_packed_text()[:-3],
        a_packed_text()[:5],
        a_packed_text() + b"more",
        b"\x28\xb5\x2f\xfd\xe0" + (2**62).to_bytes(8, "little"),
        zlib.compress(b"x" * 600)[:-3],
        zlib.compress(b"x" * 600) + b"more",
        b"",
        zlib.compress(b"\xff" * 600),
    ],
)
def test_a_packed_text_that_rotted_is_damage(rotten: bytes) -> None:
    with pytest.raises(Problem) as caught:
        unpack(rotten)
    assert caught.value.code == "store-damaged"


def test_what_grows_beyond_any_text_is_damage_before_it_takes_the_memory() -> None:
    # 64 MiB in 64 KiB: what a row may grow to is not to be had from its size.
    bomb = zlib.compress(bytes(64 * 1024 * 1024), 9)
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as caught:
            unpack(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "store-damaged"
    assert peak < 48 * 1024 * 1024


def test_every_flipped_bit_of_a_packed_text_is_damage_or_another_text() -> None:
    stored = a_packed_text()
    for at in range(8 * len(stored)):
        rotten = bytearray(stored)
        rotten[at // 8] ^= 1 << at % 8
        with suppress(Problem):
            assert len(unpack(bytes(rotten))) < 2**24


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database " * 200)

    with pytest.raises(Problem) as caught:
        SqliteLedger(tmp_path / "ledger.db")
    assert caught.value.code == "store-damaged"


def test_a_reader_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        connect(tmp_path / "none.db", readonly=True)
    assert caught.value.code == "store-missing"


def test_a_transaction_that_fails_is_undone_and_names_are_forgotten(tmp_path: Path) -> None:
    store = SqliteLedger(tmp_path / "ledger.db")
    row = SmartAccountOpened(at=NOW, domain="example.com", name="x", by="x")

    def fail() -> None:
        with store.transaction():
            store.apply(row, 0, 0)
            assert store.lookups.smart_account_exists("example.com")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not store.lookups.smart_account_exists("example.com")
    with store.transaction():
        store.apply(row, 0, 0)
    assert store.lookups.smart_account_exists("example.com")
    store.close()


def test_a_row_that_names_an_unknown_account_is_damage(tmp_path: Path) -> None:
    store = SqliteLedger(tmp_path / "ledger.db")

    with pytest.raises(Problem) as caught:
        store.lookups.account_number(ACCOUNT)
    assert caught.value.code == "store-damaged"
    with store.transaction():
        store.apply(TokenRevoked(at=NOW, token=1, account=ACCOUNT, by="x"), 0, 0)
    store.close()


def test_names_are_remembered_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.adapters.storage.ledger.names._REMEMBERED", 2)
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    with closing(connect(path)) as db:
        names = Names(db)
        tags = [names.tag(f"tag-{number}") for number in range(5)]
        udis = [names.make_instance(Udi("P", f"S{number}"), NOW) for number in range(5)]
        assert not any(names.is_sold(f"tag-{number}") for number in range(5))
        assert names.account(AccountRef("a.example", "x")) is None
        for kept in (names._tags, names._instances, names._sold):
            assert len(kept) <= 2
        assert [names.tag(f"tag-{number}") for number in range(5)] == tags
        assert [names.make_instance(Udi("P", f"S{number}"), NOW) for number in range(5)] == udis


def test_udis_are_kept_as_one_text() -> None:
    udis = (UDI, Udi("C9300-24T", "GGR/2"))

    assert split_udis(join_udis(udis)) == udis
    assert split_udis("") == ()


def test_what_is_not_there_is_told_by_name(portal: Bench) -> None:
    store = portal.authority._store

    with pytest.raises(Problem) as caught:
        store.lookups.stored(UDI, Digest("0" * 64))
    assert caught.value.code == "not-found"
    with pytest.raises(Problem) as damaged:
        store.pages.node(30, 7)
    assert damaged.value.code == "store-damaged"
    assert store.pages.head(999) is None
    assert store.pages.body(Digest("0" * 64)) is None
    assert store.facts.known_report(UDI, Digest("0" * 64)) is None
    assert store.lookups.instance_document(UDI, "account-info") is None


@pytest.mark.threat("G5", role="cssm")
def test_a_document_that_rotted_is_never_served(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    portal.authority.stop()
    with closing(sqlite3.connect(portal.path, isolation_level=None)) as db:
        (body,) = db.execute("SELECT body FROM documents WHERE type = 'ack'").fetchone()
        rotten = Packer().pack(unpack(body).replace('"report_id":1000', '"report_id":1001'))
        db.execute("UPDATE documents SET body = ? WHERE type = 'ack'", (rotten,))
    portal.restart()
    reader = portal.authority.reader()

    with pytest.raises(Problem) as caught:
        reader.answer_for(outcome.digest)
    assert caught.value.code == "store-damaged"
    reader.close()


@pytest.mark.threat("G5", role="cssm")
def test_a_row_that_is_not_the_report_it_should_be_is_never_served(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    portal.authority.stop()
    with closing(sqlite3.connect(portal.path, isolation_level=None)) as db:
        db.execute("UPDATE reports SET source = 0")
    portal.restart()
    reader = portal.authority.reader()

    with pytest.raises(Problem) as caught:
        reader.report(outcome.digest)
    assert caught.value.code == "store-damaged"
    with pytest.raises(Problem) as again:
        portal.authority._store.lookups.stored(UDI, outcome.digest)
    assert again.value.code == "store-damaged"
    reader.close()


def test_a_backup_that_cannot_be_written_is_told(portal: Bench, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        backup(portal.path, tmp_path / "no folder" / "copy.db")
    assert caught.value.code == "store-failed"
    backup(portal.path, tmp_path / "copy.db")
    with pytest.raises(Problem) as restored:
        restore(tmp_path / "copy.db", tmp_path / "none" / "ledger.db")
    assert restored.value.code == "store-failed"


def test_a_restore_marks_the_file_for_its_next_start(tmp_path: Path) -> None:
    with a_portal(tmp_path / "one") as portal:
        backup(portal.path, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", tmp_path / "ledger.db")
    store = SqliteLedger(tmp_path / "ledger.db")

    assert store.mark("restored") == "copy.db"
    store.close()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_put_beside_the_log_of_a_ledger_that_is_gone(
    tmp_path: Path, suffix: str
) -> None:
    SqliteLedger(tmp_path / "old.db").close()
    backup(tmp_path / "old.db", tmp_path / "copy.db")
    (tmp_path / f"ledger.db{suffix}").write_bytes(b"what is left")

    for attempt in (restore, backup):
        with pytest.raises(Problem, match=f"store-exists.*ledger.db{suffix} already"):
            attempt(tmp_path / "copy.db", tmp_path / "ledger.db")
    assert [path.name for path in tmp_path.glob("*ledger.db*")] == [f"ledger.db{suffix}"]


def test_a_restored_ledger_holds_nothing_of_the_one_that_was_lost(tmp_path: Path) -> None:
    lost = SqliteLedger(tmp_path / "ledger.db")
    backup(tmp_path / "ledger.db", tmp_path / "copy.db")
    with lost.transaction():
        lost.apply(SmartAccountOpened(at=NOW, domain="example.com", name="x", by="x"), 0, 0)
    log = (tmp_path / "ledger.db-wal").read_bytes()
    lost.close()
    (tmp_path / "ledger.db").unlink()
    (tmp_path / "ledger.db-wal").write_bytes(log)

    with pytest.raises(Problem, match="store-exists"):
        restore(tmp_path / "copy.db", tmp_path / "ledger.db")
    (tmp_path / "ledger.db-wal").unlink()
    restore(tmp_path / "copy.db", tmp_path / "ledger.db")
    with closing(connect(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT name FROM marks").fetchall() == [("restored",)]
