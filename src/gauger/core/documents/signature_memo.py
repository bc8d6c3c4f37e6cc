"""A bounded memory of signatures that held: many answers share a head, many reports a device."""

import hashlib
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.keyring import Certificate

CAPACITY: Final = 8192


class SignatureMemo:
    """Remembers which signatures hold, never what they mean.

    That a signature holds is a fact for ever; whether its key is trusted, revoked or expired is
    judged anew each time. Two generations bound the memory: each is dropped as a whole, which
    needs no lock between threads.
    """

    __slots__ = ("_capacity", "_new", "_old")

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Begin empty.

        Args:
            capacity: Signatures in one generation; at most twice as many are remembered.
        """
        self._capacity = capacity
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def verify(self, public_key: bytes, message: bytes, value: bytes) -> None:
        """Check a signature as `keyring.verify` does, unless it is known to hold.

        Raises:
            Problem: As `keyring.verify`; a refusal is not remembered.
        """
        fact = _fact(b"signature", public_key, message, value)
        if not self._holds(fact):
            keyring.verify(public_key, message, value)
            self._remember(fact)

    def verify_issued(self, certificate: Certificate, issuer: Certificate) -> None:
        """Check an issue as `keyring.verify_issued` does, unless it is known to hold.

        Raises:
            Problem: As `keyring.verify_issued`.
        """
        fact = _fact(b"issue", certificate.der, issuer.der)
        if not self._holds(fact):
            keyring.verify_issued(certificate, issuer)
            self._remember(fact)

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def _holds(self, fact: bytes) -> bool:
        return fact in self._new or fact in self._old

    def _remember(self, fact: bytes) -> None:
        if len(self._new) >= self._capacity:
            self._old, self._new = self._new, set()
        self._new.add(fact)


def _fact(*parts: bytes) -> bytes:
    """Return one digest of all parts, each with its length: no two lists share one."""
    joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(joined).digest()
