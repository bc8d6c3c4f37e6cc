"""Connections to the ledger's file, its schema, and what its errors are called."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import zstandard

from gauger.adapters.storage.sqlite_read import connect_readonly
from gauger.core.problems import Problem

SCHEMA_VERSION: Final = 9
"""The newest version of the schema that this release knows."""

PLACES: Final = 20
"""Bits of an id that number the rows or leaves of one page."""

_CACHE_KIB: Final = 16 * 1024
_LOG_PAGES: Final = 4096  # of 4 KiB each
_PACKED_FROM: Final = 512
_LEVEL: Final = 1
_FRAME: Final = b"\x28\xb5\x2f\xfd"  # how a frame of Zstandard begins (RFC 8878, 3.1.1)
_UNPACKED_CAP: Final = 16 * 1024 * 1024


class _Connection(sqlite3.Connection):
    """A connection whose errors are problems with a name."""

    def execute(self, *arguments: Any, **options: Any) -> sqlite3.Cursor:  # noqa: ANN401 -- as its parent
        """Execute a statement."""
        try:
            return super().execute(*arguments, **options)
        except sqlite3.Error as error:
            raise named_error(error, "The ledger") from error

    def executemany(self, *arguments: Any, **options: Any) -> sqlite3.Cursor:  # noqa: ANN401 -- as its parent
        """Execute a statement for each of many rows."""
        try:
            return super().executemany(*arguments, **options)
        except sqlite3.Error as error:
            raise named_error(error, "The ledger") from error


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open the file.

    Args:
        path: The file; made where it is missing, unless only read.
        readonly: Whether nothing may be written by this connection.

    Returns:
        A connection in autocommit mode: transactions are begun and ended by hand.

    Raises:
        Problem: ``store-missing``, ``store-failed`` or ``store-damaged``.
    """
    if readonly and not path.exists():
        raise Problem("store-missing", f"There is no ledger at {path}.")
    with translated(path):
        if readonly:
            db = connect_readonly(path, factory=_Connection)
        else:
            db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, factory=_Connection
            )
        # A backup or a checkpoint may hold the file for a moment; that is no failure.
        db.execute("PRAGMA busy_timeout=30000")
        if not readonly:
            db.execute("PRAGMA journal_mode=WAL")
            # FULL: an answer that was signed must be there after a power cut, or the ledger has
            # forked.
            db.execute("PRAGMA synchronous=FULL")
            # What a page of reports changes fits into memory: else it is written to the log, and
            # read from it, before the page is committed.
            db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            # Leaves of indexes change with nearly every page: the later they are copied from the
            # log into the file, the more changes one copy holds.
            db.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        # Bit rot is found when a page is read, before its content is used.
        db.execute("PRAGMA cell_size_check=ON")
        return db


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to the newest version, each step in a transaction of its own.

    Raises:
        Problem: ``store-newer`` where a newer release wrote the file; ``store-full`` or
            ``store-failed``.
    """
    held = schema_version(db)
    # An older release would write rows without what the newer one relies on.
    if held > SCHEMA_VERSION:
        detail = f"{path} has schema {held}; this release knows {SCHEMA_VERSION}."
        raise Problem("store-newer", detail)
    for version in range(held + 1, SCHEMA_VERSION + 1):
        script = files(f"{__package__}.migrations").joinpath(f"{version:04}.sql").read_text()
        with translated(path):
            db.executescript(f"BEGIN IMMEDIATE;\n{_VERSIONS}\n{script}\n")
            db.execute("INSERT OR REPLACE INTO ledger_schema VALUES (1, ?)", (version,))
            db.execute("COMMIT")


_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS ledger_schema (one INTEGER PRIMARY KEY, version INTEGER NOT NULL);"
)


def schema_version(db: sqlite3.Connection) -> int:
    """Return the version of the ledger's schema, 0 where the file has none yet."""
    # The portal keeps tables of its own in the same file, so the file's user_version is nobody's.
    known = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger_schema'").fetchone()
    row = db.execute("SELECT version FROM ledger_schema").fetchone() if known else None
    return 0 if row is None else int(row[0])


@contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Give errors of SQLite and the disk their names.

    Raises:
        Problem: ``store-full``, ``store-damaged`` or ``store-failed``.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise named_error(error, path) from error


def named_error(error: sqlite3.Error, path: Path | str) -> Problem:
    """Return the problem that an error of SQLite is."""
    name = getattr(error, "sqlite_errorname", "")
    code = _CODES.get(name.split("_")[1] if "_" in name else "", "store-failed")
    return Problem(code, f"{path}: {error}.", error=name or None)


# The others, a lost disk among them, are one thing for a person: the store failed.
_CODES: Final = {"FULL": "store-full", "CORRUPT": "store-damaged", "NOTADB": "store-damaged"}


class Packer:
    """Packs texts, one after another; used by one thread at a time."""

    def __init__(self) -> None:
        """Begin with the tables that packing needs: made once, they serve all texts of a page."""
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)

    def pack(self, text: str) -> str | bytes:
        """Return what is stored of a text: itself, or a frame of Zstandard where it is long."""
        return text if len(text) < _PACKED_FROM else self._compressor.compress(text.encode())


def unpack(stored: str | bytes) -> str:
    """Return the text of what is stored: as it is, of Zstandard, or of zlib in the first releases.

    Raises:
        Problem: ``store-damaged`` where the stored bytes are not what was packed.
    """
    if isinstance(stored, str):
        return stored
    try:
        is_frame = stored.startswith(_FRAME)
        return (_unframed(stored) if is_frame else _inflated(stored)).decode()
    except (zstandard.ZstdError, zlib.error, UnicodeDecodeError) as error:
        raise Problem("store-damaged", "A stored text cannot be unpacked.") from error


def _unframed(stored: bytes) -> bytes:
    # A frame says how much memory to take for it: one that rotted would take all there is.
    if zstandard.frame_content_size(stored) > _UNPACKED_CAP:
        raise Problem("store-damaged", "A stored text says that it is larger than any is.")
    return zstandard.ZstdDecompressor().decompress(stored, allow_extra_data=False)


def _inflated(stored: bytes) -> bytes:
    inflater = zlib.decompressobj()
    # Zlib says nowhere how much will come, and one byte may stand for a thousand: only to stop
    # behind the cap keeps a row that rotted, or was put there, from taking all memory.
    text = inflater.decompress(stored, _UNPACKED_CAP)
    # Its end is where the checksum is compared: what stops before it, or goes on, was not packed.
    if not inflater.eof or inflater.unused_data:
        raise Problem("store-damaged", "A stored text does not end as it was packed.")
    return text


def row_id(page: int, place: int) -> int:
    """Return the id of a row or leaf."""
    return page << PLACES | place
