"""The verdict on a report: a pure function of the report, the ledger's facts and the time.

The order is fixed: form and signature come before (what fails there gets no verdict), then the
account, then the digest, then everything else (`spec/authority.md`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gauger.core.authority.claims import Chain, Claims
from gauger.core.authority.facts import MOST_RIVALS, KnownReport, Life, ReportFacts
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.ownership import Claim, Ownership, settle
from gauger.core.fields import LATEST_TIME
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem

# Clocks of devices run off; an hour is not worth a deferral.
FUTURE_TOLERANCE = 3600
"""Seconds by which a report may be closed after the receiver's clock."""

# Numbers that people have acted on must not change behind their backs (spec/authority.md, 3).
SETTLED_AFTER = 30 * 86_400
"""Seconds after which usage that was accepted is settled: adding to it asks a person."""

GAP_PATIENCE = 7 * 86_400
"""Seconds for which a missing report is waited for before people are told."""

RELEASABLE = ("back-dated", "superseded-key")
"""Codes of a quarantine that ends by itself when an accepted successor names the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a report is judged under, besides the facts.

    Attributes:
        now: The authority's clock, epoch seconds.
        build_date: A clock before it was never set.
        uploaded_to: The account in which someone uploads it, or null.
        catalogue: Entitlement tags that are known beside those of orders.
        head_page: Page of the head that its sender holds, where that is one of this ledger.
    """

    now: int
    build_date: int
    uploaded_to: AccountRef | None = None
    catalogue: frozenset[str] = frozenset()
    head_page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is decided about a report.

    Attributes:
        verdict: Accepted, same, deferred, quarantined or rejected.
        code: Problem code, for the last three.
        detail: The reason in words.
        flags: What is noted and not in the way.
        until: When a deferred report is decided, epoch seconds.
        ownership: Whose the product instance is now; null where the report is refused before.
        missing: Digest of the previous report where it never came.
        fills: Whether it fills a gap.
        drawn_in: Reports at the same place that are quarantined with it.
        releases: Case of its previous report; once accepted, it shows that one to be honest.
    """

    verdict: Verdict
    code: str | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()
    until: int | None = None
    ownership: Ownership | None = None
    missing: Digest | None = None
    fills: bool = False
    drawn_in: tuple[KnownReport, ...] = ()
    releases: int | None = None


def judge(claims: Claims, facts: ReportFacts, given: Circumstances) -> Judgement:
    """Judge a verified report.

    Args:
        claims: What it says.
        facts: What the ledger holds about it.
        given: The time, and where it was uploaded.

    Returns:
        The verdict and everything that follows from it.
    """
    # An account of another ledger is flagged and speaks for nothing here.
    named = claims.held.account if facts.names_account else None
    claim = Claim(account=named, uploaded_to=given.uploaded_to, was_there=facts.was_there)
    try:
        ownership = settle(claims.udi, facts.instance, claim)
    except Problem as problem:
        # Nothing else is looked at: a stranger must learn no more than this.
        return _rejected(problem)
    # After the account: that a report is held is not for everybody to know.
    if facts.known is not None and facts.known.is_final:
        return Judgement(verdict=Verdict.SAME, ownership=ownership)
    return judge_content(claims, facts, given, ownership)


def judge_content(
    claims: Claims, facts: ReportFacts, given: Circumstances, ownership: Ownership
) -> Judgement:
    """Judge a report that is new here, or whose time has come.

    Args:
        claims: What it says.
        facts: What the ledger holds about it.
        given: The time.
        ownership: Whose the product instance is.

    Returns:
        The verdict and everything that follows from it.
    """
    chain = claims.chain
    # Verified reports of ours always have one; only a vendor's has not.
    if chain is None:
        return _rejected(Problem("malformed", "The report says nothing of its chain."))
    # Before the flags: what is rejected changes nothing, so nothing is noted of it.
    refusal = _refusal(claims, facts)
    if refusal is not None:
        return _rejected(refusal)
    kept = Judgement(
        verdict=Verdict.ACCEPTED,
        flags=tuple(_flags(claims, chain, facts, given)),
        ownership=ownership,
        missing=None if facts.previous_held else chain.previous,
        fills=facts.gap_open,
        releases=facts.previous_case,
    )
    # Before the clock: of two reports at one place one is false, whenever they were closed.
    if facts.rivals:
        return _repeated(kept, facts)
    # Deferred and not refused: a clock that is ahead is no fraud.
    if chain.closed_at > given.now + FUTURE_TOLERANCE:
        return _deferred(kept, chain, given.now)
    if facts.is_named:
        # Whoever signed the successor committed itself to this report: it was not made up later.
        return kept
    # A doubt for people or the next report, since clocks prove nothing.
    if _looks_superseded(chain, facts):
        return _superseded(kept, claims, chain, facts)
    # What a verified successor asks for was not invented after the settlement.
    if facts.adds_to_settled and not facts.is_wanted:
        return _back_dated(kept, claims, facts)
    return kept


def describe_time(instant: int) -> str:
    """Return epoch seconds as people read them, in UTC; as they are where no calendar has them."""
    # A signed time may be any number; the detail of a verdict must not fail by it.
    if not 0 <= instant <= LATEST_TIME:
        return f"second {instant} of 1970"
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _refusal(claims: Claims, facts: ReportFacts) -> Problem | None:
    if not claims.is_active:
        return Problem("not-active", f"{claims.udi} is not the active member of its set.")
    # By the chain and not by times: this holds whatever the clocks say.
    if facts.follows_newer:
        # A device never goes back to an older key: this is a restored copy, or whoever stole it.
        detail = (
            f"Trust code {claims.generation} signed the report, a newer one that before it in "
            "the chain."
        )
        return Problem("superseded-key", detail)
    return None


def _looks_superseded(chain: Chain, facts: ReportFacts) -> bool:
    """Tell whether an older key signed after a newer one was in use, as far as clocks tell.

    Clocks are set back and reports come late, so this is a doubt and no proof.
    """
    used_at = facts.newer_used_at
    # Strictly: at the very second the device may have used both.
    return used_at is not None and chain.closed_at > used_at


def _superseded(kept: Judgement, claims: Claims, chain: Chain, facts: ReportFacts) -> Judgement:
    detail = (
        f"Trust code {claims.generation} signed the report, closed on "
        f"{describe_time(chain.closed_at)}; a newer one was in use by "
        f"{describe_time(facts.newer_used_at or 0)}. The next report of its chain shows whether "
        "it was made before."
    )
    return replace(kept, verdict=Verdict.QUARANTINED, code="superseded-key", detail=detail)


def _flags(claims: Claims, chain: Chain, facts: ReportFacts, given: Circumstances) -> Iterator[str]:
    noted = {
        "gap": not facts.previous_held,
        "store-replaced": _is_new_store(chain, facts),
        "duplicate-identity": _is_alternating(claims, chain, facts, given.head_page),
        "overlap": facts.overlaps,
        "unknown-entitlement": not facts.tag_known and claims.tag not in given.catalogue,
        "clock-not-set": bool(claims.relative) or chain.closed_at < given.build_date,
        "foreign-account": claims.held.account is not None and not facts.names_account,
        "former-account": facts.was_there,
    }
    return (flag for flag, is_so in noted.items() if is_so)


def _is_new_store(chain: Chain, facts: ReportFacts) -> bool:
    # The first store of a device replaces none.
    return bool(facts.lives) and all(life.incarnation != chain.incarnation for life in facts.lives)


def _is_alternating(
    claims: Claims, chain: Chain, facts: ReportFacts, head_page: int | None
) -> bool:
    """Tell whether two stores lived at the same time under one identity.

    When a report comes says nothing: one of a store that was replaced may come a year late. Two
    things do: what was measured by clocks that were set, and which pages of this ledger a store
    knew of, which no clock that is lost or wrong can change.
    """
    lives = [life for life in facts.lives if life.incarnation == chain.incarnation]
    others = [life for life in facts.lives if life.incarnation != chain.incarnation]
    # Each other store on its own: a clone may hide behind an honest replacement.
    return any(
        _measured_together(claims, lives, other) or _knew_each_other(head_page, lives, other)
        for other in others
    )


def _measured_together(claims: Claims, own: list[Life], other: Life) -> bool:
    starts = [life.first_measured for life in own] + [claims.observed_from]
    ends = [life.last_measured for life in own] + [claims.observed_until]
    first = min((one for one in starts if one is not None), default=None)
    last = max((one for one in ends if one is not None), default=None)
    # Without a clock on both sides spans say nothing; the pages still may.
    if first is None or last is None or other.first_measured is None:
        return False
    # Both ends stand or fall together; a store that follows another begins where that ended.
    return other.first_measured < last and first < (other.last_measured or 0)


def _knew_each_other(head_page: int | None, own: list[Life], other: Life) -> bool:
    """Tell whether each store knew a page from after the first report of the other.

    A store that is dead when the next one begins can never come to know such a page.
    """
    heads = [life.head for life in own] + [head_page]
    newest = max((one for one in heads if one is not None), default=-1)
    # A store whose first report is only coming now cannot be known to the other one.
    return any(life.began <= (-1 if other.head is None else other.head) for life in own) and (
        other.began <= newest
    )


def _rejected(problem: Problem) -> Judgement:
    return Judgement(verdict=Verdict.REJECTED, code=problem.code, detail=problem.detail)


def _repeated(kept: Judgement, facts: ReportFacts) -> Judgement:
    drawn_in = tuple(
        rival
        for rival in facts.rivals
        # What a person accepted stays so: a thief must not reopen it by sending another.
        if rival.decided_by is None and rival.verdict in (Verdict.ACCEPTED, Verdict.DEFERRED)
    )
    # One with a stolen key may claim a place as often as it likes: a detail that names them all
    # would grow by each, and no reader takes the verdict in the end (spec/verdict.md).
    others = ", ".join(rival.digest for rival in facts.rivals[:MOST_RIVALS])
    more = " and more" if len(facts.rivals) > MOST_RIVALS else ""
    return replace(
        kept,
        verdict=Verdict.QUARANTINED,
        code="repeated-place",
        detail=f"The place in the chain is taken by another report, {others}{more}.",
        drawn_in=drawn_in,
    )


def _deferred(kept: Judgement, chain: Chain, now: int) -> Judgement:
    detail = (
        f"The report was closed on {describe_time(chain.closed_at)}, more than an hour after this "
        f"clock, {describe_time(now)}."
    )
    return replace(
        kept,
        verdict=Verdict.DEFERRED,
        code="not-yet",
        detail=detail,
        # The first instant at which the same check lets it pass.
        until=chain.closed_at - FUTURE_TOLERANCE,
    )


def _back_dated(kept: Judgement, claims: Claims, facts: ReportFacts) -> Judgement:
    settled = describe_time(facts.settled_until or 0)
    detail = f"It adds usage of {claims.tag} before {settled}, which was settled long ago."
    return replace(kept, verdict=Verdict.QUARANTINED, code="back-dated", detail=detail)
