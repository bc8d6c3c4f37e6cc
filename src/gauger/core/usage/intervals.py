"""Interval algebra of usage: step functions of whole seconds, merged by maximum.

At any instant the usage of one licence on one product instance is the highest count that any
report claims for that instant (spec/usage.md). The merge is commutative, associative and
idempotent: neither the order of arrival nor a repetition changes a total.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from gauger.core.problems import Problem


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A count held from one second to another.

    Attributes:
        start: First second, inclusive; epoch seconds, or seconds of one boot where relative.
        end: Last second, exclusive; after ``start``.
        count: Licences in use, 0 or more.

    Raises:
        Problem: ``malformed`` where the interval is empty or reversed, or the count negative.
    """

    start: int
    end: int
    count: int

    def __post_init__(self) -> None:
        # An empty or reversed interval would turn up as a negative gain, far from its sender.
        if self.start >= self.end:
            raise Problem("malformed", f"The interval {self.start} to {self.end} has no length.")
        if self.count < 0:
            raise Problem("malformed", f"The count {self.count} is negative.")

    @property
    def count_seconds(self) -> int:
        """Count times length: what is billed by time."""
        return self.count * (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What became of a merge.

    Attributes:
        segments: The merged step function, normalised; it replaces ``existing``.
        overlap: Whether any instant with use is claimed more than once.
        count_seconds_delta: By how much the count-seconds grew; never negative.
    """

    segments: tuple[Segment, ...]
    overlap: bool
    count_seconds_delta: int


def normalise(claims: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return the step function of the highest count claimed at each instant.

    Args:
        claims: Segments in any order; they may overlap and repeat.

    Returns:
        Disjoint segments in order, equal neighbours joined, count 0 left out.
    """
    # A count of 0 tells that use ended; it claims nothing, nor may it make an overlap.
    ordered = sorted(claim for claim in claims if claim.count)
    if all(left.end <= right.start for left, right in pairwise(ordered)):
        return tuple(_join(ordered))  # almost every report: it goes on where the last one ended
    return tuple(_join(_sweep(ordered)))


def merge_max(existing: Sequence[Segment], claims: Sequence[Segment]) -> Merge:
    """Merge the claims of a report into usage already known.

    The cost is that of sorting both arguments; what lies apart from the claims need not be
    given, so a report costs the same however long the history is.

    Args:
        existing: Known usage that overlaps or touches the claims, see ``span``.
        claims: The intervals that a report claims.

    Returns:
        The merged usage, whether anything was claimed twice, and the gain.
    """
    segments = normalise((*existing, *claims))
    # Of the normalised, as the caller's segments may touch: their plain sum is the same area,
    # yet two that overlap would count double and make a gain negative.
    gain = count_seconds(segments) - count_seconds(normalise(existing))
    # Over known and new together: an overlap within one report is one as well.
    ordered = sorted(item for item in (*existing, *claims) if item.count)
    return Merge(segments=segments, overlap=_overlaps(ordered), count_seconds_delta=gain)


def span(claims: Iterable[Segment]) -> tuple[int, int] | None:
    """Return the first and last instant of the claims, or None where there is no use in them.

    A known segment belongs into ``existing`` of ``merge_max`` where its start is not after the
    second value and its end not before the first.
    """
    used = [claim for claim in claims if claim.count]
    if not used:
        return None
    # The whole width, gaps included: between two claims known usage may lie too.
    return min(claim.start for claim in used), max(claim.end for claim in used)


def count_seconds(segments: Iterable[Segment]) -> int:
    """Return the sum of count times length; of a normalised function, its area."""
    return sum(segment.count_seconds for segment in segments)


def clip(segments: Iterable[Segment], start: int, end: int) -> tuple[Segment, ...]:
    """Return the parts of the segments that lie in [start, end)."""
    return tuple(
        Segment(max(item.start, start), min(item.end, end), item.count)
        for item in segments
        # Both strictly: what only touches would become a segment without length, and be refused.
        if item.start < end and start < item.end
    )


def _overlaps(ordered: Sequence[Segment]) -> bool:
    reached = ordered[0].start if ordered else 0
    for segment in ordered:
        # Enough, since they are in order and disjoint so far: `reached` is the furthest end.
        if segment.start < reached:
            return True
        reached = segment.end
    return False


def _sweep(claims: list[Segment]) -> Iterator[Segment]:
    """Yield the highest count of each elementary interval, left to right, of claims in order."""
    edges = sorted({edge for claim in claims for edge in (claim.start, claim.end)})
    active: list[tuple[int, int]] = []  # (-count, end): the highest count stands first
    upcoming = 0
    for start, end in pairwise(edges):
        # A heap, not a scan: a hostile report with thousands of nested claims costs n log n.
        while upcoming < len(claims) and claims[upcoming].start <= start:
            heappush(active, (-claims[upcoming].count, claims[upcoming].end))
            upcoming += 1
        # Only the top is looked at: what is over below it is dropped when it gets there.
        while active and active[0][1] <= start:
            heappop(active)
        if active:
            yield Segment(start, end, -active[0][0])


def _join(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Join neighbours that touch and hold the same count."""
    held: Segment | None = None
    for segment in segments:
        if held is not None and held.end == segment.start and held.count == segment.count:
            held = Segment(held.start, segment.end, held.count)
            continue
        if held is not None:
            yield held
        held = segment
    if held is not None:
        yield held
