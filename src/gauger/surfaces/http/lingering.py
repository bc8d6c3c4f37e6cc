"""A connection's end that lets the peer read why: the rest of what it sends is read away first.

A socket that is closed with unread bytes resets its connection, and the reset overtakes the
answer: a peer that sends before it reads sees a broken network instead of a refusal.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

_REST_SECONDS: Final = 5.0
_REST_BYTES: Final = 16 * 1024 * 1024


class LingeringTransport:
    """A transport whose `close` waits, within bounds, for the peer to end as well.

    Everything else is the transport's own.
    """

    def __init__(self, transport: Any, has_more: Callable[[], bool]) -> None:  # noqa: ANN401 -- whatever transport asyncio gives
        """Stand in front of a transport.

        Args:
            transport: Of one connection.
            has_more: Whether the peer may be in the middle of sending.
        """
        self._transport = transport
        self._has_more = has_more
        self._rest = _REST_BYTES
        self._deadline: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- of asyncio's transport
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    @property
    def is_lingering(self) -> bool:
        """Whether all is said, and what still comes is read away."""
        return self._deadline is not None

    def is_closing(self) -> bool:
        """Tell whether nothing more is to be written."""
        return self.is_lingering or bool(self._transport.is_closing())

    def close(self) -> None:
        """Close at once, or after the peer where it is still sending."""
        if self.is_closing():
            return
        if not self._has_more():
            self._transport.close()
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_REST_SECONDS, self._transport.abort)
        if self._transport.can_write_eof():  # not so over TLS: there the length tells the end
            self._transport.write_eof()
        # A body that ran ahead of its reader had stopped the reading.
        self._transport.resume_reading()

    def read_away(self, size: int) -> None:
        """Count what came after the end, and cut a peer that goes on for ever.

        Args:
            size: Bytes that came.
        """
        self._rest -= size
        if self._rest < 0:
            self._transport.abort()

    def ended(self) -> None:
        """Forget the deadline: the connection is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
