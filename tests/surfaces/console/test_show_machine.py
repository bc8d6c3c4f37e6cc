"""`show version`, `show clock` and `show inventory`: what tools read from them."""

import re
from dataclasses import replace

import pytest
from ntc_templates.parse import (  # type: ignore[import-untyped]  # it carries no types
    parse_output,
)

from gauger import profiles
from gauger.core.identity import Udi
from gauger.surfaces.console.console import Console
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import MACHINE, ScriptedAgent

pytestmark = pytest.mark.requirement("PI-10/layout")


def _shown(line: str, agent: ScriptedAgent | None = None) -> str:
    return Console(agent or ScriptedAgent()).execute(line)


def _parsed(line: str, agent: ScriptedAgent | None = None) -> dict[str, object]:
    rows = parse_output(platform="cisco_ios", command=line, data=_shown(line, agent))
    assert len(rows) == 1
    row: dict[str, object] = rows[0]
    return row


def test_ntc_templates_reads_the_version() -> None:
    row = _parsed("show version")
    assert row["version"] == "17.9.4"
    assert row["hostname"] == "ctrl-7"
    assert row["uptime"] == "1 hour"
    assert row["serial"] == ["GGR0001"]
    assert row["hardware"] == ["C9800-CL-K9"]
    assert row["config_register"] == "0x2102"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"Version (\S+)", "17.09.04"),
        (r"(?m)^[Cc]isco (\S+).* \(revision", "C9800-CL-K9"),
        (r"(?m)^[Cc]isco (\S+).+bytes of .*memory", "C9800-CL-K9"),
        (r"(?m)^(.+) uptime", "ctrl-7"),
        (r'image file is "(.+)"', "bootflash:gauger.bin"),
        (r"board ID (\S+)", "GGR0001"),
        (r"\s(IOS-XE)\s", "IOS-XE"),
        (r"Router\soperating\smode: (\S+)", "Autonomous"),
    ],
)
def test_ansible_finds_its_facts(pattern: str, found: str) -> None:
    match = re.search(pattern, _shown("show version"))
    assert match is not None
    assert match[1] == found


def test_it_says_whose_software_it_is() -> None:
    assert "simulated by Gauger" in _shown("show version")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 minutes"),
        (59, "0 minutes"),
        (60, "1 minute"),
        (3_600, "1 hour"),
        (90_061, "1 day, 1 hour, 1 minute"),
        (2 * 604_800 + 180, "2 weeks, 3 minutes"),
    ],
)
def test_the_uptime_is_told_in_its_units(seconds: int, told: str) -> None:
    agent = ScriptedAgent(machine=replace(MACHINE, uptime=seconds))
    assert f"\nctrl-7 uptime is {told}\n" in _shown("show version", agent)


def test_where_nothing_runs_no_start_is_claimed() -> None:
    text = _shown("show version", ScriptedAgent(machine=replace(MACHINE, uptime=None)))
    assert "ctrl-7 uptime is 0 minutes" in text
    assert "System restarted at" not in text


def test_the_licence_level_is_told_by_the_kind_of_product() -> None:
    router = ScriptedAgent(profile=profiles.builtin("example-router"))
    first = router.profile.licences[0].feature
    assert f"\nLicense Level: {first}\n" in _shown("show version", router)
    level = "air-network-essentials addon air-dna-essentials"
    agent = ScriptedAgent(machine=replace(MACHINE, next_air_level=level))
    told = f"\nAIR License Level: air-network-advantage\nNext reload AIR license Level: {level}\n"
    assert told in _shown("show version", agent)


def test_the_clock_is_marked_where_it_was_never_set() -> None:
    assert _shown("show clock") == "05:30:30.000 UTC Fri Oct 22 2021"
    assert _parsed("show clock")["dayweek"] == "Fri"
    agent = ScriptedAgent(machine=replace(MACHINE, is_clock_set=False))
    assert _shown("show clock", agent).startswith("*05:30:30.000 UTC")
    agent = ScriptedAgent(machine=replace(MACHINE, millisecond=7))
    assert _shown("show clock", agent).startswith("05:30:30.007 UTC")


def test_the_inventory_names_each_device() -> None:
    row = _parsed("show inventory")
    assert (row["pid"], row["sn"]) == ("C9800-CL-K9", "GGR0001")
    members = (
        scripted.trust("Active", scripted.UDI, None),
        scripted.trust("Standby", Udi("C9800-CL-K9", "GGR0002"), None),
    )
    agent = ScriptedAgent(state=replace(scripted.FRESH, trust=members))
    text = _shown("show inventory", agent)
    assert 'NAME: "Chassis 2", DESCR: "Catalyst 9800-CL Wireless Controller"\n' in text
    assert "SN: GGR0002" in text
