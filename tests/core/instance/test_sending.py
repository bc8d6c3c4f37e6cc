"""Which reports go, and when."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.instance.report_life import (
    ReportInput,
    ReportLife,
    ReportState,
    step,
)
from gauger.core.instance.sending import (
    DAY,
    MOST,
    Batch,
    Held,
    Occasion,
    Schedule,
    Selection,
    after_ha_event,
    after_message,
    batch,
    next_push,
    saved,
)
from gauger.core.releases import Feature, Release, Topology, has

STORIES: dict[str, tuple[ReportInput, ...]] = {
    "open": (),
    "closed": (ReportInput.CLOSE_TO_REPORT,),
    "saved": (ReportInput.CLOSE_TO_SAVE, ReportInput.SAVED),
    "pending": (ReportInput.CLOSE_TO_REPORT, ReportInput.SENT),
    "rejected": (ReportInput.CLOSE_TO_REPORT, ReportInput.SENT, ReportInput.REJECTED),
    "rejected-file": (ReportInput.CLOSE_TO_SAVE, ReportInput.SAVED, ReportInput.REJECTED),
    "acked": (ReportInput.CLOSE_TO_REPORT, ReportInput.ACKED),
    "purged": (ReportInput.CLOSE_TO_REPORT, ReportInput.ACKED, ReportInput.EXPIRED),
}
NAMES = list(STORIES)


def held(name: str, *, wanted: bool = False, closed_at: int = 0) -> Held:
    """Return a report with a story; its number is the story's place."""
    life = ReportLife()
    for happened in STORIES[name]:
        life = step(life, happened)
    return Held(report_id=NAMES.index(name), life=life, closed_at=closed_at, wanted=wanted)


def names(numbers: tuple[int, ...]) -> list[str]:
    return [NAMES[number] for number in numbers]


@pytest.mark.requirement("PI-7")
def test_the_schedule_sends_what_was_never_sent() -> None:
    chosen = batch([held(name) for name in NAMES], Occasion.SCHEDULE)
    assert names(chosen.report_ids) == ["closed", "saved"]
    assert chosen.counts
    assert not chosen.more


@pytest.mark.requirement("PI-7")
def test_a_sync_sends_rejected_reports_too_and_does_not_count() -> None:
    chosen = batch([held(name) for name in NAMES], Occasion.SYNC)
    assert names(chosen.report_ids) == ["closed", "saved", "rejected", "rejected-file"]
    assert not chosen.counts


def test_wanted_reports_go_again_as_long_as_their_bytes_are_held() -> None:
    reports = [held(name, wanted=True) for name in NAMES]
    for occasion in Occasion:
        chosen = batch(reports, occasion)
        assert names(chosen.report_ids) == NAMES[1:-1]
    chosen = batch([held("acked", wanted=True), held("closed")], Occasion.WANTED)
    assert names(chosen.report_ids) == ["acked"]
    assert not chosen.counts
    assert not batch([held("acked", wanted=True)], Occasion.SCHEDULE).counts


def test_a_backlog_goes_in_several_messages_oldest_first() -> None:
    life = held("closed").life
    reports = [Held(report_id=number, life=life, closed_at=0) for number in range(MOST + 1, 0, -1)]
    chosen = batch(reports, Occasion.SYNC)
    assert chosen.report_ids == tuple(range(1, MOST + 1))
    assert chosen.more


@pytest.mark.parametrize(
    ("selection", "number", "expected"),
    [
        (Selection.ALL, 0, NAMES[1:-1]),
        (Selection.UNREPORTED, 0, NAMES[1:-2]),
        (Selection.DAYS, 2, ["acked"]),
        (Selection.REPORT, 1, ["closed"]),
        (Selection.REPORT, 0, []),
        (Selection.REPORT, len(NAMES) - 1, []),
    ],
)
def test_a_saved_file_holds_what_was_selected(
    selection: Selection, number: int, expected: list[str]
) -> None:
    now = 100 * DAY
    reports = [held(name, closed_at=now - 3 * DAY) for name in NAMES if name != "acked"]
    reports.append(held("acked", closed_at=now - 2 * DAY))
    assert names(saved(reports, selection, number=number, now=now)) == expected


def test_a_wanted_report_is_unreported_again() -> None:
    assert saved([held("acked", wanted=True)], Selection.UNREPORTED) == (NAMES.index("acked"),)


FRESH = Batch(report_ids=(1,), counts=True, more=False)
SYNCED = Batch(report_ids=(1,), counts=False, more=False)
EMPTY = Batch(report_ids=(), counts=False, more=False)


@pytest.mark.requirement("PI-7")
def test_the_next_push_is_the_last_and_the_interval() -> None:
    schedule = Schedule(since=1000)
    assert next_push(schedule, 30, throttled=True) == 1000 + 30 * DAY
    schedule = after_message(schedule, 5000, FRESH, Occasion.SCHEDULE)
    assert next_push(schedule, 30, throttled=True) == 5000 + 30 * DAY
    assert next_push(schedule, 0, throttled=True) is None


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.threat("A23", role="instance")
def test_an_event_moves_the_push_and_does_not_break_the_limit() -> None:
    sent = after_message(Schedule(since=0), 5000, FRESH, Occasion.SCHEDULE)
    moved = after_ha_event(sent, 6000)
    assert next_push(moved, 30, throttled=True) == 5000 + DAY
    assert next_push(moved, 30, throttled=False) == 6000
    assert next_push(after_ha_event(sent, 5000 + 3 * DAY), 30, throttled=True) == 5000 + 3 * DAY
    again = after_message(moved, 5000 + DAY, FRESH, Occasion.SCHEDULE)
    assert next_push(again, 30, throttled=True) == 5000 + 31 * DAY


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.threat("A23", role="instance")
def test_a_sync_is_always_allowed_and_does_not_count() -> None:
    sent = after_message(Schedule(since=0), 5000, FRESH, Occasion.SCHEDULE)
    synced = after_message(sent, 6000, SYNCED, Occasion.SYNC)
    assert synced == Schedule(since=6000, last_counted=5000)
    assert after_message(sent, 6000, EMPTY, Occasion.SYNC) == sent


def test_wanted_reports_change_no_schedule_and_an_empty_push_waits_for_the_next() -> None:
    moved = after_ha_event(Schedule(since=0), 10)
    assert after_message(moved, 20, SYNCED, Occasion.WANTED) == moved
    assert after_message(moved, 20, EMPTY, Occasion.SCHEDULE) == Schedule(since=20)


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.parametrize(
    ("release", "limited"),
    [("17.6.3", False), ("17.6.4", True), ("17.7.1", True), ("17.9.2", True)],
)
def test_the_release_says_whether_sendings_are_limited(*, release: str, limited: bool) -> None:
    throttled = has(Feature.THROTTLING, Release.parse(release), Topology.DIRECT)
    moved = after_ha_event(Schedule(since=0, last_counted=5000), 6000)
    assert next_push(moved, 30, throttled=throttled) == (5000 + DAY if limited else 6000)


@dataclass
class Device:
    """A device that closes a report every two hours and sends by its schedule."""

    schedule: Schedule = field(default_factory=lambda: Schedule(since=0))
    now: int = 0
    unsent: int = 0
    sent: int = 0
    counted: list[int] = field(default_factory=list)

    def live(self, action: str) -> None:
        self.now, self.unsent = self.now + 7200, self.unsent + 1
        if action == "ha":
            self.schedule = after_ha_event(self.schedule, self.now)
        elif action == "sync":
            self._send(SYNCED, Occasion.SYNC)
        elif action == "wanted":
            self.schedule = after_message(self.schedule, self.now, SYNCED, Occasion.WANTED)
        due = next_push(self.schedule, 1, throttled=True)
        if due is not None and due <= self.now:
            self._send(FRESH, Occasion.SCHEDULE)
            self.counted.append(self.now)

    def _send(self, carried: Batch, occasion: Occasion) -> None:
        self.schedule = after_message(self.schedule, self.now, carried, occasion)
        self.sent, self.unsent = self.sent + self.unsent, 0


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.threat("A23", role="instance")
@given(st.lists(st.sampled_from(["wait", "ha", "sync", "wanted"]), max_size=80))
def test_no_two_counted_sendings_lie_within_a_day_and_nothing_is_lost(story: list[str]) -> None:
    device = Device()
    for action in story:
        device.live(action)
    assert all(later - earlier >= DAY for earlier, later in itertools.pairwise(device.counted))
    assert device.sent + device.unsent == len(story)
    assert (next_push(device.schedule, 1, throttled=True) or 0) <= device.now + DAY


def test_open_is_the_state_of_a_new_report() -> None:
    assert ReportLife().state is ReportState.OPEN
