"""A transport for answers: one piece where they are short, an end that lets the peer read why.

A socket that is closed with unread bytes resets its connection, and the reset overtakes the
answer: a peer that sends before it reads sees a broken network instead of a refusal. So the rest of
what a peer sends is read away first.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

_REST_SECONDS: Final = 5.0
_REST_BYTES: Final = 16 * 1024 * 1024
_HELD: Final = 2048
"""Bytes up to which a piece waits for the next one; the head of an answer is about 150."""


class LingeringTransport:
    """A transport that sends head and body together, and whose `close` waits for the peer's end.

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
        self._held = b""
        self._write: Callable[[bytes], None] = transport.write

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- of asyncio's transport
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    @property
    def is_lingering(self) -> bool:
        """Whether all is said, and what still comes is read away."""
        return self._deadline is not None

    def write(self, data: bytes) -> None:
        """Send; a short piece waits for what follows it, until the loop's next turn at most.

        The server writes head and body of an answer one by one. Each would be a system call, a
        segment, and a moment at which another thread takes the interpreter.
        """
        if self._held:
            data, self._held = self._held + data, b""
        elif len(data) <= _HELD:
            if data:
                self._held = data
                # What belongs to it may take its time: a long answer is written as it is made.
                asyncio.get_running_loop().call_soon(self._flush)
            return
        self._write(data)

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing more is to be written."""
        return self.is_lingering or bool(self._transport.is_closing())

    def close(self) -> None:
        """Close at once, or after the peer where it is still sending."""
        if self.is_closing():
            return
        self._flush()
        if not self._has_more():
            self._transport.close()
            return
        loop = asyncio.get_running_loop()
        # Whatever the peer does, the connection is gone after these seconds.
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
        # By bytes as well as by time: a fast peer could send gigabytes within the seconds.
        self._rest -= size
        if self._rest < 0:
            self._transport.abort()

    def ended(self) -> None:
        """Forget the deadline: the connection is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
