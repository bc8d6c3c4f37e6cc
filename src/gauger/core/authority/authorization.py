"""Authorization codes: who gets which, and when one is given back (`spec/authority.md`, section 12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gauger.core.authority.commands import Pipe
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Claim, Ownership, settle
from gauger.core.documents.authorization_code import (
    MOST_LICENCES,
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem
from gauger.core.releases import Release

ALREADY_RETURNED: Final = "already-returned"
"""Flag of an ACK of a return: nothing was credited, since the code was given back before."""

UNKNOWN_CODE: Final = "unknown-code"
"""Flag of an ACK of a return: nothing was credited, since this ledger never issued the code."""

FACTORY_CODE: Final = "factory-code"
"""Flag of an ACK of a return: the factory's code took nothing from a pool, and credits none."""

EPOCH_DEAD: Final = "epoch-dead"
"""Problem code of a request that shows a code in use which was given back."""

BY_HAND: Final = "return-by-hand"
"""Problem code of a return file of a release whose files do not lead to the product instance."""

_FILES_FROM: Final = Release.parse("17.7.1")

Asked = AuthorizationRequest | AuthorizationReturn

Own = Mapping[str, AuthorizedLicence]
"""What a product instance has of its own, from the factory, by entitlement tag."""

NOTHING: Final[Own] = MappingProxyType({})


class CodeState(StrEnum):
    """What has become of an authorization code."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"
    RETURNED = "returned"


ALIVE: Final = (CodeState.ISSUED, CodeState.CONFIRMED)
"""States in which a product instance may use a code: what it names is taken from the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCode:
    """An authorization code that a product instance shows, and what is known of it.

    Attributes:
        code: Its id.
        epoch: Its authorization epoch.
        state: What has become of it.
        licences: What it authorizes.
        origin: Who issued it.
    """

    code: str
    epoch: int
    state: CodeState
    licences: tuple[AuthorizedLicence, ...]
    origin: AuthorizationOrigin = AuthorizationOrigin.CSSM


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts(ShownCode):
    """An authorization code of which this ledger has a row: its own, or one of the factory.

    Attributes:
        account: The account whose pool it is taken from.
        document: SHA-256 of its body.
        misused: Whether it was seen in use after it was given back.
    """

    account: AccountRef
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
        named: The code that it names as held or removed, where this ledger knows that, or the
            factory signed it.
        highest: Highest authorization epoch that this ledger knows of for the UDI, or null.
        covers: Whether a code that is in use here is among those which a return gives back.
        factory: What has become of a code of the factory that this ledger has no row of, going by
            later codes and returns; null where it has a row of another one.
    """

    instance: InstanceFacts | None = None
    known: KnownRequest | None = None
    counter: int | None = None
    named: ShownCode | None = None
    highest: int | None = None
    covers: bool = False
    factory: CodeState | None = CodeState.CONFIRMED

    @property
    def adopts(self) -> ShownCode | None:
        """The factory's code that is in use, and gets its row with this document."""
        named = self.named
        if named is None or isinstance(named, CodeFacts) or named.state not in ALIVE:
            return None
        return named


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How an authorization request or return came.

    Attributes:
        pipe: The way.
        uploaded_to: The account in which someone uploads it, or null.
        located: Whether a person found the product instance and gave its return code.
        doubt: Why the factory's code that came along is not believed; empty where none did.
    """

    pipe: Pipe
    uploaded_to: AccountRef | None
    located: bool = False
    doubt: str = ""


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
            _check_request(asked, facts, arrival)
            return AuthorizationJudgement(verdict=Verdict.ACCEPTED, ownership=ownership)
        _require_located(asked, ownership, arrival)
    except Problem as problem:
        return rejected(problem)
    flags, detail = _credit(facts)
    return AuthorizationJudgement(
        verdict=Verdict.ACCEPTED, detail=detail, flags=flags, ownership=ownership
    )


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


def _check_request(
    request: AuthorizationRequest, facts: AuthorizationFacts, arrival: Arrival
) -> None:
    # What was asked for before a return ended with it: a file that lay about takes nothing again.
    if facts.counter is not None and request.counter <= facts.counter:
        detail = f"Request {request.counter} is not above {facts.counter}, answered already."
        raise Problem("stale-request", detail)
    held = facts.named
    # A store that was set back to before a return; what it asks for now is asked for anew.
    if held is not None and held.state is CodeState.RETURNED:
        detail = f"{request.udi} names code {held.code} as installed, which it gave back."
        raise Problem(EPOCH_DEAD, detail)
    if request.mode is Mode.ADD and request.held is not None and held is None:
        detail = f"The code {request.held.code} that is to be added to is not of this portal."
        raise Problem("code-unknown", f"{detail} {arrival.doubt}".rstrip())


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


def _credit(facts: AuthorizationFacts) -> tuple[tuple[str, ...], str]:
    """Return flags and words about a return that credits nothing, or less than it might seem."""
    named = facts.named
    in_use = named is not None and named.state in ALIVE
    if in_use and named is not None and named.origin is AuthorizationOrigin.FACTORY:
        detail = f"Code {named.code} came from the factory: no pool gains by its return."
        return (FACTORY_CODE,), detail
    # By the mark and not by the name: a device that names an older one gave back the newer as well.
    if in_use or facts.covers:
        return (), ""
    return ((UNKNOWN_CODE if named is None else ALREADY_RETURNED),), ""


def found_code(
    code: AuthorizationCode, facts: AuthorizationFacts, held: HeldCode
) -> ShownCode | None:
    """Return what a verified code of the factory is here, of which there is no row yet.

    One of each product instance and no more: whoever could have a second one signed would give
    it its licences twice.

    Args:
        code: The code.
        facts: What the ledger holds.
        held: How the product instance names it.
    """
    is_named = (code.code, code.epoch) == (held.code, held.epoch)
    if facts.factory is None or not is_named:
        return None
    return ShownCode(
        code=code.code,
        epoch=code.epoch,
        state=facts.factory,
        licences=code.licences,
        origin=code.origin,
    )


def wanted(
    mode: Mode, licences: Iterable[WantedLicence], held: ShownCode | None
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
    wanted: Iterable[WantedLicence], pools: Mapping[str, PoolFacts], own: Own = NOTHING
) -> tuple[AuthorizedLicence, ...]:
    """Take licences from the pools of an account: all of them, or none.

    What the product instance holds already is not in the way of itself: it uses the old code or
    the new one, never both. What it has from the factory is taken from no pool.

    Args:
        wanted: What is to be authorized.
        pools: What the account has, by entitlement tag.
        own: What the product instance has of its own.

    Raises:
        Problem: ``authorizations-used-up`` where too few are left of one.
    """
    return tuple(_taken(one, pools.get(one.tag), own.get(one.tag)) for one in wanted)


def _taken(
    one: WantedLicence, pool: PoolFacts | None, own: AuthorizedLicence | None
) -> AuthorizedLicence:
    if own is not None and one.count <= own.count:
        return AuthorizedLicence(tag=one.tag, name=own.name, count=one.count, term=own.term)
    if pool is None:
        detail = f"The account has no authorizations for {one.tag[:200]}."
        raise Problem("authorizations-used-up", detail)
    left = max(pool.quantity - pool.others, 0) + (0 if own is None else own.count)
    if one.count > left:
        detail = (
            f"{one.count} of {pool.name} are asked for; the account has {pool.quantity}, of which "
            f"{left} are left for this product instance."
        )
        raise Problem("authorizations-used-up", detail)
    return AuthorizedLicence(tag=one.tag, name=pool.name, count=one.count, term=pool.term)


def bundled(licences: Iterable[AuthorizedLicence], own: Own) -> tuple[tuple[str, int], ...]:
    """Return how many of the licences of a code are taken from no pool, by entitlement tag."""
    return tuple(
        (one.tag, min(one.count, own[one.tag].count)) for one in licences if one.tag in own
    )


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
