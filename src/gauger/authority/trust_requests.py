"""Decides about trust requests: who gets a trust code, and for which account."""

from dataclasses import dataclass, replace

from gauger.authority.answers import Parcel, parcel_for_trust
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision
from gauger.authority.replying import Reply
from gauger.authority.reports import assign
from gauger.authority.turning_away import is_foreign
from gauger.core.authority.commands import ReceiveTrustRequest
from gauger.core.authority.facts import MemberFacts, TrustFacts
from gauger.core.authority.outcomes import TrustOutcome, Verdict
from gauger.core.authority.ownership import ELSEWHERE, Cause, Ownership
from gauger.core.authority.rows import (
    InstanceAssigned,
    TokenUsed,
    TrustCodeIssued,
    TrustRequestReceived,
)
from gauger.core.authority.trust import Presented, TrustJudgement, judge_trust
from gauger.core.documents.acknowledgment import AnsweredType
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
    reply = Reply(
        draft=Draft(unit),
        udi=request.udi,
        digest=verified.digest,
        kind=AnsweredType.TRUST_REQUEST,
        outcome=TrustOutcome,
    )
    known = facts.known
    # First of all: whoever merely holds the file must not even learn that there is an answer.
    if judgement.code == ELSEWHERE and is_foreign(command, facts.instance):
        return reply.turn_away(judgement)
    # A lost answer is asked for again with the same bytes: no second use of the token, no new
    # code.
    if known is not None and judgement.verdict is Verdict.SAME:
        return reply.again(replace(known, verdict=Verdict.SAME), facts.instance)
    # Refused as before: a row for each try would let one bad request fill the ledger.
    if known is not None and (judgement.verdict, judgement.code) == (known.verdict, known.code):
        return reply.again(known)
    return _record(reply, verified, facts, judgement)


def _record(
    reply: Reply, verified: VerifiedRequest, facts: TrustFacts, judgement: TrustJudgement
) -> Decision:
    draft = reply.draft
    parcel = Parcel()
    if judgement.ownership is not None:
        parcel = _grant(draft, verified, facts, judgement)
    # A refused one has a row too: its signed verdict must be provable from the ledger.
    draft.add(_row(draft, verified, judgement, parcel))
    if judgement.ownership is None:
        return reply.refuse(judgement)
    return reply.accept(judgement, judgement.ownership.account, parcel, facts.instance)


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
