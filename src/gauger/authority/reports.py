"""Decides about reports: judgement, rows, answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from gauger.authority.answers import (
    AnswerPlan,
    Parcel,
    late_acknowledgments,
    parcel_for_report,
    plan_again,
)
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.epochs import flag_of_head, own_page
from gauger.authority.shown_codes import note_shown
from gauger.authority.silence import note_heard
from gauger.authority.turning_away import is_foreign
from gauger.core.authority.claims import Claims
from gauger.core.authority.commands import ReceiveReport
from gauger.core.authority.facts import InstanceFacts, KnownReport, ReportFacts
from gauger.core.authority.judgement import Circumstances, Judgement, judge
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.authority.ownership import ELSEWHERE, Ownership
from gauger.core.authority.rows import (
    CaseClosed,
    CaseOpened,
    GapClosed,
    GapOpened,
    InstanceAssigned,
    ReportDecided,
    ReportReceived,
    ReportSeen,
)
from gauger.core.documents import verdict as verdict_document
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.rum_report import ReportSigner
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem

MOST_RELEASED: Final = 256
"""Reports that one successor releases; a person decides about the rest of a longer chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReport:
    """A report whose form and signature hold.

    Attributes:
        command: How it came.
        claims: What it says.
        signer: Who signed it; a doubt about the trust code is the ledger's to resolve.
    """

    command: ReceiveReport
    claims: Claims
    signer: ReportSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiableReport:
    """A report of the vendor's kind, which nobody but the vendor can verify."""

    command: ReceiveReport
    claims: Claims
    detail: str


def receive(unit: Unit, report: VerifiedReport) -> Decision:
    """Judge a verified report and plan its answer.

    Raises:
        Problem: Where its trust code is neither of this ledger nor of a signer that is believed.
    """
    claims, command = report.claims, report.command
    # Before any fact is read: one who proves nothing must not learn what is held.
    _require_signer(unit, report.signer, claims.udi)
    facts = unit.store.facts.report(claims, unit.now)
    given = Circumstances(
        now=unit.now,
        build_date=unit.settings.build_date,
        uploaded_to=command.uploaded_to,
        catalogue=unit.settings.catalogue,
        # Only a head of ours has a place in the order of pages; a foreign one is flagged below.
        head_page=own_page(unit, claims.held.head),
    )
    judgement = judge(claims, facts, given)
    draft = Draft(unit)
    # A held one keeps its verdict, even where its own device names a wrong account now.
    is_held = facts.known is not None and facts.known.is_final
    if judgement.code == ELSEWHERE and (is_held or is_foreign(command, facts.instance)):
        # In another account's hands: no row of its owner changes for whoever found a file.
        return _turned_away(draft, report, judgement)
    if judgement.verdict is Verdict.SAME and facts.known is not None:
        return _again(draft, report, facts.known, verdict=Verdict.SAME, instance=facts.instance)
    if _is_refused_again(judgement, facts.known) and facts.known is not None:
        return _again(draft, report, facts.known, verdict=Verdict.REJECTED, instance=facts.instance)
    # Noted and no more: a head says nothing about the usage, and a device that was moved here
    # from another portal honestly holds one of that.
    foreign = flag_of_head(unit, claims.held.head)
    if foreign is not None and judgement.verdict is not Verdict.REJECTED:
        judgement = replace(judgement, flags=(*judgement.flags, foreign))
    return _record(draft, report, facts, judgement, head_page=given.head_page)


def _require_signer(unit: Unit, signer: ReportSigner, udi: Udi) -> None:
    """Believe a trust code that this ledger issued, whatever has become of who signed it.

    Otherwise each device would fall silent when a signer ends, and what it had signed by then
    would be lost. A thief of that signer's key cannot write into the ledger.
    """
    code, doubt = signer.trust_digest, signer.doubt
    if doubt is None or code is None:
        return
    # By UDI as well: a code of one device must not vouch for another.
    if not unit.store.lookups.trust_code_issued(udi, code):
        raise doubt


def _turned_away(draft: Draft, report: VerifiedReport, judgement: Judgement) -> Decision:
    """Refuse a report in the hands of another account; what stands about it stays."""
    claims = report.claims
    outcome = ReportOutcome(
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        digest=claims.digest,
        udi=claims.udi,
        report_id=claims.report_id,
        # No document that could be carried to the device as this portal's word.
        answer=None,
    )
    return plain(draft, outcome)


def _is_refused_again(judgement: Judgement, known: KnownReport | None) -> bool:
    """Tell whether a rejected report is rejected anew for the same reason: nothing is added."""
    return (
        known is not None and judgement.verdict is Verdict.REJECTED and known.code == judgement.code
    )


def _again(
    draft: Draft,
    report: VerifiedReport,
    known: KnownReport,
    *,
    verdict: Verdict,
    instance: InstanceFacts | None,
) -> Decision:
    """Give the earlier answer again; another pipe is noted."""
    command, claims = report.command, report.claims
    # Each way once: a device that sends the same each minute must not write a row each time.
    if command.pipe not in known.pipes:
        draft.add(
            ReportSeen(
                at=draft.now,
                udi=claims.udi,
                digest=claims.digest,
                pipe=command.pipe.value,
                path=command.path,
            )
        )
    # Frozen bodies: of two different ACKs of one report a device could not tell which holds.
    plan = plan_again(draft, claims.udi, claims.digest)
    late = late_acknowledgments(draft.unit, claims.udi, instance, claims.digest)
    draft.keep_current(late)
    # One that is refused again may come from a stranger: no earlier answers for it.
    if verdict is Verdict.SAME:
        plan = replace(plan, acknowledgments=(*plan.acknowledgments, *late))
    outcome = partial(
        ReportOutcome,
        verdict=verdict,
        code=known.code,
        detail=known.detail,
        # As noted when it came: what was odd then is not less odd for being accepted.
        flags=known.flags,
        digest=claims.digest,
        udi=claims.udi,
        report_id=claims.report_id,
        until=known.until,
        case=known.case,
    )
    return _decision(draft, outcome, plan)


def _record(
    draft: Draft,
    report: VerifiedReport,
    facts: ReportFacts,
    judgement: Judgement,
    *,
    head_page: int | None,
) -> Decision:
    claims, command = report.claims, report.command
    owner = None if judgement.ownership is None else judgement.ownership.account
    if judgement.ownership is not None:
        # Before the report's row: usage is booked on whoever owns the instance by then.
        assign(draft, claims.udi, facts.instance, ownership=judgement.ownership, by=command.by)
    # Before the answer, which names the case to the device.
    case = quarantine(draft, claims, facts, judgement)
    _note_code(draft, claims, judgement)
    parcel = Parcel()
    # A report in doubt brings nothing along: its sender may be a clone, or whoever stole a key.
    if judgement.verdict is Verdict.ACCEPTED and owner is not None:
        parcel = parcel_for_report(draft, claims, owner, facts.instance)
    answer = _answer(draft, claims, judgement, owner, case=case, parcel=parcel)
    draft.add(
        _row(draft, report, judgement, owner, case=case, sent=parcel.sent, head_page=head_page)
    )
    # A rejected one proves no life: a replayed or wrong report must not end the alarm.
    if judgement.verdict is not Verdict.REJECTED:
        note_heard(draft, claims.udi, facts.instance, owner)
    # After the row: what is released refers to this report as its successor.
    also = _follow_up(draft, claims, judgement)
    late = late_acknowledgments(draft.unit, claims.udi, facts.instance, claims.digest)
    draft.keep_current(late)
    plan = AnswerPlan(
        udi=claims.udi,
        answers=claims.digest,
        root_sets=parcel.root_sets,
        # Rejected without an account: nothing of the owner's may go to whoever sent it.
        acknowledgments=(answer, *also, *late) if owner is not None else (answer,),
        companions=parcel.digests,
    )
    outcome = partial(
        ReportOutcome,
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        flags=judgement.flags,
        digest=claims.digest,
        udi=claims.udi,
        report_id=claims.report_id,
        until=judgement.until,
        case=case,
    )
    return _decision(draft, outcome, plan)


def _note_code(draft: Draft, claims: Claims, judgement: Judgement) -> None:
    """Note what a report shows of its product instance's authorization code."""
    if judgement.verdict is Verdict.REJECTED:
        return
    note_shown(
        draft,
        claims.udi,
        claims.held.authorization,
        claims.digest,
        at=0 if claims.chain is None else claims.chain.closed_at,
        # One in doubt confirms nothing, yet it may be what a store that was set back has to say.
        confirming=judgement.verdict is Verdict.ACCEPTED,
    )


def _decision(draft: Draft, outcome: Callable[..., ReportOutcome], plan: AnswerPlan) -> Decision:
    return Decision(draft=draft, finish=lambda resolve: outcome(answer=plan.resolve(resolve)))


def assign(
    draft: Draft,
    udi: Udi,
    instance: InstanceFacts | None,
    *,
    ownership: Ownership,
    by: str | None,
) -> None:
    """Note whose a product instance is now, where that changed."""
    # Nothing changed: a row for each report would bury the few that tell of a move.
    if ownership.cause is None:
        return
    draft.add(
        InstanceAssigned(
            at=draft.now,
            udi=udi,
            origin=None if instance is None else instance.account,
            account=ownership.account,
            provisional=ownership.provisional,
            cause=ownership.cause.value,
            by=by,
        )
    )


def quarantine(
    draft: Draft,
    claims: Claims,
    facts: ReportFacts,
    judgement: Judgement,
) -> int | None:
    """Open or join a case for a quarantined report; draw its rivals in."""
    # Only a quarantine waits for people; a deferred report is decided by the clock.
    if judgement.verdict is not Verdict.QUARANTINED or judgement.code is None:
        return None
    # One place in the chain is one case, however many claim it: people decide it once.
    case = _open_case(draft, facts.rivals)
    if case is None:
        # Drawn only where none is open: a settled one stays settled, whoever comes later.
        case = draft.next_number("case")
        owner = None if judgement.ownership is None else judgement.ownership.account
        draft.add(
            CaseOpened(at=draft.now, case=case, code=judgement.code, udi=claims.udi, account=owner)
        )
    # The rival that was accepted is drawn in too. That it came first proves nothing: a thief who
    # is quicker than the device must not have won.
    for rival in judgement.drawn_in:
        draft.add(
            ReportDecided(
                at=draft.now,
                udi=claims.udi,
                digest=rival.digest,
                account=rival.account,
                # Its usage no longer counts, yet the ACK stays: it cannot be taken back from a
                # device.
                verdict=Verdict.QUARANTINED,
                code=judgement.code,
                detail=f"The place in the chain is claimed by report {claims.digest} too.",
                flags=rival.flags,
                until=None,
                case=case,
                by=None,
            )
        )
    return case


def _open_case(draft: Draft, rivals: tuple[KnownReport, ...]) -> int | None:
    # In order and each once: the same page must come out alike at every portal.
    numbers = dict.fromkeys(rival.case for rival in rivals if rival.case is not None)
    cases = (draft.unit.store.lookups.case(number) for number in numbers)
    return next((found.case for found in cases if found is not None and found.is_open), None)


def _answer(
    draft: Draft,
    claims: Claims,
    judgement: Judgement,
    owner: AccountRef | None,
    *,
    case: int | None,
    parcel: Parcel,
) -> Digest:
    if judgement.verdict is Verdict.ACCEPTED:
        # Asked for in the signed ACK: the device still holds it and can send it again.
        missing = () if judgement.missing is None else (judgement.missing,)
        return acknowledge(
            draft, claims, owner, flags=judgement.flags, wanted=missing, parcel=parcel
        )
    return draft.issue(
        verdict_document.Verdict(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=owner,
            udi=claims.udi,
            answers=claims.digest,
            # The document's own words: `same` is none of them and never comes this far.
            verdict=verdict_document.Ruling(judgement.verdict.value),
            code=judgement.code or "",
            detail=judgement.detail,
            until=judgement.until,
            case=None if case is None else str(case),
        )
    )


def acknowledge(
    draft: Draft,
    claims: Claims,
    owner: AccountRef | None,
    *,
    flags: tuple[str, ...],
    wanted: tuple[Digest, ...] = (),
    parcel: Parcel | None = None,
) -> Digest:
    """Issue the ACK of a report and return the digest of its body."""
    return draft.issue(
        Acknowledgment(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=owner,
            udi=claims.udi,
            answers=claims.digest,
            answers_type=AnsweredType.RUM_REPORT,
            report_id=claims.report_id,
            flags=flags,
            wanted=wanted,
            companions=() if parcel is None else parcel.listed,
            received_at=draft.now,
        )
    )


def _row(
    draft: Draft,
    report: VerifiedReport | UnverifiableReport,
    judgement: Judgement,
    owner: AccountRef | None,
    *,
    case: int | None = None,
    sent: tuple[str, ...] = (),
    head_page: int | None = None,
) -> ReportReceived:
    claims, command = report.claims, report.command
    chain = claims.chain
    return ReportReceived(
        at=draft.now,
        udi=claims.udi,
        digest=claims.digest,
        # The exact text: fsck and an auditor verify its signature from the ledger alone.
        item=command.item,
        pipe=command.pipe.value,
        path=command.path,
        by=command.by,
        account=owner,
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        flags=judgement.flags,
        until=judgement.until,
        case=case,
        signer=claims.signer,
        generation=claims.generation,
        tag=claims.tag,
        report_id=claims.report_id,
        software_version=claims.software_version,
        incarnation=None if chain is None else chain.incarnation,
        boot=None if chain is None else chain.boot,
        previous=None if chain is None else chain.previous,
        closed_at=None if chain is None else chain.closed_at,
        root_number=claims.held.root_number,
        members=claims.members,
        # Beside the item: projections are rebuilt from rows without reading every item again.
        absolute=tuple((item.start, item.end, item.count) for item in claims.absolute),
        relative=tuple((item.start, item.end, item.count) for item in claims.relative),
        sent=sent,
        head_page=head_page,
    )


def _follow_up(draft: Draft, claims: Claims, judgement: Judgement) -> tuple[Digest, ...]:
    """Note gaps, and release the previous report where this one shows it to be honest."""
    # It says nothing about the chain, and it fills no gap (spec/authority.md, section 8).
    if judgement.verdict is Verdict.REJECTED:
        return ()
    # Also for one in quarantine: what it names is signed, whatever comes of itself.
    if judgement.missing is not None:
        draft.add(
            GapOpened(
                at=draft.now, udi=claims.udi, report=judgement.missing, named_by=claims.digest
            )
        )
    # A deferred or quarantined one fills it too: it came, so nobody need look for it.
    if judgement.fills:
        owner = None if judgement.ownership is None else judgement.ownership.account
        draft.add(
            GapClosed(at=draft.now, udi=claims.udi, report=claims.digest, by=None, account=owner)
        )
    previous = None if claims.chain is None else claims.chain.previous
    # One in doubt vouches for nobody: a thief's report could clear another of the thief's.
    if judgement.verdict is not Verdict.ACCEPTED or judgement.releases is None or previous is None:
        return ()
    return _release(draft, claims.udi, previous, judgement.releases)


def release_before(draft: Draft, udi: Udi, report: Digest) -> tuple[Digest, ...]:
    """Accept what waited for the word of a report that is held and is accepted now."""
    waiting = draft.unit.store.lookups.waits_before(udi, report)
    return () if waiting is None else _release(draft, udi, *waiting)


def _release(draft: Draft, udi: Udi, report: Digest, number: int) -> tuple[Digest, ...]:
    """Accept a report in quarantine: an accepted one names it, so it was not made up later.

    What it names in its turn is accepted too, back to where the chain is accepted already.
    """
    answers: list[Digest] = []
    waiting: tuple[Digest, int] | None = (report, number)
    # A loop, and bounded: the length of a chain is the device's choice.
    while waiting is not None and len(answers) < MOST_RELEASED:
        released, case = waiting
        found = draft.unit.store.lookups.case(case)
        # A person was quicker: that decision stands.
        if found is None or not found.is_open or released not in found.reports:
            break
        answers.append(accept_stored(draft, udi, released, by=None))
        # A rival at the same place is in the case as well; nobody vouches for that one.
        if found.reports == (released,):
            draft.add(
                CaseClosed(
                    at=draft.now,
                    case=case,
                    state="released",
                    udi=udi,
                    account=found.account,
                    by=None,
                )
            )
        # As stored: this draft is not applied yet, and each step looks one further back.
        waiting = draft.unit.store.lookups.waits_before(udi, released)
    return tuple(answers)


def accept_stored(draft: Draft, udi: Udi, report: Digest, *, by: str | None) -> Digest:
    """Accept a report that is held, and issue its ACK; the digest of that is returned."""
    stored = draft.unit.store.lookups.stored(udi, report)
    known = stored.report
    draft.add(
        ReportDecided(
            at=draft.now,
            udi=udi,
            digest=report,
            account=known.account,
            verdict=Verdict.ACCEPTED,
            code=None,
            detail="",
            flags=known.flags,
            until=None,
            case=known.case,
            by=by,
        )
    )
    # As of now: what it named may have come in the meantime.
    missing = draft.unit.store.lookups.missing_before(udi, report)
    return draft.issue(
        Acknowledgment(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=known.account,
            udi=udi,
            answers=report,
            answers_type=AnsweredType.RUM_REPORT,
            report_id=stored.report_id,
            flags=known.flags,
            # Without companions (spec/authority.md, 6): what the device holds by now is not known.
            wanted=() if missing is None else (missing,),
            # When it came, not when it was decided: how long that took is not the device's doing.
            received_at=stored.received_at,
        )
    )


def require_unverifiable(udi: Udi, instance: InstanceFacts | None, trust: TrustStore) -> None:
    """Refuse a signature that nobody can verify where this sender can do better.

    Otherwise whoever strips our signature off a report, or makes one up, would have it kept.

    Raises:
        Problem: ``algorithm-not-allowed``.
    """
    if (instance is not None and instance.verified) or trust.declares(udi):
        detail = f"{udi} signs in a way that can be verified; this signature cannot."
        raise Problem("algorithm-not-allowed", detail)


def store_apart(unit: Unit, report: UnverifiableReport) -> Decision:
    """Keep a vendor's report apart from everything that verified.

    Raises:
        Problem: ``algorithm-not-allowed`` where this product instance signs verifiably;
            ``no-account`` where nobody says for which account it is kept.
    """
    claims, command = report.claims, report.command
    instance = unit.store.facts.instance(claims.udi)
    # First: a stripped signature must be named as what it is, in whatever account.
    require_unverifiable(claims.udi, instance, unit.books.trust)
    account = command.uploaded_to
    if account is None:
        raise Problem("no-account", f"Nothing says to which account {claims.udi} belongs.")
    # Within that account only: it proves nothing, so no other account may learn that it is held.
    home = unit.store.lookups.account_number(account)
    known = unit.store.facts.known_report(claims.udi, claims.digest, home)
    judgement = Judgement(
        verdict=Verdict.UNVERIFIABLE, code=Verdict.UNVERIFIABLE.value, detail=report.detail
    )
    draft = Draft(unit)
    # The same file twice is counted once.
    if known is None:
        draft.add(_row(draft, report, judgement, account))
    return plain(
        draft,
        ReportOutcome(
            verdict=Verdict.UNVERIFIABLE,
            code=judgement.code,
            detail=judgement.detail,
            digest=claims.digest,
            udi=claims.udi,
            report_id=claims.report_id,
            # Not acknowledged: an ACK would let the vendor's device think that it was verified.
            answer=None,
        ),
    )
