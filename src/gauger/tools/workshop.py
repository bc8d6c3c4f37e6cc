"""What the offline tools work with: time, randomness, and the terms of new certificates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.clock import open_clock
from gauger.adapters.entropy import SystemEntropy
from gauger.core.documents.keyring import NO_EXPIRY, Terms
from gauger.core.ports import Clock, Entropy
from gauger.core.problems import Problem

DAY: Final = 86_400
SERIAL_BYTES: Final = 16
_MOST_NAME_BYTES: Final = 64
"""Of a name in a certificate (X.520)."""


def require_certificate_name(name: str) -> None:
    """Refuse a name that no certificate can hold, before anything is made.

    Raises:
        Problem: ``invalid-argument``.
    """
    if not 1 <= len(name.encode()) <= _MOST_NAME_BYTES:
        most = f"of 1 to {_MOST_NAME_BYTES} bytes"
        raise Problem("invalid-argument", f"{name[:16]!r}… is no name {most} for a certificate.")


@dataclass(frozen=True, slots=True)
class Workshop:
    """Clock and randomness of a tool.

    Attributes:
        clock: Wall time; what is made under a test clock says so.
        entropy: Randomness for keys and numbers.
    """

    clock: Clock
    entropy: Entropy

    @classmethod
    def open(cls, clock_file: Path | None = None) -> "Workshop":
        """Return a workshop of this machine, its clock moved by a file where one is named."""
        return cls(open_clock(clock_file), SystemEntropy())

    def now(self) -> int:
        """Return the wall time, epoch seconds."""
        return self.clock.wall()

    def terms(self, days: int | None = None) -> Terms:
        """Return terms with a random number.

        Args:
            days: How long they hold from now; None for ever, as a device identity does.
        """
        # Random: no list of numbers given out has to be kept. X.509 allows no zero.
        number = int.from_bytes(self.entropy.random_bytes(SERIAL_BYTES), "big") + 1
        now = self.now()
        # A device lives longer than any date that a factory could name (IEEE 802.1AR).
        last = NO_EXPIRY if days is None else min(now + days * DAY, NO_EXPIRY)
        return Terms(serial_number=number, not_before=now, not_after=last)
