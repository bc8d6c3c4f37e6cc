"""The ledger's store in SQLite: WAL, synchronous, one writer, readers of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gauger.adapters.storage.ledger.authorizations import Authorizations
from gauger.adapters.storage.ledger.connection import connect, migrate, row_id, translated
from gauger.adapters.storage.ledger.facts import Facts
from gauger.adapters.storage.ledger.lookups import Lookups
from gauger.adapters.storage.ledger.names import Names
from gauger.adapters.storage.ledger.pages import Pages
from gauger.adapters.storage.ledger.projector import Projector
from gauger.adapters.storage.ledger.reader import SqliteReader
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.authority.row import Row


class SqliteLedger:
    """A `LedgerStore` in one SQLite file; its writer is one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, and bring its schema to the newest version.

        Args:
            path: The file; made where it is missing.

        Raises:
            Problem: ``store-locked`` where another process writes to it; ``store-newer``;
                ``store-damaged``; ``store-full``; ``store-failed``.
        """
        self._path = path
        # SQLite would let a second process write between two pages; a ledger has one writer.
        self._lock = WriterLock(path.with_name(f"{path.name}.lock"))
        self._lock.acquire()
        try:
            self._db = connect(path)
        except BaseException:
            self._lock.release()
            raise
        try:
            # What reads the tables comes after they have their newest form.
            migrate(self._db, path)
            self._names = Names(self._db)
            self._projector = Projector(self._db, self._names)
            self.facts = Facts(self._db, self._names, self._projector)
            self.lookups = Lookups(self._db, self._names)
            self.authorizations = Authorizations(self._db, self._names, self.facts.instance)
            self.pages = Pages(self._db)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin the transaction of a page; leaving it well makes all of it durable.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``store-damaged``.
        """
        with translated(self._path):
            # At once and not at the first write: else a page could fail in its middle for want of
            # the lock.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                # Inside of the try: a commit that fails on a full disk leaves the transaction open.
                self._db.execute("COMMIT")
            except BaseException:
                # What was remembered in a transaction that is undone names rows that are not there.
                self._names.forget()
                self._projector.forget()
                # On some errors SQLite has rolled back by itself; a second time would hide the
                # cause.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def apply(self, row: Row, page: int, place: int) -> None:
        """Bring the projections up to date with a row."""
        self._projector.apply(row, row_id(page, place))

    def mark(self, name: str) -> str | None:
        """Return what a restore left for the next start, or None."""
        row = self._db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def clear_mark(self, name: str) -> None:
        """Remove what a restore left, within the transaction."""
        self._db.execute("DELETE FROM marks WHERE name = ?", (name,))

    def reader(self, unsaved: Callable[[], tuple[int, bytes] | None]) -> SqliteReader:
        """Return a reader with a connection of its own."""
        # Its own: a long listing neither holds up the page that is written nor sees half of it.
        return SqliteReader(connect(self._path, readonly=True), self._path, unsaved)

    def close(self) -> None:
        """Close the connection and give the lock back."""
        self._db.close()
        self._lock.release()
