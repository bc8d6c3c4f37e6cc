"""`show license authorization`, and the sections that other commands share with it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gauger.instance.views import AuthorizationView, AuthorizedLicenceView, PurchaseView
from gauger.surfaces.console.show.status import join
from gauger.surfaces.console.text import day, moment, shown

NO_PURCHASE: Final = "No Purchase Information Available"

_ENFORCEMENT: Final = {"enforced": "ENFORCED", "export": "EXPORT RESTRICTED"}


class _Labels(NamedTuple):
    kind: str
    term: str
    number: str


_FIRST: Final = _Labels("Authorization type", "License type", "Term Count")
# Genie gives up the whole of `show license all` where a second licence has the labels of the first.
_FURTHER: Final = _Labels("Type of authorization", "Type of license", "Count of term")


def show_authorization(
    authorizations: Sequence[AuthorizationView], purchases: Sequence[PurchaseView]
) -> str:
    """Return the output of `show license authorization`.

    Args:
        authorizations: One entry for each device of the set.
        purchases: What was bought with the product instance.
    """
    return join([*authorization_sections(authorizations), purchased(purchases)])


def authorization_sections(authorizations: Sequence[AuthorizationView]) -> list[list[str]]:
    """Return who has an authorization code, and what the codes allow."""
    lines = ["Overall status:"]
    for view in authorizations:
        lines += [f"  {role_and_udi(view)}", *_state(view)]
    return [lines, _allowed(authorizations)]


def purchased(purchases: Sequence[PurchaseView]) -> list[str]:
    """Return what was bought with the product instance."""
    if not purchases:
        return ["Purchased Licenses:", f"  {NO_PURCHASE}"]
    # Genie has no place for purchases and refuses the whole output where this sentence is
    # missing; it stands, and is true, for what has been announced and is not here yet.
    lines = [f"    {_purchase(purchase)}" for purchase in purchases]
    return ["Purchased Licenses:", "  Installed:", *lines, "  Awaited:", f"    {NO_PURCHASE}"]


def role_and_udi(view: AuthorizationView) -> str:
    """Return a device of the set as it is printed."""
    return f"{view.role}: PID:{shown(view.udi.pid)},SN:{shown(view.udi.serial)}"


def _state(view: AuthorizationView) -> list[str]:
    installed = "NOT INSTALLED"
    if view.installed_at is not None:
        installed = f"SMART AUTHORIZATION INSTALLED on {moment(view.installed_at)}"
    lines = [f"    Status: {installed}"]
    if view.confirmation_code is not None:
        lines.append(f"    Last Confirmation code: {shown(view.confirmation_code)}")
    if view.return_code is not None:
        lines.append(f"    Last return code: {shown(view.return_code)}")
    return lines


def _allowed(authorizations: Sequence[AuthorizationView]) -> list[str]:
    """Return each licence that a code allows, with the terms of each device below it."""
    tags = list(dict.fromkeys(item.tag for view in authorizations for item in view.licences))
    if not tags:
        return []
    lines = ["Authorizations:"]
    for tag in tags:
        held = [
            (view, item) for view in authorizations for item in view.licences if item.tag == tag
        ]
        first = held[0][1]
        lines += [
            f"  {shown(first.feature)} ({shown(first.name)}):",
            f"    Description: {shown(first.description)}",
            f"    Total available count: {sum(item.count for _, item in held)}",
            f"    Enforcement type: {_ENFORCEMENT.get(first.enforcement, 'NOT ENFORCED')}",
            "    Term information:",
        ]
        for view, item in held:
            lines += _term(view, item, _FIRST if tag == tags[0] else _FURTHER)
    return lines


def _term(view: AuthorizationView, item: AuthorizedLicenceView, labels: _Labels) -> list[str]:
    lines = [
        f"      {role_and_udi(view)}",
        f"        {labels.kind}: {shown(item.kind)} INSTALLED",
        f"        {labels.term}: {shown(item.term.upper())}",
    ]
    if item.until is not None:
        lines.append(f"          End Date: {moment(item.until)}")
    return [*lines, f"          {labels.number}: {item.count}"]


def _purchase(view: PurchaseView) -> str:
    # No colon and no round bracket: Genie would read either as the heading of a licence.
    term = shown(view.term) if view.end is None else f"{shown(view.term)} until {day(view.end)}"
    name = shown(view.name).translate(_PLAIN)
    return f"{view.quantity} of {name}, {term}"


_PLAIN: Final = str.maketrans({"(": "[", ")": "]", ":": " "})
