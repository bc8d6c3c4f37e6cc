"""Two hundred fleets live through a month of faults, and every promise holds."""

import json
import os
import subprocess
import sys

import pytest

from gauger.simulator.plan import What, draw
from gauger.simulator.simulate import Simulator, Terms

SEEDS = 200
AT_ONCE = 50
EVERYTHING = 2800
"""A seed in whose 40 days each kind of act happens to a device and, where it can, to the portal."""


@pytest.mark.requirement("BX-3")
@pytest.mark.requirement("PI-2/simulated")
@pytest.mark.threat("A19", role="instance")
@pytest.mark.threat("A20", role="cssm")
@pytest.mark.threat("B6", role="cssm")
@pytest.mark.threat("E14", role="cssm")
@pytest.mark.threat("G6", role="cssm")
@pytest.mark.threat("G10", role="cssm")
@pytest.mark.threat("H3", role="instance")
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_promise_holds(first: int) -> None:
    courses = simulated("--seed", first, "--seeds", AT_ONCE)
    assert {one["seed"]: one["breach"] for one in courses if one["breach"]} == {}
    assert len(courses) == AT_ONCE
    assert all(one["reports"] for one in courses)


def simulated(*arguments: str | int) -> list[dict[str, object]]:
    """Run the command in a process whose lines nobody counts: that would double the time.

    What else is in this file and beside it measures the coverage of the simulator.
    """
    environ = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    command = [sys.executable, "-m", "gauger", "simulate", "--json", *map(str, arguments)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_seeds_hold_every_kind_of_act() -> None:
    drawn = {act.what for seed in range(SEEDS) for act in draw(seed, instances=5, days=30)}
    assert drawn == set(What)


@pytest.mark.requirement("BX-3")
def test_the_same_seed_gives_the_same_trace(machine: Simulator) -> None:
    terms = Terms(seed=EVERYTHING, days=40)
    assert {act.what for act in draw(EVERYTHING, instances=5, days=40)} == set(What)
    once, again = machine.run(terms), machine.run(terms)
    other = machine.run(Terms(seed=8, days=10))
    assert once == again
    assert once.breach is None
    assert once.digest != other.digest
