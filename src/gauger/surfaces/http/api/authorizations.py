"""Authorization codes: what an account may give out, what was issued, and returns by hand."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from pydantic import Field

from gauger.core.authority.commands import (
    FetchAuthorization,
    IssueAuthorization,
    ReturnByHand,
    SetAuthorizations,
)
from gauger.core.authority.outcomes import AuthorizationOutcome, CodeOutcome, Verdict
from gauger.core.documents.authorization_code import (
    LONGEST_TAG,
    MOST_COUNT,
    MOST_LICENCES,
    confirmation_code,
)
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.cssm.access import Action
from gauger.cssm.commands.accounts import expect, instance_of
from gauger.cssm.commands.answers import answer_bytes
from gauger.cssm.portal import Portal
from gauger.surfaces.http.api.guard import (
    VIRTUAL,
    AccountDep,
    CallerDep,
    PortalDep,
    needs,
    router,
)
from gauger.surfaces.http.api.models import (
    AccountName,
    Given,
    Name,
    NumberPaging,
    Page,
    PagingDep,
    Taken,
    UdiGiven,
    UdiTaken,
    page,
)

virtual = router(VIRTUAL, "authorization codes")

FILE = "application/xml"

Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]
# In the query, never in the path: a product id may hold a slash.
UdiPart = Annotated[str, Query(min_length=1, max_length=64)]
AnyUdiPart = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class CodePaging(NumberPaging):
    """Which authorization codes: of one product instance, or of all."""

    udi_pid: AnyUdiPart = ""
    udi_serial_number: AnyUdiPart = ""

    @property
    def udi(self) -> Udi | None:
        """The product instance, or None for all."""
        if not self.udi_pid and not self.udi_serial_number:
            return None
        return Udi(self.udi_pid, self.udi_serial_number)


CodePagingDep = Annotated[CodePaging, Depends()]


class NewPool(Taken):
    """How many authorizations of a licence the account has to give out."""

    tag: Tag
    name: Name
    term: Literal["perpetual", "subscription"] = "perpetual"
    quantity: Annotated[int, Field(ge=0, le=10**9)]


class Pool(Given):
    """What an account may authorize of one licence; `given` is what product instances hold."""

    tag: str
    name: str
    term: str
    quantity: int
    given: int
    left: int
    set_at: int
    by: str


class Wanted(Taken):
    """One licence to authorize."""

    tag: Tag
    count: Annotated[int, Field(ge=1, le=MOST_COUNT)] = 1


class NewAuthorization(Taken):
    """A code for a product instance that did not ask for one itself."""

    udi: UdiTaken
    mode: Literal["add", "replace"] = "add"
    licences: Annotated[
        tuple[Wanted, ...], Field(min_length=1, max_length=MOST_LICENCES, strict=False)
    ]


class Issued(Given):
    """A code was issued; the product instance shows the confirmation code once it holds it."""

    udi: UdiGiven
    epoch: int
    confirmation_code: str


class Licence(Given):
    """One licence of a code."""

    tag: str
    name: str
    count: int
    term: str


class Authorization(Given):
    """An authorization code and what has become of it; one of `factory` took nothing from a pool."""

    authorization_id: int
    account: AccountName
    udi: UdiGiven
    code: str
    epoch: int
    origin: str
    state: str
    confirmation_code: str
    licences: tuple[Licence, ...]
    issued_at: int
    confirmed_at: int | None
    ended_at: int | None
    return_code: str | None
    misused_at: int | None
    by: str | None


class HandedBack(Taken):
    """A return code that a person read off a product instance."""

    udi: UdiTaken
    return_code: Annotated[str, Field(min_length=1, max_length=64)]


class ReturnTaken(Given):
    """A return was taken."""

    udi: UdiGiven
    verdict: str
    flags: tuple[str, ...]


@virtual.get("/authorization-pools", openapi_extra=needs(Action.VIEW))
def list_pools(portal: PortalDep, account: AccountDep, paging: PagingDep) -> Page[Pool]:
    """List what the account may authorize, by entitlement tag."""
    with portal.means.readers.lend() as reader:
        rows = reader.authorization_pools(account, after=paging.after, limit=paging.limit)
    return page(rows, Pool, paging.limit, lambda row: row.tag)


@virtual.put("/authorization-pool", status_code=204, openapi_extra=needs(Action.DEPOSIT))
def set_pool(body: NewPool, portal: PortalDep, caller: CallerDep, account: AccountDep) -> None:
    """Set how many authorizations of a licence the account has to give out."""
    portal.means.authority.execute(
        SetAuthorizations(
            account=account,
            tag=body.tag,
            name=body.name,
            term=body.term,
            quantity=body.quantity,
            by=str(caller),
        )
    )


@virtual.get("/authorizations", openapi_extra=needs(Action.VIEW))
def list_authorizations(
    portal: PortalDep, account: AccountDep, paging: CodePagingDep
) -> Page[Authorization]:
    """List the authorization codes of the account, or of one of its product instances."""
    with portal.means.readers.lend() as reader:
        rows = reader.authorizations(account, paging.udi, after=paging.after, limit=paging.limit)
    return page(rows, Authorization, paging.limit, lambda row: row.authorization_id)


@virtual.post("/authorizations", status_code=201, openapi_extra=needs(Action.MANAGE))
def issue_authorization(
    body: NewAuthorization, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> Issued:
    """Issue a code that its product instance did not ask for; it is carried there as a file."""
    udi = body.udi.udi()
    _require_here(portal, account, udi)
    command = IssueAuthorization(
        udi=udi,
        mode=body.mode,
        licences=tuple((one.tag, one.count) for one in body.licences),
        by=str(caller),
    )
    made = expect(portal.means.authority.execute(command), CodeOutcome)
    given = UdiGiven.model_validate(udi)
    confirmation = confirmation_code(made.document)
    return Issued(udi=given, epoch=made.epoch, confirmation_code=confirmation)


# A GET that may write: a code whose signer has ended is put under one of today first.
@virtual.get(
    "/authorization/file",
    openapi_extra=needs(Action.USE),
    response_class=Response,
    responses={200: {"content": {FILE: {}}, "description": "The signed code."}},
)
def download_authorization(
    portal: PortalDep, account: AccountDep, udi_pid: UdiPart, udi_serial_number: UdiPart
) -> Response:
    """Download the newest code of a product instance as a file that it imports."""
    udi = Udi(udi_pid, udi_serial_number)
    _require_here(portal, account, udi)
    found = portal.means.authority.execute(FetchAuthorization(udi=udi))
    content = answer_bytes([expect(found, CodeOutcome).answer])
    headers = {"Content-Disposition": 'attachment; filename="authorization.xml"'}
    return Response(content, media_type=FILE, headers=headers)


@virtual.post("/authorizations/return", openapi_extra=needs(Action.MANAGE))
def return_authorization(
    body: HandedBack, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> ReturnTaken:
    """Complete a return whose file did not lead to its product instance."""
    udi = body.udi.udi()
    _require_here(portal, account, udi)
    command = ReturnByHand(udi=udi, return_code=body.return_code, by=str(caller))
    outcome = expect(portal.means.authority.execute(command), AuthorizationOutcome)
    if outcome.verdict is Verdict.REJECTED:
        raise Problem(outcome.code or outcome.verdict.value, outcome.detail)
    given = UdiGiven.model_validate(udi)
    return ReturnTaken(udi=given, verdict=outcome.verdict.value, flags=outcome.flags)


def _require_here(portal: Portal, account: AccountRef, udi: Udi) -> None:
    # The role that was checked is for the account of the path: another's device is not found.
    with portal.means.readers.lend() as reader:
        instance_of(reader, account, udi)
