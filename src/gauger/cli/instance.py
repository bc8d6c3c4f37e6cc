"""`gauger instance`: run and operate a product instance."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import click

from gauger import profiles as product_profiles
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Counting, Origin, Profile
from gauger.instance.agent import Agent
from gauger.instance.main import Options, open_agent
from gauger.surfaces.agent_client import AgentClient, connect
from gauger.surfaces.agent_socket import AgentServer
from gauger.surfaces.console.console import Console

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)

_PATIENCE_SECONDS = 3.0

_Function = TypeVar("_Function", bound=Callable[..., None])

_data = click.option(
    "--data",
    type=_FOLDER,
    required=True,
    envvar="GAUGER_INSTANCE_DATA",
    show_envvar=True,
    help="Data folder of the product instance.",
)
_keys = click.option("--keys", type=_FOLDER, help="Folder of its keys; DATA/keys if left out.")
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


def _store_options(function: _Function) -> _Function:
    return _data(_keys(_clock(function)))


class _Operator(Protocol):
    """What a command asks: of a running agent, or of the store that it opened itself."""

    def execute(self, line: str, folder: Path) -> str: ...

    def configure(self, lines: Sequence[str]) -> str: ...

    def set_count(self, tag: str, count: int) -> None: ...

    def access_point(self, action: str, udi: Udi) -> None: ...

    def flush(self) -> None: ...


class _OwnAgent:
    """The store, opened by this command because no agent runs on it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def execute(self, line: str, folder: Path) -> str:
        return Console(self._agent, folder=folder).execute(line)

    def configure(self, lines: Sequence[str]) -> str:
        return Console(self._agent).configure(lines)

    def set_count(self, tag: str, count: int) -> None:
        self._agent.set_count(tag, count)

    def access_point(self, action: str, udi: Udi) -> None:
        if action == "join":
            self._agent.join_access_point(udi)
        else:
            self._agent.leave_access_point(udi)

    def flush(self) -> None:
        self._agent.flush()


@contextmanager
def _operator(data: Path, keys: Path | None, clock: Path | None) -> Iterator[_Operator]:
    """Lend whoever may write to the store: its running agent, else this process."""
    reached = _reach(data, keys, clock)
    if isinstance(reached, AgentClient):
        with reached:
            yield reached
        return
    try:
        yield _OwnAgent(reached)
    finally:
        reached.stop()


def _reach(data: Path, keys: Path | None, clock: Path | None) -> AgentClient | Agent:
    """Find the agent that runs, or open the store where none does.

    An agent that is just starting, or another command at work, is waited for a little.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while (client := connect(data)) is None:
        try:
            return _open(data, keys=keys, clock=clock)
        except Problem as problem:
            if problem.code != "store-locked" or time.monotonic() > end:
                raise
        time.sleep(0.05)
    return client


def _open(
    data: Path,
    *,
    keys: Path | None,
    clock: Path | None,
    bundle: Path | None = None,
    ca: Path | None = None,
) -> Agent:
    if bundle is None and not data.is_dir():
        # Asked before anything is made: a misspelt folder must not come to be.
        raise Problem("store-missing", f"{data} is not there.")
    options = Options(
        data=data, keys=keys, bundle=bundle, clock_file=clock, ca=ca, keeps_counts=True
    )
    return open_agent(options)


@click.group()
def instance() -> None:
    """Run and operate a product instance."""


@instance.command()
@_store_options
@click.option("--bundle", type=_FOLDER, required=True, help="Device bundle from the factory.")
@_ca
def init(
    *, data: Path, bundle: Path, keys: Path | None, clock: Path | None, ca: Path | None
) -> None:
    """Take in a device bundle: the product instance has its identity from then on."""
    agent = _open(data, bundle=bundle, keys=keys, clock=clock, ca=ca)
    try:
        click.echo(f"{agent.udi} ({agent.profile.title}): {data}")
        click.echo(f"Next: gauger instance run --data {data}")
    finally:
        agent.stop()


@instance.command()
@_store_options
@click.option("--bundle", type=_FOLDER, help="Device bundle, taken in at the first start.")
@_ca
def run(
    *, data: Path, bundle: Path | None, keys: Path | None, clock: Path | None, ca: Path | None
) -> None:
    """Measure and report until SIGTERM or Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    agent = _open(data, bundle=bundle, keys=keys, clock=clock, ca=ca)
    try:
        with AgentServer(data, agent):
            agent.start()
            _greet(agent, data, is_test=clock is not None)
            ended.wait()
    finally:
        agent.stop()
    click.echo("Stopped; everything measured is stored.")


def _greet(agent: Agent, data: Path, *, is_test: bool) -> None:
    if is_test:
        click.echo("TEST CLOCK: what is signed now is refused by every role without a test clock.")
    profile = agent.profile
    licence = profile.licences[0].feature
    lines = [
        f"Product instance {agent.udi} is running: {profile.title}, release {profile.release}.",
        "From another terminal:",
        f"  gauger instance exec   --data {data} show license status",
        f"  gauger instance config --data {data} license smart transport smart",
        f"  gauger instance use    --data {data} {licence} 5",
    ]
    if profile.counted_by(Counting.ACCESS_POINTS):
        lines.append(f"  gauger instance access-point join --data {data} PID SERIAL-NUMBER")
    click.echo("\n".join([*lines, "Ctrl-C stops it."]))
    sys.stdout.flush()


_typed_line = click.argument("line", nargs=-1, required=True, type=click.UNPROCESSED)
_LINE_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@instance.command("exec", context_settings=_LINE_SETTINGS)
@_store_options
@_typed_line
def exec_(*, data: Path, keys: Path | None, clock: Path | None, line: tuple[str, ...]) -> None:
    """Carry out an EXEC command, for example `show license status`.

    A running agent carries it out; where none runs, this process opens the store itself.
    """
    with _operator(data, keys, clock) as operator:
        text = operator.execute(_joined(line), Path.cwd())
    if text:
        click.echo(text)


@instance.command(context_settings=_LINE_SETTINGS)
@_store_options
@click.argument("line", nargs=-1, type=click.UNPROCESSED)
def config(*, data: Path, keys: Path | None, clock: Path | None, line: tuple[str, ...]) -> None:
    """Apply configuration lines, all or none, and save them.

    One line may be typed as it is; several stand in quotes each, or come on standard input.
    """
    lines = _config_lines(line)
    with _operator(data, keys, clock) as operator:
        operator.configure(lines)


@instance.command()
@_store_options
@click.argument("tag")
@click.argument("count", type=click.IntRange(0, 2**31 - 1))
def use(*, data: Path, keys: Path | None, clock: Path | None, tag: str, count: int) -> None:
    """Say that the product uses COUNT licences of TAG from now on: for trying things out.

    TAG is an entitlement tag or the short feature name. The product itself would use the library.
    """
    with _operator(data, keys, clock) as operator:
        operator.set_count(tag, count)
        operator.flush()


@instance.command("access-point")
@click.argument("action", type=click.Choice(["join", "leave"]))
@_store_options
@click.argument("pid")
@click.argument("serial")
def access_point(
    *, data: Path, keys: Path | None, clock: Path | None, action: str, pid: str, serial: str
) -> None:
    """Let an access point join or leave a wireless controller: for trying things out."""
    with _operator(data, keys, clock) as operator:
        operator.access_point(action, Udi(pid, serial))
        operator.flush()


@instance.command()
@click.option("--profile", "file", type=_FILE, help="Check and show a profile of your own.")
def profiles(*, file: Path | None) -> None:
    """List the product profiles, or check one of your own."""
    if file is not None:
        profile = product_profiles.from_file(file)
        click.echo("\n".join([*_described(profile), f"Next: gauger factory mint --profile {file}"]))
        return
    for name in product_profiles.names():
        click.echo("\n".join(_described(product_profiles.builtin(name))))


def _described(profile: Profile) -> list[str]:
    lines = [
        f"{profile.name}: {profile.title}",
        f"  release {profile.release}, product ids {', '.join(profile.pids)}",
    ]
    for licence in profile.licences:
        own = "" if licence.origin is Origin.PUBLISHED else ", own tag"
        by = ", by access points" if licence.counts is Counting.ACCESS_POINTS else ""
        what = f"{licence.enforcement.value} {licence.term.value}"
        lines.append(f"  {licence.feature} ({licence.name}): {what}{by}{own}")
    return lines


def _joined(words: Sequence[str]) -> str:
    """Return the line that was typed; a word with blanks keeps together in quotes."""
    if len(words) == 1:
        return words[0]
    end = words.index("|") if "|" in words else len(words)
    typed = [f'"{word}"' if " " in word else word for word in words[:end]]
    return " ".join([*typed, *words[end:]])


def _config_lines(words: Sequence[str]) -> list[str]:
    """Return lines: words of one, or one in each argument, or those on standard input."""
    if not words:
        if sys.stdin.isatty():
            message = "No line was given; type one, or send lines on standard input."
            raise Problem("invalid-argument", message)
        return sys.stdin.read().splitlines()
    if any(" " in word for word in words):
        return list(words)
    return [" ".join(words)]
