"""Fixtures: a device with two users, made once for a file of tests."""

from collections.abc import Iterator

import asyncssh
import pytest

from tests.instance.world import World
from tests.surfaces.ssh.serving import (
    OPERATOR,
    PASSWORD,
    VIEWER,
    Book,
    Served,
    made_host_key,
)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A device that `operator` may change and `viewer` may look at."""
    world = World(tmp_path_factory.mktemp("world"))
    agent = world.device()
    key = asyncssh.generate_private_key("ssh-ed25519")
    agent.users.add(OPERATOR, PASSWORD, 15)
    agent.users.add(VIEWER, PASSWORD, 1)
    agent.users.add_key(OPERATOR, key.export_public_key().decode().strip())
    yield Served(agent, made_host_key(world.root / "ssh"), key)
    agent.stop()


@pytest.fixture
def book() -> Book:
    """Sessions that only answer who asked."""
    return Book()
