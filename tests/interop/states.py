"""States of a product instance, generated as a product of what may differ."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gauger.core.identity import AccountRef, Udi
from gauger.core.profiles import Profile
from gauger.instance.views import AccountView, StatusView, TransportView, TrustView
from tests.surfaces.console import scripted
from tests.surfaces.console.scripted import NOW, ScriptedAgent

_TRANSPORTS = (
    TransportView(kind="cslu", url=None, proxy=None),
    TransportView(kind="off", url=None, proxy=None),
    TransportView(kind="smart", url="https://cssm.example.com/licservice/license", proxy=None),
)
_POLICIES = (
    scripted.policy(),
    scripted.policy(scripted.CUSTOM_DAYS, name="Custom Policy", installed_at=NOW),
)
_REPORTING = (
    scripted.NO_REPORTING,
    replace(scripted.NO_REPORTING, push_interval_days=30, next_push=NOW + 1, last_push=NOW),
    scripted.ACKNOWLEDGED.reporting,
    replace(scripted.ACKNOWLEDGED.reporting, next_ack_deadline=NOW - 86_400),
)
_STANDBY = Udi("C9800-CL-K9", "GGR0002")
_TRUST: tuple[tuple[TrustView, ...], ...] = (
    (scripted.trust("Active", scripted.UDI, None),),
    (scripted.trust("Active", scripted.UDI, NOW, "factory"),),
    (scripted.trust("Active", scripted.UDI, NOW, "cssm"),),
    (
        scripted.trust("Active", scripted.UDI, NOW, "cssm"),
        scripted.trust("Standby", _STANDBY, NOW + 1, "cssm"),
    ),
)
_ACCOUNTS = (None, AccountView(account=AccountRef("example.com", "Branch 7"), as_of=NOW))
_AGENTS = ("5.3.10_rel/25", "5.11.4_gauger/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state to be parsed."""

    status: StatusView
    profile: Profile

    def agent(self) -> ScriptedAgent:
        """Return a product instance in this state."""
        return ScriptedAgent(profile=self.profile, state=self.status)


def states() -> Iterator[State]:
    """Yield every combination: 3 transports x 2 policies x 4 x 4 trusts x 2 accounts x 2 agents."""
    parts = (_TRANSPORTS, _POLICIES, _REPORTING, _TRUST, _ACCOUNTS, _AGENTS)
    for transport, policy, reporting, trust, account, agent in itertools.product(*parts):
        status = replace(
            scripted.FRESH,
            transport=transport,
            policy=policy,
            reporting=reporting,
            trust=trust,
            account=account,
        )
        yield State(status=status, profile=scripted.product("17.9.4", agent))
