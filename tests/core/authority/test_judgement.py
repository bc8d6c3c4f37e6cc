"""The verdict on a report, line after line of the table; the first that applies decides."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.authority.claims import Chain, Claims, Held
from gauger.core.authority.facts import InstanceFacts, KnownReport, Life, ReportFacts
from gauger.core.authority.judgement import (
    Circumstances,
    Judgement,
    describe_time,
    judge,
    judge_content,
)
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Cause, Ownership
from gauger.core.identity import AccountRef, digest
from gauger.core.usage.intervals import Segment
from tests.core.authority.claimed import CLAIMS as FIRST_CLAIMS
from tests.support.builders import ACCOUNT, DAY, ELSEWHERE, NOW, OTHER_ACCOUNT, UDI

OWN, OTHER = "11" * 16, "99" * 16
CHAIN = Chain(incarnation=OWN, boot="22" * 16, previous=digest(b"previous"), closed_at=NOW)
CLAIMS = replace(FIRST_CLAIMS, chain=CHAIN, signer="gauger-trust", generation=1)
GIVEN = Circumstances(now=NOW, build_date=NOW - DAY)
MINE = InstanceFacts(udi=UDI, account=ACCOUNT)
FACTS = ReportFacts(instance=MINE)
NAMED = ReportFacts(names_account=True)
RIVAL = KnownReport(digest=digest(b"rival"), verdict=Verdict.ACCEPTED)


def closed(instant: int) -> Claims:
    return replace(CLAIMS, chain=replace(CHAIN, closed_at=instant))


def test_an_honest_report_is_accepted_and_nothing_is_noted() -> None:
    assert judge(CLAIMS, FACTS, GIVEN) == Judgement(
        verdict=Verdict.ACCEPTED, ownership=Ownership(account=ACCOUNT)
    )


@pytest.mark.threat("F5", role="cssm")
def test_the_account_is_judged_before_anything_of_the_report_is_told() -> None:
    known = KnownReport(digest=CLAIMS.digest, verdict=Verdict.ACCEPTED)
    facts = replace(FACTS, known=known, rivals=(RIVAL,))
    judgement = judge(
        replace(CLAIMS, is_active=False), facts, replace(GIVEN, uploaded_to=ELSEWHERE)
    )

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert judgement.ownership is None
    assert str(ACCOUNT) not in judgement.detail


def test_nobodys_report_has_no_account() -> None:
    assert judge(CLAIMS, ReportFacts(), GIVEN).code == "no-account"


@pytest.mark.threat("A1", role="cssm")
@pytest.mark.parametrize(
    ("known", "same"),
    [
        (KnownReport(digest=CLAIMS.digest, verdict=Verdict.ACCEPTED), True),
        (KnownReport(digest=CLAIMS.digest, verdict=Verdict.DEFERRED), True),
        (KnownReport(digest=CLAIMS.digest, verdict=Verdict.QUARANTINED), True),
        (KnownReport(digest=CLAIMS.digest, verdict=Verdict.REJECTED, decided_by="ann"), True),
        (KnownReport(digest=CLAIMS.digest, verdict=Verdict.REJECTED), False),
    ],
)
def test_a_report_that_has_its_answer_is_the_same(known: KnownReport, *, same: bool) -> None:
    judgement = judge(CLAIMS, replace(FACTS, known=known), GIVEN)

    assert judgement.verdict is (Verdict.SAME if same else Verdict.ACCEPTED)
    assert judgement.ownership == Ownership(account=ACCOUNT)


@pytest.mark.threat("A25", role="cssm")
def test_a_standby_is_refused_before_its_key_and_place_are_looked_at() -> None:
    facts = replace(FACTS, newer_used_at=NOW, rivals=(RIVAL,))
    judgement = judge(replace(CLAIMS, is_active=False), facts, GIVEN)

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, "not-active")


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize(
    ("closed_at", "used_at", "code"),
    [
        (NOW, None, None),
        (NOW, NOW + 1, None),  # closed before the newer key was used
        (NOW, NOW, None),  # in the same second: which was first, no clock tells
        (NOW, NOW - 1, "superseded-key"),
    ],
)
def test_an_old_key_that_seems_to_sign_after_the_newer_one_waits_for_its_chain(
    closed_at: int, used_at: int | None, code: str | None
) -> None:
    judgement = judge(closed(closed_at), replace(FACTS, newer_used_at=used_at), GIVEN)

    assert judgement.code == code
    assert judgement.verdict is (Verdict.QUARANTINED if code else Verdict.ACCEPTED)
    if code:
        assert "Trust code 1" in judgement.detail
        assert describe_time(used_at or 0) in judgement.detail


@pytest.mark.threat("B15", role="cssm")
@pytest.mark.parametrize("facts", [FACTS, replace(FACTS, is_named=True, newer_used_at=NOW + 1)])
def test_an_old_key_never_follows_a_newer_one_in_a_chain(facts: ReportFacts) -> None:
    judgement = judge(CLAIMS, replace(facts, follows_newer=True), GIVEN)

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, "superseded-key")


def test_what_an_accepted_successor_names_is_late_and_nothing_else() -> None:
    facts = replace(FACTS, newer_used_at=NOW - 1, adds_to_settled=True, is_named=True)

    assert judge(CLAIMS, facts, GIVEN).verdict is Verdict.ACCEPTED


@pytest.mark.threat("A11", role="cssm")
@pytest.mark.parametrize(
    ("rival", "drawn_in"),
    [
        (RIVAL, True),
        (replace(RIVAL, verdict=Verdict.DEFERRED), True),
        (replace(RIVAL, verdict=Verdict.QUARANTINED), False),  # it waits already
        (replace(RIVAL, decided_by="ann"), False),  # a person accepted it
        (replace(RIVAL, verdict=Verdict.REJECTED, decided_by="ann"), False),
    ],
)
def test_a_place_that_is_taken_puts_both_in_quarantine(
    rival: KnownReport, *, drawn_in: bool
) -> None:
    judgement = judge(closed(NOW + 9 * DAY), replace(FACTS, rivals=(rival,)), GIVEN)

    assert (judgement.verdict, judgement.code) == (Verdict.QUARANTINED, "repeated-place")
    assert judgement.drawn_in == ((rival,) if drawn_in else ())
    assert rival.digest in judgement.detail
    assert judgement.until is None


def test_however_many_claim_a_place_the_verdict_can_be_read() -> None:
    many = tuple(replace(RIVAL, digest=digest(b"%d" % number)) for number in range(17))
    most = judge(closed(NOW), replace(FACTS, rivals=many[:16]), GIVEN)
    more = judge(closed(NOW), replace(FACTS, rivals=many), GIVEN)

    assert most.detail.endswith(f"{many[15].digest}.")
    assert more.detail == f"{most.detail[:-1]} and more."
    assert len(more.detail) < 4096


@pytest.mark.threat("A16", role="cssm")
@given(ahead=st.integers(-DAY, DAY))
def test_a_report_from_ahead_is_decided_when_its_time_has_come(ahead: int) -> None:
    judgement = judge(closed(NOW + ahead), FACTS, GIVEN)

    if ahead <= 3600:
        assert judgement.verdict is Verdict.ACCEPTED
    else:
        assert (judgement.verdict, judgement.code) == (Verdict.DEFERRED, "not-yet")
        assert judgement.until == NOW + ahead - 3600
        later = Circumstances(now=judgement.until, build_date=0)
        again = judge_content(closed(NOW + ahead), FACTS, later, Ownership(account=ACCOUNT))
        assert again.verdict is Verdict.ACCEPTED


@pytest.mark.threat("A15", role="cssm")
@pytest.mark.parametrize(
    ("adds", "wanted", "verdict"),
    [
        (True, False, Verdict.QUARANTINED),
        (True, True, Verdict.ACCEPTED),
        (False, False, Verdict.ACCEPTED),
    ],
)
def test_what_adds_to_settled_usage_waits_unless_a_successor_names_it(
    *, adds: bool, wanted: bool, verdict: Verdict
) -> None:
    facts = replace(FACTS, adds_to_settled=adds, is_wanted=wanted, settled_until=NOW - 40 * DAY)
    judgement = judge(CLAIMS, facts, GIVEN)

    assert judgement.verdict is verdict
    if verdict is Verdict.QUARANTINED:
        assert judgement.code == "back-dated"
        assert describe_time(NOW - 40 * DAY) in judgement.detail


@pytest.mark.threat("A12", role="cssm")
def test_a_previous_report_that_never_came_is_missed() -> None:
    judgement = judge(CLAIMS, replace(FACTS, previous_held=False), GIVEN)

    assert judgement.verdict is Verdict.ACCEPTED
    assert (judgement.flags, judgement.missing) == (("gap",), CHAIN.previous)


def test_a_report_that_is_asked_for_fills_its_gap_and_releases_its_predecessor() -> None:
    judgement = judge(CLAIMS, replace(FACTS, gap_open=True, previous_case=5), GIVEN)

    assert (judgement.fills, judgement.releases, judgement.missing) == (True, 5, None)


@pytest.mark.parametrize(
    ("claims", "facts", "flag"),
    [
        (CLAIMS, replace(FACTS, overlaps=True), "overlap"),
        (CLAIMS, replace(FACTS, tag_known=False), "unknown-entitlement"),
        (CLAIMS, replace(FACTS, was_there=True), "former-account"),
        (replace(CLAIMS, held=Held(account=ELSEWHERE)), FACTS, "foreign-account"),
        (replace(CLAIMS, relative=(Segment(0, 9, 1),)), FACTS, "clock-not-set"),
        (closed(NOW - DAY - 1), FACTS, "clock-not-set"),
    ],
)
def test_what_is_odd_and_not_in_the_way_is_flagged(
    claims: Claims, facts: ReportFacts, flag: str
) -> None:
    judgement = judge(claims, facts, GIVEN)

    assert (judgement.verdict, judgement.flags) == (Verdict.ACCEPTED, (flag,))


@pytest.mark.threat("H1", role="cssm")
def test_a_report_closed_when_the_authority_was_built_has_a_clock() -> None:
    assert judge(closed(NOW - DAY), FACTS, GIVEN).flags == ()


def lives(*spans: tuple[str, int, int]) -> tuple[Life, ...]:
    return tuple(
        Life(incarnation=name, first_measured=first, last_measured=last, began=0)
        for name, first, last in spans
    )


@pytest.mark.threat("A20", role="cssm")
@pytest.mark.parametrize(
    ("held", "flags"),
    [
        ((), ()),
        (((OWN, NOW - 9, NOW - 5),), ()),
        (((OTHER, NOW - 9, NOW - 5),), ("store-replaced",)),
        # The old store ended before the new one began, whatever comes first here.
        (((OTHER, NOW - 9, NOW - 5), (OWN, NOW - 4, NOW - 1)), ()),
        (((OTHER, NOW + 1, NOW + 5), (OWN, NOW - 4, NOW - 1)), ()),
        # One measured while the other lived.
        (((OTHER, NOW - 9, NOW + 5),), ("store-replaced", "duplicate-identity")),
        (((OTHER, NOW - 4, NOW - 3), (OWN, NOW - 9, NOW - 8)), ("duplicate-identity",)),
        (((OTHER, NOW - 3, NOW + 9), (OWN, NOW - 9, NOW - 8)), ("duplicate-identity",)),
        # Lives that only touch are one after the other.
        (((OTHER, NOW, NOW + 5),), ("store-replaced",)),
        (((OTHER, NOW - 5, NOW - 1),), ("store-replaced",)),
    ],
)
def test_two_stores_at_one_time_are_told_from_one_that_was_replaced(
    held: tuple[tuple[str, int, int], ...], flags: tuple[str, ...]
) -> None:
    claims = replace(CLAIMS, absolute=(Segment(NOW - 1, NOW, 1),))

    assert judge(claims, replace(FACTS, lives=lives(*held)), GIVEN).flags == flags


@pytest.mark.threat("H1", role="cssm")
@pytest.mark.parametrize(
    ("first", "last"), [(None, None), (NOW - 9 * DAY, NOW + DAY)], ids=["neither", "one"]
)
def test_a_store_whose_clock_was_never_set_is_no_clone_by_its_times(
    first: int | None, last: int | None
) -> None:
    other = Life(incarnation=OTHER, first_measured=first, last_measured=last, began=0)
    claims = replace(closed(7), absolute=(), relative=(Segment(0, 900, 1),))
    flags = judge(claims, replace(FACTS, lives=(other,)), GIVEN).flags

    assert flags == ("store-replaced", "clock-not-set")


@pytest.mark.threat("A20", role="cssm")
@pytest.mark.parametrize(
    ("own", "page", "other", "flagged"),
    [
        ((5, 9), None, (7, 6), True),  # each knew a page since the first report of the other
        ((5, None), 9, (7, 6), True),  # by this very report
        ((5, 9), None, (7, 5), True),  # the page with the first report itself
        ((5, 6), 6, (7, 6), False),  # the own store ended before the other one began
        ((5, 9), 9, (7, 4), False),  # the other one ended, and its report came late
        ((5, 9), 9, (7, None), False),
        ((5, None), None, (7, 6), False),
        (None, 9, (7, 9), False),  # the first report of this store: nobody can know of it
    ],
)
def test_two_stores_without_clocks_betray_themselves_by_the_pages_they_know(
    own: tuple[int, int | None] | None,
    page: int | None,
    other: tuple[int, int | None],
    *,
    flagged: bool,
) -> None:
    spans = {OTHER: other} if own is None else {OWN: own, OTHER: other}
    held = tuple(
        Life(incarnation=name, first_measured=None, last_measured=None, began=began, head=head)
        for name, (began, head) in spans.items()
    )
    flags = judge(CLAIMS, replace(FACTS, lives=held), replace(GIVEN, head_page=page)).flags

    assert ("duplicate-identity" in flags) == flagged


@pytest.mark.threat("A20", role="cssm")
@given(turns=st.lists(st.sampled_from([OWN, OTHER]), min_size=2, max_size=8), data=st.data())
def test_stores_that_measure_in_turns_are_noticed_in_whatever_order_reports_come(
    turns: list[str], data: st.DataObject
) -> None:
    closings = list(enumerate(turns))
    flagged, seen = False, dict[str, Life]()
    for at, name in data.draw(st.permutations(closings)):
        chain = replace(CHAIN, incarnation=name)
        span = Segment(NOW - 100 + at, NOW - 99 + at, 1)
        facts = replace(FACTS, lives=tuple(seen.values()))
        flags = judge(replace(CLAIMS, chain=chain, absolute=(span,)), facts, GIVEN).flags
        flagged = flagged or "duplicate-identity" in flags
        life = seen.get(name)
        seen[name] = Life(
            incarnation=name,
            first_measured=min(span.start, (life and life.first_measured) or span.start),
            last_measured=max(span.end, (life and life.last_measured) or 0),
            began=0,
        )
    places = {name: [at for at, turn in closings if turn == name] for name in (OWN, OTHER)}
    together = all(places.values()) and not (
        max(places[OWN]) < min(places[OTHER]) or max(places[OTHER]) < min(places[OWN])
    )
    assert flagged == together


@pytest.mark.parametrize(
    ("held", "facts", "uploaded_to", "expected"),
    [
        (ACCOUNT, NAMED, None, Ownership(account=ACCOUNT, cause=Cause.DOCUMENT)),
        (ACCOUNT, NAMED, ACCOUNT, Ownership(account=ACCOUNT, cause=Cause.DOCUMENT)),
        # An account of another ledger says nothing here.
        (
            ELSEWHERE,
            ReportFacts(),
            ACCOUNT,
            Ownership(account=ACCOUNT, provisional=True, cause=Cause.UPLOAD),
        ),
        (None, FACTS, ACCOUNT, Ownership(account=ACCOUNT)),
        (
            OTHER_ACCOUNT,
            replace(NAMED, instance=replace(MINE, provisional=True)),
            None,
            Ownership(account=OTHER_ACCOUNT, cause=Cause.DOCUMENT),
        ),
    ],
)
def test_the_account_that_a_report_names_counts_where_it_exists(
    held: AccountRef | None,
    facts: ReportFacts,
    uploaded_to: AccountRef | None,
    expected: Ownership,
) -> None:
    claims = replace(CLAIMS, held=Held(account=held))

    assert judge(claims, facts, replace(GIVEN, uploaded_to=uploaded_to)).ownership == expected


def test_time_is_told_in_utc() -> None:
    assert describe_time(0) == "1970-01-01 00:00:00 UTC"
    assert describe_time(253402300799) == "9999-12-31 23:59:59 UTC"
