"""What the authority can be asked to do: one frozen value for each (`spec/authority.md`)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gauger.core.documents.page import SignedHead
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.policy.rules import Policy
from gauger.core.strict_json import JsonValue

MOST_LINES: Final = 1000
"""Lines of one order."""

MOST_DEVICES: Final = 1000
"""Product instances that one order names: each gets a signed document within one page."""

MOST_DECIDED: Final = 10_000
"""Reports of a case that are decided at once, in one page."""


class Pipe(StrEnum):
    """The way that a document came; it changes no verdict, it is noted beside it."""

    # Stands in rows: these words never change.
    SMART = "smart-transport"
    FILE = "file"
    API = "api"


class Option(StrEnum):
    """What an account can switch."""

    COUNT_UNVERIFIED = "count-unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSmartAccount:
    """Open a Smart Account; its domain is its name for ever.

    Attributes:
        domain: For example ``example.com``.
        name: The name that people read.
        by: Who asked, for the audit.
    """

    domain: str
    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVirtualAccount:
    """Open a Virtual Account in a Smart Account that exists."""

    account: AccountRef
    description: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueToken:
    """Make an ID token known by its digest; the text itself never comes here.

    Attributes:
        account: Where product instances register with it.
        token_digest: SHA-256 of the token's text (UTF-8).
        hint: A few of its last characters, for people to tell tokens apart.
        days: Days that it lasts, 1 to 3650.
        uses: How often it may be used, 1 to 1,000,000; null where unlimited.
        export_controlled: Whether it allows export-controlled functions.
        description: The administrator's words.
        by: Who asked, for the audit.
    """

    account: AccountRef
    # Not the text: a copied ledger registers nobody.
    token_digest: Digest
    hint: str
    days: int
    uses: int | None
    export_controlled: bool
    description: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """End an ID token at once."""

    account: AccountRef
    token_id: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One licence of an order.

    Attributes:
        tag: Entitlement tag.
        name: Name that people read.
        quantity: How many were bought, 1 to 10^9.
        term: ``perpetual`` or ``subscription``.
        start: First second of the term, epoch seconds.
        end: First second after the term; null where it never ends.
    """

    tag: str
    name: str
    quantity: int
    term: str
    start: int
    # Exclusive; a renewal begins at the very second.
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositOrder:
    """Deposit the licences of an order into a Virtual Account.

    Attributes:
        account: Where the licences go.
        order_number: The vendor's number, unique in the ledger.
        lines: What was bought; 1 to `MOST_LINES`.
        devices: Product instances that were bought with it: they belong to the account from now
            on and get the order as their purchase information. At most `MOST_DEVICES`.
        by: Who asked, for the audit.
    """

    account: AccountRef
    # Unique, so that the same order from two systems is not counted twice.
    order_number: str
    lines: tuple[OrderLine, ...]
    devices: tuple[Udi, ...] = ()
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignPolicy:
    """Assign a policy to a Virtual Account, a whole Smart Account, or (both null) to all.

    Attributes:
        smart_account: Domain, or null for the vendor-wide default.
        virtual_account: Name, or null for the whole Smart Account.
        policy: Name and rules.
        by: Who asked, for the audit.
    """

    smart_account: str | None
    virtual_account: str | None
    policy: Policy
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """Ask for the signed policy document of an account; made at need.

    Attributes:
        account: Whose policy.
    """

    account: AccountRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveReport:
    """Judge one RUM report.

    Attributes:
        item: The exact text of the published item (``payload``, ``signature``).
        pipe: How it came.
        uploaded_to: The account in which someone uploads it; null where nobody names one.
        path: What the pipe adds for people: a file's name, a peer's address; at most 256
            characters.
        by: The user that uploads it, or null.
        decoded: What strict decoding of the item gives, where the pipe had to do that anyway.
    """

    # Not in `repr`: usage must not get into a traceback or a log.
    item: str = field(repr=False)
    pipe: Pipe
    uploaded_to: AccountRef | None = None
    path: str = ""
    by: str | None = None
    # Not compared: it follows from the item, and a default means that nobody decoded it.
    decoded: JsonValue = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveTrustRequest:
    """Judge one trust request.

    Attributes:
        document: The exact text of the document's JSON form.
        token_digest: SHA-256 of the ID token that came with it, or null where none came.
        pipe: How it came.
        uploaded_to: The account in which someone uploads it; null where nobody names one.
        path: What the pipe adds for people.
        by: The user that uploads it, or null.
    """

    # The text and not the value: what is kept must be what was signed.
    document: str = field(repr=False)
    token_digest: Digest | None
    pipe: Pipe
    uploaded_to: AccountRef | None = None
    path: str = ""
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveAuthorization:
    """Judge one authorization request or return.

    Attributes:
        document: The exact text of the document's JSON form, or of the element that holds it.
        pipe: How it came.
        uploaded_to: The account in which someone uploads it; null where nobody names one.
        path: What the pipe adds for people.
        by: The user that uploads it, or null.
    """

    document: str = field(repr=False)
    pipe: Pipe
    uploaded_to: AccountRef | None = None
    path: str = ""
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAuthorizations:
    """Set how many authorizations of a licence a Virtual Account has to give out.

    Attributes:
        account: The account.
        tag: Entitlement tag.
        name: Name that people read.
        term: ``perpetual`` or ``subscription``.
        quantity: How many, 0 to 10^9; no fewer than are given out.
        by: Who asked, for the audit.
    """

    account: AccountRef
    tag: str
    name: str
    term: str
    quantity: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueAuthorization:
    """Issue an authorization code that no product instance asked for.

    Attributes:
        udi: The product instance; it must belong to an account.
        mode: ``add`` or ``replace``: what becomes of what is authorized already.
        licences: Entitlement tag and count of each licence.
        by: Who asked, for the audit.
    """

    udi: Udi
    mode: str
    licences: tuple[tuple[str, int], ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAuthorization:
    """Ask for the newest authorization code of a product instance, to be carried to it."""

    udi: Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnByHand:
    """Take a return whose file did not lead to its product instance: a person found that.

    Attributes:
        udi: The product instance.
        return_code: What it showed when it gave its code back; its signed return must be here.
        by: Who asked, for the audit.
    """

    udi: Udi
    return_code: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveInstance:
    """Move a product instance, its usage with it, to another Virtual Account.

    Whether the caller may do so is the surface's to check: the owner within a Smart Account, the
    vendor's operator across them.
    """

    udi: Udi
    to: AccountRef
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCase:
    """Decide a quarantine case.

    Attributes:
        case: Its number.
        accept: True counts the reports, false leaves them out for ever.
        reports: Which of the case's reports this concerns, at most `MOST_DECIDED`; empty for all
            that are open.
        by: Who decided, for the audit.
    """

    case: int
    # For all chosen alike; two decisions about one case are two commands.
    accept: bool
    reports: tuple[Digest, ...] = ()
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseGap:
    """Give up a missing report of a product instance.

    Attributes:
        udi: Whose chain has the gap.
        report: Digest of the report that is missing.
        by: Who decided, for the audit.
    """

    udi: Udi
    report: Digest
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccountOption:
    """Switch an option of a Virtual Account."""

    account: AccountRef
    option: Option
    value: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """Record what happened outside of the authority: users, roles, refusals of a surface.

    Attributes:
        kind: Stable name, lower-case words with hyphens.
        subject: Whom or what it concerns.
        detail: What happened; never a secret.
        by: Who did it; null where the authority itself noticed.
        account: Whose event it is; null for the vendor's.
    """

    kind: str
    subject: str
    detail: str
    by: str | None
    account: AccountRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRootSet:
    """Take in the root set that follows the one held (text of the document's JSON form)."""

    document: str = field(repr=False)
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportManufacturer:
    """Trust a manufacturer for the product instances that it declares.

    Attributes:
        file: The text of its manufacturer file.
        by: Who asked, for the audit.
    """

    file: str = field(repr=False)
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLedger:
    """Begin a ledger: the first command of an empty store, and only there.

    Attributes:
        root_sets: Texts of root sets, in order; the first is pinned, each next one follows.
        manufacturers: Texts of manufacturer files.
        by: Who asked, for the audit.
    """

    root_sets: tuple[str, ...] = field(repr=False)
    manufacturers: tuple[str, ...] = field(repr=False)
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewAnswer:
    """Put the frozen documents of an answer under a signature that verifies today.

    Attributes:
        answers: Digest of the document that the answer is for.
    """

    answers: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDue:
    """Decide what was deferred, and tell of old gaps; the authority asks itself for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSilent:
    """Look for product instances that have fallen silent; the authority asks itself for it.

    Attributes:
        after: Number of the last product instance that was looked at; 0 for the first.
    """

    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefusal:
    """Record that something could not be verified; the authority asks itself for it.

    Attributes:
        digest: SHA-256 of what was refused.
        code: Problem code.
        detail: The reason in words.
        pipe: How it came.
        path: What the pipe adds for people.
        account: The account in which someone uploaded it, or null.
        by: The user that uploaded it, or null.
        count: How often it was refused up to now.
    """

    digest: Digest
    code: str
    detail: str
    pipe: Pipe
    path: str
    account: AccountRef | None
    by: str | None
    # Of this process; the row takes the higher of it and of what is recorded.
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnlisted:
    """Record how many refusals of a source were not listed; the authority asks itself for it.

    Attributes:
        source: Who caused them, for people.
        account: The account in which they were uploaded, or null.
        count: How many.
        since: Start of the hour, epoch seconds.
    """

    source: str
    account: AccountRef | None
    count: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHead:
    """Look at a head that a device holds and that this ledger may have lost.

    Attributes:
        head: The head, signed.
    """

    # Not verified: anybody may show one.
    head: SignedHead


Command = (
    OpenSmartAccount
    | OpenVirtualAccount
    | IssueToken
    | RevokeToken
    | DepositOrder
    | AssignPolicy
    | FetchPolicy
    | ReceiveReport
    | ReceiveTrustRequest
    | ReceiveAuthorization
    | SetAuthorizations
    | IssueAuthorization
    | FetchAuthorization
    | ReturnByHand
    | MoveInstance
    | DecideCase
    | CloseGap
    | SetAccountOption
    | RecordEvent
    | ImportRootSet
    | ImportManufacturer
    | FoundLedger
    | RenewAnswer
    | DecideDue
    | FindSilent
    | RecordRefusal
    | RecordUnlisted
    | ShowHead
)
