"""Decides what was kept for later: deferred reports, quarantine cases, gaps, moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gauger.authority.answers import AnswerPlan, Resolve
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.reports import accept_stored, quarantine, release_before
from gauger.core.authority.claims import Claims, read_claims
from gauger.core.authority.commands import (
    MOST_DECIDED,
    CloseGap,
    DecideCase,
    DecideDue,
    MoveInstance,
)
from gauger.core.authority.facts import CaseFacts, StoredReport
from gauger.core.authority.judgement import (
    GAP_PATIENCE,
    Circumstances,
    Judgement,
    judge_content,
)
from gauger.core.authority.outcomes import (
    DecisionOutcome,
    Done,
    MoveOutcome,
    ReportOutcome,
    Verdict,
)
from gauger.core.authority.ownership import Cause, Ownership
from gauger.core.authority.rows import (
    CaseClosed,
    GapClosed,
    GapOverdue,
    InstanceAssigned,
    RefusalRecorded,
    ReportDecided,
)
from gauger.core.documents import verdict as verdict_document
from gauger.core.documents.rum_report import read_report
from gauger.core.identity import Digest, Udi
from gauger.core.problems import Problem

MOST_DUE: Final = 256
"""Deferred reports that are decided in one page; the next page takes the next ones."""

_Decided = tuple[ReportOutcome, AnswerPlan]


def decide_case(unit: Unit, command: DecideCase) -> Decision:
    """Carry out a person's decision about a case.

    Raises:
        Problem: ``not-found`` where there is no such case or report in it; ``conflict`` where it
            is settled; ``invalid-argument`` for more reports than one page takes.
    """
    case = unit.store.lookups.case(command.case)
    if case is None:
        raise Problem("not-found", f"There is no case {command.case}.")
    # Two people at once: the second must learn that the first has decided.
    if not case.is_open:
        raise Problem("conflict", f"Case {command.case} is settled already.")
    # Each once: a report that is named twice must not be decided, and told of, twice.
    chosen = tuple(dict.fromkeys(command.reports or case.reports))
    # One with a stolen key can bring more into a case than a page should hold.
    if len(chosen) > MOST_DECIDED:
        message = (
            f"At most {MOST_DECIDED} reports are decided at once, not {len(chosen)}; name some."
        )
        raise Problem("invalid-argument", message)
    # Also reports that were decided since the page was shown: nobody decides unseen.
    if not set(chosen) <= set(case.reports):
        raise Problem("not-found", f"Case {command.case} does not hold all of these reports.")
    draft = Draft(unit)
    decided = [_decide_one(draft, case, digest, command) for digest in chosen]
    if command.accept and chosen:
        # A person's word counts like that of an accepted successor (spec/authority.md, 3). Once:
        # all reports of a case claim one place, so they name the same one before it.
        release_before(draft, case.udi, chosen[0])
    # Else what is left waits on in the same case.
    if len(chosen) == len(case.reports):
        draft.add(
            CaseClosed(
                at=draft.now,
                case=case.case,
                state="accepted" if command.accept else "rejected",
                udi=case.udi,
                account=case.account,
                # With a name the rejection is final: sending the report again does not undo it.
                by=command.by,
            )
        )
    return _decision(draft, decided)


def _decide_one(draft: Draft, case: CaseFacts, report: Digest, command: DecideCase) -> _Decided:
    stored = draft.unit.store.lookups.stored(case.udi, report)
    if command.accept:
        answer = accept_stored(draft, case.udi, report, by=command.by)
        return _outcome(stored, Verdict.ACCEPTED, answer, code=None, detail="")
    detail = f"Case {case.case} was decided: the report does not count."
    draft.add(
        ReportDecided(
            at=draft.now,
            udi=case.udi,
            digest=report,
            account=stored.report.account,
            verdict=Verdict.REJECTED,
            code=case.code,
            detail=detail,
            flags=stored.report.flags,
            until=None,
            case=case.case,
            by=command.by,
        )
    )
    answer = _refuse(draft, stored, case.code, detail)
    return _outcome(stored, Verdict.REJECTED, answer, code=case.code, detail=detail)


def _refuse(draft: Draft, stored: StoredReport, code: str, detail: str) -> Digest:
    return draft.issue(
        verdict_document.Verdict(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=stored.report.account,
            udi=stored.udi,
            answers=stored.report.digest,
            verdict=verdict_document.Ruling.REJECTED,
            code=code,
            detail=detail,
        )
    )


def _outcome(
    stored: StoredReport, verdict: Verdict, answer: Digest, *, code: str | None, detail: str
) -> _Decided:
    report = stored.report
    outcome = ReportOutcome(
        verdict=verdict,
        code=code,
        detail=detail,
        flags=report.flags,
        digest=report.digest,
        udi=stored.udi,
        report_id=stored.report_id,
        case=report.case,
        answer=None,
    )
    # No companions: the device is not there, and they would be old when it comes.
    plan = AnswerPlan(udi=stored.udi, answers=report.digest, acknowledgments=(answer,))
    return outcome, plan


def _decision(draft: Draft, decided: Sequence[_Decided]) -> Decision:
    def finish(resolve: Resolve) -> DecisionOutcome:
        return DecisionOutcome(
            decided=tuple(
                replace(outcome, answer=plan.resolve(resolve)) for outcome, plan in decided
            )
        )

    return Decision(draft=draft, finish=finish)


def decide_due(unit: Unit, command: DecideDue) -> Decision:
    """Decide deferred reports whose time has come, as if they came now; tell of old gaps."""
    del command
    draft = Draft(unit)
    decided: list[_Decided] = []
    page = _DuePage()
    # The oldest first: a predecessor should be decided before what names it.
    for udi, report in unit.store.lookups.due(unit.now, MOST_DUE):
        try:
            decided.extend(_decide_due(draft, page, udi, report))
        except Problem as problem:
            # One report that cannot be read must not hold up the others; fsck tells of it.
            # Once, since it stays due and is tried again with each round.
            _audit_once(draft, report, problem)
    _tell_of_gaps(draft)
    return _decision(draft, decided)


def _tell_of_gaps(draft: Draft) -> None:
    """Raise each missing report once; a page takes only so many, the next one goes on."""
    # Told with the first commit after that time, so no reader has to ask (spec/authority.md, 8).
    patience = draft.now - GAP_PATIENCE
    for gap in draft.unit.store.lookups.overdue_gaps(patience, MOST_DUE):
        draft.add(
            GapOverdue(
                at=draft.now,
                udi=gap.udi,
                report=gap.report,
                named_by=gap.named_by,
                since=gap.since,
                # The owner of today: the instance may have been moved since the gap opened.
                account=gap.account,
            )
        )


def _audit_once(draft: Draft, report: Digest, problem: Problem) -> None:
    # By code too: another reason is news.
    if not draft.unit.store.lookups.refusals(report, problem.code):
        draft.add(
            RefusalRecorded(
                at=draft.now,
                digest=report,
                code=problem.code,
                detail=problem.detail,
                # It came long ago; the row of the report tells by which way.
                pipe="",
                path="",
                account=None,
                by=None,
                count=1,
            )
        )


@dataclass(slots=True)
class _DuePage:
    """What one page of due reports tells of its others: the store knows of it only afterwards.

    Attributes:
        named: Reports that an accepted one of the page names as its previous.
        waiting: Reports of the page that were not accepted: the word of a successor may end that.
    """

    named: set[Digest | None] = field(default_factory=set)
    waiting: set[Digest] = field(default_factory=set)


def _decide_due(draft: Draft, page: _DuePage, udi: Udi, report: Digest) -> tuple[_Decided, ...]:
    """Decide one report; nothing where it has to wait for the next page."""
    stored = draft.unit.store.lookups.stored(udi, report)
    # Not verified again: its row says that it was, and its signer may have ended since.
    claims = replace(read_claims(read_report(stored.item), None), generation=stored.generation)
    previous = None if claims.chain is None else claims.chain.previous
    # Its predecessor was not accepted in this page; the next one sees what came of that.
    if previous in page.waiting:
        return ()
    facts = draft.unit.store.facts.report(claims, draft.now)
    # The store does not know of this page yet: one accepted a moment ago vouches too.
    facts = replace(facts, is_named=facts.is_named or report in page.named)
    account = stored.report.account
    # The owner of today: a move takes deferred reports along.
    owner = account if facts.instance is None else facts.instance.account or account
    if owner is None:
        raise Problem("store-damaged", f"The deferred report {report} has no account.")
    settings = draft.unit.settings
    given = Circumstances(
        now=draft.now, build_date=settings.build_date, catalogue=settings.catalogue
    )
    # The account was settled when it came, and nobody uploads anything now.
    judgement = judge_content(claims, facts, given, Ownership(account=owner))
    # Both: what was odd at its arrival, and what is odd today.
    flags = tuple(dict.fromkeys((*stored.report.flags, *judgement.flags)))
    stored = replace(stored, report=replace(stored.report, flags=flags, account=owner))
    if judgement.verdict is Verdict.ACCEPTED:
        answer = accept_stored(draft, udi, report, by=None)
        release_before(draft, udi, report)
        page.named.add(previous)
        return (_outcome(stored, Verdict.ACCEPTED, answer, code=None, detail=""),)
    page.waiting.add(report)
    return (_decide_otherwise(draft, stored, claims, judgement),)


def _decide_otherwise(
    draft: Draft, stored: StoredReport, claims: Claims, judgement: Judgement
) -> _Decided:
    # With the rivals of now, which a quarantine draws into its case.
    facts = draft.unit.store.facts.report(claims, draft.now)
    case = quarantine(draft, claims, facts, judgement)
    code = judgement.code or ""
    draft.add(
        ReportDecided(
            at=draft.now,
            udi=stored.udi,
            digest=stored.report.digest,
            account=stored.report.account,
            verdict=judgement.verdict,
            code=code,
            detail=judgement.detail,
            flags=stored.report.flags,
            until=judgement.until,
            case=case,
            by=None,
        )
    )
    answer = draft.issue(
        verdict_document.Verdict(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=stored.report.account,
            udi=stored.udi,
            answers=stored.report.digest,
            verdict=verdict_document.Ruling(judgement.verdict.value),
            code=code,
            detail=judgement.detail,
            until=judgement.until,
            case=None if case is None else str(case),
        )
    )
    return _outcome(stored, judgement.verdict, answer, code=code, detail=judgement.detail)


def close_gap(unit: Unit, command: CloseGap) -> Decision:
    """Give up a missing report.

    Raises:
        Problem: ``not-found`` where it is not missed.
    """
    # It may have come while somebody looked: then nothing is given up.
    if not unit.store.lookups.gap_is_open(command.udi, command.report):
        raise Problem("not-found", f"No report {command.report} of {command.udi} is missed.")
    draft = Draft(unit)
    instance = unit.store.facts.instance(command.udi)
    draft.add(
        GapClosed(
            at=draft.now,
            udi=command.udi,
            report=command.report,
            by=command.by,
            account=None if instance is None else instance.account,
        )
    )
    return plain(draft, Done())


def move_instance(unit: Unit, command: MoveInstance) -> Decision:
    """Move a product instance, its usage with it, to another account.

    Raises:
        Problem: ``not-found`` where there is no such product instance or account.
    """
    instance = unit.store.facts.instance(command.udi)
    if instance is None:
        raise Problem("not-found", f"No product instance {command.udi} is known.")
    if not unit.store.lookups.account_exists(command.to):
        raise Problem("not-found", f"There is no account {command.to}.")
    draft = Draft(unit)
    # To where it is already, a move makes a provisional account firm: a person has said so.
    if instance.account != command.to or instance.provisional:
        draft.add(
            InstanceAssigned(
                at=draft.now,
                udi=command.udi,
                # Kept in the row for the vendor; the event that the new owner reads leaves it out.
                origin=instance.account,
                account=command.to,
                provisional=False,
                cause=Cause.MOVE.value,
                by=command.by,
            )
        )
    outcome = MoveOutcome(udi=command.udi, origin=instance.account, to=command.to)
    return plain(draft, outcome)
