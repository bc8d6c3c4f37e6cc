"""The composition root of a product instance: folders in, a running agent out."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.clock import open_clock
from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.bundle import read_bundle
from gauger.adapters.keys.identity import Identity, read_facts, read_identity, take_in
from gauger.adapters.keys.licensing import LicensingKeys
from gauger.adapters.storage.instance_open import (
    StorePaths,
    begin_anew,
    open_instance_store,
    open_volatile_store,
)
from gauger.adapters.storage.private_files import private_folder, replace_file
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.adapters.transport.deferred import DeferredTransport
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.instance.agent import Agent
from gauger.instance.ports import PausingClock
from gauger.instance.surroundings import Surroundings

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
    """

    data: Path
    keys: Path | None = None
    bundle: Path | None = None
    clock_file: Path | None = None
    ca: Path | None = None
    keeps_counts: bool = False


def open_agent(options: Options) -> Agent:
    """Open the agent of a folder; it is the one writer until it is stopped.

    Args:
        options: Where it lives.

    Returns:
        The agent; nothing runs by itself before its `start`.

    Raises:
        Problem: ``store-locked`` where another process works on the folder, ``store-missing``
            where it holds no product instance and no bundle is named, ``store-newer``,
            ``key-exposed``; for a bundle ``bundle-invalid`` or ``store-exists``.
    """
    data, keys = options.data, options.keys or options.data / "keys"
    clock = open_clock(options.clock_file)
    data.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(data / _LOCK)
    lock.acquire()
    try:
        private_folder(keys)
        if options.bundle is not None:
            take_in(read_bundle(options.bundle), data, keys)
        identity = read_identity(data, keys)
        around = _surroundings(options, keys, identity, clock)
        agent = _agent(around, StorePaths(data=data, keys=keys), lock.release)
        agent.adopt_factory(identity.documents, has_key=identity.has_factory_key)
    except BaseException:
        lock.release()
        raise
    return agent


def _surroundings(
    options: Options, keys: Path, identity: Identity, clock: PausingClock
) -> Surroundings:
    entropy = SystemEntropy()
    pinned = identity.trust.store(accepts_test_clock=clock.is_test)
    return Surroundings(
        udi=identity.udi,
        profile=identity.profile,
        sudi=identity.sudi,
        pinned=pinned,
        clock=clock,
        entropy=entropy,
        transport=DeferredTransport(_authorities(options)),
        keys=LicensingKeys(keys, entropy),
        hostname=socket.gethostname()[:255],
        keeps_counts=options.keeps_counts,
    )


def _authorities(options: Options) -> Path | None:
    """Return the TLS authorities; those that are named are kept for the next start."""
    kept = options.data / "trust" / TLS_CA
    if options.ca is not None:
        try:
            pem = options.ca.read_bytes()
        except OSError as error:
            message = f"The certificate authorities {options.ca} cannot be read: {error.strerror}."
            raise Problem("file-not-found", message) from error
        replace_file(kept, pem)
    return kept if kept.exists() else None


def _agent(around: Surroundings, paths: StorePaths, release: Callable[[], None]) -> Agent:
    """Open the store and begin the boot; a store that does not read is replaced at once."""
    try:
        store = open_instance_store(paths, around.entropy)
    except Problem as problem:
        if problem.code not in _DISK:
            raise
        return _volatile(around, problem, release)
    try:
        return Agent(around, store, release)
    except Problem as problem:
        with contextlib.suppress(Problem):
            store.close()
        if problem.code != "store-damaged":
            raise
        return Agent(around, begin_anew(paths, around.entropy, problem), release)


def _volatile(around: Surroundings, problem: Problem, release: Callable[[], None]) -> Agent:
    return Agent(around.without_signature(), open_volatile_store(around.entropy, problem), release)


def profile_of(data: Path) -> Profile:
    """Return the product profile of a folder without opening its store.

    Raises:
        Problem: ``store-missing`` where the folder holds no product instance.
    """
    return read_facts(data)[1]
