"""`show license all`: everything on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gauger.core.identity import Udi
from gauger.core.profiles import Profile
from gauger.instance.views import PurchaseView, ReportsSummaryView, StatusView, UsageView
from gauger.surfaces.console.show import status as sections
from gauger.surfaces.console.show.udi import udi_lines
from gauger.surfaces.console.show.usage import usage_blocks
from gauger.surfaces.console.text import NONE, day, shown

CONVERSION_LEVEL: Final = (5, 10, 1)
"""First agent that prints the state of a licence conversion."""

REPORTING_MODE_LEVEL: Final = (5, 11, 2)
"""First agent that prints the reporting mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """What `show license all` prints, at one moment."""

    udi: Udi
    profile: Profile
    status: StatusView
    usage: tuple[UsageView, ...]
    purchases: tuple[PurchaseView, ...]
    reports: ReportsSummaryView


def show_all(view: Everything) -> str:
    """Return the output of `show license all`.

    Args:
        view: The product instance at one moment.
    """
    parts = [
        sections.join(_status(view)),
        "",
        sections.join([_heading("License Usage"), *usage_blocks(view.usage)]),
        "",
        "\n".join([*_heading("Product Information"), *udi_lines(view.udi, view.status.trust)]),
        "",
        "\n".join([*_heading("Agent Version"), _agent(view.profile)]),
        "",
        sections.join(_authorizations(view)),
        "",
        "\n".join(_report_summary(view.reports)),
    ]
    return "\n".join(parts)


def _heading(title: str) -> list[str]:
    return [title, "=" * len(title)]


def _status(view: Everything) -> list[list[str]]:
    status, profile = view.status, view.profile
    return [
        _heading("Smart Licensing Status"),
        ["Smart Licensing is ENABLED"],
        _conversion(profile),
        ["Export Authorization Key:", "  Features Authorized:", f"    {NONE}"],
        sections.utility(),
        _policy_mode(profile),
        sections.account(status, profile),
        sections.privacy(status),
        sections.transport(status.transport, profile),
        sections.miscellaneous(),
        sections.policy(status.policy),
        sections.reporting(status.reporting),
        # A block even for one device: after the one-line form Genie takes the device that the
        # authorizations name below for that of the trust code, and loses its status.
        sections.trust_block(status.trust),
    ]


def _policy_mode(profile: Profile) -> list[str]:
    is_new = profile.agent_level >= REPORTING_MODE_LEVEL
    return [*sections.policy_mode(), *(["  Reporting Mode: STANDARD"] if is_new else [])]


def _conversion(profile: Profile) -> list[str]:
    if profile.agent_level < CONVERSION_LEVEL:
        return []
    return [
        "License Conversion:",
        "  Automatic Conversion Enabled: False",
        f"  Last Data Push: {NONE}",
        f"  Last File Export: {NONE}",
    ]


def _agent(profile: Profile) -> str:
    return f"Smart Agent for Licensing: {shown(profile.agent_version)}"


def _authorizations(view: Everything) -> list[list[str]]:
    lines = ["Overall status:"]
    for member in view.status.trust:
        # No authorization codes yet; the lines stand, as parsers look for them in every device.
        lines += [f"  {member.role}: {sections.udi_text(member)}", "    Status: NOT INSTALLED"]
    return [_heading("License Authorizations"), lines, _purchased(view.purchases)]


def _purchased(purchases: Sequence[PurchaseView]) -> list[str]:
    nothing = "No Purchase Information Available"
    if not purchases:
        return ["Purchased Licenses:", f"  {nothing}"]
    # Genie has no place for purchases and refuses the whole output where this sentence is
    # missing; it stands, and is true, for what has been announced and is not here yet.
    lines = [f"    {_purchase(purchase)}" for purchase in purchases]
    return ["Purchased Licenses:", "  Installed:", *lines, "  Awaited:", f"    {nothing}"]


def _purchase(view: PurchaseView) -> str:
    # No colon and no round bracket: Genie would read either as the heading of a licence.
    term = shown(view.term) if view.end is None else f"{shown(view.term)} until {day(view.end)}"
    name = shown(view.name).translate(_PLAIN)
    return f"{view.quantity} of {name}, {term}"


_PLAIN: Final = str.maketrans({"(": "[", ")": "]", ":": " "})


def _report_summary(view: ReportsSummaryView) -> list[str]:
    return [
        "Usage Report Summary:",
        "=" * 21,
        f"Total: {view.total},  Purged: {view.purged}",
        f"Total Acknowledged Received: {view.acknowledged},  Waiting for Ack: {view.waiting}",
        f"Available to Report: {view.available}  Collecting Data: {view.collecting}",
    ]
