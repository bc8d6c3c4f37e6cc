"""Every state of a report by every input."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.instance.report_life import (
    KEPT,
    RETENTION,
    TABLE,
    Flag,
    Reason,
    ReportInput,
    ReportLife,
    ReportState,
    expired,
    step,
)
from gauger.core.problems import Problem

CLOSINGS = {item for item in ReportInput if item.value.startswith("close-")}
VERDICTS = {ReportInput.DEFERRED, ReportInput.QUARANTINED, ReportInput.REJECTED}
REFUSED = (
    {(ReportState.OPEN, happened) for happened in set(ReportInput) - CLOSINGS}
    | {(state, closing) for state in set(ReportState) - {ReportState.OPEN} for closing in CLOSINGS}
    | {
        (state, ReportInput.EXPIRED)
        for state in (ReportState.CLOSED, ReportState.PENDING, ReportState.UNACKNOWLEDGED)
    }
    | {
        (ReportState.PURGED, happened)
        for happened in (ReportInput.SENT, ReportInput.READ, ReportInput.SAVED)
    }
)


def life(*story: ReportInput) -> ReportLife:
    """Return what a report becomes by a story."""
    report = ReportLife()
    for happened in story:
        report = step(report, happened)
    return report


@pytest.mark.parametrize(("state", "happened"), [*product(ReportState, ReportInput)])
def test_every_pair_is_in_the_table_or_refused(state: ReportState, happened: ReportInput) -> None:
    report = ReportLife(state=state)
    if (state, happened) in REFUSED:
        with pytest.raises(Problem) as refusal:
            step(report, happened)
        assert refusal.value.code == "not-in-this-state"
        assert state in refusal.value.detail
        assert happened in refusal.value.detail
        return
    after = step(report, happened)
    assert after.state is TABLE[state, happened].state


def test_the_table_has_no_other_pair() -> None:
    assert set(TABLE) == set(product(ReportState, ReportInput)) - REFUSED


def test_the_life_of_a_report_sent_on_schedule() -> None:
    report = life(ReportInput.CLOSE_TO_REPORT)
    assert (report.state, report.reason) == (ReportState.CLOSED, Reason.REPORTING)
    report = step(report, ReportInput.SENT)
    assert (report.state, report.was_never_sent) == (ReportState.PENDING, False)
    report = step(report, ReportInput.ACKED)
    assert (report.state, report.reason) == (ReportState.ACKNOWLEDGED, "ACKED")
    assert report.is_acknowledged
    report = step(report, ReportInput.EXPIRED)
    assert (report.state, report.flag) == (ReportState.PURGED, Flag.PURGED)
    assert report.is_acknowledged


def test_what_a_manager_or_a_file_took_is_unacknowledged_and_may_still_be_sent() -> None:
    for taken in (ReportInput.READ, ReportInput.SAVED):
        report = life(ReportInput.CLOSE_TO_SAVE, taken)
        assert report.state is ReportState.UNACKNOWLEDGED
        assert report.was_never_sent
        assert step(report, ReportInput.SENT).state is ReportState.PENDING


@pytest.mark.parametrize("verdict", sorted(VERDICTS))
@pytest.mark.parametrize(
    "before",
    [
        (ReportInput.CLOSE_BY_SIZE,),
        (ReportInput.CLOSE_BY_RELOAD, ReportInput.SENT),
        (ReportInput.CLOSE_TO_SAVE, ReportInput.SAVED),
    ],
)
def test_a_verdict_keeps_the_state(verdict: ReportInput, before: tuple[ReportInput, ...]) -> None:
    report = life(*before)
    after = step(report, verdict)
    assert after.state is report.state
    assert after.is_rejected == (verdict is ReportInput.REJECTED)


def test_a_rejected_report_loses_its_flag_once_judged_otherwise() -> None:
    rejected = life(ReportInput.CLOSE_TO_REPORT, ReportInput.SENT, ReportInput.REJECTED)
    assert rejected.flag == "E"
    assert step(rejected, ReportInput.SENT).is_rejected
    for otherwise in (ReportInput.DEFERRED, ReportInput.QUARANTINED, ReportInput.ACKED):
        assert step(rejected, otherwise).flag is Flag.NORMAL


@pytest.mark.threat("B1", role="instance")
@given(st.lists(st.sampled_from(ReportInput), max_size=20))
def test_an_ack_is_final(story: list[ReportInput]) -> None:
    report = life(ReportInput.CLOSE_TO_REPORT, ReportInput.SENT, ReportInput.ACKED)
    for happened in story:
        if (report.state, happened) in TABLE:
            report = step(report, happened)
        assert report.is_acknowledged
        assert not report.is_rejected


@given(st.lists(st.sampled_from(ReportInput), max_size=40))
def test_no_report_is_purged_without_its_ack(story: list[ReportInput]) -> None:
    report, seen = ReportLife(), set()
    for happened in story:
        if (report.state, happened) in TABLE:
            report = step(report, happened)
            seen.add(happened)
    assert report.state is not ReportState.PURGED or ReportInput.ACKED in seen
    assert report.is_rejected <= (ReportInput.REJECTED in seen)


NOW = 1_750_000_000


@pytest.mark.parametrize(
    ("ages", "number"),
    [
        ([], 0),
        ([RETENTION * 9] * KEPT, 0),
        ([RETENTION * 9] * (KEPT + 3), 3),
        ([RETENTION] * (KEPT + 3), 3),
        ([RETENTION - 1] * (KEPT + 3), 0),
        ([RETENTION + 1, RETENTION - 1, *[0] * KEPT], 1),
        ([-500] * (KEPT + 3), 0),
    ],
)
def test_bytes_are_kept_for_thirty_days_or_the_last_two_hundred(
    ages: list[int], number: int
) -> None:
    assert expired([NOW - age for age in ages], NOW) == number
