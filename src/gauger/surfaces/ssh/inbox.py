"""Input on its way from a client to a shell's thread."""

import threading
from dataclasses import dataclass
from typing import Final

_BREAK: Final = b"\x03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What has come since the shell asked last.

    Attributes:
        data: The bytes typed.
        size: Rows and columns of the terminal, where they changed.
        is_last: Whether nothing follows.
    """

    data: bytes = b""
    size: tuple[int, int] | None = None
    is_last: bool = False


class Inbox:
    """Where input waits while a shell is busy; whoever fills it is told when it is enough."""

    def __init__(self, capacity: int) -> None:
        """Make one.

        Args:
            capacity: Bytes from which on it counts as full.
        """
        self._capacity = capacity
        self._change = threading.Condition()
        self._data = bytearray()
        self._size: tuple[int, int] | None = None
        self._is_ended = False

    def __len__(self) -> int:
        return len(self._data)

    def put(self, data: bytes) -> bool:
        """Add input; return whether nothing more should be added until some is taken."""
        with self._change:
            self._data += data
            self._change.notify()
            return len(self._data) >= self._capacity

    def resize(self, rows: int, columns: int) -> None:
        """Add a new size of the terminal. Of many only the last is told: none of them pile up."""
        with self._change:
            self._size = (rows, columns)
            self._change.notify()

    def end(self) -> None:
        """Say that nothing follows."""
        with self._change:
            self._is_ended = True
            self._change.notify()

    def take_break(self) -> bool:
        """Return whether Ctrl-C was typed; it is taken, and what was typed before it dropped."""
        with self._change:
            end = self._data.rfind(_BREAK)
            del self._data[: end + 1]
            return end >= 0

    def abandon(self) -> None:
        """Say that nothing follows, and throw away what waits."""
        with self._change:
            self._data.clear()
            self._is_ended = True
            self._change.notify()

    def take(self) -> Input:
        """Wait for input and return all there is."""
        with self._change:
            self._change.wait_for(lambda: self._data or self._size or self._is_ended)
            taken = Input(data=bytes(self._data), size=self._size, is_last=self._is_ended)
            self._data.clear()
            self._size = None
            return taken
