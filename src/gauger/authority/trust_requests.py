"""Decides about trust requests: who gets a trust code, and for which account."""

from dataclasses import dataclass, replace

from gauger.authority.answers import (
    AnswerPlan,
    Parcel,
    late_acknowledgments,
    parcel_for_trust,
    plan_again,
)
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.reports import assign
from gauger.authority.turning_away import is_foreign
from gauger.core.authority.commands import ReceiveTrustRequest
from gauger.core.authority.facts import InstanceFacts, KnownRequest, MemberFacts, TrustFacts
from gauger.core.authority.outcomes import AnswerBundle, TrustOutcome, Verdict
from gauger.core.authority.ownership import ELSEWHERE, Cause, Ownership
from gauger.core.authority.rows import (
    InstanceAssigned,
    TokenUsed,
    TrustCodeIssued,
    TrustRequestReceived,
)
from gauger.core.authority.trust import Presented, TrustJudgement, judge_trust
from gauger.core.documents import verdict as verdict_document
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, Udi, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRequest:
    """A trust request whose form and both signatures hold."""

    command: ReceiveTrustRequest
    request: TrustRequest
    digest: Digest


def receive(unit: Unit, verified: VerifiedRequest) -> Decision:
    """Judge a trust request and plan its answer."""
    request, command = verified.request, verified.command
    facts = unit.store.facts.trust(request, verified.digest, command.token_digest)
    # The page's time, not that of arrival: every decision of a page is dated alike.
    given = Presented(
        now=unit.now,
        pipe=command.pipe,
        token_digest=command.token_digest,
        uploaded_to=command.uploaded_to,
    )
    judgement = judge_trust(request, facts, given)
    draft = Draft(unit)
    known = facts.known
    # First of all: whoever merely holds the file must not even learn that there is an answer.
    if judgement.code == ELSEWHERE and is_foreign(command, facts.instance):
        return _turned_away(draft, verified, judgement)
    # A lost answer is asked for again with the same bytes: no second use of the token, no new
    # code.
    if known is not None and judgement.verdict is Verdict.SAME:
        return _again(draft, verified, known, Verdict.SAME, instance=facts.instance)
    # Refused as before: a row for each try would let one bad request fill the ledger.
    if known is not None and judgement.verdict is known.verdict and judgement.code == known.code:
        return _again(draft, verified, known, known.verdict)
    return _record(draft, verified, facts, judgement)


def _turned_away(draft: Draft, verified: VerifiedRequest, judgement: TrustJudgement) -> Decision:
    """Refuse a request in the hands of another account; what stands about it stays."""
    outcome = TrustOutcome(
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        digest=verified.digest,
        udi=verified.request.udi,
        # No document: a signed verdict from here could be carried to the device
        # (spec/authority.md, 2).
        answer=AnswerBundle(udi=verified.request.udi, answers=verified.digest),
    )
    return plain(draft, outcome)


def _again(
    draft: Draft,
    verified: VerifiedRequest,
    known: KnownRequest,
    verdict: Verdict,
    *,
    instance: InstanceFacts | None = None,
) -> Decision:
    plan = plan_again(draft, verified.request.udi, verified.digest)
    # Without facts of the instance (a refusal given again) nothing late goes along.
    plan = _with_late(draft, plan, instance)
    return _decision(draft, verified, _Said(verdict, known.code, known.detail, known.flags), plan)


def _with_late(draft: Draft, plan: AnswerPlan, instance: InstanceFacts | None) -> AnswerPlan:
    """Let final answers to earlier reports go along: the device may have nothing else to send."""
    late = late_acknowledgments(draft.unit, plan.udi, instance, plan.answers)
    draft.keep_current(late)
    return replace(plan, acknowledgments=(*plan.acknowledgments, *late))


@dataclass(frozen=True, slots=True)
class _Said:
    verdict: Verdict
    code: str | None
    detail: str
    flags: tuple[str, ...]


def _decision(draft: Draft, verified: VerifiedRequest, said: _Said, plan: AnswerPlan) -> Decision:
    return Decision(
        draft=draft,
        # Made after the commit: until then the documents have no signature to give out.
        finish=lambda resolve: TrustOutcome(
            verdict=said.verdict,
            code=said.code,
            detail=said.detail,
            flags=said.flags,
            digest=verified.digest,
            udi=verified.request.udi,
            answer=plan.resolve(resolve),
        ),
    )


def _record(
    draft: Draft, verified: VerifiedRequest, facts: TrustFacts, judgement: TrustJudgement
) -> Decision:
    request = verified.request
    owner = None if judgement.ownership is None else judgement.ownership.account
    parcel = Parcel()
    if judgement.ownership is not None and owner is not None:
        parcel = _grant(draft, verified, facts, judgement)
        # Last of the documents: it lists the digests of all that go along.
        answer = _acknowledge(draft, verified, judgement, parcel)
    else:
        answer = _refuse(draft, verified, judgement)
    # A refused one has a row too: its signed verdict must be provable from the ledger.
    draft.add(_row(draft, verified, judgement, parcel))
    plan = AnswerPlan(
        udi=request.udi,
        answers=verified.digest,
        root_sets=parcel.root_sets,
        acknowledgments=(answer,),
        companions=parcel.digests,
    )
    # The refused may be a stranger: it learns nothing of the owner's earlier reports.
    if judgement.ownership is not None:
        plan = _with_late(draft, plan, facts.instance)
    said = _Said(judgement.verdict, judgement.code, judgement.detail, judgement.flags)
    return _decision(draft, verified, said, plan)


def _grant(
    draft: Draft, verified: VerifiedRequest, facts: TrustFacts, judgement: TrustJudgement
) -> Parcel:
    """Assign the product instance, use the token up by one, and issue all trust codes."""
    request, ownership = verified.request, judgement.ownership
    if ownership is None:
        return Parcel()
    owner = ownership.account
    # Notes nothing where the owner stays: most requests renew the trust of a device that is known.
    assign(draft, request.udi, facts.instance, ownership=ownership, by=verified.command.by)
    if judgement.token is not None:
        draft.add(TokenUsed(at=draft.now, token=judgement.token, account=owner, udi=request.udi))
    # Of this ledger's own codes: what another portal issued says nothing here.
    generation = 0 if facts.instance is None else facts.instance.generation
    own = MemberFacts(udi=request.udi, account=owner, generation=generation)
    codes = [_issue_code(draft, verified, member, owner) for member in (own, *judgement.members)]
    # Only those that the judgement let through: the request alone may name any UDI.
    for member in judgement.members:
        _adopt(draft, member, ownership)
    return parcel_for_trust(draft, owner, codes, facts.instance)


def _adopt(draft: Draft, member: MemberFacts, ownership: Ownership) -> None:
    """A member that belongs to nobody yet goes with its active, until it says otherwise."""
    # Whose account is known keeps it: an active must not carry its standby off to another owner.
    if member.account is None:
        draft.add(
            InstanceAssigned(
                at=draft.now,
                udi=member.udi,
                origin=None,
                account=ownership.account,
                # The member itself has said nothing yet; its own token, order or report still
                # wins.
                provisional=True,
                cause=Cause.MEMBER.value,
                by=None,
            )
        )


def _issue_code(
    draft: Draft, verified: VerifiedRequest, member: MemberFacts, owner: AccountRef
) -> tuple[Udi, Digest]:
    request = verified.request
    # Above the last one of that UDI, so that reports under a replaced key can be told by number.
    generation = member.generation + 1
    document = draft.issue(
        TrustCode(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=owner,
            answers=verified.digest,
            # Each code its own order: the device takes the higher, however the files are mixed.
            order=draft.next_order(),
            udi=member.udi,
            # The set shares one key: the standby must sign with it the moment it takes over.
            public_key=request.public_key,
            generation=generation,
            origin=TrustOrigin.CSSM,
            incarnation=request.incarnation,
        )
    )
    draft.add(
        TrustCodeIssued(
            at=draft.now,
            udi=member.udi,
            generation=generation,
            # The digest is what `key-reuse` is looked up by when a copy enrols the same key.
            key=digest(request.public_key),
            incarnation=request.incarnation,
            document=document,
        )
    )
    return member.udi, document


def _acknowledge(
    draft: Draft, verified: VerifiedRequest, judgement: TrustJudgement, parcel: Parcel
) -> Digest:
    return draft.issue(
        Acknowledgment(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=None if judgement.ownership is None else judgement.ownership.account,
            udi=verified.request.udi,
            answers=verified.digest,
            answers_type=AnsweredType.TRUST_REQUEST,
            flags=judgement.flags,
            # Under the signature: who drops a trust code on the way is found out by the device.
            companions=parcel.listed,
            # The authority's clock, as all times of spec/authority.md are.
            received_at=draft.now,
        )
    )


def _refuse(draft: Draft, verified: VerifiedRequest, judgement: TrustJudgement) -> Digest:
    return draft.issue(
        verdict_document.Verdict(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            udi=verified.request.udi,
            answers=verified.digest,
            verdict=verdict_document.Ruling.REJECTED,
            # A rejection always has a code; the type of the judgement does not say so.
            code=judgement.code or "",
            detail=judgement.detail,
        )
    )


def _row(
    draft: Draft, verified: VerifiedRequest, judgement: TrustJudgement, parcel: Parcel
) -> TrustRequestReceived:
    request, command = verified.request, verified.command
    return TrustRequestReceived(
        at=draft.now,
        udi=request.udi,
        digest=verified.digest,
        # The exact text: fsck and an auditor verify the signatures from the ledger alone.
        document=command.document,
        pipe=command.pipe.value,
        path=command.path,
        by=command.by,
        account=None if judgement.ownership is None else judgement.ownership.account,
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        flags=judgement.flags,
        incarnation=request.incarnation,
        # Kept of refused ones too; only an accepted one raises the bar (spec/authority.md, 5).
        counter=request.counter,
        token=judgement.token,
        # Tells the projections that purchase information is not due any more.
        sent=parcel.sent,
    )
