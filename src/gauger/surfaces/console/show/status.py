"""`show license status`, and the sections that `show license all` shares with it."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gauger.core.profiles import Profile
from gauger.core.releases import Feature
from gauger.instance.views import (
    PolicyGroupView,
    PolicyView,
    ReportingView,
    StatusView,
    TransportView,
    TrustView,
    UtilityView,
)
from gauger.surfaces.console.text import EMPTY, NONE, moment, shown

_GROUP_HEADINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "perpetual": "Unenforced/Non-Export Perpetual Attributes:",
        "subscription": "Unenforced/Non-Export Subscription Attributes:",
        "enforced": "Enforced (Perpetual/Subscription) License Attributes:",
        "export": "Export (Perpetual/Subscription) License Attributes:",
    }
)


NEWER_BLOCKS: Final = (5, 10, 1)
"""First agent with the state of a conversion, and the VRF on one line."""

TYPED_TRUST: Final = (6, 3, 0)
"""First agent that prints the type of each trust code."""

_CUSTOMER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "Id",
        "name": "Name",
        "street": "Street",
        "city": "City",
        "state": "State",
        "country": "Country",
        "postalcode": "Postal Code",
    }
)


def show_status(status: StatusView, profile: Profile) -> str:
    """Return the output of `show license status`.

    Args:
        status: The product instance at one moment.
        profile: Its product: release and agent decide which lines there are.
    """
    sections = [
        utility(status.utility),
        policy_mode(),
        account(status, profile),
        privacy(status),
        transport(status.transport, profile),
        policy(status.policy),
        miscellaneous(status),
        reporting(status.reporting),
        trust_on_one_line(status.trust, profile),
        _notices(status.notices),
    ]
    return join(sections)


def join(sections: Sequence[Sequence[str]]) -> str:
    """Return the sections as text, an empty line between any two."""
    return "\n\n".join("\n".join(section) for section in sections if section)


def utility(view: UtilityView, *, names: bool = True) -> list[str]:
    """Return the section of utility billing, and who is billed where it is on.

    Args:
        view: Utility billing.
        names: Whether to say who; Genie refuses the whole output for support that does.
    """
    lines = ["Utility:", f"  Status: {_switch(is_on=view.is_enabled)}"]
    if not (view.is_enabled and names):
        return lines
    # Genie takes a round bracket with a colon behind it for the heading of a licence.
    told = {part: shown(value).replace("(", "[") for part, value in view.customer}
    parts = (f"    {label}: {told.get(part, EMPTY)}" for part, label in _CUSTOMER.items())
    return [*lines, "  Customer Information:", *parts]


def policy_mode() -> list[str]:
    """Return the section that says which licensing model is in force.

    The reporting mode that newer agents add stands in `show license all` only: ntc-templates gives
    up the whole of `show license status` at a third line here.
    """
    return ["Smart Licensing Using Policy:", "  Status: ENABLED"]


def account(status: StatusView, profile: Profile) -> list[str]:
    """Return the section of the account, none before the release that shows it."""
    # Earlier devices print no such section, and parsers of their output know none.
    if not profile.allows(Feature.ACCOUNT_SHOWN):
        return []
    if status.account is None:
        smart, virtual = NONE, NONE
    else:
        names = status.account.account
        smart = f"{shown(names.smart_account)} As of {moment(status.account.as_of)}"
        virtual = shown(names.virtual_account)
    return ["Account Information:", f"  Smart Account: {smart}", f"  Virtual Account: {virtual}"]


def privacy(status: StatusView) -> list[str]:
    """Return the section that says what is withheld."""
    return [
        "Data Privacy:",
        f"  Sending Hostname: {'yes' if status.sends_hostname else 'no'}",
        "    Callhome hostname privacy: DISABLED",
        f"    Smart Licensing hostname privacy: {_switch(is_on=not status.sends_hostname)}",
        f"  Version privacy: {_switch(is_on=not status.sends_version)}",
    ]


def transport(view: TransportView, profile: Profile, *, checks: bool = False) -> list[str]:
    """Return the section that says how reports leave.

    Args:
        view: The transport.
        profile: Its release and agent decide which lines there are.
        checks: Whether the check of the portal's name has a line, as where support looks.
    """
    kind = _TRANSPORTS.get(view.kind)
    # Nothing is said of the way where nothing is sent, nor where another agent sends it: neither
    # proxy nor VRF are then this one's.
    if kind is None:
        return ["Transport:", f"  Type: {_KINDS.get(view.kind) or shown(view.kind.capitalize())}"]
    lines = ["Transport:", *kind(view), *_proxy(view.proxy)]
    if checks and profile.agent_level >= NEWER_BLOCKS:
        # Never off: without it anybody on the way could answer for the portal.
        lines.append("  Server Identity Check: True")
    return [*lines, *_vrf(view, profile)]


def _vrf(view: TransportView, profile: Profile) -> list[str]:
    if not profile.allows(Feature.VRF):
        return []
    # On a line of its own below a proxy, Genie would take `Not Configured` for the proxy's.
    is_on_line = view.vrf is not None or view.proxy is not None
    if is_on_line or profile.agent_level >= NEWER_BLOCKS:
        return [f"  VRF: {shown(view.vrf or '')}"]
    return ["  VRF:", "    Not Configured"]


def policy(view: PolicyView) -> list[str]:
    """Return the section of the policy in force: four groups with three values each."""
    installed = view.installed_at
    origin = "Merged from multiple sources." if installed is None else _installed_on(installed)
    lines = ["Policy:", f"  Policy in use: {origin}"]
    # The default has no name; an installed policy may have an empty one, and is still named.
    if view.name is not None and not view.is_default:
        lines.append(f"  Policy name: {shown(view.name)}")
    required = "yes" if view.ack_required else "no"
    lines.append(f"  Reporting ACK required: {required} ({shown(view.source)})")
    for group in view.groups:
        lines += _policy_group(group)
    return lines


def miscellaneous(status: StatusView) -> list[str]:
    """Return the section of the custom id."""
    return ["Miscellaneous:", f"  Custom Id: {shown(status.custom_id or '')}"]


def reporting(view: ReportingView) -> list[str]:
    """Return the seven lines of reporting in times."""
    days = view.push_interval_days
    return [
        "Usage Reporting:",
        f"  Last ACK received: {moment(view.last_ack)}",
        f"  Next ACK deadline: {moment(view.next_ack_deadline)}",
        # Two blanks: so real devices print it, and so parsers were written.
        f"  Reporting push interval: {f'{days}  days' if days else '0 (no reporting)'}",
        f"  Next ACK push check: {moment(view.next_ack_check)}",
        f"  Next report push: {moment(view.next_push)}",
        f"  Last report push: {moment(view.last_push)}",
        f"  Last report file write: {moment(view.last_file_write)}",
    ]


def trust_block(trust: Sequence[TrustView], profile: Profile) -> list[str]:
    """Return the trust codes with a block for each device, if any of them has one."""
    if not any(view.installed_at is not None for view in trust):
        return [f"Trust Code Installed: {NONE}"]
    is_typed = profile.agent_level >= TYPED_TRUST
    lines = _shared_type(trust) if is_typed else ["Trust Code Installed:"]
    for view in trust:
        lines += [*([""] if is_typed else []), f"  {view.role}: {udi_text(view)}"]
        if view.installed_at is None:
            lines.append("    NOT INSTALLED")
        else:
            lines.append(f"    INSTALLED on {moment(view.installed_at)}")
        lines += [f"  {line}" for line in _trust_origin(view, profile)]
    return lines


def _shared_type(trust: Sequence[TrustView]) -> list[str]:
    """Return the heading of typed trust codes: the newest agents name what a whole set shares."""
    kinds = {_kind(view) for view in trust if view.installed_at is not None}
    if len(trust) == 1 or len(kinds) != 1:
        return ["Trust Code Installed:"]
    return [f"Trust Code Installed:    Trust Code Type: {kinds.pop()}", f"    Attributes: {NONE}"]


def udi_text(view: TrustView) -> str:
    """Return a device's identity as it is printed."""
    return f"PID:{shown(view.udi.pid)},SN:{shown(view.udi.serial)}"


def trust_on_one_line(trust: Sequence[TrustView], profile: Profile) -> list[str]:
    """Return the trust codes: on one line where there is one device, as real devices do."""
    if len(trust) != 1 or trust[0].installed_at is None:
        return trust_block(trust, profile)
    line = f"Trust Code Installed: {moment(trust[0].installed_at)}"
    return [line, *_trust_origin(trust[0], profile)]


def _trust_origin(view: TrustView, profile: Profile) -> list[str]:
    if profile.agent_level >= TYPED_TRUST and view.installed_at is not None:
        return [f"  Trust Code Type: {_kind(view)}", f"  Attributes: {NONE}"]
    # A factory trust code does not open direct communication: an operator has to see which it is.
    return ["  Trust Code Type: Factory"] if view.origin == "factory" else []


def _kind(view: TrustView) -> str:
    return "Factory" if view.origin == "factory" else "CSSM"


def _notices(notices: Sequence[str]) -> list[str]:
    return ["Notices:", *(f"  {shown(notice)}" for notice in notices)] if notices else []


def _policy_group(view: PolicyGroupView) -> list[str]:
    source = shown(view.source)
    return [
        f"  {_GROUP_HEADINGS[view.group]}",
        f"    First report requirement (days): {view.first_report} ({source})",
        f"    Reporting frequency (days): {view.frequency} ({source})",
        f"    Report on change (days): {view.on_change} ({source})",
    ]


def _installed_on(seconds: int) -> str:
    return f"Installed On {moment(seconds)}"


def _switch(*, is_on: bool) -> str:
    return "ENABLED" if is_on else "DISABLED"


def _proxy(proxy: str | None) -> list[str]:
    if proxy is None:
        return ["  Proxy:", "    Not Configured"]
    # The last colon: an IPv6 address has more of them.
    host, _, port = proxy.rpartition(":")
    return [
        "  Proxy:",
        f"    Address: {shown(host)}",
        f"    Port: {shown(port)}",
        f"    Username: {EMPTY}",
        f"    Password: {EMPTY}",
    ]


def _smart(view: TransportView) -> list[str]:
    return ["  Type: Smart", f"  URL: {shown(view.url or '')}"]


def _cslu(view: TransportView) -> list[str]:
    return ["  Type: cslu", f"  Cslu address: {shown(view.url or '')}"]


_TRANSPORTS: Final[Mapping[str, Callable[[TransportView], list[str]]]] = MappingProxyType(
    {"smart": _smart, "cslu": _cslu}
)
_KINDS: Final[Mapping[str, str]] = MappingProxyType({"off": "Transport Off"})
