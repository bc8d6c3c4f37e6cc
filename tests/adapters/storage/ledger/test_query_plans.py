"""What a report costs does not depend on the fleet: no statement on its way reads a whole table."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.authority.commands import DecideCase, DepositOrder, MoveInstance, OrderLine
from tests.adapters.storage.ledger.book import REPORT, Book, named, owned
from tests.support.builders import ACCOUNT, DAY, NOW, OTHER_ACCOUNT, TAG, UDI, a_device, a_portal

SMALL = {"root_sets", "manufacturers", "smart_accounts", "signers", "state", "marks"}
"""Tables that grow with the vendor's own acts, not with the fleet."""

_WHOLE = re.compile(r"^SCAN (\w+)|^SEARCH (\w+) USING INTEGER PRIMARY KEY \(rowid>\?\)$")
_WORK = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, set[str]]]:
    """Return the file of a portal, and every statement that its writer ran for what came."""
    statements: set[str] = set()
    with a_portal(tmp_path_factory.mktemp("plans")) as portal:
        store = portal.authority._store
        assert isinstance(store, SqliteLedger)
        store._db.set_trace_callback(statements.add)
        line = OrderLine(tag=TAG, name="N", quantity=1, term="perpetual", start=NOW, end=None)
        portal.authority.execute(
            DepositOrder(account=ACCOUNT, order_number="1", lines=(line,), devices=(UDI,), by="x")
        )
        device, token = a_device(), portal.token()
        device.install(
            portal.trust(device.trust_request(token=token), token=token),
        )
        first = device.report()
        portal.report(first)
        portal.report(first)  # a replay
        device.report()  # never sent: a gap
        portal.report(device.report(((NOW - 400, NOW + 400, 2),)))  # overlapping
        portal.report(device.report(((NOW, NOW + 9999, 3),)))  # deferred
        device.last[TAG] = named("a place that is taken")
        twin = replace(device, last=dict(device.last))
        portal.report(device.report(((NOW - 50, NOW, 1),)))
        case = portal.report(twin.report(((NOW - 50, NOW, 9),))).case
        assert case is not None
        portal.authority.execute(DecideCase(case=case, accept=True, by="x"))
        portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="x"))
        portal.clock.now += 40 * DAY
        portal.report(device.report(((NOW - 9000, NOW - 8000, 9),)), to=OTHER_ACCOUNT)
        yield portal.path, {text for text in statements if text.startswith(_WORK)}


def plan(db: sqlite3.Connection, statement: str) -> list[str]:
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.requirement("OP-9")
@pytest.mark.threat("F14", role="cssm")
def test_nothing_that_the_writer_asks_reads_a_whole_table(told: tuple[Path, set[str]]) -> None:
    path, statements = told
    assert len(statements) > 100
    with closing(sqlite3.connect(path)) as db:
        for statement in sorted(statements):
            found = [_WHOLE.match(step) for step in plan(db, statement)]
            scans = {hit[1] or hit[2] for hit in found if hit}
            assert scans <= SMALL, statement


def steps_of(book: Book, add: int) -> int:
    """Return how many steps SQLite's machine takes for one more report of a device."""
    page = [
        replace(
            REPORT,
            digest=named(f"{add}"),
            absolute=((NOW + add * 10, NOW + add * 10 + 10, 1),),
            previous=named(f"{add - 1}"),
        )
    ]
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    book.ledger._db.set_progress_handler(count, 1)
    book.put(*page)
    book.ledger._db.set_progress_handler(None, 1)
    return taken


@pytest.mark.requirement("OP-9")
def test_a_report_after_a_long_history_costs_as_much_as_one_after_a_short(book: Book) -> None:
    book.put(owned(UDI))
    for number in range(5):
        steps_of(book, number)
    early = steps_of(book, 5)
    for number in range(6, 400):
        steps_of(book, number)

    assert steps_of(book, 400) <= early * 1.2
