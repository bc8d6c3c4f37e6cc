"""A limit on guesses: so many failures of one address in one window, then a pause."""

import ipaddress
import threading
from collections import Counter, OrderedDict, deque
from typing import Final, Self

from gauger.core.identity import Digest
from gauger.core.ports import Clock
from gauger.core.problems import Problem

_ADDRESSES: Final = 10_000  # bounds the memory that an attacker with many addresses can take
_NETWORK_BYTES: Final = 8


class Guess:
    """A secret that is being looked at; it holds its place until all of its outcomes are there."""

    def __init__(self, throttle: "Throttle", source: str, offered: Digest, outcomes: int) -> None:
        """Stand for a guess that was let through; made by `Throttle.guess`."""
        self._throttle = throttle
        self._source = source
        self._offered = offered
        self._outcomes = outcomes
        self._is_counted = False

    def wrong(self) -> None:
        """Count it as a failure: once, in however many documents it stood."""
        with self._throttle.lock:
            if not self._is_counted:
                self._is_counted = True
                self._throttle.count(self._source)

    def over(self) -> None:
        """Note that one of its outcomes is there; the last one gives its place back."""
        with self._throttle.lock:
            self._outcomes -= 1
            if self._outcomes == 0:
                self._throttle.release(self._source, self._offered)

    def __enter__(self) -> Self:
        """Look at the secret within the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it; an error of the store is no failure of who asked."""
        self.over()


class Throttle:
    """Failures by address within a sliding window of monotonic time; thread-safe.

    What is being looked at counts like a failure until its outcome is there. Else all guesses that
    come at one moment would pass before the first of them has failed.
    """

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
        # Bounded by the requests that are served at once: each ends its guess.
        self._under_way: dict[str, Counter[Digest]] = {}
        self.lock = threading.Lock()
        """Guards all of it; `Guess` holds it where it calls `count` or `release`."""

    def guess(self, address: str, offered: Digest, *, outcomes: int = 1) -> Guess:
        """Let a guess through, or refuse it; called before the secret is looked at.

        Args:
            address: Where it comes from.
            offered: Digest of what is offered. A crowd that offers the same at one moment, like
                devices with one ID token, makes one guess.
            outcomes: In how many parts the outcome will come.

        Returns:
            The guess; whoever looks at the secret ends it.

        Raises:
            Problem: ``too-many-requests`` with the seconds to wait.
        """
        source = _source(address)
        with self.lock:
            recent = self._forget(self._seen.get(source, deque()))
            beside = self._under_way.get(source, Counter())
            others = len(beside) - (offered in beside)
            if len(recent) + others < self._failures:
                self._under_way.setdefault(source, beside)[offered] += 1
                return Guess(self, source, offered, outcomes)
            # Rounded up: a peer that waits as it is told must not be refused once more. What is
            # only under way is known in a moment.
            is_full = len(recent) >= self._failures
            wait = int(recent[0] + self._window - self._clock.monotonic()) + 1 if is_full else 1
        what = "came from there" if is_full else "came or may be on their way from there"
        message = f"{self._failures} wrong secrets or tokens {what}."
        raise Problem("too-many-requests", message, retry_after=wait)

    def count(self, source: str) -> None:
        """Count one failure; within the lock."""
        # As many as are counted are kept: more would let one address take all memory.
        recent = self._seen.setdefault(source, deque(maxlen=self._failures))
        self._forget(recent).append(self._clock.monotonic())
        # Whoever fails now is kept; those whose failures are longest ago are forgotten.
        self._seen.move_to_end(source)
        while len(self._seen) > _ADDRESSES:
            self._seen.popitem(last=False)

    def release(self, source: str, offered: Digest) -> None:
        """Give the place of a guess back; within the lock."""
        beside = self._under_way[source]
        beside[offered] -= 1
        if not beside[offered]:
            del beside[offered]
        if not beside:
            del self._under_way[source]

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
