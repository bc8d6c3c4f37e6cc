"""A workshop whose clock the test sets."""

from gauger.adapters.entropy import SystemEntropy
from gauger.tools.workshop import Workshop
from tests.core.documents.material import NOW


class SetClock:
    """A clock that stands where it was set."""

    def __init__(self, wall: int = NOW, *, test: bool = False) -> None:
        self._wall = wall
        self._test = test

    @property
    def is_test(self) -> bool:
        return self._test

    def wall(self) -> int:
        return self._wall

    def monotonic(self) -> float:
        return float(self._wall)

    def set(self, wall: int) -> None:
        self._wall = wall


ENTROPY = SystemEntropy()


def workshop(clock: SetClock | None = None) -> Workshop:
    """Return a workshop with a clock of its own."""
    return Workshop(clock or SetClock(), ENTROPY)
