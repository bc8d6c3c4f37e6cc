"""The event log, and what anyone may check of the ledger."""

import base64
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from gauger.authority.views import HeadRow
from gauger.core.problems import Problem
from gauger.cssm.access import Action
from gauger.surfaces.http.api.guard import (
    SMART,
    VIRTUAL,
    AccountDep,
    DomainDep,
    PortalDep,
    needs,
    router,
)
from gauger.surfaces.http.api.models import AccountName, Given, NumberPaging, Page, page

top = router("", "events and ledger")
smart = router(SMART, "events and ledger")
virtual = router(VIRTUAL, "events and ledger")

PageNumber = Annotated[int, Query(ge=0, lt=2**53)]


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


@dataclass(frozen=True, slots=True)
class EventPaging(NumberPaging):
    """Which part of the event log, and from which end."""

    newest_first: bool = False


EventPagingDep = Annotated[EventPaging, Depends()]


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


@virtual.get(
    "/events",
    openapi_extra=needs(Action.VIEW),
)
def list_account_events(
    portal: PortalDep,
    account: AccountDep,
    paging: EventPagingDep,
) -> Page[Event]:
    """List the events of a Virtual Account."""
    with portal.means.readers.lend() as reader:
        rows = reader.events(
            account, after=paging.after, limit=paging.limit, newest_first=paging.newest_first
        )
    return page(rows, Event, paging.limit, lambda row: row.event_id)


@smart.get("/events", openapi_extra=needs(Action.VIEW_SMART))
def list_smart_events(
    portal: PortalDep,
    domain: DomainDep,
    paging: EventPagingDep,
) -> Page[Event]:
    """List the events of a Smart Account."""
    with portal.means.readers.lend() as reader:
        rows = reader.events(
            smart_account=domain,
            after=paging.after,
            limit=paging.limit,
            newest_first=paging.newest_first,
        )
    return page(rows, Event, paging.limit, lambda row: row.event_id)


@top.get("/events", openapi_extra=needs(Action.OPERATE))
def list_all_events(
    portal: PortalDep,
    paging: EventPagingDep,
) -> Page[Event]:
    """List the events of all accounts and of the portal itself."""
    with portal.means.readers.lend() as reader:
        rows = reader.events(
            after=paging.after, limit=paging.limit, newest_first=paging.newest_first
        )
    return page(rows, Event, paging.limit, lambda row: row.event_id)


# For whoever may call at all: heads and proofs tell nothing of any account, and show a fork.
@top.get("/ledger/head", openapi_extra=needs(Action.SELF))
def show_head(portal: PortalDep, page: PageNumber | None = None) -> Head:
    """Show the newest head of the ledger, or that of one page."""
    with portal.means.readers.lend() as reader:
        row = reader.head() if page is None else reader.head_at(page)
    if row is None:
        raise Problem("not-found", "The ledger has no such page.")
    return _head(row)


@top.get("/ledger/inclusion", openapi_extra=needs(Action.SELF))
def show_inclusion(portal: PortalDep, page: PageNumber) -> Proof:
    """Prove that a page stands in the ledger that the newest head closes over."""
    with portal.means.readers.lend() as reader:
        path = reader.inclusion_proof(page)
    return Proof(path=[node.hex() for node in path])


@top.get("/ledger/consistency", openapi_extra=needs(Action.SELF))
def show_consistency(portal: PortalDep, first: PageNumber, second: PageNumber) -> Proof:
    """Prove that the ledger of `second` pages goes on from that of `first`."""
    with portal.means.readers.lend() as reader:
        # Of O(log n) nodes, however many pages lie between.
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
