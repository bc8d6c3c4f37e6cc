"""What people do about authorization codes: pools, codes without a request, returns by hand."""

from typing import Final

from gauger.authority.administration import MOST_QUANTITY, TERMS, require_account
from gauger.authority.answers import AnswerPlan, account_information
from gauger.authority.authorizations import Grounds, VerifiedAuthorization, issue, receive, take
from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.factory_codes import brought_now
from gauger.core.authority.authorization import next_epoch, wanted
from gauger.core.authority.authorization_rows import AuthorizationsSet
from gauger.core.authority.commands import (
    FetchAuthorization,
    IssueAuthorization,
    Pipe,
    ReceiveAuthorization,
    ReturnByHand,
    SetAuthorizations,
)
from gauger.core.authority.outcomes import CodeOutcome, Done
from gauger.core.documents.authorization_code import LONGEST_TAG, MOST_COUNT, MOST_LICENCES
from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.authorization_request import Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem

_LONGEST_NAME: Final = 128


def set_authorizations(unit: Unit, command: SetAuthorizations) -> Decision:
    """Set how many authorizations of a licence an account has.

    Raises:
        Problem: ``not-found``; ``invalid-argument``; ``conflict`` where more are given out.
    """
    require_account(unit, command.account)
    _check(command)
    pools = unit.store.authorizations.pools(command.account, (command.tag,))
    given = pools[command.tag].others if command.tag in pools else 0
    # Those who hold a code use it by right: fewer than that would make what is left negative.
    if command.quantity < given:
        detail = f"{given} of {command.name} are given out: have some of them returned first."
        raise Problem("conflict", detail)
    draft = Draft(unit)
    draft.add(
        AuthorizationsSet(
            at=draft.now,
            account=command.account,
            tag=command.tag,
            name=command.name,
            term=command.term,
            quantity=command.quantity,
            by=command.by,
        )
    )
    return plain(draft, Done())


def _check(command: SetAuthorizations) -> None:
    if not 1 <= len(command.tag) <= LONGEST_TAG or not 1 <= len(command.name) <= _LONGEST_NAME:
        detail = f"Tag and name have 1 to {LONGEST_TAG} and 1 to {_LONGEST_NAME} characters."
        raise Problem("invalid-argument", detail)
    if not 0 <= command.quantity <= MOST_QUANTITY:
        raise Problem("invalid-argument", f"The quantity is 0 to {MOST_QUANTITY}.")
    if command.term not in TERMS:
        raise Problem("invalid-argument", f"The term is one of {', '.join(TERMS)}.")


def issue_authorization(unit: Unit, command: IssueAuthorization) -> Decision:
    """Issue a code that no product instance asked for.

    Raises:
        Problem: ``not-found``, ``no-account``, ``invalid-argument``, ``authorizations-used-up``.
    """
    udi, owner = command.udi, _owner(unit, command.udi)
    asked = _asked(command)
    held = unit.store.authorizations.newest(udi)
    granted = take(unit, udi, owner, licences=wanted(Mode(command.mode), asked, held))
    epoch = next_epoch(unit.store.authorizations.highest(udi), None)
    draft = Draft(unit)
    made = issue(draft, udi, owner, Grounds(granted=granted, epoch=epoch, by=command.by))
    return _carried(draft, udi, owner, made, epoch=epoch)


def _asked(command: IssueAuthorization) -> tuple[WantedLicence, ...]:
    if command.mode not in tuple(Mode):
        raise Problem("invalid-argument", f"The mode is one of {', '.join(Mode)}.")
    licences = dict(command.licences)
    if not 1 <= len(licences) == len(command.licences) <= MOST_LICENCES:
        detail = f"A code names 1 to {MOST_LICENCES} licences, each once."
        raise Problem("invalid-argument", detail)
    if not all(1 <= count <= MOST_COUNT for count in licences.values()):
        raise Problem("invalid-argument", f"A count is 1 to {MOST_COUNT}.")
    return tuple(WantedLicence(tag=tag, count=count) for tag, count in licences.items())


def fetch_authorization(unit: Unit, command: FetchAuthorization) -> Decision:
    """Give the newest code of a product instance, to be carried to it.

    Raises:
        Problem: ``not-found`` where its account issued none; ``no-account``.
    """
    owner = _owner(unit, command.udi)
    held = unit.store.authorizations.to_send(command.udi, owner)
    if held is None:
        raise Problem("not-found", f"{command.udi} has no authorization code of {owner}.")
    return _carried(Draft(unit), command.udi, owner, held.document, epoch=held.epoch)


def _carried(
    draft: Draft,
    udi: Udi,
    owner: AccountRef,
    document: Digest,
    *,
    epoch: int,
) -> Decision:
    # Account information as well: a device that never had any obeys no ledger yet.
    companions = (account_information(draft, udi, owner), document)
    draft.keep_current(companions)
    plan = AnswerPlan(
        udi=udi,
        answers=document,
        # All of them: nobody says which one the device holds.
        root_sets=draft.unit.books.root_sets_above(1),
        acknowledgments=(),
        companions=companions,
    )
    return Decision(
        draft=draft,
        finish=lambda resolve: CodeOutcome(
            document=document, epoch=epoch, answer=plan.resolve(resolve)
        ),
    )


def _owner(unit: Unit, udi: Udi) -> AccountRef:
    instance = unit.store.facts.instance(udi)
    if instance is None:
        raise Problem("not-found", f"There is no product instance {udi}.")
    if instance.account is None:
        raise Problem("no-account", f"{udi} belongs to no account yet.")
    return instance.account


def return_by_hand(unit: Unit, command: ReturnByHand) -> Decision:
    """Take a return whose product instance a person found.

    The code alone proves nothing: only the return that the product instance signed, which was
    uploaded before, says that its code is gone.

    Raises:
        Problem: ``not-found`` where no such return was uploaded.
    """
    found = unit.store.authorizations.signed_return(command.udi, command.return_code)
    if found is None:
        detail = (
            f"No return of {command.udi} with this code is here: upload the file that `license "
            "smart authorization return` saved."
        )
        raise Problem("not-found", detail)
    text, known = found
    returned = AuthorizationReturn.from_document(read_authorization_item(text))
    verified = VerifiedAuthorization(
        command=ReceiveAuthorization(document=text, pipe=Pipe.API, by=command.by),
        # Its signature was verified when it came in; a row is only written of one that holds.
        request=returned,
        text=text,
        digest=known,
        located=True,
        brought=brought_now(unit, returned.removed, returned.udi),
    )
    return receive(unit, verified)
