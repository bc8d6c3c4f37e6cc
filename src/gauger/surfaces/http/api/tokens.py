"""ID tokens and orders of a Virtual Account."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field

from gauger.core.authority.commands import (
    MOST_DEVICES,
    MOST_LINES,
    DepositOrder,
    OrderLine,
    RevokeToken,
)
from gauger.cssm.access import Action
from gauger.cssm.commands.accounts import (
    MAXIMUM_TOKEN_DAYS,
    MAXIMUM_TOKEN_USES,
    TokenTerms,
    issue_token,
)
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
    NumberPagingDep,
    Page,
    Taken,
    UdiGiven,
    UdiTaken,
    Words,
    page,
)

virtual = router(VIRTUAL, "tokens and orders")

Days = Annotated[int, Field(ge=1, le=MAXIMUM_TOKEN_DAYS)]
Uses = Annotated[int, Field(ge=1, le=MAXIMUM_TOKEN_USES)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Seconds = Annotated[int, Field(ge=0, lt=2**53)]


class NewIdToken(Taken):
    """An ID token to make; without days it lasts as long as the portal's default."""

    days: Days | None = None
    uses: Uses | None = None
    export_controlled: bool = True
    description: Words = ""


class IdTokenSecret(Given):
    """An ID token: its text is shown this one time."""

    token_id: int
    token: str
    expires_at: int


class IdToken(Given):
    """An ID token as listed: without its text."""

    token_id: int
    hint: str
    description: str
    issued_at: int
    expires_at: int
    uses: int | None
    used: int
    export_controlled: bool
    state: str
    by: str


class Line(Taken):
    """One licence of an order; `end` is the first second after its term."""

    tag: Annotated[str, Field(min_length=1, max_length=256)]
    name: Name
    quantity: Count
    term: Literal["perpetual", "subscription"] = "perpetual"
    start: Seconds | None = None
    end: Seconds | None = None


class NewOrder(Taken):
    """An order whose licences are deposited; its devices belong to the account from now on."""

    order_number: Name
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MOST_LINES, strict=False)]
    devices: Annotated[tuple[UdiTaken, ...], Field(max_length=MOST_DEVICES, strict=False)] = ()


class OrderLineGiven(Given):
    """One licence of a deposited order."""

    tag: str
    name: str
    quantity: int
    term: str
    start: int
    end: int | None


class Order(Given):
    """A deposited order."""

    order_id: int
    account: AccountName
    order_number: str
    deposited_at: int
    by: str
    lines: tuple[OrderLineGiven, ...]
    devices: tuple[UdiGiven, ...]


class Deposited(Given):
    """An order was deposited."""

    order_number: str


@virtual.get("/tokens", openapi_extra=needs(Action.VIEW))
def list_tokens(portal: PortalDep, account: AccountDep, paging: NumberPagingDep) -> Page[IdToken]:
    """List the ID tokens, without their texts."""
    now = portal.means.clock.wall()
    with portal.means.readers.lend() as reader:
        rows = reader.tokens(account, now=now, after=paging.after, limit=paging.limit)
    return page(rows, IdToken, paging.limit, lambda row: row.token_id)


@virtual.post("/tokens", status_code=201, openapi_extra=needs(Action.USE))
def add_token(
    body: NewIdToken, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> IdTokenSecret:
    """Make an ID token; the answer is the one time that its text is shown."""
    terms = TokenTerms(
        days=body.days or portal.config.guarding.token_days,
        uses=body.uses,
        export_controlled=body.export_controlled,
        description=body.description,
    )
    means = portal.means
    made = issue_token(means.authority, means.entropy, account, terms=terms, by=str(caller))
    return IdTokenSecret(token_id=made.token_id, token=made.text, expires_at=made.expires_at)


@virtual.post("/tokens/{token_id}/revoke", status_code=204, openapi_extra=needs(Action.USE))
def revoke_token(
    token_id: Annotated[int, Path(ge=0, lt=2**53)],
    portal: PortalDep,
    caller: CallerDep,
    account: AccountDep,
) -> None:
    """End an ID token at once."""
    command = RevokeToken(account=account, token_id=token_id, by=str(caller))
    portal.means.authority.execute(command)


@virtual.get("/orders", openapi_extra=needs(Action.VIEW))
def list_orders(portal: PortalDep, account: AccountDep, paging: NumberPagingDep) -> Page[Order]:
    """List the orders that were deposited."""
    with portal.means.readers.lend() as reader:
        rows = reader.orders(account, after=paging.after, limit=paging.limit)
    return page(rows, Order, paging.limit, lambda row: row.order_id)


@virtual.post("/orders", status_code=201, openapi_extra=needs(Action.DEPOSIT))
def add_order(
    body: NewOrder, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> Deposited:
    """Deposit the licences of an order."""
    now = portal.means.clock.wall()
    portal.means.authority.execute(
        DepositOrder(
            account=account,
            order_number=body.order_number,
            lines=tuple(_line(one, now) for one in body.lines),
            devices=tuple(one.udi() for one in body.devices),
            by=str(caller),
        )
    )
    return Deposited(order_number=body.order_number)


def _line(line: Line, now: int) -> OrderLine:
    return OrderLine(
        tag=line.tag,
        name=line.name,
        quantity=line.quantity,
        term=line.term,
        # Fixed here and not by the ledger's clock, so that all lines of an order begin as one.
        start=now if line.start is None else line.start,
        end=line.end,
    )
