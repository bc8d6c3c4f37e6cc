"""`gauger cssm account | virtual-account | order | balance`."""

from datetime import UTC, date, datetime
from typing import Any

import click

from gauger.cli.cssm.client import Api, account_path, smart_path
from gauger.cli.cssm.command import ACCOUNT, account_option, api_command, next_command
from gauger.cli.cssm.showing import Answer, Table, licence, when
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem


@click.group()
def account() -> None:
    """Smart Accounts."""


@account.command("add")
@click.argument("domain")
@click.option("--name", default="", help="Name, for people.")
@api_command
def add_account(api: Api, domain: str, name: str) -> Answer:
    """Open a Smart Account; DOMAIN is its name for ever."""
    made = api.send("POST", "/accounts", {"domain": domain, "name": name or domain})
    order, token = (
        next_command(f"{what} --account {domain}/DEFAULT") for what in ("order add", "token new")
    )
    text = (
        f"Smart Account {domain} is open, with the Virtual Account {domain}/DEFAULT.\n"
        f"Next: {order} --number ... --line ...\n"
        f"then: {token}"
    )
    return Answer(data=made, text=text)


@account.command("list")
@api_command
def list_accounts(api: Api) -> Answer:
    """List the Smart Accounts in reach."""
    found = api.rows("/accounts")
    table = Table(
        columns=("Domain", "Name", "Virtual Accounts", "Opened"),
        rows=[
            (row["domain"], row["name"], row["virtual_accounts"], when(row["opened_at"]))
            for row in found
        ],
        empty=f"There is no Smart Account yet. Next: {next_command('account add example.com')}",
    )
    return Answer(data=found, table=table)


@click.group("virtual-account")
def virtual_account() -> None:
    """Virtual Accounts and their options."""


@virtual_account.command("add")
@click.argument("account", type=ACCOUNT)
@click.option("--description", default="", help="What it is for.")
@api_command
def add_virtual(api: Api, account: AccountRef, description: str) -> Answer:
    """Open a Virtual Account."""
    body = {"name": account.virtual_account, "description": description}
    made = api.send("POST", smart_path(account.smart_account, "/virtual-accounts"), body)
    return Answer(data=made, text=f"Virtual Account {account} is open.")


@virtual_account.command("list")
@click.argument("domain")
@api_command
def list_virtual(api: Api, domain: str) -> Answer:
    """List the Virtual Accounts of a Smart Account."""
    found = api.rows(smart_path(domain, "/virtual-accounts"))
    table = Table(
        columns=("Virtual Account", "Description", "Instances", "Counts vendor reports"),
        rows=[
            (
                row["account"]["virtual_account"],
                row["description"],
                row["instances"],
                "yes" if row["count_unverified"] else "no",
            )
            for row in found
        ],
        empty=f"{domain} has no Virtual Account in your reach.",
    )
    return Answer(data=found, table=table)


@virtual_account.command("option")
@click.argument("account", type=ACCOUNT)
@click.option(
    "--count-vendor-reports",
    type=click.Choice(["on", "off"]),
    required=True,
    help="Count reports that cannot be verified, in totals shown apart.",
)
@api_command
def set_option(api: Api, account: AccountRef, count_vendor_reports: str) -> Answer:
    """Switch an option of a Virtual Account."""
    # Off unless somebody says so: anyone can write a report that no one can verify.
    body = {"count_unverified": count_vendor_reports == "on"}
    made = api.send("PUT", account_path(account, "/options"), body)
    text = f"{account}: reports that cannot be verified are counted apart: {count_vendor_reports}."
    return Answer(data=made, text=text)


class TimeType(click.ParamType[int]):
    """A time: epoch seconds, or a date for its midnight, UTC."""

    name = "YYYY-MM-DD|SECONDS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a time."""
        text = str(value)
        if text.isdecimal():
            return int(text)
        try:
            found = date.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time: write YYYY-MM-DD or epoch seconds.", param, ctx)
        # UTC, as all times of the ledger: the same words mean the same second on every machine.
        return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp())


@click.group()
def order() -> None:
    """Orders that deposit licences."""


@order.command("add")
@account_option
@click.option("--number", "order_number", required=True, help="The vendor's order number.")
@click.option(
    "--line",
    "lines",
    multiple=True,
    required=True,
    metavar="TAG=NAME=QUANTITY[=TERM]",
    help="One licence: entitlement tag, name, quantity, perpetual or subscription.",
)
@click.option(
    "--end", type=TimeType(), help="End of a term: the first day (UTC) or second that is not in it."
)
@click.option(
    "--device", "devices", multiple=True, metavar="PID:SERIAL", help="A device bought with it."
)
@api_command
def add_order(
    api: Api,
    account: AccountRef,
    order_number: str,
    *,
    lines: tuple[str, ...],
    end: int | None,
    devices: tuple[str, ...],
) -> Answer:
    """Deposit the licences of an order."""
    body = {
        "order_number": order_number,
        "lines": [_line(one, end) for one in lines],
        "devices": [_device(one) for one in devices],
    }
    made = api.send("POST", account_path(account, "/orders"), body)
    return Answer(data=made, text=f"Order {order_number} is deposited in {account}.")


@order.command("list")
@account_option
@api_command
def list_orders(api: Api, account: AccountRef) -> Answer:
    """List the orders that were deposited."""
    found = api.rows(account_path(account, "/orders"))
    table = Table(
        columns=("Order", "Licence", "Quantity", "Term", "Until", "Deposited"),
        rows=[
            (
                row["order_number"],
                line["name"],
                line["quantity"],
                line["term"],
                when(line["end"]),
                when(row["deposited_at"]),
            )
            for row in found
            # A line a row, so that what was bought can be summed and searched.
            for line in row["lines"]
        ],
        empty=f"No order was deposited in {account} yet. Next: {_add_order(account)}",
    )
    return Answer(data=found, table=table)


@click.command()
@account_option
@click.option("--wide", is_flag=True, help="Show the whole tag as well.")
@api_command
def balance(api: Api, account: AccountRef, *, wide: bool) -> Answer:
    """Show purchased, in use and balance of every licence."""
    found = api.rows(account_path(account, "/balance"))
    columns = ("Licence", "Purchased", "In use", "Balance", "", "Vendor reports")
    table = Table(
        columns=(*columns, "Tag") if wide else columns,
        rows=[
            (
                licence(row),
                row["purchased"],
                row["in_use"],
                row["balance"],
                # In words, not by a sign or colour: both are lost in a pipe.
                f"SHORTAGE {row['shortage']}" if row["shortage"] else "",
                row["unverified_in_use"] or "",
                *([row["tag"]] if wide else ()),
            )
            for row in found
        ],
        empty=f"{account} has neither licences nor usage. Next: {_add_order(account)}",
    )
    return Answer(data=found, table=table)


def _add_order(account: AccountRef) -> str:
    return next_command(f"order add --account {account}") + " --number ... --line ..."


def _line(text: str, end: int | None) -> dict[str, Any]:
    # A tag of ISO 19770-2 form holds no equals sign.
    tag, name, quantity, term, *more = [*text.split("="), "", "", ""]
    term = term or "perpetual"
    # A name that holds one would shift what follows: it is refused, not cut.
    if any(more) or not quantity.isdecimal() or term not in {"perpetual", "subscription"}:
        message = f"{text!r} is no line: write TAG=NAME=QUANTITY or TAG=NAME=QUANTITY=TERM."
        raise Problem("invalid-argument", message)
    line: dict[str, Any] = {"tag": tag, "name": name, "quantity": int(quantity), "term": term}
    return {**line, "end": end} if end is not None else line


def _device(text: str) -> dict[str, str]:
    pid, colon, serial = text.rpartition(":")
    if not colon:
        raise Problem("invalid-argument", f"{text!r} is no device: write PID:SERIAL.")
    return {"udi_pid": pid, "udi_serial_number": serial}
