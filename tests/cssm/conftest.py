"""Fixtures of the portal's parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cssm.parts import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """People and sessions over a real store."""
    opened = open_office(tmp_path)
    yield opened
    opened.store.close()
