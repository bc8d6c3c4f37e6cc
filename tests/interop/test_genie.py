"""Genie reads what the console prints, in every state, and its values equal the device's."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gauger.instance.views import PurchaseView, StatusView, TrustView
from gauger.surfaces.console.console import Console
from gauger.surfaces.console.text import moment
from tests.interop.states import State, states
from tests.support.material import interop_python
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import ScriptedAgent

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

WORKER = Path(__file__).with_name("genie_worker.py")
Parsed = dict[str, Any]


def _parse(*requests: dict[str, str]) -> list[Parsed]:
    done = subprocess.run(
        [interop_python(), WORKER],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    results = json.loads(done.stdout.splitlines()[-1])
    assert [result["error"] for result in results if "error" in result] == []
    return [result["parsed"] for result in results]


def _ask(agent: ScriptedAgent, parser: str, line: str, report: str = "") -> dict[str, str]:
    text = Console(agent).execute(line)
    return {"parser": parser, "text": text, "report": report}


def _times(status: StatusView) -> Parsed:
    reporting = status.reporting
    days = reporting.push_interval_days
    return {
        "last_ack_received": moment(reporting.last_ack),
        "next_ack_deadline": moment(reporting.next_ack_deadline),
        "reporting_push_interval": f"{days}  days" if days else "0 (no reporting)",
        "next_ack_push_check": moment(reporting.next_ack_check),
        "next_report_push": moment(reporting.next_push),
        "last_report_push": moment(reporting.last_push),
        "last_report_file_write": moment(reporting.last_file_write),
    }


def _account(status: StatusView) -> Parsed:
    if status.account is None:
        return {"smart_account": "<none>", "virtual_account": "<none>"}
    names = status.account.account
    smart = f"{names.smart_account} As of {moment(status.account.as_of)}"
    return {"smart_account": smart, "virtual_account": names.virtual_account}


def _transport(status: StatusView) -> Parsed:
    view = status.transport
    if view.kind == "off":
        return {"type": "Transport Off"}
    place = {"url": view.url} if view.kind == "smart" else {"cslu_address": "<empty>"}
    kind = {"smart": "Smart", "cslu": "cslu"}[view.kind]
    return {"type": kind, **place, "proxy": "Not Configured", "vrf": "Not Configured"}


def _policy(status: StatusView) -> Parsed:
    view = status.policy
    headings = (
        "unenforced_non_export_perpetual_attributes",
        "unenforced_non_export_subscription_attributes",
        "enforced_perpetual_subscription_license_attributes",
        "export_perpetual_subscription_license_attributes",
    )
    groups = {
        heading: {
            "first_report_requirement_days": f"{group.first_report} ({group.source})",
            "reporting_frequency_days": f"{group.frequency} ({group.source})",
            "report_on_change_days": f"{group.on_change} ({group.source})",
        }
        for heading, group in zip(headings, view.groups, strict=True)
    }
    installed = f"Installed On {moment(view.installed_at)}"
    return {
        "policy_in_use": "Merged from multiple sources." if view.is_default else installed,
        **({} if view.name is None else {"policy_name": view.name}),
        "reporting_ack_required": f"yes ({view.source})",
        **groups,
    }


def _device(view: TrustView) -> Parsed:
    udi = {"pid": view.udi.pid, "sn": view.udi.serial}
    return {**udi, "info": f"INSTALLED on {moment(view.installed_at)}"}


def _trust_of_status(trust: tuple[TrustView, ...]) -> object:
    if len(trust) == 1:
        return f" {moment(trust[0].installed_at)}"
    return {view.role.lower(): _device(view) for view in trust}


def _trust_of_all(trust: tuple[TrustView, ...]) -> Parsed:
    installed = [view for view in trust if view.installed_at is not None]
    return {view.role.lower(): _device(view) for view in installed}


def _check_status(parsed: Parsed, status: StatusView) -> None:
    assert parsed["utility"] == {"status": "DISABLED"}
    assert parsed["smart_licensing_using_policy"] == {"status": "ENABLED"}
    assert parsed["account_information"] == _account(status)
    assert parsed["transport"] == _transport(status)
    assert parsed["policy"] == _policy(status)
    assert parsed["usage_reporting"] == _times(status)
    assert parsed["trust_code_installed"] == _trust_of_status(status.trust)


def test_status_in_every_state() -> None:
    every = list(states())
    assert len(every) >= 200
    requests = [_ask(state.agent(), "ShowLicenseStatus", "show license status") for state in every]
    for state, parsed in zip(every, _parse(*requests), strict=True):
        _check_status(parsed, state.status)


def _check_all(parsed: Parsed, state: State) -> None:
    status, top = state.status, parsed["smart_licensing_status"]
    assert top["account_information"] == _account(status)
    assert top["transport"] == _transport(status)
    assert top["policy"] == _policy(status)
    assert top["usage_reporting"] == _times(status)
    assert top.get("trust_code_installed", {}) == _trust_of_all(status.trust)
    authorizations = parsed["license_authorizations"]["overall_status"]
    assert authorizations["active"]["status"] == "NOT INSTALLED"
    assert authorizations["active"]["pid"] == "C9800-CL-K9"
    assert parsed["agent_version"]["smart_agent_for_licensing"] == state.profile.agent_version
    assert set(parsed["license_usage"]["license_name"]) == {
        "air-network-advantage (DNA_NWStack):",
        "air-dna-advantage (AIR-DNA-A):",
        "air-network-essentials (DNA_NWSTACK_E):",
    }
    assert parsed["usage_report_summary"]["waiting_for_ack"] == "1"


def test_all_in_every_state() -> None:
    every = list(states())
    requests = [_ask(state.agent(), "ShowLicenseAll", "show license all") for state in every]
    for state, parsed in zip(every, _parse(*requests), strict=True):
        _check_all(parsed, state)


def test_usage_and_summary() -> None:
    agent = ScriptedAgent()
    usage, summary = _parse(
        _ask(agent, "ShowLicenseUsage", "show license usage"),
        _ask(agent, "ShowLicenseSummary", "show license summary"),
    )
    block = usage["license_name"]["air-dna-advantage (AIR-DNA-A):"]
    assert block["count"] == 2
    assert block["license_type"] == "Subscription"
    assert summary["license_usage"]["AIR-DNA-A"]["license"] == "air-dna-advantage"
    assert summary["license_usage"]["DNA_NWSTACK_E"]["status"] == "NOT IN USE"
    assert summary["account_information"] == _account(agent.state)


def test_each_kind_of_licence_in_usage() -> None:
    views = tuple(
        scripted.usage(f"feature-{group}", f"Name {group}", 1, group=group)
        for group in scripted.GROUPS
    )
    (parsed,) = _parse(_ask(ScriptedAgent(in_use=views), "ShowLicenseUsage", "show license usage"))
    kinds = {name: block["enforcement_type"] for name, block in parsed["license_name"].items()}
    assert kinds["feature-export (Name export):"] == "EXPORT RESTRICTED"
    assert kinds["feature-enforced (Name enforced):"] == "ENFORCED"


def test_udi_and_reports() -> None:
    agent = ScriptedAgent()
    number = "1634880001"
    udi, rows, detail = _parse(
        _ask(agent, "ShowLicenseUdi", "show license udi"),
        _ask(agent, "ShowLicenseRumIdAll", "show license rum id all"),
        _ask(agent, "ShowLicenseRumIdDetail", f"show license rum id {number} detail", number),
    )
    assert udi["udi_details"] == {"pid": "C9800-CL-K9", "sn": "GGR0001"}
    assert rows["smart_license_usage_reports"]["1634880002"] == {
        "state": "UNACK",
        "flag": "E",
        "feature_name": "air-dna-advantage",
    }
    report = detail["report_id"][number]
    assert report["metric_value"] == scripted.TAG
    assert report["end_time"] == moment(scripted.NOW)
    assert report["next_report_id"] == "1634880003"


def test_event_log_and_history() -> None:
    agent = ScriptedAgent()
    log, empty, history = _parse(
        _ask(agent, "ShowLicenseEventlog2", "show license eventlog 2"),
        _ask(ScriptedAgent(logged=()), "ShowLicenseEventlog2", "show license eventlog 2"),
        _ask(agent, "ShowLicenseHistoryMessage", "show license history message"),
    )
    assert "SAEVT_READY" in json.dumps(log)
    assert empty
    assert len(json.dumps(history)) > 100


def test_purchases_do_not_stop_the_parser_but_are_lost_on_it() -> None:
    bought = PurchaseView(
        tag=scripted.TAG, name="AIR-DNA-A", quantity=5, term="subscription", start=0, end=2**31
    )
    (parsed,) = _parse(_ask(ScriptedAgent(bought=(bought,)), "ShowLicenseAll", "show license all"))
    known_loss = parsed["license_authorizations"]["purchased_licenses"]
    assert known_loss == "No Purchase Information Available"
    assert len(parsed["license_usage"]["license_name"]) == 3


def test_a_notice_disturbs_no_value() -> None:
    status = replace(scripted.ACKNOWLEDGED, notices=("The disk is full (x): free some space.",))
    agent = ScriptedAgent(state=status)
    (parsed,) = _parse(_ask(agent, "ShowLicenseStatus", "show license status"))
    _check_status(parsed, status)
