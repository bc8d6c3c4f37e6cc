"""The device's store: atomic, ordered, indexed, sealed, chained."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.storage import instance_sqlite
from gauger.adapters.storage.instance_anchor import read_anchor
from gauger.adapters.storage.instance_open import (
    StorePaths,
    begin_anew,
    open_instance_store,
    open_volatile_store,
)
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.adapters.storage.sealed import Seal
from gauger.core.identity import digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch, LogEntry, StoredItem, StoredReport

ENTROPY = SystemEntropy()


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return StorePaths(data=tmp_path, keys=tmp_path / "keys")


@pytest.fixture
def store(paths: StorePaths) -> Iterator[InstanceStore]:
    opened = open_instance_store(paths, ENTROPY)
    yield opened
    opened.close()


def entry(number: int) -> LogEntry:
    return LogEntry(at=number, name="SAEVT_TEST", fields=(("number", str(number)),), text="ü")


def rows(*numbers: int, state: str = "closed") -> dict[int, StoredReport]:
    return {
        number: StoredReport(
            report_id=number,
            state=state,
            digest=digest(str(number).encode()),
            detail=b"detail\nof %d" % number,
        )
        for number in numbers
    }


def test_a_new_store_is_empty_and_private(store: InstanceStore, paths: StorePaths) -> None:
    assert store.replaced is None
    assert len(store.incarnation) == 32
    assert store.state_counts() == {}
    assert list(store.entries()) == []
    assert paths.key.stat().st_mode & 0o777 == 0o600
    assert paths.keys.stat().st_mode & 0o777 == 0o700


def test_records_are_written_replaced_and_removed(store: InstanceStore) -> None:
    store.commit(Batch(records={("state", "a"): b"1", ("state", "b"): b"2", ("tag", "a"): b"3"}))
    assert store.records("state") == {"a": b"1", "b": b"2"}
    store.commit(Batch(records={("state", "a"): b"9", ("state", "b"): None}))
    assert store.record("state", "a") == b"9"
    assert store.record("state", "b") is None
    assert store.record("tag", "a") == b"3"


def test_reports_come_by_state_in_order_of_their_numbers(store: InstanceStore) -> None:
    store.commit(Batch(reports={**rows(5, 1, 3), **rows(2, 4, state="pending")}))
    both = store.reports(["closed", "pending"])
    assert [row.report_id for row in both] == [1, 2, 3, 4, 5]
    page = store.reports(["closed", "pending"], after=2, limit=2)
    assert [row.report_id for row in page] == [3, 4]
    assert store.report(3) == rows(3)[3]
    assert store.report(9) is None
    assert store.report_by_digest(digest(b"4")) == rows(4, state="pending")[4]
    assert store.state_counts() == {"closed": 3, "pending": 2}


def test_items_are_kept_compressed_and_removed(store: InstanceStore) -> None:
    content = b"signed bytes " * 1000
    store.commit(
        Batch(
            reports=rows(1),
            items=[
                StoredItem(report_id=1, kind="report", content=content),
                StoredItem(report_id=1, kind="ack", content=content, compressed=True),
            ],
        )
    )
    assert store.item(1, "report") == store.item(1, "ack") == content
    sizes = dict(store._connection.execute("SELECT kind, length(sealed) FROM item"))
    assert sizes["ack"] < sizes["report"] / 20
    store.commit(Batch(items=[StoredItem(report_id=1, kind="ack", content=None)]))
    assert store.item(1, "ack") is None


def test_what_is_past_both_retentions_is_purgeable(store: InstanceStore) -> None:
    acked = {
        number: StoredReport(report_id=number, state="acknowledged", acked_at=number * 10)
        for number in range(1, 11)
    }
    items = [StoredItem(report_id=number, kind="report", content=b"x") for number in acked]
    store.commit(Batch(reports=acked, items=items))
    assert sorted(store.purgeable(acked_before=1000, keep=7)) == [1, 2, 3]
    assert sorted(store.purgeable(acked_before=25, keep=7)) == [1, 2]
    assert store.purgeable(acked_before=1000, keep=200) == []
    store.commit(Batch(items=[StoredItem(report_id=1, kind="report", content=None)]))
    assert sorted(store.purgeable(acked_before=1000, keep=7)) == [2, 3]


@pytest.mark.threat("G2", role="instance")
def test_a_batch_that_fails_half_way_changes_nothing(store: InstanceStore) -> None:
    store.commit(Batch(reports=rows(1)))
    twice = {2: StoredReport(report_id=2, state="closed", digest=digest(b"1"))}
    with pytest.raises(Problem, match="store-failed"):
        store.commit(Batch(records={("state", "a"): b"1"}, reports=twice, entries=[entry(1)]))
    assert store.record("state", "a") is None
    assert list(store.entries()) == []
    store.commit(Batch(entries=[entry(1)]))
    store.verify_chain()


def test_a_full_disk_has_its_own_name(store: InstanceStore) -> None:
    store._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Problem, match="store-full"):
        store.commit(Batch(records={("state", "big"): bytes(10**6)}))
    store._connection.execute("PRAGMA max_page_count = 1000000")
    store.commit(Batch(records={("state", "big"): bytes(10**6)}))


def test_the_log_is_a_chain(store: InstanceStore) -> None:
    store.commit(Batch(entries=[entry(1), entry(2)]))
    store.commit(Batch(entries=[entry(3)]))
    assert [number for number, _ in store.entries()] == [1, 2, 3]
    assert list(store.entries(after=2)) == [(3, entry(3))]
    store.verify_chain()


@pytest.mark.threat("F18", role="instance")
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM event WHERE sequence = 2",
        "DELETE FROM event WHERE sequence = 3",
        "UPDATE event SET sealed = (SELECT sealed FROM event WHERE sequence = 1) WHERE sequence = 2",
        "UPDATE event SET chain = zeroblob(32) WHERE sequence = 1",
        "INSERT INTO event SELECT 4, sealed, chain FROM event WHERE sequence = 3",
    ],
)
def test_an_event_removed_altered_or_put_in_is_found(store: InstanceStore, damage: str) -> None:
    store.commit(Batch(entries=[entry(1), entry(2), entry(3)]))
    store._connection.execute(damage)
    with pytest.raises(Problem, match="store-damaged"):
        store.verify_chain()


def test_compaction_keeps_the_newest_and_the_chain(
    store: InstanceStore, paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_sqlite, "KEPT_EVENTS", 5)
    monkeypatch.setattr(instance_sqlite, "_SLACK", 3)
    for number in range(1, 31):
        store.commit(Batch(entries=[entry(number)], anchored=number == 2))
    kept = [number for number, _ in store.entries()]
    assert kept[-1] == 30
    assert 5 <= len(kept) <= 9
    store.verify_chain()
    assert store.chain_at(1) is None
    store.close()
    again = open_instance_store(paths, ENTROPY)
    assert again.replaced is None
    again.close()


def test_a_row_altered_beside_its_seal_is_found(store: InstanceStore) -> None:
    store.commit(Batch(reports=rows(1)))
    store._connection.execute("UPDATE report SET state = 'acknowledged'")
    (row,) = store.reports(["acknowledged"])
    assert row.fault == "The row of report 1 was altered beside its seal."
    assert row == StoredReport(report_id=1, state="", fault=row.fault)


@pytest.mark.parametrize(
    "damage",
    [
        "sealed = x'00'",
        "sealed = zeroblob(0)",
        "sealed = 'text'",
        "digest = CAST(x'ff' AS TEXT)",
        "acked_at = 7",
    ],
)
def test_a_row_that_rotted_keeps_no_other_from_being_read(
    store: InstanceStore, damage: str
) -> None:
    store.commit(Batch(reports=rows(1, 3)))
    store._connection.execute(f"UPDATE report SET {damage} WHERE id = 1")  # noqa: S608 -- own texts
    rotted, well = store.reports(["closed"])
    assert rotted.fault is not None
    assert well == rows(3)[3]


@pytest.mark.requirement("PI-4")
def test_nothing_of_the_content_stands_in_the_files(
    store: InstanceStore, paths: StorePaths
) -> None:
    secret = b"regid.2018-06.com.cisco.CANARY"
    batch = Batch(records={("tag", secret.decode()): secret}, anchored=True)
    batch.reports = {1: StoredReport(report_id=1, state="open", detail=secret)}
    batch.items = [StoredItem(report_id=1, kind="report", content=secret)]
    batch.entries = [LogEntry(at=1, name=secret.decode())]
    store.commit(batch)
    for path in paths.data.rglob("*"):
        assert path.is_dir() or b"CANARY" not in path.read_bytes()


def test_the_anchor_follows_and_is_caught_up(
    store: InstanceStore, paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    monkeypatch.setattr(instance_sqlite, "write_anchor", fail)
    store.commit(Batch(records={("mark", "m"): b"7"}, anchored=True))
    assert not paths.anchor.exists()
    monkeypatch.undo()
    store.commit(Batch())
    anchor = read_anchor(paths.anchor, Seal(paths.key.read_bytes(), ENTROPY))
    assert anchor is not None
    assert (anchor.counter, anchor.marks) == (1, {"m": "7"})


def test_an_anchor_that_was_altered_begins_a_new_store(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(Batch(anchored=True))
    paths.anchor.write_bytes(b"x" * 100)
    store.close()
    again = open_instance_store(paths, ENTROPY)
    assert again.replaced is not None
    again.close()


def test_an_empty_file_is_a_first_start_that_was_cut_off(paths: StorePaths) -> None:
    open_instance_store(paths, ENTROPY).close()
    paths.store.unlink()
    paths.store.touch()
    again = open_instance_store(paths, ENTROPY)
    assert again.replaced == "The store is empty."
    again.close()


def test_a_file_of_another_program_is_not_taken_for_a_store(paths: StorePaths) -> None:
    open_instance_store(paths, ENTROPY).close()
    other = sqlite3.connect(paths.store)
    other.execute("PRAGMA application_id = 1")
    other.close()
    again = open_instance_store(paths, ENTROPY)
    assert again.replaced == "The file is no store of a product instance."
    again.close()


def test_a_store_without_a_head_is_damaged(paths: StorePaths) -> None:
    open_instance_store(paths, ENTROPY).close()
    other = sqlite3.connect(paths.store)
    other.execute("DELETE FROM meta")
    other.commit()
    other.close()
    again = open_instance_store(paths, ENTROPY)
    assert again.replaced == "The store has no head."
    again.close()


def test_a_store_in_memory_has_no_anchor(paths: StorePaths) -> None:
    volatile = open_volatile_store(ENTROPY, Problem("store-full", "The disk is full."))
    volatile.commit(Batch(records={("state", "a"): b"1"}, anchored=True))
    assert volatile.record("state", "a") == b"1"
    assert not paths.anchor.exists()
    volatile.close()


def test_a_store_found_damaged_later_is_begun_anew(paths: StorePaths) -> None:
    store = open_instance_store(paths, ENTROPY)
    store.commit(Batch(records={("setting", "s"): b"1", ("state", "gone"): b"2"}))
    store.close()
    anew = begin_anew(paths, ENTROPY, Problem("store-damaged", "A record is none."))
    assert anew.record("setting", "s") == b"1"
    assert anew.record("state", "gone") is None
    anew.close()
    paths.key.unlink()
    begin_anew(paths, ENTROPY, Problem("store-damaged", "A record is none.")).close()
