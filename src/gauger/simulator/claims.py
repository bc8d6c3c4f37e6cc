"""What was used and what is claimed, added up by models that are too simple to be wrong."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

Claim = tuple[str, int, int, int]
"""Whose seconds they are (empty for those of the world, else of one boot), first, end, count."""


@dataclass(slots=True)
class Meter:
    """What one device really used of one licence."""

    level: int = 0
    since: int = 0
    area: int = 0
    peak: int = 0
    changes: int = 0
    lost: int = 0

    def change(self, now: int, level: int) -> None:
        """Note a new count."""
        self.area += self.level * (now - self.since)
        self.level, self.since = level, now
        self.peak = max(self.peak, level)
        self.changes += 1

    def lose(self, seconds: int) -> None:
        """Note that what was used for so long may be lost with a process that was killed."""
        self.lost += self.peak * seconds

    def least(self, now: int, edges: int) -> int:
        """Return the least that is claimed once all is told."""
        used = self.area + self.level * (now - self.since)
        return used - self.lost - 2 * self.peak * (edges + self.changes)

    def most(self, now: int, edges: int) -> int:
        """Return the most that may be claimed: each edge of an interval adds up to two seconds."""
        return self.area + self.level * (now - self.since) + 2 * self.peak * (edges + self.changes)


def area(claims: Iterable[Claim]) -> int:
    """Return the count-seconds of claims of which the highest counts at each second."""
    by_origin: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_origin[claim[0]].append(claim)
    return sum(map(_highest, by_origin.values()))


def _highest(claims: list[Claim]) -> int:
    """Return the area under the highest of claims in the seconds of one origin."""
    waiting = sorted(claims, reverse=True)
    edges = sorted({edge for claim in claims for edge in claim[1:3]})
    total, begun = 0, list[Claim]()
    for first, last in itertools.pairwise(edges):
        while waiting and waiting[-1][1] <= first:
            begun.append(waiting.pop())
        begun = [claim for claim in begun if claim[2] > first]
        total += (last - first) * max((claim[3] for claim in begun), default=0)
    return total
