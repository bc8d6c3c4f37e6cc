"""`gauger instance console`: the terminal of whoever types it, as the device's own console."""

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gauger.cli.instance_place import Place, persistently
from gauger.core.problems import Problem
from gauger.surfaces.agent_client import AgentClient, connect
from gauger.surfaces.agent_line import ConsoleLine

if TYPE_CHECKING:
    from gauger.instance.agent import Agent

ESCAPE: Final = b"\x1d"
"""Ctrl-], as telnet has it: it leaves a console that answers nothing any more."""

_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)


def sit_down(place: Place) -> None:
    """Carry a session between this terminal and the product instance until it ends.

    Args:
        place: Where the product instance lives.

    Raises:
        Problem: ``store-missing``, ``store-locked``, or why the store cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(_reached(place))
        is_terminal = os.isatty(0) and os.isatty(1)
        # A script reads all of an output at once: nobody is there to press a key.
        rows, columns = _size() if is_terminal else (0, 0)
        line = client.shell(rows=rows, columns=columns, folder=_here())
        wakes = stack.enter_context(_signals())
        if is_terminal:
            click.echo("Escape character is '^]'.", err=True)
            stack.enter_context(_raw_terminal())
        _carry(line, wakes)


@contextlib.contextmanager
def _reached(place: Place) -> Iterator[AgentClient]:
    """Lend a connection to the agent; where none runs, to one within this process."""
    # Tried together: the lock of an agent that is just starting is held before it listens.
    reached = persistently(lambda: connect(place.data) or _opened(place))
    if isinstance(reached, AgentClient):
        with reached:
            yield reached
        return
    from gauger.surfaces.agent_socket import AgentServer  # noqa: PLC0415 - only here is it needed

    try:
        # Others reach it meanwhile as they would reach one that runs.
        with AgentServer(place.data, reached):
            client = connect(place.data)
            if client is None:
                raise Problem("comm-failed", "The agent of this process cannot be reached.")
            with client:
                yield client
    finally:
        reached.stop()


def _opened(place: Place) -> "Agent":
    from gauger.cli.instance_run import open_at  # noqa: PLC0415 - loads the whole agent

    return open_at(place)


def _carry(line: ConsoleLine, wakes: int) -> None:
    """Send what is typed and show what comes until the session is over."""
    sources = [line.fileno(), wakes, sys.stdin.fileno()]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if wakes in ready:
            os.read(wakes, 64)
            # The agent may be gone already; what it has written is shown all the same.
            with contextlib.suppress(OSError):
                line.resize(*_size())
        if line.fileno() in ready:
            shown = line.shown()
            if not shown:
                return
            _show(shown)
        if sys.stdin.fileno() in ready:
            typed = os.read(sys.stdin.fileno(), 4096)
            if ESCAPE in typed:
                _show(b"\r\n")
                return
            if not typed:
                sources.remove(sys.stdin.fileno())
                line.finish()
            with contextlib.suppress(OSError):
                line.type(typed)


def _show(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


def _size() -> tuple[int, int]:
    """Return rows and columns of the terminal; those of the oldest where it names none."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 0, 0
    return size.lines or 24, size.columns or 80


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # A working folder that was deleted has no name, and few commands need it.
        return Path("/")


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    """Let every key through as it is, Ctrl-C too, and put the terminal back at the end."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """Lend a descriptor that wakes when the terminal changes its size; end in order when asked to."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    # A terminal that is left raw is of no use to whoever sits there.
    before = {number: signal.signal(number, _leave) for number in _ENDS}
    before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: None)
    signal.set_wakeup_fd(writing)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)
