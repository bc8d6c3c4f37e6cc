"""Output on its way from a shell's thread to a client, bounded where the client is slow."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from gauger.surfaces.ssh.limits import Limits


class Outlet:
    """Where a shell writes.

    Nobody waits while writing: a shell writes with its lock held, and a message of the device that
    stood behind it would hold up who measures. The shell's thread waits between two commands.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        send: Callable[[bytes], None],
        give_up: Callable[[], None],
    ) -> None:
        """Open it.

        Args:
            loop: The surface's event loop.
            limits: How much may wait, and how long.
            send: Puts output onto the channel; called in the loop.
            give_up: Cuts the client off; called in the loop.
        """
        self._loop, self._limits = loop, limits
        self._send, self._give_up = send, give_up
        self._change = threading.Condition()
        self._holds: set[str] = set()
        self._queued = 0
        self._is_closed = False

    def write(self, data: bytes, *, must: bool) -> None:
        """Write, from any thread; what comes after the end is thrown away.

        Args:
            data: The output.
            must: Whether it is written even to a client that is slow; else it is left out there.
        """
        with self._change:
            if self._is_closed or not (must or self._has_room()):
                return
            self._queued += len(data)
        self._call(self._put, data)

    def wait(self) -> bool:
        """Wait until the client has read most of what was written.

        Returns:
            Whether to go on; not so where it has not for so long that it was cut off.
        """
        with self._change:
            is_free = self._change.wait_for(self._has_room, timeout=self._limits.patience)
            is_closed = self._is_closed
        if not is_free:
            self.close()
            self._call(self._give_up)
        return is_free and not is_closed

    def hold(self, reason: str) -> None:
        """Let writers wait for a reason, until `let` takes it back."""
        with self._change:
            self._holds.add(reason)

    def let(self, reason: str) -> None:
        """Take a reason back."""
        with self._change:
            self._holds.discard(reason)
            self._change.notify_all()

    def close(self) -> None:
        """Throw away all that is written from now on; nobody waits any more."""
        with self._change:
            self._is_closed = True
            self._change.notify_all()

    def _has_room(self) -> bool:
        is_slow = bool(self._holds) or self._queued > self._limits.output_bytes
        return self._is_closed or not is_slow

    def _put(self, data: bytes) -> None:
        self._send(data)
        with self._change:
            self._queued -= len(data)
            self._change.notify_all()

    def _call(self, act: Callable[..., None], *arguments: object) -> None:
        # A command may still be at work in its thread when the surface has ended.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *arguments)
