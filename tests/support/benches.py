"""A portal's authority as a fixture: several folders of tests bring it in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import Bench, a_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Bench]:
    """Run a portal's authority."""
    with a_portal(tmp_path) as bench:
        yield bench
