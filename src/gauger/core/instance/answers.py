"""What a product instance knows before it takes an answer file in, and what it decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.envelope import Document
from gauger.core.documents.page import PageHead
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Verdict
from gauger.core.documents.versions import Marks
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.instance.authorization import Authorized
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.trust import TrustState
from gauger.core.problems import Problem

Reply = Acknowledgment | Verdict
"""What answers one document of the product instance."""

Companion = AccountInfo | PolicyDocument | TrustCode | AuthorizationCode | PurchaseInfo
"""What is installed: versioned, and listed by an ACK or alone in its file."""

_KEPT: Final = 256


class Pipe(StrEnum):
    """How the answer came."""

    FILE = "file"
    ONLINE = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A document of the product instance that an answer may be for.

    Attributes:
        type: What it is.
        is_acknowledged: Whether its ACK is installed.
        answered_at: When its last answer was issued, epoch seconds; None without one.
    """

    type: AnsweredType
    is_acknowledged: bool = False
    answered_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a product instance holds when an answer comes.

    Attributes:
        udi: Who it is.
        store: Whom it trusts.
        marks: What it obeyed last, for each ledger and type.
        held: Digests of the documents in force. Marks outlive a store that is lost, documents do not.
        account: Whose it is, or None where that is not known yet.
        ledger: The only ledger it obeys, or None where it has no account information yet.
        former: Accounts whose it was; a late ACK of one of its own reports may name them.
        trust: Its trust code and its request.
        authorized: Its authorization code, and which are dead.
        keys: Key ids of its own licensing keys.
        known: Its documents by digest: at least those that the answer is about, see `questions`.
        head: The newest page head of its ledger, or None.
        clock: Its wall clock, epoch seconds; None where it was never set.
        build_date: When this software was built, epoch seconds.
        adopt: Whether the operator asked to be moved: trust by ID token with ``force``.
    """

    udi: Udi
    store: TrustStore
    marks: Marks = field(default_factory=Marks)
    held: frozenset[Digest] = frozenset()
    account: AccountRef | None = None
    ledger: str | None = None
    former: frozenset[AccountRef] = frozenset()
    trust: TrustState = field(default_factory=TrustState)
    authorized: Authorized = field(default_factory=Authorized)
    keys: frozenset[Digest] = frozenset()
    known: Mapping[Digest, Known] = field(default_factory=dict)
    head: PageHead | None = None
    clock: int | None = None
    build_date: int = 0
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document with its body read; its signature is not yet verified."""

    document: Document
    body: Reply | Companion


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An answer to a document of the product instance.

    Attributes:
        digest: Digest of the document that is answered.
        type: What it is.
        happened: What that is for a report.
        document: The answer as received, to be kept.
        body: The answer, read.
    """

    digest: Digest
    type: AnsweredType
    happened: ReportInput
    document: Document
    body: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A document to install.

    Attributes:
        document: It, as received.
        body: It, read.
    """

    document: Document
    body: Companion


class SkipReason(StrEnum):
    """Why a part of an answer is not installed though nothing is wrong."""

    HELD = "held"
    OLDER = "older"
    ACKNOWLEDGED = "acknowledged"
    KEY_GONE = "key-gone"
    EPOCH_DEAD = "epoch-dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A part of an answer that changes nothing."""

    type: str
    digest: Digest
    reason: SkipReason


class Note(StrEnum):
    """What is noticed about an answer beside its installation."""

    ISSUED_IN_FUTURE = "issued-in-future"
    """An ACK or verdict was issued more than an hour after the own clock."""
    LEDGER_FORKED = "ledger-forked"
    """The ledger shows another page at the place of the one that is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to store, in one transaction.

    Attributes:
        store: Whom to trust from now on.
        root_sets: Root sets to keep, in order; they stand even where the rest is refused.
        refusal: Why nothing else was taken, or None.
        installs: What to install, in order.
        settled: What becomes of own documents, in order.
        account: Whose the product instance is from now on.
        ledger: Which ledger it obeys from now on.
        marks: What it obeyed last, from now on.
        trust: Its trust from now on.
        wanted: Digests of reports that the portal misses.
        confirmed: Digests of own documents whose ACK came, acknowledged before or not: the
            portal has them and wants them no more.
        renewed: ACKs of reports that were acknowledged before.
        skipped: What changes nothing.
        notes: What was noticed.
        head: The newest page head, from now on.
        head_document: The answer whose signature block carries a new ``head``; None where the
            head is the one that was held.
    """

    store: TrustStore
    root_sets: tuple[Document, ...] = ()
    refusal: Problem | None = None
    installs: tuple[Install, ...] = ()
    settled: tuple[Settled, ...] = ()
    renewed: tuple[Settled, ...] = ()
    account: AccountRef | None = None
    ledger: str | None = None
    marks: Marks = field(default_factory=Marks)
    trust: TrustState = field(default_factory=TrustState)
    wanted: frozenset[Digest] = frozenset()
    confirmed: frozenset[Digest] = frozenset()
    skipped: tuple[Skipped, ...] = ()
    notes: frozenset[Note] = frozenset()
    head: PageHead | None = None
    head_document: Document | None = None


@lru_cache(maxsize=_KEPT)
def parse(document: Document) -> Parsed:
    """Read the body of an answer.

    Each is read twice at once: for what it asks, and to take it.

    Raises:
        Problem: ``wrong-type`` where it is none that a product instance takes; of strict
            decoding, or ``policy-out-of-range``.
    """
    body: Reply | Companion
    match document.type:
        case Acknowledgment.TYPE:
            body = Acknowledgment.from_document(document)
        case Verdict.TYPE:
            body = Verdict.from_document(document)
        case AccountInfo.TYPE:
            body = AccountInfo.from_document(document)
        case PolicyDocument.TYPE:
            body = PolicyDocument.from_document(document)
        case TrustCode.TYPE:
            body = TrustCode.from_document(document)
        case AuthorizationCode.TYPE:
            body = AuthorizationCode.from_document(document)
        case PurchaseInfo.TYPE:
            body = PurchaseInfo.from_document(document)
        case _:
            # What devices write ends here too: a document carried back to where it came from.
            detail = f"A product instance takes no document of type {document.type!r}."
            raise Problem("wrong-type", detail)
    return Parsed(document, body)


def questions(documents: Iterable[Document]) -> frozenset[Digest]:
    """Return the digests of own documents that answers are for or wish, to look them up.

    Raises:
        Problem: As `parse`.
    """
    found: set[Digest] = set()
    for document in documents:
        # It answers nothing, and `parse` would refuse it.
        if document.type == RootSet.TYPE:
            continue
        body = parse(document).body
        if isinstance(body, Acknowledgment | Verdict):
            # Unverified yet: this only says what to look up, nothing is believed of it.
            found.add(body.answers)
        if isinstance(body, Acknowledgment):
            found.update(body.wanted)
    return frozenset(found)
