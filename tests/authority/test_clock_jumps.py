"""The portal's own clock jumps: it is told, and time alone decides nothing until people looked."""

import time
from collections.abc import Callable

import pytest

from gauger.authority.rounds import HOLD, JUMP, SWEEP_EVERY, Rounds
from gauger.core.authority.commands import DecideDue, FindSilent, RecordEvent
from gauger.core.authority.outcomes import Done, SweepOutcome, Verdict
from gauger.core.problems import Problem
from tests.support.builders import DAY, NOW, TAG, Bench, ManualClock, a_device

YEAR = 365 * DAY


class SteppedClock(ManualClock):
    """A clock whose wall can be stepped while its monotonic time goes on evenly."""

    def __init__(self) -> None:
        super().__init__()
        self.off = 0

    def wall(self) -> int:
        return self.now + self.off


def rounds() -> tuple[SteppedClock, Rounds]:
    clock = SteppedClock()
    return clock, Rounds(clock)


def kinds(found: tuple[object, ...]) -> list[type]:
    return [type(command) for command in found]


@pytest.mark.threat("H4", role="cssm")
@pytest.mark.parametrize("step", [YEAR, -YEAR, JUMP + 1, -JUMP - 1])
def test_a_jump_is_told_with_both_times_and_holds_what_time_decides(step: int) -> None:
    clock, asked = rounds()
    clock.off = step
    (event,) = asked.commands(has_due=True)
    assert isinstance(event, RecordEvent)
    assert (event.kind, event.by) == ("clock-jumped", None)
    assert event.detail.count("20") >= 2
    asked.done([Done])

    clock.now += HOLD - 1
    assert asked.commands(has_due=True) == ()
    clock.now += 1
    assert kinds(asked.commands(has_due=True)) == [DecideDue, FindSilent]


@pytest.mark.threat("H4", role="cssm")
@pytest.mark.parametrize("step", [JUMP, -JUMP])
def test_a_small_step_is_none(step: int) -> None:
    clock, asked = rounds()
    clock.off = step
    assert kinds(asked.commands(has_due=True)) == [DecideDue]


@pytest.mark.threat("H4", role="cssm")
def test_a_clock_that_comes_back_is_believed_at_once() -> None:
    clock, asked = rounds()
    clock.off = YEAR
    asked.commands(has_due=True)
    clock.off = 10
    found = asked.commands(has_due=True)
    assert kinds(found) == [RecordEvent, RecordEvent, DecideDue]


def test_what_could_not_be_told_is_told_again() -> None:
    clock, asked = rounds()
    clock.off = YEAR
    asked.commands(has_due=False)
    asked.done([Problem("store-full", "No room.")])
    assert kinds(asked.commands(has_due=False)) == [RecordEvent]


def test_what_was_told_is_not_told_again_because_something_else_failed() -> None:
    clock, asked = rounds()
    clock.off = YEAR
    asked.commands(has_due=True)
    clock.off = 10
    assert kinds(asked.commands(has_due=True)) == [RecordEvent, RecordEvent, DecideDue]
    asked.done([Done, Done, Problem("store-damaged", "A report cannot be read.")])
    assert kinds(asked.commands(has_due=True)) == [DecideDue]


def test_a_sweep_goes_on_where_it_was_and_rests_when_it_is_through() -> None:
    clock, asked = rounds()
    assert asked.commands(has_due=False) == ()
    clock.now += SWEEP_EVERY
    for after, following in ((0, 1024), (1024, None)):
        assert asked.commands(has_due=False) == (FindSilent(after=after),)
        asked.done([_swept(following)])
    assert asked.commands(has_due=False) == ()


def _swept(following: int | None) -> Callable[[], SweepOutcome]:
    return lambda: SweepOutcome(following=following)


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the portal of this test a clock that can be stepped."""
    monkeypatch.setattr("tests.support.builders.ManualClock", SteppedClock)


def jump(portal: Bench, step: int) -> None:
    """Step the wall clock and wait until the portal has told of it."""
    before = len(portal.events("clock-jumped"))
    assert isinstance(portal.clock, SteppedClock)
    portal.clock.off += step
    until(lambda: len(portal.events("clock-jumped")) > before)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert done()


@pytest.mark.threat("H4", role="cssm")
@pytest.mark.usefixtures("stepped")
def test_a_year_ahead_accepts_nothing_and_calls_nobody_silent(portal: Bench) -> None:
    portal.report(a_device().report())
    ahead = a_device("GGR0002").report(((NOW, NOW + 30 * DAY, 5),))
    assert portal.report(ahead).verdict is Verdict.DEFERRED
    jump(portal, YEAR)
    jump(portal, -YEAR)

    assert not portal.events("report-decided")
    assert not portal.events("instance-silent")
    again = portal.report(ahead)
    assert (again.verdict, again.until) == (Verdict.SAME, NOW + 30 * DAY - 3600)
    assert portal.balance() == {TAG: (0, 1, 0)}


@pytest.mark.threat("H4", role="cssm")
@pytest.mark.usefixtures("stepped")
def test_a_year_behind_loses_nothing(portal: Bench) -> None:
    jump(portal, -YEAR)
    item = a_device().report()
    assert portal.report(item).verdict is Verdict.DEFERRED
    jump(portal, YEAR)

    until(lambda: len(portal.events("report-decided")) == 1)
    assert portal.report(item).verdict is Verdict.SAME
    assert portal.balance() == {TAG: (0, 1, 0)}


@pytest.mark.threat("H4", role="cssm")
@pytest.mark.usefixtures("stepped")
def test_a_token_that_seemed_over_is_good_again(portal: Bench) -> None:
    token, device = portal.token(days=30), a_device()
    jump(portal, YEAR)
    refused = portal.trust(device.trust_request(token=token, made_at=NOW + YEAR), token=token)
    jump(portal, -YEAR)
    accepted = portal.trust(device.trust_request(token=token), token=token)

    assert (refused.code, accepted.verdict) == ("token-expired", Verdict.ACCEPTED)
