"""`gauger cssm policy`."""

from pathlib import Path

import click

from gauger.cli.cssm.client import Api, account_path, smart_path
from gauger.cli.cssm.command import ACCOUNT, FILE, account_option, api_command
from gauger.cli.cssm.showing import Answer, Json, Table, account, when
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem

_GROUPS = ("perpetual", "subscription", "enforced", "export")
_RULE = "FIRST/FREQUENCY/CHANGE"


@click.group()
def policy() -> None:
    """Reporting policies."""


@policy.command("set")
@click.option("--account", type=ACCOUNT, help="Smart and Virtual Account.")
@click.option("--smart-account", help="A whole Smart Account.")
@click.option("--all", "everywhere", is_flag=True, help="All accounts without their own.")
@click.option("--name", required=True, help="Name of the policy.")
@click.option("--no-ack", is_flag=True, help="Reports need not be acknowledged.")
@click.option("--perpetual", metavar=_RULE, help="Unenforced perpetual licences, in days.")
@click.option("--subscription", metavar=_RULE, help="Unenforced subscription licences, in days.")
@click.option("--enforced", metavar=_RULE, help="Enforced licences, in days.")
@click.option("--export", metavar=_RULE, help="Export-controlled licences, in days.")
@api_command
def set_policy(api: Api, **options: Json) -> Answer:
    """Assign a policy; a group that is left out keeps the default's requirements."""
    # A group that is not named is not sent: zeros in its place would be a policy of no
    # requirements.
    rules = {group: _rule(options[group]) for group in _GROUPS if options[group] is not None}
    body = {"name": options["name"], "ack_required": not options["no_ack"], "rules": rules}
    path, whom = _target(options["account"], options["smart_account"], options["everywhere"])
    made = api.send("PUT", path, body)
    return Answer(data=made, text=f"Policy {options['name']} is assigned to {whom}.")


@policy.command("show")
@account_option
@api_command
def show_policy(api: Api, account: AccountRef) -> Answer:
    """Show the policies that concern an account, the one in force first."""
    found = api.get(account_path(account, "/policies"))
    table = Table(
        columns=("Policy", "For", "ACK required", *_GROUPS, "Assigned", "By"),
        rows=[
            (
                row["name"] or "default",
                _whose(row),
                "yes" if row["ack_required"] else "no",
                *("/".join(map(str, row["rules"].get(group, ()))) or "-" for group in _GROUPS),
                when(row["assigned_at"]),
                row["by"],
            )
            for row in found
        ],
        empty=f"{account} has no policy of its own: the default of the product applies.",
    )
    return Answer(data=found, table=table)


@policy.command("download")
@account_option
@click.option("--out", type=FILE, required=True, help="File to write.")
@api_command
def download_policy(api: Api, account: AccountRef, out: Path) -> Answer:
    """Download the signed policy as a file that a product instance imports."""
    size = api.download(account_path(account, "/policy/file"), out)
    text = (
        f"The policy of {account} is in {out}.\nOn the product instance: license smart import {out}"
    )
    return Answer(data={"file": str(out), "size": size}, text=text)


def _target(one: AccountRef | None, smart: str | None, everywhere: bool) -> tuple[str, str]:  # noqa: FBT001 -- a flag of the command line
    # Exactly one: a policy for all accounts must not come of a forgotten option.
    if one is not None and smart is None and not everywhere:
        return account_path(one, "/policy"), str(one)
    if smart is not None and one is None and not everywhere:
        return smart_path(smart, "/policy"), smart
    if everywhere and one is None and smart is None:
        return "/policy", "all accounts"
    message = "Name one of --account, --smart-account and --all."
    raise Problem("invalid-argument", message)


def _rule(text: str) -> dict[str, int]:
    parts = text.split("/")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        message = f"{text!r} is no rule: write three numbers of days, {_RULE}."
        raise Problem("invalid-argument", message)
    first, frequency, change = map(int, parts)
    return {"first_report": first, "frequency": frequency, "on_change": change}


def _whose(row: Json) -> str:
    # From the widest to the narrowest: what is not named is not narrowed down.
    if row["smart_account"] is None:
        return "all accounts"
    return account(row) if row["virtual_account"] is not None else str(row["smart_account"])
