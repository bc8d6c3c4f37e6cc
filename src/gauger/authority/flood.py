"""A limit on what one device may have judged in a minute, however well it signs."""

import threading
from collections import OrderedDict
from typing import Final

from gauger.core.authority.commands import Pipe
from gauger.core.identity import Udi
from gauger.core.ports import Clock
from gauger.core.problems import Problem

WINDOW: Final = 60
"""Seconds in which the documents of a device are counted together."""

_MOST_DEVICES: Final = 50_000  # bounds the memory that a large fleet takes


class DeviceBudgets:
    """Counts verified documents by device; any thread may use it.

    It counts after the signature was verified: before, anybody could use up the budget of somebody
    else by naming that device. So the flood costs the flooder's verification, and neither a row of
    the ledger nor a place in the line of the others. Files that people upload are not counted: a
    device that was offline for years comes with all its reports at once.
    """

    def __init__(self, clock: Clock, documents: int) -> None:
        """Set the limit.

        Args:
            clock: Gives monotonic time.
            documents: Documents of one device that are judged in a minute.
        """
        self._clock = clock
        self._documents = documents
        self._counted: OrderedDict[Udi, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, udi: Udi, pipe: Pipe) -> None:
        """Count one document of a device.

        Raises:
            Problem: ``too-many-requests`` with the seconds to wait.
        """
        # Whoever uploads is logged in and has limits of the surface.
        if pipe is not Pipe.SMART:
            return
        now = self._clock.monotonic()
        with self._lock:
            began, count = self._counted.get(udi, (now, 0))
            # Each device has a window of its own, from its first document on: no common edge to
            # aim at.
            if not 0 <= now - began < WINDOW:
                began, count = now, 0
            if count >= self._documents:
                # Rounded up: who comes back as told must not be refused again.
                wait = int(began + WINDOW - now) + 1
                message = f"{udi} has sent {self._documents} documents within a minute."
                raise Problem("too-many-requests", message, retry_after=wait)
            self._counted[udi] = (began, count + 1)
            # The one that was quiet the longest is forgotten first, never the flooder.
            self._counted.move_to_end(udi)
            if len(self._counted) > _MOST_DEVICES:
                self._counted.popitem(last=False)
