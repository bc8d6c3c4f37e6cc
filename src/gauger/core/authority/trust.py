"""The verdict on a trust request, and which members it may speak for (`spec/authority.md`)."""

from dataclasses import dataclass

from gauger.core.authority.commands import Pipe
from gauger.core.authority.facts import MemberFacts, TokenFacts, TrustFacts
from gauger.core.authority.judgement import describe_time
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Cause, Claim, Ownership, settle
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem

# As for a report's clock: an hour covers a zone that was set wrong, no more.
SKEW_TOLERANCE = 3600
"""Seconds by which the clocks may differ where an ID token asks for trust."""

NOT_PERMITTED = "not-permitted"
"""Flag of an ACK that leaves members out: the sender does not speak for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """How a trust request came.

    Attributes:
        now: The authority's clock, epoch seconds.
        pipe: The way.
        token_digest: SHA-256 of the ID token that came with it, or null.
        uploaded_to: The account in which someone uploads it, or null.
    """

    now: int
    pipe: Pipe
    token_digest: Digest | None
    uploaded_to: AccountRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustJudgement:
    """What is decided about a trust request.

    Attributes:
        verdict: Accepted, same or rejected.
        code: Problem code of a rejection.
        detail: Its reason in words, or which members were left out.
        flags: ``not-permitted`` where members were left out.
        ownership: Whose the product instance is now; null where it is refused.
        token: Number of the ID token that is used up by one; null where none is.
        members: Further members that get a trust code.
    """

    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    ownership: Ownership | None = None
    token: int | None = None
    members: tuple[MemberFacts, ...] = ()


def judge_trust(request: TrustRequest, facts: TrustFacts, given: Presented) -> TrustJudgement:
    """Judge a trust request whose two signatures hold.

    Args:
        request: What it asks.
        facts: What the ledger holds about it.
        given: The time, and how it came.

    Returns:
        The verdict. The same request gets the same answer, even where its token was used up by
        it or has expired since.
    """
    try:
        # Before the token: this very request may have used up its last use (spec/authority.md, 5).
        if facts.known is not None and facts.known.verdict is not Verdict.REJECTED:
            return _same(request, facts, given)
        # A refused request is judged anew: its token may have been made known since.
        token = _token(request, facts, given)
        claim = Claim(
            account=None if token is None else token.account,
            cause=Cause.TOKEN,
            uploaded_to=given.uploaded_to,
        )
        # An upload has a person who answers for it; online only earlier trust does.
        if token is None and given.pipe is Pipe.SMART:
            _require_earlier_trust(request, facts)
        # A token of one account never takes a device that is firmly another's.
        ownership = settle(request.udi, facts.instance, claim)
        # After the account: a stranger must not learn which counters and keys are known.
        _check(request, facts)
    except Problem as problem:
        return TrustJudgement(verdict=Verdict.REJECTED, code=problem.code, detail=problem.detail)
    # The rest is processed all the same: one wrong member must not cost the set its trust.
    granted = tuple(item for item in facts.members if _may_speak_for(facts, item, ownership))
    left_out = ", ".join(str(item.udi) for item in facts.members if item not in granted)
    return TrustJudgement(
        verdict=Verdict.ACCEPTED,
        detail=f"{request.udi} does not speak for {left_out}." if left_out else "",
        flags=(NOT_PERMITTED,) if left_out else (),
        ownership=ownership,
        token=None if token is None else token.token,
        members=granted,
    )


def _same(request: TrustRequest, facts: TrustFacts, given: Presented) -> TrustJudgement:
    claim = Claim(uploaded_to=given.uploaded_to)
    return TrustJudgement(
        verdict=Verdict.SAME, ownership=settle(request.udi, facts.instance, claim)
    )


def _token(request: TrustRequest, facts: TrustFacts, given: Presented) -> TokenFacts | None:
    """Return the ID token that may be used, or null where none is asked for."""
    # The digest is signed: a token that was put beside a foreign request enrols nothing.
    if given.token_digest != request.token_digest:
        raise Problem("token-unknown", "The request was not made for the ID token beside it.")
    if request.token_digest is None:
        return None
    token = facts.token
    if token is None:
        raise Problem("token-unknown", "No ID token of this portal matches.")
    if token.revoked:
        raise Problem("token-revoked", "The ID token was revoked.")
    # By our clock: that of the device is its own to set.
    if given.now >= token.expires_at:
        detail = f"The ID token expired on {describe_time(token.expires_at)}."
        raise Problem("token-expired", detail)
    # Commands are decided one by one: of many for the last use exactly one gets this far.
    if token.uses is not None and token.used >= token.uses:
        raise Problem("token-used-up", f"The ID token was used {token.used} times already.")
    # Last, so that no clock has to be right to learn that the token is not.
    _check_skew(request, given.now)
    return token


def _check_skew(request: TrustRequest, now: int) -> None:
    """Refuse a clock that is off: what it would sign could not be ordered."""
    if abs(request.made_at - now) > SKEW_TOLERANCE:
        detail = (
            f"The product instance's clock says {describe_time(request.made_at)}, this one "
            f"{describe_time(now)}."
        )
        raise Problem("clock-skew", detail)


def _require_earlier_trust(request: TrustRequest, facts: TrustFacts) -> None:
    # Else whoever has a genuine device, a stolen one too, enrols it online with nobody's leave.
    if facts.instance is None or not facts.instance.generation:
        detail = f"{request.udi} asks for trust directly, without an ID token."
        raise Problem("trust-missing", detail)


def _check(request: TrustRequest, facts: TrustFacts) -> None:
    # A recorded request that is played back would enrol an old key again.
    if facts.counter is not None and request.counter <= facts.counter:
        detail = f"Request {request.counter} is not above {facts.counter}, answered already."
        raise Problem("stale-request", detail)
    # A set shares one key; whoever else holds it was copied.
    if set(facts.key_holders).difference(_set_of(facts)):
        raise Problem("key-reuse", "The licensing key is enrolled for another product instance.")


def _may_speak_for(facts: TrustFacts, member: MemberFacts, ownership: Ownership) -> bool:
    """Tell whether the sender's own verified reports name the member as one of its set."""
    # By its earlier reports, not by this request: else it could enrol its key for any UDI.
    return member.udi in _set_of(facts) and member.account in (None, ownership.account)


def _set_of(facts: TrustFacts) -> tuple[Udi, ...]:
    return () if facts.instance is None else facts.instance.members
