"""The verdict on a trust request, line after line of the table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.authority.commands import Pipe
from gauger.core.authority.facts import (
    InstanceFacts,
    KnownRequest,
    MemberFacts,
    TokenFacts,
    TrustFacts,
)
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Cause, Ownership
from gauger.core.authority.trust import NOT_PERMITTED, Presented, TrustJudgement, judge_trust
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Udi, digest
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, OTHER_ACCOUNT, UDI

MEMBER, STRANGER = Udi("C9800-CL-K9", "GGR0002"), Udi("C9800-CL-K9", "GGR0003")
WANTED = digest(b"token-1")
TOKEN = TokenFacts(token=7, account=ACCOUNT, expires_at=NOW + 10, uses=2, used=1, revoked=False)
REQUEST = TrustRequest(
    issued_at=NOW,
    udi=UDI,
    members=(),
    incarnation="11" * 16,
    counter=3,
    public_key=b"key",
    made_at=NOW,
    nonce="00" * 16,
    token_digest=WANTED,
)
PLAIN = replace(REQUEST, token_digest=None)
BESIDE = Presented(now=NOW, pipe=Pipe.SMART, token_digest=WANTED, uploaded_to=None)
FILE = Presented(now=NOW, pipe=Pipe.FILE, token_digest=None, uploaded_to=ACCOUNT)
KNOWN = InstanceFacts(udi=UDI, account=ACCOUNT, generation=1, members=(MEMBER,))


def code(judgement: TrustJudgement) -> str | None:
    """Return the code of a rejection, which brings nothing else."""
    assert judgement.verdict is Verdict.REJECTED
    assert (judgement.ownership, judgement.token, judgement.members) == (None, None, ())
    return judgement.code


def test_a_token_registers_in_its_account_and_is_used_by_one() -> None:
    judgement = judge_trust(REQUEST, TrustFacts(token=TOKEN), BESIDE)

    assert judgement == TrustJudgement(
        verdict=Verdict.ACCEPTED,
        ownership=Ownership(account=ACCOUNT, cause=Cause.TOKEN),
        token=7,
    )


@pytest.mark.requirement("SSM-5")
@pytest.mark.threat("F2", role="cssm")
@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, "token-unknown"),
        (replace(TOKEN, revoked=True), "token-revoked"),
        (replace(TOKEN, expires_at=NOW), "token-expired"),
        (replace(TOKEN, expires_at=NOW + 1), None),
        (replace(TOKEN, used=2), "token-used-up"),
        (replace(TOKEN, used=3), "token-used-up"),
        (replace(TOKEN, uses=None, used=10**6), None),
        # The first line of the table that applies decides.
        (replace(TOKEN, revoked=True, expires_at=0, used=9), "token-revoked"),
        (replace(TOKEN, expires_at=0, used=9), "token-expired"),
    ],
)
def test_what_ended_a_token_is_told(token: TokenFacts | None, expected: str | None) -> None:
    judgement = judge_trust(REQUEST, TrustFacts(token=token), BESIDE)

    assert judgement.verdict is (Verdict.ACCEPTED if expected is None else Verdict.REJECTED)
    assert judgement.code == expected


@pytest.mark.threat("F1", role="cssm")
@pytest.mark.parametrize(
    ("request_", "beside"),
    [
        (REQUEST, replace(BESIDE, token_digest=digest(b"another"))),
        (REQUEST, replace(BESIDE, token_digest=None)),
        (PLAIN, BESIDE),
    ],
)
def test_a_token_counts_only_beside_the_request_that_was_made_for_it(
    request_: TrustRequest, beside: Presented
) -> None:
    assert code(judge_trust(request_, TrustFacts(token=TOKEN), beside)) == "token-unknown"


@pytest.mark.threat("H2", role="cssm")
@given(off=st.integers(-8000, 8000))
def test_an_hour_either_way_is_the_most_that_clocks_may_differ(off: int) -> None:
    judgement = judge_trust(replace(REQUEST, made_at=NOW + off), TrustFacts(token=TOKEN), BESIDE)

    assert (judgement.code == "clock-skew") == (abs(off) > 3600)
    if judgement.code:
        assert judgement.detail.count("UTC") == 2


def test_without_a_token_no_clock_is_looked_at() -> None:
    judgement = judge_trust(replace(PLAIN, made_at=0), TrustFacts(), FILE)

    assert judgement.verdict is Verdict.ACCEPTED
    assert judgement.ownership == Ownership(account=ACCOUNT, provisional=True, cause=Cause.UPLOAD)


@pytest.mark.threat("B16", role="cssm")
@pytest.mark.parametrize(
    ("instance", "pipe", "expected"),
    [
        (None, Pipe.SMART, "trust-missing"),
        (replace(KNOWN, generation=0), Pipe.SMART, "trust-missing"),
        (KNOWN, Pipe.SMART, None),
        (replace(KNOWN, generation=0), Pipe.FILE, None),
        (replace(KNOWN, generation=0), Pipe.API, None),
    ],
)
def test_directly_and_without_token_only_who_had_trust_from_here_gets_it(
    instance: InstanceFacts | None, pipe: Pipe, expected: str | None
) -> None:
    given_ = Presented(now=NOW, pipe=pipe, token_digest=None, uploaded_to=None)

    assert judge_trust(PLAIN, TrustFacts(instance=instance), given_).code == expected


@pytest.mark.threat("F3", role="cssm")
@pytest.mark.parametrize(
    ("instance", "uploaded_to", "expected"),
    [
        (replace(KNOWN, account=ELSEWHERE), None, "belongs-elsewhere"),
        (replace(KNOWN, account=OTHER_ACCOUNT), None, "belongs-elsewhere"),
        (replace(KNOWN, account=ELSEWHERE, provisional=True), None, None),
        (KNOWN, OTHER_ACCOUNT, "belongs-elsewhere"),
        (KNOWN, ACCOUNT, None),
    ],
)
def test_a_token_moves_nobodys_device_and_displaces_an_upload_only(
    instance: InstanceFacts, uploaded_to: AccountRef | None, expected: str | None
) -> None:
    judgement = judge_trust(
        REQUEST,
        TrustFacts(instance=instance, token=TOKEN),
        replace(BESIDE, uploaded_to=uploaded_to),
    )

    assert judgement.code == expected
    assert judgement.ownership is None or judgement.ownership.account == ACCOUNT


@pytest.mark.parametrize(
    ("counter", "held", "expected"),
    [(3, None, None), (3, 2, None), (3, 3, "stale-request"), (3, 4, "stale-request")],
)
def test_a_request_is_above_every_one_that_was_answered(
    counter: int, held: int | None, expected: str | None
) -> None:
    facts = TrustFacts(instance=KNOWN, token=TOKEN, counter=held)

    assert judge_trust(replace(REQUEST, counter=counter), facts, BESIDE).code == expected


@pytest.mark.threat("C8", role="cssm")
@pytest.mark.parametrize(
    ("holders", "expected"),
    [((), None), ((MEMBER,), None), ((STRANGER,), "key-reuse"), ((MEMBER, STRANGER), "key-reuse")],
)
def test_a_key_is_shared_by_a_set_and_nobody_else(
    holders: tuple[Udi, ...], expected: str | None
) -> None:
    facts = TrustFacts(instance=KNOWN, token=TOKEN, key_holders=holders)

    assert judge_trust(REQUEST, facts, BESIDE).code == expected


@pytest.mark.threat("C8", role="cssm")
def test_who_was_never_seen_has_no_set_that_could_share_its_key() -> None:
    facts = TrustFacts(token=TOKEN, key_holders=(MEMBER,))

    assert code(judge_trust(REQUEST, facts, BESIDE)) == "key-reuse"


@pytest.mark.threat("A26", role="cssm")
@pytest.mark.parametrize(
    ("member", "granted"),
    [
        (MemberFacts(udi=MEMBER), True),
        (MemberFacts(udi=MEMBER, account=ACCOUNT, generation=4), True),
        (MemberFacts(udi=MEMBER, account=OTHER_ACCOUNT), False),
        (MemberFacts(udi=STRANGER), False),
        (MemberFacts(udi=STRANGER, account=ACCOUNT), False),
    ],
)
def test_trust_goes_to_members_that_verified_reports_name(
    member: MemberFacts, *, granted: bool
) -> None:
    facts = TrustFacts(instance=KNOWN, token=TOKEN, members=(member,))
    judgement = judge_trust(REQUEST, facts, BESIDE)

    assert judgement.verdict is Verdict.ACCEPTED
    assert judgement.members == ((member,) if granted else ())
    assert judgement.flags == (() if granted else (NOT_PERMITTED,))
    assert (str(member.udi) in judgement.detail) is not granted


def test_one_member_left_out_leaves_the_others_in() -> None:
    members = (MemberFacts(udi=STRANGER), MemberFacts(udi=MEMBER))
    judgement = judge_trust(
        REQUEST, TrustFacts(instance=KNOWN, token=TOKEN, members=members), BESIDE
    )

    assert judgement.members == members[1:]
    assert judgement.detail == f"{UDI} does not speak for {STRANGER}."


@pytest.mark.threat("F2", role="cssm")
@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.SAME])
def test_what_was_accepted_is_the_same_though_all_else_would_refuse_it_now(
    verdict: Verdict,
) -> None:
    facts = TrustFacts(
        instance=KNOWN,
        known=KnownRequest(digest=digest(b""), verdict=verdict),
        counter=99,
        token=replace(TOKEN, revoked=True),
        key_holders=(STRANGER,),
    )
    judgement = judge_trust(replace(REQUEST, made_at=0), facts, BESIDE)

    assert judgement == TrustJudgement(verdict=Verdict.SAME, ownership=Ownership(account=ACCOUNT))


def test_what_was_rejected_is_judged_anew() -> None:
    known = KnownRequest(digest=digest(b""), verdict=Verdict.REJECTED, code="clock-skew")
    facts = TrustFacts(instance=KNOWN, known=known, token=TOKEN)

    assert judge_trust(REQUEST, facts, BESIDE).verdict is Verdict.ACCEPTED


@pytest.mark.threat("F5", role="cssm")
def test_an_accepted_request_uploaded_elsewhere_tells_nothing() -> None:
    known = KnownRequest(digest=digest(b""), verdict=Verdict.ACCEPTED)
    facts = TrustFacts(instance=KNOWN, known=known)
    judgement = judge_trust(PLAIN, facts, replace(FILE, uploaded_to=ELSEWHERE))

    assert code(judgement) == "belongs-elsewhere"
    assert str(ACCOUNT) not in judgement.detail


def test_nothing_says_whose_it_is() -> None:
    judgement = judge_trust(PLAIN, TrustFacts(), replace(FILE, uploaded_to=None))

    assert code(judgement) == "no-account"
