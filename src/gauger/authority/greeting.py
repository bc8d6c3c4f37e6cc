"""Heads without reports: what a device that has nothing to report shows, and learns.

Its last reports may be among what a restored ledger has lost, and no later report of it will ever
tell. So it asks for the newest head (`spec/smart-transport.md`, "Hello").
"""

from gauger.authority.ports import LedgerReader
from gauger.core.documents.page import PageHead, SignedHead
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem


def signed_head(reader: LedgerReader) -> SignedHead | None:
    """Return the newest head that is signed, or None before the first."""
    newest = reader.head()
    if newest is not None and newest.signature is None:
        # It is committed and not signed yet; the one before it always is.
        # Numbered from 0, so this is the page before the last; below 0 none is found.
        newest = reader.head_at(newest.pages - 2)
    if newest is None or newest.signature is None:
        return None
    return SignedHead(head=newest.body, chain=newest.chain, value=newest.signature)


def may_prove_loss(
    reader: LedgerReader, shown: SignedHead, trust: TrustStore, now: int
) -> PageHead | None:
    """Return a head that a device shows where it may prove that this ledger lost pages.

    Anybody may say hello, with any head. So all that can be refused by reading is refused here,
    and does not make the writer work.

    Args:
        reader: Of the ledger.
        shown: The head.
        trust: Who may sign heads.
        now: Taken as every verifier takes it.
    """
    newest = reader.head()
    # No page was ever written here, so nothing can have been lost.
    if newest is None:
        return None
    try:
        head = trust.verify_head(shown, now=now)
    except Problem:
        # What does not verify proves nothing, and its sender learns nothing by it.
        return None
    # Of another portal, or of a history that an epoch has answered already.
    if head.ledger != newest.ledger or head.epoch.number < newest.epoch:
        return None
    # The number is not enough: a restored ledger has another page under it.
    own = reader.head_at(head.page)
    return None if own is not None and own.body == shown.head else head
