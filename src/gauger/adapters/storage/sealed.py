"""Records that only the holder of the store's key can read or make."""

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gauger.core.ports import Entropy
from gauger.core.problems import Problem

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands; one moved to another place does not open.

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
        self._blinding = hmac.digest(key, b"gauger/store/names", "sha256")
        self._entropy = entropy

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
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, _additional(place, incarnation))
        except (InvalidTag, ValueError) as error:
            message = f"The {place.kind} at {place.table}/{place.row} does not open with its key."
            raise Problem("store-damaged", message) from error

    def blind(self, name: str) -> str:
        """Return a row key that tells nothing of the name to one without the key."""
        return hmac.digest(self._blinding, name.encode(), hashlib.sha256).hex()[:32]


def _additional(place: Place, incarnation: str) -> bytes:
    # A store has few tables, kinds and versions and one incarnation; only rows are many.
    return (
        b"gauger/store\x00"
        + _framed(place.table)
        + _frame(place.row)
        + _framed(place.kind)
        + _framed(str(place.version))
        + _framed(incarnation)
    )


def _frame(part: str) -> bytes:
    """Put its length before a part: no two lists of parts may give the same bytes."""
    encoded = part.encode()
    return len(encoded).to_bytes(2, "big") + encoded


_framed: Final = lru_cache(maxsize=128)(_frame)
