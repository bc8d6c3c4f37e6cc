"""A limit on guesses: so many failures of one address in one window, then a pause."""

import ipaddress
import threading
from collections import OrderedDict, deque
from typing import Final

from gauger.core.ports import Clock
from gauger.core.problems import Problem

_ADDRESSES: Final = 10_000  # bounds the memory that an attacker with many addresses can take
_NETWORK_BYTES: Final = 8


class Throttle:
    """Failures by address within a sliding window of monotonic time; thread-safe."""

    def __init__(self, clock: Clock, *, failures: int, window: int) -> None:
        """Set the limit.

        Args:
            clock: Gives monotonic time.
            failures: Failures of one address that are let through in one window.
            window: Length of the window in seconds.
        """
        self._clock = clock
        self._failures = failures
        self._window = window
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Refuse an address that has failed too often; called before a secret is looked at.

        Raises:
            Problem: ``too-many-requests`` with the seconds to wait.
        """
        # Guesses that are looked at at one moment all pass: at most one for each thread.
        with self._lock:
            recent = self._seen.get(_source(address))
            if recent is None or len(self._forget(recent)) < self._failures:
                return
            # Rounded up: a peer that waits as it is told must not be refused once more.
            wait = int(recent[0] + self._window - self._clock.monotonic()) + 1
        message = f"{self._failures} wrong secrets or tokens came from there."
        raise Problem("too-many-requests", message, retry_after=wait)

    def failed(self, address: str) -> None:
        """Count one failure of an address."""
        with self._lock:
            source = _source(address)
            # As many as are counted are kept: more would let one address take all memory.
            recent = self._seen.setdefault(source, deque(maxlen=self._failures))
            self._forget(recent).append(self._clock.monotonic())
            # Whoever fails now is kept; those whose failures are longest ago are forgotten.
            self._seen.move_to_end(source)
            while len(self._seen) > _ADDRESSES:
                self._seen.popitem(last=False)

    def _forget(self, recent: deque[float]) -> deque[float]:
        # Monotonic: a clock that is set frees no attacker, and locks out no owner for years.
        while recent and recent[0] <= self._clock.monotonic() - self._window:
            recent.popleft()
        return recent


def _source(address: str) -> str:
    """Return by what failures of an address are counted.

    One home has 2^64 addresses of IPv6 and may guess from another each time: its network counts.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.packed[:_NETWORK_BYTES].hex()
