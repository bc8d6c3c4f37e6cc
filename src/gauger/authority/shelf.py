"""Documents of earlier pages with their signature blocks, the newest ones in memory."""

from collections import OrderedDict
from typing import Final

from gauger.authority.ports.store import PagesPort
from gauger.core.documents.envelope import Document, PageSignature
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.identity import Digest
from gauger.core.problems import Problem

# As many answers as a few pages hold: devices that ask again do so soon.
_KEPT: Final = 4096
_BELIEVED: Final = 60
"""Seconds for which a signer that was found good is not looked at again."""


class Shelf:
    """Finds documents by digest; used by the writer's thread only."""

    def __init__(self, pages: PagesPort, build_date: int) -> None:
        """Begin with nothing in memory."""
        self._pages = pages
        self._build_date = build_date
        self._held: OrderedDict[Digest, Document] = OrderedDict()
        # By root set too: a signer that a new one revokes is not believed for a minute more.
        self._good_until: dict[tuple[Digest | None, bytes], int] = {}
        self.unsaved: tuple[int, bytes] | None = None
        """Page and signature of the head that was signed last and is not stored yet."""

    def put(self, digest: Digest, document: Document) -> None:
        """Remember a document that was signed just now."""
        self._held[digest] = document
        self._held.move_to_end(digest)
        if len(self._held) > _KEPT:
            self._held.popitem(last=False)

    def get(self, digest: Digest) -> Document | None:
        """Return a document, or None where it is not in the ledger or not signed yet."""
        document = self._held.get(digest)
        if document is None:
            document = self._pages.document(digest, self.unsaved)
            # What is not found is not remembered: it may stand in the next page.
            if document is not None:
                self.put(digest, document)
        return document

    def is_current(self, digest: Digest, trust: TrustStore, ledger: str, now: int) -> bool:
        """Tell whether the signer of a document of a ledger would be believed today."""
        document = self.get(digest)
        # Not of a page of ours, so nothing that this ledger could renew by itself.
        if document is None or not isinstance(document.signature, PageSignature):
            return False
        instant = expiry_time(self._build_date, trust.root_set, now)
        # Thousands of documents share a signer: the chain is verified once a minute, not for each.
        key = (trust.root_digest, document.signature.chain[0])
        if instant >= self._good_until.get(key, 0):
            try:
                trust.require_signer(document.signature.chain, ledger=ledger, now=instant)
            except Problem:
                # Not remembered: it is rare, and a root set that lists the signer again counts at
                # once.
                return False
            self._good_until[key] = instant + _BELIEVED
        return True
