"""Memory for bodies: one budget over all connections, of which large bodies never take all.

A cap on each body is no cap on memory: it holds for one connection, and there are a thousand. So
room for a body is taken before the first byte of it is read, all at once: two that each hold half
of what they need would wait for each other.
"""

import asyncio
from collections import deque
from typing import Final

from gauger.core.problems import Problem

SMALL: Final = 64 * 1024
"""Bytes up to which a body is small; an ordinary report is."""

_KEPT: Final = 4  # one part in so many is kept for small bodies
_RETRY_AFTER: Final = 5


class BodyRoom:
    """Counts the bytes of bodies that are held; one event loop uses it."""

    def __init__(self, total: int, seconds: float) -> None:
        """Start with nothing held.

        Args:
            total: Bytes that may be held at once.
            seconds: How long a body waits for room.
        """
        self._total = total
        # Reports of a fleet are small: a few large uploads must never shut them out.
        self._for_large = total - total // _KEPT
        self._seconds = seconds
        self._held = {True: 0, False: 0}  # by whether the body is large
        self._waiting: dict[bool, deque[tuple[int, asyncio.Future[None]]]] = {
            True: deque(),
            False: deque(),
        }

    @property
    def held(self) -> int:
        """Bytes held now."""
        return sum(self._held.values())

    async def take(self, size: int) -> None:
        """Take room for a body, in the order of those of its kind that wait.

        Raises:
            Problem: ``server-busy`` where there is none in time.
        """
        is_large = size > SMALL
        # Nobody overtakes: a large body would wait for ever behind ever new smaller ones.
        if not self._waiting[is_large] and self._fits(size):
            self._held[is_large] += size
            return
        place = (size, asyncio.get_running_loop().create_future())
        self._waiting[is_large].append(place)
        try:
            async with asyncio.timeout(self._seconds):
                await place[1]
        # Also where the peer goes away while it waits, or its place would be held for good.
        except BaseException as error:
            self._leave(place)
            if not isinstance(error, TimeoutError):
                raise
            message = f"Bodies of other requests fill the {self._total} bytes set aside for them."
            raise Problem("server-busy", message, retry_after=_RETRY_AFTER) from error

    def give(self, size: int) -> None:
        """Give room back, and let in who waits for it."""
        self._held[size > SMALL] -= size
        self._admit()

    def _fits(self, size: int) -> bool:
        if size <= SMALL:
            return self.held + size <= self._total
        large = self._held[True]
        # One alone always fits, however small the budget is: else it would be refused for ever.
        return large == 0 or (large + size <= self._for_large and self.held + size <= self._total)

    def _admit(self) -> None:
        for is_large in (False, True):
            line = self._waiting[is_large]
            while line and self._fits(line[0][0]):
                size, place = line.popleft()
                self._held[is_large] += size
                place.set_result(None)

    def _leave(self, place: tuple[int, "asyncio.Future[None]"]) -> None:
        """Take one out of the line; what it was given in the same moment goes back."""
        size, waiting = place
        if waiting.done() and not waiting.cancelled():
            self.give(size)
            return
        line = self._waiting[size > SMALL]
        if place in line:
            line.remove(place)
        self._admit()  # who stood behind may fit where this one did not


class Lease:
    """What one request holds of the room."""

    def __init__(self, room: BodyRoom) -> None:
        """Start with nothing."""
        self._room = room
        self._size = 0

    async def hold(self, size: int) -> None:
        """Hold so many bytes, instead of what is held so far.

        Raises:
            Problem: ``server-busy`` where there is no room in time.
        """
        if size > self._size:
            await self._room.take(size)  # before the other is given back: those bytes are there
            self.end()
            self._size = size

    def end(self) -> None:
        """Give everything back."""
        if self._size:
            # Set first, so that to end twice gives back once.
            size, self._size = self._size, 0
            self._room.give(size)
