"""`show license tech support`: every field of Genie's schema, and its values those of the device."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from gauger.surfaces.console.console import Console
from gauger.surfaces.console.text import moment
from tests.interop.parsers import GENIE, NTC, Parsers, ask
from tests.interop.states import StagedAgent, states
from tests.support.material import interop_python
from tests.surfaces.console import test_show_output as samples
from tests.surfaces.console.scripted import TECHNICAL, ScriptedAgent

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

WORKER: Final = Path(__file__).with_name("schema_worker.py")
COMMAND: Final = "show license tech support"
EVERY: Final = list(states())[::8]
Parsed = Any
Place = tuple[str, ...]

NOT_PRINTED: Final = frozenset(
    {
        # Fields of other agents: the model before this one, and the one after.
        "authorization_renewal",
        "register_period_expiration_check",
        "ack_expiration_check",
        "authorization_confirmation_code_process",
        "hello_message",
        "integrity_reporting",
        "policy_v2",
        "sync_overdue_deadline",
        "authorized_count",
        "outofcompliance_count",
        "insufficient_count",
        "no_license",
        "day0_verification",
        "trust_point",
        "ip_mode",
        "secondary_signing_cert",
        "trustpointenrollmentonboot",
        "smartagentpurgeallreports",
        "smartagentslpenhanced",
        "smartagentmaxermnotifylistsize",
        "smartagentday0enforcement",
        "smartagentdaynenforcement",
        "smartagentstandardization",
        "smartagentunifiedlicensing",
        "smartagentmaxsinglereportsize",
        "smartagentslacreturnforcedallowed",
        "smartagentusagestatisticsenable",
        "error",
        # Lines of the terminal, and reports that this system does not make.
        "primary_load_time_percent",
        "secondary_load_time_percent",
        "one_minute_load_percent",
        "five_minute_load_percent",
        "ntp_time",
        "telemetry_report_summary",
        "device_telemetry_report_summary",
        "product_analytics_report_summary",
        "last_reporting_not_required",
    }
)
"""Optional keys of the schema that this system has nothing to say to."""

PASSED_OVER: Final = frozenset(
    {
        # Printed, and filed by Genie under other keys or nowhere.
        "authorizations",
        "active",
        "standby",
        "member",
        "*",
        "clock_synced_with_ntp",
        "connect_info_additional",
        "trustvalue",
        "local_device",
        "hseck9",
        "cslu_address",
        "pid",
        "total_licenses_found",
    }
)
"""Optional keys that depend on the state, or that Genie does not fill by what real devices print."""


def _schema() -> dict[Place, bool]:
    done = subprocess.run(
        [interop_python(), WORKER, "ShowLicenseTechSupport"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {tuple(path): required for path, required in json.loads(done.stdout.splitlines()[-1])}


def _places(parsed: Parsed, schema: dict[Place, bool], place: Place = ()) -> Iterator[Place]:
    """Yield where something was parsed, by the schema's names."""
    if not isinstance(parsed, dict):
        return
    for key, value in parsed.items():
        named = (*place, key)
        here = named if named in schema else (*place, "*")
        yield here
        yield from _places(value, schema, here)


def test_every_field_of_the_schema_is_there(parsers: Parsers) -> None:
    agent = samples.support()
    agent.profile = replace(agent.profile, agent_version="5.11.4_gauger/1")
    (parsed,) = parsers.all([ask(agent, COMMAND)])
    schema = _schema()
    assert sum(schema.values()) > 100, "the schema was read"
    found = set(_places(parsed, schema))
    missing = {place for place in schema if place not in found and place[:-1] in {(), *found}}
    assert {place for place in missing if schema[place]} == set()
    assert {place[-1] for place in missing} <= NOT_PRINTED | PASSED_OVER
    # What is named here as not printed and is printed would be a row that nobody needs.
    assert NOT_PRINTED & {place[-1] for place in found} == set()


def _status(agent: StagedAgent) -> Parsed:
    """Return what the device knows of its status, by the parser's names."""
    reporting, utility = agent.state.reporting, agent.state.utility
    days = reporting.push_interval_days
    interval = f"{days}  days" if days else "0 (no reporting)"
    return {
        "next_ack_deadline": moment(reporting.next_ack_deadline),
        "last_ack_received": moment(reporting.last_ack),
        "reporting_push_interval": f"{interval} State(4) InPolicy(90)",
        "utility": "ENABLED" if utility.is_enabled else "DISABLED",
        "privacy_send_hostname": str(agent.state.sends_hostname),
    }


def _status_read(parsed: Parsed) -> Parsed:
    told = parsed["smart_licensing_status"]
    times = told["usage_reporting"]
    names = ("next_ack_deadline", "last_ack_received", "reporting_push_interval")
    return {
        **{name: times[name] for name in names},
        "utility": told["utility"]["status"],
        "privacy_send_hostname": parsed["other_info"]["privacy_send_hostname"],
    }


def _holdings(agent: StagedAgent) -> Parsed:
    """Return what the device has and uses."""
    unused = [(licence.feature, 0) for licence in agent.profile.licences]
    return {
        "handles": [(view.feature, view.count) for view in agent.in_use] or unused,
        "agent": agent.profile.agent_version,
        "confirmation": agent.authorized[0].confirmation_code or "<none>",
        "reports": agent.counts.total,
    }


def _holdings_read(parsed: Parsed) -> Parsed:
    handles = parsed["license_usage"]["handle"].values()
    overall = parsed["reservation_info"]["overall_status"]["active"]
    return {
        "handles": [(handle["license"], handle["count"]) for handle in handles],
        "agent": parsed["agent_version"]["smart_agent_for_licensing"],
        "confirmation": overall["last_confirmation_code"],
        "reports": parsed["usage_report_summary"]["total"],
    }


def test_its_values_are_those_of_the_device_in_every_state(parsers: Parsers) -> None:
    assert len(EVERY) >= 200
    requests = [ask(agent, COMMAND) for _, agent in EVERY]
    for (name, agent), parsed in zip(EVERY, parsers.all(requests), strict=True):
        assert _status_read(parsed) == _status(agent), name
        assert _holdings_read(parsed) == _holdings(agent), name


def test_the_machine_is_read_by_both(parsers: Parsers) -> None:
    agent = ScriptedAgent(technical=TECHNICAL)
    shows = ("show version", "show clock", "show inventory")
    genie = parsers.all([ask(agent, line, GENIE) for line in shows])
    ntc = parsers.all([ask(agent, line, NTC) for line in shows])
    version = genie[0]["version"]
    assert (version["hostname"], version["uptime"], version["os"]) == ("ctrl-7", "1 hour", "IOS-XE")
    assert (version["version"], version["xe_version"]) == ("17.9.4", "17.09.04")
    assert (version["chassis"], version["chassis_sn"]) == ("C9800-CL-K9", "GGR0001")
    assert version["air_license_level"] == "air-network-advantage"
    assert genie[1]["time"] == "05:30:30.000"
    assert genie[2]["main"]["chassis"]["C9800-CL-K9"]["sn"] == "GGR0001"
    assert ntc[0][0]["serial"] == ["GGR0001"]
    assert ntc[1][0]["time"] == "05:30:30.000"
    assert ntc[2][0]["pid"] == "C9800-CL-K9"


def test_the_codes_are_read_by_the_parser_of_switches(parsers: Parsers) -> None:
    line = "show license authorization"
    text = Console(ScriptedAgent()).execute(line)
    assert "NOT INSTALLED" in text
    (parsed,) = parsers.all([ask(ScriptedAgent(), line, "genie/cat9k/c9300")])
    assert parsed["status"] == "NOT INSTALLED"
    assert parsed["overall status"]["active"]["sn"] == "GGR0001"
