"""A factory, devices, and a clock that the test moves."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from gauger import profiles
from gauger.adapters.clock import FileClock, SystemClock
from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import FileSigner
from gauger.core.identity import AccountRef
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.main import Options, open_agent
from gauger.instance.ports import LogEntry
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop

START = 1_800_000_000
DAY = 86_400
ACCOUNT = AccountRef("example.com", "DEFAULT")
ESSENTIALS = "air-network-essentials"
SERIAL = "GGR0001"


@dataclass
class MovedClock:
    """The file that a process under `--clock` reads."""

    path: Path
    wall: int = START
    monotonic: float = 1000.0

    def __post_init__(self) -> None:
        self._write()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += int(seconds)
        self.monotonic += seconds
        self._write()

    def step(self, seconds: int) -> None:
        """Move the wall clock alone."""
        self.wall += seconds
        self._write()

    def reboot(self, off: int = 0) -> None:
        """Start monotonic time anew after the power was off."""
        self.wall += off
        self.monotonic = 5.0
        self._write()

    def _write(self) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"wall": self.wall, "monotonic": self.monotonic}))
        new.replace(self.path)


@dataclass
class World:
    """Everything that one test needs, in one folder.

    Attributes:
        root: The folder.
        real: Whether the factory works by the machine's clock, as devices without `--clock` do.
    """

    root: Path
    real: bool = False
    clock: MovedClock = field(init=False)
    workshop: Workshop = field(init=False)

    def __post_init__(self) -> None:
        self.clock = MovedClock(self.root / "clock.json")
        clock = SystemClock() if self.real else FileClock(self.clock.path)
        self.workshop = Workshop(clock, SystemEntropy())
        init_factory(self.factory, FactoryOrder(), self.workshop)
        self.signer("cssm")
        self.signer("factory")

    @property
    def factory(self) -> Path:
        return self.root / "factory"

    def signer(self, name: str = "cssm") -> FileSigner:
        """Return a signer that the root set lists, made on first use."""
        folder = self.factory / "signers" / name
        if not folder.exists():
            RootFolder(self.factory / "root", self.workshop).issue_signer(
                folder, SignerOrder(name=name)
            )
        return FileSigner.load(folder)

    def bundle(
        self,
        name: str = "bundle",
        *,
        profile: str = "c9800-cl",
        serial: str = SERIAL,
        trust_code: bool = False,
        policy: Path | None = None,
    ) -> Path:
        """Mint a device and return its bundle."""
        out = self.root / name
        order = MintOrder(
            profile=profiles.builtin(profile), serial=serial, trust_code=trust_code, policy=policy
        )
        signer = self.factory / "signers" / "factory" if order.needs_signer else None
        mint(self.factory, out, order, workshop=self.workshop, signer=signer)
        return out

    def options(self, name: str = "device") -> Options:
        """Return where a device lives, under the moved clock."""
        return Options(data=self.root / name, clock_file=self.clock.path)

    def open(
        self, name: str = "device", bundle: Path | None = None, *, ca: Path | None = None
    ) -> Agent:
        """Open a device's agent under the moved clock."""
        return open_agent(replace(self.options(name), bundle=bundle, ca=ca))

    def device(self, profile: str = "c9800-cl") -> Agent:
        """Mint a device and open it for the first time."""
        return self.open(bundle=self.bundle(profile=profile))


def tag_of(agent: Agent, index: int = 0) -> str:
    """Return an entitlement tag of the device's product."""
    return agent.profile.licences[index].tag


def go_smart(agent: Agent, url: str) -> None:
    """Configure direct reporting."""
    agent.configure(
        [
            ConfigChange(key=ConfigKey.TRANSPORT, value="smart"),
            ConfigChange(key=ConfigKey.URL_SMART, value=url),
        ]
    )


def names(agent: Agent) -> list[str]:
    """Return the names in the event log."""
    return [entry.name for entry in agent.events()]


def entry(at: int = START, name: str = "SAEVT_TEST") -> LogEntry:
    """Return an entry for the event log."""
    return LogEntry(at=at, name=name, fields=(("k", "v"),))
