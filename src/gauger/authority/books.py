"""What the one writer knows of its ledger between two pages, and the page in the making."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gauger.authority import quick_json
from gauger.authority.ports.store import LedgerStore
from gauger.authority.shelf import Shelf
from gauger.core.authority.facts import PolicyFacts
from gauger.core.authority.row import Row
from gauger.core.authority.rows import PolicyAssigned, PolicyIssued, row_json
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import Document, PageSignature
from gauger.core.documents.page import EarlierEpoch, LedgerEpoch, SignedHead, still_stands
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoritySettings:
    """What an authority is told at its start.

    Attributes:
        build_date: A clock before it was never set; epoch seconds.
        catalogue: Entitlement tags that are known beside those of orders.
        largest_page: Most commands that share one commit.
        waiting: Most commands that wait; more are refused as ``server-busy``.
        refusals_listed: Refusals of one source that are recorded one by one in an hour.
        refusals_listed_of_all: The same for all addresses together.
        device_documents: Documents of one device that are judged in a minute online, in the long
            run; more of it are refused as ``too-many-requests``.
        device_burst: Documents of it that are judged at once after it was quiet; one message of more
            passes then, and the next one waits.
    """

    build_date: int = 1_760_000_000
    catalogue: frozenset[str] = frozenset()
    largest_page: int = 512
    waiting: int = 20_000
    # The four limits are those of spec/authority.md, sections 1 and 11.
    refusals_listed: int = 100
    refusals_listed_of_all: int = 2000
    device_documents: int = 600
    device_burst: int = 120


@dataclass(slots=True, kw_only=True)
class Books:
    """The writer's knowledge of the ledger; made anew from the store after any failure.

    Attributes:
        ledger: The ledger's id.
        epoch: Its epoch.
        epoch_page: The first page of that epoch.
        earlier: The epochs before it, as its heads name them.
        page: Number of pages that are committed.
        version: Highest version of a document.
        numbers: Highest number in use, by kind: token, case, assignment.
        trust: What is trusted.
        root_sets: The root sets held, in order, by their number.
    """

    ledger: str
    epoch: LedgerEpoch
    page: int
    version: int
    # In memory: two commands of one page must not draw the same number.
    numbers: dict[str, int]
    trust: TrustStore
    root_sets: dict[int, Document]
    epoch_page: int = 0
    earlier: tuple[EarlierEpoch, ...] = ()

    @property
    def root_epoch(self) -> int:
        """Epoch of the newest root set."""
        # Only before the founding, when no document is issued.
        return 0 if self.trust.root_set is None else self.trust.root_set.epoch

    def root_sets_above(self, number: int) -> tuple[Document, ...]:
        """Return every root set above one that a device holds, in order."""
        # Without a gap: each one is verified by the keys of the one before it.
        return tuple(document for held, document in self.root_sets.items() if held > number)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document that becomes a leaf of the page in the making."""

    type: str
    version: int
    body: bytes
    answers: Digest | None


@dataclass(slots=True, kw_only=True)
class Unit:
    """One page in the making: commands are decided into it one after another.

    Attributes:
        now: Time of the page, epoch seconds.
        books: The writer's knowledge; what is drawn from it stays drawn.
        store: The store, within its transaction.
        shelf: Documents of earlier pages.
        settings: The authority's settings.
        test_clock: Whether documents are marked as made under a test clock.
        rows: Kind and JSON form of the rows so far.
        documents: Documents of this page by digest, in order.
        answered: ACK or verdict of this page by what it answers.
        abandons: Heads of another history that this page's head names.
        own_heads: Page of each head of this ledger that devices of this page hold.
        policies: Policies looked up since one was last assigned or issued.
        is_taking: Whether rows are being written; stays so where that failed.
    """

    now: int
    books: Books
    store: LedgerStore
    shelf: Shelf
    settings: AuthoritySettings
    test_clock: bool
    rows: list[tuple[str, str]] = field(default_factory=list)
    documents: dict[Digest, NewDocument] = field(default_factory=dict)
    answered: dict[Digest, Digest] = field(default_factory=dict)
    abandons: tuple[Digest, ...] = ()
    own_heads: dict[bytes, int] = field(default_factory=dict)
    policies: dict[AccountRef, PolicyFacts] = field(default_factory=dict)
    is_taking: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.rows and not self.documents

    def policy(self, account: AccountRef) -> PolicyFacts:
        """Return the policy in force for an account; of many reports of a page, once."""
        # Only within a page: what the store says may change with the next one.
        facts = self.policies.get(account)
        if facts is None:
            facts = self.policies[account] = self.store.lookups.policy(account)
        return facts

    def take(self, draft: "Draft") -> None:
        """Take a command's rows and documents into the page."""
        # Not reset by `finally`: it tells the writer that the page is spoilt half-way.
        self.is_taking = True
        for row in draft.rows:
            if isinstance(row, PolicyAssigned | PolicyIssued):
                # All of them: one assignment may be for a whole Smart Account, or for everybody.
                self.policies.clear()
            # Applied at once, so the next command of this page is judged by it.
            self.store.apply(row, self.books.page, len(self.rows))
            self.rows.append((row.KIND, quick_json.encode(row_json(row))))
        self.documents.update(draft.documents)
        for made, document in draft.documents.items():
            # Trust codes answer a request too; they are companions, not the answer.
            if document.answers is not None and document.type in ANSWERS:
                self.answered[document.answers] = made
        self.is_taking = False


ANSWERS = ("ack", "verdict")
"""Types of which every answered document has one."""


class Draft:
    """What one command adds to the page; it is taken whole or not at all."""

    def __init__(self, unit: Unit) -> None:
        """Begin with nothing."""
        self.unit = unit
        self.rows: list[Row] = []
        self.documents: dict[Digest, NewDocument] = {}

    @property
    def now(self) -> int:
        """Time of the page, epoch seconds."""
        return self.unit.now

    def add(self, *rows: Row) -> None:
        """Add rows, in order."""
        self.rows.extend(rows)

    def issue(self, body: Answer) -> Digest:
        """Add a document and return the digest of its body."""
        # Frozen here: from now on only these bytes count, never the object that they came from.
        data = quick_json.encode(body.to_json()).encode("ascii")
        made = digest(data)
        self.documents[made] = NewDocument(
            type=body.TYPE, version=body.VERSION, body=data, answers=body.answers
        )
        return made

    def next_order(self) -> Order:
        """Draw the order of a versioned document."""
        books = self.unit.books
        # Stays drawn where the command is refused: a hole harms nothing, a number twice does.
        books.version += 1
        return Order(books.root_epoch, books.epoch.number, books.version)

    def next_number(self, kind: str) -> int:
        """Draw the number of a token, case or assignment."""
        numbers = self.unit.books.numbers
        numbers[kind] += 1
        return numbers[kind]

    def keep_current(self, digests: Iterable[Digest]) -> None:
        """Put documents of earlier pages into this one where their signer is gone.

        So are those of a page that heads no longer vouch for: a device would ask for them again
        and again. The body is frozen; only the signature block is made anew.
        """
        for wanted in digests:
            # New in this page, so it gets today's signature anyway.
            if wanted in self.documents or wanted in self.unit.documents:
                continue
            books = self.unit.books
            is_current = self.unit.shelf.is_current(wanted, books.trust, books.ledger, self.now)
            if is_current and not self._is_doubted(wanted):
                continue
            found = self.unit.store.pages.body(wanted)
            if found is not None:
                # Same bytes, same digest: to a device that has it, this is nothing new.
                kind, version, body = found
                # Not an answer again, or it would pass for a newer one than the one that stands.
                self.documents[wanted] = NewDocument(
                    type=kind, version=version, body=body, answers=None
                )

    def _is_doubted(self, wanted: Digest) -> bool:
        """Tell whether the heads of this epoch leave open if a document's page is the ledger's."""
        books, document = self.unit.books, self.unit.shelf.get(wanted)
        # No restore ever happened: nearly every ledger.
        if not books.earlier or document is None:
            return False
        # Root sets: root keys signed them, no page vouches for them.
        if not isinstance(document.signature, PageSignature):
            return False
        head = SignedHead.of(document.signature).read()
        return head.epoch != books.epoch and not still_stands(books.earlier, head.epoch, head.page)
