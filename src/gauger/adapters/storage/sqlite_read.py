"""SQLite files that are opened to be read, whatever a killed writer left beside them."""

import sqlite3
from pathlib import Path


def connect_readonly(
    path: Path, *, alone: bool = False, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open a file so that no statement can write to it.

    Where a writer was killed amid a change, its journal stands beside the file, and the file alone
    is of no moment at all. SQLite then undoes the change, as each opening does; nothing else of
    the file is touched.

    Args:
        path: The file, which is there.
        alone: Whether no writer can come meanwhile: then not even the files are made beside it
            by which SQLite's processes agree.
        factory: The class of the connection.

    Returns:
        A connection in autocommit mode, for any thread.

    Raises:
        sqlite3.Error: Where the file cannot be opened.
    """
    undo = _holds_something(path, "-journal")
    # A log that a killed writer left holds the newest rows: only the ordinary way reads it.
    kept = alone and not undo and not _holds_something(path, "-wal")
    # Read-only, SQLite could not undo: it would call a sound file one that cannot be written.
    mode = "rw" if undo else "ro"
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if kept else ''}"
    db = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, factory=factory
    )
    db.execute("PRAGMA query_only=ON")
    return db


def _holds_something(path: Path, suffix: str) -> bool:
    beside = path.with_name(f"{path.name}{suffix}")
    return beside.exists() and beside.stat().st_size > 0
