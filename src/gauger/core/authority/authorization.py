"""Authorization codes: who gets which, and when one is given back (`spec/authority.md`, section 12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gauger.core.authority.commands import Pipe
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Claim, Ownership, settle
from gauger.core.documents.authorization_code import MOST_LICENCES, AuthorizedLicence, HeldCode
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem
from gauger.core.releases import Release

ALREADY_RETURNED: Final = "already-returned"
"""Flag of an ACK of a return: nothing was credited, since the code was given back before."""

UNKNOWN_CODE: Final = "unknown-code"
"""Flag of an ACK of a return: nothing was credited, since this ledger never issued the code."""

BY_HAND: Final = "return-by-hand"
"""Problem code of a return file of a release whose files do not lead to the product instance."""

_FILES_FROM: Final = Release.parse("17.7.1")

Asked = AuthorizationRequest | AuthorizationReturn


class CodeState(StrEnum):
    """What has become of an authorization code."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"
    RETURNED = "returned"


ALIVE: Final = (CodeState.ISSUED, CodeState.CONFIRMED)
"""States in which a product instance may use a code: what it names is taken from the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """An authorization code that this ledger issued.

    Attributes:
        code: Its id.
        epoch: Its authorization epoch.
        account: The account whose pool it is taken from.
        state: What has become of it.
        licences: What it authorizes.
        document: SHA-256 of its body.
        misused: Whether it was seen in use after it was given back.
    """

    code: str
    epoch: int
    account: AccountRef
    state: CodeState
    licences: tuple[AuthorizedLicence, ...]
    document: Digest
    misused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """What an account may authorize of one licence.

    Attributes:
        tag: Entitlement tag.
        name: Name that people read.
        term: ``perpetual`` or ``subscription``.
        quantity: How many may be authorized in all.
        others: How many of them other product instances hold, or may hold.
    """

    tag: str
    name: str
    term: str
    quantity: int
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationFacts:
    """What an authorization request or return is judged against.

    Attributes:
        instance: Its product instance; null where never seen.
        known: The document itself, where it is held.
        counter: Highest counter accepted of its incarnation, or null.
        named: The code that it names as held or removed, where this ledger issued that.
        highest: Highest authorization epoch that this ledger knows of for the UDI, or null.
    """

    instance: InstanceFacts | None = None
    known: KnownRequest | None = None
    counter: int | None = None
    named: CodeFacts | None = None
    highest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How an authorization request or return came.

    Attributes:
        pipe: The way.
        uploaded_to: The account in which someone uploads it, or null.
        located: Whether a person found the product instance and gave its return code.
    """

    pipe: Pipe
    uploaded_to: AccountRef | None
    located: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationJudgement:
    """What is decided about an authorization request or return.

    Attributes:
        verdict: Accepted, same or rejected.
        code: Problem code of a rejection.
        detail: Its reason in words.
        flags: What is noted of a return.
        ownership: Whose the product instance is now; null where it is refused.
    """

    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    ownership: Ownership | None = None


def judge_authorization(
    asked: Asked, facts: AuthorizationFacts, arrival: Arrival
) -> AuthorizationJudgement:
    """Judge an authorization request or return whose signature holds.

    What is left in the pool is not looked at here: `grant` does that.

    Args:
        asked: What it says.
        facts: What the ledger holds about it.
        arrival: How it came.

    Returns:
        The verdict; the same document gets the same answer.
    """
    try:
        claim = Claim(uploaded_to=arrival.uploaded_to)
        if facts.known is not None and facts.known.verdict is not Verdict.REJECTED:
            ownership = settle(asked.udi, facts.instance, claim)
            return AuthorizationJudgement(verdict=Verdict.SAME, ownership=ownership)
        _require_trust(asked, facts, arrival)
        ownership = settle(asked.udi, facts.instance, claim)
        # After the account: a stranger learns neither counters nor which codes there are.
        if isinstance(asked, AuthorizationRequest):
            _check_request(asked, facts)
            flags: tuple[str, ...] = ()
        else:
            _require_located(asked, ownership, arrival)
            flags = _flags(facts.named)
    except Problem as problem:
        return rejected(problem)
    return AuthorizationJudgement(verdict=Verdict.ACCEPTED, flags=flags, ownership=ownership)


def rejected(problem: Problem) -> AuthorizationJudgement:
    """Return the judgement that a problem is."""
    return AuthorizationJudgement(
        verdict=Verdict.REJECTED, code=problem.code, detail=problem.detail
    )


def _require_trust(asked: Asked, facts: AuthorizationFacts, arrival: Arrival) -> None:
    # An upload has a person who answers for it; online only earlier trust does, or a stolen device
    # would take what its owner paid for.
    if arrival.pipe is Pipe.SMART and (facts.instance is None or not facts.instance.generation):
        detail = f"{asked.udi} asks for an authorization code directly, and has no trust code."
        raise Problem("trust-missing", detail)


def _check_request(request: AuthorizationRequest, facts: AuthorizationFacts) -> None:
    # What was asked for before a return ended with it: a file that lay about takes nothing again.
    if facts.counter is not None and request.counter <= facts.counter:
        detail = f"Request {request.counter} is not above {facts.counter}, answered already."
        raise Problem("stale-request", detail)
    held = facts.named
    # A store that was set back to before a return; what it asks for now is asked for anew.
    if held is not None and held.state is CodeState.RETURNED:
        detail = f"{request.udi} names code {held.code} as installed, which it gave back."
        raise Problem("epoch-dead", detail)
    if request.mode is Mode.ADD and request.held is not None and held is None:
        detail = f"The code {request.held.code} that is to be added to is not of this portal."
        raise Problem("code-unknown", detail)


def _require_located(returned: AuthorizationReturn, ownership: Ownership, arrival: Arrival) -> None:
    if arrival.located or arrival.pipe is not Pipe.FILE or _has_return_files(returned):
        return
    detail = (
        f"{returned.udi} runs {returned.software_version}, before 17.7.1. It is in the Virtual "
        f"Account {ownership.account}: find it there and enter its return code, "
        f"{returned.return_code}."
    )
    raise Problem(BY_HAND, detail)


def _has_return_files(returned: AuthorizationReturn) -> bool:
    if returned.software_version is None:
        return True
    try:
        return Release.parse(returned.software_version) >= _FILES_FROM
    except Problem:
        # Software that counts its releases in another way is no vendor's of before 17.7.1.
        return True


def _flags(named: CodeFacts | None) -> tuple[str, ...]:
    if named is None:
        return (UNKNOWN_CODE,)
    return () if named.state in ALIVE else (ALREADY_RETURNED,)


def wanted(
    mode: Mode, licences: Iterable[WantedLicence], held: CodeFacts | None
) -> tuple[WantedLicence, ...]:
    """Return all that the code to be issued names: what is asked for, and what is added to.

    Of a licence that both name, the higher count: to ask twice takes nothing twice.

    Args:
        mode: Whether the licences go with those of the code that is held, or take their place.
        licences: What is asked for.
        held: The code that is held; null where none is.

    Raises:
        Problem: ``invalid-argument`` where that is more than one code can name.
    """
    counts = {one.tag: one.count for one in licences}
    if mode is Mode.ADD and held is not None:
        for one in held.licences:
            counts[one.tag] = max(one.count, counts.get(one.tag, 0))
    if len(counts) > MOST_LICENCES:
        detail = f"One authorization code names at most {MOST_LICENCES} licences."
        raise Problem("invalid-argument", detail)
    return tuple(WantedLicence(tag=tag, count=count) for tag, count in counts.items())


def grant(
    wanted: Iterable[WantedLicence], pools: Mapping[str, PoolFacts]
) -> tuple[AuthorizedLicence, ...]:
    """Take licences from the pools of an account: all of them, or none.

    What the product instance holds already is not in the way of itself: it uses the old code or
    the new one, never both.

    Args:
        wanted: What is to be authorized.
        pools: What the account has, by entitlement tag.

    Raises:
        Problem: ``authorizations-used-up`` where too few are left of one.
    """
    return tuple(_taken(one, pools.get(one.tag)) for one in wanted)


def _taken(one: WantedLicence, pool: PoolFacts | None) -> AuthorizedLicence:
    if pool is None:
        detail = f"The account has no authorizations for {one.tag[:200]}."
        raise Problem("authorizations-used-up", detail)
    left = max(pool.quantity - pool.others, 0)
    if one.count > left:
        detail = (
            f"{one.count} of {pool.name} are asked for; the account has {pool.quantity}, of which "
            f"{left} are left for this product instance."
        )
        raise Problem("authorizations-used-up", detail)
    return AuthorizedLicence(tag=one.tag, name=pool.name, count=one.count, term=pool.term)


def next_epoch(highest: int | None, mark: int | None) -> int:
    """Return the authorization epoch of the next code: above all that are known to be spent.

    Args:
        highest: What this ledger knows of; a restored one may know less than the device.
        mark: What the product instance says was ever installed or given back.
    """
    return max(highest or 0, mark or 0) + 1


def named_by(asked: Asked) -> HeldCode | None:
    """Return the code that a request says is held, or a return that it was removed."""
    return asked.held if isinstance(asked, AuthorizationRequest) else asked.removed


def confirms(held: HeldCode | None, known: CodeFacts | None) -> bool:
    """Tell whether a product instance shows a code that it was not known to have installed."""
    return held is not None and known is not None and known.state is CodeState.ISSUED


def misuses(held: HeldCode | None, known: CodeFacts | None) -> bool:
    """Tell whether a product instance shows a code that it gave back, for the first time."""
    if held is None or known is None or known.misused:
        return False
    return known.state is CodeState.RETURNED
