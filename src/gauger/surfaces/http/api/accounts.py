"""Smart and Virtual Accounts, their options, balance and events."""

from gauger.core.authority.commands import OpenVirtualAccount, Option, SetAccountOption
from gauger.core.identity import AccountRef
from gauger.cssm.access import Action
from gauger.cssm.commands.accounts import (
    find_smart_account,
    open_smart_account,
    smart_accounts_of,
    virtual_accounts_of,
)
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
    Given,
    Name,
    Page,
    PagingDep,
    Taken,
    Words,
    page,
)

top = router("", "accounts")
smart = router(SMART, "accounts")
virtual = router(VIRTUAL, "accounts")


class SmartAccount(Given):
    """A Smart Account."""

    domain: str
    name: str
    opened_at: int
    virtual_accounts: int


class NewSmartAccount(Taken):
    """A Smart Account to open; its domain is its name for ever."""

    # Its form is the use case's to judge: a domain that is none is refused with what one is like.
    domain: Name
    name: Words


class VirtualAccount(Given):
    """A Virtual Account."""

    account: AccountName
    description: str
    opened_at: int
    instances: int
    count_unverified: bool


class NewVirtualAccount(Taken):
    """A Virtual Account to open; its name stays for ever."""

    name: Name
    description: Words = ""


class Options(Taken):
    """What an account switches."""

    # No defaults: a caller who leaves an option out would switch it without a word.
    count_unverified: bool


class Balance(Given):
    """Purchased, in use and balance of one licence; a shortage is a balance below zero."""

    tag: str
    name: str
    purchased: int
    in_use: int
    balance: int
    # Told beside the balance: who adds up shortages must not set one licence off by another.
    shortage: int
    unverified_in_use: int


@top.get("/accounts", openapi_extra=needs(Action.LIST))
def list_smart_accounts(
    portal: PortalDep, caller: CallerDep, paging: PagingDep
) -> Page[SmartAccount]:
    """List the Smart Accounts in reach of the caller, by domain."""
    # Whoever may call at all may list, so what is in reach is picked here and by no permission.
    with portal.means.readers.lend() as reader:
        rows = smart_accounts_of(reader, caller, after=paging.after, limit=paging.limit)
    return page(rows, SmartAccount, paging.limit, lambda row: row.domain)


@top.post("/accounts", status_code=201, openapi_extra=needs(Action.OPERATE))
def add_smart_account(body: NewSmartAccount, portal: PortalDep, caller: CallerDep) -> SmartAccount:
    """Open a Smart Account with its Virtual Account DEFAULT."""
    open_smart_account(portal.means.authority, body.domain, body.name, by=str(caller))
    # As the ledger has it by now, and not as it was asked for.
    with portal.means.readers.lend() as reader:
        row = find_smart_account(reader, body.domain)
    return SmartAccount.model_validate(row)


# Also for who has a role for just one Virtual Account of it, and so knows where that lies.
@smart.get("", openapi_extra=needs(Action.BROWSE))
def show_smart_account(portal: PortalDep, domain: DomainDep) -> SmartAccount:
    """Show one Smart Account."""
    with portal.means.readers.lend() as reader:
        row = find_smart_account(reader, domain)
    return SmartAccount.model_validate(row)


@smart.get("/virtual-accounts", openapi_extra=needs(Action.BROWSE))
def list_virtual_accounts(
    portal: PortalDep,
    caller: CallerDep,
    domain: DomainDep,
    paging: PagingDep,
) -> Page[VirtualAccount]:
    """List the Virtual Accounts in reach of the caller, by name."""
    with portal.means.readers.lend() as reader:
        rows = virtual_accounts_of(reader, caller, domain, after=paging.after, limit=paging.limit)
    return page(rows, VirtualAccount, paging.limit, lambda row: row.account.virtual_account)


@smart.post(
    "/virtual-accounts",
    status_code=201,
    openapi_extra=needs(Action.MANAGE_SMART),
)
def add_virtual_account(
    body: NewVirtualAccount, portal: PortalDep, caller: CallerDep, domain: DomainDep
) -> VirtualAccount:
    """Open a Virtual Account."""
    account = AccountRef(domain, body.name)
    portal.means.authority.execute(
        OpenVirtualAccount(account=account, description=body.description, by=str(caller))
    )
    return show_virtual_account(portal, account)


@virtual.get(
    "",
    openapi_extra=needs(Action.VIEW),
)
def show_virtual_account(portal: PortalDep, account: AccountDep) -> VirtualAccount:
    """Show one Virtual Account."""
    with portal.means.readers.lend() as reader:
        row = reader.virtual_account(account)
    return VirtualAccount.model_validate(row)


@virtual.put(
    "/options",
    openapi_extra=needs(Action.MANAGE),
)
def set_options(
    body: Options, portal: PortalDep, caller: CallerDep, account: AccountDep
) -> VirtualAccount:
    """Switch whether reports that cannot be verified are counted, in totals shown apart."""
    portal.means.authority.execute(
        SetAccountOption(
            account=account,
            option=Option.COUNT_UNVERIFIED,
            value=body.count_unverified,
            by=str(caller),
        )
    )
    return show_virtual_account(portal, account)


@virtual.get(
    "/balance",
    openapi_extra=needs(Action.VIEW),
)
def show_balance(portal: PortalDep, account: AccountDep, paging: PagingDep) -> Page[Balance]:
    """Show purchased, in use and balance of every licence, by tag."""
    # Terms of orders begin and end: one instant for all rows, or a page would not add up.
    now = portal.means.clock.wall()
    with portal.means.readers.lend() as reader:
        rows = reader.balance(account, now=now, after=paging.after, limit=paging.limit)
    return page(rows, Balance, paging.limit, lambda row: row.tag)
