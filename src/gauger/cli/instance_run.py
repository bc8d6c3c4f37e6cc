"""Open the agent of a place and run it. What shows and talks loads when somebody asks."""

import contextlib
import shlex
import signal
import socket
from dataclasses import replace
from typing import Final

import click

from gauger.cli.instance_place import Place
from gauger.cli.serving import tell
from gauger.cli.typed_line import typed_line
from gauger.core.problems import Problem
from gauger.core.profiles import Counting
from gauger.instance.agent import Agent
from gauger.instance.main import Options, open_agent, profile_of
from gauger.surfaces.agent_socket import AgentServer

_ENDS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
"""Signals that ask the process to end."""


def open_at(place: Place, *, durable: bool = True) -> Agent:
    """Open the agent of a place; it is the one writer of the store until it is stopped.

    Args:
        place: Where it is.
        durable: Whether to refuse where the disk takes nothing, as a single command does.

    Raises:
        Problem: ``store-missing`` where nothing is there; as `gauger.instance.main.open_agent`.
    """
    if place.bundle is None:
        if not place.data.is_dir():
            # Asked before anything is made: a misspelt folder must not come to be.
            raise Problem("store-missing", f"{place.data} is not there.")
        # Nor may a folder of something else be littered with a lock and keys.
        profile_of(place.data)
    return open_agent(replace(options_of(place), durable=durable))


def options_of(place: Place) -> Options:
    """Return a place as the composition root takes it."""
    return Options(
        data=place.data,
        keys=place.keys,
        bundle=place.bundle,
        clock_file=place.clock,
        ca=place.ca,
        keeps_counts=True,
    )


def take_in(place: Place) -> None:
    """Take in a device bundle and say whose it is.

    Raises:
        Problem: ``bundle-invalid``, ``store-exists``, ``store-locked``.
    """
    agent = open_at(place)
    try:
        click.echo(f"{agent.udi} ({agent.profile.title}): {place.data}")
        # With its keys: in DATA/keys, where it would look else, there are none.
        options = {"data": place.data, "keys": place.keys, "clock": place.clock}
        click.echo(f"Next: {typed_line('gauger instance run', **options)}")
    finally:
        agent.stop()


def serve(place: Place) -> None:
    """Measure and report until SIGTERM or Ctrl-C.

    Raises:
        Problem: ``store-locked``, or why the store cannot be opened.
    """
    # Blocked before any thread begins: the kernel may hand a signal to any thread of a process, and
    # one that reaches another does not end a wait of the main thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    with contextlib.ExitStack() as stack:
        # Before the store is opened: a port that is taken must not cost a boot.
        listener = None if place.ssh is None else stack.enter_context(_listener(place.ssh, place))
        trouble = _run(place, listener)
    # Told at last: what could not be stored must not end in the words below.
    if trouble is not None:
        raise trouble
    tell("Stopped; everything measured is stored.")


def _run(place: Place, listener: socket.socket | None) -> Problem | None:
    agent = open_at(place, durable=False)
    try:
        with AgentServer(place.data, agent), _shell(listener, agent, place):
            agent.start()
            _greet(agent, place)
            signal.sigwait(_ENDS)
    finally:
        trouble = agent.stop()
    return trouble


def _listener(address: str, place: Place) -> socket.socket:
    from gauger.cli.instance_ssh import listen  # noqa: PLC0415 - few devices are reached so

    return listen(address, is_test=place.clock is not None)


def _shell(
    listener: socket.socket | None, agent: Agent, place: Place
) -> contextlib.AbstractContextManager[None]:
    if listener is None:
        return contextlib.nullcontext()
    from gauger.cli.instance_ssh import shell_over  # noqa: PLC0415 - few devices are reached so

    return shell_over(listener, agent, options_of(place))


def _greet(agent: Agent, place: Place) -> None:
    if place.clock is not None:
        tell("TEST CLOCK: what is signed now is refused by every role without a test clock.")
    # Without --keys: who has the data folder reaches this agent, and the agent has the keys.
    profile, data = agent.profile, shlex.quote(str(place.data))
    lines = [
        f"Product instance {agent.udi} is running: {profile.title}, release {profile.release}.",
        "From another terminal:",
        f"  gauger instance exec   --data {data} show license status",
        f"  gauger instance config --data {data} license smart transport smart",
        f"  gauger instance use    --data {data} {profile.licences[0].feature} 5",
    ]
    if profile.counted_by(Counting.ACCESS_POINTS):
        lines.append(f"  gauger instance access-point join --data {data} PID SERIAL-NUMBER")
    tell("\n".join([*lines, "Ctrl-C stops it."]))
