"""Read a product instance's store and change nothing that it holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gauger.adapters.storage.instance_anchor import read_anchor
from gauger.adapters.storage.instance_open import (
    StorePaths,
    attach,
    check_schema,
    compare_with_anchor,
)
from gauger.adapters.storage.instance_sqlite import InstanceStore, named_errors
from gauger.adapters.storage.private_files import read_private
from gauger.adapters.storage.sealed import Seal
from gauger.adapters.storage.sqlite_read import connect_readonly
from gauger.core.ports import Entropy
from gauger.core.problems import Problem


def connect_to_read(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    """Open the SQLite file for reading only.

    Args:
        path: The file.
        alone: Whether no writer can come meanwhile: then not even the files are made beside it
            by which SQLite's processes agree.

    Raises:
        Problem: ``store-damaged`` or ``store-failed``.
    """
    with named_errors():
        return connect_readonly(path, alone=alone)


@contextmanager
def stored(paths: StorePaths, entropy: Entropy) -> Iterator[InstanceStore]:
    """Lend a store that is whole, to be read; the caller sees to it that nobody writes meanwhile.

    Args:
        paths: Where it is.
        entropy: What a seal wants; nothing is sealed.

    Raises:
        Problem: ``store-missing``, ``key-missing``, ``key-exposed``, ``store-newer``,
            ``store-damaged``, ``store-rolled-back`` or ``store-failed``; nothing is mended here.
    """
    # The key first: without it a whole store would look like a damaged one.
    seal = Seal(require_key(paths), entropy)
    connection = connect_to_read(paths.store, alone=True)
    try:
        if not check_schema(connection):
            raise Problem("store-damaged", "The store is empty.")
        store = attach(connection, paths, seal)
        # The same proofs as an agent makes: who only looks must not be shown a forged event log.
        store.verify_chain()
        compare_with_anchor(store, read_anchor(paths.anchor, seal))
        yield store
    finally:
        connection.close()


def require_key(paths: StorePaths) -> bytes:
    """Return the key of a store that is there.

    Raises:
        Problem: ``store-missing``, ``key-missing``, ``key-exposed`` or ``store-failed``.
    """
    # Asked first, or a misspelt folder would be told as a lost key.
    if not paths.store.exists():
        raise Problem("store-missing", f"There is no store in {paths.data}.")
    key = read_private(paths.key)
    if key is None:
        raise Problem("key-missing", f"There is no key at {paths.key}.")
    return key
