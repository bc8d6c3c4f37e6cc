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


def show_status(status: StatusView, profile: Profile) -> str:
    """Return the output of `show license status`.

    Args:
        status: The product instance at one moment.
        profile: Its product: release and agent decide which lines there are.
    """
    sections = [
        utility(),
        policy_mode(),
        account(status, profile),
        privacy(status),
        transport(status.transport, profile),
        policy(status.policy),
        miscellaneous(),
        reporting(status.reporting),
        _trust_on_one_line(status.trust),
        _notices(status.notices),
    ]
    return join(sections)


def join(sections: Sequence[Sequence[str]]) -> str:
    """Return the sections as text, an empty line between any two."""
    return "\n\n".join("\n".join(section) for section in sections if section)


def utility() -> list[str]:
    """Return the section of utility billing, which this system does not do."""
    return ["Utility:", "  Status: DISABLED"]


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
        "  Version privacy: DISABLED",
    ]


def transport(view: TransportView, profile: Profile) -> list[str]:
    """Return the section that says how reports leave."""
    lines = ["Transport:", *_TRANSPORTS.get(view.kind, _other_transport)(view)]
    # Where nothing is sent, nothing is said of how: neither proxy nor VRF.
    if view.kind == "off":
        return lines
    lines += _proxy(view.proxy)
    if profile.allows(Feature.VRF):
        lines += ["  VRF:", "    Not Configured"]
    return lines


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


def miscellaneous() -> list[str]:
    """Return the section of the custom id."""
    return ["Miscellaneous:", f"  Custom Id: {EMPTY}"]


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


def trust_block(trust: Sequence[TrustView]) -> list[str]:
    """Return the trust codes with a block for each device that has one."""
    if not any(view.installed_at is not None for view in trust):
        return [f"Trust Code Installed: {NONE}"]
    lines = ["Trust Code Installed:"]
    for view in trust:
        lines.append(f"  {view.role}: {udi_text(view)}")
        if view.installed_at is None:
            lines.append("    NOT INSTALLED")
        else:
            lines.append(f"    INSTALLED on {moment(view.installed_at)}")
        lines += [f"  {line}" for line in _trust_origin(view)]
    return lines


def udi_text(view: TrustView) -> str:
    """Return a device's identity as it is printed."""
    return f"PID:{shown(view.udi.pid)},SN:{shown(view.udi.serial)}"


def _trust_on_one_line(trust: Sequence[TrustView]) -> list[str]:
    # Real devices print one line where there is one device, and blocks in a set.
    if len(trust) != 1 or trust[0].installed_at is None:
        return trust_block(trust)
    line = f"Trust Code Installed: {moment(trust[0].installed_at)}"
    return [line, *_trust_origin(trust[0])]


def _trust_origin(view: TrustView) -> list[str]:
    # A factory trust code does not open direct communication: an operator has to see which it is.
    return ["  Trust Code Type: Factory"] if view.origin == "factory" else []


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


def _off(_: TransportView) -> list[str]:
    return ["  Type: Transport Off"]


def _other_transport(view: TransportView) -> list[str]:
    return [f"  Type: {shown(view.kind.capitalize())}"]


_TRANSPORTS: Final[Mapping[str, Callable[[TransportView], list[str]]]] = MappingProxyType(
    {"smart": _smart, "cslu": _cslu, "off": _off}
)
