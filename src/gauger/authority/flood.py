"""A limit on what one device may have judged, however well it signs."""

import threading
from collections import OrderedDict
from math import ceil
from typing import Final

from gauger.core.identity import Udi
from gauger.core.ports import Clock
from gauger.core.problems import Problem

_MOST_DEVICES: Final = 50_000  # bounds the memory that a large fleet takes
_LONGEST: Final = 3600  # seconds that any device is asked to wait
_ROUNDING: Final = 1e-6  # seconds; sums of pauses are not exact


class DeviceBudgets:
    """Counts verified documents by device; any thread may use it.

    It counts after the signature was verified: before, anybody could use up the budget of somebody
    else by naming that device. So the flood costs the flooder's verification, and neither a row of
    the ledger nor a place in the line of the others. Files that people upload are not counted: a
    device that was offline for years comes with all its reports at once.

    Each device has a bucket that fills steadily, not a count by the minute: one that may spend a
    whole minute's documents in its first seconds fills the pages of everybody else for so long.
    """

    def __init__(self, clock: Clock, documents: int, burst: int) -> None:
        """Set the limit.

        Args:
            clock: Gives monotonic time.
            documents: Documents of one device that are judged in a minute, in the long run.
            burst: Documents of it that are judged at once after it was quiet.
        """
        self._clock = clock
        self._pause = 60 / documents
        self._burst = burst * self._pause
        # When each bucket is full again: one number says how full it is now.
        self._full_at: OrderedDict[Udi, float] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, udi: Udi, documents: int) -> None:
        """Count the documents of a device that came in one message, all of them or none.

        A device that is refused a part sends the identical message again, and what it had answered
        would use up its bucket a second time. So a message that is larger than any bucket passes
        where the bucket is full, and what it took too much is waited for before the next.

        Raises:
            Problem: ``too-many-requests`` with the seconds to wait.
        """
        now = self._clock.monotonic()
        with self._lock:
            full_at = self._full_at.get(udi, now)
            # Full since, or emptier than any bucket is: the clock went back, as that of a test may.
            if not now <= full_at <= now + _LONGEST:
                full_at = now
            needed = min(documents * self._pause, self._burst)
            if full_at + needed > now + self._burst + _ROUNDING:
                # Until it is full, and rounded up: who comes back as soon as one more fits brings
                # many, which are verified in vain, and is refused again and again.
                wait = ceil(full_at - now)
                message = f"{udi} has sent more documents than are judged of one device."
                raise Problem("too-many-requests", message, retry_after=wait)
            self._full_at[udi] = min(full_at + documents * self._pause, now + _LONGEST)
            # The one that was quiet the longest is forgotten first, never the flooder.
            self._full_at.move_to_end(udi)
            if len(self._full_at) > _MOST_DEVICES:
                self._full_at.popitem(last=False)
