"""Randomness of the operating system."""

import os

from gauger.core.problems import Problem


class SystemEntropy:
    """The kernel's random source; there is no weaker fallback."""

    def random_bytes(self, count: int) -> bytes:
        """Return ``count`` bytes that nobody can predict.

        Raises:
            Problem: ``entropy-failed``.
        """
        try:
            data = os.urandom(count)
        except (OSError, NotImplementedError) as error:
            message = f"The operating system gave no random bytes: {error}."
            raise Problem("entropy-failed", message) from error
        # A key made of fewer bytes than it should be could be guessed.
        if len(data) != count:
            message = f"The operating system gave {len(data)} of {count} random bytes."
            raise Problem("entropy-failed", message)
        return data
