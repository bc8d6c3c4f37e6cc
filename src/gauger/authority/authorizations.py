"""Decides about authorization requests and returns, and issues authorization codes."""

from dataclasses import dataclass, replace

from gauger.authority.answers import (
    AnswerPlan,
    Parcel,
    account_information,
    late_acknowledgments,
    plan_again,
)
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.reports import assign
from gauger.authority.shown_codes import note_shown
from gauger.authority.turning_away import is_foreign
from gauger.core.authority.authorization import (
    Arrival,
    Asked,
    AuthorizationFacts,
    AuthorizationJudgement,
    grant,
    judge_authorization,
    next_epoch,
    rejected,
    wanted,
)
from gauger.core.authority.commands import ReceiveAuthorization
from gauger.core.authority.facts import InstanceFacts
from gauger.core.authority.outcomes import AnswerBundle, AuthorizationOutcome, Verdict
from gauger.core.authority.ownership import ELSEWHERE
from gauger.core.authority.rows import (
    AuthorizationIssued,
    AuthorizationReceived,
    AuthorizationReturned,
)
from gauger.core.documents import verdict as verdict_document
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
)
from gauger.core.documents.authorization_request import AuthorizationRequest, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest, Udi, digest
from gauger.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAuthorization:
    """An authorization request or return whose form and signature hold."""

    command: ReceiveAuthorization
    request: Asked
    text: str
    digest: Digest
    located: bool = False


def receive(unit: Unit, verified: VerifiedAuthorization) -> Decision:
    """Judge an authorization request or return and plan its answer."""
    asked, command = verified.request, verified.command
    facts = unit.store.authorizations.facts(asked, verified.digest)
    arrival = Arrival(pipe=command.pipe, uploaded_to=command.uploaded_to, located=verified.located)
    judgement = judge_authorization(asked, facts, arrival)
    draft = Draft(unit)
    known = facts.known
    # First of all: whoever merely holds the file must not even learn that there is an answer.
    if judgement.code == ELSEWHERE and is_foreign(command, facts.instance):
        return _turned_away(draft, verified, judgement)
    # A lost answer is asked for again with the same bytes: nothing is taken or credited twice.
    if judgement.verdict is Verdict.SAME:
        said = (
            judgement
            if known is None
            else replace(judgement, code=known.code, detail=known.detail, flags=known.flags)
        )
        return _again(draft, verified, said, facts.instance)
    return _record(draft, verified, facts, judgement)


def _turned_away(
    draft: Draft, verified: VerifiedAuthorization, judgement: AuthorizationJudgement
) -> Decision:
    """Refuse a document in the hands of another account; what stands about it stays."""
    udi = verified.request.udi
    # No document: a signed verdict from here could be carried to the device.
    answer = AnswerBundle(udi=udi, answers=verified.digest)
    return plain(draft, _outcome(verified, judgement, answer))


def _again(
    draft: Draft,
    verified: VerifiedAuthorization,
    said: AuthorizationJudgement,
    instance: InstanceFacts | None,
) -> Decision:
    """Give the earlier answer again; one that is refused again gets nothing else."""
    plan = plan_again(draft, verified.request.udi, verified.digest)
    if said.verdict is Verdict.SAME:
        plan = _with_late(draft, plan, instance)
    return _decision(draft, verified, said, plan)


def _with_late(draft: Draft, plan: AnswerPlan, instance: InstanceFacts | None) -> AnswerPlan:
    """Let final answers to earlier reports go along: the device may have nothing else to send."""
    late = late_acknowledgments(draft.unit, plan.udi, instance, plan.answers)
    draft.keep_current(late)
    return replace(plan, acknowledgments=(*plan.acknowledgments, *late))


def _outcome(
    verified: VerifiedAuthorization, said: AuthorizationJudgement, answer: AnswerBundle
) -> AuthorizationOutcome:
    return AuthorizationOutcome(
        verdict=said.verdict,
        code=said.code,
        detail=said.detail,
        flags=said.flags,
        digest=verified.digest,
        udi=verified.request.udi,
        answer=answer,
    )


def _decision(
    draft: Draft, verified: VerifiedAuthorization, said: AuthorizationJudgement, plan: AnswerPlan
) -> Decision:
    # Made after the commit: until then the documents have no signature to give out.
    return Decision(
        draft=draft, finish=lambda resolve: _outcome(verified, said, plan.resolve(resolve))
    )


def _record(
    draft: Draft,
    verified: VerifiedAuthorization,
    facts: AuthorizationFacts,
    judgement: AuthorizationJudgement,
) -> Decision:
    granted: tuple[AuthorizedLicence, ...] = ()
    if judgement.ownership is not None:
        try:
            granted = _granted(draft.unit, verified, facts, judgement.ownership.account)
        except Problem as problem:
            judgement = rejected(problem)
    known = facts.known
    # Refused as before: a row for each try would let one bad request fill the ledger.
    if known is not None and (judgement.verdict, judgement.code) == (known.verdict, known.code):
        return _again(draft, verified, judgement, facts.instance)
    parcel = Parcel()
    if judgement.ownership is not None:
        by, udi = verified.command.by, verified.request.udi
        assign(draft, udi, facts.instance, ownership=judgement.ownership, by=by)
        owner = judgement.ownership.account
        parcel = _carry_out(draft, verified, facts, granted=granted, owner=owner)
        answer = _acknowledge(draft, verified, judgement, parcel)
    else:
        answer = _refuse(draft, verified, judgement)
    # A refused one has a row too: its signed verdict must be provable from the ledger.
    draft.add(_row(verified, judgement, parcel, at=draft.now))
    plan = AnswerPlan(
        udi=verified.request.udi,
        answers=verified.digest,
        root_sets=parcel.root_sets,
        acknowledgments=(answer,),
        companions=parcel.digests,
    )
    # The refused may be a stranger: it learns nothing of the owner's earlier reports.
    if judgement.ownership is not None:
        plan = _with_late(draft, plan, facts.instance)
    return _decision(draft, verified, judgement, plan)


def _granted(
    unit: Unit, verified: VerifiedAuthorization, facts: AuthorizationFacts, owner: AccountRef
) -> tuple[AuthorizedLicence, ...]:
    """Return what a request gets; a return gets nothing.

    Raises:
        Problem: ``authorizations-used-up``.
    """
    asked = verified.request
    if not isinstance(asked, AuthorizationRequest):
        return ()
    licences = wanted(asked.mode, asked.licences, facts.named)
    return take(unit, asked.udi, owner, licences=licences)


def take(
    unit: Unit, udi: Udi, owner: AccountRef, *, licences: tuple[WantedLicence, ...]
) -> tuple[AuthorizedLicence, ...]:
    """Take licences from the pools of an account.

    Commands are decided one after another, each among the rows of those before it: of many for the
    last authorization exactly one gets it.

    Raises:
        Problem: ``authorizations-used-up``.
    """
    tags = [one.tag for one in licences]
    return grant(licences, unit.store.authorizations.pools(owner, tags, without=udi))


def _carry_out(
    draft: Draft,
    verified: VerifiedAuthorization,
    facts: AuthorizationFacts,
    *,
    granted: tuple[AuthorizedLicence, ...],
    owner: AccountRef,
) -> Parcel:
    """Issue a code, or take one back; return what goes along with the ACK."""
    asked = verified.request
    companions: list[Companion] = []
    if isinstance(asked, AuthorizationRequest):
        note_shown(draft, asked.udi, asked.held, verified.digest)
        grounds = Grounds(
            licences=granted,
            epoch=next_epoch(facts.highest, asked.mark),
            answers=verified.digest,
        )
        made = issue(draft, asked.udi, owner, grounds)
        companions.append(Companion(AuthorizationCode.TYPE, made))
    else:
        _take_back(draft, verified, asked)
    information = account_information(draft, asked.udi, owner)
    companions.append(Companion(AccountInfo.TYPE, information))
    # Neither document says which root set is held: too many harm nothing, a missing one does.
    number = 1 if facts.instance is None else facts.instance.root_number
    parcel = Parcel(
        root_sets=draft.unit.books.root_sets_above(number), companions=tuple(companions)
    )
    draft.keep_current(parcel.digests)
    return parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What an authorization code is issued for.

    Attributes:
        licences: What it authorizes.
        epoch: Its authorization epoch.
        answers: Digest of the request, or null where a person issues it.
        by: That person, or null.
    """

    licences: tuple[AuthorizedLicence, ...]
    epoch: int
    answers: Digest | None = None
    by: str | None = None


def issue(draft: Draft, udi: Udi, owner: AccountRef, grounds: Grounds) -> Digest:
    """Issue an authorization code and return its digest."""
    order = draft.next_order()
    ledger = draft.unit.books.ledger
    # No secret: what unlocks is the signature, and what proves a return is the device's own.
    code = digest(f"{ledger} {udi} {grounds.epoch} {order}".encode())[:32]
    document = draft.issue(
        AuthorizationCode(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=ledger,
            account=owner,
            udi=udi,
            answers=grounds.answers,
            order=order,
            code=code,
            epoch=grounds.epoch,
            origin=AuthorizationOrigin.CSSM,
            licences=grounds.licences,
        )
    )
    draft.add(
        AuthorizationIssued(
            at=draft.now,
            udi=udi,
            account=owner,
            code=code,
            epoch=grounds.epoch,
            licences=grounds.licences,
            order=order,
            document=document,
            by=grounds.by,
        )
    )
    return document


def _take_back(
    draft: Draft, verified: VerifiedAuthorization, returned: AuthorizationReturn
) -> None:
    # All up to the mark: the product instance signed that none of them unlocks anything there.
    alive = draft.unit.store.authorizations.newest(returned.udi, until=returned.mark)
    # Given back before, or never issued here: there is nothing to credit.
    if alive is None:
        return
    draft.add(
        AuthorizationReturned(
            at=draft.now,
            udi=returned.udi,
            account=alive.account,
            code=alive.code,
            mark=returned.mark,
            return_code=returned.return_code,
            proof=verified.digest,
            by=verified.command.by if verified.located else None,
        )
    )


def _acknowledge(
    draft: Draft,
    verified: VerifiedAuthorization,
    judgement: AuthorizationJudgement,
    parcel: Parcel,
) -> Digest:
    return draft.issue(
        Acknowledgment(
            issued_at=draft.now,
            test_clock=draft.unit.test_clock,
            issuer=draft.unit.books.ledger,
            account=None if judgement.ownership is None else judgement.ownership.account,
            udi=verified.request.udi,
            answers=verified.digest,
            answers_type=AnsweredType(verified.request.TYPE),
            flags=judgement.flags,
            # Under the signature: who drops a code on the way is found out by the device.
            companions=parcel.listed,
            received_at=draft.now,
        )
    )


def _refuse(
    draft: Draft, verified: VerifiedAuthorization, judgement: AuthorizationJudgement
) -> Digest:
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
    verified: VerifiedAuthorization,
    judgement: AuthorizationJudgement,
    parcel: Parcel,
    *,
    at: int,
) -> AuthorizationReceived:
    asked, command = verified.request, verified.command
    return AuthorizationReceived(
        at=at,
        udi=asked.udi,
        digest=verified.digest,
        type=asked.TYPE,
        # The exact text: fsck and an auditor verify the signature from the ledger alone.
        document=verified.text,
        pipe=command.pipe.value,
        path=command.path,
        by=command.by,
        account=None if judgement.ownership is None else judgement.ownership.account,
        verdict=judgement.verdict,
        code=judgement.code,
        detail=judgement.detail,
        flags=judgement.flags,
        incarnation=asked.incarnation,
        counter=asked.counter,
        mark=asked.mark,
        return_code=asked.return_code if isinstance(asked, AuthorizationReturn) else None,
        sent=parcel.sent,
    )
