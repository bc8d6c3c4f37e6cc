"""Secrets of the portal: how they are made, how they are kept, how they are compared."""

import base64
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from gauger.core.identity import Digest, digest
from gauger.core.ports import Entropy
from gauger.core.problems import Problem

_SECRET_BYTES: Final = 32
_TOKEN_BYTES: Final = 24  # 192 bits: an ID token cannot be guessed
_ID_BYTES: Final = 16
MINIMUM_PASSWORD: Final = 12
"""Characters of a password, at least."""

MAXIMUM_PASSWORD: Final = 256
"""Characters of a password, at most: longer ones only cost time."""


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
    return digest(secret.encode("utf-8", "surrogateescape"))


def same_secret(kept: Digest, offered: str) -> bool:
    """Compare in constant time, so that the time tells nothing about the secret."""
    return hmac.compare_digest(kept, secret_digest(offered))


class Passwords:
    """Slow hashes of passwords people choose; two at a time, so that log-ins cannot fill memory."""

    def __init__(self, entropy: Entropy, *, patience: float = 5.0) -> None:
        """Prepare the hash that stands in for a user who does not exist.

        Args:
            entropy: Randomness.
            patience: Seconds that a log-in waits for its turn.
        """
        self._patience = patience
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turns = threading.BoundedSemaphore(2)
        self._nobody = self._hasher.hash(new_secret(entropy))

    def hash(self, password: str) -> str:
        """Return the argon2id hash of a password.

        Raises:
            Problem: ``invalid-argument`` where it is shorter or longer than passwords may be.
        """
        if not MINIMUM_PASSWORD <= len(password) <= MAXIMUM_PASSWORD:
            message = f"A password has {MINIMUM_PASSWORD} to {MAXIMUM_PASSWORD} characters."
            raise Problem("invalid-argument", message)
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, kept: str | None, offered: str) -> bool:
        """Whether a password is the kept one; takes as long where there is no such user."""
        if len(offered) > MAXIMUM_PASSWORD:
            return False
        with self._turn():
            try:
                self._hasher.verify(kept or self._nobody, offered)
            except (VerifyMismatchError, InvalidHashError):
                return False
        return kept is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn, not for ever: a crowd at the door must not hold every thread.

        Raises:
            Problem: ``server-busy``.
        """
        if not self._turns.acquire(timeout=self._patience):
            raise Problem("server-busy", "Too many log in at once.")
        try:
            yield
        finally:
            self._turns.release()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
