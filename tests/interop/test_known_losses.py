"""What parsers are known to lose is still lost; a better parser fails the test that shows it."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import pytest

from gauger.instance.views import PastMessage, PurchaseView, TransportView, UtilityView
from tests.interop.parsers import NTC, Parsed, Parsers, Request, ask
from tests.interop.states import AUTHORIZATIONS, HSEC, TRUST
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import ACKNOWLEDGED, FRESH, UDI, ScriptedAgent

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

LISTED: Final = tomllib.loads(Path(__file__).with_name("known_losses.toml").read_text("utf-8"))
STATUS, ALL = "show license status", "show license all"
PROXY: Final = TransportView(kind="cslu", url=None, proxy="proxy.example.com:3128")
SHOWN: list[str] = []
Test = TypeVar("Test", bound=Callable[..., None])


def shows(name: str) -> Callable[[Test], Test]:
    """Say which loss a test shows."""

    def note(test: Test) -> Test:
        SHOWN.append(name)
        return test

    return note


def agent_with(way: TransportView) -> ScriptedAgent:
    """Return a device that has been acknowledged, and now reports another way."""
    return ScriptedAgent(state=replace(ACKNOWLEDGED, transport=way))


def altered(agent: ScriptedAgent, command: str, old: str, new: str) -> Request:
    """Print as other devices do where we do not."""
    request = ask(agent, command)
    assert old in request.text
    return replace(request, text=request.text.replace(old, new))


def test_each_loss_has_its_test() -> None:
    assert sorted(SHOWN) == sorted(loss["id"] for loss in LISTED["loss"])


@shows("genie-proxy")
def test_a_proxy_is_read_as_nothing(parsers: Parsers) -> None:
    agent = agent_with(PROXY)
    status, everything = parsers.one(agent, STATUS), parsers.one(agent, ALL)
    assert status["transport"]["proxy"] == ""
    assert everything["smart_licensing_status"]["transport"]["proxy"] == ""
    assert "proxy.example.com" in ask(agent, STATUS).text


@shows("genie-proxy-and-vrf")
def test_a_vrf_below_a_proxy_is_read_as_the_proxy(parsers: Parsers) -> None:
    agent = agent_with(PROXY)
    request = altered(agent, STATUS, "  VRF: <empty>", "  VRF:\n    Not Configured")
    (parsed,) = parsers.all([request])
    assert parsed["transport"]["proxy"] == "Not Configured"


@shows("genie-vrf-in-all")
def test_a_vrf_is_lost_on_the_long_page(parsers: Parsers) -> None:
    agent = agent_with(replace(PROXY, vrf="Mgmt-vrf"))
    assert parsers.one(agent, STATUS)["transport"]["vrf"] == " Mgmt-vrf"
    assert "vrf" not in parsers.one(agent, ALL)["smart_licensing_status"]["transport"]


@shows("genie-utility-customer")
def test_who_is_billed_is_lost(parsers: Parsers) -> None:
    utility = UtilityView(is_enabled=True, customer=(("name", "Example Inc."),))
    agent = ScriptedAgent(state=replace(ACKNOWLEDGED, utility=utility))
    assert "Name: Example Inc." in ask(agent, STATUS).text
    assert "Example Inc." not in str(parsers.one(agent, STATUS))
    assert "Example Inc." not in str(parsers.one(agent, ALL))


@shows("genie-trust-type")
def test_the_type_of_a_trust_code_is_lost(parsers: Parsers) -> None:
    agent = ScriptedAgent(state=replace(ACKNOWLEDGED, trust=(TRUST["factory"],)))
    assert "Trust Code Type: Factory" in ask(agent, STATUS).text
    assert "Factory" not in str(parsers.one(agent, STATUS))
    assert "Factory" not in str(parsers.one(agent, ALL))


@shows("genie-trust-line-in-all")
def test_trust_on_one_line_takes_the_authorized_device(parsers: Parsers) -> None:
    agent = ScriptedAgent()
    block = "Trust Code Installed:\n  Active: PID:C9800-CL-K9,SN:GGR0001\n    INSTALLED on "
    (parsed,) = parsers.all([altered(agent, ALL, block, "Trust Code Installed: ")])
    assert "active" not in parsed["license_authorizations"]["overall_status"]
    assert parsed["smart_licensing_status"]["trust_code_installed"]["active"]["sn"] == UDI.serial


@shows("genie-first-status")
def test_it_gives_up_where_nothing_is_told_before_the_first_status(parsers: Parsers) -> None:
    key = "Export Authorization Key:\n  Features Authorized:\n    <none>\n\n"
    agent = ScriptedAgent()
    (outcome,) = parsers.outcomes([altered(agent, ALL, key, "")])
    assert outcome["error"].startswith("UnboundLocalError")


@shows("genie-state-of-authorization")
def test_no_licence_in_use_hides_the_authorization(parsers: Parsers) -> None:
    agent = ScriptedAgent(state=FRESH, in_use=())
    assert "Status: NOT INSTALLED" in ask(agent, ALL).text
    codes = parsers.one(agent, ALL)["license_authorizations"]
    assert "status" not in codes["overall_status"]["active"]


def authorized(parsers: Parsers) -> tuple[str, Parsed]:
    """Return what is printed of a code that allows two licences, and what is read."""
    second = replace(HSEC, tag="regid.2021-05.com.example.BOOST,1.0_x", feature="boost", name="B")
    code = replace(AUTHORIZATIONS["installed"], licences=(HSEC, second))
    agent = ScriptedAgent(authorized=(code,))
    return ask(agent, ALL).text, parsers.one(agent, ALL)


@shows("genie-second-authorization")
def test_a_second_authorized_licence_is_lost(parsers: Parsers) -> None:
    text, parsed = authorized(parsers)
    assert text.count("Total available count: 3") == 2
    assert str(parsed["license_authorizations"]).count("total_available_count") == 1


@shows("genie-labels-of-second-authorization")
def test_a_second_authorized_licence_with_the_labels_of_the_first_stops_it(
    parsers: Parsers,
) -> None:
    text, _ = authorized(parsers)
    other = text.replace("Type of authorization:", "Authorization type:")
    assert other != text
    (outcome,) = parsers.outcomes([Request(ALL, other)])
    assert outcome["error"].startswith("KeyError")


@shows("genie-heading-of-authorization")
def test_the_heading_of_an_authorized_licence_stands_among_those_in_use(parsers: Parsers) -> None:
    _, parsed = authorized(parsers)
    blocks = parsed["license_usage"]["license_name"]
    assert [name for name, block in blocks.items() if not block] == [
        "hseck9 (DNA_HSEC):",
        "boost (B):",
    ]


BOUGHT: Final = PurchaseView(
    tag=scripted.TAG, name="AIR-DNA-A", quantity=5, term="subscription", start=0, end=2**31
)


@shows("genie-purchases")
def test_purchases_are_lost_but_stop_nothing(parsers: Parsers) -> None:
    agent = ScriptedAgent(bought=(BOUGHT,))
    parsed = parsers.one(agent, ALL)
    sentence = "No Purchase Information Available"
    assert parsed["license_authorizations"]["purchased_licenses"] == sentence
    assert len(parsed["license_usage"]["license_name"]) == len(agent.in_use)
    (outcome,) = parsers.outcomes([altered(agent, ALL, f"  Awaited:\n    {sentence}", "")])
    assert "schema checking failed" in outcome["error"]


@shows("genie-same-name-in-summary")
def test_of_two_licences_of_one_name_one_is_lost(parsers: Parsers) -> None:
    name = "C9300-48 Network Advantage"
    names = (f"{name}, one", f"{name}, two")
    agent = ScriptedAgent(in_use=tuple(scripted.usage(f"f-{it[-3:]}", it) for it in names))
    parsed = parsers.one(agent, "show license summary")
    assert [row["license"] for row in parsed["license_usage"].values()] == ["f-two"]


@shows("genie-trust-line-in-support")
def test_a_type_behind_trust_on_one_line_stops_the_page_of_support(parsers: Parsers) -> None:
    agent = ScriptedAgent(state=replace(ACKNOWLEDGED, trust=(TRUST["factory"],)))
    command = "show license tech support"
    block = "Trust Code Installed:\n  Active: PID:C9800-CL-K9,SN:GGR0001\n    INSTALLED on "
    line = altered(agent, command, block, "Trust Code Installed: ")
    assert parsers.one(agent, command)
    (outcome,) = parsers.outcomes([line])
    assert "schema checking failed" in outcome["error"]


@shows("genie-time-of-events")
def test_when_an_event_happened_is_lost(parsers: Parsers) -> None:
    agent = ScriptedAgent()
    assert "2021-10-22 05:30:30.000 UTC SAEVT_READY" in ask(agent, "show license eventlog 2").text
    assert "05:30:30" not in str(parsers.one(agent, "show license eventlog 2"))


@shows("genie-past-messages")
def test_past_messages_are_lost_and_would_stop_the_parser(parsers: Parsers) -> None:
    command = "show license history message"
    line = PastMessage(at=scripted.NOW, what="usage", outcome="OK", times=1, last_at=scripted.NOW)
    past = [replace(view, messages=(line,)) for view in scripted.NO_HISTORY]
    agent = ScriptedAgent(history=tuple(past))
    assert ask(agent, command).text.count(": usage: OK") == 12
    parsed = parsers.one(agent, command)
    assert set(parsed["message_history"].values()) == {"Past history"}
    assert set(parsed["import_message_history"].values()) == {"Past Import history"}
    plain = replace(ask(agent, command), text=ask(agent, command).text.replace("  Past ", "  (a) "))
    assert "error" in parsers.outcomes([plain])[0]


@shows("genie-authorization-words")
def test_the_state_of_authorization_is_cut_to_two_words(parsers: Parsers) -> None:
    agent = ScriptedAgent(authorized=(AUTHORIZATIONS["installed"],))
    parsed = parsers.one(agent, "show license authorization", "genie/cat9k/c9300")
    assert parsed == {
        "overall status": {"active": {"pid": f"{UDI.pid},", "sn": UDI.serial}},
        "status": "SMART AUTHORIZATION",
        "purchased_licenses": "No Purchase Information Available",
    }


@shows("genie-platform-usage")
def test_a_platform_reads_nothing_where_nothing_is_in_use(parsers: Parsers) -> None:
    asked = ask(ScriptedAgent(in_use=()), "show license usage", "genie/cat9k/c9500x")
    (outcome,) = parsers.outcomes([asked])
    assert outcome["error"].startswith("SchemaMissingKeyError")


@shows("ntc-cslu-address")
def test_the_address_of_a_cslu_is_lost(parsers: Parsers) -> None:
    agent = agent_with(replace(PROXY, url="https://cslu.example.com/cslu/v1/pi"))
    (row,) = parsers.one(agent, STATUS, NTC)
    assert "cslu.example.com" not in str(row)
    assert row["proxy_address"] == "proxy.example.com"


@shows("ntc-reporting-mode")
def test_the_reporting_mode_stops_ntc_templates(parsers: Parsers) -> None:
    mode = "Smart Licensing Using Policy:\n  Status: ENABLED\n"
    agent = ScriptedAgent()
    request = altered(agent, STATUS, mode, f"{mode}  Reporting Mode: STANDARD\n")
    (outcome,) = parsers.outcomes([replace(request, tool=NTC)])
    assert "State Error" in outcome["error"]
