"""The event log: changes at once, repeated refusals as one, nothing that looks like a line."""

import pytest

from gauger.core.problems import Problem
from gauger.cssm.audit import Audit, printable
from tests.cssm.parts import Recorded, StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def authority() -> Recorded:
    return Recorded()


@pytest.fixture
def audit(authority: Recorded, clock: StandingClock) -> Audit:
    return Audit(authority, clock, repeat_seconds=60)


def test_the_first_refusal_is_recorded_at_once(audit: Audit, authority: Recorded) -> None:
    audit.refusal(Problem("forbidden", "No role."), "GET /x", by="user:eve")
    [event] = authority.events
    assert (event.kind, event.subject, event.by) == ("refused-forbidden", "GET /x", "user:eve")
    assert event.detail == "No role."


def test_repeats_within_the_window_become_one_event(
    audit: Audit, authority: Recorded, clock: StandingClock
) -> None:
    for _ in range(500):
        audit.refusal(Problem("forbidden", "No role."), "GET /x", by="user:eve")
    assert len(authority.events) == 1
    clock.go_on(61)
    audit.refusal(Problem("forbidden", "No role."), "GET /y", by="user:eve")
    assert authority.events[1].detail == "499 more times. No role."
    assert authority.events[2].subject == "GET /y"


def test_what_was_counted_is_recorded_when_the_portal_stops(
    audit: Audit, authority: Recorded
) -> None:
    audit.refusal(Problem("forbidden", "No role."), "GET /x", by="user:eve")
    audit.refusal(Problem("forbidden", "No role."), "GET /x", by="user:eve")
    audit.flush()
    audit.flush()
    assert [event.detail for event in authority.events] == ["No role.", "1 more times. No role."]


def test_a_flood_of_different_refusals_is_bounded(audit: Audit, authority: Recorded) -> None:
    for number in range(3000):
        audit.refusal(Problem("not-found", "Nothing."), "GET /x", by=f"192.0.2.{number}")
    assert len(authority.events) == 1001


@pytest.mark.threat("F17", role="cssm")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("\u202eabc", "\\u202eabc"),
        ("\udc80", "\\udc80"),
        ("Zürich", "Zürich"),
    ],
)
def test_control_characters_are_shown_not_obeyed(
    audit: Audit, authority: Recorded, text: str, shown: str
) -> None:
    audit.change("user-added", text, text, by=text)
    [event] = authority.events
    assert (event.subject, event.detail, event.by) == (shown, shown, shown)


def test_a_long_text_is_cut() -> None:
    assert len(printable("x" * 10_000)) == 500
