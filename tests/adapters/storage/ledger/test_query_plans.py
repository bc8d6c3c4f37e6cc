"""What a report costs does not depend on the fleet: no statement on its way reads a whole table."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger import reader_lists
from gauger.adapters.storage.ledger.connection import connect
from gauger.adapters.storage.ledger.reader import SqliteReader
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.ports import LedgerReader
from gauger.core.authority.commands import (
    DecideCase,
    DepositOrder,
    FindSilent,
    MoveInstance,
    OrderLine,
)
from tests.adapters.storage.ledger.book import REPORT, Book, named, owned
from tests.support.authorizing import HSEC, a_licensee, ask, deposit, factory_code
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    OTHER_ACCOUNT,
    TAG,
    UDI,
    Bench,
    a_device,
    a_portal,
)

SMALL = {"root_sets", "manufacturers", "smart_accounts", "signers", "state", "marks"}
"""Tables that grow with the vendor's own acts, not with the fleet."""

_WHOLE = re.compile(
    r"^SCAN (?!CONSTANT ROW)(\w+)|^SEARCH (\w+) USING INTEGER PRIMARY KEY \(rowid>\?\)$"
)
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
        authorize(portal)
        portal.clock.now += 40 * DAY
        portal.authority.execute(FindSilent())
        portal.report(device.report(((NOW - 9000, NOW - 8000, 9),)), to=OTHER_ACCOUNT)
        yield portal.path, {text for text in statements if text.startswith(_WORK)}


def authorize(portal: Bench) -> None:
    """Have a code issued, shown, added to and given back, and one that came from the factory."""
    deposit(portal, 5)
    licensee, boxed = a_licensee("GGR0007"), a_licensee("GGR0008")
    for _ in range(2):
        licensee.install(ask(portal, licensee.request((HSEC, 1))))
    portal.report(licensee.report())
    ask(portal, licensee.give_back())
    boxed.leave_the_factory_with(factory_code((HSEC, 1), udi=boxed.udi))
    boxed.install(ask(portal, boxed.request((HSEC, 2))))


def plan(db: sqlite3.Connection, statement: str) -> list[str]:
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.threat("F14", role="cssm")
def test_nothing_that_the_writer_asks_reads_a_whole_table(told: tuple[Path, set[str]]) -> None:
    path, statements = told
    assert len(statements) > 100
    with closing(sqlite3.connect(path)) as db:
        for statement in sorted(statements):
            found = [_WHOLE.match(step) for step in plan(db, statement)]
            scans = {hit[1] or hit[2] for hit in found if hit}
            assert scans <= SMALL, statement


Asked = Callable[[LedgerReader], object]
LISTS: dict[str, Asked] = {
    "pools": lambda reader: reader.authorization_pools(ACCOUNT, after="", limit=9),
    "codes of an account": lambda reader: reader.authorizations(ACCOUNT, None, after=0, limit=9),
    "codes of a device": lambda reader: reader.authorizations(ACCOUNT, UDI, after=0, limit=9),
    "Smart Accounts": lambda reader: reader.smart_accounts(),
    "Virtual Accounts": lambda reader: reader.virtual_accounts("example.com"),
    "tokens": lambda reader: reader.tokens(ACCOUNT, now=NOW),
    "orders": lambda reader: reader.orders(ACCOUNT),
    "policies": lambda reader: reader.policies(ACCOUNT),
    "balance": lambda reader: reader.balance(ACCOUNT, now=NOW),
    "instances of an account": lambda reader: reader.instances(ACCOUNT),
    "instances of a Smart Account": lambda reader: reader.instances(smart_account="example.com"),
    "instances by search": lambda reader: reader.instances(search="GGR"),
    "instances of an account by search": lambda reader: reader.instances(ACCOUNT, search="C98"),
    "silent instances": lambda reader: reader.instances(silent=True),
    "silent instances of an account": lambda reader: reader.instances(ACCOUNT, silent=True),
    "reports of an account": lambda reader: reader.reports(ACCOUNT),
    "reports by verdict": lambda reader: reader.reports(verdict="rejected"),
    "reports of an account by verdict": lambda reader: reader.reports(ACCOUNT, verdict="deferred"),
    "accepted reports of an account": lambda reader: reader.reports(ACCOUNT, verdict="accepted"),
    "reports of a device": lambda reader: reader.reports(udi=UDI),
    "reports of a device of an account": lambda reader: reader.reports(ACCOUNT, udi=UDI),
    "reports of a device by verdict": lambda reader: reader.reports(udi=UDI, verdict="rejected"),
    "cases of an account": lambda reader: reader.cases(ACCOUNT),
    "cases by state": lambda reader: reader.cases(state="open"),
    "cases of an account by state": lambda reader: reader.cases(ACCOUNT, state="open"),
    "gaps": lambda reader: reader.gaps(),
    "gaps of an account": lambda reader: reader.gaps(ACCOUNT),
    "overdue gaps": lambda reader: reader.gaps(overdue=True),
    "overdue gaps of an account": lambda reader: reader.gaps(ACCOUNT, overdue=True),
    "old gaps": lambda reader: reader.gaps(since=NOW),
    "events of an account": lambda reader: reader.events(ACCOUNT),
    "events of a Smart Account": lambda reader: reader.events(smart_account="example.com"),
}  # fmt: skip


def asked_by(path: Path, ask: Asked) -> dict[str, list[str]]:
    """Return the plan of every statement that a list is read by."""
    statements: set[str] = set()
    with closing(SqliteReader(connect(path, readonly=True), path, lambda: None)) as reader:
        reader._db.set_trace_callback(statements.add)
        ask(reader)
        reader._db.set_trace_callback(None)
        return {one: plan(reader._db, one) for one in statements if one.startswith(_WORK)}


@pytest.mark.threat("F14", role="cssm")
@pytest.mark.parametrize("what", LISTS)
def test_no_list_that_is_filtered_reads_a_whole_table(
    told: tuple[Path, set[str]], what: str
) -> None:
    for statement, steps in asked_by(told[0], LISTS[what]).items():
        found = [hit for step in steps if (hit := _WHOLE.match(step))]
        assert {hit[1] or hit[2] for hit in found} <= SMALL | {"own"}, statement


@pytest.mark.parametrize("what", ["smart_accounts", "instances", "reports", "cases", "events"])
def test_a_list_of_everything_is_a_walk_that_sorts_nothing(
    told: tuple[Path, set[str]], what: str
) -> None:
    plans = asked_by(told[0], lambda reader: getattr(reader, what)())
    assert not [step for steps in plans.values() for step in steps if "TEMP" in step]


def test_a_search_with_many_hits_is_walked_and_one_with_few_is_looked_up(
    told: tuple[Path, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(reader: LedgerReader) -> object:
        return list(reader.instances(search="ggr"))

    with closing(SqliteReader(connect(told[0], readonly=True), told[0], lambda: None)) as reader:
        few = rows(reader)
        monkeypatch.setattr(reader_lists, "_SPARSE", 0)
        assert rows(reader) == few
    assert few


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


def test_a_report_after_a_long_history_costs_as_much_as_one_after_a_short(book: Book) -> None:
    book.put(owned(UDI))
    for number in range(5):
        steps_of(book, number)
    early = steps_of(book, 5)
    for number in range(6, 400):
        steps_of(book, number)

    assert steps_of(book, 400) <= early * 1.2
