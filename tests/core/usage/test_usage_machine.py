"""What is measured and merged, against a dictionary of seconds."""

from collections.abc import Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

from gauger.core.documents.rum_payload import Measurement
from gauger.core.usage.intervals import Segment, count_seconds, merge_max
from gauger.core.usage.sampling import (
    DAY,
    Sampler,
    begin,
    changed,
    closed,
    reloaded,
    restarted,
    sampled,
    stepped,
)
from gauger.core.usage.timeline import Step
from tests.support.figures import Figures
from tests.support.machines import walk

MIDNIGHT = 1_750_000_000 // DAY * DAY
Seconds = dict[int, int]
"""The highest count of each second of use; the whole model of time."""


def highest(*parts: Seconds) -> Seconds:
    """Return the highest count of each second; a count of 0 is no use."""
    found: Seconds = {}
    for part in parts:
        for second, count in part.items():
            if count:
                found[second] = max(found.get(second, 0), count)
    return found


def seconds_of(measurements: Iterable[Measurement]) -> Seconds:
    """Return what a report claims, second by second."""
    return highest(*(dict.fromkeys(range(m.start, m.end), m.count) for m in measurements))


class Usage(RuleBasedStateMachine):
    """A licence is used, counted, told in reports; a portal merges them as they arrive.

    The model writes the count of every second into a dictionary. Its clock is the label of the
    present second; ``peak`` is the highest count in the first second that is not written yet.
    """

    reports = Bundle("reports")

    def __init__(self) -> None:
        super().__init__()
        self.now = MIDNIGHT - 60
        self.sampler = begin("tag", self.now)
        self.saved: tuple[Sampler, Seconds] = (self.sampler, {})
        self.portal: tuple[Segment, ...] = ()
        self.area = 0
        self.level = self.peak = 0
        self.at = self.now
        self.untold: Seconds = {}
        self.model: Seconds = {}

    def write_until(self, until: int) -> None:
        """Write every second before one into the model."""
        while self.at < until:
            self.untold[self.at] = max(self.untold.get(self.at, 0), self.peak)
            self.at, self.peak = self.at + 1, self.level

    def told(self, measurements: tuple[Measurement, ...]) -> tuple[Segment, ...]:
        """Compare a report that is closed with the model, and return what it claims."""
        assert seconds_of(measurements) == highest(self.untold)
        self.untold = {}
        return tuple(Segment(m.start, m.end, m.count) for m in measurements)

    @rule(level=st.integers(0, 4))
    def use(self, level: int) -> None:
        self.sampler = changed(self.sampler, self.now, level)
        self.write_until(self.now)
        self.level, self.peak = level, max(self.peak, level)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def sample(self) -> None:
        self.sampler = sampled(self.sampler, self.now)

    @rule()
    def save(self) -> None:
        """What is durable: seconds before this one, and this one as far as it is known."""
        self.sampler = sampled(self.sampler, self.now)
        self.write_until(self.now)
        self.saved = self.sampler, highest(self.untold, {self.at: self.peak})

    @rule(target=reports)
    def report(self) -> tuple[Segment, ...]:
        self.sampler, measurements = closed(self.sampler, self.now)
        self.write_until(self.now + 1)
        claims = self.told(measurements)
        self.save()
        return claims

    @rule(target=reports, off=st.integers(0, 30))
    def crash(self, off: int) -> tuple[Segment, ...]:
        """Lose what was not saved; nothing is invented for the time after it."""
        sampler, known = self.saved
        self.untold = known
        after, measurements = reloaded(sampler)
        claims = self.told(measurements)
        self.now = max(self.now, after.settled - 1) + off
        self.sampler = restarted(after, self.now, relative=False)
        self.at, self.level, self.peak = max(self.now, self.sampler.settled), 0, 0
        self.saved = self.sampler, {}
        return claims

    @rule(target=reports, delta=st.integers(-30, 30) | st.sampled_from([-5000, 5000]))
    def step(self, delta: int) -> tuple[Segment, ...]:
        """Set the clock: seconds get other labels, and keep their number."""
        moved = Step(before=self.now, after=self.now + delta, delta=delta, relative=False)
        self.sampler, measurements = stepped(self.sampler, moved)
        # A report that has to be closed before the clock goes back tells the present second too.
        self.write_until(self.now + bool(measurements))
        claims = self.told(measurements) if measurements else ()
        self.now, self.at = self.now + delta, self.at + delta
        self.saved = self.sampler, highest(self.untold, {self.at: self.peak})
        return claims

    @rule(report=reports)
    def deliver(self, report: tuple[Segment, ...]) -> None:
        """Let a report arrive: late, before others, or again."""
        merged = merge_max(self.portal, report)
        claims = highest(*(dict.fromkeys(range(s.start, s.end), s.count) for s in report))
        assert merged.overlap >= any(at in self.model for at in claims)
        self.portal, self.model = merged.segments, highest(self.model, claims)
        self.area += merged.count_seconds_delta
        assert self.area == count_seconds(self.portal) == sum(self.model.values())
        told = {at: s.count for s in self.portal for at in range(s.start, s.end)}
        assert told == self.model


@pytest.mark.nightly
@pytest.mark.threat("A14", role="core")
@pytest.mark.threat("A13", role="core")
@pytest.mark.threat("H3", role="core")
def test_usage_is_what_a_dictionary_of_seconds_says(figures: Figures) -> None:
    walk(Usage, figures, walks=100, steps=50)
