"""Usage in the store against a model that keeps one number for each second."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gauger.adapters.storage.ledger.usage import (
    gain_before,
    overlaps,
    read_claims,
    touching,
    write_claims,
)
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.usage.intervals import Segment
from tests.adapters.storage.ledger.book import (
    DECIDED,
    OTHER_UDI,
    OWNED,
    REPORT,
    Book,
    a_report,
    named,
)
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, OTHER_TAG, TAG, UDI

HORIZON = 30
UDIS, TAGS, ACCOUNTS = (UDI, OTHER_UDI), (TAG, OTHER_TAG), (ACCOUNT, OTHER_ACCOUNT)
VERDICTS = (Verdict.ACCEPTED, Verdict.QUARANTINED, Verdict.REJECTED)


class Undone(Exception):  # noqa: N818 -- no error: it ends a transaction that leaves nothing
    """Roll the transaction back."""


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int, int]:
    start = draw(st.integers(0, HORIZON - 1))
    return start, draw(st.integers(start + 1, HORIZON)), draw(st.integers(0, 4))


@dataclass
class Told:
    """A report as the model keeps it."""

    udi: Udi
    tag: str
    claims: list[tuple[int, int, int]]
    verdict: Verdict


@dataclass
class Model:
    """Every report with its verdict, every device with its account; nothing else."""

    owner: dict[Udi, AccountRef] = field(default_factory=lambda: dict.fromkeys(UDIS, ACCOUNT))
    told: list[Told] = field(default_factory=list)

    def levels(self, udi: Udi, tag: str) -> list[int]:
        claims = [span for one in self._counted(udi, tag) for span in one.claims]
        return [
            max((count for start, end, count in claims if start <= second < end), default=0)
            for second in range(HORIZON)
        ]

    def in_use(self, udi: Udi, tag: str) -> int:
        ends = [end for one in self._counted(udi, tag) for _, end, _ in one.claims]
        return self.levels(udi, tag)[max(ends) - 1] if ends else 0

    def total(self, account: AccountRef, tag: str) -> int:
        return sum(self.in_use(udi, tag) for udi in UDIS if self.owner[udi] == account)

    def _counted(self, udi: Udi, tag: str) -> list[Told]:
        mine = [one for one in self.told if (one.udi, one.tag) == (udi, tag)]
        return [one for one in mine if one.verdict is Verdict.ACCEPTED]


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("report"),
            st.sampled_from(UDIS),
            st.sampled_from(TAGS),
            st.lists(spans(), min_size=1, max_size=4),
            st.sampled_from(VERDICTS),
        ),
        st.tuples(st.just("decide"), st.integers(0, 99), st.sampled_from(VERDICTS)),
        st.tuples(st.just("move"), st.sampled_from(UDIS), st.sampled_from(ACCOUNTS)),
    ),
    max_size=12,
)


def digest_of(number: int) -> Digest:
    return named(f"report {number}")


def carry_out(book: Book, model: Model, step: tuple[object, ...]) -> None:
    """Do one step in the store and in the model."""
    match step:
        case "report", Udi() as udi, str() as tag, list() as claims, Verdict() as verdict:
            number = len(model.told)
            model.told.append(Told(udi=udi, tag=tag, claims=claims, verdict=verdict))
            report = replace(a_report("", tuple(claims)), udi=udi, tag=tag, verdict=verdict)
            owner = model.owner[udi]
            book.write(replace(report, digest=digest_of(number), account=owner))
        case "decide", int() as number, Verdict() as verdict if number < len(model.told):
            told = model.told[number]
            told.verdict = verdict
            decided = replace(DECIDED, udi=told.udi, digest=digest_of(number), verdict=verdict)
            book.write(replace(decided, account=model.owner[told.udi]))
        case "move", Udi() as udi, AccountRef() as account:
            book.write(replace(OWNED, udi=udi, origin=model.owner[udi], account=account))
            model.owner[udi] = account
        case _:
            pass  # a decision about a report that is not there


def stored_levels(book: Book, udi: Udi, tag: str) -> list[int]:
    found = book.ask(
        'SELECT s.start, s."end", s.count FROM segments s JOIN timelines l ON l.id = s.timeline'
        " JOIN instances i ON i.id = l.instance JOIN tags t ON t.id = l.tag"
        " WHERE i.serial = ? AND t.tag = ?",
        udi.serial,
        tag,
    )
    levels = [0] * HORIZON
    for start, end, count in found:
        for second in range(start, end):
            assert not levels[second], "two segments of a timeline overlap"
            levels[second] = count
    return levels


def totals(book: Book) -> dict[tuple[str, str], int]:
    found = book.ask(
        "SELECT a.name, t.tag, u.in_use FROM account_usage u JOIN accounts a ON a.id = u.account"
        " JOIN tags t ON t.id = u.tag WHERE u.verified = 1"
    )
    return {(account, tag): in_use for account, tag, in_use in found}


def compare(book: Book, model: Model) -> None:
    shown = totals(book)
    for tag in TAGS:
        for account in ACCOUNTS:
            key = (account.virtual_account, tag)
            assert shown.get(key, 0) == model.total(account, tag)
        for udi in UDIS:
            levels = model.levels(udi, tag)
            assert stored_levels(book, udi, tag) == levels
            found = book.ask(
                "SELECT l.count_seconds, u.in_use FROM timelines l JOIN instance_usage u"
                " ON u.instance = l.instance AND u.tag = l.tag JOIN instances i"
                " ON i.id = l.instance JOIN tags t ON t.id = l.tag"
                " WHERE i.serial = ? AND t.tag = ?",
                udi.serial,
                tag,
            )
            assert found in ([], [(sum(levels), model.in_use(udi, tag))])


@pytest.mark.threat("A13", role="cssm")
@given(steps=steps)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_usage_is_the_highest_count_of_each_second_whatever_is_decided_and_moved(
    book: Book, steps: list[tuple[object, ...]]
) -> None:
    model = Model()
    with suppress(Undone), book.ledger.transaction():
        book.write(*(replace(OWNED, udi=udi) for udi in UDIS))
        for step in steps:
            carry_out(book, model, step)
        compare(book, model)
        raise Undone


@pytest.mark.threat("A13", role="cssm")
@given(
    claims=st.lists(st.lists(spans(), min_size=1, max_size=3), min_size=2, max_size=5),
    random=st.randoms(use_true_random=False),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_segments_do_not_depend_on_the_order_of_arrival(
    book: Book, claims: list[list[tuple[int, int, int]]], random: Random
) -> None:
    found = []
    for shuffled in (False, True):
        order = list(enumerate(claims))
        if shuffled:
            random.shuffle(order)
        with suppress(Undone), book.ledger.transaction():
            book.write(OWNED)
            for number, one in order:
                book.write(a_report(str(number), tuple(one)))
            found.append(book.ask('SELECT start, "end", count FROM segments ORDER BY 1'))
            raise Undone
    assert found[0] == found[1]


def timeline_of(book: Book, *usage: tuple[int, int, int]) -> int:
    book.put(OWNED, replace(REPORT, absolute=usage))
    ((number,),) = book.ask("SELECT id FROM timelines")
    return int(number)


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        ((25, 30), [(20, 25), (30, 35)]),  # what only touches belongs to it
        ((26, 29), []),
        ((0, 9), []),
        ((11, 12), [(10, 15)]),
        ((0, 99), [(10, 15), (20, 25), (30, 35)]),
    ],
)
def test_only_segments_that_overlap_or_touch_are_read(
    book: Book, reach: tuple[int, int], found: list[tuple[int, int]]
) -> None:
    number = timeline_of(book, (10, 15, 1), (20, 25, 1), (30, 35, 1))

    read = touching(book.ledger._db, number, *reach)
    assert [(item.start, item.end) for item in read] == found


@pytest.mark.threat("A15", role="cssm")
@pytest.mark.parametrize(
    ("claim", "instant", "gain"),
    [
        (Segment(10, 20, 5), 15, 0),  # no more than is held
        (Segment(10, 20, 7), 15, 10),  # two more for five seconds
        (Segment(0, 30, 5), 10, 50),
        (Segment(0, 30, 5), 99, 100),
        (Segment(20, 30, 9), 20, 0),  # begins where the settled time ends
        (Segment(0, 10, 0), 20, 0),
    ],
)
def test_the_gain_before_an_instant_is_what_would_really_be_added(
    book: Book, claim: Segment, instant: int, gain: int
) -> None:
    number = timeline_of(book, (10, 20, 5))

    assert gain_before(book.ledger._db, number, (claim,), instant) == gain
    assert gain_before(book.ledger._db, number, (), instant) == 0


@pytest.mark.threat("A14", role="cssm")
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (Segment(0, 10, 1), False),
        (Segment(20, 30, 1), False),
        (Segment(19, 30, 1), True),
        (Segment(12, 13, 0), False),
    ],
)
def test_time_in_use_that_is_claimed_again_is_noticed(
    book: Book, claim: Segment, *, expected: bool
) -> None:
    assert overlaps(book.ledger._db, timeline_of(book, (10, 20, 5)), (claim,)) is expected


@given(st.lists(spans()), st.lists(spans()))
def test_claims_are_read_as_they_were_written(
    absolute: list[tuple[int, int, int]], relative: list[tuple[int, int, int]]
) -> None:
    made = tuple(tuple(Segment(*span) for span in part) for part in (absolute, relative))

    assert read_claims(write_claims(tuple(absolute), tuple(relative))) == made


def test_an_observation_without_use_ends_what_is_shown_in_use(book: Book) -> None:
    book.put(OWNED, a_report("a", ((NOW, NOW + 10, 3),)))
    book.put(a_report("b", ((NOW + 10, NOW + 20, 0),)))

    assert book.ask("SELECT in_use, observed_until FROM timelines") == [(0, NOW + 20)]
    assert book.ask("SELECT in_use FROM account_usage") == [(0,)]


def test_taking_back_the_only_report_leaves_nothing_in_use(book: Book) -> None:
    book.put(OWNED, REPORT)
    book.put(replace(DECIDED, verdict=Verdict.REJECTED))

    assert book.ask("SELECT count(*) FROM segments") == [(0,)]
    assert book.ask("SELECT in_use FROM account_usage") == [(0,)]
    assert book.ask("SELECT count_seconds, observed_until FROM timelines") == [(0, 0)]


def test_taking_back_a_report_of_one_boot_leaves_the_other_boots(book: Book) -> None:
    first = replace(REPORT, absolute=(), relative=((0, 10, 3),))
    book.put(OWNED, first, replace(first, boot="33" * 16, digest=named("b"), at=NOW + 1))
    book.put(replace(DECIDED, digest=named("b"), verdict=Verdict.QUARANTINED, case=1))

    assert book.ask("SELECT in_use FROM instance_usage") == [(3,)]
    assert book.ask("SELECT count(*) FROM segments") == [(1,)]


def test_usage_of_a_device_that_is_nobodys_is_in_no_total(book: Book) -> None:
    book.put(replace(REPORT, account=None))

    assert book.ask("SELECT count(*) FROM account_usage") == [(0,)]
    assert book.ask("SELECT in_use FROM instance_usage") == [(1,)]
