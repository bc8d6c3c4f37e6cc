"""A reload that is to come."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.reloading import LaterReload
from tests.instance.world import World

PATIENCE = 60.0


class Clock:
    """Time that passes when it is let."""

    def __init__(self) -> None:
        self.passes = threading.Event()

    @property
    def is_test(self) -> bool:
        """Be one."""
        return True

    def wall(self) -> int:
        """Return the same second always."""
        return 1000

    def monotonic(self) -> float:
        """Return the same moment always."""
        return 0.0

    def pause(self, wake: threading.Event, seconds: float) -> None:
        """Wait until time passes."""
        del seconds
        while not (wake.is_set() or self.passes.is_set()):
            wake.wait(0.005)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    agent = World(tmp_path).device()
    yield agent
    agent.stop()


def test_it_comes_once_and_is_forgotten() -> None:
    clock, done = Clock(), threading.Event()
    later = LaterReload(clock, done.set)
    assert later.schedule(60) == 1060
    clock.passes.set()
    assert done.wait(PATIENCE)
    assert later.at is None
    assert not later.cancel()


def test_what_was_cancelled_or_replaced_does_not_come() -> None:
    clock, count = Clock(), list[int]()
    done = threading.Event()

    def reload() -> None:
        count.append(1)
        done.set()

    later = LaterReload(clock, reload)
    later.schedule(60)
    assert later.cancel()
    later.schedule(60)
    later.schedule(120)
    assert later.at == 1120
    clock.passes.set()
    assert done.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name == "reload-later":
            thread.join(PATIENCE)
    assert count == [1]


def test_a_refusal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock, done = Clock(), threading.Event()

    def refuse() -> None:
        done.set()
        raise Problem("entropy-failed", "No randomness.")

    later = LaterReload(clock, refuse)
    clock.passes.set()
    later.schedule(1)
    assert done.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name == "reload-later":
            thread.join(PATIENCE)
    assert caplog.messages == ["the reload that was scheduled failed: No randomness."]


def test_a_reload_by_hand_and_the_end_of_the_agent_forget_it(agent: Agent) -> None:
    agent.reloads.schedule(3600)
    agent.reload()
    assert agent.reloads.at is None
    agent.reloads.schedule(3600)
    agent.stop()
    assert agent.reloads.at is None
