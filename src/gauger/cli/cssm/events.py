"""`gauger cssm event | ledger`."""

import click

from gauger.cli.cssm import showing
from gauger.cli.cssm.client import Api, reach_path
from gauger.cli.cssm.command import ACCOUNT, api_command
from gauger.cli.cssm.showing import Answer, Table, when
from gauger.core.identity import AccountRef


@click.group()
def event() -> None:
    """The event log."""


@event.command("list")
@click.option("--account", type=ACCOUNT, help="Smart and Virtual Account.")
@click.option("--smart-account", help="A whole Smart Account; everything without either.")
@click.option("--last", type=int, default=50, show_default=True, help="How many, the newest.")
@api_command
def list_events(
    api: Api, account: AccountRef | None, smart_account: str | None, last: int
) -> Answer:
    """List the newest events."""
    path = reach_path(account, smart_account, "/events")
    found = api.first(last, path, newest_first="true")
    table = Table(
        columns=("When", "Event", "Account", "Subject", "Detail", "By"),
        rows=[
            (
                when(row["at"]),
                row["kind"],
                showing.account(row["account"]),
                row["subject"],
                row["detail"],
                row["by"],
            )
            # The newest are asked for; they are read from the older to the newer, as a log is.
            for row in reversed(found)
        ],
        empty="Nothing has happened yet.",
    )
    return Answer(data=found, table=table)


@click.group()
def ledger() -> None:
    """Heads and proofs of the ledger."""


@ledger.command("head")
@api_command
def show_head(api: Api) -> Answer:
    """Show the newest head."""
    found = api.get("/ledger/head")
    text = (
        f"Ledger {found['ledger']}, epoch {found['epoch']}, {found['pages']} pages, "
        f"newest head of {when(found['time'])} UTC: {found['digest']}"
    )
    return Answer(data=found, text=text)


@ledger.command("inclusion")
@click.argument("page", type=int)
@api_command
def show_inclusion(api: Api, page: int) -> Answer:
    """Print the path that proves a page against the newest head."""
    # The path alone: a head that came along would only prove itself. Whoever checks has their own.
    found = api.get("/ledger/inclusion", page=page)
    return Answer(data=found, text="\n".join(found["path"]))


@ledger.command("consistency")
@click.argument("first", type=int)
@click.argument("second", type=int)
@api_command
def show_consistency(api: Api, first: int, second: int) -> Answer:
    """Print the path that proves that one ledger goes on from another."""
    found = api.get("/ledger/consistency", first=first, second=second)
    return Answer(data=found, text="\n".join(found["path"]))
