"""Measure: counts become measurements of the open reports, by the clock of the product instance."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from gauger.core.instance.report_life import ReportInput
from gauger.core.policy.deadlines import after_change
from gauger.core.usage import sampling, timeline
from gauger.core.usage.sampling import SAMPLE, Sampler, Termination
from gauger.instance import events
from gauger.instance.memory import Draft, Memory
from gauger.instance.meter import Change, Meter
from gauger.instance.records import ClockRecord, TagRecord
from gauger.instance.reporting import Closing, ensure_open, queue_report
from gauger.instance.surroundings import Surroundings, told_by

_NEVER: Final = -1


class Measuring:
    """The clocks of one boot, and what is measured by them."""

    def __init__(self, around: Surroundings, meter: Meter, memory: Memory) -> None:
        """Begin a boot: the clocks are read, nothing is stored yet.

        Raises:
            Problem: ``entropy-failed``.
        """
        self._around = around
        self._meter = meter
        reading = around.reading()
        self.began = reading.monotonic
        past = memory.singles.clock
        self.timeline = timeline.begin(reading, around.build_date)
        self._lifetime = timeline.power_on(past.seconds, past.wall, reading, around.build_date)
        # Names the boot in each report: seconds of two boots must never be taken for the same.
        self.boot = around.nonce()
        # A boot samples at once, so that it is stored that it lives.
        self._sampled_in = _NEVER
        self._expected: dict[str, int] = {}

    def lived(self) -> int:
        """Return the seconds lived until now, over all boots."""
        return self._lifetime.at(self._around.clock.monotonic())

    def present(self) -> int:
        """Return the present second of the labels in use."""
        return self.timeline.at(self._around.clock.monotonic())

    def next_sample(self) -> int:
        """Return when the next sample is due, in seconds lived."""
        # By seconds lived: a wall clock set back would put off the next sample by as much.
        return (self.lived() // SAMPLE + 1) * SAMPLE

    def begin_boot(self, draft: Draft, going_on: Mapping[str, int] | None = None) -> None:
        """Close the reports of the boot before, as far as they were stored, and go on.

        Args:
            draft: The first change of the boot.
            going_on: What is in use all along, where the program is still the same one; None
                where a program has begun, which says itself what it uses.
        """
        past = draft.singles.clock
        used = {tag: draft.tags[tag].sampler.level for tag in self._meter.own if tag in draft.tags}
        for tag, record in list(draft.tags.items()):
            sampler, measurements = sampling.reloaded(record.sampler)
            # A wall clock that was set back before the stop: no report may end after it was closed.
            ends = [item.end for item in measurements if not item.relative]
            closing = Closing(
                closed_at=max([past.wall or 0, *ends]),
                # The boot that measured it: its labels mean nothing in this one.
                boot=past.boot,
                cause=ReportInput.CLOSE_BY_RELOAD,
            )
            queue_report(draft, replace(record, sampler=sampler), measurements, closing)
            relative = self.timeline.relative
            again = sampling.restarted(sampler, self.present(), relative=relative)
            draft.tags[tag] = replace(draft.tags[tag], sampler=again)
            if going_on is None and not self._around.keeps_counts:
                # The program that stated the count is gone, and would state it again if it were so.
                draft.tags[tag] = replace(draft.tags[tag], stated=0)
        if going_on is None:
            self._meter.restore([(tag, record.stated) for tag, record in draft.tags.items()])
        # What only comes back is no change in use: that of a program that goes on all along, and
        # that of a licence level, which the product uses before any program says anything.
        self._expected = dict(used if going_on is None else going_on)
        # Behind the closing: those reports say what was set in the boot that measured them.
        draft.singles = replace(draft.singles, told=told_by(draft.singles.configuration))
        self._stamp(draft)

    def measure(self, draft: Draft) -> bool:
        """Take in what has changed and what is due.

        Returns:
            Whether the draft holds anything that should be stored.
        """
        changes = self._meter.drain()
        # Before the clock is looked at: the changes came by the labels that held until now.
        self._take(draft, changes)
        # All of a boot comes back at once; the same count hours later is a change like any other.
        self._expected = {}
        step = self._observe(draft)
        sampled = self._sample_if_due(draft)
        self._close_full(draft)
        for tag in draft.tags:
            ensure_open(draft, tag, self._around.clock.wall())
        self._stamp(draft)
        return bool(changes) or step or sampled

    def settle(self, draft: Draft) -> None:
        """Measure every licence up to this second."""
        at = self.present()
        for tag, record in draft.tags.items():
            draft.tags[tag] = replace(record, sampler=sampling.sampled(record.sampler, at))

    def close(self, draft: Draft, cause: ReportInput) -> None:
        """Close every open report that tells anything."""
        for tag in draft.tags:
            self._close_one(draft, tag, cause)

    def _close_one(self, draft: Draft, tag: str, cause: ReportInput) -> None:
        at, record = self.present(), draft.tags[tag]
        sampler, measurements = sampling.closed(record.sampler, at, Termination.REQUESTED)
        wall = self._around.clock.wall()
        closing = Closing(
            # Not the wall clock: between two looks it may have been stepped behind the last second.
            closed_at=wall if self.timeline.relative else at,
            boot=self.boot,
            cause=cause,
        )
        queue_report(draft, replace(record, sampler=sampler), measurements, closing)
        ensure_open(draft, tag, wall)

    def _close_full(self, draft: Draft) -> None:
        for tag, record in draft.tags.items():
            if record.sampler.is_full:
                self._close_one(draft, tag, ReportInput.CLOSE_BY_SIZE)

    def _take(self, draft: Draft, changes: Iterable[Change]) -> None:
        wall = self._around.clock.wall()
        for change in changes:
            at = self.timeline.at(change.monotonic)
            before = draft.tags.get(change.tag) or self._new_tag(change.tag, at)
            # Peak, then level: the highest count of a second is what counts (spec/usage.md).
            peak = sampling.changed(before.sampler, at, change.peak)
            sampler = sampling.changed(peak, at, change.level, change.children)
            first_use = before.first_use
            if first_use is None and change.peak:
                first_use = wall
            draft.tags[change.tag] = replace(
                before,
                sampler=sampler,
                stated=self._meter.stated(change.tag) if self._around.keeps_counts else 0,
                first_use=first_use,
            )
            if not self._resumes(before, change):
                _note_change(draft, before.sampler, change, wall)
        if changes:
            self.settle(draft)

    def _resumes(self, before: TagRecord, change: Change) -> bool:
        """Tell whether a count only comes back after a boot; that is no change in use.

        Outside of a boot the level is never below what the product states.
        """
        known = self._expected.pop(change.tag, before.stated)
        return before.sampler.level < known == change.level

    def _new_tag(self, tag: str, at: int) -> TagRecord:
        sampler = sampling.begin(tag, at, relative=self.timeline.relative)
        return TagRecord(sampler=sampler, acked_id=0)

    def _observe(self, draft: Draft) -> bool:
        """Notice that the wall clock was set or stepped; usage keeps its length."""
        reading = self._around.reading()
        was_relative = self.timeline.relative
        self.timeline, step = timeline.observe(self.timeline, reading, self._around.build_date)
        # Seconds that differ by rounding are no step (spec/usage.md).
        if step is None:
            return False
        closing = Closing(
            # By the old labels, like all that it tells: by the new ones it would end in its future.
            closed_at=reading.wall if was_relative else step.before,
            boot=self.boot,
            cause=ReportInput.CLOSE_BY_RELOAD,
        )
        for record in list(draft.tags.values()):
            sampler, told = sampling.stepped(record.sampler, step)
            queue_report(draft, replace(record, sampler=sampler), told, closing)
        draft.log(events.clock_changed(reading.wall, step.delta))
        return True

    def _sample_if_due(self, draft: Draft) -> bool:
        period = self.lived() // SAMPLE
        if period == self._sampled_in:
            return False
        # Once for each period, however often this is asked: sampling means a write.
        self._sampled_in = period
        self.settle(draft)
        return True

    def _stamp(self, draft: Draft) -> None:
        clock = ClockRecord(seconds=self.lived(), wall=self._around.clock.wall(), boot=self.boot)
        draft.singles = replace(draft.singles, clock=clock)


def _note_change(draft: Draft, before: Sampler, change: Change, wall: int) -> None:
    """Start the clocks that a change in use starts, and tell of it."""
    # A count stated again starts no deadline: programs repeat what they say.
    if change.peak <= before.level and change.level == before.level:
        return
    course = draft.singles.course
    first_use = course.first_use
    if first_use is None and change.peak:
        first_use = wall
    course = replace(course, first_use=first_use)
    course = course.with_changes(after_change(course.changes, wall))
    draft.singles = replace(draft.singles, course=course)
    if change.level != before.level:
        draft.log(events.usage_changed(wall, change.tag, change.level))
