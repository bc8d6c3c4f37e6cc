"""Commands that wait for the portal, and Ctrl-C."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from gauger.core.problems import Problem
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.shell import Shell, Terminal
from gauger.surfaces.shell.patience import BROKEN_OFF
from tests.surfaces.console.scripted import ScriptedAgent
from tests.surfaces.shell.talk import OPERATOR, Talk

PATIENCE = 60.0


@dataclass
class Portal:
    """What a command waits for, and an operator who breaks off once it does."""

    asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    is_impatient: bool = True

    def keep_waiting(self) -> None:
        """Stand in for an exchange."""
        self.asked.set()
        assert self.answers.wait(PATIENCE)
        self.ended.set()

    def broke_off(self) -> bool:
        """Type Ctrl-C, but not before it waits."""
        return self.is_impatient and self.asked.is_set()


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal()
    yield portal
    portal.answers.set()


def waiting(portal: Portal) -> Talk:
    agent = ScriptedAgent()
    agent.on_sync = portal.keep_waiting
    written: list[bytes] = []
    terminal = Terminal(rows=0)
    shell = Shell(agent, OPERATOR, terminal, written.append, broke_off=portal.broke_off)
    shell.start()
    return Talk(agent=agent, shell=shell, written=written)


@pytest.mark.requirement("PI-10/shell")
def test_ctrl_c_gives_the_prompt_back_and_what_was_sent_goes_on(portal: Portal) -> None:
    session = waiting(portal)
    assert session.line("license smart sync all") == BROKEN_OFF
    assert not portal.ended.is_set()
    assert session.line("show privilege") == "Current privilege level is 15"
    portal.answers.set()
    assert portal.ended.wait(PATIENCE)


def test_one_at_a_time_goes_on_behind(portal: Portal) -> None:
    session = waiting(portal)
    session.line("license smart sync all")
    again = "% The command that was broken off still goes on."
    assert session.line("license smart trust idtoken T local") == again
    assert [name for name, *_ in session.agent.asked] == ["sync"]


def test_who_waits_is_answered_as_ever(portal: Portal) -> None:
    portal.is_impatient = False
    portal.answers.set()
    session = waiting(portal)
    assert session.line("license smart trust idtoken T local") == ""
    assert session.line("license smart sync all | exclude sent") == ""
    assert portal.ended.is_set()


@pytest.mark.parametrize("broken", [Problem("comm-failed", "No way."), ZeroDivisionError()])
def test_a_refusal_that_was_waited_for_is_told(portal: Portal, broken: Exception) -> None:
    session = waiting(portal)

    def fail() -> None:
        raise broken

    session.agent.on_sync = fail
    told = session.line("license smart sync all")
    assert told.startswith(("% No way.", "% The agent's log"))


def test_what_is_configured_meanwhile_stands(portal: Portal) -> None:
    session = waiting(portal)
    session.line("license smart sync all")
    for line in ("conf t", "hostname edge-1"):
        session.line(line)
    portal.answers.set()
    assert portal.ended.wait(PATIENCE)
    assert session.agent.configuration().hostname == "edge-1"


def test_only_commands_that_talk_can_be_broken_off() -> None:
    waiting_rows = {row.syntax.split(" {")[0].split(" <")[0] for row in COMMANDS if row.waits}
    assert waiting_rows == {
        "license smart trust idtoken",
        "license smart sync",
        "license smart authorization request",
        "license smart authorization return",
    }
