"""What the outside must lend: time, randomness, signatures and slow hashes."""

from typing import Protocol

from gauger.core.identity import Digest


class Clock(Protocol):
    """Wall and monotonic time of one process."""

    @property
    def is_test(self) -> bool:
        """Whether a test moves this clock; what is signed under it is marked so."""

    def wall(self) -> int:
        """Return seconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back, from an unknown origin."""


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return ``count`` bytes that nobody can predict.

        Raises:
            Problem: ``entropy-failed``; there is no weaker fallback.
        """


class Signer(Protocol):
    """A signing key that may live in a file, a token or a hardware module."""

    @property
    def key_id(self) -> Digest:
        """SHA-256 of the DER public key."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER certificates, the signer's own first."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte ECDSA P-256 / SHA-256 signature (r, s; s low) over the message.

        Raises:
            Problem: ``key-store-failed``; no fallback signs instead.
        """


class PasswordHashes(Protocol):
    """Slow hashes of the passwords that people choose."""

    def hash(self, password: str) -> str:
        """Return the hash that is kept of a password.

        Raises:
            Problem: ``invalid-argument`` where it is too short or too long; ``server-busy``.
        """

    def matches(self, kept: str | None, offered: str) -> bool:
        """Whether a password is the kept one; takes as long where there is no such user.

        Raises:
            Problem: ``server-busy``.
        """
