"""What the product of states leaves out: sets of devices, kinds of licences, logs, notices."""

from dataclasses import replace

import pytest

from gauger.core.identity import Udi
from gauger.instance.views import AuthorizationView
from gauger.surfaces.console.text import moment
from tests.interop import reading
from tests.interop.comparing import COMPARISONS, MORE, Looked
from tests.interop.parsers import Parsers, ask
from tests.interop.states import AUTHORIZATIONS, LIVES
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import ACKNOWLEDGED, NOW, UDI, ScriptedAgent

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

STANDBY = Udi("C9800-CL-K9", "GGR0002")


def test_a_set_of_two_devices(parsers: Parsers) -> None:
    trust = (
        scripted.trust("Active", UDI, NOW, "cssm"),
        scripted.trust("Standby", STANDBY, NOW + 1, "cssm"),
    )
    codes = (AuthorizationView(udi=UDI), AuthorizationView(udi=STANDBY, role="Standby"))
    agent = ScriptedAgent(state=replace(ACKNOWLEDGED, trust=trust), authorized=codes)
    both = {("active", UDI, NOW), ("standby", STANDBY, NOW + 1)}
    status = parsers.one(agent, "show license status")
    assert set(reading.Status.read(status).trust) == both
    everything = parsers.one(agent, "show license all")
    assert set(reading.Status.read(everything["smart_licensing_status"]).trust) == both
    states = everything["license_authorizations"]["overall_status"]
    assert {(role, block["status"]) for role, block in states.items()} == {
        ("active", "NOT INSTALLED"),
        ("standby", "NOT INSTALLED"),
    }
    listed = parsers.one(agent, "show license udi")["ha_udi_list"]
    assert {role: block["sn"] for role, block in listed.items()} == {
        "active": UDI.serial,
        "standby": STANDBY.serial,
    }


@pytest.mark.parametrize("life", [name for name, life in LIVES.items() if life.usage])
def test_usage_as_the_parser_of_a_platform_reads_it(parsers: Parsers, life: str) -> None:
    usage = LIVES[life].usage
    parsed = parsers.one(ScriptedAgent(in_use=usage), "show license usage", "genie/cat9k/c9500x")
    assert reading.licences(parsed.get("license_name", {})) == reading.licences_of(usage)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("absent", "NOT INSTALLED"),
        ("installed", "SMART AUTHORIZATION"),
        ("returned", "NOT INSTALLED"),
    ],
)
def test_authorization_as_the_parser_of_a_platform_reads_it(
    parsers: Parsers, name: str, state: str
) -> None:
    agent = ScriptedAgent(authorized=(AUTHORIZATIONS[name],))
    parsed = parsers.one(agent, "show license authorization", "genie/cat9k/c9300")
    assert parsed["overall status"]["active"]["sn"] == UDI.serial
    assert parsed["status"] == state


def test_reports_of_every_state(parsers: Parsers) -> None:
    agent = ScriptedAgent()
    looked = Looked(MORE)
    looked.look("acknowledged", agent)
    looked.judge(parsers)
    numbers = [row.report_id for row in scripted.ROWS]
    asked = [ask(agent, f"show license rum id {number} detail") for number in numbers]
    read = [reading.report(parsed) for parsed in parsers.all(asked)]
    assert read == [agent.report_detail(number) for number in numbers]


def test_an_empty_event_log(parsers: Parsers) -> None:
    parsed = parsers.one(ScriptedAgent(logged=()), "show license eventlog 2")
    assert parsed == {"event_log": [], "no_eventlog_found": True}


def test_a_notice_disturbs_no_value(parsers: Parsers) -> None:
    status = replace(ACKNOWLEDGED, notices=("The disk is full (x): free some space.",))
    looked = Looked(COMPARISONS)
    looked.look("with a notice", ScriptedAgent(state=status))
    looked.judge(parsers)


def test_an_installed_code_tells_when(parsers: Parsers) -> None:
    agent = ScriptedAgent(authorized=(AUTHORIZATIONS["installed"],))
    codes = parsers.one(agent, "show license all")["license_authorizations"]
    at = AUTHORIZATIONS["installed"].installed_at
    state = codes["overall_status"]["active"]["status"]
    assert state == f"SMART AUTHORIZATION INSTALLED on {moment(at)}"
