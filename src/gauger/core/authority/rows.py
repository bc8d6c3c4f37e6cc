"""The rows of the ledger: everything that the authority holds follows from them, in order.

A row is a flat value. Its JSON form is compact with sorted keys; the digest over the rows of a
page is leaf 0 of that page (`spec/ledger.md`). Projections hold nothing that these rows do not.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import ClassVar, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from gauger.core.authority import authorization_rows as codes
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.row import RequestReceived, Row
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode

# A bound for the reader: a store that was tampered with must not eat up the memory.
ROW_CAP: Final = 2 * 1024 * 1024
"""Most bytes of a row's JSON form; a root set or a report with its item is far smaller."""

Interval = tuple[int, int, int]
"""Start, end and count of what a report claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Row):
    """The ledger begins."""

    KIND: ClassVar[str] = "ledger-opened"

    ledger: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochOpened(Row):
    """A new epoch begins; ``abandons`` are heads of a history that this ledger does not hold."""

    KIND: ClassVar[str] = "epoch-opened"

    number: int
    epoch: str
    reason: str
    # In the head as well, so that devices learn of it from what is signed.
    abandons: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAbandoned(Row):
    """A verified head of a history that was abandoned already was seen at a device."""

    KIND: ClassVar[str] = "head-abandoned"

    head: Digest
    page: int
    udi: Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRenewed(Row):
    """The answers of a page whose head cannot be signed any more stand in this page again."""

    KIND: ClassVar[str] = "page-renewed"

    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSetTaken(Row):
    """A root set is held; ``document`` is the exact JSON text."""

    KIND: ClassVar[str] = "root-set"

    number: int
    epoch: int
    # Exact, since its signatures cover these bytes.
    document: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManufacturerTaken(Row):
    """A manufacturer is trusted for what it declares; ``file`` is its exact text."""

    KIND: ClassVar[str] = "manufacturer"

    name: str
    file: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartAccountOpened(Row):
    """A Smart Account exists."""

    KIND: ClassVar[str] = "smart-account"

    domain: str
    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualAccountOpened(Row):
    """A Virtual Account exists."""

    KIND: ClassVar[str] = "virtual-account"

    account: AccountRef
    description: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptionSet(Row):
    """An option of a Virtual Account was switched."""

    KIND: ClassVar[str] = "account-option"

    account: AccountRef
    option: str
    value: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(Row):
    """An ID token is known by its digest."""

    KIND: ClassVar[str] = "token-issued"

    token: int
    account: AccountRef
    # Of the text, which is never kept: whoever copies the ledger cannot use it.
    digest: Digest
    hint: str
    expires_at: int
    uses: int | None
    export_controlled: bool
    description: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Row):
    """An ID token ended before its time."""

    KIND: ClassVar[str] = "token-revoked"

    token: int
    account: AccountRef
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsed(Row):
    """One use of an ID token is gone."""

    KIND: ClassVar[str] = "token-used"

    token: int
    account: AccountRef
    udi: Udi


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One licence of an order."""

    tag: str
    name: str
    quantity: int
    term: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeposited(Row):
    """The licences of an order belong to a Virtual Account."""

    KIND: ClassVar[str] = "order"

    account: AccountRef
    number: str
    lines: tuple[Purchase, ...]
    devices: tuple[Udi, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAssigned(Row):
    """A policy is in force for a scope; ``rules`` are (group, first, frequency, on change)."""

    KIND: ClassVar[str] = "policy-assigned"

    assignment: int
    smart_account: str | None
    virtual_account: str | None
    name: str
    ack_required: bool
    rules: tuple[tuple[str, int, int, int], ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyIssued(Row):
    """A policy document was made for a Virtual Account from an assignment."""

    KIND: ClassVar[str] = "policy-issued"

    account: AccountRef
    assignment: int
    order: Order
    document: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDocumentIssued(Row):
    """A versioned document for one product instance replaces the earlier of its type."""

    KIND: ClassVar[str] = "instance-document"

    udi: Udi
    type: str
    account: AccountRef
    order: Order
    document: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAssigned(Row):
    """A product instance belongs to an account, and why."""

    KIND: ClassVar[str] = "instance-assigned"

    udi: Udi
    # For the vendor: the new owner's event leaves it out.
    origin: AccountRef | None
    account: AccountRef
    provisional: bool
    # Plain text: a row of a later release may hold a cause that is not known here.
    cause: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReceived(Row):
    """A report whose form holds, as it came, and what was decided about it.

    Attributes:
        item: The exact text of the published item.
        account: The account that it counts for; null where it was rejected without one.
        signer: ``gauger-sudi``, ``gauger-trust`` or the vendor's kind.
        generation: Of the trust code that signed, or null.
        absolute: What it claims, in epoch seconds.
        relative: What it claims in seconds of a boot whose clock was never set.
        sent: Types of the documents that its ACK brings along.
        head_page: Page of this ledger whose head its sender held; null in rows of the first
            releases too.
    """

    KIND: ClassVar[str] = "report"

    udi: Udi
    digest: Digest
    # Whole: a verdict that is contested is judged again from these bytes.
    item: str
    pipe: str
    path: str
    by: str | None
    account: AccountRef | None
    verdict: Verdict
    code: str | None
    detail: str
    flags: tuple[str, ...]
    until: int | None
    case: int | None
    signer: str
    generation: int | None
    tag: str
    report_id: int
    software_version: str | None
    # Null for a vendor's, which has no chain.
    incarnation: str | None
    boot: str | None
    previous: Digest | None
    closed_at: int | None
    root_number: int
    members: tuple[Udi, ...]
    absolute: tuple[Interval, ...]
    relative: tuple[Interval, ...]
    sent: tuple[str, ...]
    # Added later, so with a default: rows of the first releases lack it.
    head_page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSeen(Row):
    """A report that is held came again by another way."""

    KIND: ClassVar[str] = "report-seen"

    udi: Udi
    digest: Digest
    pipe: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDecided(Row):
    """The verdict on a report that is held changed: its time came, or a case was decided."""

    KIND: ClassVar[str] = "report-decided"

    udi: Udi
    digest: Digest
    account: AccountRef | None
    verdict: Verdict
    code: str | None
    detail: str
    flags: tuple[str, ...]
    until: int | None
    case: int | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(Row):
    """Something waits for a person's decision."""

    KIND: ClassVar[str] = "case-opened"

    case: int
    code: str
    udi: Udi
    account: AccountRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Row):
    """A case is settled: ``accepted``, ``rejected`` or ``released``."""

    KIND: ClassVar[str] = "case-closed"

    case: int
    state: str
    udi: Udi
    account: AccountRef | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOpened(Row):
    """A chain names a report that never came."""

    KIND: ClassVar[str] = "gap-opened"

    udi: Udi
    report: Digest
    named_by: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class GapClosed(Row):
    """A missing report came (``by`` is null), or somebody gave it up.

    Attributes:
        account: Whose product instance that is; null also in rows of the first releases.
    """

    KIND: ClassVar[str] = "gap-closed"

    udi: Udi
    report: Digest
    by: str | None
    # Added later, as above.
    account: AccountRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOverdue(Row):
    """A report is missed for so long that people are told, once; ``since`` is how long."""

    KIND: ClassVar[str] = "gap-overdue"

    udi: Udi
    report: Digest
    named_by: Digest
    since: int
    account: AccountRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSilent(Row):
    """A product instance that reported before has not done so in time; people are told, once.

    Attributes:
        last_report_at: When its newest report came.
        due_at: When the next one was expected at the latest.
    """

    KIND: ClassVar[str] = "instance-silent"

    udi: Udi
    account: AccountRef
    last_report_at: int
    due_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceHeard(Row):
    """A product instance that was silent has reported; ``silent_since`` is when that was told."""

    KIND: ClassVar[str] = "instance-heard"

    udi: Udi
    account: AccountRef | None
    silent_since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRequestReceived(RequestReceived):
    """A trust request, and what was decided about it."""

    KIND: ClassVar[str] = "trust-request"

    token: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCodeIssued(Row):
    """A product instance's licensing key is certified."""

    KIND: ClassVar[str] = "trust-code"

    udi: Udi
    generation: int
    key: Digest
    incarnation: str
    document: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRecorded(Row):
    """Something that could not be verified was refused; ``count`` is how often up to now."""

    KIND: ClassVar[str] = "refusal"

    digest: Digest
    code: str
    detail: str
    pipe: str
    path: str
    account: AccountRef | None
    by: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecorded(Row):
    """Something happened outside of the authority, or is worth telling people."""

    KIND: ClassVar[str] = "event"

    kind: str
    subject: str
    detail: str
    by: str | None
    account: AccountRef | None


KINDS: Final[Mapping[str, type[Row]]] = types.MappingProxyType(
    {
        kind.KIND: kind
        for kind in (
            LedgerOpened,
            EpochOpened,
            HeadAbandoned,
            PageRenewed,
            RootSetTaken,
            ManufacturerTaken,
            SmartAccountOpened,
            VirtualAccountOpened,
            AccountOptionSet,
            TokenIssued,
            TokenRevoked,
            TokenUsed,
            OrderDeposited,
            PolicyAssigned,
            PolicyIssued,
            InstanceDocumentIssued,
            InstanceAssigned,
            ReportReceived,
            ReportSeen,
            ReportDecided,
            CaseOpened,
            CaseClosed,
            GapOpened,
            GapClosed,
            GapOverdue,
            InstanceSilent,
            InstanceHeard,
            TrustRequestReceived,
            TrustCodeIssued,
            codes.AuthorizationsSet,
            codes.AuthorizationReceived,
            codes.AuthorizationIssued,
            codes.AuthorizationAdopted,
            codes.AuthorizationConfirmed,
            codes.AuthorizationReturned,
            codes.AuthorizationMisused,
            RefusalRecorded,
            EventRecorded,
        )
    }
)
"""Every kind of row by its name."""


def row_json(row: Row) -> dict[str, JsonValue]:
    """Return the JSON form of a row as a value, its kind left out: that stands beside it."""
    members = {name: getattr(row, name) for name in _NAMES[row.KIND]}
    for name in _MADE_PLAIN[row.KIND]:
        members[name] = _to_json(members[name])
    return members


def encode_row(row: Row) -> str:
    """Return the JSON form of a row as text."""
    return encode(row_json(row))


def decode_row(kind: str, text: str) -> Row:
    """Read a row's JSON form.

    Raises:
        Problem: ``upgrade-needed`` where the kind is not known; ``malformed`` where a field is
            missing or not of its type, or of strict decoding.
    """
    # Not skipped: projections that lack a row would answer wrongly without a word.
    if kind not in KINDS:
        raise Problem("upgrade-needed", f"A ledger row of kind {kind[:64]!r} is not known here.")
    what = f"the ledger row {kind!r}"
    value = decode(text, what=what, cap=ROW_CAP)
    return _READERS[kind](value, what)


def row_bytes(kind: str, text: str) -> bytes:
    """Return what a page's digest covers for one row: kind, a zero byte, JSON, a line feed."""
    # The zero byte and the line feed stand in neither: no two rows frame alike.
    return b"%b\x00%b\n" % (kind.encode("ascii"), text.encode())


def _to_json(value: object) -> JsonValue:
    """Return the JSON form of what no encoder knows by itself."""
    match value:
        # Explicit, since anything unknown falls through to the fields of a value below.
        case None:
            return None
        case Verdict():
            return value.value
        case AccountRef():
            return [value.smart_account, value.virtual_account]
        case Udi():
            return [value.pid, value.serial]
        case Order():
            return [value.root_epoch, value.ledger_epoch, value.version]
        case tuple():
            return [_to_json(item) for item in value]
    return {name: getattr(value, name) for name in _names(type(value))}


_Reader = Callable[[JsonValue, str], object]
_Made = TypeVar("_Made")


def _refuse(what: str, wanted: str) -> Problem:
    return Problem("malformed", f"{what} is not {wanted}.")


def _plain(kind: type[str] | type[int] | type[bool]) -> _Reader:
    def read(value: JsonValue, what: str) -> object:
        # Not `isinstance`: true is an int in Python, and 1 no flag in JSON.
        if type(value) is not kind:
            raise _refuse(what, kind.__name__)
        return value

    return read


def _optional(inner: _Reader) -> _Reader:
    return lambda value, what: None if value is None else inner(value, what)


def _sequence(inner: _Reader) -> _Reader:
    def read(value: JsonValue, what: str) -> object:
        if not isinstance(value, list):
            raise _refuse(what, "a list")
        return tuple(inner(item, what) for item in value)

    return read


def _fixed(readers: Sequence[_Reader], make: Callable[..., object] | None) -> _Reader:
    def read(value: JsonValue, what: str) -> object:
        # Of the right length, or `zip` would cut off what a damaged row has too much.
        if not isinstance(value, list) or len(value) != len(readers):
            raise _refuse(what, f"a list of {len(readers)}")
        items = tuple(inner(item, what) for inner, item in zip(readers, value, strict=True))
        return items if make is None else make(*items)

    return read


def _verdict(value: JsonValue, what: str) -> object:
    if value not in tuple(Verdict):
        raise _refuse(what, "a verdict")
    return Verdict(str(value))


def _record(
    kind: Callable[..., _Made], readers: Mapping[str, _Reader], required: frozenset[str]
) -> Callable[[JsonValue, str], _Made]:
    def read(value: JsonValue, what: str) -> _Made:
        members = value if isinstance(value, dict) else {}
        # Unknown fields are refused: dropped ones would be missing when the row is digested again.
        if not required <= members.keys() <= readers.keys():
            raise _refuse(what, "an object with the fields " + ", ".join(sorted(readers)))
        return kind(
            **{name: readers[name](one, f"{name!r} of {what}") for name, one in members.items()}
        )

    return read


_TEXT, _NUMBER, _FLAG = _plain(str), _plain(int), _plain(bool)
_LEAVES: Final[Mapping[object, _Reader]] = {
    str: _TEXT,
    # No form is checked: rows are covered by leaf 0, and were checked when they came in.
    Digest: _TEXT,
    int: _NUMBER,
    bool: _FLAG,
    Verdict: _verdict,
    AccountRef: _fixed((_TEXT, _TEXT), AccountRef),
    Udi: _fixed((_TEXT, _TEXT), Udi),
    Order: _fixed((_NUMBER, _NUMBER, _NUMBER), Order),
}


def _reader(annotation: object) -> _Reader:
    """Return what reads a field of this annotation."""
    if annotation in _LEAVES:
        return _LEAVES[annotation]
    arguments = get_args(annotation)
    # Of unions rows only know "or None", and the other one stands first.
    if get_origin(annotation) in (Union, types.UnionType):
        return _optional(_reader(arguments[0]))
    if get_origin(annotation) is tuple:
        if arguments[-1] is Ellipsis:
            return _sequence(_reader(arguments[0]))
        return _fixed([_reader(argument) for argument in arguments], None)
    if not isinstance(annotation, type):
        # At import: a new field of a wrong type never gets into a release.
        message = f"{annotation!r} cannot stand in a row"
        raise TypeError(message)
    return _record_of(annotation)


def _record_of(kind: type[_Made]) -> Callable[[JsonValue, str], _Made]:
    hints = get_type_hints(kind)
    # Rows are for ever: a field that a later release added has a default, and may be left out.
    required = frozenset(item.name for item in _fields(kind) if item.default is MISSING)
    return _record(kind, {name: _reader(hints[name]) for name in _names(kind)}, required)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(item.name for item in _fields(kind))


def _fields(kind: type) -> tuple[Field[object], ...]:
    return fields(kind)


def _is_plain(annotation: object) -> bool:
    """Tell whether JSON has what a field of this annotation holds; a tuple is a list there."""
    arguments = get_args(annotation)
    if arguments:
        return all(map(_is_plain, arguments))
    return annotation in (str, Digest, int, bool, None, type(None), Ellipsis)


def _made_plain(kind: type) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    return tuple(name for name in _names(kind) if not _is_plain(hints[name]))


# Reckoned once: annotations are far too slow to look at for each row.
_MADE_PLAIN: Final = {name: _made_plain(kind) for name, kind in KINDS.items()}
_NAMES: Final = {name: _names(kind) for name, kind in KINDS.items()}
_READERS: Final = {name: _record_of(kind) for name, kind in KINDS.items()}
