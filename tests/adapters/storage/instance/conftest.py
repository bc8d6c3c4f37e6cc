"""A store for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.storage.instance_open import StorePaths
from gauger.adapters.storage.instance_sqlite import InstanceStore
from tests.adapters.storage.instance.stores import opened, paths_in


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return paths_in(tmp_path)


@pytest.fixture
def store(paths: StorePaths) -> Iterator[InstanceStore]:
    made = opened(paths)
    yield made
    made.close()
