"""A product instance that answers from a script: the console is tested for what it prints."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from gauger import profiles
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.core.releases import Release
from gauger.instance.config import DEFAULTS, ConfigChange, ConfigKey, Configuration
from gauger.instance.history import Heading
from gauger.instance.messages import Messages
from gauger.instance.ports import Codes, LaterReloads, Operations, UserAccounts
from gauger.instance.settings import apply_change
from gauger.instance.tallies import Tallies
from gauger.instance.tech_views import HandleView, SystemView, TechView
from gauger.instance.views import (
    AccountView,
    AuthorizationView,
    CodeRequested,
    EventView,
    HistoryView,
    ImportResult,
    LoggingView,
    PolicyGroupView,
    PolicyView,
    PurchaseView,
    ReportDetailView,
    ReportingView,
    ReportRow,
    ReportsSummaryView,
    RootView,
    Scope,
    Selection,
    StatusView,
    SyncResult,
    TransportView,
    TrustView,
    UsageView,
    UserSecretView,
)

NOW = 1_634_880_630
UDI = Udi("C9800-CL-K9", "GGR0001")
GROUPS = ("perpetual", "subscription", "enforced", "export")
DEFAULT_DAYS = ((365, 0, 90), (90, 90, 90), (0, 0, 0), (0, 0, 0))
CUSTOM_DAYS = ((365, 0, 90), (90, 90, 90), (365, 90, 90), (365, 90, 90))
TAG = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"


def product(release: str = "17.9.4", agent: str = "5.8.12_gauger/1") -> Profile:
    """Return the profile of a product with another release and agent."""
    return replace(
        profiles.builtin("c9800-cl"), release=Release.parse(release), agent_version=agent
    )


def policy(
    days: Sequence[tuple[int, int, int]] = DEFAULT_DAYS,
    *,
    name: str | None = None,
    installed_at: int | None = None,
) -> PolicyView:
    """Return a policy; the default one where it has no name."""
    source = "CISCO default" if name is None else "Customer Policy"
    groups = tuple(
        PolicyGroupView(
            group=group,
            first_report=first,
            frequency=frequency,
            on_change=change,
            source=source,
        )
        for group, (first, frequency, change) in zip(GROUPS, days, strict=True)
    )
    return PolicyView(
        name=name,
        installed_at=installed_at,
        is_default=name is None,
        ack_required=True,
        source=source,
        groups=groups,
    )


def trust(role: str, udi: Udi, at: int | None, origin: str | None = None) -> TrustView:
    """Return the trust code of one device."""
    return TrustView(role=role, udi=udi, installed_at=at, origin=origin)


NO_REPORTING = ReportingView(
    last_ack=None,
    next_ack_deadline=None,
    push_interval_days=0,
    next_ack_check=None,
    next_push=None,
    last_push=None,
    last_file_write=None,
)

FRESH = StatusView(
    now=NOW,
    account=None,
    transport=TransportView(kind="cslu", url=None, proxy=None),
    policy=policy(),
    reporting=NO_REPORTING,
    trust=(trust("Active", UDI, None),),
    sends_hostname=True,
    notices=(),
)

ACKNOWLEDGED = replace(
    FRESH,
    account=AccountView(account=AccountRef("example.com", "DEFAULT"), as_of=NOW),
    transport=TransportView(
        kind="smart", url="https://cssm.example.com:8443/licservice/license", proxy=None
    ),
    policy=policy(CUSTOM_DAYS, name="Custom Policy", installed_at=NOW),
    reporting=ReportingView(
        last_ack=NOW,
        next_ack_deadline=NOW + 90 * 86_400,
        push_interval_days=30,
        next_ack_check=NOW + 300,
        next_push=NOW + 30 * 86_400,
        last_push=NOW,
        last_file_write=NOW - 60,
    ),
    trust=(trust("Active", UDI, NOW, "cssm"),),
)


def usage(
    feature: str = "air-network-advantage",
    name: str = "DNA_NWStack",
    count: int = 2,
    *,
    group: str = "perpetual",
    description: str | None = None,
    status: str | None = None,
) -> UsageView:
    """Return one licence in use."""
    return UsageView(
        tag=TAG,
        feature=feature,
        name=name,
        description=feature if description is None else description,
        count=count,
        version="1.0",
        status=status or ("IN USE" if count else "NOT IN USE"),
        group=group,
        subscription=group == "subscription",
        first_use=NOW,
    )


IN_USE = (
    usage(),
    usage("air-dna-advantage", "AIR-DNA-A", 2, group="subscription"),
    usage("air-network-essentials", "DNA_NWSTACK_E", 0),
)

ROWS = (
    ReportRow(report_id=1_634_880_001, state="ACK", flag="N", feature="air-network-advantage"),
    ReportRow(report_id=1_634_880_002, state="UNACK", flag="E", feature="air-dna-advantage"),
    ReportRow(report_id=1_634_880_003, state="OPEN", flag="N", feature="air-network-advantage"),
)

DETAIL = ReportDetailView(
    report_id=1_634_880_001,
    feature="air-network-advantage",
    tag=TAG,
    udi=UDI,
    previous_id=0,
    next_id=1_634_880_003,
    state="ACK",
    flag="N",
    reason="ACKED",
    start=NOW - 900,
    end=NOW,
    storage="EXIST",
    verdict=None,
)

EVENTS = (
    EventView(sequence=1, at=NOW, name="SAEVT_READY", fields=(), text=""),
    EventView(
        sequence=2,
        at=NOW + 1,
        name="SAEVT_ENDPOINT_USAGE",
        fields=(("count", "2"), ("entitlementTag", TAG)),
        text="",
    ),
)

A_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"
    "$RdescudvJCsgt3ub+b+dWRWJTmaaJObGRdescudvJCs"
)

NO_HISTORY = tuple(
    HistoryView(heading=heading.value, is_import=heading.is_import) for heading in Heading
)


MACHINE = SystemView(hostname="ctrl-7", now=NOW, uptime=3_605, is_clock_set=True, version="0.3.0")

TECHNICAL = TechView(
    is_first=False,
    policy_days=90,
    next_sample=NOW + 90,
    may_report=True,
    blocked=None,
    exchanges=Tallies().views(),
    handles=(
        HandleView(
            tag=TAG, since=NOW - 900, requested_at=NOW - 60, open_id=1_634_880_003, previous_id=0
        ),
    ),
    stored=3,
    unreadable=0,
    log_bytes=2_048,
    trust_number=1,
    is_reserved=False,
)


@dataclass
class ScriptedReloads:
    """A reload that is to come, and never does."""

    at: int | None = None

    def schedule(self, seconds: int) -> int:
        self.at = NOW + seconds
        return self.at

    def cancel(self) -> bool:
        was, self.at = self.at, None
        return was is not None


@dataclass(slots=True)
class ScriptedCodes:
    """Authorization codes by script."""

    agent: "ScriptedAgent"

    def request(self, mode: str, licence: str, count: int | None) -> CodeRequested:
        self.agent.note("request", mode, licence, count)
        return self.agent.requested

    def save(self, path: Path) -> None:
        self.agent.note("save_request", path)

    def give_back(self, *, online: bool, path: Path | None) -> str:
        self.agent.note("give_back", online, path)
        return "CqaUPW-WSPYiq-ZNU2ci-SnWydS-hBCXHP-MuyPqy"


@dataclass(slots=True)
class ScriptedAgent:
    """Answers what it is told to, and remembers what it was asked."""

    profile: Profile = field(default_factory=product)
    udi: Udi = UDI
    state: StatusView = ACKNOWLEDGED
    in_use: tuple[UsageView, ...] = IN_USE
    bought: tuple[PurchaseView, ...] = ()
    authorized: tuple[AuthorizationView, ...] = (AuthorizationView(udi=UDI),)
    logged: tuple[EventView, ...] = EVENTS
    machine: SystemView = MACHINE
    technical: TechView = TECHNICAL
    messages: Messages = field(default_factory=Messages)
    log: LoggingView = field(default_factory=LoggingView)
    history: tuple[HistoryView, ...] = NO_HISTORY
    synced: SyncResult = field(
        default_factory=lambda: SyncResult(sent=2, acknowledged=2, waiting=False)
    )
    imported: ImportResult = field(default_factory=ImportResult)
    requested: CodeRequested = field(default_factory=CodeRequested)
    settings: Configuration = DEFAULTS
    saved: Configuration | None = None
    secrets: tuple[UserSecretView, ...] = ()
    later: ScriptedReloads = field(default_factory=ScriptedReloads)
    at_reload: list[Callable[[], None]] = field(default_factory=list)
    refusal: Problem | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    on_sync: Callable[[], object] = lambda: None

    @property
    def codes(self) -> Codes:
        return ScriptedCodes(self)

    @property
    def reloads(self) -> LaterReloads:
        return self.later

    def note(self, *what: object) -> None:
        self._note(*what)

    def report_text(self, report_id: int) -> str:
        self._note("report_text", report_id)
        return '{"payload": "{}"}'

    def reset_licensing(self) -> None:
        self._note("reset_licensing")

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.refusal is not None:
            raise self.refusal

    def now(self) -> int:
        return NOW

    def use(self, tag: str, count: int = 1) -> AbstractContextManager[None]:
        self._note("use", tag, count)
        return nullcontext()

    def set_count(self, tag: str, count: int) -> None:
        self._note("set_count", tag, count)

    def join_access_point(self, udi: Udi) -> None:
        self._note("join", udi)

    def leave_access_point(self, udi: Udi) -> None:
        self._note("leave", udi)

    def flush(self) -> None:
        self._note("flush")

    def sync(self, scope: Scope) -> SyncResult:
        self._note("sync", scope)
        self.on_sync()
        return self.synced

    def establish_trust(self, token: str, scope: Scope, *, force: bool) -> None:
        self._note("trust", token, scope, force)

    def save_usage(self, selection: Selection, path: Path) -> int:
        self._note("save", selection, path)
        return 1

    def save_trust_request(self, path: Path) -> None:
        self._note("save-trust-request", path)

    def import_file(self, path: Path) -> ImportResult:
        self._note("import", path)
        return self.imported

    @property
    def users(self) -> UserAccounts:
        raise AssertionError("no console command asks for users")

    def import_trust(self, paths: Sequence[Path]) -> tuple[str, ...]:
        self._note("import-trust", *paths)
        return ()

    def trust(self) -> RootView:
        return RootView(root_set=None, installed_at=None, newest=0)

    def configure(self, changes: Sequence[ConfigChange], *, save: bool = True) -> None:
        self._note("configure", *changes)
        for change in changes:
            if change.key is ConfigKey.USERNAME:
                continue
            value = (change.value or "").removeprefix("9 ")
            if change.key is ConfigKey.ENABLE_SECRET and change.value:
                # What is typed in plain is hashed by the agent; here it is forgotten.
                value = value if value.startswith("$") else A_HASH
                self.settings = apply_change(self.settings, replace(change, value=value))
                continue
            self.settings = apply_change(self.settings, change)
        if save:
            self.saved = self.settings

    def startup_configuration(self) -> Configuration | None:
        return self.saved

    def save_configuration(self) -> None:
        self._note("save-configuration")
        self.saved = self.settings

    def erase_configuration(self) -> None:
        self._note("erase-configuration")
        self.saved = None

    def check_enable(self, password: str) -> None:
        self._note("enable", password)

    def user_secrets(self) -> tuple[UserSecretView, ...]:
        return self.secrets

    def hostname(self) -> str:
        return self.settings.hostname or "device"

    def on_reload(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.at_reload.append(callback)
        return lambda: self.at_reload.remove(callback)

    def reload(self) -> None:
        self._note("reload")
        for callback in tuple(self.at_reload):
            callback()
        self.settings = self.saved or DEFAULTS

    def configuration(self) -> Configuration:
        return self.settings

    def status(self) -> StatusView:
        return self.state

    def usage(self) -> tuple[UsageView, ...]:
        return self.in_use

    def reports_summary(self) -> ReportsSummaryView:
        return ReportsSummaryView(
            total=3, purged=0, acknowledged=1, waiting=1, available=1, collecting=1
        )

    def report_rows(self) -> tuple[ReportRow, ...]:
        return ROWS

    def report_detail(self, report_id: int) -> ReportDetailView:
        self._note("detail", report_id)
        return replace(DETAIL, report_id=report_id)

    def purchases(self) -> tuple[PurchaseView, ...]:
        return self.bought

    def authorizations(self) -> tuple[AuthorizationView, ...]:
        return self.authorized

    def system(self) -> SystemView:
        return self.machine

    def tech(self) -> TechView:
        return self.technical

    def events(self, days: int | None = None) -> tuple[EventView, ...]:
        self._note("events", days)
        return self.logged

    def logging(self) -> LoggingView:
        return self.log

    def message_history(self) -> tuple[HistoryView, ...]:
        return self.history

    def clear_events(self) -> None:
        self._note("clear-events")


def _is_complete(agent: ScriptedAgent) -> Operations:
    """Let the type checker prove that the script has every operation."""
    return agent
