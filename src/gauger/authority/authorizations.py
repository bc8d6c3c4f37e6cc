"""Decides about authorization requests and returns, and issues authorization codes."""

from dataclasses import dataclass, replace

from gauger.authority.answers import Parcel, account_information
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision
from gauger.authority.factory_codes import Brought
from gauger.authority.replying import Reply
from gauger.authority.reports import assign
from gauger.authority.shown_codes import note_shown
from gauger.authority.turning_away import is_foreign
from gauger.core.authority.authorization import (
    EPOCH_DEAD,
    Arrival,
    Asked,
    AuthorizationFacts,
    AuthorizationJudgement,
    ShownCode,
    bundled,
    found_code,
    grant,
    judge_authorization,
    named_by,
    next_epoch,
    rejected,
    wanted,
)
from gauger.core.authority.authorization_rows import (
    AuthorizationAdopted,
    AuthorizationIssued,
    AuthorizationReceived,
    AuthorizationReturned,
)
from gauger.core.authority.commands import ReceiveAuthorization
from gauger.core.authority.outcomes import AuthorizationOutcome, Verdict
from gauger.core.authority.ownership import ELSEWHERE
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import AnsweredType, Companion
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
    """An authorization request or return whose form and signature hold.

    Attributes:
        command: What brought it.
        request: What it says.
        text: Its exact text.
        digest: Digest of its body.
        located: Whether a person found the product instance and gave its return code.
        brought: The factory's code that came along with it.
    """

    command: ReceiveAuthorization
    request: Asked
    text: str
    digest: Digest
    located: bool = False
    brought: Brought = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a code is to authorize.

    Attributes:
        licences: All of it.
        bundled: Of which licences so many are taken from no pool: they came from the factory.
    """

    licences: tuple[AuthorizedLicence, ...] = ()
    bundled: tuple[tuple[str, int], ...] = ()


def receive(unit: Unit, verified: VerifiedAuthorization) -> Decision:
    """Judge an authorization request or return and plan its answer."""
    asked, command = verified.request, verified.command
    facts = _facts(unit, verified)
    doubt = verified.brought
    arrival = Arrival(
        pipe=command.pipe,
        uploaded_to=command.uploaded_to,
        located=verified.located,
        doubt=doubt.detail if isinstance(doubt, Problem) else "",
    )
    judgement = judge_authorization(asked, facts, arrival)
    reply = Reply(
        draft=Draft(unit),
        udi=asked.udi,
        digest=verified.digest,
        kind=AnsweredType(asked.TYPE),
        outcome=AuthorizationOutcome,
    )
    # First of all: whoever merely holds the file must not even learn that there is an answer.
    if judgement.code == ELSEWHERE and is_foreign(command, facts.instance):
        return reply.turn_away(judgement)
    # A lost answer is asked for again with the same bytes: nothing is taken or credited twice.
    if facts.known is not None and judgement.verdict is Verdict.SAME:
        return reply.again(replace(facts.known, verdict=Verdict.SAME), facts.instance)
    return _record(reply, verified, facts, judgement)


def _facts(unit: Unit, verified: VerifiedAuthorization) -> AuthorizationFacts:
    facts = unit.store.authorizations.facts(verified.request, verified.digest)
    held = named_by(verified.request)
    # What the ledger knows comes first: there it may stand as given back.
    if facts.named is None and held is not None and isinstance(verified.brought, tuple):
        return replace(facts, named=found_code(verified.brought[0], facts, held))
    return facts


def _record(
    reply: Reply,
    verified: VerifiedAuthorization,
    facts: AuthorizationFacts,
    judgement: AuthorizationJudgement,
) -> Decision:
    draft, known = reply.draft, facts.known
    granted = Granted()
    if judgement.ownership is not None:
        try:
            granted = _granted(draft, verified, facts, judgement.ownership.account)
        except Problem as problem:
            judgement = rejected(problem)
    # Refused as before: a row for each try would let one bad request fill the ledger.
    if known is not None and (judgement.verdict, judgement.code) == (known.verdict, known.code):
        return reply.again(judgement)
    if judgement.code == EPOCH_DEAD:
        # Refused, and still its own signed word that a store was set back, or copied.
        held = named_by(verified.request)
        note_shown(
            draft,
            reply.udi,
            held,
            verified.digest,
            at=verified.request.made_at,
            confirming=False,
        )
    parcel, ownership = Parcel(), judgement.ownership
    if ownership is not None:
        assign(draft, reply.udi, facts.instance, ownership=ownership, by=verified.command.by)
        owner = ownership.account
        parcel = _carry_out(draft, verified, facts, granted=granted, owner=owner)
    # A refused one has a row too: its signed verdict must be provable from the ledger.
    draft.add(_row(verified, judgement, parcel, at=draft.now))
    if ownership is None:
        return reply.refuse(judgement)
    return reply.accept(judgement, ownership.account, parcel, facts.instance)


def _granted(
    draft: Draft, verified: VerifiedAuthorization, facts: AuthorizationFacts, owner: AccountRef
) -> Granted:
    """Return what a request gets; a return gets nothing.

    Raises:
        Problem: ``authorizations-used-up``.
    """
    asked, adopted = verified.request, facts.adopts
    if not isinstance(asked, AuthorizationRequest):
        return Granted()
    licences = wanted(asked.mode, asked.licences, facts.named)
    return take(draft.unit, asked.udi, owner, licences=licences, adopted=adopted)


def take(
    unit: Unit,
    udi: Udi,
    owner: AccountRef,
    *,
    licences: tuple[WantedLicence, ...],
    adopted: ShownCode | None = None,
) -> Granted:
    """Take licences from the pools of an account.

    Commands are decided one after another, each among the rows of those before it: of many for the
    last authorization exactly one gets it.

    Args:
        unit: The page in the making.
        udi: Who is to use them.
        owner: Whose pools.
        licences: All that it is to use.
        adopted: The factory's code that it shows for the first time; its own without a pool.

    Raises:
        Problem: ``authorizations-used-up``.
    """
    held = unit.store.authorizations
    own = dict(held.own(udi))
    own.update((one.tag, one) for one in (() if adopted is None else adopted.licences))
    pools = held.pools(owner, [one.tag for one in licences], without=udi)
    granted = grant(licences, pools, own)
    return Granted(licences=granted, bundled=bundled(granted, own))


def _carry_out(
    draft: Draft,
    verified: VerifiedAuthorization,
    facts: AuthorizationFacts,
    *,
    granted: Granted,
    owner: AccountRef,
) -> Parcel:
    """Issue a code, or take one back; return what goes along with the ACK."""
    asked = verified.request
    companions: list[Companion] = []
    # Before what is issued or given back on top of it.
    _adopt(draft, verified, facts, owner)
    if isinstance(asked, AuthorizationRequest):
        note_shown(draft, asked.udi, asked.held, verified.digest, at=asked.made_at)
        grounds = Grounds(
            granted=granted,
            epoch=next_epoch(facts.highest, asked.mark),
            answers=verified.digest,
        )
        made = issue(draft, asked.udi, owner, grounds)
        companions.append(Companion(AuthorizationCode.TYPE, made))
    else:
        _take_back(draft, verified, asked, facts=facts, owner=owner)
    information = account_information(draft, asked.udi, owner)
    companions.append(Companion(AccountInfo.TYPE, information))
    # Neither document says which root set is held: too many harm nothing, a missing one does.
    number = 1 if facts.instance is None else facts.instance.root_number
    parcel = Parcel(
        root_sets=draft.unit.books.root_sets_above(number), companions=tuple(companions)
    )
    draft.keep_current(parcel.digests)
    return parcel


def _adopt(
    draft: Draft, verified: VerifiedAuthorization, facts: AuthorizationFacts, owner: AccountRef
) -> None:
    """Write down the factory's code: from now on it is known, and known to be given back one day."""
    if facts.adopts is None or not isinstance(verified.brought, tuple):
        return
    code, made = verified.brought
    draft.add(
        AuthorizationAdopted(
            at=draft.now,
            udi=verified.request.udi,
            account=owner,
            code=code.code,
            issued_at=code.issued_at,
            licences=code.licences,
            document=made,
            shown_by=verified.digest,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What an authorization code is issued for.

    Attributes:
        granted: What it authorizes.
        epoch: Its authorization epoch.
        answers: Digest of the request, or null where a person issues it.
        by: That person, or null.
    """

    granted: Granted
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
            licences=grounds.granted.licences,
        )
    )
    draft.add(
        AuthorizationIssued(
            at=draft.now,
            udi=udi,
            account=owner,
            code=code,
            epoch=grounds.epoch,
            licences=grounds.granted.licences,
            order=order,
            document=document,
            by=grounds.by,
            bundled=grounds.granted.bundled,
        )
    )
    return document


def _take_back(
    draft: Draft,
    verified: VerifiedAuthorization,
    returned: AuthorizationReturn,
    *,
    facts: AuthorizationFacts,
    owner: AccountRef,
) -> None:
    # All up to the mark: the product instance signed that none of them unlocks anything there.
    alive = draft.unit.store.authorizations.newest(returned.udi, until=returned.mark)
    code = alive or facts.adopts
    # Given back before, or never issued here: there is nothing to credit.
    if code is None:
        return
    draft.add(
        AuthorizationReturned(
            at=draft.now,
            udi=returned.udi,
            # Of the account whose pool gains, also where the product instance was moved since.
            account=owner if alive is None else alive.account,
            code=code.code,
            mark=returned.mark,
            return_code=returned.return_code,
            proof=verified.digest,
            by=verified.command.by if verified.located else None,
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
