"""`show license usage`: a block for each licence."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gauger.instance.views import UsageView
from gauger.surfaces.console.show.status import join
from gauger.surfaces.console.show.summary import NOTHING_IN_USE
from gauger.surfaces.console.text import shown

ENFORCEMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "perpetual": "NOT ENFORCED",
        "subscription": "NOT ENFORCED",
        "enforced": "ENFORCED",
        "export": "EXPORT RESTRICTED",
    }
)
"""How a licence is enforced, by its policy group."""


def show_usage(usage: Sequence[UsageView]) -> str:
    """Return the output of `show license usage`.

    Args:
        usage: The licences that are or were in use.
    """
    return join([["License Authorization:", "  Status: Not Applicable"], *usage_blocks(usage)])


def usage_blocks(usage: Sequence[UsageView]) -> list[list[str]]:
    """Return the blocks that `show license all` shares, one for each licence."""
    return [_block(view) for view in usage] or [[NOTHING_IN_USE]]


def _block(view: UsageView) -> list[str]:
    description = shown(view.description)
    return [
        f"{shown(view.feature)} ({shown(view.name)}):",
        f"  Description: {description}",
        f"  Count: {view.count}",
        f"  Version: {shown(view.version)}",
        f"  Status: {view.status}",
        f"  Export status: {export_status(view)}",
        f"  Feature Name: {shown(view.feature)}",
        f"  Feature Description: {description}",
        f"  Enforcement type: {ENFORCEMENT[view.group]}",
        f"  License type: {'Subscription' if view.subscription else 'Perpetual'}",
    ]


def export_status(view: UsageView) -> str:
    """Return whether export rules restrict a licence, and whether it may be used."""
    if view.group != "export":
        return "NOT RESTRICTED"
    is_allowed = view.status != "NOT AUTHORIZED"
    return "RESTRICTED - ALLOWED" if is_allowed else "RESTRICTED - NOT ALLOWED"
