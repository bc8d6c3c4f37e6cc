"""Slow hashes of the passwords that people choose, for every role."""

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from gauger.core.ports import Entropy
from gauger.core.problems import Problem

_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD of malloc.h
_LARGE: Final = 4 * 1024 * 1024

MINIMUM_PASSWORD: Final = 12
"""Characters of a password, at least."""

MAXIMUM_PASSWORD: Final = 256
"""Characters of a password, at most: longer ones only cost time."""


def _give_memory_back() -> None:
    """Have the memory of each hash given back to the system: 19 MiB for each thread that hashed.

    The C library keeps what is freed, once it has seen that such pieces come again.
    """
    with contextlib.suppress(AttributeError, OSError):
        # Absent where the C library is another one, which then has its own ways.
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


class Passwords:
    """Slow hashes of passwords people choose; two at a time, so that log-ins cannot fill memory."""

    def __init__(self, entropy: Entropy, *, patience: float = 5.0) -> None:
        """Prepare the hash that stands in for a user who does not exist.

        Args:
            entropy: Randomness.
            patience: Seconds that a log-in waits for its turn.
        """
        self._patience = patience
        # What OWASP advises for argon2id: 19 MiB, two passes, one lane.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turns = threading.BoundedSemaphore(2)
        _give_memory_back()
        # Of random bytes that nobody keeps, so no password is right.
        self._nobody = self._hasher.hash(entropy.random_bytes(32).hex())

    def hash(self, password: str) -> str:
        """Return the argon2id hash of a password.

        Raises:
            Problem: ``invalid-argument`` where it is shorter or longer than passwords may be.
        """
        if not MINIMUM_PASSWORD <= len(password) <= MAXIMUM_PASSWORD:
            message = f"A password has {MINIMUM_PASSWORD} to {MAXIMUM_PASSWORD} characters."
            raise Problem("invalid-argument", message)
        try:
            encoded = password.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Problem("invalid-argument", "The password is no text.") from error
        with self._turn():
            return self._hasher.hash(encoded)

    def matches(self, kept: str | None, offered: str) -> bool:
        """Whether a password is the kept one; takes as long where there is no such user."""
        # Whoever is named: how soon this answers tells nothing of who exists.
        if len(offered) > MAXIMUM_PASSWORD:
            return False
        with self._turn():
            try:
                # What cannot be encoded is wrong, and costs as much as any other wrong password.
                encoded = offered.encode("utf-8", "surrogatepass")
                self._hasher.verify(kept or self._nobody, encoded)
            # A hash that rotted in the store opens no door either.
            except (VerifyMismatchError, InvalidHashError):
                return False
        # Not what was compared: that may have been the hash of nobody.
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
