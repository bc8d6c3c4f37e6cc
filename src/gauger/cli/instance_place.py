"""Where a product instance lives, and who may write to its store: cheap to import."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.surfaces.agent_client import connect

_PATIENCE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a product instance lives, as the command line says.

    Attributes:
        data: Data folder.
        keys: Key folder, or None for the usual one.
        clock: File that a test moves the clock by, or None.
        bundle: Device bundle to take in, or None.
        ca: PEM file of the authorities for the portal's TLS certificate, or None.
    """

    data: Path
    keys: Path | None = None
    clock: Path | None = None
    bundle: Path | None = None
    ca: Path | None = None


class Operator(Protocol):
    """What a command asks: of a running agent, or of the store that it opened itself."""

    def execute(self, line: str, folder: Path) -> str:
        """Carry out an EXEC line; relative file paths begin at the folder."""

    def configure(self, lines: Sequence[str]) -> str:
        """Apply configuration lines, all or none."""

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use."""

    def access_point(self, action: str, udi: Udi) -> None:
        """Let an access point ``join`` or ``leave``."""

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
    reached = _reach(place)
    try:
        yield reached
    finally:
        reached.close()


def _reach(place: Place) -> Operator:
    """Find the agent that runs, or open the store where none does.

    An agent that is just starting, or another command at work, is waited for a little.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        client = connect(place.data)
        if client is not None:
            return client
        # Loading the agent takes half a second, which a command to a running one need not spend.
        from gauger.cli.instance_store import OwnStore  # noqa: PLC0415 - only here is it needed

        try:
            return OwnStore(place)
        except Problem as problem:
            if problem.code != "store-locked" or time.monotonic() > end:
                raise
        time.sleep(0.05)
