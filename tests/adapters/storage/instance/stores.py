"""A store of a product instance, and what tests put into it."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from gauger.adapters.storage.instance_open import StorePaths, open_instance_store
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.core.identity import digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch, LogEntry, StoredItem, StoredReport
from tests.support.builders import CountedEntropy

ENTROPY = CountedEntropy("store")


def paths_in(folder: Path) -> StorePaths:
    """Return the places of a store in a folder."""
    return StorePaths(data=folder / "data", keys=folder / "keys")


def opened(paths: StorePaths) -> InstanceStore:
    """Open the store, or begin it."""
    return open_instance_store(paths, ENTROPY)


def entry(number: int) -> LogEntry:
    """Return the event of a number."""
    return LogEntry(at=number, name="SAEVT_TEST", fields=(("n", str(number)),), text="text")


def report(number: int, *, state: str = "closed", acked_at: int | None = None) -> StoredReport:
    """Return the row of a report."""
    return StoredReport(
        report_id=number,
        state=state,
        digest=digest(b"%d" % number),
        acked_at=acked_at,
        detail=b"detail %d" % number,
    )


def believed(store: InstanceStore, number: int) -> StoredReport | None:
    """Return the row of a report as whoever decides by it must take it; refuse one with a fault."""
    row = store.report(number)
    if row is not None and row.fault is not None:
        # Not a word of what stands beside a seal that does not open may be told.
        assert row == StoredReport(report_id=number, state="", fault=row.fault)
        raise Problem("store-damaged", row.fault)
    return row


def a_history() -> Batch:
    """Return some of everything that a store holds."""
    return Batch(
        records={
            ("state", "a"): b"1",
            ("state", "b"): b"2",
            ("setting", "a"): b"3",
            ("mark", "m"): b"7",
        },
        reports={number: report(number) for number in (1, 2)},
        items=[
            StoredItem(report_id=number, kind=kind, content=b"%s %d" % (kind.encode(), number))
            for number in (1, 2)
            for kind in ("report", "ack")
        ],
        entries=[entry(number) for number in (1, 2, 3)],
        anchored=True,
    )


def change(paths: StorePaths, *statements: str, values: Iterable[object] = ()) -> None:
    """Change the file as one who has the disk, but not the key."""
    with closing(sqlite3.connect(paths.store, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement, tuple(values))


def look(paths: StorePaths, query: str) -> list[tuple[object, ...]]:
    """Return what stands in the file."""
    with closing(sqlite3.connect(paths.store, isolation_level=None)) as db:
        return db.execute(query).fetchall()
