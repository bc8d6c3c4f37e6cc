"""Secrets of the portal: how they are made, how they are kept, how they are compared."""

import base64
import hmac
from typing import Final

from gauger.core.identity import Digest, digest
from gauger.core.ports import Entropy

_SECRET_BYTES: Final = 32
_TOKEN_BYTES: Final = 24  # 192 bits: an ID token cannot be guessed
# An id of a poll is all that its answer asks for: it must not be guessed either.
_ID_BYTES: Final = 16


def new_secret(entropy: Entropy) -> str:
    """Return a new secret of 256 random bits as text."""
    return _text(entropy.random_bytes(_SECRET_BYTES))


def new_id_token(entropy: Entropy) -> str:
    """Return the text of a new ID token, 192 random bits."""
    return _text(entropy.random_bytes(_TOKEN_BYTES))


def new_id(entropy: Entropy) -> str:
    """Return a new id of 128 random bits as hexadecimal text."""
    return entropy.random_bytes(_ID_BYTES).hex()


def secret_digest(secret: str) -> Digest:
    """Return what is kept of a random secret; one with 192 bits or more needs no slow hash."""
    # What is no text is wrong like any other, and no reason to fail in another way.
    return digest(secret.encode("utf-8", "surrogatepass"))


def same_secret(kept: Digest, offered: str) -> bool:
    """Compare in constant time, so that the time tells nothing about the secret."""
    return hmac.compare_digest(kept, secret_digest(offered))


def _text(data: bytes) -> str:
    # People type it behind a command and programs send it in forms: nothing in it needs escaping.
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
