"""A product instance of a simulated world: its folder outlives the process that works on it."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from gauger.adapters.deferred_passwords import DeferredPasswords
from gauger.adapters.keys.bundle import Bundle
from gauger.adapters.keys.identity import TRUST, read_identity, take_in
from gauger.adapters.keys.licensing import LicensingKeys
from gauger.adapters.keys.trust_view import TrustView
from gauger.adapters.storage.instance_open import StorePaths, open_instance_store
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.adapters.storage.private_files import private_folder
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.ports import Transport
from gauger.instance.surroundings import Surroundings
from gauger.simulator.faults import Trouble, TroubledStore
from gauger.simulator.lent import START, SeededEntropy, VirtualClock

URL = "https://cssm.invalid/licservice/license"
"""Where the devices of a simulated world report; nothing leaves the process."""


@dataclass(slots=True, kw_only=True)
class Device:
    """One device: what lies on its disk, its clock, its trouble, and the process if it runs.

    Attributes:
        name: What the story calls it.
        bundle: How it left the factory.
        folder: Its disk.
        clock: Its clock.
        entropy: Its randomness.
        transport: Its way to the portal.
        trouble: What goes wrong with its disk at present.
        agent: The process; None while it is down.
        boots: How often it was switched on.
    """

    name: str
    bundle: Bundle
    folder: Path
    clock: VirtualClock
    entropy: SeededEntropy
    transport: Transport
    trouble: Trouble = field(default_factory=Trouble)
    agent: Agent | None = None
    boots: int = 0
    _store: InstanceStore | None = None

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def keys(self) -> Path:
        """Its key folder."""
        return self.folder / "keys"

    def start(self) -> Agent:
        """Switch it on: a boot begins.

        Raises:
            Problem: Of the store.
        """
        self.clock.boot()
        self.boots += 1
        private_folder(self.data)
        private_folder(self.keys)
        if self.boots == 1:
            # An operator names the bundle at the first start only.
            take_in(self.bundle, self.data, self.keys)
        paths = StorePaths(data=self.data, keys=self.keys)
        self._store = store = open_instance_store(paths, self.entropy)
        self.agent = Agent(self._surroundings(), TroubledStore(store, self.trouble))
        return self.agent

    def _surroundings(self) -> Surroundings:
        identity = read_identity(self.data, self.keys)
        return Surroundings(
            udi=identity.udi,
            profile=identity.profile,
            sudi=identity.sudi,
            pinned=TrustStore(),
            trust=TrustView(self.data / TRUST, identity.trust),
            clock=self.clock,
            entropy=self.entropy,
            transport=self.transport,
            keys=LicensingKeys(self.keys, self.entropy),
            passwords=DeferredPasswords(self.entropy),
            keeps_counts=False,
            build_date=START - 1,
        )

    def kill(self) -> None:
        """End the process where it stands: what was not committed never was."""
        if self._store is not None:
            self._store.close()
        self._store = self.agent = None

    def stop(self) -> None:
        """End the process in good order.

        Raises:
            Problem: Why the last usage could not be stored; what is not stored is gone.
        """
        trouble = None if self.agent is None else self.agent.stop()
        if trouble is not None:
            raise trouble
        self._store = self.agent = None

    def go_smart(self) -> None:
        """Configure direct reporting."""
        if self.agent is None:
            raise Problem("store-missing", f"{self.name} is down.")
        self.agent.configure(
            [
                ConfigChange(key=ConfigKey.TRANSPORT, value="smart"),
                ConfigChange(key=ConfigKey.URL_SMART, value=URL),
            ]
        )

    def copy_disk(self, to: Path) -> None:
        """Copy its disk, as it is in this moment."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.data, to / "data")
        shutil.copytree(self.keys, to / "keys")

    def put_back(self, source: Path, *, with_keys: bool) -> None:
        """Replace its disk by a copy, and its key folder too where that was copied back."""
        for part in ("data", "keys") if with_keys else ("data",):
            shutil.rmtree(self.folder / part)
            shutil.copytree(source / part, self.folder / part)

    def clone(self, name: str, folder: Path, transport: Transport) -> "Device":
        """Return another machine with a copy of this one's disk."""
        self.copy_disk(folder)
        return replace(
            self,
            name=name,
            folder=folder,
            transport=transport,
            entropy=SeededEntropy(f"{name}/{self.clock.monotonic()}"),
            clock=VirtualClock(self.clock.time),
            trouble=Trouble(),
            agent=None,
            _store=None,
        )
