"""Backup of a ledger while it works, and restore, which always opens a new epoch."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gauger.adapters.storage.ledger.connection import connect, migrate, schema_version, translated
from gauger.adapters.storage.private_files import (
    DATABASE_SUFFIXES,
    named_failures,
    remove_database,
    sync_folder,
)
from gauger.authority.ports.store import RESTORED
from gauger.core.problems import Problem


def backup(ledger: Path, target: Path) -> None:
    """Copy a ledger's file, as it is at one moment; its writer is not held up.

    Args:
        ledger: The file in use.
        target: The copy, which must not exist.

    Raises:
        Problem: ``store-missing``, ``store-exists``, ``store-full`` or ``store-failed``.
    """
    _require_free(target)
    with _copied(ledger, target):
        pass


def restore(copy: Path, ledger: Path) -> None:
    """Make a ledger's file from a backup, marked so that its next start opens a new epoch.

    Args:
        copy: The backup.
        ledger: The file to make, which must not exist.

    Raises:
        Problem: ``store-missing``, ``store-exists``, ``store-newer``, ``store-damaged``,
            ``store-full`` or ``store-failed``.
    """
    _require_free(ledger)
    with _copied(copy, ledger) as part, closing(connect(part)) as made:
        migrate(made, part)
        # In the file itself, before it has its name: a ledger that came back unmarked would go on
        # in the old epoch, and sign other pages under numbers that devices have seen.
        made.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (RESTORED, copy.name))
        # Only this one file is put in place; what still stood in its log would be lost.
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _require_free(place: Path) -> None:
    """Refuse a place where a ledger stands, or only the log of one that is gone.

    SQLite plays a log into whatever file has its name: the pages of the ledger that is gone would
    overwrite those of the copy, the mark of its new epoch among them.
    """
    for suffix in DATABASE_SUFFIXES:
        path = place.with_name(f"{place.name}{suffix}")
        if path.exists():
            detail = f"There is a file {path} already; move it away, with what belongs to it."
            raise Problem("store-exists", detail)


@contextmanager
def _copied(source: Path, place: Path) -> Iterator[Path]:
    """Lend a copy of a ledger's file beside its place, where it is put once it is as it should be.

    Half a copy under the name of a backup would be believed until it is needed, and one that is
    left behind is worth nothing and may fill the disk.
    """
    part = place.with_name(f".{place.name}.part")
    remove_database(part)
    try:
        with closing(connect(source, readonly=True)) as ledger:
            _require_ledger(ledger, source)
            _copy(ledger, part)
        yield part
        _put_in_place(part, place)
    except Problem:
        remove_database(part)
        raise


def _put_in_place(part: Path, place: Path) -> None:
    with named_failures(place):
        # By rename: whoever looks sees no file, or the whole one.
        part.replace(place)
    # The name is only durable with its folder; a backup that is gone after a crash is none.
    sync_folder(place.parent)


def _require_ledger(db: sqlite3.Connection, path: Path) -> None:
    if not schema_version(db):
        raise Problem("store-missing", f"{path} holds no ledger.")


def _copy(source: sqlite3.Connection, target: Path) -> None:
    with named_failures(target):
        # Tokens and secrets are only kept as digests, but usage is nobody else's business.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with translated(target), closing(sqlite3.connect(target)) as made:
        # All pages in one step, within one read: the copy is of one moment, whoever writes.
        source.backup(made)
        # As a single file it can be carried anywhere; a reader of read-only media needs no log.
        made.execute("PRAGMA journal_mode=DELETE")
