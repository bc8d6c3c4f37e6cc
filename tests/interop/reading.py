"""What a parser read, put back into the values of the product instance.

Nothing of the console helps here: a time that it printed wrongly is read wrongly, and differs.
"""

import calendar
import re
import time
from dataclasses import dataclass
from typing import Any

from gauger.core.identity import AccountRef, Udi
from gauger.instance.views import (
    AccountView,
    AuthorizationView,
    PolicyGroupView,
    PolicyView,
    ReportDetailView,
    ReportingView,
    ReportsSummaryView,
    StatusView,
    TransportView,
    UsageView,
)

Parsed = dict[str, Any]

_GROUPS = {
    "perpetual": "unenforced_non_export_perpetual_attributes",
    "subscription": "unenforced_non_export_subscription_attributes",
    "enforced": "enforced_perpetual_subscription_license_attributes",
    "export": "export_perpetual_subscription_license_attributes",
}
_SWITCH = {"yes": True, "no": False, "ENABLED": True, "DISABLED": False}
_KINDS = {"Transport Off": "off"}
_NOT_CONFIGURED = "Not Configured"
LOST_PROXY = ""
"""What Genie makes of a proxy (tests/interop/known_losses.toml, ``genie-proxy``)."""


def when(text: str) -> int | None:
    """Read a time as `show license` prints it."""
    if text.strip() == "<none>":
        return None
    return calendar.timegm(time.strptime(text.strip(), "%b %d %H:%M:%S %Y UTC"))


def _number_and_source(text: str) -> tuple[int, str]:
    number, _, source = text.partition(" (")
    return int(number), source.removesuffix(")")


def account(parsed: Parsed) -> AccountView | None:
    """Read the section of the account."""
    if parsed["smart_account"] == "<none>":
        assert parsed["virtual_account"] == "<none>"
        return None
    name, _, as_of = parsed["smart_account"].rpartition(" As of ")
    at = when(as_of)
    assert at is not None
    return AccountView(account=AccountRef(name, parsed["virtual_account"]), as_of=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What a parser can say of how reports leave."""

    kind: str
    url: str | None
    proxy: str | None
    vrf: str | None

    @classmethod
    def read(cls, parsed: Parsed) -> "Transport":
        """Read the section of the transport."""
        url = parsed.get("url") or parsed.get("cslu_address")
        return cls(
            kind=_KINDS.get(parsed["type"], parsed["type"].lower()),
            url=None if url == "<empty>" else url,
            proxy=None if parsed.get("proxy") == _NOT_CONFIGURED else parsed.get("proxy"),
            vrf=_vrf(parsed.get("vrf", _NOT_CONFIGURED).strip()),
        )

    @classmethod
    def of(cls, view: TransportView, *, with_vrf: bool) -> "Transport":
        """Say what Genie should read; in `show license all` it loses a VRF on one line."""
        # Nothing is printed of the way where this agent sends nothing.
        is_told = view.kind in {"smart", "cslu"}
        proxy = None if view.proxy is None or not is_told else LOST_PROXY
        vrf = view.vrf if is_told and with_vrf else None
        return cls(kind=view.kind, url=view.url if is_told else None, proxy=proxy, vrf=vrf)

    @classmethod
    def whole(cls, view: TransportView) -> "Transport":
        """Say what Genie should read of `show license tech support`, where it loses nothing."""
        if view.kind not in {"smart", "cslu"}:
            return cls(kind=view.kind, url=None, proxy=None, vrf=None)
        return cls(kind=view.kind, url=view.url, proxy=view.proxy, vrf=view.vrf)


def _vrf(text: str) -> str | None:
    return None if text in {"<empty>", _NOT_CONFIGURED} else text


def policy(parsed: Parsed) -> PolicyView:
    """Read the section of the policy."""
    required, _, source = parsed["reporting_ack_required"].partition(" (")
    in_use = parsed["policy_in_use"]
    is_default = in_use == "Merged from multiple sources."
    return PolicyView(
        name=parsed.get("policy_name"),
        installed_at=None if is_default else when(in_use.removeprefix("Installed On ")),
        is_default=is_default,
        ack_required=_SWITCH[required],
        source=source.removesuffix(")"),
        groups=tuple(_group(group, parsed[key]) for group, key in _GROUPS.items()),
    )


def _group(group: str, parsed: Parsed) -> PolicyGroupView:
    first, source = _number_and_source(parsed["first_report_requirement_days"])
    frequency, same = _number_and_source(parsed["reporting_frequency_days"])
    change, again = _number_and_source(parsed["report_on_change_days"])
    assert source == same == again
    return PolicyGroupView(
        group=group, first_report=first, frequency=frequency, on_change=change, source=source
    )


def reporting(parsed: Parsed) -> ReportingView:
    """Read reporting in times."""
    interval = parsed["reporting_push_interval"]
    days = re.fullmatch(r"(\d+)  days|0 \(no reporting\)", interval)
    assert days is not None, interval
    return ReportingView(
        last_ack=when(parsed["last_ack_received"]),
        next_ack_deadline=when(parsed["next_ack_deadline"]),
        push_interval_days=int(days[1] or 0),
        next_ack_check=when(parsed["next_ack_push_check"]),
        next_push=when(parsed["next_report_push"]),
        last_push=when(parsed["last_report_push"]),
        last_file_write=when(parsed["last_report_file_write"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What both `show license status` and `show license all` say."""

    account: AccountView | None
    transport: Transport
    policy: PolicyView
    reporting: ReportingView
    sends_hostname: bool
    sends_version: bool
    custom_id: str | None
    utility: bool
    trust: tuple[tuple[str, Udi | None, int], ...]

    @classmethod
    def read(cls, parsed: Parsed) -> "Status":
        """Read either."""
        assert parsed["smart_licensing_using_policy"] == {"status": "ENABLED"}
        privacy, named = parsed["data_privacy"], parsed["miscellaneous"]["custom_id"]
        withheld = _SWITCH[privacy["smart_licensing_hostname_privacy"]]
        assert withheld is not _SWITCH[privacy["sending_hostname"]]
        return cls(
            account=account(parsed["account_information"]),
            transport=Transport.read(parsed["transport"]),
            policy=policy(parsed["policy"]),
            reporting=reporting(parsed["usage_reporting"]),
            sends_hostname=_SWITCH[privacy["sending_hostname"]],
            sends_version=not _SWITCH[privacy["version_privacy"]],
            custom_id=None if named == "<empty>" else named,
            utility=_SWITCH[parsed["utility"]["status"]],
            trust=_trust(parsed.get("trust_code_installed", " <none>")),
        )

    @classmethod
    def of(cls, view: StatusView, *, is_all: bool) -> "Status":
        """Say what a parser should read of the device's status.

        Args:
            view: The status.
            is_all: Whether it is read of `show license all`, where trust is told in a block.
        """
        return cls(
            account=view.account,
            transport=Transport.of(view.transport, with_vrf=not is_all),
            policy=view.policy,
            reporting=view.reporting,
            sends_hostname=view.sends_hostname,
            sends_version=view.sends_version,
            custom_id=view.custom_id,
            utility=view.utility.is_enabled,
            trust=tuple(
                (member.role.lower(), member.udi if is_all else None, member.installed_at)
                for member in view.trust
                if member.installed_at is not None
            ),
        )


def _trust(parsed: str | dict[str, Parsed]) -> tuple[tuple[str, Udi | None, int], ...]:
    if isinstance(parsed, str):
        at = when(parsed)
        return () if at is None else (("active", None, at),)
    return tuple(
        (role, Udi(block["pid"], block["sn"]), _installed(block["info"]))
        for role, block in parsed.items()
    )


def _installed(text: str) -> int:
    at = when(text.removeprefix("INSTALLED on "))
    assert at is not None
    return at


def for_support(parsed: Parsed) -> Parsed:
    """Return the status of `show license tech support` as `show license all` has it."""
    way, times = parsed["transport"], parsed["usage_reporting"]
    proxy = way.get("proxy")
    if isinstance(proxy, dict) and proxy:
        proxy = f"{proxy['address']}:{proxy['port']}"
    interval, _, _ = times["reporting_push_interval"].partition(" State(")
    return parsed | {
        "smart_licensing_using_policy": {
            "status": parsed["smart_licensing_using_policy"]["status"]
        },
        "transport": way | {"proxy": proxy or _NOT_CONFIGURED},
        "usage_reporting": times | {"reporting_push_interval": interval},
    }


def handles(parsed: dict[str, Parsed]) -> set[tuple[object, ...]]:
    """Read the licences of `show license tech support`; a number stands behind the status."""
    return licences(
        {
            f"{block['license']} {number}": block | {"status": block["status"].partition("(")[0]}
            for number, block in parsed.items()
        }
    )


def licences(parsed: dict[str, Parsed]) -> set[tuple[object, ...]]:
    """Read blocks of licences: heading, words, count and kinds of each."""
    return {
        (
            heading,
            block["description"],
            block["count"],
            block["version"],
            block["status"],
            block["export_status"],
            block["feature_name"],
            block["feature_description"],
            block["enforcement_type"],
            block["license_type"],
        )
        for heading, block in parsed.items()
    }


_ENFORCEMENT = {"enforced": "ENFORCED", "export": "EXPORT RESTRICTED"}


def licences_of(usage: tuple[UsageView, ...]) -> set[tuple[object, ...]]:
    """Say what a parser should read of the licences in use."""
    return {
        (
            f"{view.feature} ({view.name}):",
            view.description,
            view.count,
            view.version,
            view.status,
            "RESTRICTED - ALLOWED" if view.group == "export" else "NOT RESTRICTED",
            view.feature,
            view.description,
            _ENFORCEMENT.get(view.group, "NOT ENFORCED"),
            "Subscription" if view.subscription else "Perpetual",
        )
        for view in usage
    }


def reports(parsed: Parsed) -> ReportsSummaryView:
    """Read the counts of reports."""
    return ReportsSummaryView(
        total=int(parsed["total"]),
        purged=int(parsed["purged"]),
        acknowledged=int(parsed["total_acknowledged_received"]),
        waiting=int(parsed["waiting_for_ack"]),
        available=int(parsed["available_to_report"]),
        collecting=int(parsed["collecting_data"]),
    )


def ntc(row: dict[str, str]) -> "dict[str, object]":
    """Read the one row of ntc-templates."""
    return {
        "enabled": row["sl_enabled"],
        "transport": _KINDS.get(row["transport_type"], row["transport_type"].lower()),
        "url": row["url"],
        "proxy": f"{row['proxy_address']}:{row['proxy_port']}".strip(":"),
        "vrf": _vrf(row["vrf"] or _NOT_CONFIGURED),
        "account": (row["smart_acct"], row["virt_acct"]),
        "reporting": reporting(
            {
                "last_ack_received": row["last_ack_received"],
                "next_ack_deadline": row["next_ack_deadline"],
                "reporting_push_interval": row["rpt_push_interval"],
                "next_ack_push_check": row["next_ack_push_check"],
                "next_report_push": row["next_rpt_push"],
                "last_report_push": row["last_rpt_push"],
                "last_report_file_write": row["last_rpt_file_write"],
            }
        ),
    }


def ntc_of(view: StatusView) -> "dict[str, object]":
    """Say what ntc-templates should read of the device's status."""
    account = None if view.account is None else view.account.account
    way = view.transport
    return {
        "enabled": "ENABLED",
        "transport": way.kind,
        # It has no place for the address of a CSLU (known_losses.toml, ``ntc-cslu-address``).
        "url": (way.url or "") if way.kind == "smart" else "",
        "proxy": (way.proxy or "") if way.kind in {"smart", "cslu"} else "",
        "vrf": way.vrf if way.kind in {"smart", "cslu"} else None,
        "account": ("<none>", "<none>")
        if account is None
        else (account.smart_account, account.virtual_account),
        "reporting": view.reporting,
    }


def rows(parsed: Parsed) -> set[tuple[str, str, int, str]]:
    """Read the table of `show license summary`."""
    return {
        (row["license"], name, int(row["count"]), row["status"]) for name, row in parsed.items()
    }


def rows_of(usage: tuple[UsageView, ...]) -> set[tuple[str, str, int, str]]:
    """Say what a parser should read of it; what is wider than its column is cut there."""
    return {
        (_cut(view.feature, 23), _cut(view.name, 25), view.count, view.status) for view in usage
    }


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


Term = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What Genie can say of one device's authorization codes.

    Attributes:
        udi: The device.
        installed_at: When a code was installed, or None; ``0`` where its state is lost.
        confirmation_code: The last one.
        return_code: The last one.
        licence: The first one that is allowed: description, count, enforcement, terms.
    """

    udi: Udi
    installed_at: int | None
    confirmation_code: str | None
    return_code: str | None
    licence: tuple[object, ...] | None


_LOST = 0


def authorization(parsed: Parsed, *, has_usage: bool) -> Authorization:
    """Read the authorization codes of one device.

    Args:
        parsed: The section.
        has_usage: Whether any licence is told before it: without one, Genie loses the state
            (known_losses.toml, ``genie-state-of-authorization``).
    """
    active = parsed["overall_status"]["active"]
    assert has_usage == ("status" in active)
    state = active.get("status", "")
    installed = state.removeprefix("SMART AUTHORIZATION INSTALLED on ")
    at = when(installed) if installed != state else None
    allowed = parsed.get("authorizations")
    return Authorization(
        udi=Udi(active["pid"], active["sn"]),
        installed_at=at if has_usage else _LOST,
        confirmation_code=active.get("last_confirmation_code"),
        return_code=active.get("last_return_code"),
        licence=None if allowed is None else _allowed(allowed),
    )


def _allowed(parsed: Parsed) -> tuple[object, ...]:
    term = parsed["term_information"]["active"]
    return (
        parsed["description"],
        int(parsed["total_available_count"]),
        parsed["enforcement_type"],
        term["authorization_type"],
        term["license_type"],
        int(term["term_count"]),
        Udi(term["pid"], term["sn"]),
    )


def authorization_of(view: AuthorizationView, usage: tuple[UsageView, ...]) -> Authorization:
    """Say what Genie should read of them: of several licences, the first one only."""
    first = view.licences[0] if view.licences else None
    return Authorization(
        udi=view.udi,
        installed_at=view.installed_at if usage else _LOST,
        confirmation_code=view.confirmation_code,
        return_code=view.return_code,
        licence=None
        if first is None
        else (
            first.description,
            first.count,
            _ENFORCEMENT.get(first.enforcement, "NOT ENFORCED"),
            f"{first.kind} INSTALLED",
            first.term.upper(),
            first.count,
            view.udi,
        ),
    )


def report(parsed: Parsed) -> ReportDetailView:
    """Read one report; its flag is printed in the table only, and a sound one has ``N``."""
    ((number, block),) = parsed["report_id"].items()
    verdict = block["transaction_message"]
    start, end = when(block["start_time"]), when(block["end_time"])
    assert start is not None
    assert end is not None
    assert (block["metric_name"], block["transaction_id"]) == ("ENTITLEMENT", "0")
    return ReportDetailView(
        report_id=int(number),
        feature=block["feature_name"],
        tag=block["metric_value"],
        udi=Udi(block["udi"]["pid"], block["udi"]["sn"]),
        previous_id=int(block["previous_report_id"]),
        next_id=int(block["next_report_id"]),
        state=block["state"],
        flag="N",
        reason=block["state_change_reason"],
        start=start,
        end=end,
        storage=block["storage_state"],
        verdict=None if verdict == "<none>" else verdict,
    )
