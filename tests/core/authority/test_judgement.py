"""The verdict on a report, rule by rule: facts in, judgement out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.authority.claims import Chain, Claims, Held
from gauger.core.authority.facts import InstanceFacts, KnownReport, Life, ReportFacts
from gauger.core.authority.judgement import (
    FUTURE_TOLERANCE,
    Circumstances,
    Judgement,
    describe_time,
    judge,
)
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Cause, Ownership
from gauger.core.identity import AccountRef, digest
from gauger.core.usage.intervals import Segment
from tests.support.builders import ACCOUNT, DAY, ELSEWHERE, NOW, OTHER_ACCOUNT, TAG, UDI

OWN, OTHER = "11" * 16, "22" * 16
PREVIOUS = digest(b"previous")
CHAIN = Chain(incarnation=OWN, boot="33" * 16, previous=PREVIOUS, closed_at=NOW)
CLAIMS = Claims(
    digest=digest(b"this"),
    udi=UDI,
    tag=TAG,
    report_id=7,
    software_version="17.12.01",
    absolute=(Segment(NOW - 900, NOW, 2),),
    relative=(),
    members=(),
    is_active=True,
    chain=CHAIN,
    held=Held(account=ACCOUNT),
    signer="gauger-sudi",
)
KNOWN = InstanceFacts(udi=UDI, account=ACCOUNT)
FACTS = ReportFacts(
    instance=KNOWN,
    names_account=True,
    lives=(Life(incarnation=OWN, first_closed=NOW - DAY, last_closed=NOW - 900),),
)
GIVEN = Circumstances(now=NOW, build_date=NOW - 365 * DAY)


def rival(verdict: Verdict = Verdict.ACCEPTED, **changes: Any) -> KnownReport:  # noqa: ANN401 -- keywords of a test
    return replace(KnownReport(digest=digest(b"rival"), verdict=verdict), **changes)


def judged(
    facts: dict[str, Any] | None = None,
    *,
    chain: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
    **claims: Any,  # noqa: ANN401 -- keywords of a test
) -> Judgement:
    """Judge the plain report with what a test changes of it."""
    changed = replace(CLAIMS, chain=replace(CHAIN, **(chain or {})), **claims)
    return judge(changed, replace(FACTS, **(facts or {})), replace(GIVEN, **(given or {})))


def test_a_plain_report_is_accepted_without_any_flag() -> None:
    assert judged() == Judgement(verdict=Verdict.ACCEPTED, ownership=Ownership(account=ACCOUNT))


@pytest.mark.parametrize(
    ("facts", "chain", "flag"),
    [
        ({"previous_held": False}, {}, "gap"),
        (
            {"lives": (Life(incarnation=OTHER, first_closed=1, last_closed=2),)},
            {},
            "store-replaced",
        ),
        ({"overlaps": True}, {}, "overlap"),
        ({"tag_known": False}, {}, "unknown-entitlement"),
        ({}, {"closed_at": NOW - 366 * DAY}, "clock-not-set"),
        ({"names_account": False}, {}, "foreign-account"),
        (
            {"instance": InstanceFacts(udi=UDI, account=OTHER_ACCOUNT), "was_there": True},
            {},
            "former-account",
        ),
    ],
)
def test_what_is_noted_is_not_in_the_way(
    facts: dict[str, Any], chain: dict[str, Any], flag: str
) -> None:
    judgement = judged(facts, chain=chain)

    assert judgement.verdict is Verdict.ACCEPTED
    assert flag in judgement.flags


def test_a_clock_that_was_never_set_is_noted() -> None:
    assert judged(relative=CLAIMS.absolute, absolute=()).flags == ("clock-not-set",)


@pytest.mark.parametrize(
    ("facts", "claims", "code"),
    [
        ({}, {"is_active": False}, "not-active"),
        ({"newer_used_at": NOW}, {"generation": 1}, "superseded-key"),
        ({"newer_used_at": NOW - 1}, {"generation": 1}, "superseded-key"),
        ({"instance": InstanceFacts(udi=UDI, account=ELSEWHERE)}, {}, "belongs-elsewhere"),
        ({"instance": None, "names_account": False}, {}, "no-account"),
    ],
)
def test_what_is_rejected_says_why_and_changes_nobody(
    facts: dict[str, Any], claims: dict[str, Any], code: str
) -> None:
    judgement = judged(facts, **claims)

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, code)
    assert judgement.detail
    assert judgement.ownership is None


def test_an_older_code_signs_what_was_closed_before_the_newer_was_used() -> None:
    assert judged({"newer_used_at": NOW + 1}, generation=1).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("verdict", "decided_by", "expected"),
    [
        (Verdict.ACCEPTED, None, Verdict.SAME),
        (Verdict.DEFERRED, None, Verdict.SAME),
        (Verdict.QUARANTINED, None, Verdict.SAME),
        (Verdict.REJECTED, None, Verdict.ACCEPTED),
        (Verdict.REJECTED, "admin", Verdict.SAME),
    ],
)
def test_what_is_held_has_its_answer(
    verdict: Verdict, decided_by: str | None, expected: Verdict
) -> None:
    known = KnownReport(digest=CLAIMS.digest, verdict=verdict, decided_by=decided_by)

    assert judged({"known": known}).verdict is expected


def test_the_account_comes_before_the_digest() -> None:
    """Whoever is not the owner does not even learn that the report is held."""
    known = KnownReport(digest=CLAIMS.digest, verdict=Verdict.ACCEPTED)
    judgement = judged({"known": known}, given={"uploaded_to": ELSEWHERE})

    assert judgement.code == "belongs-elsewhere"


@pytest.mark.parametrize(
    ("one", "drawn_in"),
    [
        (rival(), True),
        (rival(Verdict.DEFERRED), True),
        (rival(Verdict.QUARANTINED, case=4), False),
        (rival(decided_by="admin"), False),
        (rival(Verdict.REJECTED, decided_by="admin"), False),
    ],
)
def test_a_taken_place_quarantines_the_newcomer_and_what_was_not_decided(
    one: KnownReport,
    *,
    drawn_in: bool,
) -> None:
    judgement = judged({"rivals": (one,)})

    assert (judgement.verdict, judgement.code) == (Verdict.QUARANTINED, "repeated-place")
    assert judgement.drawn_in == ((one,) if drawn_in else ())
    assert one.digest in judgement.detail


@pytest.mark.parametrize("seconds", [1, 60, 10 * DAY, 100 * 365 * DAY])
def test_the_future_is_waited_for(seconds: int) -> None:
    closed_at = NOW + FUTURE_TOLERANCE + seconds
    judgement = judged(chain={"closed_at": closed_at})

    assert (judgement.verdict, judgement.code) == (Verdict.DEFERRED, "not-yet")
    assert judgement.until == closed_at - FUTURE_TOLERANCE
    assert describe_time(closed_at) in judgement.detail
    assert describe_time(NOW) in judgement.detail


def test_a_deferred_report_is_accepted_when_its_time_has_come() -> None:
    judgement = judged(chain={"closed_at": NOW + 2 * DAY})
    assert judgement.until is not None

    later = judged(chain={"closed_at": NOW + 2 * DAY}, given={"now": judgement.until})
    assert later.verdict is Verdict.ACCEPTED


def test_a_clash_in_the_future_is_a_clash_now() -> None:
    assert judged({"rivals": (rival(),)}, chain={"closed_at": NOW + DAY}).code == "repeated-place"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"adds_to_settled": True, "settled_until": NOW}, Verdict.QUARANTINED),
        ({"adds_to_settled": True, "is_wanted": True}, Verdict.ACCEPTED),
        ({"adds_to_settled": False, "settled_until": NOW}, Verdict.ACCEPTED),
    ],
)
def test_a_settled_time_is_only_added_to_by_a_person_or_a_successor(
    facts: dict[str, Any], verdict: Verdict
) -> None:
    assert judged(facts).verdict is verdict


@pytest.mark.parametrize("verdict_facts", [{}, {"rivals": (rival(),)}, {"adds_to_settled": True}])
def test_gaps_and_releases_follow_whatever_the_verdict(verdict_facts: dict[str, Any]) -> None:
    judgement = judged(
        {**verdict_facts, "previous_held": False, "gap_open": True, "previous_case": 9}
    )

    assert judgement.missing == PREVIOUS
    assert judgement.fills
    assert judgement.releases == 9


def test_a_first_report_misses_nothing() -> None:
    judgement = judged({"previous_held": True}, chain={"previous": None})

    assert judgement.missing is None


@pytest.mark.parametrize(
    ("own", "other", "clash"),
    [
        ((0, 10), (20, 30), False),
        ((20, 30), (0, 10), False),
        ((0, 10), (10, 20), False),
        ((0, 15), (10, 20), True),
        ((10, 20), (0, 15), True),
        ((0, 30), (10, 20), True),
        ((10, 20), (0, 30), True),
    ],
)
def test_lives_that_overlap_are_a_clone(
    own: tuple[int, int],
    other: tuple[int, int],
    *,
    clash: bool,
) -> None:
    first, last = (NOW - 1000 + at for at in own)
    lives = (
        Life(incarnation=OWN, first_closed=first, last_closed=last),
        Life(
            incarnation=OTHER, first_closed=NOW - 1000 + other[0], last_closed=NOW - 1000 + other[1]
        ),
    )
    judgement = judged({"lives": lives}, chain={"closed_at": last})

    assert ("duplicate-identity" in judgement.flags) == clash
    assert "store-replaced" not in judgement.flags


@pytest.mark.parametrize(
    ("account", "provisional", "uploaded_to", "cause"),
    [
        (None, False, None, Cause.DOCUMENT),
        (None, False, ACCOUNT, Cause.DOCUMENT),
        (OTHER_ACCOUNT, True, ACCOUNT, Cause.DOCUMENT),
        (ACCOUNT, True, None, Cause.DOCUMENT),
        (ACCOUNT, False, ACCOUNT, None),
    ],
)
def test_a_signed_account_settles_whose_it_is(
    account: AccountRef | None,
    *,
    provisional: bool,
    uploaded_to: AccountRef | None,
    cause: Cause | None,
) -> None:
    instance = InstanceFacts(udi=UDI, account=account, provisional=provisional)
    judgement = judged({"instance": instance}, given={"uploaded_to": uploaded_to})

    assert judgement.ownership == Ownership(account=ACCOUNT, cause=cause)


@given(
    previous_held=st.booleans(),
    overlaps=st.booleans(),
    adds=st.booleans(),
    wanted=st.booleans(),
    ahead=st.integers(-DAY, DAY),
    rivals=st.lists(st.sampled_from([rival(), rival(Verdict.QUARANTINED)]), max_size=2),
)
def test_every_combination_has_one_named_outcome(**facts: Any) -> None:  # noqa: ANN401 -- keywords of a test
    judgement = judged(
        {
            "previous_held": facts["previous_held"],
            "overlaps": facts["overlaps"],
            "adds_to_settled": facts["adds"],
            "is_wanted": facts["wanted"],
            "rivals": tuple(facts["rivals"]),
        },
        chain={"closed_at": NOW + facts["ahead"]},
    )

    assert judgement.verdict in {Verdict.ACCEPTED, Verdict.DEFERRED, Verdict.QUARANTINED}
    assert (judgement.code is None) == (judgement.verdict is Verdict.ACCEPTED)
    assert (judgement.until is None) == (judgement.verdict is not Verdict.DEFERRED)
    assert len(set(judgement.flags)) == len(judgement.flags)
