"""Labels of time when the wall clock is set, stepped or was never set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.usage.timeline import Lifetime, Reading, begin, observe, power_on

BUILD = 1_700_000_000
NOW = 1_750_000_000


def reading(monotonic: float, wall: int) -> Reading:
    return Reading(monotonic=monotonic, wall=wall)


def test_labels_follow_the_monotonic_clock() -> None:
    timeline = begin(reading(50.5, NOW), BUILD)
    assert timeline.at(50.5) == NOW
    assert timeline.at(60.4) == NOW + 9
    assert timeline.at(10.0) == NOW
    assert not timeline.relative


@pytest.mark.parametrize("jitter", [-2, -1, 0, 1, 2])
def test_whole_seconds_read_apart_are_no_step(jitter: int) -> None:
    timeline = begin(reading(0.0, NOW), BUILD)
    assert observe(timeline, reading(100.0, NOW + 100 + jitter), BUILD) == (timeline, None)


@pytest.mark.threat("H3", role="instance")
@pytest.mark.parametrize("moved", [-315_360_000, -3600, -3, 3, 3600, 315_360_000])
def test_a_step_is_noticed_with_its_size(moved: int) -> None:
    timeline = begin(reading(0.0, NOW), 0)
    after, step = observe(timeline, reading(100.0, NOW + 100 + moved), 0)
    assert step is not None
    assert (step.before, step.after, step.delta) == (NOW + 100, NOW + 100 + moved, moved)
    assert after.at(101.0) == NOW + 101 + moved
    assert observe(after, reading(110.0, NOW + 110 + moved), 0)[1] is None


@pytest.mark.threat("H1", role="instance")
def test_a_clock_never_set_gives_seconds_of_the_boot() -> None:
    timeline = begin(reading(1000.0, 12), BUILD)
    assert timeline.relative
    assert timeline.at(1030.0) == 30
    after, step = observe(timeline, reading(1060.0, NOW), BUILD)
    assert step is not None
    assert (step.before, step.after, step.relative) == (60, NOW, False)
    assert step.delta == NOW - 72
    back, step = observe(after, reading(1100.0, 0), BUILD)
    assert step is not None
    assert (step.before, step.after, step.relative) == (NOW + 40, 100, True)
    assert back.at(1101.0) == 101


@pytest.mark.threat("H5", role="instance")
@pytest.mark.parametrize("wall", [2**31 - 1, 2**31, 1_483_228_799, 253_402_300_799])
def test_labels_pass_2038_leap_seconds_and_the_last_year(wall: int) -> None:
    timeline = begin(reading(0.0, wall), 0)
    assert timeline.at(2.0) == wall + 2


def test_time_lived_goes_on_over_boots() -> None:
    lifetime = power_on(0, None, reading(7.0, NOW), BUILD)
    assert lifetime.at(107.9) == 100
    assert power_on(100, NOW, reading(3.0, NOW + 500), BUILD).at(4.0) == 601


@pytest.mark.parametrize(
    ("last_wall", "wall"), [(NOW, NOW - 500), (12, NOW), (NOW, 12), (None, NOW)]
)
def test_time_switched_off_counts_only_by_a_clock_that_was_set_and_moved_forward(
    last_wall: int | None, wall: int
) -> None:
    assert power_on(100, last_wall, reading(0.0, wall), BUILD).seconds == 100


@given(st.integers(0, 2**40), st.floats(0, 1e9), st.floats(0, 1e6))
def test_time_lived_never_goes_back(seconds: int, since: float, passed: float) -> None:
    lifetime = Lifetime(seconds=seconds, since=since)
    assert seconds <= lifetime.at(since + passed) <= seconds + passed + 1
    assert lifetime.at(since - passed) == seconds
