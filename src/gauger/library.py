"""The library: a product instance in a program of one's own, or a running one spoken to."""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement, Profile
from gauger.instance.meter import NotAuthorized
from gauger.surfaces.agent_client import AgentClient, connect

if TYPE_CHECKING:
    from gauger.instance.ports import Operations

_LOGGER = logging.getLogger("gauger")


class _Way(Protocol):
    """How a program reaches the agent: within itself, or through its socket."""

    def use(self, tag: str, count: int) -> AbstractContextManager[None]:
        """Count licences while the context is entered."""

    def set_count(self, tag: str, count: int) -> None:
        """State a count."""

    def access_point(self, udi: Udi, *, joined: bool) -> None:
        """Count an access point, or stop counting it."""

    def flush(self) -> None:
        """Make every change durable."""

    def close(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where a product instance of one's own keeps what it needs.

    Attributes:
        keys: Key folder; ``keys`` in the data folder where None.
        bundle: Device bundle, taken in at the first start.
        ca: PEM file of the authorities for the portal's TLS certificate.
        clock_file: File that a test moves the clock by.
    """

    keys: Path | None = None
    bundle: Path | None = None
    ca: Path | None = None
    clock_file: Path | None = None


class ProductInstance:
    """A product instance, as a product embeds it; every method is thread-safe.

    Use of unenforced licences never fails or waits because reporting fails. Enforced licences
    raise `NotAuthorized` until an authorization code is installed.
    """

    def __init__(self, way: _Way, *, agent: "Operations | None" = None) -> None:
        """Take the way to the agent; `open` and `connect` make one.

        Args:
            way: The way.
            agent: The agent, where it runs in this program.
        """
        self._way = way
        self._agent = agent

    @classmethod
    def open(cls, data: Path | str, folders: Folders | None = None) -> Self:
        """Run the agent in threads of this program; it is the one writer of the folder.

        Args:
            data: Data folder.
            folders: Where the rest is; needed at the first start, for the device bundle.

        Raises:
            Problem: As `gauger.instance.main.open_agent`.
        """
        from gauger.instance.main import Options  # noqa: PLC0415 -- what is deferred
        from gauger.within import Within  # noqa: PLC0415 -- with it

        chosen = Folders() if folders is None else folders
        way = Within.open(
            Options(
                data=Path(data),
                keys=chosen.keys,
                bundle=chosen.bundle,
                ca=chosen.ca,
                clock_file=chosen.clock_file,
            )
        )
        return cls(way, agent=way.agent)

    @classmethod
    def connect(cls, data: Path | str) -> Self:
        """Speak to the agent that runs on a folder; what is held in use ends with the program.

        Raises:
            Problem: ``comm-failed`` where none runs, ``forbidden`` where it is another user's.
        """
        client = connect(Path(data))
        if client is None:
            raise Problem("comm-failed", f"No agent runs on {data}.")
        with ExitStack() as stack:
            # Where the folder's profile cannot be read, the connection ends as well.
            stack.callback(client.close)
            way = _Beside(Path(data), client)
            stack.pop_all()
        return cls(way)

    @property
    def agent(self) -> "Operations | None":
        """The agent with all its operations; None where it runs in another program."""
        return self._agent

    def use(self, tag: str, count: int = 1) -> AbstractContextManager[None]:
        """Count licences as in use while the context is entered.

        Args:
            tag: Entitlement tag, or the profile's unambiguous short feature name.
            count: How many, at least 1.

        Raises:
            NotAuthorized: Where the licence is enforced and no authorization code is installed.
            Problem: ``unknown-entitlement`` or ``invalid-argument``.
        """
        return self._way.use(tag, count)

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use from now on, besides those under `use`.

        Raises:
            NotAuthorized: As `use`; 0 is accepted for every licence.
            Problem: As `use`.
        """
        self._way.set_count(tag, count)

    def access_point_joined(self, pid: str, serial: str) -> None:
        """Count an access point: one of each licence that the profile counts by them.

        Raises:
            Problem: ``not-supported`` where the profile counts none by them.
        """
        self._way.access_point(Udi(pid, serial), joined=True)

    def access_point_left(self, pid: str, serial: str) -> None:
        """Stop counting an access point.

        Raises:
            Problem: As `access_point_joined`.
        """
        self._way.access_point(Udi(pid, serial), joined=False)

    def flush(self) -> None:
        """Make every change durable now; otherwise it is within a second.

        Raises:
            Problem: ``store-full`` or ``store-failed``; the changes stay in memory.
        """
        self._way.flush()

    def close(self) -> None:
        """Store what is not stored yet, and end."""
        self._way.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Beside:
    """A client of another program's agent. Where that is gone, unenforced use goes on uncounted."""

    def __init__(self, data: Path, client: AgentClient) -> None:
        self._client = client
        # Now, not when the agent is gone: what is enforced must be known then.
        from gauger.adapters.keys.identity import read_facts  # noqa: PLC0415 -- as in `open`

        self._profile: Profile = read_facts(data)[1]

    @contextlib.contextmanager
    def use(self, tag: str, count: int) -> Iterator[None]:
        """Hold licences in use over the connection."""
        with ExitStack() as stack:
            # Only the begin is tolerated: what the product raises while in use is its own.
            with self._tolerated(tag):
                stack.enter_context(_released(self._client, tag, count))
            yield

    def set_count(self, tag: str, count: int) -> None:
        """State a count over the connection."""
        with self._tolerated(tag):
            self._client.set_count(tag, count)

    def access_point(self, udi: Udi, *, joined: bool) -> None:
        """Tell of an access point over the connection."""
        with self._tolerated(None):
            self._client.access_point("join" if joined else "leave", udi)

    def flush(self) -> None:
        """Make every change durable."""
        # Not tolerated: who asks for durability has to hear that there is none.
        self._client.flush()

    def close(self) -> None:
        """End the connection, and with it what it holds in use."""
        self._client.close()

    @contextlib.contextmanager
    def _tolerated(self, tag: str | None) -> Iterator[None]:
        """Let the product go on where only the agent is gone; enforced licences fail closed."""
        try:
            yield
        except Problem as problem:
            if problem.code == "not-authorized":
                raise NotAuthorized(problem.detail) from problem
            # An agent that refuses is alive: an unknown tag is the caller's mistake, and told.
            if problem.code != "comm-failed":
                raise
            # Else to kill the agent would be a way to use what is not authorized.
            if tag is not None and self._is_enforced(tag):
                raise NotAuthorized("The agent is gone, so nothing authorizes it.") from problem
            _LOGGER.warning("Use is not counted: %s", problem.detail)

    def _is_enforced(self, tag: str) -> bool:
        return self._profile.licence(tag).enforcement is not Enforcement.UNENFORCED


@contextlib.contextmanager
def _released(client: AgentClient, tag: str, count: int) -> Iterator[None]:
    """Hold a use; that the agent is gone at its end ended it already."""
    held = client.use(tag, count)
    held.__enter__()
    try:
        yield
    finally:
        with contextlib.suppress(Problem):
            held.__exit__(None, None, None)
