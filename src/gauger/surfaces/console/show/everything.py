"""`show license all`: everything on one page."""

from dataclasses import dataclass
from typing import Final

from gauger.core.identity import Udi
from gauger.core.profiles import Profile
from gauger.instance.views import (
    AuthorizationView,
    PurchaseView,
    ReportsSummaryView,
    StatusView,
    UsageView,
)
from gauger.surfaces.console.show import status as sections
from gauger.surfaces.console.show.authorization import authorization_sections, purchased
from gauger.surfaces.console.show.udi import udi_lines
from gauger.surfaces.console.show.usage import usage_blocks
from gauger.surfaces.console.text import NONE, shown

REPORTING_MODE_LEVEL: Final = (5, 11, 2)
"""First agent that prints the reporting mode, and what was pushed for a conversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """What `show license all` prints, at one moment."""

    udi: Udi
    profile: Profile
    status: StatusView
    usage: tuple[UsageView, ...]
    purchases: tuple[PurchaseView, ...]
    authorizations: tuple[AuthorizationView, ...]
    reports: ReportsSummaryView


def show_all(view: Everything) -> str:
    """Return the output of `show license all`.

    Args:
        view: The product instance at one moment.
    """
    parts = [
        sections.join(_status(view)),
        "",
        sections.join([heading("License Usage"), *usage_blocks(view.usage)]),
        "",
        "\n".join([*heading("Product Information"), *udi_lines(view.udi, view.status.trust)]),
        "",
        "\n".join([*heading("Agent Version"), agent_version(view.profile)]),
        "",
        sections.join(_authorizations(view)),
        "",
        sections.join([report_summary(view.reports), *_newest_blocks(view.profile)]),
    ]
    return "\n".join(parts)


def heading(title: str) -> list[str]:
    """Return a title and the rule below it."""
    return [title, "=" * len(title)]


def status_parts(view: Everything, *, for_support: bool = False) -> list[list[str]]:
    """Return the sections of status that this command and the one for support begin with.

    Args:
        view: The product instance.
        for_support: Whether it is the one for support, which has a line more and names nobody.
    """
    status, profile = view.status, view.profile
    return [
        heading("Smart Licensing Status"),
        ["Smart Licensing is ENABLED"],
        conversion(profile) if profile.agent_level >= sections.NEWER_BLOCKS else [],
        ["Export Authorization Key:", "  Features Authorized:", f"    {NONE}"],
        sections.utility(status.utility, names=not for_support),
        _policy_mode(profile),
        sections.account(status, profile),
        sections.privacy(status),
        sections.transport(status.transport, profile, checks=for_support),
        sections.miscellaneous(status),
        sections.policy(status.policy),
    ]


def _status(view: Everything) -> list[list[str]]:
    # A block even for one device: after the one-line form Genie takes the device that the
    # authorizations name below for that of the trust code, and loses its status.
    trust = sections.trust_block(view.status.trust, view.profile)
    return [*status_parts(view), sections.reporting(view.status.reporting), trust]


def _policy_mode(profile: Profile) -> list[str]:
    is_new = profile.agent_level >= REPORTING_MODE_LEVEL
    return [*sections.policy_mode(), *(["  Reporting Mode: STANDARD"] if is_new else [])]


def conversion(profile: Profile) -> list[str]:
    """Return the section of converting old licences; there are none to convert."""
    lines = ["License Conversion:", "  Automatic Conversion Enabled: False"]
    return [*lines, *(f"  {line}" for line in pushed(profile))]


def pushed(profile: Profile) -> list[str]:
    """Return what was pushed for a conversion, as far as the agent says so: nothing ever was."""
    if profile.agent_level < REPORTING_MODE_LEVEL:
        return []
    return [f"Last Data Push: {NONE}", f"Last File Export: {NONE}"]


def agent_version(profile: Profile) -> str:
    """Return the line of the agent's level."""
    return f"Smart Agent for Licensing: {shown(profile.agent_version)}"


def _authorizations(view: Everything) -> list[list[str]]:
    title, between = heading("License Authorizations"), pushed(view.profile)
    overall, *allowed = authorization_sections(view.authorizations)
    # The heading stands right above what it heads; newer agents put two lines between.
    first = [[*title, *between], overall] if between else [[*title, *overall]]
    return [*first, *allowed, purchased(view.purchases)]


def _newest_blocks(profile: Profile) -> list[list[str]]:
    """Return what the newest agents print of functions that this system does not have."""
    if profile.agent_level < sections.TYPED_TRUST:
        return []
    title = "Product Analytics Report Summary:"
    return [
        ["Device Enforcement State:", "NOT APPLICABLE"],
        [
            title,
            "=" * (len(title) - 1),
            "Product Analytics: NOT AVAILABLE",
            "Not Available Reason: Not part of this product instance",
            "Total current Product Analytics reports: 0",
        ],
    ]


def report_summary(view: ReportsSummaryView) -> list[str]:
    """Return how many reports are in which state."""
    return [
        "Usage Report Summary:",
        "=" * 21,
        f"Total: {view.total},  Purged: {view.purged}",
        f"Total Acknowledged Received: {view.acknowledged},  Waiting for Ack: {view.waiting}",
        f"Available to Report: {view.available}  Collecting Data: {view.collecting}",
    ]
