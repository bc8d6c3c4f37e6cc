"""Seconds that usage is written in, and seconds that a product instance has lived.

Intervals are measured by the monotonic clock and only labelled by the wall clock, so a clock that
is set or stepped neither shortens nor invents usage (spec/usage.md).
"""

from dataclasses import dataclass

TOLERANCE = 2
"""Seconds by which wall and monotonic time may differ unnoticed: whole seconds read apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Both clocks, read together.

    Attributes:
        monotonic: Seconds that never go back, from an unknown origin.
        wall: Epoch seconds, whatever the wall clock says.
    """

    monotonic: float
    wall: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The wall clock was set or stepped.

    Attributes:
        before: What the present second was called until now.
        after: What it is called from now on.
        delta: By how many seconds the wall clock moved.
        relative: Whether the new labels are seconds of this boot.
    """

    before: int
    after: int
    delta: int
    relative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How monotonic time is labelled since the last step.

    Attributes:
        boot: Monotonic time at which this boot began.
        since: Monotonic time from which on these labels count.
        label: The label of ``since``: epoch seconds, or seconds of this boot where relative.
        wall: What the wall clock said at ``since``.
        relative: Whether the clock is not set, so labels are seconds of this boot.
    """

    boot: float
    since: float
    label: int
    wall: int
    relative: bool

    def at(self, monotonic: float) -> int:
        """Return the label of a moment."""
        return self.label + self._elapsed(monotonic)

    def expected_wall(self, monotonic: float) -> int:
        """Return what the wall clock says at a moment where nobody moved it."""
        return self.wall + self._elapsed(monotonic)

    def _elapsed(self, monotonic: float) -> int:
        # Two threads read the clock in one order and get here in the other: never a step back.
        return int(max(0.0, monotonic - self.since))


def begin(reading: Reading, build_date: int) -> Timeline:
    """Begin the labels of a boot.

    Args:
        reading: Both clocks at the start of the boot.
        build_date: Epoch seconds; a wall clock before it was never set.
    """
    return _label(reading, build_date, boot=reading.monotonic)


def observe(timeline: Timeline, reading: Reading, build_date: int) -> tuple[Timeline, Step | None]:
    """Compare the clocks and notice a step.

    Args:
        timeline: The labels in use.
        reading: Both clocks now.
        build_date: Epoch seconds; a wall clock before it was never set.

    Returns:
        The labels from now on, and the step where there was one.
    """
    delta = reading.wall - timeline.expected_wall(reading.monotonic)
    # Measured from the last step, not from the last look: a slow drift adds up and is noticed.
    if abs(delta) <= TOLERANCE:
        return timeline, None
    # `boot` goes on: while the clock is unset, labels count from the same moment.
    new = _label(reading, build_date, boot=timeline.boot)
    before = timeline.at(reading.monotonic)
    return new, Step(before=before, after=new.label, delta=delta, relative=new.relative)


def _label(reading: Reading, build_date: int, *, boot: float) -> Timeline:
    # A dead battery: 1970 or the factory's date. No software runs before it was built.
    relative = reading.wall < build_date
    return Timeline(
        boot=boot,
        since=reading.monotonic,
        label=int(reading.monotonic - boot) if relative else reading.wall,
        wall=reading.wall,
        relative=relative,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """Seconds that a product instance has lived, over all its boots.

    Throttling and back-off count in it, so that setting the clock neither opens nor blocks them.

    Attributes:
        seconds: Seconds lived at ``since``.
        since: Monotonic time of this boot.
    """

    seconds: int
    since: float

    def at(self, monotonic: float) -> int:
        """Return the seconds lived at a moment of this boot."""
        return self.seconds + int(max(0.0, monotonic - self.since))


def power_on(seconds: int, last_wall: int | None, reading: Reading, build_date: int) -> Lifetime:
    """Go on counting after the product instance was off.

    Time switched off counts by the wall clock where that was set before and after, and moved
    forward; otherwise it does not count.

    Args:
        seconds: Seconds lived when last stored; 0 for a new product instance.
        last_wall: The wall clock when last stored; None for a new product instance.
        reading: Both clocks now.
        build_date: Epoch seconds; a wall clock before it was never set.
    """
    off = 0
    # A clock that is unset now lies before any that was set, so the difference below is 0.
    if last_wall is not None and last_wall >= build_date:
        # Who moves it far forward lives faster: a report may go early, none is ever put off.
        off = max(0, reading.wall - last_wall)
    return Lifetime(seconds=seconds + off, since=reading.monotonic)
