"""The sampler against a model that keeps the highest count of each second."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.rum_payload import CLOSING_TOLERANCE, Measurement
from gauger.core.identity import Udi
from gauger.core.usage.sampling import (
    DAY,
    LISTED,
    SAMPLE,
    Sampler,
    Termination,
    begin,
    changed,
    closed,
    reloaded,
    restarted,
    sampled,
    stepped,
)
from gauger.core.usage.timeline import Step

NOON = 1_750_000_000 // DAY * DAY + DAY // 2


def counts(measurements: tuple[Measurement, ...]) -> list[int]:
    """Return the count of each second, as measured."""
    return [item.count for item in measurements for _ in range(item.end - item.start)]


def used(level: int, at: int = NOON) -> Sampler:
    return changed(begin("tag", at), at, level)


def access_points(count: int) -> frozenset[Udi]:
    return frozenset(Udi("AIR-AP2802I-E-K9", f"GGR{number:05d}") for number in range(count))


def step(before: int, delta: int, *, relative: bool = False) -> Step:
    return Step(before=before, after=before + delta, delta=delta, relative=relative)


@pytest.mark.requirement("PI-2")
def test_use_is_measured_from_the_first_second() -> None:
    sampler, measurements = closed(used(3), NOON + 1799)
    (only,) = measurements
    assert (only.start, only.end, only.count) == (NOON, NOON + 1800, 3)
    assert (only.log_time, only.sample_interval, only.samples) == (NOON, 1800, 3)
    assert only.termination_reason == Termination.REQUESTED
    assert only.close_reason is None
    assert sampler.finished == ()


@pytest.mark.requirement("PI-2")
@pytest.mark.parametrize("seconds", [1, 899, 900, 901, 3600])
def test_samples_are_those_of_every_quarter_of_an_hour(seconds: int) -> None:
    (only,) = closed(used(1), NOON + seconds - 1)[1]
    assert only.samples == seconds // SAMPLE + 1


@pytest.mark.requirement("PI-2")
def test_a_new_measurement_starts_where_the_last_ended() -> None:
    sampler = changed(used(1), NOON + 60, 4)
    first, second = closed(changed(sampler, NOON + 90, 4), NOON + 99)[1]
    assert (first.start, first.end, first.count) == (NOON, NOON + 60, 1)
    assert (second.start, second.end, second.count) == (NOON + 60, NOON + 100, 4)
    assert first.termination_reason is None


@pytest.mark.requirement("PI-2")
def test_the_shortest_use_leaves_a_trace() -> None:
    sampler = changed(used(2), NOON, 0)
    first, second = closed(sampler, NOON + 9)[1]
    assert (first.start, first.end, first.count) == (NOON, NOON + 1, 2)
    assert (second.end, second.count) == (NOON + 10, 0)


def test_a_day_ends_its_measurement() -> None:
    midnight = NOON + DAY // 2
    measurements = closed(used(1), midnight + DAY + 9)[1]
    assert [(item.start, item.end) for item in measurements] == [
        (NOON, midnight),
        (midnight, midnight + DAY),
        (midnight + DAY, midnight + DAY + 10),
    ]


def test_nothing_is_measured_before_first_use() -> None:
    sampler = sampled(begin("tag", NOON), NOON + 400 * DAY)
    assert sampler.is_idle
    assert closed(sampler, NOON + 400 * DAY)[1] == ()


def test_a_count_of_zero_is_told_once() -> None:
    sampler = changed(used(1), NOON + 10, 0)
    sampler, first = closed(sampler, NOON + 19)
    assert counts(first) == [1] * 11 + [0] * 9
    assert sampler.is_idle
    assert closed(sampler, NOON + 5000)[1] == ()


def test_a_second_report_within_one_second_is_empty_and_loses_nothing() -> None:
    sampler, first = closed(used(1), NOON)
    sampler, second = closed(changed(sampler, NOON, 5), NOON)
    assert (counts(first), counts(second)) == ([1], [])
    sampler, third = closed(changed(sampler, NOON, 0), NOON + 2)
    assert (third[0].start, counts(third)) == (NOON + 1, [5, 0])
    assert sampler.is_idle


def test_a_full_report_says_so() -> None:
    sampler = used(0)
    for second in range(150):
        sampler = changed(sampler, NOON + second, second + 1)
    assert not sampler.is_full
    for second in range(150, 300):
        sampler = changed(sampler, NOON + second, second + 1)
    assert sampler.is_full
    assert not closed(sampler, NOON + 300)[0].is_full


def test_child_devices_are_named_where_they_change() -> None:
    two, three = access_points(2), access_points(3)
    sampler = changed(begin("tag", NOON), NOON, 2, two)
    sampler = changed(sampler, NOON + 10, 3, three)
    sampler = changed(sampler, NOON + 20, 2, three - two | frozenset(sorted(two)[:1]))
    first, second, third = closed(sampler, NOON + 29)[1]
    assert first.added == tuple(sorted(two))
    assert (second.added, second.removed) == ((sorted(three)[2],), ())
    assert (third.added, third.removed) == ((), (sorted(two)[1],))


def test_a_child_that_takes_the_place_of_another_begins_a_measurement() -> None:
    one, other = access_points(1), access_points(2) - access_points(1)
    sampler = changed(begin("tag", NOON), NOON, 1, one)
    sampler = changed(sampler, NOON + 10, 1, other)
    first, second = closed(sampler, NOON + 19)[1]
    assert (first.count, second.count) == (1, 1)
    assert (second.added, second.removed) == (tuple(other), tuple(one))


def test_many_children_are_named_by_several_measurements() -> None:
    many = access_points(2 * LISTED + 1)
    sampler = changed(begin("tag", NOON), NOON, len(many), many)
    measurements = closed(sampler, NOON + 99)[1]
    assert [len(item.added or ()) for item in measurements] == [LISTED, LISTED, 1]
    assert counts(measurements) == [len(many)] * 100


def test_many_children_that_leave_are_named_by_several_measurements() -> None:
    many = access_points(LISTED + 1)
    sampler = sampled(changed(begin("tag", NOON), NOON, len(many), many), NOON + 50)
    sampler, measurements = closed(changed(sampler, NOON + 60, 1, frozenset()), NOON + 99)
    left = [len(item.removed or ()) for item in measurements]
    assert left == [0, 0, LISTED, 1]
    assert sampler.announced == frozenset()


@pytest.mark.threat("H3", role="instance")
@pytest.mark.parametrize("delta", [-315_360_000, -3600, -5, 5, 3600, 315_360_000])
def test_a_moved_clock_neither_shortens_nor_invents_use(delta: int) -> None:
    sampler, told = stepped(used(2), step(NOON + 100, delta))
    sampler, rest = closed(sampler, NOON + delta + 199)
    measurements = (*told, *rest)
    assert sum(item.sample_interval for item in measurements) == 200
    assert all(item.count == 2 for item in measurements)
    assert measurements[-1].clock_change == delta
    assert measurements[0].clock_change is None


@pytest.mark.threat("H3", role="instance")
def test_a_clock_moved_back_far_closes_the_report_first() -> None:
    far = -CLOSING_TOLERANCE - 101
    sampler, told = stepped(used(2), step(NOON + 100, far))
    assert counts(told) == [2] * 101
    sampler, rest = closed(sampler, NOON + 100 + far + 1)
    assert (rest[0].start, counts(rest)) == (NOON + 101 + far, [2])
    assert stepped(used(2), step(NOON + 100, -CLOSING_TOLERANCE))[1] == ()


@pytest.mark.threat("H3", role="instance")
def test_small_steps_that_add_up_close_the_report_too() -> None:
    sampler, told = used(1), tuple[Measurement, ...]()
    at, steps = NOON, 0
    while not told:
        sampler, told = stepped(sampler, step(at + 10, -1800))
        at, steps = at + 10 - 1800, steps + 1
    assert steps == 3
    assert max(item.end for item in told) <= at + 1800 + 10 + CLOSING_TOLERANCE


def test_steps_before_any_second_passed_are_told_as_one() -> None:
    sampler, _ = stepped(changed(used(1), NOON + 10, 1), step(NOON + 10, 500))
    sampler, _ = stepped(sampler, step(NOON + 510, -20))
    assert closed(sampler, NOON + 499)[1][-1].clock_change == 480


def test_a_step_without_use_is_not_told() -> None:
    sampler, told = stepped(begin("tag", NOON), step(NOON + 10, 500))
    assert told == ()
    (only,) = closed(changed(sampler, NOON + 600, 1), NOON + 609)[1]
    assert only.clock_change is None


@pytest.mark.threat("H1", role="instance")
def test_a_clock_never_set_gives_relative_measurements() -> None:
    sampler = changed(begin("tag", 5, relative=True), 5, 1)
    sampler, _ = stepped(sampler, Step(before=65, after=NOON, delta=NOON - 72, relative=False))
    first, second = closed(sampler, NOON + 9)[1]
    assert (first.start, first.end, first.relative) == (5, 65, True)
    assert (second.start, second.relative, second.clock_change) == (NOON, False, NOON - 72)


def test_a_report_ends_with_its_boot_at_the_last_second_stored() -> None:
    stored = sampled(used(3), NOON + 900)
    sampler, measurements = reloaded(stored)
    (only,) = measurements
    assert counts(measurements) == [3] * 901
    assert only.termination_reason == only.close_reason == Termination.RELOAD
    assert sampler.is_idle


@pytest.mark.parametrize(
    ("was", "relative", "at", "settled"),
    [
        (False, False, NOON + 900, NOON + 901),  # rebooted within the second that is told
        (False, False, NOON + 5000, NOON + 5000),
        (False, False, NOON - 5000, NOON - 5000),  # the clock lost time meanwhile
        (False, True, NOON + 900, NOON + 900),
        (True, True, NOON + 900, NOON + 900),  # the seconds of two boots are never the same
    ],
)
def test_a_new_boot_measures_no_second_twice(
    *, was: bool, relative: bool, at: int, settled: int
) -> None:
    sampler = changed(begin("tag", NOON, relative=was), NOON, 1)
    stopped, _ = reloaded(sampled(sampler, NOON + 900))
    after = restarted(stopped, at, relative=relative)
    assert (after.settled, after.relative) == (settled, relative)


@pytest.mark.requirement("PI-2")
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=30))
def test_each_second_has_the_highest_count_held_in_it(moves: list[tuple[int, int]]) -> None:
    sampler, at, level = begin("tag", NOON), NOON, 0
    expected: dict[int, int] = {}
    for wait, after in moves:
        expected |= dict.fromkeys(range(at + 1, at + wait + 1), level)
        at += wait
        expected[at] = max(expected.get(at, 0), level, after)
        level = after
        sampler = changed(sampled(sampler, at), at, level)
    measurements = closed(sampler, at)[1]
    told = {s: item.count for item in measurements for s in range(item.start, item.end)}
    assert {second: told.get(second, 0) for second in expected} == expected
    assert all(left.end == right.start for left, right in pairwise(measurements))


actions = st.one_of(
    st.tuples(st.just("use"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.integers(1, 2 * DAY)),
    st.tuples(st.just("step"), st.integers(-(10**8), 10**8).filter(lambda delta: abs(delta) > 2)),
    st.tuples(st.just("close"), st.just(0)),
)


@dataclass
class Life:
    """A sampler, and what a stopwatch beside it shows."""

    at: int = NOON * 10
    passed: int = 0
    true: int = 0
    level: int = 0
    changes: int = 1
    sampler: Sampler = field(default_factory=lambda: begin("tag", NOON * 10))
    told: list[Measurement] = field(default_factory=list)

    def live(self, action: str, value: int) -> None:
        closing: tuple[Measurement, ...] = ()
        if action == "use":
            self.level, self.changes = value, self.changes + 1
            self.sampler = changed(self.sampler, self.at, value)
        elif action == "wait":
            self.at, self.passed = self.at + value, self.passed + value
            self.true += self.level * value
        elif action == "step":
            self.sampler, closing = stepped(self.sampler, step(self.at, value))
            self.at, self.changes = self.at + value, self.changes + 1
        else:
            self.sampler, closing = closed(self.sampler, self.at)
        self.told += closing


@pytest.mark.threat("H3", role="instance")
@given(st.lists(actions, max_size=25))
def test_whatever_happens_use_is_neither_lost_nor_invented(
    story: list[tuple[str, int]],
) -> None:
    life = Life()
    for action, value in [*story, ("close", 0)]:
        life.live(action, value)
    area = sum(item.count * item.sample_interval for item in life.told)
    # Each change may count the rest of its second, and the last second is told whole.
    assert life.true <= area <= life.true + 4 * life.changes
    assert sum(item.sample_interval for item in life.told) <= life.passed + 1
    assert all(item.end > item.start and item.count >= 0 for item in life.told)
