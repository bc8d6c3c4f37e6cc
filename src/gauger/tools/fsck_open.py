"""Opens a ledger for `gauger fsck`: as it is, or a copy that was brought to today's schema."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gauger.adapters.storage.ledger.connection import SCHEMA_VERSION, connect, migrate, translated
from gauger.core.problems import Problem
from gauger.tools.fsck_findings import Examination, Fault
from gauger.tools.fsck_shape import compare_shapes, read_shape


@contextmanager
def workplace(path: Path, examination: Examination) -> Iterator[sqlite3.Connection]:
    """Open an empty ledger of today's schema with the examined one beside it, named ``kept``.

    Args:
        path: The examined file; nothing that it holds is changed.
        examination: Where is noted what of its schema is not as it was made.

    Yields:
        The connection, in one transaction: one moment of the file, whoever works on it meanwhile.

    Raises:
        Problem: ``store-missing``, ``store-newer``, ``store-unknown``, ``store-damaged`` or
            ``store-failed``.
    """
    if not path.is_file():
        raise Problem("store-missing", f"There is no ledger at {path}.")
    with tempfile.TemporaryDirectory(prefix="gauger-fsck-") as folder:
        kept = _of_today(path, Path(folder), examination)
        fresh = Path(folder) / "replay.db"
        with closing(connect(fresh)) as db:
            # The replay is thrown away in any case: to sync it would only take time.
            db.execute("PRAGMA synchronous=OFF")
            migrate(db, fresh)
            # Read-only by SQLite itself: no slip in what follows can write to the examined file.
            db.execute("ATTACH ? AS kept", (f"{kept.absolute().as_uri()}?mode=ro",))
            # A portal may commit meanwhile: without this, heads and rows would be of two moments.
            db.execute("BEGIN")
            for where, what in compare_shapes(read_shape(db, "kept"), read_shape(db)):
                examination.add(Fault(where=where, what=what))
            yield db


def _of_today(path: Path, folder: Path, examination: Examination) -> Path:
    """Return the file, or a migrated copy where an older release wrote it."""
    with closing(connect(path, readonly=True)) as db:
        held = _version(db, path)
        if held == SCHEMA_VERSION:
            return path
        # The next start migrates the file itself; here nothing of it may change.
        copy = folder / "older.db"
        with translated(copy), closing(sqlite3.connect(copy)) as made:
            db.backup(made)
    try:
        with closing(connect(copy)) as made:
            migrate(made, copy)
    except Problem as problem:
        if problem.code != "store-failed":
            raise
        detail = f"{path} has schema {held} and cannot be brought to {SCHEMA_VERSION}"
        raise Problem("store-unknown", f"{detail}: {problem.detail}") from problem
    examination.notes.append(
        f"An older release wrote it (schema {held}); a copy brought to schema {SCHEMA_VERSION}, as "
        "the next start does it, was examined."
    )
    return copy


def _version(db: sqlite3.Connection, path: Path) -> int:
    known = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger_schema'").fetchone()
    if known is None:
        raise _no_ledger(db, path)
    row = db.execute("SELECT version FROM ledger_schema WHERE one = 1").fetchone()
    version = None if row is None else row[0]
    # A column of SQLite holds whatever was put there, also a text.
    if not isinstance(version, int) or version < 1:
        raise Problem("store-unknown", f"{path} does not say which schema its ledger has.")
    if version > SCHEMA_VERSION:
        detail = f"{path} has schema {version}; this release knows {SCHEMA_VERSION}."
        raise Problem("store-newer", detail)
    return version


def _no_ledger(db: sqlite3.Connection, path: Path) -> Problem:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    if not {"heads", "leaves"} & set(names):
        return Problem("store-missing", f"{path} holds no ledger.")
    # Before the first release a ledger did not say its schema.
    return Problem("store-unknown", f"{path} holds a ledger that does not say its schema.")
