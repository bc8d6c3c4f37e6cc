"""What stands between a socket and the library's connection, and bounds what waits in both ways.

The library reads on while a log-in is being checked, and writes on while nobody reads: whoever
connects could fill the memory of a product with either, before having logged in.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import asyncssh

from gauger.surfaces.ssh.limits import Limits

if TYPE_CHECKING:
    from gauger.surfaces.ssh.outlet import Outlet

_UNREAD: Final = "output that nobody reads"


class Guard(asyncio.Protocol):
    """One client's socket. All of it runs in the surface's event loop."""

    def __init__(
        self,
        connection: asyncssh.SSHServerConnection,
        limits: Limits,
        arrived: "Arrival",
    ) -> None:
        """Take the library's connection and whom to tell that it has begun."""
        self.connection = connection
        self.outlets: set[Outlet] = set()
        self._limits = limits
        self._arrived = arrived
        self._transport: asyncio.Transport | None = None
        self._holds: set[str] = set()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if not isinstance(transport, asyncio.Transport):
            # asyncio hands a stream one that can be paused; over another nothing could be bounded.
            raise TypeError(transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._limits.output_bytes)
        self.connection.connection_made(transport)
        self._arrived(self)

    def data_received(self, data: bytes) -> None:
        """Hand input on."""
        self.connection.data_received(data)

    def eof_received(self) -> None:
        """Hand the end of input on."""
        self.connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand the end on."""
        self._stop_waiting()
        self._transport = None
        self.connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Read nothing more of a client that does not read: each request would add an answer."""
        self.hold(_UNREAD)
        for outlet in self.outlets:
            outlet.hold(_UNREAD)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._limits.patience, self.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._stop_waiting()
        self.let(_UNREAD)
        for outlet in self.outlets:
            outlet.let(_UNREAD)

    def hold(self, reason: str) -> None:
        """Read nothing more for a reason, until `let` takes it back."""
        self._holds.add(reason)
        if self._transport is not None:
            self._transport.pause_reading()

    def let(self, reason: str) -> None:
        """Read on, where no other reason is against it."""
        self._holds.discard(reason)
        # One that is closing has been told by its end already, and cannot begin to read again.
        is_open = self._transport is not None and not self._transport.is_closing()
        if is_open and not self._holds and self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Cut the client off; what waits is thrown away."""
        if self._transport is not None:
            self._transport.abort()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


Arrival = Callable[[Guard], None]
"""Who is told of a client that has come."""
