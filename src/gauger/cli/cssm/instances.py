"""`gauger cssm instance`."""

import click

from gauger.cli.cssm import showing
from gauger.cli.cssm.client import Api, account_path, reach_path
from gauger.cli.cssm.command import ACCOUNT, account_option, api_command
from gauger.cli.cssm.showing import Answer, Json, Table, licence, when, words
from gauger.core.identity import AccountRef
from gauger.tools.typed import typed_udi


@click.group()
def instance() -> None:
    """Product instances."""


@instance.command("list")
@click.option("--account", type=ACCOUNT, help="Smart and Virtual Account.")
@click.option("--smart-account", help="A whole Smart Account; all accounts without either.")
@click.option("--search", default="", help="Beginning of a product id or serial number.")
@click.option("--silent", is_flag=True, help="Only alerts: those that have not reported in time.")
@api_command
def list_instances(
    api: Api, account: AccountRef | None, smart_account: str | None, *, search: str, silent: bool
) -> Answer:
    """List product instances."""
    path = reach_path(account, smart_account, "/instances")
    found = api.rows(path, search=search, silent="true" if silent else None)
    table = Table(
        columns=("Product instance", "Account", "Last report", "Software", "Needs a look"),
        rows=[
            (
                showing.udi(row["udi"]),
                # Where somebody uploaded its usage: what it signs itself may still name another
                # (spec/authority.md).
                showing.account(row["account"]) + (" (provisional)" if row["provisional"] else ""),
                when(row["last_report_at"]),
                row["software_version"],
                _needs(row),
            )
            for row in found
        ],
        empty=_none(search, silent=silent),
    )
    return Answer(data=found, table=table)


@instance.command("show")
@account_option
@click.argument("pid")
@click.argument("serial")
@api_command
def show_instance(api: Api, account: AccountRef, pid: str, serial: str) -> Answer:
    """Show one product instance with what it uses."""
    udi = typed_udi(pid, serial)
    # In the query, not in the path: a serial number may hold a slash.
    found = api.get(account_path(account, "/instance"), **udi.to_json())
    table = Table(
        columns=("Licence", "In use", "Observed until", "Verified", "Tag"),
        rows=[
            (
                licence(row),
                row["in_use"],
                when(row["observed_until"]),
                "yes" if row["verified"] else "no",
                row["tag"],
            )
            for row in found["usage"]
        ],
        empty="It has reported no usage.",
    )
    text = (
        f"{udi} of {account}\n"
        f"  first seen {when(found['first_seen_at'])}, last report {when(found['last_report_at'])}\n"
        f"  trust code generation {found['generation']}, flags {words(found['flags'])}, "
        f"{found['gaps']} missing reports, {found['open_cases']} open cases\n"
    )
    return Answer(data=found, table=table, text=text)


@instance.command("move")
@click.option("--account", type=ACCOUNT, required=True, help="Where it is.")
@click.option("--to", type=ACCOUNT, required=True, help="Where it goes.")
@click.argument("pid")
@click.argument("serial")
@api_command
def move_instance(
    api: Api, account: AccountRef, to: AccountRef, *, pid: str, serial: str
) -> Answer:
    """Move a product instance, its usage with it, to another Virtual Account."""
    udi = typed_udi(pid, serial)
    body = {"udi": udi.to_json(), "to": to.to_json()}
    made = api.send("POST", account_path(account, "/instances/move"), body)
    return Answer(data=made, text=f"{udi} belongs to {to} now.")


def _none(search: str, *, silent: bool) -> str:
    if search:
        return f"No product instance here begins with {search}."
    if silent:
        return "Every product instance reports in time."
    return "No product instance has reported here yet."


def _needs(row: Json) -> str:
    needs = []
    if row["silent_since"]:
        needs.append(f"silent, told {when(row['silent_since'])}")
    if row["gaps"]:
        needs.append(f"{row['gaps']} missing reports")
    if row["open_cases"]:
        needs.append(f"{row['open_cases']} open cases")
    return words([*needs, *row["flags"]])
