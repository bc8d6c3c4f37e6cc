"""What the authority asks of its store: one writer, one transaction a page."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from gauger.authority.ports import LedgerReader
from gauger.core.authority.authorization import (
    Asked,
    AuthorizationFacts,
    CodeFacts,
    PoolFacts,
)
from gauger.core.authority.claims import Claims
from gauger.core.authority.facts import (
    CaseFacts,
    GapFacts,
    InstanceFacts,
    Issued,
    KnownReport,
    PolicyFacts,
    ReportFacts,
    StoredReport,
    TokenFacts,
    TrustFacts,
)
from gauger.core.authority.row import Row
from gauger.core.authority.rows import Purchase
from gauger.core.authority.silence import QuietFacts
from gauger.core.documents.authorization_code import AuthorizedLicence, HeldCode
from gauger.core.documents.envelope import Document
from gauger.core.documents.merkle import Node
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.policy.rules import Group

RESTORED: Final = "restored"
"""Name of the mark that a restore leaves for the next start, which opens a new epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRecord:
    """A leaf as it is stored.

    Attributes:
        salt: Its 16 random bytes.
        hash: Its RFC 9162 hash.
        digest: SHA-256 of its document's body; null for leaf 0, the digest of the rows.
        type: Type of its document.
        version: Version of the type's schema.
        answers: Digest of the document that its document answers, or null.
        body: The exact body.
    """

    # Kept for ever: without it nobody could show again what a leaf's hash stands for.
    salt: bytes
    hash: bytes
    # None for the rows, which no one may ask for by digest.
    digest: Digest | None = None
    type: str = ""
    version: int = 0
    answers: Digest | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecord:
    """A head as it is stored; ``signature`` is null until it was signed."""

    page: int
    body: bytes
    digest: Digest
    signer: Digest
    chain: tuple[bytes, ...]
    # The one column that is written later: spec/ledger.md, the crash rule.
    signature: bytes | None = None


class FactsPort(Protocol):
    """Loads what a report or trust request is judged against."""

    def instance(self, udi: Udi) -> InstanceFacts | None:
        """Return what is known of a product instance, or None."""

    def report(self, claims: Claims, now: int) -> ReportFacts:
        """Return what a report is judged against."""

    def known_report(self, udi: Udi, known: Digest, home: int = 0) -> KnownReport | None:
        """Return a report that is held, or None; ``home`` is 0 for one that verified."""

    def trust(self, request: TrustRequest, known: Digest, token: Digest | None) -> TrustFacts:
        """Return what a trust request is judged against."""

    # By digest only: whoever reads a copied store cannot register with its tokens.
    def token(self, text_digest: Digest) -> TokenFacts | None:
        """Return an ID token by the digest of its text, or None."""

    def token_by_number(self, token: int) -> TokenFacts | None:
        """Return an ID token by its number, or None."""


class LookupsPort(Protocol):
    """Looks up single things that commands are about."""

    def state(self, name: str) -> str | int | None:
        """Return ``ledger``, ``epoch``, ``epoch-id``, ``version`` or ``assignment``, or None."""

    # Of rows, never of what is still open: a number is not used twice.
    def highest(self, what: str) -> int:
        """Return the highest number in use: of a ``token`` or a ``case``."""

    def smart_account_exists(self, domain: str) -> bool:
        """Tell whether a Smart Account exists."""

    def account_exists(self, account: AccountRef) -> bool:
        """Tell whether a Virtual Account exists."""

    def account_number(self, account: AccountRef) -> int:
        """Return the number of a Virtual Account that exists."""

    def order_exists(self, number: str) -> bool:
        """Tell whether an order of this number was deposited."""

    def purchases(self, udi: Udi) -> tuple[Purchase, ...]:
        """Return what was bought for a product instance by name."""

    def policy(self, account: AccountRef) -> PolicyFacts:
        """Return the policy in force for an account."""

    def instance_document(self, udi: Udi, kind: str) -> Issued | None:
        """Return the newest versioned document of a type for one product instance, or None."""

    def case(self, number: int) -> CaseFacts | None:
        """Return a quarantine case, or None."""

    def gap_is_open(self, udi: Udi, report: Digest) -> bool:
        """Tell whether a report of a product instance is missed."""

    def trust_code_issued(self, udi: Udi, code: Digest) -> bool:
        """Tell whether this ledger issued a trust code for a product instance."""

    def missing_before(self, udi: Udi, report: Digest) -> Digest | None:
        """Return the previous report of one that is held, where it is still missed."""

    def waits_before(self, udi: Udi, report: Digest) -> tuple[Digest, int] | None:
        """Return the previous report of one that is held, and its case, where it waits for it."""

    # Bounded, as everything that a page decides by itself: uploads wait behind it.
    def due(self, now: int, limit: int) -> Sequence[tuple[Udi, Digest]]:
        """Return deferred reports whose time has come, the oldest first."""

    def overdue_gaps(self, since: int, limit: int) -> Sequence[GapFacts]:
        """Return reports that are missed since then or earlier and that nobody was told of."""

    def quiet(self, after: int, now: int) -> tuple[Sequence[QuietFacts], int | None]:
        """Return who of a part of the product instances may be silent, and where to go on."""

    def groups_in_use(self, udi: Udi) -> frozenset[Group]:
        """Return the groups that licences in use on a product instance may belong to."""

    def next_due(self) -> int | None:
        """Return when the first deferred report or missing one is due, or None."""

    def stored(self, udi: Udi, report: Digest) -> StoredReport:
        """Return a report as it came, with what stands about it now."""

    # Bounded twice: an answer must stay small, however long the device was away.
    def late(self, udi: Udi, since: int, limit: int) -> tuple[Digest, ...]:
        """Return documents whose final answer came later than the first, the newest first."""

    def root_sets(self) -> tuple[str, ...]:
        """Return the texts of all root sets held, in order."""

    def manufacturers(self) -> tuple[str, ...]:
        """Return the texts of all manufacturer files."""

    def refusals(self, refused: Digest, code: str) -> int:
        """Return how often something was refused, as far as that is recorded."""

    def answered_udi(self, answered: Digest) -> Udi | None:
        """Return the product instance of a report or trust request, or None."""

    def is_abandoned(self, head: Digest) -> bool:
        """Tell whether a head of another history was seen already."""


class AuthorizationsPort(Protocol):
    """Loads what the ledger holds about authorization codes."""

    def facts(self, asked: Asked, known: Digest) -> AuthorizationFacts:
        """Return what an authorization request or return is judged against."""

    def code(self, udi: Udi, held: HeldCode) -> CodeFacts | None:
        """Return a code that this ledger knows of a product instance, or None."""

    def newest(self, udi: Udi, until: int | None = None) -> CodeFacts | None:
        """Return the newest code that a product instance may use, up to an epoch, or None."""

    # Not what a former account issued: the code is its licences.
    def to_send(self, udi: Udi, account: AccountRef) -> CodeFacts | None:
        """Return the newest code in use that this ledger issued for an account, or None."""

    def own(self, udi: Udi) -> dict[str, AuthorizedLicence]:
        """Return what a product instance may use that came from the factory, by tag."""

    def highest(self, udi: Udi) -> int | None:
        """Return the highest authorization epoch that is known of a product instance, or None."""

    def pools(
        self, account: AccountRef, tags: Iterable[str], without: Udi | None = None
    ) -> dict[str, PoolFacts]:
        """Return what an account has of some licences, one product instance not counted."""

    def signed_return(self, udi: Udi, return_code: str) -> tuple[str, Digest] | None:
        """Return text and digest of a return that a product instance signed, or None."""

    def proof_of(self, udi: Udi, code: str) -> str | None:
        """Return the text of the return by which a product instance gave a code back, or None."""


class PagesPort(Protocol):
    """Writes pages and finds documents in them again."""

    def write_rows(self, page: int, rows: Sequence[tuple[str, str]]) -> None:
        """Append the rows (kind, JSON form) of a page."""

    # A document that moves to a new page keeps its body: only the leaf is new.
    def write_leaves(self, page: int, leaves: Sequence[LeafRecord]) -> None:
        """Append the leaves of a page, and the documents that are new with them."""

    def write_head(self, head: HeadRecord, nodes: Iterable[Node]) -> None:
        """Append a head without signature, and the nodes that it completes."""

    # In the next transaction: one wait for the disk instead of two.
    def write_signature(self, page: int, value: bytes) -> None:
        """Store the signature of a head."""

    def count(self) -> int:
        """Return the number of pages."""

    def head(self, page: int) -> HeadRecord | None:
        """Return the head of a page, or None."""

    def page_of(self, head: Digest) -> int | None:
        """Return the page of a head, or None where it is not one of this ledger."""

    def node(self, level: int, place: int) -> bytes:
        """Return a complete node of the tree over all heads."""

    # With what is signed and not stored, or the newest answers could not be given.
    def document(self, wanted: Digest, unsaved: tuple[int, bytes] | None) -> Document | None:
        """Return a document with the newest signature block it has, or None."""

    def answers(self, answered: Digest) -> Digest | None:
        """Return the newest ACK or verdict on a document of a device, or None."""

    def body(self, wanted: Digest) -> tuple[str, int, bytes] | None:
        """Return type, version and body of a document, or None."""

    def documents_of(self, page: int) -> tuple[Digest, ...]:
        """Return the digests of the documents that stand in a page, in order."""


class LedgerStore(Protocol):
    """A ledger's store, used by one writer thread; readers have connections of their own."""

    @property
    def facts(self) -> FactsPort:
        """What reports and trust requests are judged against."""

    @property
    def lookups(self) -> LookupsPort:
        """Single things."""

    @property
    def authorizations(self) -> AuthorizationsPort:
        """Authorization codes."""

    @property
    def pages(self) -> PagesPort:
        """Rows, leaves and heads."""

    def transaction(self) -> AbstractContextManager[None]:
        """Begin the transaction of a page; leaving it well makes all of it durable.

        Raises:
            Problem: ``store-failed``, ``store-full`` or ``store-damaged``; then nothing of it
                happened.
        """

    # Within the transaction, so that rows and projections never differ on disk.
    def apply(self, row: Row, page: int, place: int) -> None:
        """Bring the projections up to date with a row that goes into this page."""

    # Beside the rows: a restore cannot write a row, since nobody would sign it.
    def mark(self, name: str) -> str | None:
        """Return what a restore left for the next start, or None."""

    def clear_mark(self, name: str) -> None:
        """Remove what a restore left, within the transaction."""

    def reader(self, unsaved: Callable[[], tuple[int, bytes] | None]) -> LedgerReader:
        """Return a reader with a connection of its own.

        Args:
            unsaved: Returns page and signature of the head whose signature is not stored yet.
        """

    def close(self) -> None:
        """Close the writer's connection."""
