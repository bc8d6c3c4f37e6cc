"""When an operator is reminded of a report: at a boot, at set distances, daily when overdue."""

from dataclasses import replace

import pytest

from gauger.instance.alarms import remind
from gauger.instance.memory import Draft
from gauger.instance.records import Course, Singles
from tests.instance.world import DAY, START

DEADLINE = START + 100 * DAY
STEP = 900


def draft(course: Course | None = None) -> Draft:
    return Draft(singles=Singles(course=course or Course()), tags={}, documents={}, marks={})


def live(made: Draft, first: int, last: int, deadline: int = DEADLINE) -> list[tuple[int, str]]:
    """Let time pass by samples; return when something was told, in whole days, and what."""
    told: list[tuple[int, str]] = []
    for now in range(first, last, STEP):
        if remind(made, deadline, now):
            name = made.batch.entries[-1].name.rpartition("-")[2]
            told.append((-(-(deadline - now) // DAY), name))
    return told


@pytest.mark.requirement("PI-3")
def test_it_is_told_at_set_distances_and_daily_when_overdue() -> None:
    told = live(draft(), START, DEADLINE + 5 * DAY)
    assert told == [
        *((days, "REPORTING_REQUIRED") for days in (30, 14, 7, 3, 2, 1)),
        *((days, "REPORTING_OVERDUE") for days in (0, -1, -2, -3, -4)),
    ]


def test_a_boot_tells_it_however_far_it_is_away() -> None:
    made = draft()
    assert remind(made, DEADLINE, START + 1, always=True)
    (entry,) = made.batch.entries
    assert entry.name == "SMART_LIC-6-REPORTING_REQUIRED"
    assert "in 99 days" in entry.text
    assert not remind(made, DEADLINE, START + 2)


def test_a_boot_near_the_deadline_is_not_told_twice() -> None:
    made = draft()
    now = DEADLINE - 5 * DAY
    assert remind(made, DEADLINE, now, always=True)
    assert not remind(made, DEADLINE, now + STEP)


def test_nothing_is_due_where_no_ack_is_wanted() -> None:
    assert not remind(draft(), None, START, always=True)


def test_an_ack_that_sets_a_near_deadline_brings_no_reminder() -> None:
    made = draft(Course(last_ack=START))
    assert live(made, START, START + 30 * DAY, START + 30 * DAY)[0] == (14, "REPORTING_REQUIRED")


def test_a_change_in_use_that_brings_a_near_deadline_is_told_at_once() -> None:
    made = draft(Course(last_ack=START))
    changed = START + 40 * DAY
    assert live(made, changed, changed + DAY, changed + 7 * DAY) == [(7, "REPORTING_REQUIRED")]


def test_another_deadline_is_told_afresh() -> None:
    made = draft()
    live(made, DEADLINE - 10 * DAY, DEADLINE - 9 * DAY)
    assert live(made, DEADLINE - 9 * DAY, DEADLINE - 8 * DAY, DEADLINE - DAY) != []


def test_what_was_told_by_an_earlier_release_is_not_told_again() -> None:
    made = draft(Course(warned=(DEADLINE, 14)))
    assert live(made, DEADLINE - 10 * DAY, DEADLINE - 8 * DAY) == []


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (2 * DAY, "in 2 days."),
        (DAY, "in 1 day."),
        (1, "in less than a day."),
        (-1, "for less than a day."),
        (-DAY, "for 1 day."),
    ],
)
def test_the_words_fit_the_number(left: int, words: str) -> None:
    made = draft()
    made.singles = replace(made.singles, course=Course())
    remind(made, DEADLINE, DEADLINE - left, always=True)
    assert words in made.batch.entries[0].text
