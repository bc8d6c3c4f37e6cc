"""What an operator types ends in a text or a named problem."""

import pytest

from gauger.core.problems import Problem
from gauger.surfaces.console.console import Console
from tests.instance.test_store_fate import used
from tests.instance.world import World


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize("place", ["/", ".", "..", "./", "/nowhere/x", "a" * 300])
def test_a_path_that_is_no_file_is_refused_by_name(world: World, place: str) -> None:
    agent = world.device()
    used(world, agent)
    console = Console(agent)
    with pytest.raises(Problem) as saved:
        console.execute(f"license smart save usage all file {place}")
    with pytest.raises(Problem) as taken:
        console.execute(f"license smart import {place}")
    agent.stop()

    assert saved.value.code == "file-not-written"
    assert taken.value.code == "file-not-found"
