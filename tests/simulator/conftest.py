"""One factory for all worlds of a test process."""

from collections.abc import Iterator

import pytest

from gauger.simulator.simulate import Simulator, simulator

INSTANCES = 5


@pytest.fixture(scope="session")
def machine() -> Iterator[Simulator]:
    with simulator(INSTANCES) as made:
        yield made
