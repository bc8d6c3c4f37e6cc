"""Reporting policies: the default, custom ones, and the signed policy as a file."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Response
from pydantic import Field

from gauger.core.authority.commands import AssignPolicy, FetchPolicy
from gauger.core.authority.outcomes import PolicyOutcome
from gauger.core.documents.smart_license import write_file
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Policy, Rule, validate
from gauger.core.problems import Problem
from gauger.cssm.access import Action, Caller
from gauger.cssm.commands.accounts import expect
from gauger.cssm.commands.answers import document_item
from gauger.cssm.portal import Portal
from gauger.surfaces.http.api.guard import (
    SMART,
    VIRTUAL,
    AccountDep,
    CallerDep,
    DomainDep,
    PortalDep,
    needs,
    router,
)
from gauger.surfaces.http.api.models import Given, Taken, models

top = router("", "policies")
smart = router(SMART, "policies")
virtual = router(VIRTUAL, "policies")

FILE = "application/xml"


class Requirements(Taken):
    """What a policy asks of one group of licences, in days; 0 is no requirement."""

    # Without bounds here: the rule itself has them, for files and commands as well.
    first_report: int
    frequency: int
    on_change: int


class NewPolicy(Taken):
    """A policy to assign; a group that is left out keeps the default's requirements."""

    name: Annotated[str, Field(min_length=1, max_length=128)]
    ack_required: bool = True
    # No more than there are groups, so it needs no limit; an unknown group is refused.
    rules: dict[Annotated[Group, Field(strict=False)], Requirements]


class PolicyGiven(Given):
    """An assignment; the rules are (first report, frequency, on change) in days by group."""

    smart_account: str | None
    virtual_account: str | None
    name: str
    ack_required: bool
    rules: dict[str, tuple[int, int, int]]
    assigned_at: int
    by: str
    # None where no document was made yet: for more than one account that waits until one asks.
    version: int | None


# Without paging: there are three at most, of the account, its Smart Account and everybody.
@virtual.get("/policies", openapi_extra=needs(Action.VIEW))
def list_policies(portal: PortalDep, account: AccountDep) -> list[PolicyGiven]:
    """List the assignments that concern an account, the one in force first."""
    return _policies(portal, account)


@virtual.put("/policy", openapi_extra=needs(Action.MANAGE))
def set_policy(
    body: NewPolicy, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> list[PolicyGiven]:
    """Assign a policy to a Virtual Account."""
    _assign(portal, caller, body, smart=account.smart_account, virtual=account.virtual_account)
    return _policies(portal, account)


@smart.put("/policy", status_code=204, openapi_extra=needs(Action.MANAGE_SMART))
def set_smart_policy(
    body: NewPolicy, portal: PortalDep, caller: CallerDep, domain: DomainDep
) -> None:
    """Assign a policy to a whole Smart Account."""
    _assign(portal, caller, body, smart=domain, virtual=None)


@top.put("/policy", status_code=204, openapi_extra=needs(Action.OPERATE))
def set_default_policy(body: NewPolicy, portal: PortalDep, caller: CallerDep) -> None:
    """Assign the policy of all accounts that have none of their own."""
    _assign(portal, caller, body, smart=None, virtual=None)


# A GET that may write: the document is made and signed where nobody has asked for it before.
@virtual.get(
    "/policy/file",
    openapi_extra=needs(Action.VIEW),
    response_class=Response,
    responses={200: {"content": {FILE: {}}, "description": "The signed policy."}},
)
def download_policy(portal: PortalDep, account: AccountDep) -> Response:
    """Download the signed policy of an account as a file that a product instance imports."""
    outcome = expect(portal.means.authority.execute(FetchPolicy(account=account)), PolicyOutcome)
    if outcome.document is None:
        raise Problem("not-found", f"There is no policy document for {account}.")
    content = b"".join(write_file([document_item(outcome.document)]))
    # A fixed name: that of the policy is a person's words, and could break the header.
    headers = {"Content-Disposition": 'attachment; filename="policy.xml"'}
    return Response(content, media_type=FILE, headers=headers)


def _policies(portal: Portal, account: AccountRef) -> list[PolicyGiven]:
    with portal.means.readers.lend() as reader:
        return models(reader.policies(account), PolicyGiven)


def _assign(
    portal: Portal, caller: Caller, body: NewPolicy, *, smart: str | None, virtual: str | None
) -> None:
    command = AssignPolicy(
        smart_account=smart,
        virtual_account=virtual,
        policy=_policy(body.name, body.rules, ack_required=body.ack_required),
        by=str(caller),
    )
    portal.means.authority.execute(command)


def _policy(name: str, rules: Mapping[Group, Requirements], *, ack_required: bool) -> Policy:
    given = {
        group: Rule(one.first_report, one.frequency, one.on_change) for group, one in rules.items()
    }
    return validate(name=name, ack_required=ack_required, rules=given)
