"""How an agent ends: once, with everything stored, and with the lock given back in any case."""

import logging
from collections.abc import Callable

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from tests.instance.world import ESSENTIALS, World


def failing(problem: Exception) -> Callable[[], None]:
    """Return what fails when it is called."""

    def fail() -> None:
        raise problem

    return fail


def test_a_second_stop_does_nothing_and_says_the_same(
    device: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    device.set_count(ESSENTIALS, 3)
    assert device.stop() is None
    with caplog.at_level(logging.WARNING, logger="gauger"):
        assert device.stop() is None
    assert not caplog.records


def test_what_could_not_be_stored_is_told_by_each_stop(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    monkeypatch.setattr(device._store, "commit", refuse)
    device.set_count(ESSENTIALS, 3)
    told = device.stop()
    assert told is not None
    assert told.code == "store-full"
    assert device.stop() is told


def test_a_store_that_does_not_close_keeps_nobody_out(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    device.set_count(ESSENTIALS, 3)
    store = device._store
    with monkeypatch.context() as patched:
        patched.setattr(store, "close", failing(Problem("store-failed", "The disk is gone.")))
        told = device.stop()
    assert told is not None
    assert told.code == "store-failed"
    assert "could not be closed" in caplog.text
    store.close()
    again = world.open()
    assert again.report_rows()[0].state == "CLOSED"
    again.stop()


def test_a_stop_that_fails_unforeseen_gives_the_lock_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.device()
    with monkeypatch.context() as patched:
        patched.setattr(agent._engine, "finish", failing(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError):
            agent.stop()
    world.open().stop()
