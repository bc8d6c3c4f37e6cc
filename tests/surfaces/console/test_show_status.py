"""`show license status` and `all` in the states that configuration makes."""

from dataclasses import replace

import pytest

from gauger.instance.views import TransportView, UtilityView
from gauger.surfaces.console.console import Console
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import ScriptedAgent

pytestmark = pytest.mark.requirement("PI-10/layout")
BOTH = pytest.mark.parametrize("command", ["show license status", "show license all"])
OLD, NEW, NEWEST = "5.8.12_gauger/1", "5.11.4_gauger/1", "6.3.10_gauger/1"


def _lines(agent: ScriptedAgent, command: str) -> list[str]:
    return Console(agent).execute(command).split("\n")


def _transport(agent_version: str, view: TransportView, command: str) -> list[str]:
    state = replace(scripted.FRESH, transport=view)
    agent = ScriptedAgent(profile=scripted.product("17.9.4", agent_version), state=state)
    lines = _lines(agent, command)
    begin = lines.index("Transport:") + 1
    return lines[begin : lines.index("", begin)]


@BOTH
@pytest.mark.parametrize(
    ("agent_version", "vrf", "printed"),
    [
        (OLD, None, ["  VRF:", "    Not Configured"]),
        (NEW, None, ["  VRF: <empty>"]),
        (OLD, "Mgmt-vrf", ["  VRF: Mgmt-vrf"]),
        (NEW, "Mgmt-vrf", ["  VRF: Mgmt-vrf"]),
    ],
)
def test_the_vrf_is_printed_as_the_agent_does(
    command: str, agent_version: str, vrf: str | None, printed: list[str]
) -> None:
    view = TransportView(kind="cslu", url=None, proxy=None, vrf=vrf)
    lines = _transport(agent_version, view, command)
    expected = ["  Type: cslu", "  Cslu address: <empty>", "  Proxy:", "    Not Configured"]
    assert lines == [*expected, *printed]


@BOTH
def test_no_line_below_a_proxy_takes_it_back(command: str) -> None:
    view = TransportView(kind="cslu", url=None, proxy="192.0.2.2:80")
    assert _transport(OLD, view, command)[-1] == "  VRF: <empty>"


@BOTH
@pytest.mark.parametrize("kind", ["off", "callhome", "automatic"])
def test_nothing_is_said_of_a_way_that_is_not_taken(command: str, kind: str) -> None:
    view = TransportView(kind=kind, url="http://192.0.2.1", proxy="192.0.2.2:80", vrf="Mgmt-vrf")
    names = {"off": "Transport Off", "callhome": "Callhome", "automatic": "Automatic"}
    assert _transport(NEW, view, command) == [f"  Type: {names[kind]}"]


@BOTH
def test_what_is_withheld_is_told(command: str) -> None:
    state = replace(scripted.FRESH, sends_hostname=False, sends_version=False)
    lines = _lines(ScriptedAgent(state=state), command)
    begin = lines.index("Data Privacy:")
    assert lines[begin + 1 : begin + 5] == [
        "  Sending Hostname: no",
        "    Callhome hostname privacy: DISABLED",
        "    Smart Licensing hostname privacy: ENABLED",
        "  Version privacy: ENABLED",
    ]


@BOTH
def test_who_is_billed_is_told_where_utility_is_on(command: str) -> None:
    utility = UtilityView(is_enabled=True, customer=(("name", "Acme (EMEA): 1"), ("city", "Bonn")))
    state = replace(scripted.FRESH, utility=utility, custom_id="rack-7")
    lines = _lines(ScriptedAgent(state=state), command)
    begin = lines.index("Utility:")
    assert lines[begin + 1 : begin + 6] == [
        "  Status: ENABLED",
        "  Customer Information:",
        "    Id: <empty>",
        "    Name: Acme [EMEA): 1",
        "    Street: <empty>",
    ]
    assert "  Custom Id: rack-7" in lines


@BOTH
@pytest.mark.parametrize(("origin", "kind"), [("cssm", "CSSM"), ("factory", "Factory")])
def test_newest_agents_name_the_type_of_trust(command: str, origin: str, kind: str) -> None:
    trust = (scripted.trust("Active", scripted.UDI, scripted.NOW, origin),)
    agent = ScriptedAgent(
        profile=scripted.product("17.15.1", NEWEST), state=replace(scripted.FRESH, trust=trust)
    )
    lines = [line.strip() for line in _lines(agent, command)]
    assert lines[lines.index("Trust Code Type: " + kind) + 1] == "Attributes: <none>"
