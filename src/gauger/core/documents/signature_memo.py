"""A bounded memory of signatures that held: many answers share a head, many reports a device."""

import hashlib
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.envelope import Document
from gauger.core.documents.keyring import Certificate
from gauger.core.fields import Fields

CAPACITY: Final = 8192
DOCUMENTS: Final = 1024
"""Documents in one generation: they are held whole, some kilobytes each."""


class SignatureMemo:
    """Remembers which signatures hold, never what they mean.

    That a signature holds is a fact for ever; whether its key is trusted, revoked or expired is
    judged anew each time. Two generations bound the memory: each is dropped as a whole, which
    needs no lock between threads.
    """

    __slots__ = ("_capacity", "_new", "_new_documents", "_old", "_old_documents")

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Begin empty.

        Args:
            capacity: Signatures in one generation; at most twice as many are remembered.
        """
        self._capacity = capacity
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()
        self._new_documents: dict[Document, Fields] = {}
        self._old_documents: dict[Document, Fields] = {}

    def opened(self, document: Document) -> Fields | None:
        """Return the content of a document whose signature is known to hold, or None."""
        # By the whole document with its signature block: another signature over one body is not
        # known.
        return self._new_documents.get(document) or self._old_documents.get(document)

    def remember(self, document: Document, fields: Fields) -> None:
        """Remember a document whose signature, with what it covers, held.

        Only such a one: otherwise anybody could fill the memory with what nobody signed.

        Args:
            document: The document, its signature block with it.
            fields: Its decoded body.
        """
        if len(self._new_documents) >= DOCUMENTS:
            self._old_documents, self._new_documents = self._new_documents, {}
        self._new_documents[document] = fields

    def verify(self, public_key: bytes, message: bytes, value: bytes) -> None:
        """Check a signature as `keyring.verify` does, unless it is known to hold.

        Raises:
            Problem: As `keyring.verify`; a refusal is not remembered.
        """
        # Key, message and value together: none of them can be changed and still be known.
        fact = _fact(b"signature", public_key, message, value)
        if not self._holds(fact):
            # Raises where it does not hold, so only what holds is remembered.
            keyring.verify(public_key, message, value)
            self._remember(fact)

    def verify_issued(self, certificate: Certificate, issuer: Certificate) -> None:
        """Check an issue as `keyring.verify_issued` does, unless it is known to hold.

        Raises:
            Problem: As `keyring.verify_issued`.
        """
        # Under a name of its own, so that no fact of one kind passes for the other.
        fact = _fact(b"issue", certificate.der, issuer.der)
        if not self._holds(fact):
            keyring.verify_issued(certificate, issuer)
            self._remember(fact)

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def _holds(self, fact: bytes) -> bool:
        return fact in self._new or fact in self._old

    def _remember(self, fact: bytes) -> None:
        # What is in use comes back into the new one by being verified once more.
        if len(self._new) >= self._capacity:
            self._old, self._new = self._new, set()
        self._new.add(fact)


def _fact(*parts: bytes) -> bytes:
    """Return one digest of all parts, each with its length: no two lists share one."""
    joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(joined).digest()
