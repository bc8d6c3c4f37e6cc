"""What the authority asks of itself as time passes, unless its own clock has just jumped."""

from collections.abc import Callable, Sequence
from typing import Final

from gauger.core.authority.commands import Command, DecideDue, FindSilent, RecordEvent
from gauger.core.authority.judgement import describe_time
from gauger.core.authority.outcomes import Outcome, SweepOutcome
from gauger.core.ports import Clock
from gauger.core.problems import Problem

JUMP: Final = 3600
"""Seconds by which the wall clock may run off between two looks before that is a jump."""

HOLD: Final = 3600
"""Seconds for which nothing is decided by time after a jump: people can set the clock right."""

SWEEP_EVERY: Final = 3600
"""Seconds between two looks for silent devices, and from the start to the first."""


class Rounds:
    """Decides what is due by time; used by the writer's thread only.

    A clock that jumps years ahead would have every deferred report accepted and every device
    called silent within a second, and rows are for ever. So a jump is told, and what time alone
    decides waits for an hour of the monotonic clock, or until the wall clock is back.
    """

    def __init__(self, clock: Clock) -> None:
        """Take the times of this moment as those to go by."""
        self._clock = clock
        # A jump before this is not seen: without a monotonic time of it there is nothing to
        # compare.
        self._seen = (clock.wall(), clock.monotonic())
        self._off = 0
        self._held_until: float | None = None
        self._untold: list[RecordEvent] = []
        # Not at once: after an outage of the portal the devices must have had time to come back.
        self._sweep_at = self._seen[1] + SWEEP_EVERY
        # A sweep that a restart cuts off begins anew; who was told of already is left out by the
        # store.
        self._after = 0

    def commands(self, *, has_due: bool) -> tuple[Command, ...]:
        """Return what is to be done now.

        Args:
            has_due: Whether something is decided at a time that has come.
        """
        self._look()
        told = tuple(self._untold)
        # Events are for ever, so not even one silence is told on the word of a clock in doubt.
        if self._held_until is not None:
            return told
        # Asked for only at need: an idle portal writes no empty transactions.
        due = (DecideDue(),) if has_due else ()
        sweep = (FindSilent(after=self._after),) if self._seen[1] >= self._sweep_at else ()
        return (*told, *due, *sweep)

    def done(self, results: Sequence[Callable[[], Outcome] | Problem]) -> None:
        """Take note of what came of the commands; what failed is asked again."""
        # One by one, they come first: an event that is written down must not be written again with
        # each round, for ever, because something else of its round fails.
        told = zip(self._untold, results, strict=False)
        self._untold = [event for event, result in told if isinstance(result, Problem)]
        for result in results:
            outcome = None if isinstance(result, Problem) else result()
            if isinstance(outcome, SweepOutcome):
                # A part of the fleet a page: a sweep must not keep uploads waiting.
                self._after = outcome.following or 0
                if outcome.following is None:
                    self._sweep_at = self._seen[1] + SWEEP_EVERY

    def _look(self) -> None:
        before, self._seen = self._seen, (self._clock.wall(), self._clock.monotonic())
        wall, monotonic = self._seen
        # Between two looks, not since the start: slow drift and leap seconds never add up to a
        # jump.
        expected = before[0] + round(monotonic - before[1])
        if abs(wall - expected) > JUMP:
            # Summed over jumps, so that a clock put right in two steps counts as back.
            self._off += wall - expected
            is_back = abs(self._off) <= JUMP
            self._held_until = None if is_back else monotonic + HOLD
            # By the monotonic clock: devices must have had that hour to report by the clock as it
            # is now.
            self._sweep_at = monotonic + SWEEP_EVERY
            self._untold.append(_told(wall, expected, is_back=is_back))
        # Not for ever: an operator who leaves the clock as it is means it (spec/authority.md, 10).
        if self._held_until is None or monotonic >= self._held_until:
            self._held_until, self._off = None, 0


def _told(wall: int, expected: int, *, is_back: bool) -> RecordEvent:
    what = f"The clock of this portal went from {describe_time(expected)} to {describe_time(wall)}."
    follows = (
        "That is where it came from."
        if is_back
        else f"What time alone decides waits for {HOLD // 60} minutes: set the clock right, or let"
        " it go on."
    )
    return RecordEvent(kind="clock-jumped", subject="clock", detail=f"{what} {follows}", by=None)
