"""Slow hashes that load when somebody logs in: most product instances never see that."""

import threading
from typing import TYPE_CHECKING

from gauger.core.ports import Entropy

if TYPE_CHECKING:
    from gauger.adapters.passwords import Passwords


class DeferredPasswords:
    """It fills the port `gauger.core.ports.PasswordHashes`."""

    def __init__(self, entropy: Entropy) -> None:
        """Take randomness; nothing is loaded yet."""
        self._entropy = entropy
        self._lock = threading.Lock()
        self._loaded: Passwords | None = None

    def hash(self, password: str) -> str:
        """Return the hash that is kept of a password.

        Raises:
            Problem: As `Passwords.hash`.
        """
        return self._load().hash(password)

    def matches(self, kept: str | None, offered: str) -> bool:
        """Whether a password is the kept one; takes as long where there is no such user.

        Raises:
            Problem: ``server-busy``.
        """
        return self._load().matches(kept, offered)

    def _load(self) -> "Passwords":
        # One instance for all: it is the one that limits how many are hashed at once.
        with self._lock:
            if self._loaded is None:
                from gauger.adapters.passwords import Passwords  # noqa: PLC0415 -- what is deferred

                self._loaded = Passwords(self._entropy)
            return self._loaded
