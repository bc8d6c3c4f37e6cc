"""`gauger cssm authorization`: codes (SLAC) that product instances need for enforced licences."""

from pathlib import Path
from urllib.parse import urlencode

import click

from gauger.cli.cssm import showing
from gauger.cli.cssm.client import Api, account_path
from gauger.cli.cssm.command import FILE, account_option, api_command, next_command
from gauger.cli.cssm.showing import Answer, Json, Table, when, words
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.tools.typed import typed_udi


@click.group()
def authorization() -> None:
    """Authorization codes (SLAC) for enforced and export-controlled licences."""


@authorization.command("set")
@account_option
@click.option("--name", help="Name that people read; the tag where it is left out.")
@click.option(
    "--term",
    type=click.Choice(["perpetual", "subscription"]),
    default="perpetual",
    show_default=True,
    help="How long what was bought lasts.",
)
@click.argument("tag")
@click.argument("quantity", type=int)
@api_command
def set_pool(api: Api, account: AccountRef, tag: str, quantity: int, **options: Json) -> Answer:
    """Set how many authorizations of a licence an account has to give out."""
    name = options["name"] or tag[:128]
    body = {"tag": tag, "name": name, "term": options["term"], "quantity": quantity}
    made = api.send("PUT", account_path(account, "/authorization-pool"), body)
    return Answer(data=made, text=f"{account} may authorize {quantity} of {name}.")


@authorization.command("left")
@account_option
@api_command
def show_pools(api: Api, account: AccountRef) -> Answer:
    """Show what an account may authorize, and how much of it is left."""
    found = api.rows(account_path(account, "/authorization-pools"))
    table = Table(
        columns=("Licence", "In all", "Given", "Left", "Term", "Tag"),
        rows=[
            (row["name"], row["quantity"], row["given"], row["left"], row["term"], row["tag"])
            for row in found
        ],
        empty=f"{account} has no authorizations to give out.",
    )
    return Answer(data=found, table=table)


@authorization.command("list")
@account_option
@api_command
def list_codes(api: Api, account: AccountRef) -> Answer:
    """List the authorization codes of an account, oldest first."""
    found = api.rows(account_path(account, "/authorizations"))
    empty = f"No authorization code was issued in {account} yet."
    return Answer(data=found, table=_table(found, empty))


@authorization.command("show")
@account_option
@click.argument("pid")
@click.argument("serial")
@api_command
def show_codes(api: Api, account: AccountRef, pid: str, serial: str) -> Answer:
    """Show the authorization codes of one product instance."""
    udi = typed_udi(pid, serial)
    # In the query, not in the path: a serial number may hold a slash.
    found = api.rows(account_path(account, "/authorizations"), **udi.to_json())
    return Answer(data=found, table=_table(found, f"{udi} has no authorization code in {account}."))


@authorization.command("issue")
@account_option
@click.option("--replace", is_flag=True, help="In the place of what is authorized already.")
@click.option("--out", type=FILE, help="Write the code to this file.")
@click.argument("pid")
@click.argument("serial")
@click.argument("licences", nargs=-1, required=True, metavar="TAG[=COUNT]...")
@api_command
def issue(api: Api, account: AccountRef, pid: str, serial: str, **options: Json) -> Answer:
    """Issue a code that a product instance did not ask for."""
    udi = typed_udi(pid, serial)
    body = {
        "udi": udi.to_json(),
        "mode": "replace" if options["replace"] else "add",
        "licences": [_licence(text) for text in options["licences"]],
    }
    made = api.send("POST", account_path(account, "/authorizations"), body)
    text = f"Issued to {udi}; its confirmation code is {made['confirmation_code']}."
    out: Path | None = options["out"]
    if out is None:
        step = f"authorization download --account {account} {pid} {serial} --out FILE"
        return Answer(data=made, text=f"{text}\nNext: {next_command(step)}")
    _download(api, account, udi.to_json(), out)
    return Answer(data=made, text=f"{text}\n{_carry(out)}")


@authorization.command("download")
@account_option
@click.option("--out", type=FILE, required=True, help="File to write.")
@click.argument("pid")
@click.argument("serial")
@api_command
def download(api: Api, account: AccountRef, out: Path, *, pid: str, serial: str) -> Answer:
    """Download the newest code of a product instance as a file that it imports."""
    size = _download(api, account, typed_udi(pid, serial).to_json(), out)
    return Answer(data={"file": str(out), "size": size}, text=_carry(out))


@authorization.command("return")
@account_option
@click.argument("pid")
@click.argument("serial")
@click.argument("return_code")
@api_command
def return_code(
    api: Api, account: AccountRef, pid: str, serial: str, *, return_code: str
) -> Answer:
    """Complete the return of a release before 17.7.1, once its return file was uploaded."""
    udi = typed_udi(pid, serial)
    body = {"udi": udi.to_json(), "return_code": return_code}
    made = api.send("POST", account_path(account, "/authorizations/return"), body)
    credited = "" if not made["flags"] else f" ({words(made['flags'])})"
    return Answer(data=made, text=f"The authorization code of {udi} is returned{credited}.")


def _download(api: Api, account: AccountRef, udi: Json, out: Path) -> int:
    path = account_path(account, "/authorization/file")
    return api.download(f"{path}?{urlencode(udi)}", out)


def _carry(out: Path) -> str:
    return f"The code is in {out}. On the product instance: license smart import {out}"


def _licence(text: str) -> dict[str, object]:
    tag, _, count = text.rpartition("=")
    # A tag alone, which holds no sign of equality, asks for one.
    if not tag:
        return {"tag": text, "count": 1}
    if not count.isdecimal():
        message = f"{text!r} is no licence: write its tag, or TAG=COUNT."
        raise Problem("invalid-argument", message)
    return {"tag": tag, "count": int(count)}


def _state(row: Json) -> str:
    origin = " (factory)" if row["origin"] == "factory" else ""
    return f"{row['state']}{origin}" + (" (in use!)" if row["misused_at"] else "")


def _table(found: list[Json], empty: str) -> Table:
    return Table(
        columns=("Product instance", "Licences", "State", "Issued", "Confirmation", "Return code"),
        rows=[
            (
                showing.udi(row["udi"]),
                words(f"{one['count']} {one['name']}" for one in row["licences"]),
                _state(row),
                when(row["issued_at"]),
                row["confirmation_code"],
                row["return_code"] or "",
            )
            for row in found
        ],
        empty=empty,
    )
