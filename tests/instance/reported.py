"""A device that has closed two reports: a fixture that several folders of tests bring in."""

from pathlib import Path

import pytest

from gauger.instance.views import Selection, SelectionKind
from tests.instance.world import ESSENTIALS, World


@pytest.fixture(scope="session")
def two_reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a device that has closed two reports; tests damage copies of it."""
    world = World(tmp_path_factory.mktemp("world"))
    agent = world.device()
    agent.set_count(ESSENTIALS, 5)
    agent.flush()
    for name in ("one.xml", "two.xml"):
        world.clock.advance(900)
        agent.save_usage(Selection(kind=SelectionKind.ALL), world.root / name)
    agent.stop()
    return world.root / "device"
