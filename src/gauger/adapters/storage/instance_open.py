"""Open a product instance's store; where it cannot be believed, begin a new one at once.

A store that is older than its anchor, damaged, or whose key is lost is moved aside, never
deleted, and a new incarnation starts: use goes on, and the portal sees the change.
"""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.storage.instance_anchor import Anchor, read_anchor
from gauger.adapters.storage.instance_sqlite import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    InstanceStore,
    create_schema,
    named_errors,
    users_digest,
)
from gauger.adapters.storage.private_files import (
    DATABASE_SUFFIXES,
    named_failures,
    private_folder,
    read_private,
    remove_database,
    sync_folder,
    write_private,
)
from gauger.adapters.storage.sealed import KEY_BYTES, Seal
from gauger.core.ports import Entropy
from gauger.core.problems import Problem
from gauger.instance.ports import Batch

STORE_NAME: Final = "store.sqlite"
BEGUN_NAME: Final = f"{STORE_NAME}.begun"
KEY_NAME: Final = "store.key"
ANCHOR_NAME: Final = "anchor"
ASIDE_NAME: Final = "aside"

CARRIED_FAMILIES: Final = ("setting", "document", "floor")
"""What a new incarnation takes over from the one before, where that still opens."""

NOT_CARRIED: Final = ("document", "authorization-code")
"""A record of those families that a new incarnation does not take over."""

CARRIED_RECORD: Final = ("state", "trust")
"""Names of the licensing keys: the trust code that is carried over is worth nothing without."""

_Records = dict[tuple[str, str], bytes | None]

_INCARNATION_BYTES: Final = 16
# All other problems leave the store where it is: people mend them, and nothing is lost.
_UNBELIEVABLE: Final = frozenset({"store-damaged", "store-rolled-back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePaths:
    """Where the parts of a store are.

    Attributes:
        data: Folder of the store.
        keys: Folder of its key and anchor.
    """

    data: Path
    keys: Path

    @property
    def store(self) -> Path:
        """The SQLite file."""
        return self.data / STORE_NAME

    @property
    def begun(self) -> Path:
        """A new store until it is whole and takes its place."""
        return self.data / BEGUN_NAME

    @property
    def key(self) -> Path:
        """The key that seals it."""
        return self.keys / KEY_NAME

    @property
    def anchor(self) -> Path:
        """The anchor, beside the key."""
        return self.keys / ANCHOR_NAME


def open_instance_store(paths: StorePaths, entropy: Entropy) -> InstanceStore:
    """Open the store, or begin one where there is none or it cannot be believed.

    Args:
        paths: Where it is; both folders are made if need be. The caller holds the lock.
        entropy: Where key, incarnation and nonces come from.

    Returns:
        The store; its ``replaced`` tells why it is a new one where one was expected.

    Raises:
        Problem: ``store-newer`` where a newer release wrote it, ``key-exposed``, ``store-full``,
            ``store-failed`` or ``entropy-failed``.
    """
    paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_folder(paths.keys)
    key = read_private(paths.key)
    if key is None:
        return _begin_with_new_key(paths, entropy)
    site = _Site(paths=paths, seal=Seal(key, entropy), entropy=entropy)
    try:
        # In the `try`: an anchor that does not open says as much against the store as its absence.
        anchor = read_anchor(paths.anchor, site.seal)
        if not paths.store.exists() and paths.begun.exists():
            # Cut off when the old store was out of the way and the new one not yet in place.
            with named_failures(paths.store):
                paths.begun.replace(paths.store)
        if not paths.store.exists():
            reason = None if anchor is None else "The store of this anchor is gone."
            # The anchor left behind gives its marks and floors: nothing older comes in.
            return _begin(site, reason, anchor)
        return _open_believed(paths, site.seal, anchor)
    except Problem as problem:
        # Only what is damaged or copied back is replaced: a full disk or loose mode is mended by
        # people, and the store is still good.
        if problem.code not in _UNBELIEVABLE:
            raise
        return _replace(site, problem)


def begin_anew(paths: StorePaths, entropy: Entropy, problem: Problem) -> InstanceStore:
    """Move aside a store that opened and then turned out damaged, and begin a new one.

    Args:
        paths: Where it is; it is closed by now.
        entropy: Where key, incarnation and nonces come from.
        problem: What was found.

    Raises:
        Problem: As `open_instance_store`.
    """
    key = read_private(paths.key)
    if key is None:
        return _begin_with_new_key(paths, entropy)
    return _replace(_Site(paths=paths, seal=Seal(key, entropy), entropy=entropy), problem)


def has_history(paths: StorePaths) -> bool:
    """Return whether there is or was a store: then a new one must not simply take its place."""
    return paths.store.exists() or paths.anchor.exists()


def begin_first(paths: StorePaths, entropy: Entropy, incarnation: str) -> InstanceStore:
    """Begin the very first store of a folder.

    Args:
        paths: Where; there is no store and no anchor. The caller holds the lock.
        entropy: Where key and nonces come from.
        incarnation: The incarnation of the store, 32 hexadecimal digits.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``entropy-failed``; then there is none.
    """
    private_folder(paths.keys)
    # A try before this one may have made the key and then met the full disk.
    key = read_private(paths.key) or _new_key(paths, entropy)
    site = _Site(paths=paths, seal=Seal(key, entropy), entropy=entropy, incarnation=incarnation)
    return _begin(site, None, None)


def open_volatile_store(entropy: Entropy, problem: Problem | None = None) -> InstanceStore:
    """Return a store that lives in memory only, for as long as the disk takes nothing.

    Use of unenforced licences goes on; nothing that would have to be remembered is signed.

    Args:
        entropy: Where key, incarnation and nonces come from.
        problem: Why there is none.
    """
    # A key of its own, never that on the disk: what is sealed here could not be told apart there.
    seal = Seal(entropy.random_bytes(KEY_BYTES), entropy)
    with named_errors():
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    create_schema(connection, seal, entropy.random_bytes(_INCARNATION_BYTES).hex())
    # No anchor: it would name an incarnation that is gone with the process.
    store = InstanceStore(connection, seal, None)
    if problem is not None:
        # Only the first sentence fits: the others tell of an agent that has its store.
        step = problem.kind.next_step.partition(". ")[0].partition(";")[0].rstrip(".")
        store.volatile = (
            f"{problem.detail} Nothing is stored or signed until the next start."
            f" {step}, then start again."
        )
    return store


def connect(path: Path) -> sqlite3.Connection:
    """Open the SQLite file as every writer of it does.

    Raises:
        Problem: ``store-damaged``, ``store-full`` or ``store-failed``.
    """
    with named_errors(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        with named_errors(path):
            connection.execute("PRAGMA journal_mode = WAL")
            # Some builds default to NORMAL in WAL, which may lose the last commits with the power:
            # a report that was sent would be made again with other bytes under the same number.
            connection.execute("PRAGMA synchronous = FULL")
    except Problem:
        connection.close()
        raise
    return connection


def check_schema(connection: sqlite3.Connection) -> bool:
    """Return whether the file holds a store of this release; False where it is empty.

    Raises:
        Problem: ``store-newer`` or ``store-damaged``.
    """
    with named_errors():
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    # Never written to by an older release: what that does not know, it would lose.
    if version > SCHEMA_VERSION:
        message = f"The store has schema {version}; this release knows {SCHEMA_VERSION}."
        raise Problem("store-newer", message)
    # Some other program's file under our name: to migrate it would destroy it.
    if version and application != APPLICATION_ID:
        raise Problem("store-damaged", "The file is no store of a product instance.")
    return bool(version)


def attach(connection: sqlite3.Connection, paths: StorePaths, seal: Seal) -> InstanceStore:
    """Attach to a store that is there, closing the connection if it does not open.

    Raises:
        Problem: ``store-damaged`` or ``store-failed``.
    """
    try:
        return InstanceStore(connection, seal, paths.anchor)
    except Problem:
        connection.close()
        raise


def _open_believed(paths: StorePaths, seal: Seal, anchor: Anchor | None) -> InstanceStore:
    connection = connect(paths.store)
    try:
        written = check_schema(connection)
    except Problem:
        connection.close()
        raise
    if not written:
        # A first start that was cut off before its one transaction: nothing was in it.
        connection.close()
        raise Problem("store-damaged", "The store is empty.")
    store = attach(connection, paths, seal)
    try:
        store.verify_chain()
        compare_with_anchor(store, anchor)
    except Problem:
        store.close()
        raise
    return store


def compare_with_anchor(store: InstanceStore, anchor: Anchor | None) -> None:
    """Refuse a store that is older than its anchor, or another's.

    Raises:
        Problem: ``store-rolled-back``, saying what does not fit.
    """
    tail = store.tail
    if anchor is None:
        # The first boot commits once before there is an anchor, and may be cut off between the two.
        if tail.counter > 1:
            raise Problem("store-rolled-back", "The anchor of the store is gone.")
        return
    # The store of another device or of an earlier life, copied here whole with its event log.
    if anchor.incarnation != store.incarnation:
        raise Problem("store-rolled-back", "The store is of another incarnation than its anchor.")
    # Newer than its anchor is well: the anchor is written after the commit, never before it.
    if tail.counter < anchor.counter or tail.sequence < anchor.sequence:
        message = f"The store has seen {tail.counter} of the anchor's {anchor.counter} steps."
        raise Problem("store-rolled-back", message)
    # As far as the anchor and further, but by another way: a copy that went on by itself.
    chain = store.chain_at(anchor.sequence)
    if anchor.sequence >= tail.checkpoint and (chain is None or chain.hex() != anchor.chain):
        message = f"The event log differs from its anchor at event {anchor.sequence}."
        raise Problem("store-rolled-back", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """Where a new store is begun, and with what."""

    paths: StorePaths
    seal: Seal
    entropy: Entropy
    incarnation: str | None = None


def _begin_with_new_key(paths: StorePaths, entropy: Entropy) -> InstanceStore:
    reason = None
    remove_database(paths.begun)
    if paths.store.exists() or paths.anchor.exists():
        reason = "The key of the store is gone."
        # Sealed by the lost key, it opens no more, and would speak against the new store.
        _set_aside(paths, entropy, [paths.anchor])
    seal = Seal(_new_key(paths, entropy), entropy)
    return _begin(_Site(paths=paths, seal=seal, entropy=entropy), reason, None)


def _new_key(paths: StorePaths, entropy: Entropy) -> bytes:
    key = entropy.random_bytes(KEY_BYTES)
    write_private(paths.key, key)
    return key


def _replace(site: _Site, problem: Problem) -> InstanceStore:
    anchor = _anchor_or_none(site.paths, site.seal)
    # Read before the old store is moved: afterwards it is evidence, and nobody opens it.
    carried = _carry(site.paths, site.seal, anchor)
    _write(site, anchor, carried)
    # An anchor that opens stays until the new store's replaces it: its marks must not be lost.
    _set_aside(site.paths, site.entropy, [] if anchor is not None else [site.paths.anchor])
    return _put_in_place(site, problem.detail)


def _begin(site: _Site, reason: str | None, anchor: Anchor | None) -> InstanceStore:
    _write(site, anchor, {})
    return _put_in_place(site, reason)


def _write(site: _Site, anchor: Anchor | None, carried: _Records) -> None:
    """Write a whole new store beside the place of the old one, which stands until it is there."""
    remove_database(site.paths.begun)
    records: _Records = {} if anchor is None else _anchored(anchor)
    incarnation = site.incarnation or site.entropy.random_bytes(_INCARNATION_BYTES).hex()
    try:
        connection = connect(site.paths.begun)
        try:
            create_schema(connection, site.seal, incarnation)
            store = InstanceStore(connection, site.seal, None)
            # The anchor has the last word: what is carried comes from a store that may be old.
            store.commit(Batch(records={**carried, **records}))
        finally:
            connection.close()
    except Problem:
        # Half a file would be taken for a store at the next start.
        remove_database(site.paths.begun)
        raise


def _anchored(anchor: Anchor) -> _Records:
    """Return the records that outlive the store of an anchor."""
    marks: _Records = {("mark", name): mark.encode() for name, mark in anchor.marks.items()}
    floors: _Records = {("floor", name): text.encode() for name, text in anchor.floors.items()}
    return {**marks, **floors}


def _put_in_place(site: _Site, reason: str | None) -> InstanceStore:
    paths = site.paths
    with named_failures(paths.store):
        paths.begun.replace(paths.store)
    sync_folder(paths.data)
    store = attach(connect(paths.store), paths, site.seal)
    # Told by the boot and then kept in the event log; in the file there is no place for it.
    store.replaced = reason
    return store


def _carry(paths: StorePaths, seal: Seal, anchor: Anchor | None) -> _Records:
    """Read settings, documents and users of the old store; what does not open is left behind."""
    carried: _Records = {}
    try:
        store = attach(connect(paths.store), paths, seal)
    except Problem:
        return carried
    # Family by family: one damaged record must not cost the operator all the settings.
    for family in CARRIED_FAMILIES:
        try:
            found = store.records(family)
        except Problem:
            continue
        carried.update({(family, name): content for name, content in found.items()})
    # What it allows was perhaps given back since; another of a higher epoch is asked for.
    carried.pop(NOT_CARRIED, None)
    with contextlib.suppress(Problem):
        carried[CARRIED_RECORD] = store.record(*CARRIED_RECORD)
    with contextlib.suppress(Problem):
        carried.update(_users(store, anchor))
    store.close()
    return carried


def _users(store: InstanceStore, anchor: Anchor | None) -> _Records:
    """Return the users, if they are those that the anchor knows.

    A store that was copied back would else let in somebody who was removed since, or the old
    password that was changed because others knew it.
    """
    found = store.records("user")
    if anchor is None or users_digest(found) != anchor.users:
        return {}
    return {("user", name): content for name, content in found.items()}


def _anchor_or_none(paths: StorePaths, seal: Seal) -> Anchor | None:
    try:
        return read_anchor(paths.anchor, seal)
    except Problem:
        return None


def _set_aside(paths: StorePaths, entropy: Entropy, also: list[Path]) -> None:
    """Move the old store out of the way, under a name that was never used."""
    # Never deleted: it holds reports that nobody has acknowledged, and what an attack left.
    aside = private_folder(paths.data / ASIDE_NAME) / entropy.random_bytes(4).hex()
    private_folder(aside)
    for path in [*(paths.data / f"{STORE_NAME}{suffix}" for suffix in DATABASE_SUFFIXES), *also]:
        if path.exists():
            with named_failures(path):
                path.replace(aside / path.name)
    sync_folder(paths.data)
