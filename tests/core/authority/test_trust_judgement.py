"""The verdict on a trust request, rule by rule."""

from dataclasses import replace
from typing import Any

import pytest

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
from gauger.core.authority.trust import Presented, TrustJudgement, judge_trust
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Udi, digest
from tests.support.builders import ACCOUNT, DAY, ELSEWHERE, NOW, OTHER_ACCOUNT, UDI, a_key

MEMBER = Udi("C9800-CL-K9", "GGR0002")
TOKEN_DIGEST = digest(b"token")
REQUEST = TrustRequest(
    issued_at=NOW,
    udi=UDI,
    incarnation="11" * 16,
    counter=5,
    public_key=a_key("licensing 1").public_key,
    made_at=NOW,
    nonce="22" * 16,
    token_digest=TOKEN_DIGEST,
)
TOKEN = TokenFacts(token=3, account=ACCOUNT, expires_at=NOW + 1, uses=2, used=1, revoked=False)
FACTS = TrustFacts(token=TOKEN)
GIVEN = Presented(now=NOW, pipe=Pipe.SMART, token_digest=TOKEN_DIGEST, uploaded_to=None)
BY_FILE = {"pipe": Pipe.FILE, "token_digest": None, "uploaded_to": ACCOUNT}


def judged(
    facts: dict[str, Any] | None = None,
    *,
    given: dict[str, Any] | None = None,
    **request: Any,  # noqa: ANN401 -- keywords of a test
) -> TrustJudgement:
    return judge_trust(
        replace(REQUEST, **request),
        replace(FACTS, **(facts or {})),
        replace(GIVEN, **(given or {})),
    )


def by_file(facts: dict[str, Any] | None = None, **request: Any) -> TrustJudgement:  # noqa: ANN401 -- keywords of a test
    return judged({"token": None, **(facts or {})}, given=BY_FILE, token_digest=None, **request)


def test_a_good_token_gives_an_account_and_is_used_up_by_one() -> None:
    assert judged() == TrustJudgement(
        verdict=Verdict.ACCEPTED,
        ownership=Ownership(account=ACCOUNT, cause=Cause.TOKEN),
        token=3,
    )


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "token-unknown"),
        (replace(TOKEN, revoked=True), "token-revoked"),
        (replace(TOKEN, expires_at=NOW), "token-expired"),
        (replace(TOKEN, used=2), "token-used-up"),
        (replace(TOKEN, used=9), "token-used-up"),
    ],
)
def test_a_token_that_is_not_good_is_named(token: TokenFacts | None, code: str) -> None:
    judgement = judged({"token": token})

    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, code)
    assert judgement.ownership is None
    assert judgement.token is None


def test_a_token_without_limit_is_never_used_up() -> None:
    assert judged({"token": replace(TOKEN, uses=None, used=10**6)}).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("presented", [None, digest(b"another")])
def test_the_token_beside_the_request_is_the_one_inside(presented: str | None) -> None:
    assert judged(given={"token_digest": presented}).code == "token-unknown"


def test_a_token_beside_a_request_that_names_none_is_not_used() -> None:
    assert judged(token_digest=None).code == "token-unknown"


@pytest.mark.threat("H2", role="cssm")
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (3600, None),
        (-3600, None),
        (3601, "clock-skew"),
        (-3601, "clock-skew"),
        (9 * DAY, "clock-skew"),
    ],
)
def test_clocks_may_differ_by_an_hour(seconds: int, code: str | None) -> None:
    judgement = judged(made_at=NOW + seconds)

    assert judgement.code == code
    assert ("UTC" in judgement.detail) == (code is not None)


def test_by_file_the_clock_is_not_judged() -> None:
    assert by_file(made_at=0).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("instance", "code"),
    [
        (None, "trust-missing"),
        (InstanceFacts(udi=UDI, account=ACCOUNT), "trust-missing"),
        (InstanceFacts(udi=UDI, account=ACCOUNT, generation=1), None),
    ],
)
def test_direct_trust_without_token_needs_earlier_trust(
    instance: InstanceFacts | None, code: str | None
) -> None:
    given = {"token_digest": None}

    assert judged({"instance": instance}, given=given, token_digest=None).code == code


@pytest.mark.parametrize(
    ("instance", "code"),
    [
        (InstanceFacts(udi=UDI, account=ELSEWHERE), "belongs-elsewhere"),
        (InstanceFacts(udi=UDI, account=ELSEWHERE, provisional=True), None),
        (InstanceFacts(udi=UDI, account=ACCOUNT), None),
        (InstanceFacts(udi=UDI), None),
    ],
)
def test_a_token_moves_only_what_an_upload_claimed(
    instance: InstanceFacts, code: str | None
) -> None:
    judgement = judged({"instance": instance})

    assert judgement.code == code
    assert (judgement.ownership is None) == (code is not None)


def test_a_request_without_any_account_is_told_so() -> None:
    facts = {"instance": InstanceFacts(udi=UDI, generation=1), "token": None}
    judgement = judged(facts, given={"token_digest": None}, token_digest=None)

    assert judgement.code == "no-account"


@pytest.mark.parametrize(
    ("counter", "code"), [(4, None), (5, "stale-request"), (6, "stale-request")]
)
def test_the_counter_only_goes_up(counter: int, code: str | None) -> None:
    assert judged({"counter": counter}).code == code


@pytest.mark.parametrize(
    ("holders", "members", "code"),
    [
        ((), (), None),
        ((MEMBER,), (), "key-reuse"),
        ((MEMBER,), (MEMBER,), None),
        ((MEMBER, Udi("X", "Y")), (MEMBER,), "key-reuse"),
    ],
)
def test_a_key_is_shared_within_a_set_only(
    holders: tuple[Udi, ...], members: tuple[Udi, ...], code: str | None
) -> None:
    instance = InstanceFacts(udi=UDI, account=ACCOUNT, members=members)

    assert judged({"key_holders": holders, "instance": instance}).code == code


@pytest.mark.threat("A26", role="cssm")
@pytest.mark.parametrize(
    ("account", "in_set", "granted"),
    [
        (None, True, True),
        (ACCOUNT, True, True),
        (OTHER_ACCOUNT, True, False),
        (None, False, False),
        (ACCOUNT, False, False),
    ],
)
def test_a_member_is_spoken_for_by_its_set_and_account(
    *,
    account: AccountRef | None,
    in_set: bool,
    granted: bool,
) -> None:
    member = MemberFacts(udi=MEMBER, account=account)
    members = (MEMBER,) if in_set else ()
    instance = InstanceFacts(udi=UDI, account=ACCOUNT, members=members)
    judgement = judged({"members": (member,), "instance": instance}, members=(MEMBER,))

    assert judgement.verdict is Verdict.ACCEPTED
    assert judgement.members == ((member,) if granted else ())
    assert judgement.flags == (() if granted else ("not-permitted",))
    assert (str(MEMBER) in judgement.detail) == (not granted)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(Verdict.ACCEPTED, Verdict.SAME), (Verdict.REJECTED, Verdict.ACCEPTED)],
)
def test_a_request_that_is_held_has_its_answer_unless_it_was_refused(
    verdict: Verdict, expected: Verdict
) -> None:
    facts = {
        "known": KnownRequest(digest=digest(b"x"), verdict=verdict, account=ACCOUNT),
        "instance": InstanceFacts(udi=UDI, account=ACCOUNT),
    }

    assert judged(facts).verdict is expected


def test_a_held_answer_is_not_for_another_account() -> None:
    facts = {
        "known": KnownRequest(digest=digest(b"x"), verdict=Verdict.ACCEPTED, account=ACCOUNT),
        "instance": InstanceFacts(udi=UDI, account=ACCOUNT),
    }

    assert judged(facts, given={"uploaded_to": ELSEWHERE}).code == "belongs-elsewhere"


def test_an_upload_gives_trust_in_the_account_that_it_claims() -> None:
    judgement = by_file()

    assert judgement.ownership == Ownership(account=ACCOUNT, provisional=True, cause=Cause.UPLOAD)
    assert judgement.token is None
