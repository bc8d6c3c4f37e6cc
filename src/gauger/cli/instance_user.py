"""`gauger instance user`: who may log in at a product instance."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gauger.cli.instance_options import data_option, keys_option
from gauger.cli.instance_place import Place, operator
from gauger.cli.text_file import read_text
from gauger.core.problems import Problem

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
_CAP = 4096  # characters; the longest key of ssh-keygen, RSA of 16384 bits, has some 2,800

_clock = click.option(
    "--clock", type=_FILE, help="For tests, without an agent: take the time from this file."
)
_password = click.option(
    "--password-file",
    "source",
    type=_FILE,
    help="File that holds the password in one line; - for standard input. Asked for if left out.",
)


def _place(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the product instance lives, as one `Place`."""

    @functools.wraps(function)
    def run(
        *,
        data: Path,
        keys: Path | None,
        clock: Path | None,
        **options: Any,  # noqa: ANN401 -- click's own
    ) -> None:
        function(place=Place(data=data, keys=keys, clock=clock), **options)

    return data_option(keys_option(_clock(run)))


@click.group()
def user() -> None:
    """Say who may log in; no user exists at first."""


@user.command("list")
@_place
def list_(*, place: Place) -> None:
    """List the users."""
    _ask(place, action="list")


@user.command()
@click.argument("name")
@click.option(
    "--privilege",
    # Two of IOS's sixteen: the others would look as if they meant something here.
    type=click.Choice(["1", "15"]),
    required=True,
    help="1 to look, 15 for everything.",
)
@_password
@_place
def add(*, name: str, privilege: str, source: Path | None, place: Place) -> None:
    """Make a user."""
    password = _read_password(source)
    _ask(place, action="add", name=name, password=password, privilege=int(privilege))


@user.command()
@click.argument("name")
@_place
def remove(*, name: str, place: Place) -> None:
    """Remove a user; sessions that are open end by themselves."""
    _ask(place, action="remove", name=name)


@user.command()
@click.argument("name")
@_password
@_place
def passwd(*, name: str, source: Path | None, place: Place) -> None:
    """Give a user another password."""
    _ask(place, action="passwd", name=name, password=_read_password(source))


@user.group()
def key() -> None:
    """Let a user log in with an SSH key."""


@key.command("add")
@click.argument("name")
@click.argument("file", type=_FILE)
@_place
def add_key(*, name: str, file: Path, place: Place) -> None:
    """Take a public key: a file of one line, as `ssh-keygen` writes it."""
    _ask(place, action="key-add", name=name, key=_line(file))


@key.command("remove")
@click.argument("name")
@click.argument("file", type=_FILE)
@_place
def remove_key(*, name: str, file: Path, place: Place) -> None:
    """Take a public key away from a user."""
    _ask(place, action="key-remove", name=name, key=_line(file))


def _ask(place: Place, **request: object) -> None:
    with operator(place) as at_work:
        click.echo(at_work.user(request))


def _read_password(source: Path | None) -> str:
    """Read a password, never from the command line: every process of the machine reads that."""
    if source is not None:
        return _line(source)
    # Twice: nobody sees what is typed, and a slip would lock the user out.
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _line(source: Path) -> str:
    lines = read_text(source, _CAP, dash=True).splitlines()
    if len(lines) != 1:
        raise Problem("invalid-argument", f"{source} holds {len(lines)} lines, not one.")
    return lines[0]
