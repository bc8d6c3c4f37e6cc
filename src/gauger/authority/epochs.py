"""Heads that devices hold: do they stand in this ledger, or is its past another than theirs?

A ledger that was restored, or copied by hand, has lost pages that devices hold heads of. Such a
head, once verified, opens a new epoch: whatever was issued in the lost pages stands below what is
issued from now on (`spec/ledger.md`, "Epochs").
"""

from bisect import bisect_right
from enum import Enum, auto
from typing import Final

from gauger.authority.books import Draft, Unit
from gauger.authority.decision import Decision, plain
from gauger.authority.ports.store import PagesPort
from gauger.core.authority.commands import ShowHead
from gauger.core.authority.outcomes import Done
from gauger.core.authority.rows import EpochOpened, HeadAbandoned
from gauger.core.documents.page import (
    EarlierEpoch,
    LedgerEpoch,
    PageHead,
    SignedHead,
    after_epoch,
)
from gauger.core.documents.rum_payload import HeldHead
from gauger.core.documents.trust_store import expiry_time
from gauger.core.identity import Digest, Udi, digest
from gauger.core.ports import Entropy
from gauger.core.problems import Problem

FOREIGN: Final = "foreign-head"
"""Flag of a report whose head is of another ledger, or proves nothing."""

_HIGHEST: Final = 2**62
"""Epochs beyond it prove nothing: by a stolen signer, they would use up the numbers there are."""

_ID_BYTES: Final = 16


class Standing(Enum):
    """How a head that a device holds stands to this ledger."""

    OWN = auto()
    FOREIGN = auto()
    ABANDONED = auto()
    AHEAD = auto()


def stand(unit: Unit, held: HeldHead) -> tuple[Standing, PageHead | None]:
    """Judge a head that a device holds.

    Returns:
        Its standing, and the head itself where it verified but is not in this ledger. One of an
        earlier epoch than the present one is of a history that was given up already.
    """
    # Looked up before it is verified: a head of ours stays ours when its signer has ended.
    if own_page(unit, held) is not None:
        return Standing.OWN, None
    try:
        head = _verify(unit, held)
    except Problem:
        return Standing.FOREIGN, None
    # Verified, and yet no loss of ours: an honest device that moved here from another portal.
    if head.ledger != unit.books.ledger or head.epoch.number > _HIGHEST:
        return Standing.FOREIGN, None
    # Its loss was answered by the present epoch; a new one for each old head would never end.
    if head.epoch.number < unit.books.epoch.number:
        return Standing.ABANDONED, head
    return Standing.AHEAD, head


def own_page(unit: Unit, held: HeldHead | None) -> int | None:
    """Return the page of a head that a device holds, or None where it is not of this ledger."""
    if held is None:
        return None
    # Most reports of a page hold the same head: one look-up for all of them.
    page = unit.own_heads.get(held.head)
    if page is None:
        page = unit.store.pages.page_of(digest(held.head))
        if page is not None:
            unit.own_heads[held.head] = page
    return page


def _verify(unit: Unit, held: HeldHead) -> PageHead:
    trust = unit.books.trust
    signed = SignedHead(head=held.head, chain=held.chain, value=held.value)
    # Never before what is known for certain: a clock set back must not revive an ended signer.
    now = expiry_time(unit.settings.build_date, trust.root_set, unit.now)
    return trust.verify_head(signed, now=now)


def flag_of_head(unit: Unit, held: HeldHead | None) -> str | None:
    """Return the flag of a report for the head that it holds, or None."""
    # A vendor's report, or a device that never had an answer from any portal.
    if held is None:
        return None
    standing, _ = stand(unit, held)
    return FOREIGN if standing is Standing.FOREIGN else None


def heed(unit: Unit, udi: Udi, held: HeldHead | None, entropy: Entropy) -> None:
    """Open a new epoch where a device shows pages that this ledger does not have.

    This comes before anything of the page is decided, so that all of its documents are of the
    new epoch.

    Args:
        unit: The page in the making.
        udi: The device.
        held: The head that it holds.
        entropy: Where the id of an epoch comes from.
    """
    if held is None:
        return
    standing, head = stand(unit, held)
    # Own or foreign: the first proves that nothing is lost, the second proves nothing.
    if head is None:
        return
    seen = digest(held.head)
    if standing is Standing.AHEAD:
        reason = f"{udi} holds a head of page {head.page} that is not in this ledger"
        open_epoch(unit, entropy, above=head.epoch.number, reason=reason, abandons=(seen,))
    # Once for each head: a device sends the same one with every report.
    elif not unit.store.lookups.is_abandoned(seen):
        draft = Draft(unit)
        draft.add(HeadAbandoned(at=unit.now, head=seen, page=head.page, udi=udi))
        # At once, not with a command: the loss is true even where the report is refused.
        unit.take(draft)


def heed_shown(unit: Unit, shown: HeldHead, entropy: Entropy) -> None:
    """Open a new epoch where a head that somebody shows is one that this ledger does not have.

    Who shows it is not known, so nothing is noted of a history that was given up already: rows
    would be for the asking.
    """
    standing, head = stand(unit, shown)
    if standing is Standing.AHEAD and head is not None:
        reason = f"a head of page {head.page} was shown that is not in this ledger"
        above = head.epoch.number
        open_epoch(unit, entropy, above=above, reason=reason, abandons=(digest(shown.head),))


def show_head(unit: Unit, command: ShowHead) -> Decision:
    """Answer that a head was looked at; `heed_shown` did so before the page was decided."""
    del command
    return plain(Draft(unit), Done())


def open_epoch(
    unit: Unit, entropy: Entropy, *, above: int, reason: str, abandons: tuple[Digest, ...] = ()
) -> None:
    """Open an epoch above every number that is known."""
    # Above what was lost too: else devices would take every answer from now on for an older one.
    number = 1 + max(above, unit.books.epoch.number)
    # Random, not the number alone: two copies of a ledger may open the same number on one day.
    epoch = LedgerEpoch(number, entropy.random_bytes(_ID_BYTES).hex())
    draft = Draft(unit)
    draft.add(
        EpochOpened(at=unit.now, number=number, epoch=epoch.id, reason=reason, abandons=abandons)
    )
    # Applied before the epoch in the books moves: the row belongs to this page either way.
    unit.take(draft)
    books = unit.books
    pages = range(books.epoch_page, books.page)
    if pages:  # of several epochs that one page opens, only the last has heads at all
        books.earlier = after_epoch(books.earlier, books.epoch, pages=pages, is_met=bool(abandons))
    books.epoch, books.epoch_page = epoch, books.page
    # Into the head: whoever holds the lost one learns from it that it was seen.
    unit.abandons = (*unit.abandons, *abandons)


def lives(pages: PagesPort) -> tuple[int, tuple[EarlierEpoch, ...]]:
    """Read from the heads where the present epoch began, and the epochs before it.

    Heads of the first release do not name them; so it is what heads *are* that counts, not what
    the last one says. Epochs only go up, so few heads have to be read, however long the ledger.
    """
    count, began = pages.count(), 0
    earlier: tuple[EarlierEpoch, ...] = ()
    # One bisection an epoch; a walk over every head would take minutes at the start.
    while began < count:
        epoch = _head(pages, began).epoch
        ended = bisect_right(
            range(count), epoch.number, lo=began, key=lambda page: _head(pages, page).epoch.number
        )
        if ended == count:
            break
        is_met = bool(_head(pages, ended).abandons)
        earlier = after_epoch(earlier, epoch, pages=range(began, ended), is_met=is_met)
        began = ended
    return began, earlier


def _head(pages: PagesPort, page: int) -> PageHead:
    record = pages.head(page)
    if record is None:
        raise Problem("store-damaged", f"Page {page} has no head.")
    # Our own store, read and not verified: fsck is what verifies it.
    return SignedHead(head=record.body, chain=record.chain, value=b"").read()
