"""A key folder that takes nothing: use goes on, and it is said by name at the start."""

import logging
from pathlib import Path

import pytest

from gauger.instance.agent import Agent
from tests.instance.world import ESSENTIALS, World, names

TOLD = "SMART_LIC-3-KEYS_NOT_WRITTEN"
MENDED = "SMART_LIC-5-KEYS_WRITTEN"


@pytest.fixture
def blocked(world: World) -> Path:
    """What keeps the anchor of a device from being written, for root as well."""
    world.device().stop()
    in_the_way = world.root / "device" / "keys" / ".anchor.new"
    in_the_way.mkdir()
    return in_the_way


@pytest.fixture
def agent(world: World, blocked: Path, caplog: pytest.LogCaptureFixture) -> Agent:
    """A device that was started on such a folder."""
    assert blocked.is_dir()
    with caplog.at_level(logging.WARNING, logger="gauger"):
        return world.open()


def test_a_start_on_a_key_folder_that_takes_nothing_says_so(
    agent: Agent, blocked: Path, caplog: pytest.LogCaptureFixture
) -> None:
    anchor = str(blocked.with_name("anchor"))
    assert any(anchor in record.getMessage() for record in caplog.get_records("setup"))
    (told,) = (entry for entry in agent.events() if entry.name == TOLD)
    assert anchor in told.text
    assert "Use goes on." in told.text
    assert any(anchor in notice for notice in agent.status().notices)
    agent.stop()


def test_use_goes_on_and_the_folder_is_told_once(world: World, agent: Agent) -> None:
    for count in (1, 2, 3):
        agent.set_count(ESSENTIALS, count)
        world.clock.advance(1000)
        agent.tick()
    assert agent.usage()[0].count == 3
    assert names(agent).count(TOLD) == 1
    agent.stop()


def test_a_key_folder_that_takes_files_again_is_told(
    world: World, agent: Agent, blocked: Path
) -> None:
    blocked.rmdir()
    agent.set_count(ESSENTIALS, 1)
    agent.tick()
    world.clock.advance(1)
    agent.tick()
    assert names(agent)[-1] == MENDED
    assert not any("anchor" in notice for notice in agent.status().notices)
    agent.stop()
