"""States of a product instance, generated as a product of what may differ."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypedDict

from gauger.core.identity import AccountRef
from gauger.instance.views import (
    AccountView,
    AuthorizationView,
    AuthorizedLicenceView,
    PolicyView,
    ReportingView,
    ReportsSummaryView,
    TransportView,
    TrustView,
    UsageView,
    UtilityView,
)
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import NO_REPORTING, NOW, UDI, ScriptedAgent

DAY: Final = 86_400
HSEC: Final = AuthorizedLicenceView(
    tag="regid.2019-03.com.cisco.DNA_HSEC,1.0_509c41ab-05a8-431f-95fe-ec28086e8844",
    feature="hseck9",
    name="DNA_HSEC",
    description="High Security (HSEC)",
    count=3,
    enforcement="export",
    term="perpetual",
)
_PERPETUAL: Final = scripted.usage()
_SUBSCRIPTION: Final = scripted.usage("air-dna-advantage", "AIR-DNA-A", 7, group="subscription")
_EXPORT: Final = scripted.usage(HSEC.feature, HSEC.name, 1, group="export")
_ENFORCED: Final = scripted.usage("perf-boost", "PERF_BOOST", 1, group="enforced")
_ENDED: Final = scripted.usage("air-network-essentials", "DNA_NWSTACK_E", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How far a product instance has come.

    Attributes:
        reporting: Its times.
        usage: What it uses.
        reports: How many reports are in which state.
    """

    reporting: ReportingView
    usage: tuple[UsageView, ...]
    reports: ReportsSummaryView


def _counts(**counts: int) -> ReportsSummaryView:
    names = ("total", "purged", "acknowledged", "waiting", "available", "collecting")
    return ReportsSummaryView(**{name: counts.get(name, 0) for name in names})


_ACKNOWLEDGED: Final = ReportingView(
    last_ack=NOW - 3600,
    next_ack_deadline=NOW + 90 * DAY - 3600,
    push_interval_days=30,
    next_ack_check=None,
    next_push=NOW + 30 * DAY - 3660,
    last_push=NOW - 3660,
    last_file_write=NOW - 7 * DAY,
)
LIVES: Final[Mapping[str, Life]] = MappingProxyType(
    {
        "fresh": Life(reporting=NO_REPORTING, usage=(), reports=_counts()),
        "used": Life(
            reporting=NO_REPORTING,
            usage=(_PERPETUAL,),
            reports=_counts(total=1, available=1, collecting=1),
        ),
        "first report pending": Life(
            reporting=replace(
                NO_REPORTING,
                next_ack_deadline=NOW + 90 * DAY,
                push_interval_days=30,
                next_push=NOW + 30 * DAY,
            ),
            usage=(_PERPETUAL, _SUBSCRIPTION),
            reports=_counts(total=2, available=2, collecting=2),
        ),
        "waiting for ACK": Life(
            reporting=replace(
                NO_REPORTING,
                next_ack_deadline=NOW + 60 * DAY,
                push_interval_days=30,
                next_ack_check=NOW + 290,
                next_push=NOW + 30 * DAY,
                last_push=NOW - 10,
            ),
            usage=(_PERPETUAL, _SUBSCRIPTION, _EXPORT),
            reports=_counts(total=6, waiting=3, available=3, collecting=3),
        ),
        "acknowledged": Life(
            reporting=_ACKNOWLEDGED,
            usage=(_PERPETUAL, _SUBSCRIPTION, _ENFORCED, _ENDED),
            reports=_counts(
                total=703, purged=288, acknowledged=698, waiting=1, available=4, collecting=4
            ),
        ),
        "overdue": Life(
            reporting=replace(
                _ACKNOWLEDGED,
                last_ack=NOW - 95 * DAY,
                next_ack_deadline=NOW - 5 * DAY,
                next_push=NOW - DAY,
            ),
            usage=(_SUBSCRIPTION, _ENDED),
            reports=_counts(total=9, acknowledged=4, waiting=3, available=2, collecting=1),
        ),
    }
)

_CUSTOM: Final = scripted.policy(
    scripted.CUSTOM_DAYS, name="Custom Policy (EU): 2 of 3", installed_at=NOW - 2 * DAY
)
_DEFAULT_GROUPS: Final = scripted.policy().groups
POLICIES: Final[Mapping[str, PolicyView]] = MappingProxyType(
    {
        "default": scripted.policy(),
        "custom": _CUSTOM,
        # An account's policy may leave a group to the default: each group tells whose it is.
        "merged": replace(
            _CUSTOM,
            name="Half a policy",
            groups=(*_CUSTOM.groups[:2], *_DEFAULT_GROUPS[2:]),
        ),
    }
)
TRUST: Final[Mapping[str, TrustView]] = MappingProxyType(
    {
        "none": scripted.trust("Active", UDI, None),
        "factory": scripted.trust("Active", UDI, NOW - 300 * DAY, "factory"),
        "installed": scripted.trust("Active", UDI, NOW - 2 * DAY, "cssm"),
    }
)
AUTHORIZATIONS: Final[Mapping[str, AuthorizationView]] = MappingProxyType(
    {
        "absent": AuthorizationView(udi=UDI),
        "installed": AuthorizationView(
            udi=UDI, installed_at=NOW - DAY, confirmation_code="7e57c0de", licences=(HSEC,)
        ),
        "returned": AuthorizationView(
            udi=UDI, confirmation_code="7e57c0de", return_code="CEL7AU-RaGyRi-dGWrct-59J"
        ),
    }
)
_URLS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "automatic": None,
        "callhome": None,
        "cslu": "https://cslu.example.com:8182/cslu/v1/pi",
        "off": None,
        "smart": "https://cssm.example.com/licservice/license",
    }
)
PROXIES: Final = (None, "proxy.example.com:3128")
_VRFS: Final = (None, "Mgmt-vrf")
_UTILITY: Final = UtilityView(
    is_enabled=True, customer=(("id", "4711"), ("name", "Example: Inc. (EU)"), ("city", "Bern"))
)
# Names of accounts are other people's words: what separates fields of ours may stand in them.
_NAMES: Final = (
    AccountRef("example.com", "DEFAULT"),
    AccountRef("nord.example.com", "Branch 7: Zürich, 2nd floor (EU)"),
    AccountRef("example.org", "Status: DISABLED"),
)
_PRODUCTS: Final = (
    scripted.product("17.9.4", "5.3.10_rel/25"),
    scripted.product("17.9.4", "5.11.4_gauger/1"),
    scripted.product("17.9.4", "6.3.10_gauger/1"),
)


@dataclass(slots=True)
class StagedAgent(ScriptedAgent):
    """A scripted product instance whose reports are told too."""

    counts: ReportsSummaryView = field(default_factory=_counts)

    def reports_summary(self) -> ReportsSummaryView:
        return self.counts


def states() -> Iterator[tuple[str, StagedAgent]]:
    """Yield a device for every combination, 6 x 3 x 3 x 3 x 5 x 2, with what it is a product of.

    Names of accounts and agent versions take turns.
    """
    parts = (LIVES, POLICIES, TRUST, AUTHORIZATIONS, _URLS, PROXIES)
    for number, picked in enumerate(itertools.product(*parts)):
        yield ", ".join(map(str, picked)), _device(number, picked)


class _Turns(TypedDict):
    sends_hostname: bool
    sends_version: bool
    custom_id: str | None
    utility: UtilityView


def _turns(number: int) -> _Turns:
    """Return what is switched in turns, each in another rhythm."""
    return _Turns(
        sends_hostname=number % 13 > 0,
        sends_version=number % 17 > 0,
        custom_id="Rack 7: top (left)" if number % 19 == 0 else None,
        utility=_UTILITY if number % 23 == 0 else UtilityView(),
    )


def _device(number: int, picked: tuple[str, str, str, str, str, str | None]) -> StagedAgent:
    life, policy, trust, authorization, transport, proxy = picked
    # A device without trust has no account; neither has one that only the factory trusts.
    names = _NAMES[number % len(_NAMES)] if trust == "installed" else None
    status = replace(
        scripted.FRESH,
        **_turns(number),
        account=None if names is None else AccountView(account=names, as_of=NOW - 3600),
        transport=TransportView(
            kind=transport, url=_URLS[transport], proxy=proxy, vrf=_VRFS[number // 11 % len(_VRFS)]
        ),
        policy=POLICIES[policy],
        reporting=LIVES[life].reporting,
        trust=(TRUST[trust],),
    )
    return StagedAgent(
        # Not in step with any of the parts: seven is prime to all of them.
        profile=_PRODUCTS[number // 7 % len(_PRODUCTS)],
        state=status,
        in_use=LIVES[life].usage,
        counts=LIVES[life].reports,
        authorized=(AUTHORIZATIONS[authorization],),
    )
