"""`gauger cssm token`."""

import click

from gauger.cli.cssm.client import Api, account_path
from gauger.cli.cssm.command import account_option, api_command, next_command
from gauger.cli.cssm.showing import Answer, Table, when
from gauger.core.identity import AccountRef


@click.group()
def token() -> None:
    """ID tokens: with one, a product instance establishes trust."""


@token.command("new")
@account_option
@click.option("--days", type=int, help="Life in days, 1 to 365 (default 30).")
@click.option("--uses", type=int, help="How often it may be used, 1 to 100 (default unlimited).")
@click.option("--no-export", is_flag=True, help="Not for export-controlled functions.")
@click.option("--description", default="", help="What it is for.")
@click.option("--quiet", is_flag=True, help="Print nothing but the token.")
@api_command
def new_token(
    api: Api,
    account: AccountRef,
    *,
    days: int | None,
    uses: int | None,
    no_export: bool,
    description: str,
    quiet: bool,
) -> Answer:
    """Make an ID token; it is shown this one time."""
    # Null for what was not given: defaults are the portal's, and may change without this client.
    body = {
        "days": days,
        "uses": uses,
        "export_controlled": not no_export,
        "description": description,
    }
    made = api.send("POST", account_path(account, "/tokens"), body)
    text = made["token"]
    # Alone on its line with --quiet: a script takes the output as the token.
    if not quiet:
        text = (
            f"Token {made['token_id']} of {account}, until {when(made['expires_at'])} UTC."
            f" It is shown this one time:\n\n  {made['token']}\n\n"
            f"On the product instance: license smart trust idtoken {made['token']} local"
        )
    return Answer(data=made, text=text)


@token.command("list")
@account_option
@api_command
def list_tokens(api: Api, account: AccountRef) -> Answer:
    """List ID tokens, without their texts."""
    found = api.rows(account_path(account, "/tokens"))
    table = Table(
        columns=("Number", "Ends in", "State", "Expires", "Used", "Export", "Description", "By"),
        rows=[
            (
                row["token_id"],
                row["hint"],
                row["state"],
                when(row["expires_at"]),
                f"{row['used']} of {row['uses'] or 'unlimited'}",
                "allowed" if row["export_controlled"] else "not allowed",
                row["description"],
                row["by"],
            )
            for row in found
        ],
        empty=f"{account} has no ID token. Next: {next_command(f'token new --account {account}')}",
    )
    return Answer(data=found, table=table)


@token.command("revoke")
@account_option
@click.argument("token_id", type=int)
@api_command
def revoke_token(api: Api, account: AccountRef, token_id: int) -> Answer:
    """End an ID token at once."""
    # By its number: its text is nowhere but with whoever it was given to.
    api.send("POST", account_path(account, f"/tokens/{token_id}/revoke"))
    return Answer(data=None, text=f"Token {token_id} of {account} is revoked.")
