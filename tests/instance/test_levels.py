"""Licence levels: chosen now, in use from the next reload on."""

import pytest

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Enforcement
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey, Configuration
from gauger.instance.levels import in_force, level_tags, offers
from gauger.surfaces.console.console import Console
from tests.instance.world import World

AIR = "air-network-essentials addon air-dna-essentials"
BOOT = "network-advantage addon dna-advantage"


def choose(agent: Agent, line: str, *, save: bool = True) -> None:
    word, _, value = line.removeprefix("license ").partition(" level")
    key = ConfigKey(f"license {word} level")
    change = ConfigChange(key=key, value=value.strip() or None)
    agent.configure([change], save=save)


def in_use(agent: Agent) -> dict[str, int]:
    agent.flush()
    return {item.feature: item.count for item in agent.usage() if item.count}


def access_points(agent: Agent, count: int) -> None:
    for number in range(count):
        agent.join_access_point(Udi("AIR-AP2802I-E-K9", f"FDW2109B2{number:02}"))


@pytest.mark.requirement("PI-10/level")
def test_access_points_use_the_air_level_from_the_reload_on(world: World, device: Agent) -> None:
    access_points(device, 3)
    choose(device, f"license air level {AIR}")
    assert in_use(device) == {"air-network-advantage": 3, "air-dna-advantage": 3}
    world.clock.advance(60)
    device.reload()
    assert in_use(device) == {"air-network-essentials": 3, "air-dna-essentials": 3}
    access_points(device, 5)
    assert set(in_use(device).values()) == {5}
    shown = Console(device).execute("show license summary")
    assert "air-dna-essentials" in shown
    # Back by the `no` form: again with the reload, and not before.
    choose(device, "license air level")
    assert "air-dna-essentials" in in_use(device)
    device.reload()
    assert in_use(device) == {"air-network-advantage": 5, "air-dna-advantage": 5}


@pytest.mark.requirement("PI-10/level")
def test_a_level_that_is_not_saved_never_counts(device: Agent) -> None:
    access_points(device, 1)
    choose(device, f"license air level {AIR}", save=False)
    console = Console(device)
    before = console.execute("show version | include Level")
    assert before.splitlines() == [
        "AIR License Level: air-network-advantage",
        f"Next reload AIR license Level: {AIR}",
    ]
    device.reload()
    assert in_use(device) == {"air-network-advantage": 1, "air-dna-advantage": 1}
    assert AIR not in console.execute("show version")


@pytest.mark.requirement("PI-10/level")
def test_a_switch_uses_the_licences_of_its_boot_level(world: World) -> None:
    agent = world.device("c9800-embedded")
    choose(agent, f"license boot level {BOOT}")
    assert in_use(agent) == {}
    agent.reload()
    assert in_use(agent) == {"network-advantage": 1, "dna-advantage": 1}
    shown = Console(agent).execute("show version | include ^(License|Next reload license)")
    assert shown.splitlines() == [
        f"License Level: {BOOT}",
        f"Next reload license Level: {BOOT}",
    ]
    agent.stop()
    again = world.open()
    assert in_use(again) == {"network-advantage": 1, "dna-advantage": 1}
    again.stop()


def test_a_program_that_states_its_level_says_how_many(world: World) -> None:
    agent = world.device("c9800-embedded")
    choose(agent, f"license boot level {BOOT}")
    agent.reload()
    agent.set_count("network-advantage", 2)
    with agent.use("dna-advantage"):
        assert in_use(agent) == {"network-advantage": 2, "dna-advantage": 1}
    agent.set_count("network-advantage", 0)
    agent.set_count("air-dna-essentials", 4)
    used = {"network-advantage": 1, "dna-advantage": 1, "air-dna-essentials": 4}
    assert in_use(agent) == used
    choose(agent, "license boot level")
    agent.reload()
    assert in_use(agent) == {"air-dna-essentials": 4}
    agent.stop()


def test_the_same_level_after_a_boot_is_no_change_in_use(world: World) -> None:
    agent = world.device("c9800-embedded")
    choose(agent, f"license boot level {BOOT}")
    agent.reload()
    changes = agent._engine.memory.singles.course.changes
    assert set(changes) == {world.clock.wall}
    for restart in (False, True):
        world.clock.advance(4000)
        if restart:
            agent.stop()
            agent = world.open()
        else:
            agent.reload()
        assert agent._engine.memory.singles.course.changes == changes
    agent.set_count("dna-advantage", 2)
    agent.flush()
    assert agent._engine.memory.singles.course.changes[-1] == world.clock.wall
    agent.stop()


def test_no_second_is_told_at_both_levels(world: World, device: Agent) -> None:
    access_points(device, 2)
    device.flush()
    choose(device, f"license air level {AIR}")
    world.clock.advance(100)
    device.reload()
    world.clock.advance(100)
    device.flush()
    tags = level_tags(device.profile, "air-network-advantage")
    sampler = device._engine.memory.tags[tags[0]].sampler
    assert (sampler.level, sampler.peak) == (0, 0)


@pytest.mark.parametrize(
    ("profile", "line", "offered"),
    [
        ("c9800-cl", "license boot level network-advantage", "it offers: none."),
        ("example-router", "license boot level network-essentials", "it offers: none."),
        ("c9800-embedded", "license boot level network-essentials", f"network-advantage, {BOOT}."),
        ("c9800-embedded", "license boot level network-advantage addon dna-essentials", BOOT),
        ("example-router", "license air level air-network-advantage", "it offers: none."),
    ],
)
def test_a_level_that_a_product_lacks_is_refused(
    world: World, profile: str, line: str, offered: str
) -> None:
    agent = world.device(profile)
    with pytest.raises(Problem, match="not-supported") as refused:
        Console(agent).configure(["hostname half-done", line])
    assert offered in refused.value.detail
    assert agent.configuration().hostname is None, "all lines or none"
    Console(agent).configure([f"no {line}"])
    agent.stop()


def test_no_level_switches_on_what_needs_a_code(world: World) -> None:
    agent = world.device("example-router")
    (enforced,) = (
        item for item in agent.profile.licences if item.enforcement is Enforcement.ENFORCED
    )
    assert not offers(agent.profile, enforced.feature)
    saved = Configuration(boot_level=f"routing-base addon {enforced.feature}")
    assert in_force(agent.profile, saved).own == level_tags(agent.profile, "routing-base")
    agent.stop()
