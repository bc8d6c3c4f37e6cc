"""The beginning of a ledger, of a process on it, and of an epoch after a restore."""

from gauger.authority.books import Books, Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.epochs import lives, open_epoch
from gauger.authority.ports.store import RESTORED, LedgerStore
from gauger.core.authority.commands import FoundLedger
from gauger.core.authority.outcomes import Done
from gauger.core.authority.rows import (
    EpochOpened,
    LedgerOpened,
    ManufacturerTaken,
    PageRenewed,
    RootSetTaken,
)
from gauger.core.documents.envelope import read_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import LedgerEpoch
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.ports import Clock, Entropy
from gauger.core.problems import Problem

_ID_BYTES = 16
_KINDS = ("token", "case", "assignment")


def empty_trust(clock: Clock) -> TrustStore:
    """Return what is trusted before anything was pinned."""
    return TrustStore(accepts_test_clock=clock.is_test)


def new_books(entropy: Entropy, clock: Clock) -> Books:
    """Return the books of a ledger that begins."""
    return Books(
        # Random, so two ledgers never share a name: a head of the one proves nothing in the other.
        ledger=entropy.random_bytes(_ID_BYTES).hex(),
        epoch=LedgerEpoch(1, entropy.random_bytes(_ID_BYTES).hex()),
        # Nothing is written here: books that no page follows are thrown away.
        page=0,
        version=0,
        numbers=dict.fromkeys(_KINDS, 0),
        trust=empty_trust(clock),
        root_sets={},
    )


def load_books(store: LedgerStore, clock: Clock) -> Books | None:
    """Read the books from the store; None where no ledger was founded in it."""
    lookups = store.lookups
    ledger = lookups.state("ledger")
    # An empty store is no error here: `FoundLedger` needs exactly that.
    if ledger is None:
        return None
    trust, root_sets = empty_trust(clock), {}
    for text in lookups.root_sets():
        document = read_document(text)
        # Verified link by link at each start: one that was put behind the first by hand is
        # refused.
        trust = trust.pin(document) if trust.root_set is None else trust.advance(document)
        root_sets[RootSet.from_document(document).number] = document
    for text in lookups.manufacturers():
        trust = trust.with_manufacturer(Manufacturer.from_json(text))
    # From the heads and not from a row: what devices hold is heads.
    epoch_page, earlier = lives(store.pages)
    return Books(
        ledger=str(ledger),
        epoch=LedgerEpoch(int(lookups.state("epoch") or 0), str(lookups.state("epoch-id"))),
        page=store.pages.count(),
        # The highest ever issued, or a restart would give out an order a second time.
        version=int(lookups.state("version") or 0),
        numbers={
            "token": lookups.highest("token"),
            "case": lookups.highest("case"),
            "assignment": int(lookups.state("assignment") or 0),
        },
        trust=trust,
        root_sets=root_sets,
        epoch_page=epoch_page,
        earlier=earlier,
    )


def found(unit: Unit, command: FoundLedger) -> Decision:
    """Begin the ledger: its id, its first epoch, and what it trusts.

    Raises:
        Problem: ``store-exists`` where the ledger has begun; ``root-threshold`` and others where
            the trust material is not whole.
    """
    books = unit.books
    # A second founding would put another root of trust over rows that the first one vouched for.
    if unit.store.lookups.state("ledger") is not None:
        raise Problem("store-exists", f"The ledger {books.ledger} has begun already.")
    # Without a pinned root nobody's signature could ever be verified, our own included.
    if not command.root_sets:
        raise Problem("invalid-argument", "A ledger begins with at least one root set.")
    draft = Draft(unit)
    draft.add(
        LedgerOpened(at=unit.now, ledger=books.ledger, by=command.by),
        EpochOpened(
            at=unit.now,
            number=books.epoch.number,
            epoch=books.epoch.id,
            reason="the ledger begins",
            abandons=(),
        ),
    )
    # Built apart and put into the books at the end: a refused founding leaves nothing behind.
    trust, root_sets = TrustStore(accepts_test_clock=unit.test_clock), {}
    for text in command.root_sets:
        document = read_document(text)
        trust = trust.pin(document) if trust.root_set is None else trust.advance(document)
        root_set = RootSet.from_document(document)
        root_sets[root_set.number] = document
        draft.add(
            RootSetTaken(
                at=unit.now,
                number=root_set.number,
                epoch=root_set.epoch,
                # The exact text: its signatures are verified anew at each start.
                document=text,
                by=command.by,
            )
        )
    for text in command.manufacturers:
        manufacturer = Manufacturer.from_json(text)
        trust = trust.with_manufacturer(manufacturer)
        draft.add(ManufacturerTaken(at=unit.now, name=manufacturer.name, file=text, by=command.by))
    # What follows in this very page is judged under the new trust already.
    books.trust, books.root_sets = trust, root_sets
    return plain(draft, Done())


def renew_page(unit: Unit, page: int) -> None:
    """Put the answers of a page whose head cannot be signed any more into this page."""
    draft = Draft(unit)
    # Told, since the numbering shows a page that no head was ever signed for.
    draft.add(PageRenewed(at=unit.now, page=page))
    draft.keep_current(unit.store.pages.documents_of(page))
    unit.take(draft)


def restored(unit: Unit, entropy: Entropy, mark: str) -> None:
    """Open a new epoch: this ledger may have lost pages since its backup was made."""
    # Within the page's transaction: a crash before the commit opens the epoch at the next start.
    unit.store.clear_mark(RESTORED)
    open_epoch(unit, entropy, above=unit.books.epoch.number, reason=f"restored from {mark}")
