"""Portals behind a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surfaces.http.portal import Web, a_web


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Serve a portal of the test's own."""
    with a_web(tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def shared_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Serve a portal for tests that change nothing that another one looks at."""
    with a_web(tmp_path_factory.mktemp("portal")) as served:
        yield served
