"""What is durable, who sees it when, and what a full, busy, or half-copied disk does to it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger import connection
from gauger.adapters.storage.ledger.connection import connect, migrate, named_error
from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.ports.store import HeadRecord, LeafRecord
from gauger.core.authority import rows
from gauger.core.documents.merkle import Node
from gauger.core.identity import Digest, Udi, digest
from gauger.core.problems import Problem
from tests.adapters.storage.ledger.book import OWNED, REPORT, Book, a_report, named
from tests.support.builders import ACCOUNT, NOW, TAG, UDI, Bench, a_device, a_portal

EVENT = rows.EventRecorded(
    at=NOW, kind="user-added", subject="ann", detail="d", by="x", account=None
)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Bench]:
    with a_portal(tmp_path / "portal") as bench:
        yield bench


def every_table(book: Book) -> dict[str, list[tuple[object, ...]]]:
    names = [name for (name,) in book.ask("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name: book.ask(f"SELECT * FROM {name}") for name in names}  # noqa: S608 -- names of the schema


def test_a_reader_sees_nothing_of_a_page_before_it_is_committed(book: Book) -> None:
    with book.reader() as reader:
        with book.ledger.transaction():
            book.write(OWNED, REPORT)
            assert book.ledger.facts.known_report(UDI, REPORT.digest) is not None
            assert reader.report(REPORT.digest) is None
            assert reader.instances() == []
            assert reader.balance(ACCOUNT, now=NOW) == []
        assert reader.report(REPORT.digest) is not None
        assert [row.in_use for row in reader.balance(ACCOUNT, now=NOW)] == [1]


def test_a_reader_can_write_nothing(book: Book) -> None:
    with book.reader() as reader, pytest.raises(Problem) as caught:
        reader._db.execute("DELETE FROM instances")
    assert caught.value.code == "store-failed"


@pytest.mark.threat("G6", role="cssm")
def test_a_page_that_fails_at_its_last_row_leaves_every_table_as_it_was(book: Book) -> None:
    book.put(OWNED, REPORT)
    before = every_table(book)
    bad = replace(OWNED, account=replace(ACCOUNT, virtual_account="never opened"))

    with pytest.raises(Problem) as caught:
        book.put(EVENT, a_report("b", ((NOW, NOW + 9, 7),)), bad)
    assert caught.value.code == "store-damaged"
    assert every_table(book) == before


def test_names_made_in_a_page_that_failed_are_made_again(book: Book) -> None:
    def fail() -> None:
        with book.ledger.transaction():
            book.ledger.apply(OWNED, 5, 0)
            book.ledger.apply(REPORT, 5, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    book.put(replace(OWNED, udi=Udi("C9300-24T", "OTHER")))
    book.put(OWNED, REPORT)

    with book.reader() as reader:
        shown = reader.report(REPORT.digest)
    assert shown is not None
    assert (shown.udi, shown.tag) == (UDI, TAG)


@pytest.mark.threat("G3", role="cssm")
def test_a_full_disk_has_a_name_leaves_nothing_half_written_and_reads_go_on(book: Book) -> None:
    book.put(OWNED, REPORT)
    before = every_table(book)
    book.ledger._db.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size

    with pytest.raises(Problem) as caught:
        book.put(EVENT, *(replace(EVENT, detail=f"{n}" * 3000) for n in range(50)))
    assert caught.value.code == "store-full"
    assert every_table(book) == before
    with book.reader() as reader:
        assert reader.report(REPORT.digest) is not None
    book.ledger._db.execute("PRAGMA max_page_count = 1000000")
    book.put(a_report("after", ((NOW, NOW + 9, 2),)))
    assert book.ask("SELECT in_use FROM account_usage") == [(2,)]


@pytest.mark.threat("G8", role="cssm")
def test_a_file_that_another_writes_to_is_told_by_name_and_nothing_changes(book: Book) -> None:
    before = every_table(book)
    book.ledger._db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(book.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Problem) as caught:
            book.put(EVENT)
        other.execute("ROLLBACK")
    assert caught.value.code == "store-failed"
    assert caught.value.diagnostics["error"] == "SQLITE_BUSY"
    assert every_table(book) == before
    book.put(EVENT)


@pytest.mark.threat("G8", role="cssm")
def test_a_writer_waits_for_a_short_turn_of_another(book: Book) -> None:
    other = sqlite3.connect(book.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    begun = threading.Event()
    book.ledger._db.set_trace_callback(lambda _: begun.set())
    waiting = threading.Thread(target=book.put, args=(EVENT,))
    waiting.start()
    begun.wait(10)
    other.execute("COMMIT")
    waiting.join(10)

    assert book.ask("SELECT count(*) FROM events WHERE kind = 'user-added'") == [(1,)]
    other.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", "store-full"),
        ("SQLITE_CORRUPT", "store-damaged"),
        ("SQLITE_CORRUPT_INDEX", "store-damaged"),
        ("SQLITE_NOTADB", "store-damaged"),
        ("SQLITE_READONLY_DBMOVED", "store-failed"),
        ("SQLITE_IOERR_FSYNC", "store-failed"),
        ("", "store-failed"),
    ],
)
@pytest.mark.threat("G2", role="cssm")
def test_every_error_of_the_store_has_a_name(name: str, code: str) -> None:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorname = name

    assert named_error(error, "x").code == code


@pytest.mark.threat("F18", role="cssm")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = '{}'",
        "DELETE FROM ledger",
        "DELETE FROM heads",
        "UPDATE heads SET body = 'x'",
        "UPDATE heads SET page = 99 WHERE page = 0",
        "UPDATE heads SET signature = x'00' WHERE signature IS NOT NULL",
    ],
)
def test_the_file_itself_refuses_to_rewrite_history(portal: Bench, statement: str) -> None:
    portal.restart()
    with (
        closing(sqlite3.connect(portal.path, isolation_level=None)) as db,
        pytest.raises(sqlite3.IntegrityError, match=r"append-only|signed once"),
    ):
        db.execute(statement)


@pytest.mark.threat("G6", role="cssm")
def test_a_head_without_signature_is_found_as_it_was_written_and_signed_once(book: Book) -> None:
    head = HeadRecord(
        page=0,
        body=b'{"page":0}',
        digest=digest(b'{"page":0}'),
        signer=named("signer"),
        chain=(b"certificate",),
    )
    with book.ledger.transaction():
        book.ledger.pages.write_head(head, [Node(0, 0, b"n" * 32)])
    book.ledger.close()
    store = SqliteLedger(book.path)
    assert store.pages.head(store.pages.count() - 1) == head
    with store.transaction():
        store.pages.write_signature(0, b"s" * 64)
    assert store.pages.head(0) == replace(head, signature=b"s" * 64)
    with pytest.raises(Problem), store.transaction():
        store.pages.write_signature(0, b"t" * 64)
    assert store.pages.node(0, 0) == b"n" * 32
    assert store.pages.page_of(head.digest) == head.page
    assert store.pages.page_of(named("other")) is None
    store.close()


def leaf(body: bytes, *, kind: str = "ack", answers: Digest | None = None) -> LeafRecord:
    return LeafRecord(
        salt=b"s" * 16,
        hash=bytes.fromhex(digest(body)),
        digest=digest(body),
        type=kind,
        version=1,
        answers=answers,
        body=body,
    )


def test_leaves_stand_in_their_page_in_order_and_a_document_is_kept_once(book: Book) -> None:
    pages, answered = book.ledger.pages, named("report")
    first = LeafRecord(salt=b"0" * 16, hash=b"0" * 32)
    one, two = leaf(b"one", answers=answered), leaf(b"two", kind="policy", answers=answered)
    with book.ledger.transaction():
        pages.write_leaves(3, [first, one, two])
        pages.write_leaves(4, [first, one])

    assert pages.leaf_hashes(3) == [first.hash, one.hash, two.hash]
    assert pages.documents_of(3) == (one.digest, two.digest)
    assert pages.documents_of(4) == (one.digest,)
    assert pages.documents_of(5) == ()
    assert pages.body(digest(b"one")) == ("ack", 1, b"one")
    assert book.ask("SELECT count(*) FROM documents") == [(2,)]
    assert pages.answers(answered) == one.digest  # a companion is no answer
    assert pages.answers(named("other")) is None


def test_a_document_whose_page_has_no_head_is_damage(book: Book) -> None:
    one = leaf(b"one")
    with book.ledger.transaction():
        book.ledger.pages.write_leaves(3, [one])

    with pytest.raises(Problem, match="Page 3 has no head") as caught:
        book.ledger.pages.document(digest(b"one"), None)
    assert caught.value.code == "store-damaged"
    assert book.ledger.pages.document(named("none"), None) is None


def test_a_lost_row_is_damage_named_by_its_page(book: Book) -> None:
    with pytest.raises(Problem, match="Page 7 lacks a row") as caught:
        book.ledger.lookups.row(7 << 20 | 3)
    assert caught.value.code == "store-damaged"


@pytest.mark.threat("G10", role="cssm")
def test_a_backup_taken_in_the_middle_of_a_page_is_the_page_before(
    book: Book, tmp_path: Path
) -> None:
    book.put(OWNED, REPORT)
    with book.ledger.transaction():
        book.write(a_report("half"))
        backup(book.path, tmp_path / "copy.db")
    with closing(connect(tmp_path / "copy.db", readonly=True)) as db:
        found = db.execute("SELECT digest FROM reports").fetchall()
        (check,) = db.execute("PRAGMA integrity_check").fetchone()

    assert (found, check) == ([(REPORT.digest,)], "ok")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.threat("G10", role="cssm")
def test_a_backup_while_pages_are_written_holds_whole_pages_only(
    book: Book, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        for number in range(3000):
            if stop.is_set():
                return
            book.put(*[replace(EVENT, subject=str(number))] * 3)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(5):
        backup(book.path, tmp_path / f"copy{number}.db")
    stop.set()
    writer.join(30)
    for number in range(5):
        with closing(connect(tmp_path / f"copy{number}.db", readonly=True)) as db:
            counts = db.execute(
                "SELECT count(*) FROM events WHERE kind = 'user-added' GROUP BY subject"
            ).fetchall()
        assert set(counts) <= {(3,)}


@pytest.mark.threat("G10", role="cssm")
def test_a_restored_file_holds_what_the_backup_held_and_says_that_it_is_one(
    book: Book, tmp_path: Path
) -> None:
    book.put(OWNED, REPORT)
    backup(book.path, tmp_path / "copy.db")
    (tmp_path / ".new.db.part").write_bytes(b"left by a restore that was cut off")
    restore(tmp_path / "copy.db", tmp_path / "new.db")
    store = SqliteLedger(tmp_path / "new.db")

    assert store.facts.known_report(UDI, REPORT.digest) is not None
    assert store.mark("restored") == "copy.db"
    with store.transaction():
        store.clear_mark("restored")
    assert store.mark("restored") is None
    store.close()


@pytest.mark.parametrize("work", ["backup", "restore"])
def test_neither_backup_nor_restore_writes_over_a_file(
    book: Book, tmp_path: Path, work: str
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"precious")
    with pytest.raises(Problem) as caught:
        backup(book.path, kept) if work == "backup" else restore(book.path, kept)

    assert caught.value.code == "store-exists"
    assert kept.read_bytes() == b"precious"


@pytest.mark.parametrize("work", ["backup", "restore"])
def test_a_database_that_holds_no_ledger_is_no_backup(tmp_path: Path, work: str) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE t (x)")
    with pytest.raises(Problem) as caught:
        (backup if work == "backup" else restore)(tmp_path / "other.db", tmp_path / "new.db")

    assert caught.value.code == "store-missing"
    assert not (tmp_path / "new.db").exists()


@pytest.mark.threat("G9", role="cssm")
def test_a_migration_run_again_changes_neither_schema_nor_rows(book: Book) -> None:
    book.put(OWNED, REPORT)
    before, schema = every_table(book), book.ask("SELECT * FROM sqlite_schema ORDER BY name")
    migrate(book.ledger._db, book.path)

    assert every_table(book) == before
    assert book.ask("SELECT * FROM sqlite_schema ORDER BY name") == schema


@pytest.mark.threat("G9", role="cssm")
def test_a_backup_of_a_newer_release_is_refused_and_nothing_is_made(
    book: Book, tmp_path: Path
) -> None:
    backup(book.path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        db.execute("UPDATE ledger_schema SET version = ?", (connection.SCHEMA_VERSION + 1,))
        db.commit()
    with pytest.raises(Problem) as caught:
        restore(tmp_path / "copy.db", tmp_path / "ledger2.db")

    assert caught.value.code == "store-newer"
    assert not (tmp_path / "ledger2.db").exists()


@pytest.mark.threat("G9", role="cssm")
def test_a_row_of_a_newer_release_is_refused_when_it_is_read(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    portal.authority.stop()
    with closing(sqlite3.connect(portal.path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute("UPDATE ledger SET kind = 'report-3' WHERE kind = 'report'")
    store = SqliteLedger(portal.path)

    with pytest.raises(Problem) as caught:
        store.lookups.stored(UDI, outcome.digest)
    assert caught.value.code == "upgrade-needed"
    store.close()
