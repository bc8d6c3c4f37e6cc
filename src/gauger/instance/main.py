"""The composition root of a product instance: folders in, a running agent out."""

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gauger.adapters.clock import FileClock, SystemClock, open_clock
from gauger.adapters.deferred_passwords import DeferredPasswords
from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.bundle import read_bundle
from gauger.adapters.keys.identity import (
    TRUST,
    Identity,
    identity_of,
    read_facts,
    read_identity,
    take_in,
)
from gauger.adapters.keys.licensing import LicensingKeys
from gauger.adapters.keys.trust_view import TrustView
from gauger.adapters.storage.instance_open import (
    StorePaths,
    begin_anew,
    begin_first,
    has_history,
    open_instance_store,
    open_volatile_store,
)
from gauger.adapters.storage.instance_pending import PendingStore
from gauger.adapters.storage.instance_read import stored
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.adapters.storage.private_files import (
    named_failure,
    private_folder,
    replace_file,
    require_writable,
)
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.adapters.syslog_deferred import DeferredSyslog
from gauger.adapters.transport.deferred import DeferredTransport
from gauger.core.documents.trust_store import TrustStore
from gauger.core.ports import Entropy
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.instance.agent import Agent
from gauger.instance.config import FLASH
from gauger.instance.messages import Messages
from gauger.instance.surroundings import Surroundings

if TYPE_CHECKING:
    from gauger.instance.last_known import LastKnown

TLS_CA: Final = "tls-ca.pem"
"""Name under ``D/trust`` of the authorities that the portal's TLS certificate is checked by."""

_DISK: Final = frozenset({"store-full", "store-failed"})
_LOCK: Final = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where a product instance lives.

    Attributes:
        data: Its data folder.
        keys: Its key folder; ``data/keys`` where None.
        bundle: Device bundle, taken in at the first start.
        clock_file: File that a test moves the clock by; None for the machine's clock.
        ca: PEM file of the authorities for the portal's TLS certificate; kept from then on.
        keeps_counts: Whether counts that were set outlive the process: those of a side-car do,
            those of a library end with its program.
        durable: Whether to refuse where the disk takes nothing. A product goes on in memory; what
            a single command is told would be lost at its end, and nobody would know.
    """

    data: Path
    keys: Path | None = None
    bundle: Path | None = None
    clock_file: Path | None = None
    ca: Path | None = None
    keeps_counts: bool = False
    durable: bool = False

    @property
    def keys_folder(self) -> Path:
        """The key folder."""
        return self.keys or self.data / "keys"

    @property
    def kept_ca(self) -> Path:
        """Where the authorities are kept."""
        return self.data / "trust" / TLS_CA


def open_agent(options: Options) -> Agent:
    """Open the agent of a folder; it is the one writer until it is stopped.

    Args:
        options: Where it lives.

    Returns:
        The agent; nothing runs by itself before its `start`.

    Raises:
        Problem: ``store-locked`` where another process works on the folder, ``store-missing``
            where it holds no product instance and no bundle is named, ``store-newer``,
            ``key-exposed``; for a bundle ``bundle-invalid`` or ``store-exists``; where it must be
            durable ``store-full`` or ``store-failed``.
    """
    # Before any folder: a clock file that is none must leave nothing behind.
    clock = open_clock(options.clock_file)
    house = _House(options, StorePaths(data=options.data, keys=options.keys_folder))
    house.make()
    lock = WriterLock(options.data / _LOCK)
    # Before the store is looked at: two writers would sign two reports of one number.
    lock.acquire()
    try:
        identity = house.move_in()
        around = _surroundings(options, identity, clock)
        agent = _agent(around, house, lock.release)
        agent.adopt_factory(identity.documents, has_key=identity.has_factory_key)
        if options.durable:
            _require_durable(agent)
    # Also where it is interrupted: a lock that stays would keep the next start out.
    except BaseException:
        house.leave()
        lock.release()
        raise
    return agent


def _require_durable(agent: Agent) -> None:
    try:
        agent.flush()
    except Problem:
        agent.stop()
        raise


@contextlib.contextmanager
def last_known(options: Options) -> "Iterator[LastKnown]":
    """Lend what the store of a folder holds; no boot begins and nothing is written.

    Args:
        options: Where it is; a bundle and authorities that are named are not looked at.

    Raises:
        Problem: ``store-locked`` where another process writes to it, ``store-missing``,
            ``store-newer``, ``store-damaged``, ``store-rolled-back``, ``key-missing`` or
            ``key-exposed``.
    """
    # An agent that runs is asked instead: it needs none of the views in order to measure.
    from gauger.instance.last_known import LastKnown  # noqa: PLC0415 -- as said above

    paths = StorePaths(data=options.data, keys=options.keys_folder)
    lock = WriterLock(options.data / _LOCK)
    # Many may look at once, but not beside a writer: the file would change under their eyes.
    lock.share()
    try:
        identity = read_identity(paths.data, paths.keys)
        around = _surroundings(options, identity, open_clock(options.clock_file))
        with stored(paths, around.entropy) as store:
            yield LastKnown(around, store)
    finally:
        lock.release()


class _House:
    """The folders of a product instance, and what its bundle brings into them."""

    def __init__(self, options: Options, paths: StorePaths) -> None:
        self.paths = paths
        self.durable = options.durable
        self._options = options
        # Before anything is made: a misspelt path must not leave half a product instance behind.
        self._bundle = None if options.bundle is None else read_bundle(options.bundle)
        self._ca = None if options.ca is None else _read_authorities(options.ca)
        self._is_new = not paths.data.exists()
        self._fresh: list[Path] = []
        self._owes_identity = False

    def make(self) -> None:
        """Make the data folder."""
        if self.durable:
            require_writable(self.paths.data)
            require_writable(self.paths.keys)
        try:
            self.paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise named_failure(error, self.paths.data) from error

    def leave(self) -> None:
        """Leave nothing behind of a first start that failed; the lock is still held."""
        for path in self._fresh:
            # What cannot be removed must not hide why the start was refused.
            shutil.rmtree(path, ignore_errors=True)

    def move_in(self) -> Identity:
        """Return who it is. Where the disk takes nothing yet, the bundle alone says so."""
        data, keys = self.paths.data, self.paths.keys
        # Looked at under the lock: another process may have begun here since the folder was made.
        if self._is_new and [path.name for path in data.iterdir()] == [_LOCK]:
            self._fresh = [data] if keys.exists() else [data, keys]
        try:
            self._keep()
        except Problem as problem:
            # Who asks for durability gives the command again; who may not be stopped goes on.
            if problem.code not in _DISK or self.durable:
                raise
            self._owes_identity = True
            if self._bundle is not None:
                return identity_of(self._bundle)
        return read_identity(self.paths.data, self.paths.keys)

    def open_store(self, entropy: Entropy) -> InstanceStore:
        """Open the store, or begin one.

        The identity comes first: were it still missing when the disk has room again, the next
        start would find a store of nobody.
        """
        if self._owes_identity:
            self._keep()
        return open_instance_store(self.paths, entropy)

    def begin_store(self, entropy: Entropy, incarnation: str) -> InstanceStore:
        """Keep what could not be kept before, and begin the first store."""
        self._keep()
        return begin_first(self.paths, entropy, incarnation)

    def _keep(self) -> None:
        private_folder(self.paths.keys)
        if self._bundle is not None:
            take_in(self._bundle, self.paths.data, self.paths.keys)
        if self._ca is not None:
            replace_file(self._options.kept_ca, self._ca)


def _surroundings(
    options: Options, identity: Identity, clock: SystemClock | FileClock
) -> Surroundings:
    entropy = SystemEntropy()
    return Surroundings(
        udi=identity.udi,
        profile=identity.profile,
        sudi=identity.sudi,
        # Only a device under a test clock believes what others made under one.
        pinned=TrustStore(accepts_test_clock=clock.is_test),
        trust=TrustView(options.data / TRUST, identity.trust),
        clock=clock,
        milliseconds=clock.milliseconds,
        entropy=entropy,
        # A clock that a test moves must reach no real portal.
        transport=DeferredTransport(_authorities(options), only_loopback=clock.is_test),
        keys=LicensingKeys(options.keys_folder, entropy),
        passwords=DeferredPasswords(entropy),
        messages=Messages(
            DeferredSyslog(partial(_authorities, options), only_loopback=clock.is_test)
        ),
        # No name is longer by the rules of DNS; what a host gives must not burst a message.
        hostname=socket.gethostname()[:255],
        keeps_counts=options.keeps_counts,
    )


def _authorities(options: Options) -> Path | None:
    """Return the TLS authorities: those kept, or those named that the disk had no room for."""
    return options.kept_ca if options.kept_ca.exists() else options.ca


def _read_authorities(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"The certificate authorities {path} cannot be read: {error.strerror}."
        raise Problem("file-not-found", message) from error


def _agent(around: Surroundings, house: _House, release: Callable[[], None]) -> Agent:
    """Open the store and begin the boot; a store that does not read is replaced at once."""
    paths = house.paths
    try:
        store = house.open_store(around.entropy)
    except Problem as problem:
        if problem.code not in _DISK or house.durable:
            raise
        # Where there was a store, a new one in its place would forget what it signed.
        if not has_history(paths):
            return _pending(around, house, release)
        volatile = open_volatile_store(around.entropy, problem)
        return Agent(around.without_signature(), volatile, release)
    try:
        return Agent(around, store, release)
    except Problem as problem:
        with contextlib.suppress(Problem):
            store.close()
        if problem.code != "store-damaged":
            raise
        return Agent(around, begin_anew(paths, around.entropy, problem), release)


def _pending(around: Surroundings, house: _House, release: Callable[[], None]) -> Agent:
    """Begin the first boot without a store; it comes to be when there is room."""
    empty = open_volatile_store(around.entropy)
    store = PendingStore(empty, partial(house.begin_store, around.entropy))
    return Agent(around, store, release)


def ssh_host_key(options: Options) -> bytes:
    """Return the key by which a product instance proves itself to SSH clients, PEM.

    It is made the first time, and then kept: clients take another one for an attack.

    Raises:
        Problem: ``key-exposed``, ``key-store-failed``, ``entropy-failed``, ``store-full`` or
            ``store-failed``.
    """
    # Only where SSH is switched on: see `gauger.surfaces.ssh`.
    from gauger.adapters.keys.ssh_host import ssh_host_key as kept  # noqa: PLC0415 -- as said above

    return kept(options.keys_folder, SystemEntropy())


def flash_folder(options: Options) -> Path:
    """Return the folder of files that operators in the network may name; it is made if missing.

    Raises:
        Problem: ``key-exposed`` where others may use it; ``store-full`` or ``file-not-written``.
    """
    return private_folder(options.data / FLASH)


def profile_of(data: Path) -> Profile:
    """Return the product profile of a folder without opening its store.

    Raises:
        Problem: ``store-missing`` where the folder holds no product instance.
    """
    return read_facts(data)[1]
