"""The event log, and what anyone may check of the ledger."""

import base64

from fastapi import APIRouter

from gauger.authority.views import HeadRow
from gauger.core.problems import Problem
from gauger.cssm.access import Action
from gauger.surfaces.http.api.guard import (
    AccountDep,
    GuardedRoute,
    PortalDep,
    ScopeDep,
    needs,
)
from gauger.surfaces.http.api.models import AccountName, AfterNumber, Given, Limit, Page, page

router = APIRouter(route_class=GuardedRoute, tags=["events and ledger"])


class Event(Given):
    """An audited event."""

    event_id: int
    page: int
    at: int
    kind: str
    account: AccountName | None
    subject: str
    detail: str
    by: str | None


class Head(Given):
    """A head of the ledger: `body` is the exact text that `signature` (base64) covers."""

    ledger: str
    epoch: int
    pages: int
    body: str
    digest: str
    signature: str | None
    chain: list[str]
    time: int


class Proof(Given):
    """A path of RFC 9162 hashes, hexadecimal."""

    path: list[str]


@router.get(
    "/accounts/{smart_account}/virtual-accounts/{virtual_account}/events",
    openapi_extra=needs(Action.VIEW),
)
def list_account_events(
    portal: PortalDep,
    account: AccountDep,
    after: AfterNumber = 0,
    limit: Limit = 100,
    newest_first: bool = False,  # noqa: FBT001, FBT002 -- a field of the query
) -> Page[Event]:
    """List the events of a Virtual Account."""
    with portal.means.readers.lend() as reader:
        rows = reader.events(account, after=after, limit=limit, newest_first=newest_first)
    return page(rows, Event, limit, lambda row: row.event_id)


@router.get("/accounts/{smart_account}/events", openapi_extra=needs(Action.VIEW_SMART))
def list_smart_events(
    portal: PortalDep,
    scope: ScopeDep,
    after: AfterNumber = 0,
    limit: Limit = 100,
    newest_first: bool = False,  # noqa: FBT001, FBT002 -- a field of the query
) -> Page[Event]:
    """List the events of a Smart Account."""
    domain = scope.smart_account
    with portal.means.readers.lend() as reader:
        rows = reader.events(
            smart_account=domain, after=after, limit=limit, newest_first=newest_first
        )
    return page(rows, Event, limit, lambda row: row.event_id)


@router.get("/events", openapi_extra=needs(Action.OPERATE))
def list_all_events(
    portal: PortalDep,
    after: AfterNumber = 0,
    limit: Limit = 100,
    newest_first: bool = False,  # noqa: FBT001, FBT002 -- a field of the query
) -> Page[Event]:
    """List the events of all accounts and of the portal itself."""
    with portal.means.readers.lend() as reader:
        rows = reader.events(after=after, limit=limit, newest_first=newest_first)
    return page(rows, Event, limit, lambda row: row.event_id)


@router.get("/ledger/head", openapi_extra=needs(Action.SELF))
def show_head(portal: PortalDep, page: AfterNumber | None = None) -> Head:
    """Show the newest head of the ledger, or that of one page."""
    with portal.means.readers.lend() as reader:
        row = reader.head() if page is None else reader.head_at(page)
    if row is None:
        raise Problem("not-found", "The ledger has no such page.")
    return _head(row)


@router.get("/ledger/inclusion", openapi_extra=needs(Action.SELF))
def show_inclusion(portal: PortalDep, page: AfterNumber) -> Proof:
    """Prove that a page stands in the ledger that the newest head closes over."""
    with portal.means.readers.lend() as reader:
        path = reader.inclusion_proof(page)
    return Proof(path=[node.hex() for node in path])


@router.get("/ledger/consistency", openapi_extra=needs(Action.SELF))
def show_consistency(portal: PortalDep, first: AfterNumber, second: AfterNumber) -> Proof:
    """Prove that the ledger of `second` pages goes on from that of `first`."""
    with portal.means.readers.lend() as reader:
        path = reader.consistency_proof(first, second)
    return Proof(path=[node.hex() for node in path])


def _head(row: HeadRow) -> Head:
    signature = base64.b64encode(row.signature).decode("ascii") if row.signature else None
    return Head(
        ledger=row.ledger,
        epoch=row.epoch,
        pages=row.pages,
        body=row.body.decode("utf-8"),
        digest=row.digest,
        signature=signature,
        chain=[base64.b64encode(one).decode("ascii") for one in row.chain],
        time=row.time,
    )
