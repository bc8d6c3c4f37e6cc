"""Where a product instance lives, and who may write to its store: cheap to import."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.surfaces.agent_client import connect

# Longer than an agent takes to start or to store its last; shorter than a person waits for a word.
_PATIENCE_SECONDS: Final = 3.0

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a product instance lives, as the command line says.

    Attributes:
        data: Data folder.
        keys: Key folder, or None for the usual one.
        clock: File that a test moves the clock by, or None.
        bundle: Device bundle to take in, or None.
        ca: PEM file of the authorities for the portal's TLS certificate, or None.
        ssh: ``HOST:PORT`` at which a shell is served, or None for none.
    """

    data: Path
    keys: Path | None = None
    clock: Path | None = None
    bundle: Path | None = None
    ca: Path | None = None
    ssh: str | None = None


class Operator(Protocol):
    """What a command asks: of a running agent, or of the store that it opened itself."""

    def configure(self, lines: Sequence[str]) -> str:
        """Apply configuration lines, all or none."""

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use."""

    def access_point(self, action: str, udi: Udi) -> None:
        """Let an access point ``join`` or ``leave``."""

    def import_trust(self, paths: Sequence[Path]) -> str:
        """Take in root sets, all or none; return a line for each."""

    def user(self, request: Mapping[str, object]) -> str:
        """Carry out a request about users."""

    def flush(self) -> None:
        """Make every change durable now."""

    def close(self) -> None:
        """Let go."""


@contextmanager
def operator(place: Place) -> Iterator[Operator]:
    """Lend whoever may write to the store: its running agent, else this process.

    Args:
        place: Where the store lies.

    Raises:
        Problem: ``store-missing``, ``store-locked``, or why the store cannot be opened.
    """
    reached = persistently(partial(_reach, place))
    try:
        yield reached
    finally:
        reached.close()


def execute(place: Place, line: str) -> str:
    """Carry out an EXEC line: by the running agent, else by this process.

    Where no agent runs, a line that only shows is answered from the store as it lies there: to
    look is no boot, and changes nothing.

    Args:
        place: Where the store lies.
        line: The line as typed; relative file paths in it begin at the working folder.

    Raises:
        Problem: ``invalid-command``, or as `operator`.
    """
    return persistently(partial(_execute, place, line))


def trusted(place: Place) -> Mapping[str, object]:
    """Return whom a product instance trusts, as `gauger.instance.views.RootView` names it.

    Args:
        place: Where the store lies.

    Raises:
        Problem: As `execute`.
    """
    return persistently(partial(_trusted, place))


def _trusted(place: Place) -> Mapping[str, object]:
    client = connect(place.data)
    if client is not None:
        with client:
            return client.trust()
    from gauger.cli import instance_store  # noqa: PLC0415 - only here is it needed

    return instance_store.trusted(place)


def _execute(place: Place, line: str) -> str:
    client = connect(place.data)
    if client is not None:
        with client:
            # The agent has a working folder of its own: `file usage.xml` means a file of whoever
            # types it.
            return client.execute(line, Path.cwd())
    # Loading the agent takes half a second, which a command to a running one need not spend.
    from gauger.cli import instance_store  # noqa: PLC0415 - only here is it needed

    return instance_store.execute(place, line)


def _reach(place: Place) -> Operator:
    client = connect(place.data)
    if client is not None:
        return client
    from gauger.cli.instance_store import OwnStore  # noqa: PLC0415 - only here is it needed

    return OwnStore(place)


def persistently(attempt: Callable[[], _Result]) -> _Result:
    """Wait a little for an agent that is just starting, or for another command at work.

    Args:
        attempt: What is tried until the store is not locked.

    Raises:
        Problem: ``store-locked`` where it stays so; whatever else the attempt is refused with.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except Problem as problem:
            # An agent takes the lock a moment before it listens, and gives it back a moment after:
            # neither is a refusal yet.
            if problem.code != "store-locked" or time.monotonic() > end:
                raise
        time.sleep(0.05)
