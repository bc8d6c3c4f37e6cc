"""A store that stands in front of another one and hands every question on to it."""

from collections.abc import Collection, Iterator

from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch, LogEntry, StoredReport


class StoreFront:
    """Fills the port `Store` by the store behind it; who derives from it changes what differs."""

    def __init__(self, store: InstanceStore) -> None:
        """Take the store behind."""
        # The attribute and not each method is what a front exchanges: see `PendingStore.commit`.
        self._store = store
        self.replaced = store.replaced
        self.volatile = store.volatile

    @property
    def incarnation(self) -> str:
        """128 random bits, hexadecimal."""
        return self._store.incarnation

    @property
    def anchor_trouble(self) -> Problem | None:
        """Why the anchor is behind the store, or None."""
        return self._store.anchor_trouble

    def commit(self, batch: Batch) -> None:
        """Make a batch durable.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``store-damaged``; nothing was changed.
        """
        self._store.commit(batch)

    def record(self, family: str, name: str) -> bytes | None:
        """Return one record."""
        return self._store.record(family, name)

    def records(self, family: str) -> dict[str, bytes]:
        """Return all records of a family by name."""
        return self._store.records(family)

    def report(self, report_id: int) -> StoredReport | None:
        """Return one report."""
        return self._store.report(report_id)

    def report_by_digest(self, digest: Digest) -> StoredReport | None:
        """Return the report with these signed bytes."""
        return self._store.report_by_digest(digest)

    def reports(
        self, states: Collection[str], *, after: int = 0, limit: int = 500
    ) -> list[StoredReport]:
        """Return reports in any of the states with a higher id, lowest id first."""
        return self._store.reports(states, after=after, limit=limit)

    def purgeable(self, acked_before: int, keep: int) -> list[int]:
        """Return ids whose items are past both retentions."""
        return self._store.purgeable(acked_before, keep)

    def item(self, report_id: int, kind: str) -> bytes | None:
        """Return bytes of a report, or None where they were removed."""
        return self._store.item(report_id, kind)

    def state_counts(self) -> dict[str, int]:
        """Return how many reports are in which state."""
        return self._store.state_counts()

    def entries(self, after: int = 0) -> Iterator[tuple[int, LogEntry]]:
        """Return the event log with sequence numbers above ``after``, oldest first."""
        return self._store.entries(after)

    def log_bytes(self) -> int:
        """Return the size of the event log as it is read, in bytes."""
        return self._store.log_bytes()

    def close(self) -> None:
        """Release the file."""
        self._store.close()
