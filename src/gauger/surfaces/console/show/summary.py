"""`show license summary`: a line for each licence."""

from collections.abc import Sequence

from gauger.core.profiles import Profile
from gauger.instance.views import StatusView, UsageView
from gauger.surfaces.console.show.status import account, join
from gauger.surfaces.console.text import cut, shown

NOTHING_IN_USE = "No licenses in use"


def show_summary(status: StatusView, usage: Sequence[UsageView], profile: Profile) -> str:
    """Return the output of `show license summary`.

    Args:
        status: For the account.
        usage: The licences that are or were in use.
        profile: The product.
    """
    return join([account(status, profile), _table(usage)])


def _table(usage: Sequence[UsageView]) -> list[str]:
    if not usage:
        return ["License Usage:", f"  {NOTHING_IN_USE}"]
    heading = f"  {'License':<24}{'Entitlement Tag':<30}Count Status"
    return ["License Usage:", heading, "  " + "-" * 77, *(_row(view) for view in usage)]


def _row(view: UsageView) -> str:
    # Escaped before it is cut: a cut escape sequence is text, half a raw one might not be.
    name = f"({cut(shown(view.name), 25)})"
    return f"  {cut(shown(view.feature), 23):<24}{name:<27}{view.count:>8} {view.status}"
