"""Two hundred fleets live through a month of faults, and every promise holds."""

import pytest

from gauger.simulator.plan import What, draw
from gauger.simulator.simulate import Simulator, Terms

SEEDS = 200
AT_ONCE = 10


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
def test_every_promise_holds(machine: Simulator, first: int) -> None:
    courses = {seed: machine.run(Terms(seed=seed)) for seed in range(first, first + AT_ONCE)}
    assert {seed: one.breach for seed, one in courses.items() if one.breach} == {}
    assert all(one.reports > 0 for one in courses.values())


def test_the_seeds_hold_every_kind_of_act() -> None:
    drawn = {act.what for seed in range(SEEDS) for act in draw(seed, instances=5, days=30)}
    assert drawn == set(What)


@pytest.mark.requirement("BX-3")
def test_the_same_seed_gives_the_same_trace(machine: Simulator) -> None:
    terms = Terms(seed=7, days=10)
    once, again, other = machine.run(terms), machine.run(terms), machine.run(Terms(seed=8, days=10))
    assert once == again
    assert once.digest != other.digest
