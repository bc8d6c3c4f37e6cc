"""Read connections to the ledger: one serves one thread at a time, and they are used again."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Final

from gauger.authority.ports import LedgerReader
from gauger.cssm.ports import AuthorityPort

_KEPT: Final = 16


class Readers:
    """Lends readers of the ledger and takes them back; thread-safe."""

    def __init__(self, authority: AuthorityPort) -> None:
        """Start with none: readers are opened at need."""
        self._authority = authority
        self._idle: LifoQueue[LedgerReader] = LifoQueue()

    @contextmanager
    def lend(self) -> Iterator[LedgerReader]:
        """Lend a reader for the time of the block."""
        try:
            reader = self._idle.get_nowait()
        except Empty:
            reader = self._authority.reader()
        try:
            yield reader
        finally:
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
