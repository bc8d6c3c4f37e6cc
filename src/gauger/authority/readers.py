"""Read connections to the ledger: one serves one thread at a time, and they are used again."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Final, Protocol

from gauger.authority.ports import LedgerReader

_KEPT: Final = 16


class Library(Protocol):
    """Where readers are opened."""

    def reader(self) -> LedgerReader:
        """Return a read connection of its own."""


class Readers:
    """Lends readers of the ledger and takes them back; thread-safe."""

    def __init__(self, library: Library) -> None:
        """Start with none: readers are opened at need."""
        self._library = library
        # The last one first: its page cache is warm, and the others stay idle.
        self._idle: LifoQueue[LedgerReader] = LifoQueue()

    @contextmanager
    def lend(self) -> Iterator[LedgerReader]:
        """Lend a reader for the time of the block."""
        try:
            reader = self._idle.get_nowait()
        except Empty:
            reader = self._library.reader()
        try:
            yield reader
        finally:
            # Only roughly bounded: two threads may put back at once, and one reader more harms
            # nothing.
            if self._idle.qsize() < _KEPT:
                self._idle.put(reader)
            else:
                reader.close()

    def close(self) -> None:
        """Close every reader that is not lent."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return
