"""A reload that is to come: `reload in`, `at`, `cancel`."""

import pytest

from tests.surfaces.console.scripted import NOW
from tests.surfaces.shell.talk import MONITOR, Talk, talk

# 05:30:30 UTC on 22 October 2021.
MINUTE = 60


def plan(session: Talk, line: str, *keys: str) -> str:
    session.type()
    return session.type(f"{line}\r", *keys)


def planned(session: Talk) -> int | None:
    return session.agent.later.at


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.parametrize(
    ("line", "seconds", "told"),
    [
        ("reload in 10", 600, "05:40:30 UTC Fri Oct 22 2021 (in 10 minutes)"),
        ("reload in 1:01", 3660, "06:31:30 UTC Fri Oct 22 2021 (in 1 hour and 1 minute)"),
        ("reload in 34560", 24 * 86_400, "05:30:30 UTC Mon Nov 15 2021 (in 576 hours)"),
        ("reload at 05:31", 30, "05:31:00 UTC Fri Oct 22 2021 (in 1 minute)"),
        ("reload at 5:30", 86_370, "05:30:00 UTC Sat Oct 23 2021 (in 24 hours)"),
    ],
)
def test_a_reload_is_told_confirmed_and_comes_later(line: str, seconds: int, told: str) -> None:
    session = talk()
    asked = plan(session, line)
    assert asked.endswith(f"Reload scheduled for {told}\r\nProceed with reload? [confirm]")
    assert planned(session) is None
    assert "--- SHUTDOWN in " in session.type("\r")
    assert planned(session) == NOW + seconds
    assert session.line("show reload").startswith("Reload scheduled for ")
    assert session.agent.asked == []
    assert not session.shell.ended


def test_it_is_given_up_by_another_key_and_by_cancel() -> None:
    session = talk()
    plan(session, "reload in 5", "n")
    assert session.line("show reload") == "No reload is scheduled."
    plan(session, "reload in 5", "y")
    assert "SHUTDOWN ABORTED" in session.line("reload cancel")
    assert session.line("reload cancel") == "%No reload is scheduled."


def test_what_was_changed_may_be_saved_or_not_as_before_any_reload() -> None:
    session = talk()
    for line in ("conf t", "hostname edge-1", "end"):
        session.line(line)
    assert plan(session, "reload in 5").endswith("Save? [yes/no]: ")
    shown = session.type("no\r")
    assert "Reload scheduled for" in shown
    session.type("\r")
    # The point of it: what locks everybody out is gone with the reload.
    assert session.agent.saved is None
    assert planned(session) == NOW + 5 * MINUTE


@pytest.mark.parametrize(
    "line",
    [
        "reload in 0",
        "reload in x",
        "reload in 34561",
        "reload in 1:2:3",
        "reload at 24:00",
        "reload at 12:60",
        "reload at 12",
    ],
)
def test_what_is_no_time_is_refused(line: str) -> None:
    session = talk()
    assert session.line(line).startswith(("% A delay is ", "% A time is "))
    assert planned(session) is None


def test_who_may_only_look_sees_it_and_plans_none() -> None:
    session = talk(MONITOR)
    assert session.line("show reload") == "No reload is scheduled."
    assert "Invalid input" in session.line("reload in 5")
