"""Product instances: listed, searched, shown with what they use, moved."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from fastapi import Depends, Query

from gauger.core.identity import Udi
from gauger.cssm.access import Action
from gauger.cssm.commands.accounts import instance_of, move_instance
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
from gauger.surfaces.http.api.models import (
    AccountName,
    AccountTaken,
    Given,
    NumberPaging,
    Page,
    Taken,
    UdiGiven,
    UdiTaken,
    page,
)

top = router("", "product instances")
smart = router(SMART, "product instances")
virtual = router(VIRTUAL, "product instances")

# In the query, never in the path: a product id may hold a slash.
UdiPart = Annotated[str, Query(min_length=1, max_length=64)]


class Asked(TypedDict):
    """What narrows a list of product instances."""

    search: str
    silent: bool
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class InstancePaging(NumberPaging):
    """Which product instances.

    `search` is the beginning of a product id or serial number; `silent` leaves alerts only: those
    that have not reported in time.
    """

    # The beginning only: an index finds that; a piece from the middle means a look at each device.
    search: Annotated[str, Query(max_length=64)] = ""
    silent: Annotated[bool, Query()] = False

    def asked(self) -> Asked:
        """Return what the reader is asked for."""
        return {
            "search": self.search,
            "silent": self.silent,
            "after": self.after,
            "limit": self.limit,
        }


InstancePagingDep = Annotated[InstancePaging, Depends()]


class Usage(Given):
    """What one product instance uses of one licence."""

    # Of a vendor's reports too, which nobody can verify: each row says of which kind it is.
    tag: str
    name: str
    in_use: int
    observed_until: int
    count_seconds: int
    verified: bool


class Instance(Given):
    """A product instance; `usage` is empty in lists."""

    instance_id: int
    udi: UdiGiven
    account: AccountName | None
    # Named by an upload alone: a document of the device itself may say otherwise yet.
    provisional: bool
    generation: int
    verified: bool
    first_seen_at: int
    last_report_at: int | None
    software_version: str | None
    gaps: int
    open_cases: int
    flags: tuple[str, ...]
    silent_since: int | None
    usage: tuple[Usage, ...]


class Move(Taken):
    """A product instance to move, and whereto."""

    udi: UdiTaken
    to: AccountTaken


class Moved(Given):
    """A product instance was moved."""

    udi: UdiGiven
    origin: AccountName | None
    to: AccountName


@virtual.get("/instances", openapi_extra=needs(Action.VIEW))
def list_instances(
    portal: PortalDep, account: AccountDep, paging: InstancePagingDep
) -> Page[Instance]:
    """List the product instances of a Virtual Account."""
    with portal.means.readers.lend() as reader:
        rows = reader.instances(account, **paging.asked())
    return page(rows, Instance, paging.limit, lambda row: row.instance_id)


# A permission of its own: who may see one Virtual Account does not see its siblings' devices.
@smart.get("/instances", openapi_extra=needs(Action.VIEW_SMART))
def list_smart_instances(
    portal: PortalDep, domain: DomainDep, paging: InstancePagingDep
) -> Page[Instance]:
    """List the product instances of a Smart Account."""
    with portal.means.readers.lend() as reader:
        rows = reader.instances(smart_account=domain, **paging.asked())
    return page(rows, Instance, paging.limit, lambda row: row.instance_id)


# The vendor's alone: nobody else sees the devices that nobody has claimed.
@top.get("/instances", openapi_extra=needs(Action.OPERATE))
def list_all_instances(portal: PortalDep, paging: InstancePagingDep) -> Page[Instance]:
    """List the product instances of all accounts, and those of nobody."""
    with portal.means.readers.lend() as reader:
        rows = reader.instances(**paging.asked())
    return page(rows, Instance, paging.limit, lambda row: row.instance_id)


@virtual.get("/instance", openapi_extra=needs(Action.VIEW))
def show_instance(
    portal: PortalDep, account: AccountDep, udi_pid: UdiPart, udi_serial_number: UdiPart
) -> Instance:
    """Show one product instance with what it uses."""
    with portal.means.readers.lend() as reader:
        row = instance_of(reader, account, Udi(udi_pid, udi_serial_number))
    return Instance.model_validate(row)


@virtual.post("/instances/move", openapi_extra=needs(Action.MANAGE))
def move(body: Move, portal: PortalDep, caller: CallerDep, account: AccountDep) -> Moved:
    """Move a product instance, its usage with it, to another Virtual Account."""
    udi = body.udi.udi()
    with portal.means.readers.lend() as reader:
        # The role that was checked is for the account of the path: only what lies there may leave.
        instance_of(reader, account, udi)
    moved = move_instance(portal.means.authority, caller, udi, origin=account, to=body.to.ref())
    return Moved.model_validate(moved)
