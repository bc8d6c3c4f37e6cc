"""`show license tech support`, and the commands whose sections it shares."""

import re
from dataclasses import replace

import pytest

from gauger import profiles
from gauger.core.problems import Problem
from gauger.instance.tech_views import ExchangeView
from gauger.instance.views import UtilityView
from gauger.surfaces.console.console import Console
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import NOW, ROWS, TECHNICAL, ScriptedAgent
from tests.surfaces.console.test_show_authorization import INSTALLED

pytestmark = pytest.mark.requirement("PI-10/layout")
TECH = "show license tech support"


def _lines(agent: ScriptedAgent | None = None, line: str = TECH) -> list[str]:
    return Console(agent or ScriptedAgent()).execute(line).split("\n")


def _section(lines: list[str], first: str) -> list[str]:
    begin = lines.index(first)
    return lines[begin : [*lines, ""].index("", begin)]


def test_the_interval_says_where_it_comes_from() -> None:
    assert "  Reporting push interval: 30  days State(4) InPolicy(90)" in _lines()
    agent = ScriptedAgent(technical=replace(TECHNICAL, is_first=True, policy_days=0))
    assert "  Reporting push interval: 30  days State(2) InPolicy(0)" in _lines(agent)


def test_a_licence_is_a_handle_with_its_reports() -> None:
    block = _section(_lines(), "License Usage")
    assert block[2:4] == ["Handle: 1", "  License: air-network-advantage"]
    assert "  Status: IN USE(15)" in block
    assert "  Status time: Oct 22 05:15:30 2021 UTC" in block
    assert block[-4:-1] == [
        "      Interval: 00:15:00",
        "      Current Value: 2",
        "      Current Report: 1634880003       Previous: 0",
    ]


def test_where_nothing_was_used_the_licences_of_the_product_stand_unused() -> None:
    agent = ScriptedAgent(in_use=(), technical=replace(TECHNICAL, handles=()))
    lines = _lines(agent)
    assert lines.count("  Status: NOT IN USE(1)") == len(agent.profile.licences)
    assert "  Measurements:" not in lines


def test_jobs_that_wait_for_nothing_say_so() -> None:
    jobs = _section(_lines(), "Upcoming Scheduled Jobs")[2:]
    assert jobs[0] == "Current time: Oct 22 05:30:30 2021 UTC"
    due = "Oct 22 05:32:00 2021 UTC (1 minute, 30 seconds remaining)"
    assert f"Start Utility Measurements: {due}" in jobs
    assert "Init Flag Check: Expired Not Rescheduled" in jobs
    idle = ScriptedAgent(state=scripted.FRESH, technical=replace(TECHNICAL, next_sample=None))
    told = _section(_lines(idle), "Upcoming Scheduled Jobs")[3:]
    assert {job.partition(": ")[2] for job in told} == {"Expired Not Rescheduled"}


def test_a_job_that_is_overdue_is_not_told_as_coming() -> None:
    reporting = replace(scripted.ACKNOWLEDGED.reporting, next_ack_deadline=NOW - 1)
    agent = ScriptedAgent(state=replace(scripted.ACKNOWLEDGED, reporting=reporting))
    assert "External Event: Expired Not Rescheduled" in _lines(agent)


def test_how_talking_has_gone() -> None:
    exchange = ExchangeView(
        heading="Usage Reporting",
        succeeded=2,
        failed=3,
        failing=1,
        unreachable=1,
        response="NO REPLY",
        reason="The portal does not answer.",
        last_success=NOW,
        last_failure=NOW + 60,
    )
    blocked = "No trust code is installed."
    technical = replace(TECHNICAL, exchanges=(exchange,), may_report=False, blocked=blocked)
    assert _section(_lines(ScriptedAgent(technical=technical)), "Communication Statistics:")[
        2:
    ] == [
        "Communication Level Allowed: INDIRECT",
        f"Overall State: {blocked}",
        "Usage Reporting:",
        "  Attempts: Total=5, Success=2, Fail=3  Ongoing Failure: Overall=1 Communication=1",
        "  Last Response: NO REPLY",
        "    Failure Reason: The portal does not answer.",
        "  Last Success Time: Oct 22 05:30:30 2021 UTC",
        "  Last Failure Time: Oct 22 05:31:30 2021 UTC",
    ]


def test_what_is_held_and_what_is_lost_is_counted() -> None:
    agent = ScriptedAgent(technical=replace(TECHNICAL, unreadable=1))
    assert _section(_lines(agent), "Usage Report Summary:")[2:] == [
        "Total: 3,  Purged: 0(0)",
        "Total Acknowledged Received: 1,  Waiting for Ack: 1(2)",
        "Available to Report: 1  Collecting Data: 1",
        "Maximum Display: 3  In Storage: 3,  MIA: 1(1)",
        "Report Module Status: Ready",
    ]


def test_trust_is_told_for_one_device_and_for_a_set() -> None:
    name = "P:C9800-CL-K9,S:GGR0001"
    installed = f"{name}, state[2], Trust Data INSTALLED  TrustId:1"
    assert f"Local Device: {installed}" in _lines()
    fresh = _lines(ScriptedAgent(state=scripted.FRESH))
    assert fresh.index("Local Device: No Trust Data") + 1 == fresh.index("Overall Trust: No ID")
    members = (scripted.trust("Active", scripted.UDI, NOW), *scripted.FRESH.trust)
    pair = _lines(ScriptedAgent(state=replace(scripted.FRESH, trust=members)))
    assert f"{name}: {installed}" in pair
    assert f"{name}: No Trust Data" in pair


def test_nobody_is_named_where_support_looks() -> None:
    utility = UtilityView(is_enabled=True, customer=(("name", "Acme"),))
    lines = _lines(ScriptedAgent(state=replace(scripted.FRESH, utility=utility)))
    assert _section(lines, "Utility:") == ["Utility:", "  Status: ENABLED"]


def test_newer_agents_name_the_check_and_what_was_pushed() -> None:
    lines = _lines(ScriptedAgent(profile=scripted.product("17.12.1", "5.11.4_gauger/1")))
    assert "  Server Identity Check: True" in _section(lines, "Transport:")
    assert _section(lines, "Reservation Info")[2:] == [
        "License reservation: DISABLED",
        "Last Data Push: <none>",
        "Last File Export: <none>",
    ]
    assert "  Server Identity Check: True" not in _lines()


def test_licences_that_need_a_code_stand_in_the_mapping() -> None:
    router = ScriptedAgent(profile=profiles.builtin("example-router"))
    lines = _lines(router)
    enforced = [item for item in router.profile.licences if item.group in {"enforced", "export"}]
    assert enforced
    listed = lines[lines.index("Enforced Licenses:") + 2 :]
    assert listed == [f"    {item.feature}: {item.tag} (3)" for item in enforced]


def test_reservation_is_told_with_the_codes_of_authorizations() -> None:
    agent = ScriptedAgent(authorized=(INSTALLED,))
    agent.settings = replace(agent.settings, reservation=True)
    lines = _lines(agent, "show license reservation")
    assert lines[0] == "License reservation: ENABLED"
    assert "    Reservation status: NOT INSTALLED" in lines
    assert "    Last Confirmation code: 1fc54c75" in lines


@pytest.mark.parametrize(("agent_version", "count"), [("5.8.12", 2), ("5.11.4", 4)])
def test_nothing_was_ever_converted(agent_version: str, count: int) -> None:
    agent = ScriptedAgent(profile=scripted.product("17.12.1", f"{agent_version}_gauger/1"))
    lines = _lines(agent, "show license data conversion")
    assert lines[:2] == ["License Conversion:", "  Automatic Conversion Enabled: False"]
    assert len(lines) == count


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("feature all", [row.report_id for row in ROWS]),
        ("feature air-dna-advantage", [1_634_880_002]),
        ("feature AIR-DNA-ADVANTAGE", [1_634_880_002]),
        ("feature air-dna-essentials", []),
        ("id 1634880003", [1_634_880_003]),
    ],
)
def test_reports_are_found_by_feature_and_by_id(asked: str, ids: list[int]) -> None:
    lines = _lines(line=f"show license rum {asked}")
    assert lines[2] == "Report Id,          State,    Flag, Feature Name"
    assert [int(line.split()[0]) for line in lines[3:]] == ids


@pytest.mark.parametrize("asked", ["feature all detail", "id all detail"])
def test_details_of_several_reports_are_blocks(asked: str) -> None:
    text = "\n".join(_lines(line=f"show license rum {asked}"))
    assert re.findall(r"(?m)^Report Id: (\d+)$", text) == [str(row.report_id) for row in ROWS]


def test_a_feature_of_another_product_is_refused() -> None:
    with pytest.raises(Problem, match="requested-item-not-found") as refused:
        _lines(line="show license rum feature network-advantage")
    assert "air-dna-advantage" in refused.value.detail
