"""Lists in pages: every row once, in order, whatever the page's size and wherever it ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger.reader import SqliteReader
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import Row
from gauger.core.identity import AccountRef, Udi
from tests.adapters.storage.ledger.book import OWNED, REPORT, TOKEN, Book, named, owned
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, UDI

COUNT = 7


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return a store that holds seven of everything in one account, all of the same second."""
    book = Book(tmp_path_factory.mktemp("full") / "ledger.db")
    for number in range(COUNT):
        book.put(*of_everything(number))
    yield book
    book.ledger.close()


def of_everything(number: int) -> list[Row]:
    udi = Udi("C9800-CL-K9", f"GGR1{number:03}")
    line = rows.Purchase(
        tag=f"tag {number}", name="N", quantity=1, term="perpetual", start=NOW, end=None
    )
    report = replace(
        REPORT, udi=udi, digest=named(f"{number}"), tag=f"tag {number}", report_id=number
    )
    return [
        rows.SmartAccountOpened(at=NOW, domain=f"d{number}.example", name="D", by="x"),
        rows.VirtualAccountOpened(
            at=NOW, account=AccountRef("example.com", f"V{number}"), description="", by="x"
        ),
        replace(TOKEN, token=number + 1, digest=named(f"token {number}")),
        rows.OrderDeposited(
            at=NOW, account=ACCOUNT, number=f"O-{number}", lines=(line,), devices=(), by="x"
        ),
        owned(udi),
        rows.CaseOpened(at=NOW, case=number + 1, code="repeated-place", udi=udi, account=ACCOUNT),
        replace(report, verdict=Verdict.QUARANTINED, case=number + 1),
        rows.GapOpened(at=NOW, udi=udi, report=named(f"lost {number}"), named_by=report.digest),
    ]


def pages(
    fetch: Callable[[object, int], Sequence[object]], key: str, first: object, limit: int
) -> list[object]:
    """Read a list to its end and return the keys, page after page."""
    found: list[object] = []
    after = first
    while page := fetch(after, limit):
        assert len(page) <= limit
        assert len(found) < 100, "the pages never end"
        found += [getattr(row, key) for row in page]
        after = found[-1]
    return found


def fetcher(reader: SqliteReader, what: str) -> Callable[[object, int], Sequence[object]]:
    """Return how a page of a list is asked for."""
    return {
        "smart accounts": lambda after, limit: reader.smart_accounts(after=str(after), limit=limit),
        "virtual accounts": lambda after, limit: reader.virtual_accounts(
            "example.com", after=str(after), limit=limit
        ),
        "balance": lambda after, limit: reader.balance(
            ACCOUNT, now=NOW, after=str(after), limit=limit
        ),
        "tokens": lambda after, limit: reader.tokens(
            ACCOUNT, now=NOW, after=number(after), limit=limit
        ),
        "orders": lambda after, limit: reader.orders(ACCOUNT, after=number(after), limit=limit),
        "instances": lambda after, limit: reader.instances(
            ACCOUNT, after=number(after), limit=limit
        ),
        "instances of a smart account": lambda after, limit: reader.instances(
            smart_account="example.com", after=number(after), limit=limit
        ),
        "reports": lambda after, limit: reader.reports(ACCOUNT, after=number(after), limit=limit),
        "quarantined reports": lambda after, limit: reader.reports(
            verdict="quarantined", after=number(after), limit=limit
        ),
        "cases": lambda after, limit: reader.cases(
            ACCOUNT, state="open", after=number(after), limit=limit
        ),
        "gaps": lambda after, limit: reader.gaps(ACCOUNT, after=number(after), limit=limit),
        "events": lambda after, limit: reader.events(ACCOUNT, after=number(after), limit=limit),
        "newest events": lambda after, limit: reader.events(
            ACCOUNT, after=number(after), limit=limit, newest_first=True
        ),
    }[what]


def number(after: object) -> int:
    assert isinstance(after, int)
    return after


def sort_key(found: object) -> tuple[int, str]:
    return (found, "") if isinstance(found, int) else (0, str(found))


KEYS = {
    "smart accounts": ("domain", "", COUNT + 2),
    "virtual accounts": ("account", "", COUNT + 2),
    "balance": ("tag", "", COUNT),
    "tokens": ("token_id", 0, COUNT),
    "orders": ("order_id", 0, COUNT),
    "instances": ("instance_id", 0, COUNT),
    "instances of a smart account": ("instance_id", 0, COUNT),
    "reports": ("report_row_id", 0, COUNT),
    "quarantined reports": ("report_row_id", 0, COUNT),
    "cases": ("case", 0, COUNT),
    "gaps": ("gap_id", 0, COUNT),
    "events": ("event_id", 0, 1 + 5 * COUNT),
    "newest events": ("event_id", 0, 1 + 5 * COUNT),
}


@pytest.mark.parametrize("limit", [1, 2, COUNT - 1, COUNT, COUNT + 1, 100])
@pytest.mark.parametrize("what", [name for name in KEYS if name != "virtual accounts"])
def test_pages_of_any_size_hold_every_row_once_and_in_order(
    full: Book, what: str, limit: int
) -> None:
    key, first, count = KEYS[what]
    with full.reader() as reader:
        found = pages(fetcher(reader, what), key, first, limit)

    assert len(found) == len(set(found)) == count
    assert found == sorted(found, key=sort_key, reverse=what == "newest events")


@pytest.mark.parametrize("what", KEYS)
def test_after_the_last_row_there_is_nothing(full: Book, what: str) -> None:
    key, first, _ = KEYS[what]
    with full.reader() as reader:
        fetch = fetcher(reader, what)
        last = getattr(fetch(first, 1000)[-1], key)
        after = last.virtual_account if isinstance(last, AccountRef) else last
        assert list(fetch(after, 1000)) == []


def test_virtual_accounts_are_paged_by_name(full: Book) -> None:
    with full.reader() as reader:
        first = reader.virtual_accounts("example.com", limit=4)
        after = first[-1].account.virtual_account
        second = reader.virtual_accounts("example.com", after=after, limit=100)

    names = [row.account.virtual_account for row in (*first, *second)]
    assert names == ["Branch", "DEFAULT", *(f"V{item}" for item in range(COUNT))]


def test_a_page_goes_on_where_it_ended_though_rows_came_meanwhile(book: Book) -> None:
    book.put(OWNED, REPORT, replace(REPORT, digest=named("b")))
    with book.reader() as reader:
        first = reader.reports(limit=1)
        book.put(replace(REPORT, digest=named("c")))
        rest = reader.reports(after=first[0].report_row_id)

    assert [row.digest for row in (*first, *rest)] == [REPORT.digest, named("b"), named("c")]


@pytest.mark.threat("F5", role="cssm")
def test_lists_of_an_account_hold_nothing_of_another(full: Book) -> None:
    with full.reader() as reader:
        lists: list[Sequence[object]] = [
            reader.tokens(ELSEWHERE, now=NOW),
            reader.orders(ELSEWHERE),
            reader.instances(ELSEWHERE),
            reader.instances(smart_account="other.example"),
            reader.reports(ELSEWHERE),
            reader.cases(ELSEWHERE),
            reader.gaps(ELSEWHERE),
            reader.balance(ELSEWHERE, now=NOW),
        ]

    assert lists == [[]] * len(lists)


@pytest.mark.threat("F5", role="cssm")
def test_lists_of_an_account_that_does_not_exist_are_empty(full: Book) -> None:
    nobody = AccountRef("example.com", "nobody")
    with full.reader() as reader:
        lists: list[Sequence[object]] = [
            reader.tokens(nobody, now=NOW),
            reader.orders(nobody),
            reader.instances(nobody),
            reader.reports(nobody),
            reader.cases(nobody),
            reader.gaps(nobody),
            reader.events(nobody),
            reader.balance(nobody, now=NOW),
        ]

    assert lists == [[]] * len(lists)


@pytest.mark.threat("F10", role="cssm")
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("GGR1", COUNT),
        ("C9800", COUNT),
        ("GGR1003", 1),
        ("GR1003", 0),  # from the beginning of the serial number or PID
        ("%", 0),
        ("GGR____", 0),
        ("!", 0),
        ("' OR 1=1 --", 0),
    ],
)
def test_a_search_is_a_prefix_and_never_a_pattern(full: Book, search: str, found: int) -> None:
    with full.reader() as reader:
        assert len(reader.instances(search=search)) == found


def test_the_device_of_another_product_with_the_same_serial_number_is_another(book: Book) -> None:
    twin = Udi("C9300-24T", UDI.serial)
    book.put(OWNED, replace(OWNED, udi=twin), REPORT)

    with book.reader() as reader:
        shown = reader.instance(twin)
        assert reader.reports(udi=twin) == []
    assert shown is not None
    assert (shown.udi, shown.usage) == (twin, ())


def test_the_store_is_made_where_it_is_missing(tmp_path: Path) -> None:
    made = Book(tmp_path / "new.db")
    with made.reader() as reader:
        assert reader.head() is None
        assert len(reader.smart_accounts()) == 2
    made.ledger.close()
