"""A portal's authority, a world of devices, and an office between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instance.world import World
from tests.review.two_sides import Office, an_office
from tests.support.benches import portal

__all__ = ["portal"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A factory and a clock."""
    return World(tmp_path)


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """An authority that devices of the world reach by files."""
    with an_office(world) as running:
        yield running
