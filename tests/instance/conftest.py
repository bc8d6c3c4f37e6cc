"""Fixtures: a world, a portal in it, and a device that trusts that portal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.instance.agent import Agent
from tests.instance.portal import Portal, serving
from tests.instance.reported import two_reports
from tests.instance.world import World, go_smart

__all__ = ["two_reports"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A factory and a clock."""
    return World(tmp_path)


@pytest.fixture
def portal(world: World) -> Iterator[Portal]:
    """A portal over HTTPS."""
    with serving(world) as running:
        yield running


@pytest.fixture
def device(world: World) -> Iterator[Agent]:
    """A new device, opened for the first time; nothing runs by itself."""
    agent = world.device()
    yield agent
    agent.stop()


@pytest.fixture
def online(world: World, portal: Portal) -> Iterator[Agent]:
    """A new device that is configured for direct reporting."""
    agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    yield agent
    agent.stop()
