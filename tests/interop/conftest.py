"""The worker process of the parsers, started once for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

# Before they are imported: what differs between two states is told, not only that it does.
pytest.register_assert_rewrite("tests.interop.comparing", "tests.interop.reading")

from tests.instance.world import World  # noqa: E402 -- see above
from tests.interop.parsers import Parsers, working  # noqa: E402 -- see above


@pytest.fixture(scope="session")
def parsers() -> Iterator[Parsers]:
    """Return the parsers of others."""
    with working() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A factory and a clock."""
    return World(tmp_path)
