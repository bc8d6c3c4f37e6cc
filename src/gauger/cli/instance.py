"""`gauger instance`: run and operate a product instance."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from gauger.cli.instance_options import FOLDER, data_option, keys_option
from gauger.cli.instance_place import Place, execute, operator
from gauger.cli.instance_user import user
from gauger.cli.lean import without
from gauger.core.problems import Problem
from gauger.tools.typed import typed_udi

_FILE = click.Path(dir_okay=False, path_type=Path)

_Function = TypeVar("_Function", bound=Callable[..., None])

_clock = click.option(
    "--clock",
    type=_FILE,
    help="For tests: take the time from this file; what is signed is marked test_clock.",
)
_ca = click.option(
    "--ca",
    type=_FILE,
    help="PEM file of the authorities for the portal's TLS certificate; kept from then on.",
)


def _place_options(function: _Function) -> _Function:
    return data_option(keys_option(_clock(function)))


@click.group()
def instance() -> None:
    """Run and operate a product instance."""


@instance.command()
@_place_options
@click.option("--bundle", type=FOLDER, required=True, help="Device bundle from the factory.")
@_ca
def init(
    *, data: Path, keys: Path | None, clock: Path | None, bundle: Path, ca: Path | None
) -> None:
    """Take in a device bundle: the product instance has its identity from then on."""
    from gauger.cli.instance_run import take_in  # noqa: PLC0415 - loads the whole agent

    take_in(Place(data=data, keys=keys, clock=clock, bundle=bundle, ca=ca))


@instance.command()
@_place_options
@click.option("--bundle", type=FOLDER, help="Device bundle, taken in at the first start.")
@_ca
@click.option(
    "--ssh",
    metavar="HOST:PORT",
    help="Serve the shell over SSH there; :PORT for this machine only, port 0 for a free one.",
)
def run(**options: Any) -> None:  # noqa: ANN401 -- click's own, as `Place` names them
    """Measure and report until SIGTERM or Ctrl-C."""
    # What packs the store's records would take in four megabytes of typing_extensions where that
    # is installed; the standard library of every Python that we support has what it looks for.
    with without("typing_extensions"):
        from gauger.cli.instance_run import serve  # noqa: PLC0415 - loads the whole agent

    serve(Place(**options))


# The line is the device's, not ours: a word in it that begins with a dash is no option.
_LINE_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@instance.command("exec", context_settings=_LINE_SETTINGS)
@_place_options
@click.argument("line", nargs=-1, type=click.UNPROCESSED)
def exec_(*, data: Path, keys: Path | None, clock: Path | None, line: tuple[str, ...]) -> None:
    """Carry out an EXEC command, for example `show license status`.

    A running agent carries it out; where none runs, this process opens the store itself. To show
    what is there it only reads. Any unambiguous beginning of a word will do, and a question mark
    lists what may stand in its place: "show license ?".
    """
    text = execute(Place(data=data, keys=keys, clock=clock), _joined(line))
    if text:
        click.echo(text)


@instance.command()
@_place_options
def console(*, data: Path, keys: Path | None, clock: Path | None) -> None:
    """Sit down at the device's own console; `exit` leaves it.

    As on any device: a question mark lists what may follow, Tab completes, `configure terminal`
    begins to configure. Where no agent runs, this process opens the store itself meanwhile.
    """
    from gauger.cli.instance_console import sit_down  # noqa: PLC0415 - only here is it needed

    sit_down(Place(data=data, keys=keys, clock=clock))


@instance.command(context_settings=_LINE_SETTINGS)
@_place_options
@click.argument("line", nargs=-1, type=click.UNPROCESSED)
def config(*, data: Path, keys: Path | None, clock: Path | None, line: tuple[str, ...]) -> None:
    """Apply configuration lines, all or none, and save them.

    One line may be typed as it is; several stand in quotes each, or come on standard input. A
    question mark lists what may stand in its place: "license smart ?".
    """
    lines = _config_lines(line)
    with operator(Place(data=data, keys=keys, clock=clock)) as at_work:
        text = at_work.configure(lines)
    if text:
        click.echo(text)


@instance.command()
@_place_options
@click.argument("tag")
@click.argument("count", type=click.IntRange(0, 2**31 - 1))
def use(*, data: Path, keys: Path | None, clock: Path | None, tag: str, count: int) -> None:
    """Say that the product uses COUNT licences of TAG from now on: for trying things out.

    TAG is an entitlement tag or the short feature name. The product itself would use the library.
    """
    with operator(Place(data=data, keys=keys, clock=clock)) as at_work:
        at_work.set_count(tag, count)
        # Not left to the next sample: whoever sees the prompt again takes it for recorded.
        at_work.flush()


@instance.command("access-point")
@click.argument("action", type=click.Choice(["join", "leave"]))
@_place_options
@click.argument("pid")
@click.argument("serial")
def access_point(
    *, data: Path, keys: Path | None, clock: Path | None, action: str, pid: str, serial: str
) -> None:
    """Let an access point join or leave a wireless controller: for trying things out."""
    with operator(Place(data=data, keys=keys, clock=clock)) as at_work:
        at_work.access_point(action, typed_udi(pid, serial))
        at_work.flush()


@instance.command()
@click.option("--profile", "wanted", help="Show one with its tags: a name, or a file of your own.")
def profiles(*, wanted: str | None) -> None:
    """List the product profiles, or check one and show its entitlement tags."""
    from gauger.cli import instance_profiles as shown  # noqa: PLC0415 - only here is it needed

    click.echo("\n".join(shown.listed() if wanted is None else shown.one(wanted)))


instance.add_command(user)


def _joined(words: Sequence[str]) -> str:
    """Return the line that was typed; a word with blanks keeps together in quotes."""
    if len(words) == 1:
        return words[0]
    # Behind the bar stands a pattern, in which quotes would be looked for as characters.
    end = words.index("|") if "|" in words else len(words)
    typed = [f'"{word}"' if " " in word else word for word in words[:end]]
    return " ".join([*typed, *words[end:]])


def _config_lines(words: Sequence[str]) -> list[str]:
    """Return lines: words of one, or one in each argument, or those on standard input."""
    if not words:
        # It would wait for lines without a word, and look as if it hung.
        if sys.stdin.isatty():
            message = "No line was given; type one, or send lines on standard input."
            raise Problem("invalid-argument", message)
        return sys.stdin.read().splitlines()
    # The shell took the quotes away: a blank inside is what tells lines from words.
    if any(" " in word for word in words):
        return list(words)
    return [" ".join(words)]
