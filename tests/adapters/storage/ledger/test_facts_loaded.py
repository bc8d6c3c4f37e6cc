"""What a report or trust request is judged against, loaded from rows: no more, no less."""

from dataclasses import replace

import pytest

from gauger.core.authority import rows
from gauger.core.authority.claims import Chain, Claims, Held
from gauger.core.authority.facts import Life, MemberFacts, ReportFacts
from gauger.core.authority.judgement import SETTLED_AFTER
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, digest
from gauger.core.usage.intervals import Segment
from tests.adapters.storage.ledger.book import (
    DECIDED,
    OTHER_UDI,
    OWNED,
    REPORT,
    REQUEST,
    TOKEN,
    Book,
    a_report,
    named,
    owned,
)
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, OTHER_ACCOUNT, OTHER_TAG, TAG, UDI

OWN, OTHER = "11" * 16, "99" * 16
CHAIN = Chain(incarnation=OWN, boot="22" * 16, previous=None, closed_at=NOW)
CLAIMS = Claims(
    digest=named("new"),
    udi=UDI,
    tag=TAG,
    report_id=2,
    software_version=None,
    absolute=(Segment(NOW, NOW + 900, 1),),
    relative=(),
    members=(),
    is_active=True,
    chain=CHAIN,
    held=Held(),
    signer="gauger-sudi",
)
ASKED = TrustRequest(
    issued_at=NOW,
    udi=UDI,
    members=(OTHER_UDI,),
    incarnation=OWN,
    counter=2,
    public_key=b"key",
    made_at=NOW,
    nonce="00" * 16,
    token_digest=None,
)


def load(book: Book, claims: Claims = CLAIMS, *, now: int = NOW) -> ReportFacts:
    return book.ledger.facts.report(claims, now)


def after(name: str) -> Claims:
    """Return claims that name a report as their previous one."""
    return replace(CLAIMS, chain=replace(CHAIN, previous=named(name)))


def says(account: AccountRef) -> Claims:
    return replace(CLAIMS, held=Held(account=account))


def rivals(facts: ReportFacts) -> list[Digest]:
    return [one.digest for one in facts.rivals]


def test_of_a_device_never_seen_nothing_is_known(book: Book) -> None:
    assert load(book) == ReportFacts(tag_known=False)
    assert load(book, after("p")) == ReportFacts(tag_known=False, previous_held=False)
    assert load(book, replace(CLAIMS, chain=None)) == ReportFacts(tag_known=False)


@pytest.mark.parametrize(
    ("account", "names", "was_there"),
    [
        (ACCOUNT, True, True),  # where it was before it moved
        (OTHER_ACCOUNT, True, False),  # where it is
        (ELSEWHERE, True, False),
        (AccountRef("far.example", "x"), False, False),
    ],
)
def test_a_named_account_is_known_and_a_former_one_recognised(
    book: Book, account: AccountRef, *, names: bool, was_there: bool
) -> None:
    book.put(OWNED, replace(OWNED, origin=ACCOUNT, account=OTHER_ACCOUNT, cause="move"))
    facts = load(book, says(account))

    assert (facts.names_account, facts.was_there) == (names, was_there)


@pytest.mark.threat("A11", role="cssm")
@pytest.mark.parametrize(
    "rival",
    [
        replace(REPORT, tag=OTHER_TAG),
        replace(REPORT, incarnation=OTHER),
        replace(REPORT, previous=named("p")),
        replace(REPORT, udi=OTHER_UDI),
        replace(REPORT, digest=CLAIMS.digest),
        replace(REPORT, verdict=Verdict.REJECTED),
    ],
)
def test_what_differs_in_licence_store_predecessor_or_device_takes_no_place(
    book: Book, rival: rows.ReportReceived
) -> None:
    book.put(OWNED, owned(OTHER_UDI), a_report("life", ((NOW, NOW + 1, 1),)), rival)
    book.put(replace(DECIDED, digest=named("life"), verdict=Verdict.REJECTED, by=None))

    assert rivals(load(book)) == []


@pytest.mark.threat("A11", role="cssm")
def test_whatever_is_held_at_the_place_is_a_rival_oldest_first(book: Book) -> None:
    book.put(OWNED, REPORT, replace(REPORT, digest=named("b"), verdict=Verdict.DEFERRED))
    assert rivals(load(book)) == [REPORT.digest, named("b")]
    book.put(replace(DECIDED, digest=named("b"), verdict=Verdict.REJECTED, by="ann"))

    assert rivals(load(book)) == [REPORT.digest, named("b")]  # a person's word keeps the place


@pytest.mark.threat("A12", role="cssm")
@pytest.mark.parametrize(
    ("verdict", "by", "held"),
    [
        (Verdict.ACCEPTED, None, True),
        (Verdict.DEFERRED, None, True),
        (Verdict.REJECTED, None, False),
        (Verdict.REJECTED, "ann", True),
    ],
)
def test_the_previous_report_is_held_unless_it_was_refused(
    book: Book, verdict: Verdict, by: str | None, *, held: bool
) -> None:
    book.put(OWNED, replace(a_report("p"), verdict=Verdict.DEFERRED))
    book.put(replace(DECIDED, digest=named("p"), verdict=verdict, by=by))

    assert load(book, after("p")).previous_held is held
    assert load(book, after("never")).previous_held is False


@pytest.mark.parametrize(("code", "case"), [("back-dated", 4), ("repeated-place", None)])
def test_only_a_back_dated_predecessor_is_released(book: Book, code: str, case: int | None) -> None:
    book.put(
        OWNED,
        rows.CaseOpened(at=NOW, case=4, code=code, udi=UDI, account=ACCOUNT),
        replace(a_report("p"), verdict=Verdict.QUARANTINED, code=code, case=4),
    )

    assert load(book, after("p")).previous_case == case


def test_a_report_that_was_missed_stays_wanted_after_its_gap_is_closed(book: Book) -> None:
    gap = rows.GapOpened(at=NOW, udi=UDI, report=CLAIMS.digest, named_by=REPORT.digest)
    seen = []
    for row in (OWNED, gap, rows.GapClosed(at=NOW, udi=UDI, report=CLAIMS.digest, by="ann")):
        book.put(row)
        facts = load(book)
        seen.append((facts.is_wanted, facts.gap_open))

    assert seen == [(False, False), (True, True), (True, False)]


def test_lives_span_what_each_store_measured_and_the_pages_that_it_knew(book: Book) -> None:
    first = a_report("a", ((NOW, NOW + 50, 1),))
    book.put(OWNED, first)
    book.put(a_report("b", ((NOW - 5, NOW + 10, 1),)), replace(first, digest=named("d")))
    timeless = replace(REPORT, digest=named("c"), incarnation=OTHER, absolute=(), closed_at=7)
    book.put(timeless, replace(timeless, digest=named("e"), head_page=1))
    book.put(replace(timeless, digest=named("f")))

    assert set(load(book).lives) == {
        Life(incarnation=OWN, first_measured=NOW - 5, last_measured=NOW + 50, began=1),
        Life(incarnation=OTHER, first_measured=None, last_measured=None, began=3, head=1),
    }


def test_a_report_that_is_held_comes_with_what_stands_about_it(book: Book) -> None:
    book.put(OWNED, replace(REPORT, flags=("gap", "overlap")))
    known = load(book, replace(CLAIMS, digest=REPORT.digest)).known

    assert known is not None
    assert (known.verdict, known.account, known.flags, known.pipes) == (
        Verdict.ACCEPTED,
        ACCOUNT,
        ("gap", "overlap"),
        ("file",),
    )


@pytest.mark.threat("A15", role="cssm")
@pytest.mark.parametrize(
    ("wait", "claim", "expected"),
    [
        (0, Segment(NOW - 900, NOW, 5), (None, False, True)),  # too young to be settled
        (SETTLED_AFTER - 1, Segment(NOW - 900, NOW, 5), (None, False, True)),
        (SETTLED_AFTER, Segment(NOW - 900, NOW, 5), (NOW, True, True)),
        (SETTLED_AFTER, Segment(NOW - 900, NOW, 1), (NOW, False, True)),  # adds nothing
        (SETTLED_AFTER, Segment(NOW - 5000, NOW - 4000, 1), (NOW, True, False)),
        (SETTLED_AFTER, Segment(NOW, NOW + 900, 5), (None, False, False)),
    ],
)
def test_usage_is_settled_thirty_days_after_it_was_accepted(
    book: Book, wait: int, claim: Segment, expected: tuple[int | None, bool, bool]
) -> None:
    book.put(OWNED, REPORT)
    facts = load(book, replace(CLAIMS, absolute=(claim,)), now=NOW + wait)

    assert (facts.settled_until, facts.adds_to_settled, facts.overlaps) == expected


def test_usage_after_the_settled_time_overlaps_without_adding_to_it(book: Book) -> None:
    late = replace(a_report("late", ((NOW + 10, NOW + 90, 1),)), at=NOW + SETTLED_AFTER)
    book.put(OWNED, REPORT, late)
    claims = replace(CLAIMS, absolute=(Segment(NOW + 20, NOW + 30, 9),))
    facts = load(book, claims, now=NOW + SETTLED_AFTER)

    assert (facts.settled_until, facts.adds_to_settled, facts.overlaps) == (NOW, False, True)


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize(("generation", "used_at"), [(None, None), (1, NOW), (2, None)])
def test_a_newer_key_counts_from_the_first_report_closed_under_it(
    book: Book, generation: int | None, used_at: int | None
) -> None:
    code = rows.TrustCodeIssued(
        at=NOW,
        udi=UDI,
        generation=1,
        key=named("key"),
        incarnation=OWN,
        document=named("code"),
    )
    book.put(OWNED, code, replace(code, generation=2, key=named("key 2")))
    book.put(replace(REPORT, generation=2))

    assert load(book, replace(CLAIMS, generation=generation)).newer_used_at == used_at


def test_a_request_is_loaded_with_its_token_counter_and_members(book: Book) -> None:
    book.put(OWNED, TOKEN, replace(REQUEST, counter=5), owned(OTHER_UDI))
    book.put(replace(REQUEST, digest=named("no"), counter=9, verdict=Verdict.REJECTED))
    facts = book.ledger.facts.trust(ASKED, REQUEST.digest, TOKEN.digest)

    assert facts.known is not None
    assert (facts.known.verdict, facts.known.account) == (Verdict.ACCEPTED, ACCOUNT)
    assert facts.token is not None
    assert facts.token.token == 1
    assert facts.counter == 5  # what was refused used up nothing
    assert facts.members == (MemberFacts(udi=OTHER_UDI, account=ACCOUNT),)


def test_of_a_request_by_a_stranger_nothing_is_known(book: Book) -> None:
    facts = book.ledger.facts.trust(ASKED, named("x"), None)

    assert (facts.instance, facts.known, facts.counter, facts.token) == (None, None, None, None)
    assert facts.members == (MemberFacts(udi=OTHER_UDI),)
    book.put(OWNED)
    known = book.ledger.facts.trust(replace(ASKED, incarnation=OTHER), named("x"), None)
    assert (known.known, known.counter) == (None, None)


@pytest.mark.threat("C8", role="cssm")
def test_whoever_else_holds_the_key_is_found(book: Book) -> None:
    code = rows.TrustCodeIssued(
        at=NOW,
        udi=OTHER_UDI,
        generation=1,
        key=digest(ASKED.public_key),
        incarnation=OWN,
        document=named("code"),
    )
    book.put(owned(OTHER_UDI), code, OWNED, replace(code, udi=UDI))

    assert book.ledger.facts.trust(ASKED, named("x"), None).key_holders == (OTHER_UDI,)
    other = replace(ASKED, public_key=b"another")
    assert book.ledger.facts.trust(other, named("x"), None).key_holders == ()
