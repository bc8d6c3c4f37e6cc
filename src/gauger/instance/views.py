"""What a product instance shows: plain values that a console, an API or a model only formats."""

from dataclasses import dataclass
from enum import StrEnum

from gauger.core.identity import AccountRef, Udi
from gauger.core.ways import RemoteLogView


class Scope(StrEnum):
    """Whom an operator's command concerns."""

    LOCAL = "local"
    ALL = "all"


class SelectionKind(StrEnum):
    """Which reports a file takes in."""

    ALL = "all"
    DAYS = "days"
    REPORT = "rum-id"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which reports `license smart save usage` writes.

    Attributes:
        kind: All, those of the last days, one by its id, or those without an ACK.
        number: Days for ``DAYS``, the report id for ``REPORT``, else None.
    """

    kind: SelectionKind
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The account that the product instance belongs to, and since when that is known."""

    account: AccountRef
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportView:
    """How reports leave.

    Attributes:
        kind: ``smart``, ``off``, ``cslu``, ``callhome`` or ``automatic``.
        url: Where to, or None.
        proxy: ``host:port`` or None.
        vrf: Name of the VRF that licensing speaks in, or None for the global one.
    """

    kind: str
    url: str | None
    proxy: str | None
    vrf: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityView:
    """Utility billing.

    Attributes:
        is_enabled: Whether usage is reported for it.
        customer: Who is billed: the parts of an address and their values, as far as they are set.
    """

    is_enabled: bool = False
    customer: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGroupView:
    """What the policy asks of one licence group, in days; 0 asks nothing.

    Attributes:
        group: ``perpetual``, ``subscription``, ``enforced`` or ``export``.
        first_report: Days from first use to the first acknowledged report.
        frequency: Days between acknowledged reports.
        on_change: Days from a change in use to an acknowledged report.
        source: ``CISCO default`` or ``Customer Policy``.
    """

    group: str
    first_report: int
    frequency: int
    on_change: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """The policy in force.

    Attributes:
        name: Its name; None for the built-in default.
        installed_at: When it was installed, epoch seconds; None for the built-in default.
        is_default: Whether it is the built-in default and no customer policy.
        ack_required: Whether reports must be acknowledged.
        source: Where that comes from, as in `PolicyGroupView`.
        groups: The four licence groups, in the order in which they are shown.
    """

    name: str | None
    installed_at: int | None
    is_default: bool
    ack_required: bool
    source: str
    groups: tuple[PolicyGroupView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingView:
    """Reporting in times, epoch seconds; None where there is none.

    Attributes:
        last_ack: When the last ACK was installed.
        next_ack_deadline: Until when the policy wants the next ACK.
        push_interval_days: Days between scheduled sendings; 0 is no reporting.
        next_ack_check: When the portal is asked next for an answer that is under way.
        next_push: When reports are sent next by themselves.
        last_push: When reports were last sent.
        last_file_write: When usage was last saved to a file.
    """

    last_ack: int | None
    next_ack_deadline: int | None
    push_interval_days: int
    next_ack_check: int | None
    next_push: int | None
    last_push: int | None
    last_file_write: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustView:
    """The trust code of one device.

    Attributes:
        role: ``Active``, ``Standby`` or ``Member``.
        udi: The device.
        installed_at: When its trust code was installed, or None where it has none.
        origin: ``factory`` or ``cssm``, or None.
    """

    role: str
    udi: Udi
    installed_at: int | None
    origin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """All that `show license status` prints.

    Attributes:
        now: Wall time at which the view was taken, epoch seconds.
        account: The account, or None while none is known.
        transport: How reports leave.
        policy: The policy in force.
        reporting: Reporting in times.
        trust: One entry for each device of the set.
        sends_hostname: Whether the host name travels with reports.
        notices: What an operator should know now (storage full, store replaced, test clock),
            each one sentence.
        sends_version: Whether the software version travels with reports.
        custom_id: What the operator calls this product instance, or None.
        utility: Utility billing.
    """

    now: int
    account: AccountView | None
    transport: TransportView
    policy: PolicyView
    reporting: ReportingView
    trust: tuple[TrustView, ...]
    sends_hostname: bool
    notices: tuple[str, ...]
    sends_version: bool = True
    custom_id: str | None = None
    utility: UtilityView = UtilityView()


@dataclass(frozen=True, slots=True, kw_only=True)
class RootView:
    """Whom a product instance trusts.

    Attributes:
        root_set: The root set held, as a file holds it; None without any.
        installed_at: When it was installed, epoch seconds.
        newest: Number of the newest root set that was ever held; above that of the one held where
            a store was copied back.
    """

    root_set: str | None
    installed_at: int | None
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """Somebody who may log in.

    Attributes:
        name: The name.
        privilege: 1 or 15.
        keys: Public keys, each its type and its base64 text.
        changed_at: When any of it was changed, epoch seconds.
    """

    name: str
    privilege: int
    keys: tuple[str, ...]
    changed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSecretView:
    """Somebody who may log in, as the running configuration shows them.

    Attributes:
        name: The name.
        privilege: 1 or 15.
        secret: The hash of the password.
    """

    name: str
    privilege: int
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageView:
    """One licence of the product that is or was in use.

    Attributes:
        tag: Entitlement tag.
        feature: Short feature name.
        name: Licence name.
        description: What it licenses.
        count: How many are in use now.
        version: Version of the licence.
        status: ``IN USE``, ``NOT IN USE`` or ``NOT AUTHORIZED``.
        group: ``perpetual``, ``subscription``, ``enforced`` or ``export``.
        subscription: Whether the licence has a term.
        first_use: When it was first used, epoch seconds, or None.
    """

    tag: str
    feature: str
    name: str
    description: str
    count: int
    version: str
    status: str
    group: str
    subscription: bool
    first_use: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSummaryView:
    """How many reports there are in which state.

    Attributes:
        total: All that were ever made by this store.
        purged: Those whose bytes are gone after their retention.
        acknowledged: Those with an ACK.
        waiting: Sent or read, without an ACK.
        available: Could be sent now, the open ones included.
        collecting: The open ones.
    """

    total: int
    purged: int
    acknowledged: int
    waiting: int
    available: int
    collecting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One line of `show license rum id all`.

    Attributes:
        report_id: Number of the report.
        state: ``OPEN``, ``CLOSED``, ``PENDING``, ``UNACK`` or ``ACK``; ``DAMAGED`` where it does
            not open, and no more is known of it.
        flag: ``N`` normal, ``P`` purged, ``E`` refused by the portal.
        feature: Short feature name.
    """

    report_id: int
    state: str
    flag: str
    feature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetailView:
    """One report as `show license rum id N detail` prints it.

    Attributes:
        report_id: Number of the report.
        feature: Short feature name.
        tag: Entitlement tag.
        udi: The product instance.
        previous_id: Number of the tag's report before, or 0.
        next_id: Number of the tag's report after, or 0.
        state: As in `ReportRow`.
        flag: As in `ReportRow`.
        reason: Why it is in this state.
        start: Beginning of its first measurement, epoch seconds.
        end: End of its last measurement, epoch seconds; for an open one, until now.
        storage: ``EXIST`` or ``DELETED``.
        verdict: What the portal said of it, one sentence, or None.
    """

    report_id: int
    feature: str
    tag: str
    udi: Udi
    previous_id: int
    next_id: int
    state: str
    flag: str
    reason: str
    start: int
    end: int
    storage: str
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """One licence bought with the product instance.

    Attributes:
        tag: Entitlement tag.
        name: Licence name.
        quantity: How many.
        term: ``perpetual`` or ``subscription``.
        start: Beginning of the term, epoch seconds, or None.
        end: End of the term, epoch seconds, or None.
    """

    tag: str
    name: str
    quantity: int
    term: str
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedLicenceView:
    """One licence that an installed authorization code allows.

    Attributes:
        tag: Entitlement tag.
        feature: Short feature name.
        name: Licence name.
        description: What it licenses.
        count: How many.
        enforcement: ``enforced`` or ``export``.
        term: ``perpetual`` or ``subscription``.
        kind: Type of the authorization; ``SMART AUTHORIZATION`` is the only one.
        until: When it ends, epoch seconds; None where it does not.
    """

    tag: str
    feature: str
    name: str
    description: str
    count: int
    enforcement: str
    term: str
    kind: str = "SMART AUTHORIZATION"
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationView:
    """The authorization codes of one device.

    Attributes:
        udi: The device.
        installed_at: When its code was installed, epoch seconds; None where it has none.
        confirmation_code: Last confirmation code: eight hexadecimal digits, or None.
        return_code: Code of the last return, or None.
        licences: What the installed code allows, in the order of the profile.
        role: ``Active``, ``Standby`` or ``Member``.
    """

    udi: Udi
    installed_at: int | None = None
    confirmation_code: str | None = None
    return_code: str | None = None
    licences: tuple[AuthorizedLicenceView, ...] = ()
    role: str = "Active"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One entry of the event log.

    Attributes:
        sequence: Its number in the chain, from 1.
        at: When, epoch seconds.
        name: ``SAEVT_…`` for an event, ``SMART_LIC-n-MNEMONIC`` for a system message.
        fields: Names and values, in order.
        text: The sentence of a system message; empty for an event.
    """

    sequence: int
    at: int
    name: str
    fields: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What `license smart sync` did.

    Attributes:
        sent: How many reports left.
        acknowledged: How many ACKs came back at once.
        waiting: Whether the portal is still at work; its answer is fetched by itself.
        again: How many of those that left had an ACK and were wanted again.
        refused: Report ids with another verdict, each with its code.
        awaited: Report ids of those that left and have no answer yet.
    """

    sent: int
    acknowledged: int
    waiting: bool
    again: int = 0
    refused: tuple[tuple[int, str], ...] = ()
    awaited: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequested:
    """What became of a request for an authorization code.

    Attributes:
        waits: What its answer waits for, one sentence; None where it has come.
    """

    waits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an imported file brought.

    Attributes:
        acknowledged: Report ids that the file acknowledged.
        refused: Report ids with another verdict, each with its code.
        installed: What was installed: ``root-set``, ``policy``, ``trust-code``, … in order.
        skipped: What was not newer than what is held, by the same names.
        confirmations: Confirmation codes of authorization codes that took another's place.
    """

    acknowledged: tuple[int, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    installed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    confirmations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingView:
    """What `show logging` prints: of this boot, for the buffer ends with it.

    Attributes:
        console: Highest severity printed at the local console; None for none.
        monitor: The same where `terminal monitor` is on.
        trap: The same of what is sent to remote logs.
        buffered: Bytes of messages that are kept; None for none.
        to_console: Messages printed at local consoles.
        to_monitor: Messages printed where `terminal monitor` is on.
        to_buffer: Messages kept, also those that had to make room.
        to_trap: Messages meant for remote logs.
        dropped: Messages that terminals and remote logs were too slow for.
        limited: Messages held back as repeats.
        receivers: The remote logs.
        lines: The buffer, oldest first.
    """

    console: int | None = 7
    monitor: int | None = 7
    trap: int | None = 6
    buffered: int | None = 4096
    to_console: int = 0
    to_monitor: int = 0
    to_buffer: int = 0
    to_trap: int = 0
    dropped: int = 0
    limited: int = 0
    receivers: tuple[RemoteLogView, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """What stands under one heading of the message history.

    Attributes:
        heading: The heading.
        is_import: Whether it tells of documents that were taken in, and not of messages.
        messages: Its lines, oldest first.
    """

    heading: str
    is_import: bool
    messages: "tuple[PastMessage, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage:
    """A line of the message history.

    Attributes:
        at: When it was sent or taken in, epoch seconds.
        what: What it was, for people.
        outcome: What became of it, for people.
        times: How often in a row it went the same way.
        last_at: When that was last, epoch seconds.
    """

    at: int
    what: str
    outcome: str
    times: int
    last_at: int
