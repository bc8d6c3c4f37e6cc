"""The sampler of one entitlement tag: what is in use becomes measurements (spec/usage.md).

Time is whole seconds of a ``Timeline``. The count of a second is the highest that was held at any
moment in it, so the shortest use leaves a trace and no interval is without length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gauger.core.documents.rum_payload import CLOSING_TOLERANCE, Measurement
from gauger.core.identity import Udi
from gauger.core.usage.timeline import Step

SAMPLE = 900
"""Seconds from one sample to the next."""

DAY = 86_400
"""Seconds of a day; a measurement ends with it."""

LISTED = 250
"""Most child devices that one measurement names; the rest are named by those that follow."""

FULL = 100_000
"""Weight, in bytes of its written form, at which a report should be closed and the next begun."""

_LONGEST = 120_000
"""Most bytes of a report's measurements, above `FULL`: an ordinary full report stays one."""

_MEASUREMENT_WEIGHT = 500
_CHILD_WEIGHT = 200
_CHILD_FRAME = 64


class Termination(StrEnum):
    """Why the last measurement of a report ended, in the published words."""

    REQUESTED = "CurrentUsageRequested"
    RELOAD = "ProductReload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A measurement that still grows; it reaches up to the sampler's ``settled`` second."""

    start: int
    count: int
    added: tuple[Udi, ...] = ()
    removed: tuple[Udi, ...] = ()
    clock_change: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """The measured use of one entitlement tag and its open report.

    Attributes:
        tag: The entitlement tag.
        level: Licences in use now.
        children: Child devices joined now.
        settled: Every second before this one is measured.
        peak: Highest count in the second ``settled`` so far.
        announced: Child devices named so far.
        finished: Finished measurements of the open report.
        run: The measurement that still grows.
        tracking: Whether a count of 0 is measured too: it is, until a report told it.
        clock_change: Step of the clock that the next measurement tells.
        relative: Whether seconds are those of a boot.
    """

    tag: str
    level: int = 0
    children: frozenset[Udi] = frozenset()
    settled: int = 0
    peak: int = 0
    announced: frozenset[Udi] = frozenset()
    finished: tuple[Measurement, ...] = ()
    run: Run | None = None
    tracking: bool = False
    clock_change: int | None = None
    relative: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in use and nothing waits to be reported."""
        return not (self.level or self.peak or self.tracking)

    @property
    def is_full(self) -> bool:
        """Whether the open report should be closed because of its size."""
        return sum(_weight(item) for item in self.finished) >= FULL


def begin(tag: str, at: int, *, relative: bool = False) -> Sampler:
    """Return the sampler of a tag that was never used.

    Args:
        tag: The entitlement tag.
        at: The present second of the timeline.
        relative: Whether that is a second of this boot, because the clock was never set.
    """
    return Sampler(tag=tag, settled=at, relative=relative)


def changed(
    sampler: Sampler, at: int, level: int, children: frozenset[Udi] | None = None
) -> Sampler:
    """Take a new count or child list.

    Args:
        sampler: The state.
        at: The present second of the timeline.
        level: Licences in use from now on.
        children: Child devices joined from now on; None where they stay.

    Returns:
        The new state; a measurement is finished where a whole second shows another count.
    """
    known = _covered(sampler, at)
    # Up to `at` the old count and children hold: what changes now was not so before.
    kept = known.children if children is None else children
    return replace(known, level=level, peak=max(known.peak, level), children=kept)


def sampled(sampler: Sampler, at: int) -> Sampler:
    """Measure up to the present second: every 15 minutes, and before anything is stored."""
    return _covered(sampler, at)


def stepped(sampler: Sampler, step: Step) -> tuple[Sampler, tuple[Measurement, ...]]:
    """Take a step of the clock: measure up to it by the old labels and go on by the new ones.

    Nothing is measured for seconds that the clock jumped over, and none is taken back. A report
    whose measurements would end more than an hour after it is closed would be malformed: it is
    closed before the clock is moved back so far.

    Args:
        sampler: The state.
        step: How the clock was moved.

    Returns:
        The state, and the measurements of a report that is closed at ``step.before``; none where
        the open report goes on.
    """
    known = _cut(_covered(sampler, step.before), None)
    told: tuple[Measurement, ...] = ()
    # Seconds of a boot say nothing about the wall clock, so they cannot lie after the closing.
    ends = [item.end for item in known.finished if not item.relative]
    # Before the labels move: closed after it, the report would end in its own future.
    if max(ends, default=step.after) > step.after + CLOSING_TOLERANCE:
        known, told = closed(known, step.before)
    lead = known.settled - step.before  # a report closed in this second covers it already
    # Two steps before the next measurement are told as one; what is told adds up.
    delta = (known.clock_change or 0) + step.delta
    moved = replace(
        known,
        settled=step.after + max(0, lead),
        # Where nothing is measured there are no labels that a reader could find strange.
        clock_change=delta if known.tracking else None,
        relative=step.relative,
    )
    return moved, told


def closed(
    sampler: Sampler, at: int, termination: Termination = Termination.REQUESTED
) -> tuple[Sampler, tuple[Measurement, ...]]:
    """Close the open report.

    The present second belongs to it, so use that has only just begun is told. A second time in
    the same second there is nothing new.

    Args:
        sampler: The state.
        at: The present second of the timeline.
        termination: Why it is closed.

    Returns:
        The state of the next report, and the measurements of this one; none where it is empty.
    """
    # The second in progress is told now: what changes later in it counts from the next one on.
    known = _cut(_covered(sampler, at + 1), termination)
    # A count of 0 was told by this report, so from here on silence means the same.
    after = replace(known, finished=(), tracking=bool(known.level or known.peak))
    return after, known.finished


def reloaded(sampler: Sampler) -> tuple[Sampler, tuple[Measurement, ...]]:
    """Close the report of a boot that is over, at the last second that was stored.

    Nobody knows what was in use after that second, so nothing is claimed for it.

    Returns:
        The sampler with nothing in use, and the measurements of the report.
    """
    known, measurements = closed(sampler, sampler.settled, Termination.RELOAD)
    # Not `announced`: the next boot has to name those as gone that do not come back.
    gone = replace(known, level=0, peak=0, children=frozenset(), tracking=False)
    return replace(gone, clock_change=None), measurements


def restarted(sampler: Sampler, at: int, *, relative: bool) -> Sampler:
    """Go on in a new boot: the next second to measure is the present one, never one told already.

    Args:
        sampler: The state that ``reloaded`` left.
        at: The present second of the new boot's timeline.
        relative: Whether that is a second of this boot.
    """
    same = not (relative or sampler.relative)  # seconds of two boots are never the same
    # A boot that begins in the second in which the last one ended would tell it twice.
    told = same and sampler.settled == at + 1
    return replace(sampler, settled=at + told, relative=relative)


def parted(measurements: tuple[Measurement, ...]) -> Iterator[tuple[Measurement, ...]]:
    """Part the measurements of a report that grew at once into as many as can be written.

    Thousands of child devices that join together, or changes that were not looked at for long,
    come in one piece; a report over its cap could never be sent.

    Yields:
        The measurements of each report, in order; a single one always has its place.
    """
    part: list[Measurement] = []
    size = 0
    for item in measurements:
        written = _most_bytes(item)
        # `part and`: one that is too long for itself still has to go somewhere.
        if part and size + written > _LONGEST:
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += written
    if part:
        yield tuple(part)


def _covered(sampler: Sampler, until: int) -> Sampler:
    """Measure every second before ``until``."""
    # A step back, or a second look within one second: what is measured is never taken back.
    if until <= sampler.settled:
        return sampler
    if sampler.level == sampler.peak:
        # The second that is not measured yet is like those after it: the usual case.
        return _extended(sampler, until, sampler.level)
    # A count that falls within this second ends with it: the children that left go with the next.
    held = replace(sampler, children=sampler.announced)
    first = _extended(held, sampler.settled + 1, sampler.peak)
    rest = replace(first, children=sampler.children)
    return replace(_extended(rest, until, rest.level), peak=rest.level)


def _extended(sampler: Sampler, until: int, count: int) -> Sampler:
    """Measure one count up to ``until``, cutting at the end of each day."""
    while sampler.settled < until:
        # From first use on only: unused licences make no reports (spec/usage.md, 2.6).
        if not (count or sampler.tracking):
            return replace(sampler, settled=until)
        sampler = _continued(sampler, count)
        # A day ends by its label, whatever the time of the boot.
        pause = (sampler.settled // DAY + 1) * DAY
        # More children than one measurement names: the rest follow in the next second's.
        if sampler.announced != sampler.children:
            pause = sampler.settled + 1
        sampler = replace(sampler, settled=min(until, pause))
    return sampler


def _continued(sampler: Sampler, count: int) -> Sampler:
    """Let the running measurement go on, or begin another where anything differs."""
    run = sampler.run
    # A measurement has one count and one list of children; either begins another.
    same = run is not None and run.count == count and sampler.announced == sampler.children
    if same and sampler.settled % DAY:
        return sampler
    cut = _cut(sampler, None)
    # Sorted, as sets have no order: a report made again from one state has the same bytes.
    added = tuple(sorted(cut.children - cut.announced)[:LISTED])
    removed = tuple(sorted(cut.announced - cut.children)[: LISTED - len(added)])
    run = Run(
        start=cut.settled,
        count=count,
        added=added,
        removed=removed,
        clock_change=cut.clock_change,
    )
    announced = cut.announced.union(added).difference(removed)
    return replace(cut, run=run, tracking=True, clock_change=None, announced=announced)


def _cut(sampler: Sampler, termination: Termination | None) -> Sampler:
    """Finish the running measurement where the measured seconds end."""
    run = sampler.run
    if run is None:
        return sampler
    length = sampler.settled - run.start
    listed = bool(run.added or run.removed)
    measurement = Measurement(
        start=run.start,
        end=sampler.settled,
        count=run.count,
        log_time=run.start,
        samples=length // SAMPLE + 1,
        sample_interval=length,
        termination_reason=termination,
        # A reload ends the report together with the measurement.
        close_reason=termination if termination is Termination.RELOAD else None,
        clock_change=run.clock_change,
        added=run.added if listed else None,
        removed=run.removed if listed else None,
        relative=sampler.relative,
    )
    return replace(sampler, run=None, finished=(*sampler.finished, measurement))


def _most_bytes(item: Measurement) -> int:
    """Return what a measurement takes at most: a character in quotes within quotes takes four."""
    children = (*(item.added or ()), *(item.removed or ()))
    names = sum(len(udi.pid) + len(udi.serial) for udi in children)
    return _MEASUREMENT_WEIGHT + _CHILD_FRAME * len(children) + 4 * names


def _weight(item: Measurement) -> int:
    children = len(item.added or ()) + len(item.removed or ())
    return _MEASUREMENT_WEIGHT + _CHILD_WEIGHT * children
