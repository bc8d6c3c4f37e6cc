"""What `gauger instance` asks of a store that no agent runs on: it loads agent and console."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from gauger.cli.instance_place import Place
from gauger.cli.instance_run import open_at, options_of
from gauger.core.identity import Udi
from gauger.instance.config import FLASH
from gauger.instance.main import last_known
from gauger.surfaces.console.console import Console, only_shows, show
from gauger.surfaces.user_requests import carry_out


class OwnStore:
    """A store that this command opened because no agent runs on it."""

    def __init__(self, place: Place) -> None:
        """Open it.

        Raises:
            Problem: ``store-missing``, ``store-locked``, or why it cannot be opened.
        """
        self._agent = open_at(place)

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

    def import_trust(self, paths: Sequence[Path]) -> str:
        """Take in root sets, all or none; return a line for each."""
        return "\n".join(self._agent.import_trust(paths))

    def user(self, request: Mapping[str, object]) -> str:
        """Carry out a request about users."""
        return carry_out(self._agent.users, request)

    def flush(self) -> None:
        """Make every change durable now."""
        self._agent.flush()

    def close(self) -> None:
        """Store everything and release the store."""
        self._agent.stop()


def trusted(place: Place) -> Mapping[str, object]:
    """Return whom a product instance trusts; to look is no boot.

    Raises:
        Problem: ``store-missing``, ``store-locked``, or why the store cannot be read.
    """
    with last_known(options_of(place)) as known:
        return asdict(known.trust())


def execute(place: Place, line: str) -> str:
    """Carry out an EXEC line on a store that no agent runs on.

    Raises:
        Problem: ``invalid-command``, before anything is opened; ``store-missing``,
            ``store-locked``, or why the store cannot be opened; why the line was refused.
    """
    # Without a boot: else each look at a store would add one to the log, and to what the portal
    # sees.
    if only_shows(line):
        with last_known(options_of(place)) as known:
            return show(known, line, flash=place.data / FLASH)
    agent = open_at(place)
    try:
        return Console(agent, flash=place.data / FLASH).execute(line)
    finally:
        agent.stop()
