"""`gauger cssm user | client`."""

from urllib.parse import quote

import click

from gauger.cli.cssm.client import Api, account_path, smart_path
from gauger.cli.cssm.command import api_command
from gauger.cli.cssm.showing import Answer, Json, Table, words
from gauger.core.problems import Problem
from gauger.tools.typed import typed_account

# Short words to type for the published names.
_ROLES = {
    "operator": "Vendor Operator",
    "smart-administrator": "Smart Account Administrator",
    "smart-user": "Smart Account User",
    "smart-viewer": "Smart Account Viewer",
    "virtual-administrator": "Virtual Account Administrator",
    "virtual-user": "Virtual Account User",
    "virtual-viewer": "Virtual Account Viewer",
}

scope_option = click.option(
    "--for", "scope", metavar="SA[/VA]", default="", help="Account; the whole portal without."
)
roles_option = click.option(
    "--role", "roles", multiple=True, type=click.Choice(list(_ROLES)), help="A role."
)


@click.group()
def user() -> None:
    """Users and their roles."""


@user.command("add")
@click.argument("name")
@scope_option
@roles_option
@api_command
def add_user(api: Api, name: str, scope: str, roles: tuple[str, ...]) -> Answer:
    """Add a user, or give a known one further roles."""
    body = {"name": name, "roles": [_ROLES[role] for role in roles]}
    made = api.send("POST", _path(scope, "/users"), body)
    text = f"User {name} was known and has the roles now."
    # Nothing for a known user: the password is theirs already.
    if made["secret"] is not None:
        text = (
            f"User {name} has this one-time password, to be changed at once:\n\n  {made['secret']}"
        )
    return Answer(data=made, text=text)


@user.command("list")
@scope_option
@api_command
def list_users(api: Api, scope: str) -> Answer:
    """List users and clients with their roles."""
    found = api.rows(_path(scope, "/members"))
    return Answer(data=found, table=_members(found))


@user.command("roles")
@click.argument("name")
@scope_option
@roles_option
@api_command
def set_user_roles(api: Api, name: str, scope: str, roles: tuple[str, ...]) -> Answer:
    """Replace the roles that a user holds for an account; none takes all away."""
    return _set_roles(api, _of("users", name, "/roles"), scope, roles)


@user.command("password-reset")
@click.argument("name")
@scope_option
@api_command
def reset_password(api: Api, name: str, scope: str) -> Answer:
    """Give a user a one-time password in place of a lost one."""
    # For one log-in: whoever resets it has read it, and it ends once the user takes it up.
    made = api.send("POST", _path(scope, _of("users", name, "/password")))
    text = f"User {name} has this one-time password, to be changed at once:\n\n  {made['secret']}"
    return Answer(data=made, text=text)


@click.group()
def client() -> None:
    """API clients and their roles."""


@client.command("add")
@click.argument("description")
@scope_option
@roles_option
@api_command
def add_client(api: Api, description: str, scope: str, roles: tuple[str, ...]) -> Answer:
    """Add an API client; its secret is shown this one time."""
    body = {"description": description, "roles": [_ROLES[role] for role in roles]}
    made = api.send("POST", _path(scope, "/clients"), body)
    # The only time: the portal keeps a digest, which opens nothing.
    text = f"Client id: {made['name']}\nSecret, shown this one time: {made['secret']}"
    return Answer(data=made, text=text)


@client.command("list")
@scope_option
@api_command
def list_clients(api: Api, scope: str) -> Answer:
    """List API clients with their roles."""
    found = [row for row in api.rows(_path(scope, "/members")) if row["kind"] == "client"]
    return Answer(data=found, table=_members(found))


@client.command("roles")
@click.argument("name")
@scope_option
@roles_option
@api_command
def set_client_roles(api: Api, name: str, scope: str, roles: tuple[str, ...]) -> Answer:
    """Replace the roles that a client holds for an account; none takes all away."""
    return _set_roles(api, _of("clients", name, "/roles"), scope, roles)


@client.command("remove")
@click.argument("name")
@scope_option
@api_command
def remove_client(api: Api, name: str, scope: str) -> Answer:
    """Remove an API client; its sessions end at once."""
    api.send("DELETE", _path(scope, _of("clients", name)))
    return Answer(data=None, text=f"Client {name} is removed.")


def _set_roles(api: Api, rest: str, scope: str, roles: tuple[str, ...]) -> Answer:
    api.send("PUT", _path(scope, rest), {"roles": [_ROLES[role] for role in roles]})
    named = words(_ROLES[role] for role in roles)
    return Answer(data=None, text=f"Roles for {scope or 'the whole portal'} are now: {named}.")


def _path(scope: str, rest: str) -> str:
    domain, slash, _ = scope.partition("/")
    if not domain:
        # "/name" would otherwise be taken for the whole portal.
        if slash:
            raise Problem("invalid-argument", f"{scope!r} is no account: write SA or SA/VA.")
        return rest
    return account_path(typed_account(scope), rest) if slash else smart_path(domain, rest)


def _of(kind: str, name: str, rest: str = "") -> str:
    """Return the path of a user or client; a user's name may hold blanks and question marks."""
    return f"/{kind}/{quote(name, safe='')}{rest}"


def _members(found: Json) -> Table:
    return Table(
        columns=("Kind", "Name", "Roles"),
        rows=[(row["kind"], row["name"], words(map(_role, row["roles"]))) for row in found],
        empty="Nobody holds a role here.",
    )


def _role(row: Json) -> str:
    names = [name for name in (row["smart_account"], row["virtual_account"]) if name]
    return f"{row['role']} of {'/'.join(names)}" if names else str(row["role"])
