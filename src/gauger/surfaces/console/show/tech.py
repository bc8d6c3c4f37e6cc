"""`show license tech support`: all that support asks for, in one output.

Every field that Genie's schema requires stands in it. What this system does not have is printed as
devices print what is switched off; nothing is invented.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.core.profiles import Licence, Profile, Term
from gauger.instance.tech_views import ExchangeView, HandleView, TechView
from gauger.instance.views import ReportingView, UsageView
from gauger.surfaces.console.show import status as sections
from gauger.surfaces.console.show.authorization import purchased
from gauger.surfaces.console.show.everything import Everything, agent_version, heading, status_parts
from gauger.surfaces.console.show.reservation import reservation_sections
from gauger.surfaces.console.show.tech_facts import other_info
from gauger.surfaces.console.show.udi import udi_lines
from gauger.surfaces.console.show.usage import ENFORCEMENT, export_status
from gauger.surfaces.console.text import EMPTY, moment, shown

_EXPIRED: Final = "Expired Not Rescheduled"
_DAY: Final = 86_400
_STATES: Final = {"IN USE": 15, "NOT IN USE": 1, "NOT AUTHORIZED": 13}
_FIRST, _ONGOING = 2, 4
_UNITS: Final = (("day", _DAY), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What `show license tech support` prints, at one moment."""

    everything: Everything
    tech: TechView
    is_clock_set: bool


def show_tech(view: Support) -> str:
    """Return the output of `show license tech support`.

    Args:
        view: The product instance at one moment.
    """
    whole, tech = view.everything, view.tech
    jobs = _jobs(whole, tech)
    product = udi_lines(whole.udi, whole.status.trust)
    agent = agent_version(whole.profile)
    reservation, overall, reserved = reservation_sections(
        whole.authorizations, whole.profile, is_reserved=tech.is_reserved
    )
    return sections.join(
        [
            ["Smart Licensing Tech Support info"],
            *_status(view),
            *_usage(whole, tech),
            [*heading("Product Information"), *product],
            [*heading("Agent Version"), agent],
            [*heading("Upcoming Scheduled Jobs"), *jobs],
            _communication(tech, whole.profile),
            [*heading("License Certificates"), *_CERTIFICATES],
            ["HA Info", "=" * 10, *_HA],
            [*heading("Reservation Info"), *reservation],
            overall,
            reserved,
            purchased(whole.purchases),
            _reports(view),
            ["Other Info", "=" * 10, *other_info(whole, tech, is_clock_set=view.is_clock_set)],
            [*heading("Platform Provided Mapping Table"), *_mapping(view)],
        ]
    )


_CERTIFICATES: Final = ("Production Cert: False", "Not registered. No certificates installed")
_HA: Final = (
    "RP Role: Active",
    "Chassis Role: Active",
    "Behavior Role: Active",
    # One device alone: nothing is passed on to another.
    "RMF: False",
    "CF: False",
    "CF State: Stateless",
    "Message Flow Allowed: False",
)


def _status(view: Support) -> list[list[str]]:
    whole, tech = view.everything, view.tech
    parts = status_parts(whole, for_support=True)
    # A block even for one device: behind the one-line form Genie refuses the type of a trust code.
    trust = sections.trust_block(whole.status.trust, whole.profile)
    return [*parts, _reporting(whole.status.reporting, tech), trust]


def _reporting(view: ReportingView, tech: TechView) -> list[str]:
    """Return the seven lines of reporting; support sees what the interval comes from."""
    state = _FIRST if tech.is_first else _ONGOING
    label = "  Reporting push interval:"
    return [
        f"{line} State({state}) InPolicy({tech.policy_days})" if line.startswith(label) else line
        for line in sections.reporting(view)
    ]


def _usage(view: Everything, tech: TechView) -> list[list[str]]:
    handles = {handle.tag: handle for handle in tech.handles}
    # Genie refuses an output without any handle, and with it all the rest: where nothing was ever
    # used, the licences of the product are listed as what they are, not in use.
    used = view.usage or tuple(map(_unused, view.profile.licences))
    blocks = [
        _handle(number, item, handles.get(item.tag)) for number, item in enumerate(used, start=1)
    ]
    return [[*heading("License Usage"), *blocks[0]], *blocks[1:]]


def _handle(number: int, view: UsageView, handle: HandleView | None) -> list[str]:
    description = shown(view.description)
    return [
        f"Handle: {number}",
        f"  License: {shown(view.feature)}",
        f"  Entitlement Tag: {shown(view.tag)}",
        f"  Description: {description}",
        f"  Count: {view.count}",
        f"  Version: {shown(view.version)}",
        f"  Status: {view.status}({_STATES.get(view.status, 0)})",
        f"  Status time: {moment(None if handle is None else handle.since)}",
        f"  Request Time: {moment(None if handle is None else handle.requested_at)}",
        f"  Export status: {export_status(view)}",
        f"  Feature Name: {shown(view.feature)}",
        f"  Feature Description: {description}",
        f"  Enforcement type: {ENFORCEMENT[view.group]}",
        f"  License type: {'Subscription' if view.subscription else 'Perpetual'}",
        *(() if handle is None else _measurements(view, handle)),
        f"  Soft Enforced: {view.group not in {'enforced', 'export'}}",
    ]


def _measurements(view: UsageView, handle: HandleView) -> Iterator[str]:
    yield "  Measurements:"
    yield "    ENTITLEMENT:"
    yield "      Interval: 00:15:00"
    yield f"      Current Value: {view.count}"
    yield f"      Current Report: {handle.open_id}       Previous: {handle.previous_id}"


def _unused(licence: Licence) -> UsageView:
    return UsageView(
        tag=licence.tag,
        feature=licence.feature,
        name=licence.name,
        description=licence.description,
        count=0,
        version=licence.version,
        status="NOT IN USE",
        group=licence.group,
        subscription=licence.term is Term.SUBSCRIPTION,
        first_use=None,
    )


def _jobs(view: Everything, tech: TechView) -> list[str]:
    now, reporting = view.status.now, view.status.reporting
    midnight = None if tech.next_sample is None else (now // _DAY + 1) * _DAY
    jobs = (
        ("Daily", midnight),
        ("Init Flag Check", None),
        ("Reservation configuration mismatch between nodes in HA mode", None),
        ("Retrieve data processing result", reporting.next_ack_check),
        ("Start Utility Measurements", tech.next_sample),
        ("Send Utility RUM reports", reporting.next_push),
        # Measured and stored are one step here.
        ("Save unreported RUM Reports", tech.next_sample),
        ("Process Utility RUM reports", midnight),
        *((("Telemetry Reporting", None),) if _is_new(view.profile) else ()),
        ("Authorization Code Process", None),
        ("Data Synchronization", None),
        ("External Event", reporting.next_ack_deadline),
        ("Operational Model", None),
    )
    return [f"Current time: {moment(now)}", *(f"{name}: {_due(at, now)}" for name, at in jobs)]


def _due(at: int | None, now: int) -> str:
    if at is None or at < now:
        return _EXPIRED
    return f"{moment(at)} ({_remaining(at - now)} remaining)"


def _remaining(seconds: int) -> str:
    parts: list[str] = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        # Once begun, every smaller unit is told; seconds always.
        if count or parts or unit == "second":
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def _is_new(profile: Profile) -> bool:
    return profile.agent_level >= sections.NEWER_BLOCKS


def _communication(tech: TechView, profile: Profile) -> list[str]:
    lines = [
        "Communication Statistics:",
        "=" * 23,
        f"Communication Level Allowed: {'DIRECT' if tech.may_report else 'INDIRECT'}",
        f"Overall State: {EMPTY if tech.blocked is None else shown(tech.blocked)}",
    ]
    # Named by newer agents; this one sends no telemetry, so nothing is ever counted.
    newer = (ExchangeView(heading="Telemetry Reporting"),) if _is_new(profile) else ()
    for exchange in (*tech.exchanges, *newer):
        lines += _exchange(exchange)
    return lines


def _exchange(view: ExchangeView) -> Iterator[str]:
    total = view.succeeded + view.failed
    failing = f"Overall={view.failing} Communication={view.unreachable}"
    yield f"{view.heading}:"
    yield (
        f"  Attempts: Total={total}, Success={view.succeeded}, Fail={view.failed}"
        f"  Ongoing Failure: {failing}"
    )
    response = shown(view.response)
    at = "" if view.response_at is None else f" on {moment(view.response_at)}"
    yield f"  Last Response: {response}{at}"
    yield f"    Failure Reason: {shown(view.reason)}"
    yield f"  Last Success Time: {moment(view.last_success)}"
    yield f"  Last Failure Time: {moment(view.last_failure)}"


def _reports(view: Support) -> list[str]:
    summary, tech = view.everything.reports, view.tech
    unacknowledged = summary.total - summary.acknowledged
    lost = tech.unreadable
    acknowledged = f"Total Acknowledged Received: {summary.acknowledged}"
    return [
        "Usage Report Summary:",
        "=" * 21,
        f"Total: {summary.total},  Purged: {summary.purged}({summary.purged})",
        f"{acknowledged},  Waiting for Ack: {summary.waiting}({unacknowledged})",
        f"Available to Report: {summary.available}  Collecting Data: {summary.collecting}",
        f"Maximum Display: {summary.total}  In Storage: {tech.stored},  MIA: {lost}({lost})",
        "Report Module Status: Ready",
    ]


def _mapping(view: Support) -> list[str]:
    udi, profile = view.everything.udi, view.everything.profile
    lines = [f"  {shown(udi.pid)}: Total licenses found: {len(profile.licences)}"]
    enforced = _enforced(profile)
    if enforced:
        lines += ["Enforced Licenses:", f"  P:{shown(udi.pid)},S:{shown(udi.serial)}:"]
        lines += [f"    {shown(item.feature)}: {shown(item.tag)} (3)" for item in enforced]
    return lines


def _enforced(profile: Profile) -> Sequence[Licence]:
    return [item for item in profile.licences if item.group in {"enforced", "export"}]
