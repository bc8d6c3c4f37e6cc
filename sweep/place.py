"""Where a sweep works: data folders as they are before each command, copied for every trial."""

import importlib
import json
import pkgutil
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import gauger
from gauger.cli import main as command_line
from gauger.surfaces.agent_wire import NAME as SOCKET
from sweep.forked import Child, Gate, fork

SECONDS: Final = 60.0
"""How long any command may take; a restart after a crash is far below."""

_PATIENCE: Final = 60.0
_HASTE: Final = 10.0
"""Seconds of the trial's clock for each in which somebody waits."""

ACCOUNT: Final = "example.com/DEFAULT"
ESSENTIALS: Final = "air-network-essentials"
DNA: Final = "air-dna-essentials"
START: Final = 1_800_000_000
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Said:
    """What a command gave.

    Attributes:
        code: Exit code, negative for a signal; None where it did not end in time.
        text: Standard output and error.
    """

    code: int | None
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- JSON has any type
        """The output, read as JSON."""
        return json.loads(self.text)


@dataclass
class Place:
    """The folders of one worker.

    Attributes:
        root: Its folder; nothing of it is left behind.
        port: Where its portal listens: devices know it by their configuration.
    """

    root: Path
    port: int = 0
    _children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now.mkdir(parents=True)
        # One port for all trials: the devices that are copied for each have it in their settings.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])

    @property
    def now(self) -> Path:
        """What a trial works on."""
        return self.root / "now"

    @property
    def kept(self) -> Path:
        """What it is copied from."""
        return self.root / "kept"

    def path(self, *parts: str) -> Path:
        """Return a path in the folder of the trial."""
        return self.now.joinpath(*parts)

    def keep(self) -> None:
        """Make what is there now the beginning of every trial."""
        shutil.rmtree(self.kept, ignore_errors=True)
        # The socket of an agent cannot be copied, and means nothing without its process.
        shutil.copytree(self.now, self.kept, ignore=shutil.ignore_patterns(SOCKET))

    def renew(self) -> None:
        """Begin a trial."""
        shutil.rmtree(self.now)
        shutil.copytree(self.kept, self.now)

    def set_clock(self, seconds: int) -> None:
        """Set the time of all processes, seconds after the beginning."""
        self._write_clock({"wall": START + seconds, "monotonic": 1000.0 + seconds})

    def _advance_clock(self, seconds: float) -> None:
        path = self.path("clock.json")
        if path.exists():
            times = json.loads(path.read_text())
            self._write_clock({name: at + seconds for name, at in times.items()})

    def _write_clock(self, times: Mapping[str, float]) -> None:
        new = self.path("clock.new")
        new.write_text(json.dumps(times))
        new.replace(self.path("clock.json"))

    def words(self, *words: str) -> list[str]:
        """Return the words of a command: ``{}`` is the folder of the trial, ``{token}`` an ID token."""
        token = self.path("token")
        text = token.read_text().strip() if token.exists() else ""
        return [word.replace("{}", str(self.now)).replace("{token}", text) for word in words]

    def begin(self, *words: str, gate: Gate | None = None) -> Child:
        """Begin a `gauger` command."""
        return self.fork(partial(_command, self.words(*words)), gate=gate)

    def fork(self, act: Callable[[], None], *, gate: Gate | None = None) -> Child:
        """Begin a function in a process of its own."""
        child = fork(act, self.root / f"said-{len(self._children)}", gate)
        self._children.append(child)
        return child

    def end_all(self) -> None:
        """End what still runs after a trial that went wrong."""
        for child in self._children:
            child.kill()
        self._children.clear()

    def run(self, *words: str) -> Said:
        """Run a `gauger` command to its end."""
        return self.ended(self.begin(*words))

    def ended(self, child: Child) -> Said:
        """Wait for the end of a process."""
        end = time.monotonic() + SECONDS
        while not child.wait(1.0):
            if time.monotonic() > end:
                child.kill()
                return Said(None, child.text)
            # Time goes on while somebody waits: else a portal that tries again later never would.
            self._advance_clock(_HASTE)
        return Said(child.code, child.text)

    def must(self, *words: str) -> Said:
        """Run a command that succeeds, in the preparations."""
        said = self.run(*words)
        if said.code:
            raise RuntimeError(f"gauger {' '.join(self.words(*words))}: {said.text}")
        return said

    def serve(self, name: str = "cssm") -> Child:
        """Serve a portal of the trial; returns once it answers, or has ended."""
        child = self.begin(*self.serving(name))
        self.await_ready(child)
        return child

    def serving(self, name: str = "cssm") -> tuple[str, ...]:
        """Return the command that serves a portal of the trial."""
        # One of the portal before would say that this one answers.
        self.path("ready").unlink(missing_ok=True)
        options = ("--port", str(self.port), "--ready-file", "{}/ready", "--clock", "{}/clock.json")
        return ("cssm", "serve", "--data", f"{{}}/{name}", *options)

    def await_ready(self, child: Child) -> bool:
        """Wait until a portal answers; False where it has ended, or is too slow."""
        return self.await_content(child, self.path("ready"))

    def await_content(self, child: Child, path: Path) -> bool:
        """Wait until a file or socket of a process is there; False where it has ended."""
        end = time.monotonic() + SECONDS
        while not _is_there(path):
            if child.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def stop(self, child: Child) -> Said:
        """Ask a server to end."""
        child.tell(signal.SIGTERM)
        child.wait(_PATIENCE)
        return self.ended(child)


def _command(words: Sequence[str]) -> None:
    sys.argv = ["gauger", *words]
    command_line.main()


def _is_there(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return path.is_socket() or path.stat().st_size > 0
    return False


def load_everything() -> None:
    """Load what any command may need, once: the processes of the trials are forked."""
    found = pkgutil.walk_packages(gauger.__path__, "gauger.")
    further = (
        "anyio._backends._asyncio",
        "rich.console",
        "rich.progress",
        "rich.table",
        "stringprep",
        "uvicorn.lifespan.off",
    )
    # Each trial would pay for an import, and one in the midst would shift the numbers of the calls.
    for name in [*(module.name for module in found if "__main__" not in module.name), *further]:
        importlib.import_module(name)


def furnish(place: Place) -> None:
    """Found a vendor, its portal with an account, and devices in different states of life."""
    place.set_clock(0)
    clock = ("--clock", "{}/clock.json")
    factory = ("--factory", "{}/factory", *clock)
    place.must("factory", "init", "--out", "{}/factory", *clock)
    for name in ("cssm", "next", "factory"):
        root = ("--root", "{}/factory/root", "--out", f"{{}}/factory/signers/{name}")
        place.must("trust", "issue-signer", *root, *clock)
    for number, name in enumerate(("device", "offline", "young", "fresh")):
        minted = ("--serial", f"GGR000{number}", "--out", f"{{}}/bundle-{name}")
        place.must("factory", "mint", *factory, "--profile", "c9800-cl", *minted)
    trust = ("--root", "{}/factory/root", "--manufacturer", "{}/factory/manufacturer")
    signer = ("--signer", "{}/factory/signers/cssm")
    place.must("cssm", "init", "--data", "{}/cssm", *trust, *signer, *clock)
    token = _open_account(place)
    _live(place, token)
    # One more root set than anybody holds: it can be imported.
    place.must(
        *("trust", "issue-signer", "--root", "{}/factory/root"),
        *("--out", "{}/factory/signers/further", *clock),
    )
    place.path("ready").unlink()
    place.keep()


def _open_account(place: Place) -> str:
    server = place.serve()
    data = ("--data", "{}/cssm")
    place.must("cssm", "account", "add", "example.com", *data)
    token = place.must("cssm", "token", "new", "--account", ACCOUNT, "--quiet", *data)
    place.must("cssm", "policy", "set", "--all", "--name", "P", "--perpetual", "7/7/7", *data)
    place.stop(server)
    place.path("token").write_text(token.text)
    return token.text.strip()


def _live(place: Place, token: str) -> None:
    """Let one device report directly, one save its usage offline, one be without trust."""
    clock, ca = ("--clock", "{}/clock.json"), ("--ca", "{}/cssm/tls/certificate.pem")
    for name in ("device", "offline", "young"):
        here = ("--data", f"{{}}/{name}", *clock)
        place.must("instance", "init", *here, "--bundle", f"{{}}/bundle-{name}", *ca)
        if name != "offline":
            url = f"license smart url smart https://localhost:{place.port}/licservice/license"
            place.must("instance", "config", *here, "license smart transport smart", url)
        place.must("instance", "use", *here, ESSENTIALS, "2")
    server = place.serve()
    device = ("instance", "exec", "--data", "{}/device", *clock)
    place.must(*device, f"license smart trust idtoken {token} local")
    place.set_clock(24 * _HOUR)
    place.must(*device, "license smart sync all")
    place.must("instance", "use", "--data", "{}/device", *clock, DNA, "3")
    place.set_clock(26 * _HOUR)
    offline = ("instance", "exec", "--data", "{}/offline", *clock)
    place.must(*offline, "license smart save usage unreported file {}/usage.xml")
    place.stop(server)
    shutil.copytree(place.path("cssm"), place.path("cssm-before"))
    server = place.serve()
    upload = ("--account", ACCOUNT, "--ack", "{}/ack.xml", "--data", "{}/cssm")
    place.must("cssm", "usage", "upload", "{}/usage.xml", *upload)
    place.must("cssm", "backup", "--data", "{}/cssm", "--out", "{}/copy.sqlite")
    listed = place.must("cssm", "report", "list", "--data", "{}/cssm", "--json").json
    known = [row["digest"] for row in listed if row["udi"]["udi_serial_number"] == "GGR0000"]
    place.path("known").write_text("\n".join(known))
    place.path("password").write_text("a password of seven words or more\n")
    place.stop(server)
    # The offline device has the ACK of a portal that does not know the upload: both can be tried.
    shutil.rmtree(place.path("cssm"))
    place.path("cssm-before").rename(place.path("cssm"))
