"""How long an address that guesses passwords waits for its next attempt."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gauger.surfaces.ssh.limits import Limits

_FORGOTTEN: Final = 10.0  # seconds until one wrong password counts no more
_MOST: Final = 1024
_NETWORK: Final = 64  # bits of an IPv6 address that one machine cannot choose


@dataclass(slots=True)
class _Score:
    failures: float
    at: float


class Pressure:
    """Wrong passwords by address. To hang up and come again does not help against it."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        """Begin with nobody.

        Args:
            limits: What a wrong password costs.
            now: A clock that only goes forward, seconds.
        """
        self._limits, self._now = limits, now
        self._scores: dict[str, _Score] = {}

    def failed(self, address: str) -> None:
        """Count a wrong password."""
        place = _place(address)
        failures = self._failures(place) + 1
        # Taken out first, so that the order of the table is that of the last failures.
        self._scores.pop(place, None)
        self._scores[place] = _Score(failures, self._now())
        if len(self._scores) > _MOST:
            del self._scores[next(iter(self._scores))]

    def wait(self, address: str) -> float:
        """Return the seconds that the next attempt waits before it is looked at."""
        return min(self._limits.slowest, self._limits.hasty * self._failures(_place(address)))

    def _failures(self, place: str) -> float:
        score = self._scores.get(place)
        if score is None:
            return 0.0
        return max(0.0, score.failures - (self._now() - score.at) / _FORGOTTEN)


def _place(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, _NETWORK), strict=False))
