"""Records that only the holder of the store's key can read or make."""

import hashlib
import hmac
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gauger.core.ports import Entropy
from gauger.core.problems import Problem

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
SEAL_BYTES: Final = _NONCE_BYTES + 16
"""By how many bytes a seal is longer than what it holds: the nonce, and the tag of GCM."""
_KEPT_NAMES: Final = 256


class Place(NamedTuple):
    """Where a record stands; one moved to another place does not open.

    One is made for every record that is read or written, which a tuple is cheapest at.

    Attributes:
        table: Table of the store.
        row: Key of the row.
        kind: Type of the record.
        version: Version of the type's form.
    """

    table: str
    row: str
    kind: str
    version: int = 1


class Seal:
    """AES-256-GCM with a random 96-bit nonce for each record.

    The additional data names the place and the incarnation, so that a record copied from another
    row, table, type or store is refused. A key seals far fewer than the 2^32 records up to which
    random nonces are safe: a device that writes once a second for a century stays below.
    """

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        """Prepare a seal.

        Raises:
            Problem: ``store-damaged`` where the key has another length than 32 bytes.
        """
        if len(key) != KEY_BYTES:
            raise Problem("store-damaged", f"The store's key has {len(key)} bytes, not 32.")
        self._cipher = AESGCM(key)
        # Derived, so that no key serves two purposes: names that are seen tell nothing of the seal.
        self._blinding = hmac.digest(key, b"gauger/store/names", "sha256")
        self._entropy = entropy
        # Some twenty names come again and again: all but the operator's users are the project's.
        self._blinded = lru_cache(maxsize=_KEPT_NAMES)(self._blind)

    def seal(self, plain: bytes, place: Place, incarnation: str) -> bytes:
        """Return nonce and sealed bytes.

        Raises:
            Problem: ``entropy-failed``.
        """
        nonce = self._entropy.random_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _additional(place, incarnation))

    def open(self, sealed: bytes, place: Place, incarnation: str) -> bytes:
        """Return what was sealed at this place.

        Raises:
            Problem: ``store-damaged`` where it was altered, moved, or sealed with another key.
        """
        # All of it is bound to its place: a row cannot be set back to what another row says.
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, _additional(place, incarnation))
        # ValueError: too short to hold a nonce, as where a row was cut.
        except (InvalidTag, ValueError) as error:
            message = f"The {place.kind} at {place.table}/{place.row} does not open with its key."
            raise Problem("store-damaged", message) from error

    def blind(self, name: str) -> str:
        """Return a row key that tells nothing of the name to one without the key."""
        return self._blinded(name)

    def _blind(self, name: str) -> str:
        # 128 bits of it: no two names of one store ever meet.
        return hmac.digest(self._blinding, name.encode(), hashlib.sha256).hex()[:32]


def _additional(place: Place, incarnation: str) -> bytes:
    table, row, kind, version = place
    return _before_row(table) + _frame(row) + _after_row(kind, version, incarnation)


# A store has few tables, kinds and versions and one incarnation; only rows are many.
@lru_cache(maxsize=32)
def _before_row(table: str) -> bytes:
    return b"gauger/store\x00" + _frame(table)


@lru_cache(maxsize=128)
def _after_row(kind: str, version: int, incarnation: str) -> bytes:
    return _frame(kind) + _frame(str(version)) + _frame(incarnation)


def _frame(part: str) -> bytes:
    """Put its length before a part: no two lists of parts may give the same bytes."""
    encoded = part.encode()
    return len(encoded).to_bytes(2, "big") + encoded
