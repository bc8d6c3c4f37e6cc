"""What `gauger instance` does where it opens a store itself: it loads the whole agent."""

import signal
import sys
import threading
from collections.abc import Sequence

import click

from gauger.cli.instance_place import Place
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Counting
from gauger.instance.agent import Agent
from gauger.instance.main import Options, last_known, open_agent
from gauger.surfaces.agent_socket import AgentServer
from gauger.surfaces.console.console import Console, only_shows, show


class OwnStore:
    """A store that this command opened because no agent runs on it."""

    def __init__(self, place: Place) -> None:
        """Open it.

        Raises:
            Problem: ``store-missing``, ``store-locked``, or why it cannot be opened.
        """
        self._agent = _open(place)

    def configure(self, lines: Sequence[str]) -> str:
        """Apply configuration lines, all or none."""
        return Console(self._agent).configure(lines)

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use."""
        self._agent.set_count(tag, count)

    def access_point(self, action: str, udi: Udi) -> None:
        """Let an access point ``join`` or ``leave``."""
        if action == "join":
            self._agent.join_access_point(udi)
        else:
            self._agent.leave_access_point(udi)

    def flush(self) -> None:
        """Make every change durable now."""
        self._agent.flush()

    def close(self) -> None:
        """Store everything and release the store."""
        self._agent.stop()


def execute(place: Place, line: str) -> str:
    """Carry out an EXEC line on a store that no agent runs on.

    Raises:
        Problem: ``invalid-command``, before anything is opened; ``store-missing``,
            ``store-locked``, or why the store cannot be opened; why the line was refused.
    """
    if only_shows(line):
        with last_known(_options(place)) as known:
            return show(known, line)
    agent = _open(place)
    try:
        return Console(agent).execute(line)
    finally:
        agent.stop()


def take_in(place: Place) -> None:
    """Take in a device bundle and say whose it is.

    Raises:
        Problem: ``bundle-invalid``, ``store-exists``, ``store-locked``.
    """
    agent = _open(place)
    try:
        click.echo(f"{agent.udi} ({agent.profile.title}): {place.data}")
        click.echo(f"Next: gauger instance run --data {place.data}")
    finally:
        agent.stop()


def serve(place: Place) -> None:
    """Measure and report until SIGTERM or Ctrl-C.

    Raises:
        Problem: ``store-locked``, or why the store cannot be opened.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    agent = _open(place)
    try:
        with AgentServer(place.data, agent):
            agent.start()
            _greet(agent, place)
            ended.wait()
    finally:
        agent.stop()
    click.echo("Stopped; everything measured is stored.")


def _greet(agent: Agent, place: Place) -> None:
    if place.clock is not None:
        click.echo("TEST CLOCK: what is signed now is refused by every role without a test clock.")
    profile, data = agent.profile, place.data
    lines = [
        f"Product instance {agent.udi} is running: {profile.title}, release {profile.release}.",
        "From another terminal:",
        f"  gauger instance exec   --data {data} show license status",
        f"  gauger instance config --data {data} license smart transport smart",
        f"  gauger instance use    --data {data} {profile.licences[0].feature} 5",
    ]
    if profile.counted_by(Counting.ACCESS_POINTS):
        lines.append(f"  gauger instance access-point join --data {data} PID SERIAL-NUMBER")
    click.echo("\n".join([*lines, "Ctrl-C stops it."]))
    sys.stdout.flush()


def _open(place: Place) -> Agent:
    if place.bundle is None and not place.data.is_dir():
        # Asked before anything is made: a misspelt folder must not come to be.
        raise Problem("store-missing", f"{place.data} is not there.")
    return open_agent(_options(place))


def _options(place: Place) -> Options:
    return Options(
        data=place.data,
        keys=place.keys,
        bundle=place.bundle,
        clock_file=place.clock,
        ca=place.ca,
        keeps_counts=True,
    )
