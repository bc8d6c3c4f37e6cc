"""Line by line against the text of real devices: labels, their order and their spelling."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gauger.core.identity import AccountRef, Udi
from gauger.instance.views import (
    AccountView,
    AuthorizationView,
    EventView,
    HistoryView,
    PastMessage,
    ReportDetailView,
    ReportingView,
    ReportRow,
    ReportsSummaryView,
    TransportView,
    UsageView,
)
from gauger.surfaces.console.show.eventlog import show_eventlog, show_history
from gauger.surfaces.console.show.everything import Everything, show_all
from gauger.surfaces.console.show.rum import show_rum_all, show_rum_detail
from gauger.surfaces.console.show.status import show_status
from gauger.surfaces.console.show.summary import show_summary
from gauger.surfaces.console.show.udi import show_udi
from gauger.surfaces.console.show.usage import show_usage
from tests.support.material import shared_file
from tests.surfaces.console import scripted

pytestmark = pytest.mark.requirement("PI-10/layout")

STACK = (
    ("Active", Udi("C9300-24UX", "FCW2303D16Y")),
    ("Standby", Udi("C9300-24U", "FHH2043P09E")),
    ("Member", Udi("C9300-48T", "FCW2139L056")),
)
SWITCHES = (
    ("Active", Udi("C9350-48T", "FOC2820Y07F")),
    ("Standby", Udi("C9350-48P", "FOC2823Y0QC")),
    ("Member", Udi("C9350-24T", "FOC2823Y1LN")),
)
# What this system has no state for: terms of trust codes, and a channel of product analytics.
OMITTED = re.compile(r"^ +Expired on|^Not Available Reason")


def _sample(name: str) -> list[str]:
    """Return the lines of a real output, without what the terminal put before and behind."""
    lines = shared_file(f"samples/show/show-license-{name}.txt").read_text().splitlines()
    prompt = ("Load for five secs", "Time source is")
    kept = [line.rstrip() for line in lines if not line.startswith(prompt)]
    return "\n".join(kept).strip("\n").split("\n")


def _at(text: str) -> int:
    parsed = datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return int(parsed.timestamp())


def _account(name: str, virtual: str, at: str) -> AccountView:
    return AccountView(account=AccountRef(name, virtual), as_of=_at(at))


def _reporting(**times: str | None) -> ReportingView:
    seconds = {key: None if text is None else _at(text) for key, text in times.items()}
    return replace(scripted.NO_REPORTING, **seconds)  # type: ignore[arg-type]  # names of times only


def test_status_is_that_of_a_real_stack() -> None:
    installed = ["Oct 14 11:37:52 2021", "Oct 14 11:37:52 2021", "Oct 14 11:37:53 2021"]
    status = replace(
        scripted.FRESH,
        account=_account("SA-Switching-Polaris", "SLE_Test", "Oct 14 12:10:01 2021"),
        policy=scripted.policy(
            scripted.CUSTOM_DAYS, name="Custom Policy", installed_at=_at(installed[0])
        ),
        reporting=replace(
            _reporting(
                last_ack="Oct 14 12:10:32 2021",
                next_ack_deadline="Jan 12 12:10:32 2022",
                next_push="Oct 22 04:33:08 2021",
                last_push="Oct 14 12:09:30 2021",
            ),
            push_interval_days=30,
        ),
        trust=tuple(
            scripted.trust(role, udi, _at(at), "cssm")
            for (role, udi), at in zip(STACK, installed, strict=True)
        ),
    )
    assert show_status(status, scripted.product()).split("\n") == _sample("status")


def _switch_usage(model: str, term: str, count: int) -> UsageView:
    name = f"C9300-{model} {'Network' if term == 'perpetual' else 'DNA'} Advantage"
    feature = "network-advantage" if term == "perpetual" else "dna-advantage"
    return scripted.usage(feature, name, count, group=term, description=name)


def test_usage_is_that_of_a_real_stack() -> None:
    views = [
        _switch_usage(model, term, count)
        for model, count in (("24", 2), ("48", 1))
        for term in ("perpetual", "subscription")
    ]
    assert show_usage(views).split("\n") == _sample("usage")


def test_summary_is_that_of_a_real_switch() -> None:
    views = [_switch_usage("48", term, 1) for term in ("perpetual", "subscription")]
    printed = show_summary(scripted.FRESH, views, scripted.product("17.6.4")).split("\n")
    assert [line.strip() for line in printed] == _sample("summary")


def test_udi_is_that_of_a_real_stack() -> None:
    serials = ("FOC2705Y8X0", "FOC2705Y8XF", "FOC2718Y66X", "FOC2719YOHR")
    roles = ("Active", "Standby", "Member", "Member")
    devices = [
        scripted.trust(role, Udi("C9350-24U", serial), None)
        for role, serial in zip(roles, serials, strict=True)
    ]
    assert show_udi(devices[0].udi, devices).split("\n") == _sample("udi-ha")


def test_reports_are_those_of_a_real_router() -> None:
    rows = [
        ReportRow(report_id=1629870048, state="CLOSED", flag="N", feature="network-premier_2.5G"),
        ReportRow(report_id=1629870049, state="ACK", flag="N", feature="dna-premier_2.5G"),
    ]
    assert show_rum_all(rows).split("\n") == _sample("rum-id-all")


def test_one_report_is_that_of_a_real_switch() -> None:
    view = ReportDetailView(
        report_id=1634211151,
        feature="dna-advantage",
        tag="regid.2017-05.com.cisco.c9300_dna_advantage,1.0_411773c3-2116-4c10-94a4-5d357fe6ff18",
        udi=STACK[0][1],
        previous_id=0,
        next_id=1634211155,
        state="ACK",
        flag="N",
        reason="ACKED",
        start=_at("Oct 14 11:32:40 2021"),
        end=_at("Oct 14 11:32:48 2021"),
        storage="DELETED",
        verdict=None,
    )
    assert show_rum_detail(view).split("\n") == _sample("rum-id-detail")


def test_history_is_that_of_a_real_device() -> None:
    assert show_history(scripted.NO_HISTORY).split("\n") == _sample("history-message")


def test_what_was_exchanged_stands_below_its_heading() -> None:
    noon = _at("Oct 14 12:00:00 2021")
    first = PastMessage(at=noon, what="usage", outcome="OK", times=1, last_at=noon)
    often = replace(first, outcome="comm-failed: \x1b[2J", times=3, last_at=noon + 60)
    past = HistoryView(heading="Usage Reporting", is_import=False, messages=(first, often))
    shown = show_history([*scripted.NO_HISTORY[:1], past, *scripted.NO_HISTORY[2:]]).split("\n")
    assert shown[2:9] == [
        "Trust Establishment:",
        "  No past history",
        "Usage Reporting:",
        "  Past history",
        "  Oct 14 12:00:00 2021 UTC: usage: OK",
        (
            "  Oct 14 12:00:00 2021 UTC: usage: comm-failed: \\x1b[2J"
            " (3 times, last Oct 14 12:01:00 2021 UTC)"
        ),
        "Result Polling:",
    ]


def test_the_event_log_is_written_as_on_a_real_device() -> None:
    real = _sample("eventlog")
    events = [_event(line) for line in real[2:]]
    to_the_second = [re.sub(r"(:\d\d)\.\d{3} UTC", r"\1.000 UTC", line) for line in real]
    assert show_eventlog(events).split("\n") == to_the_second


def _event(line: str) -> EventView:
    date, time, _, name, rest = line.split(" ", 4)
    moment = datetime.fromisoformat(f"{date}T{time}+00:00")
    fields = tuple(re.findall(r'(\w+)="([^"]*)"', rest))
    return EventView(sequence=1, at=int(moment.timestamp()), name=name, fields=fields, text="")


def _everything() -> Everything:
    installed = _at("Apr 23 15:28:43 2025")
    status = replace(
        scripted.FRESH,
        account=_account("SA-Switching-Polaris", "stratocaster_test", "Apr 23 15:29:19 2025"),
        transport=TransportView(
            kind="smart",
            url="https://smartreceiver-stage.cisco.com/licservice/license",
            proxy=None,
        ),
        policy=scripted.policy(scripted.CUSTOM_DAYS, name="Custom Policy", installed_at=installed),
        reporting=_reporting(
            last_ack="Apr 23 15:28:43 2025",
            next_ack_check="Apr 23 15:33:15 2025",
            last_push="Apr 23 15:29:20 2025",
        ),
        trust=tuple(scripted.trust(role, udi, installed, "cssm") for role, udi in SWITCHES),
    )
    os_licence = "Cisco C9350 Switching IOS-XE Essentials"
    licence = scripted.usage("essentials", "Switching OS Essentials", 3, description=os_licence)
    return Everything(
        udi=SWITCHES[0][1],
        profile=scripted.product("17.15.1", "6.3.10/58086906e"),
        status=status,
        usage=(licence,),
        purchases=(),
        authorizations=tuple(AuthorizationView(udi=udi, role=role) for role, udi in SWITCHES),
        reports=ReportsSummaryView(
            total=4, purged=0, acknowledged=0, waiting=3, available=1, collecting=1
        ),
    )


def test_all_is_that_of_a_real_stack_but_for_terms_of_trust() -> None:
    real = [line.replace(" IST", " UTC").split("    Valid on")[0] for line in _sample("all")]
    wanted = [line for line in real if line and not OMITTED.search(line)]
    printed = [line for line in show_all(_everything()).split("\n") if line]
    kept = [line for line in printed if not OMITTED.search(line)]
    assert kept == wanted


def test_all_has_its_blocks_apart() -> None:
    text = show_all(_everything())
    for title in (
        "License Usage",
        "Product Information",
        "Agent Version",
        "License Authorizations",
    ):
        assert f"\n\n{title}\n{'=' * len(title)}\n" in text
