"""The durable memory of a product instance: one SQLite file of sealed records."""

import hashlib
import heapq
import itertools
import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from gauger.adapters.storage.instance_anchor import Anchor, write_anchor
from gauger.adapters.storage.sealed import SEAL_BYTES, Place, Seal
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch, LogEntry, StoredItem, StoredReport

SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x47415552  # "GAUR"
KEPT_EVENTS: Final = 5000
"""How many events stay when the log is compacted."""

_Row = tuple[int, bytes | None, bytes | None, int | None, bytes | None]
"""A row of the report table as SQLite returns it: see `_COLUMNS`."""

# So that the log is compacted once in a thousand events, and not with each.
_SLACK: Final = 1000
# In front of the bytes and under the seal: nobody can make a report be read as the other.
_PLAIN, _COMPRESSED = b"\x00", b"\x01"
_META: Final = Place("meta", "1", "meta")

_SCHEMA: Final = """
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, sealed BLOB NOT NULL
);
CREATE TABLE record (
  family TEXT NOT NULL, key TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (family, key)
) WITHOUT ROWID;
CREATE TABLE report (
  id INTEGER PRIMARY KEY, state TEXT NOT NULL, digest TEXT UNIQUE, acked_at INTEGER,
  held INTEGER NOT NULL DEFAULT 0, sealed BLOB NOT NULL
);
CREATE INDEX report_state ON report (state, id);
CREATE INDEX report_held ON report (acked_at, id) WHERE held = 1 AND acked_at IS NOT NULL;
CREATE TABLE item (
  report_id INTEGER NOT NULL, kind TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (report_id, kind)
) WITHOUT ROWID;
CREATE TABLE event (sequence INTEGER PRIMARY KEY, sealed BLOB NOT NULL, chain BLOB NOT NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Where the event log ends and how often the store was anchored.

    Attributes:
        counter: Number of anchored commits.
        sequence: Number of the last event.
        chain: Its chain value.
        checkpoint: Number of the last event that compaction removed.
        checkpoint_chain: Its chain value, from which the kept ones go on.
    """

    counter: int
    sequence: int
    chain: bytes
    checkpoint: int
    checkpoint_chain: bytes


def users_digest(records: Mapping[str, bytes]) -> str:
    """Return the digest by which an anchor knows the users of a store; empty for none."""
    named = sorted((name, content.decode()) for name, content in records.items())
    return hashlib.sha256(json.dumps(named).encode()).hexdigest() if named else ""


def chain_value(before: bytes, sequence: int, sealed: bytes) -> bytes:
    """Return the chain value of an event, which covers every event before it."""
    return hashlib.sha256(
        # Over the sealed bytes, so that the chain is proven without opening thousands of events.
        b"gauger/event\x00" + before + sequence.to_bytes(8, "big") + sealed
    ).digest()


class InstanceStore:
    """One open store. Calls are serialised by the one who holds it."""

    def __init__(
        self, connection: sqlite3.Connection, seal: Seal, anchor_path: Path | None
    ) -> None:
        """Attach to a store that exists and has this release's schema.

        Args:
            connection: The SQLite file.
            seal: What opens its records.
            anchor_path: Where its anchor is; None for a store in memory, which has none.

        Raises:
            Problem: ``store-damaged`` where its head does not open.
        """
        self._connection = connection
        self._seal = seal
        self._anchor_path = anchor_path
        self.replaced: str | None = None
        self.volatile: str | None = None
        self.anchor_trouble: Problem | None = None
        with named_errors():
            row = connection.execute("SELECT incarnation, sealed FROM meta").fetchone()
        if row is None:
            raise Problem("store-damaged", "The store has no head.")
        self._incarnation = str(row[0])
        # The incarnation stands in the open, and is bound here: another one does not open the head.
        self._tail = _read_tail(seal.open(row[1], _META, self._incarnation))

    @property
    def incarnation(self) -> str:
        """128 random bits, hexadecimal, made with the store."""
        return self._incarnation

    @property
    def tail(self) -> Tail:
        """Where the event log ends."""
        return self._tail

    def record(self, family: str, name: str) -> bytes | None:
        """Return one record."""
        key = self._seal.blind(name)
        with named_errors():
            row = self._connection.execute(
                "SELECT sealed FROM record WHERE family = ? AND key = ?", (family, key)
            ).fetchone()
        return None if row is None else self._open_record(family, key, row[0])[1]

    def records(self, family: str) -> dict[str, bytes]:
        """Return all records of a family by name."""
        with named_errors():
            rows = self._connection.execute(
                "SELECT key, sealed FROM record WHERE family = ?", (family,)
            ).fetchall()
        return dict(self._open_record(family, key, sealed) for key, sealed in rows)

    def report(self, report_id: int) -> StoredReport | None:
        """Return one report."""
        return self._one_report("id = ?", report_id)

    def report_by_digest(self, digest: Digest) -> StoredReport | None:
        """Return the report with these signed bytes."""
        return self._one_report("digest = ?", digest)

    def reports(
        self, states: Collection[str], *, after: int = 0, limit: int = 500
    ) -> list[StoredReport]:
        """Return reports in any of the states with a higher id, lowest id first."""
        # One query a state, merged here: a single one over several states would sort the backlog.
        with named_errors():
            streams = [
                self._connection.execute(
                    f"SELECT {_COLUMNS} FROM report WHERE state = ? AND id > ?"  # noqa: S608 -- fixed columns
                    " ORDER BY id LIMIT ?",
                    (state, after, limit),
                )
                for state in sorted(set(states))
            ]
            rows = list(itertools.islice(heapq.merge(*streams, key=lambda row: row[0]), limit))
        return [self._open_report(row) for row in rows]

    def purgeable(self, acked_before: int, keep: int) -> list[int]:
        """Return ids whose items are past both retentions: the time, and the number kept."""
        with named_errors():
            rows = self._connection.execute(
                "SELECT id, acked_at FROM report WHERE held = 1 AND acked_at IS NOT NULL"
                " ORDER BY acked_at DESC, id DESC LIMIT -1 OFFSET ?",
                # Of the newest this many stay whatever their age; the time is judged below.
                (keep,),
            ).fetchall()
        return [report_id for report_id, acked_at in rows if acked_at < acked_before]

    def item(self, report_id: int, kind: str) -> bytes | None:
        """Return bytes of a report, or None where they were removed."""
        with named_errors():
            row = self._connection.execute(
                "SELECT CAST(sealed AS BLOB) FROM item WHERE report_id = ? AND kind = ?",
                (report_id, kind),
            ).fetchone()
        if row is None:
            return None
        plain = self._seal.open(row[0] or b"", _item_place(report_id, kind), self._incarnation)
        return zlib.decompress(plain[1:]) if plain[:1] == _COMPRESSED else plain[1:]

    def state_counts(self) -> dict[str, int]:
        """Return how many reports are in which state."""
        # By the column in the open: good enough for people to look at, nothing is decided by it.
        with named_errors():
            return dict(
                self._connection.execute("SELECT state, count(*) FROM report GROUP BY state")
            )

    def entries(self, after: int = 0) -> Iterator[tuple[int, LogEntry]]:
        """Return the event log with sequence numbers above ``after``, oldest first."""
        with named_errors():
            rows = self._connection.execute(
                "SELECT sequence, sealed FROM event WHERE sequence > ? ORDER BY sequence", (after,)
            ).fetchall()
        for sequence, sealed in rows:
            yield sequence, self._open_entry(sequence, sealed)

    def log_bytes(self) -> int:
        """Return the size of the event log as it is read, in bytes; nothing is opened for it."""
        with named_errors():
            # A blob's length stands at the head of its row: not even the bytes are read.
            (size,) = self._connection.execute(
                "SELECT coalesce(sum(length(sealed) - ?), 0) FROM event", (SEAL_BYTES,)
            ).fetchone()
        return int(size)

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: one transaction, then the anchor where it is due.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``entropy-failed``; nothing was changed.
        """
        with self._transaction():
            for (family, name), content in batch.records.items():
                self._put_record(family, name, content)
            for report in batch.reports.values():
                self._put_report(report)
            for item in batch.items:
                self._put_item(item)
            # After rows and items: a report may come with its first bytes in one batch.
            for report_id in {item.report_id for item in batch.items}:
                self._note_held(report_id)
            tail = self._append(batch)
            self._put_tail(tail)
        # Only now: after a rollback the next event must go on from what the file holds.
        self._tail = tail
        # Not with each commit: a device stores each second, and the anchor is a file to be synced.
        if self._anchor_path is not None and (batch.anchored or self.anchor_trouble):
            self._renew_anchor(self._anchor_path)

    def verify_chain(self) -> None:
        """Prove that no event was altered, removed or put in.

        Raises:
            Problem: ``store-damaged`` with the number of the first event that does not fit.
        """
        expected, chain = self._tail.checkpoint, self._tail.checkpoint_chain
        with named_errors():
            rows = self._connection.execute(
                "SELECT sequence, sealed, chain FROM event ORDER BY sequence"
            )
            for sequence, sealed, stored in rows:
                expected += 1
                chain = chain_value(chain, expected, sealed)
                # The number as well: a row that was cut out would else only show at the end.
                if (sequence, stored) != (expected, chain):
                    raise Problem("store-damaged", f"The event log breaks at event {expected}.")
        # The sealed head says where the log ends, or its last events could be cut off unseen.
        if (expected, chain) != (self._tail.sequence, self._tail.chain):
            raise Problem("store-damaged", f"The event log ends at {expected}, too early.")

    def chain_at(self, sequence: int) -> bytes | None:
        """Return the chain value of an event, or None where compaction has removed it."""
        # The event itself is gone with compaction; an anchor may still name just this one.
        if sequence == self._tail.checkpoint:
            return self._tail.checkpoint_chain
        with named_errors():
            row = self._connection.execute(
                "SELECT chain FROM event WHERE sequence = ?", (sequence,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def close(self) -> None:
        """Release the file; what was committed is in it."""
        with named_errors():
            self._connection.close()

    def _one_report(self, condition: str, value: int | str) -> StoredReport | None:
        with named_errors():
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM report WHERE {condition}",  # noqa: S608 -- fixed texts
                (value,),
            ).fetchone()
        return None if row is None else self._open_report(row)

    def _open_record(self, family: str, key: str, sealed: bytes) -> tuple[str, bytes]:
        plain = self._seal.open(sealed, Place("record", key, family), self._incarnation)
        # The name goes under the seal: the row key is blinded and cannot be turned back.
        size = int.from_bytes(plain[:2], "big")
        return plain[2 : 2 + size].decode(), plain[2 + size :]

    def _open_report(self, row: _Row) -> StoredReport:
        report_id, sealed = row[0], row[4] or b""
        place = Place("report", str(report_id), "report")
        try:
            head, _, detail = self._seal.open(sealed, place, self._incarnation).partition(b"\n")
        # Returned and not raised: one row that rotted must not keep all others from being read.
        except Problem as problem:
            return StoredReport(report_id=report_id, state="", fault=problem.detail)
        state, digest, acked_at = msgspec.json.decode(head)
        # The columns are in the open to be indexed. Altered, a report would pass for acknowledged.
        if (_encoded(state), _encoded(digest), acked_at) != row[1:4]:
            message = f"The row of report {report_id} was altered beside its seal."
            return StoredReport(report_id=report_id, state="", fault=message)
        return StoredReport(
            report_id=report_id,
            state=state,
            digest=None if digest is None else Digest(digest),
            acked_at=acked_at,
            detail=detail,
        )

    def _open_entry(self, sequence: int, sealed: bytes) -> LogEntry:
        place = Place("event", str(sequence), "event")
        at, name, fields, text = json.loads(self._seal.open(sealed, place, self._incarnation))
        return LogEntry(at=at, name=name, fields=tuple((key, to) for key, to in fields), text=text)

    def _put_record(self, family: str, name: str, content: bytes | None) -> None:
        key = self._seal.blind(name)
        if content is None:
            self._connection.execute(
                "DELETE FROM record WHERE family = ? AND key = ?", (family, key)
            )
            return
        encoded = name.encode()
        plain = len(encoded).to_bytes(2, "big") + encoded + content
        sealed = self._seal.seal(plain, Place("record", key, family), self._incarnation)
        self._connection.execute(
            "INSERT OR REPLACE INTO record (family, key, sealed) VALUES (?, ?, ?)",
            (family, key, sealed),
        )

    def _put_report(self, report: StoredReport) -> None:
        head = msgspec.json.encode((report.state, report.digest, report.acked_at))
        place = Place("report", str(report.report_id), "report")
        sealed = self._seal.seal(head + b"\n" + report.detail, place, self._incarnation)
        self._connection.execute(
            "INSERT INTO report (id, state, digest, acked_at, sealed) VALUES (?, ?, ?, ?, ?)"
            # No REPLACE: that deletes the row first, and `held` would be lost with it.
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state, digest = excluded.digest,"
            " acked_at = excluded.acked_at, sealed = excluded.sealed",
            (report.report_id, report.state, report.digest, report.acked_at, sealed),
        )

    def _put_item(self, item: StoredItem) -> None:
        place = _item_place(item.report_id, item.kind)
        if item.content is None:
            self._connection.execute(
                "DELETE FROM item WHERE report_id = ? AND kind = ?", (item.report_id, item.kind)
            )
        else:
            plain = (
                _COMPRESSED + zlib.compress(item.content, 6)
                if item.compressed
                else _PLAIN + item.content
            )
            sealed = self._seal.seal(plain, place, self._incarnation)
            self._connection.execute(
                "INSERT OR REPLACE INTO item (report_id, kind, sealed) VALUES (?, ?, ?)",
                (item.report_id, item.kind, sealed),
            )

    def _note_held(self, report_id: int) -> None:
        # Looked up and not taken from the batch: one that removes the ACK may leave the report.
        self._connection.execute(
            "UPDATE report SET held = EXISTS (SELECT 1 FROM item WHERE report_id = id)"
            " WHERE id = ?",
            (report_id,),
        )

    def _append(self, batch: Batch) -> Tail:
        tail = self._tail
        sequence, chain = tail.sequence, tail.chain
        for entry in batch.entries:
            sequence += 1
            # Not by msgspec: a file's name in an event may hold bytes that are no UTF-8.
            plain = json.dumps([entry.at, entry.name, entry.fields, entry.text]).encode()
            place = Place("event", str(sequence), "event")
            sealed = self._seal.seal(plain, place, self._incarnation)
            chain = chain_value(chain, sequence, sealed)
            self._connection.execute(
                "INSERT INTO event (sequence, sealed, chain) VALUES (?, ?, ?)",
                (sequence, sealed, chain),
            )
        tail = Tail(
            # Beside the sequence: a commit without any event would leave nothing to compare.
            counter=tail.counter + (1 if batch.anchored else 0),
            sequence=sequence,
            chain=chain,
            checkpoint=tail.checkpoint,
            checkpoint_chain=tail.checkpoint_chain,
        )
        if batch.clears_events:
            return self._compacted(tail, self._tail.sequence)
        if sequence - tail.checkpoint > KEPT_EVENTS + _SLACK:
            return self._compacted(tail, sequence - KEPT_EVENTS)
        return tail

    def _compacted(self, tail: Tail, last: int) -> Tail:
        """Remove the events up to one; the checkpoint holds the chain value they end with."""
        chain = self.chain_at(last)
        if chain is None:
            raise Problem("store-damaged", f"The event log lacks event {last}.")
        self._connection.execute("DELETE FROM event WHERE sequence <= ?", (last,))
        return replace(tail, checkpoint=last, checkpoint_chain=chain)

    def _put_tail(self, tail: Tail) -> None:
        # Many commits append no event: the head need not be sealed and written again.
        if tail == self._tail:
            return
        sealed = self._seal.seal(_write_tail(tail), _META, self._incarnation)
        self._connection.execute("UPDATE meta SET sealed = ?", (sealed,))

    def _texts(self, family: str) -> dict[str, str]:
        return {name: content.decode() for name, content in self.records(family).items()}

    def _renew_anchor(self, path: Path) -> None:
        """Write the anchor; if that fails the store is newer, and each commit tries again.

        Not raised: the batch is durable, and to whoever hears of a failure it would look lost.
        """
        anchor = Anchor(
            incarnation=self._incarnation,
            counter=self._tail.counter,
            sequence=self._tail.sequence,
            chain=self._tail.chain.hex(),
            marks=self._texts("mark"),
            floors=self._texts("floor"),
            users=users_digest(self.records("user")),
        )
        try:
            write_anchor(path, anchor, self._seal)
            self.anchor_trouble = None
        except Problem as problem:
            self.anchor_trouble = problem

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with named_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                # After some errors SQLite has rolled back by itself; another would hide the first.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


# As bytes: a text that rotted into no UTF-8 would fail the whole query, with all rows around it.
_COLUMNS: Final = "id, CAST(state AS BLOB), CAST(digest AS BLOB), acked_at, CAST(sealed AS BLOB)"


_ERRORS: Final = {
    sqlite3.SQLITE_FULL: "store-full",
    sqlite3.SQLITE_CORRUPT: "store-damaged",
    sqlite3.SQLITE_NOTADB: "store-damaged",
}


class _NamedErrors:
    """A context that keeps nothing of its use: one serves all statements, and costs them little."""

    def __init__(self, store: str) -> None:
        """Take how the store is called."""
        self._store = store

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Name what SQLite says; whatever else is raised goes on."""
        del kind, trace
        if isinstance(error, sqlite3.Error):
            code = getattr(error, "sqlite_errorcode", None)
            # The low byte is the primary code; the extended ones grow with each release.
            name = _ERRORS.get(code & 0xFF if isinstance(code, int) else -1, "store-failed")
            raise Problem(name, f"{self._store} says: {error}.") from error


_NAMED_ERRORS: Final = _NamedErrors("The store")


def named_errors(path: Path | None = None) -> AbstractContextManager[None]:
    """Return the context in which what SQLite says becomes a named problem.

    Args:
        path: Its file, where that is to be named.

    Raises:
        Problem: At its end: ``store-full``, ``store-damaged`` or ``store-failed``.
    """
    return _NAMED_ERRORS if path is None else _NamedErrors(f"The store {path}")


def create_schema(connection: sqlite3.Connection, seal: Seal, incarnation: str) -> None:
    """Make the tables of an empty store, all or none.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``entropy-failed``.
    """
    tail = Tail(counter=0, sequence=0, chain=bytes(32), checkpoint=0, checkpoint_chain=bytes(32))
    sealed = seal.seal(_write_tail(tail), _META, incarnation)
    with named_errors():
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO meta (id, incarnation, sealed) VALUES (1, ?, ?)", (incarnation, sealed)
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        # In the same transaction: a file with a version is a whole store, one without is none.
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _item_place(report_id: int, kind: str) -> Place:
    return Place("item", str(report_id), kind)


def _write_tail(tail: Tail) -> bytes:
    return msgspec.json.encode(
        (
            tail.counter,
            tail.sequence,
            tail.chain.hex(),
            tail.checkpoint,
            tail.checkpoint_chain.hex(),
        )
    )


def _read_tail(plain: bytes) -> Tail:
    counter, sequence, chain, checkpoint, checkpoint_chain = msgspec.json.decode(plain)
    return Tail(
        counter=counter,
        sequence=sequence,
        chain=bytes.fromhex(chain),
        checkpoint=checkpoint,
        checkpoint_chain=bytes.fromhex(checkpoint_chain),
    )
