"""What a reader of the ledger sees: plain rows, each list keyset-paged."""

from dataclasses import dataclass, field

from gauger.core.documents.authorization_code import AuthorizedLicence, confirmation_code
from gauger.core.documents.envelope import Document
from gauger.core.identity import AccountRef, Digest, Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartAccountRow:
    """A Smart Account. Keyset: ``domain``."""

    domain: str
    name: str
    opened_at: int
    virtual_accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualAccountRow:
    """A Virtual Account. Keyset: ``account.virtual_account``.

    Attributes:
        account: Its name.
        description: The administrator's words.
        opened_at: Epoch seconds.
        instances: How many product instances belong to it.
        count_unverified: Whether reports that cannot be verified are counted, apart.
    """

    account: AccountRef
    description: str
    opened_at: int
    instances: int
    count_unverified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRow:
    """What an account may authorize of one licence. Keyset: ``tag``.

    Attributes:
        quantity: How many in all.
        given: How many of them product instances hold, or may hold.
    """

    account: AccountRef
    tag: str
    name: str
    term: str
    quantity: int
    given: int
    set_at: int
    by: str

    @property
    def left(self) -> int:
        """How many can still be given out."""
        return self.quantity - self.given


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRow:
    """An authorization code. Keyset: ``authorization_id``.

    Attributes:
        origin: ``cssm``, or ``factory`` of one that came with its product instance.
        state: ``issued``, ``confirmed``, ``replaced`` or ``returned``.
        document: SHA-256 of its body; the first 8 digits are its confirmation code.
        licences: Tag, name, count and term of each.
        misused_at: When it was seen in use after it was given back, or null.
        by: Who issued it without a request, or null.
    """

    authorization_id: int
    account: AccountRef
    udi: Udi
    code: str
    epoch: int
    origin: str
    state: str
    document: Digest
    licences: tuple[AuthorizedLicence, ...]
    issued_at: int
    confirmed_at: int | None
    ended_at: int | None
    return_code: str | None
    misused_at: int | None
    by: str | None

    @property
    def confirmation_code(self) -> str:
        """What the product instance shows once it is installed."""
        return confirmation_code(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """An ID token. Keyset: ``token_id``.

    Attributes:
        state: ``active``, ``expired``, ``used-up`` or ``revoked``, at the time that was asked for.
        uses: How often it may be used; null where unlimited.
    """

    token_id: int
    account: AccountRef
    hint: str
    description: str
    issued_at: int
    expires_at: int
    uses: int | None
    used: int
    export_controlled: bool
    # At the time that was asked for: a token ends without a row.
    state: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineRow:
    """One licence of a deposited order; ``end`` is null where its term never ends."""

    tag: str
    name: str
    quantity: int
    term: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A deposited order. Keyset: ``order_id``."""

    order_id: int
    account: AccountRef
    order_number: str
    deposited_at: int
    by: str
    lines: tuple[OrderLineRow, ...]
    devices: tuple[Udi, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """A policy assignment that is in force.

    Attributes:
        smart_account: Domain, or null for the vendor-wide default.
        virtual_account: Name, or null for the whole Smart Account.
        name: The policy's name.
        ack_required: Whether reports must be acknowledged.
        rules: Group to (first report, frequency, on change), in days.
        assigned_at: Epoch seconds.
        by: Who assigned it.
        version: Version of the newest document made from it for the account that was asked for;
            null where none was made yet.
    """

    smart_account: str | None
    virtual_account: str | None
    name: str
    ack_required: bool
    rules: dict[str, tuple[int, int, int]]
    assigned_at: int
    by: str
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one product instance uses of one licence.

    Attributes:
        tag: Entitlement tag.
        name: Name that people read; the tag where none is known.
        in_use: The newest count.
        observed_until: End of the newest measurement, epoch seconds.
        count_seconds: Sum of count times seconds over all usage known.
        verified: False for what only reports that cannot be verified claim.
    """

    tag: str
    name: str
    in_use: int
    observed_until: int
    count_seconds: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRow:
    """A product instance. Keyset: ``instance_id``.

    Attributes:
        account: Whose it is; null where nobody's yet.
        provisional: Whether the account only rests on an upload that the device did not name.
        generation: Generation of its newest trust code from here; 0 where there is none.
        verified: Whether any of its documents ever verified.
        last_report_at: When the newest report came, or null.
        software_version: As last reported, or null.
        gaps: Missing reports that are asked for.
        open_cases: Quarantine cases that wait for a decision.
        flags: Flags of its newest report.
        silent_since: When people were told that it does not report; null where it does.
        usage: What it uses; empty in lists.
    """

    instance_id: int
    udi: Udi
    account: AccountRef | None
    provisional: bool
    generation: int
    verified: bool
    first_seen_at: int
    last_report_at: int | None
    software_version: str | None
    gaps: int
    open_cases: int
    flags: tuple[str, ...] = ()
    silent_since: int | None = None
    usage: tuple[UsageRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A report as kept. Keyset: ``report_row_id``.

    Attributes:
        verdict: ``accepted``, ``deferred``, ``quarantined``, ``rejected`` or
            ``signature-unverifiable``, as it stands now.
        code: Problem code where there is one.
        account: The account that it counts for; null where rejected without one.
        pipes: The ways that it came, in order.
        item: The exact text of the item; empty in lists.
    """

    report_row_id: int
    digest: Digest
    udi: Udi
    account: AccountRef | None
    report_id: int
    tag: str
    verdict: str
    code: str | None
    detail: str
    flags: tuple[str, ...]
    received_at: int
    start: int | None
    end: int | None
    until: int | None
    case: int | None
    pipes: tuple[str, ...]
    page: int
    # Not in `repr`: a log of rows must not carry reports.
    item: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A quarantine case. Keyset: ``case``.

    Attributes:
        state: ``open``, ``accepted``, ``rejected`` or ``released`` (it settled by itself).
        reports: Digests of the reports it holds.
    """

    case: int
    code: str
    udi: Udi
    account: AccountRef | None
    opened_at: int
    state: str
    decided_at: int | None
    decided_by: str | None
    reports: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """A report that a device's chain names and that never came. Keyset: ``gap_id``.

    Attributes:
        since: When it was first missed, epoch seconds.
        alerted_at: When people were told of it: open for 7 days it is an alert. Null before.
    """

    gap_id: int
    udi: Udi
    account: AccountRef | None
    report: Digest
    named_by: Digest
    since: int
    alerted_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """Purchased, in use and balance of one licence in one Virtual Account.

    Attributes:
        tag: Entitlement tag. Keyset.
        name: Name that people read; the tag where none is known.
        purchased: What the orders hold whose term includes the time that was asked for.
        in_use: The newest counts of all product instances, verified.
        balance: Purchased minus in use; below zero it is a shortage.
        unverified_in_use: The newest counts of reports that cannot be verified, shown apart.
    """

    tag: str
    name: str
    purchased: int
    in_use: int
    balance: int
    # Never in the balance: anybody could make up such a report.
    unverified_in_use: int

    @property
    def shortage(self) -> int:
        """How many are in use beyond what was purchased; 0 where none."""
        # Told, and refuses nothing (spec/authority.md, section 7).
        return max(0, -self.balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An audited event. Keyset: ``event_id``."""

    event_id: int
    page: int
    at: int
    kind: str
    account: AccountRef | None
    subject: str
    # What people read; nothing decides by it.
    detail: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRow:
    """The newest head of the ledger.

    Attributes:
        ledger: The ledger's id.
        epoch: Number of its epoch.
        pages: Number of pages.
        body: The exact bytes of the newest head.
        digest: SHA-256 of them.
        signature: 64 bytes, or null while it is being signed.
        chain: DER certificates of its signer.
        time: When it was made.
    """

    ledger: str
    epoch: int
    pages: int
    body: bytes
    digest: Digest
    # Null for moments only: the newest head is committed before it is signed.
    signature: bytes | None
    chain: tuple[bytes, ...]
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManufacturerRow:
    """A manufacturer that is trusted here; ``file`` is the text of its manufacturer file."""

    name: str
    file: str = field(repr=False)
    imported_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRow:
    """The trust material held.

    Attributes:
        root_sets: Every root set document, in order.
        manufacturers: Every manufacturer.
    """

    root_sets: tuple[Document, ...]
    manufacturers: tuple[ManufacturerRow, ...]
