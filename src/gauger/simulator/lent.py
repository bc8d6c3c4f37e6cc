"""What a simulation lends the roles instead of a machine: time, randomness and a factory."""

import random
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger import profiles
from gauger.adapters.keys.bundle import Bundle, read_bundle
from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.trust_folder import MANUFACTURER_FILE
from gauger.core.identity import AccountRef
from gauger.tools.factory import MANUFACTURER, ROOT, FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop

START: Final = 1_800_000_000
"""Wall time at which every simulation begins, epoch seconds."""

ACCOUNTS: Final = (AccountRef("example.com", "DEFAULT"), AccountRef("example.com", "LAB"))
"""The Virtual Accounts that product instances belong to."""

_UPTIME: Final = 5.0
_PROFILES: Final = ("example-router", "c9800-cl", "example-router", "example-router")
"""Of one device after the other: most have licences that are off without an authorization code."""


@dataclass(slots=True)
class VirtualTime:
    """The one time of a simulated world, in seconds since its beginning."""

    now: int = 0


class VirtualClock:
    """The clock of one simulated machine: the world's time as that machine believes it."""

    def __init__(self, time: VirtualTime) -> None:
        """Begin a boot now, with the wall clock set right."""
        self.time = time
        self._booted = time.now
        self.error = 0
        """Seconds by which the wall clock is wrong."""

    @property
    def is_test(self) -> bool:
        """Never: the keys of a simulation are trusted nowhere else."""
        return False

    def wall(self) -> int:
        """Return what the machine takes for epoch seconds."""
        return max(0, START + self.time.now + self.error)

    def monotonic(self) -> float:
        """Return the seconds since the machine was switched on."""
        return self.time.now - self._booted + _UPTIME

    def boot(self) -> None:
        """Switch the machine off and on."""
        self._booted = self.time.now

    def pause(self, wake: threading.Event, seconds: float) -> None:
        """Never wait: whoever simulates moves the time."""


class SeededEntropy:
    """Bytes that a seed determines: the same world can be had again."""

    def __init__(self, seed: str) -> None:
        """Begin the stream of a seed."""
        self._random = random.Random(seed)  # noqa: S311 -- to be the same again is what it is for

    def random_bytes(self, count: int) -> bytes:
        """Return the next bytes of the stream."""
        return self._random.randbytes(count)


@dataclass(frozen=True, slots=True)
class Foundry:
    """A factory, its root and its devices, made once and lent to many worlds.

    Attributes:
        folder: Where it stands.
        bundles: The devices that it minted.
        signer: The portal's signer.
        root_sets: The root sets as text, oldest first.
        manufacturer: The manufacturer's file as text.
    """

    folder: Path
    bundles: tuple[Bundle, ...]
    signer: FileSigner
    root_sets: tuple[str, ...]
    manufacturer: str


def account_of(number: int) -> AccountRef:
    """Return the Virtual Account of a device."""
    return ACCOUNTS[number % len(ACCOUNTS)]


def found(folder: Path, devices: int) -> Foundry:
    """Make a factory; it is the same each time.

    Args:
        folder: An empty folder.
        devices: How many devices to mint.
    """
    workshop = Workshop(VirtualClock(VirtualTime()), SeededEntropy("foundry"))
    factory = folder / "factory"
    init_factory(factory, FactoryOrder(embedded=True), workshop)
    signer = folder / "signer"
    root = RootFolder(factory / ROOT, workshop)
    root.issue_signer(signer, SignerOrder(name="cssm"))
    made = [profiles.builtin(name) for name in _PROFILES]
    serials = [f"GGR{number:05}" for number in range(1, devices + 1)]
    for number, serial in enumerate(serials):
        one = MintOrder(profile=made[number % len(made)], serial=serial)
        mint(factory, folder / serial, one, workshop=workshop)
    texts = sorted((factory / ROOT).glob("root-set-*.json"), key=lambda path: int(path.stem[9:]))
    return Foundry(
        folder=folder,
        bundles=tuple(read_bundle(folder / serial) for serial in serials),
        signer=FileSigner.load(signer),
        root_sets=tuple(path.read_text(encoding="ascii") for path in texts),
        manufacturer=(factory / MANUFACTURER / MANUFACTURER_FILE).read_text(encoding="ascii"),
    )
