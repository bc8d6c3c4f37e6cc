"""The servers that are measured: processes of their own, on a processor of their own."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from bench.fleet import PID, Device, Fleet
from gauger.adapters.keys.file import load_certificates, load_key
from gauger.core.documents import keyring
from gauger.cssm.local import local_access
from gauger.tools.factory import FactoryOrder, init_factory
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop

CORE: Final = 0
ACCOUNT: Final = "example.com/DEFAULT"
_START_SECONDS: Final = 60
_GAUGER: Final = (sys.executable, "-m", "gauger")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        process: Its process id.
        port: Where it listens on loopback.
        count: The file that counts its signatures, or null.
        certificate: Its certificate (PEM) where it speaks TLS, or null.
    """

    process: int
    port: int
    count: Path | None = None
    certificate: Path | None = None


@contextmanager
def served(folder: Path, ready: Path, *command: str) -> Iterator[Server]:
    """Run a server on its processor for the time of the block.

    Args:
        folder: Where its log goes.
        ready: The file in which it writes its URL once it answers.
        *command: The command.
    """
    with (folder / f"{ready.stem}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.pinned", str(CORE), *command],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Server(process.pid, _port(process, ready))
        finally:
            process.terminate()
            process.wait(_START_SECONDS)


def _port(process: subprocess.Popen[bytes], ready: Path) -> int:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if ready.exists() and (url := ready.read_text(encoding="ascii").strip()):
            return int(urlsplit(url).port or 0)
        time.sleep(0.02)
    raise RuntimeError(f"The server did not start; see {ready.with_suffix('.log')}.")


def gauger(*arguments: str | Path) -> str:
    """Run `gauger` to its end and return what it printed."""
    command = [*_GAUGER, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return done.stdout


def found_portal(folder: Path) -> None:
    """Found a portal with a factory's trust."""
    workshop, factory, data = Workshop.open(), folder / "factory", folder / "cssm"
    init_factory(factory, FactoryOrder(pids=(PID,)), workshop)
    signer = SignerOrder(name="cssm", days=3650)
    RootFolder(factory / "root", workshop).issue_signer(factory / "signers" / "cssm", signer)
    trust = ("--root", factory / "root", "--manufacturer", factory / "manufacturer")
    gauger("cssm", "init", "--data", data, *trust, "--signer", factory / "signers" / "cssm")


@contextmanager
def served_portal(folder: Path, *, tls: bool = False) -> Iterator[Server]:
    """Serve a portal that was founded; how often it signs is counted."""
    data, ready, count = folder / "cssm", folder / "portal.url", folder / "signatures"
    ready.unlink(missing_ok=True)
    options = ["--port", "0", "--answer-seconds", "60", "--ready-file", str(ready)]
    if not tls:
        options.append("--plain-http")
    counted = (sys.executable, "-m", "bench.counted", str(count))
    command = (*counted, "cssm", "serve", "--data", str(data), *options)
    with served(folder, ready, *command) as server:
        certificate = data / "tls" / "certificate.pem" if tls else None
        yield replace(server, count=count, certificate=certificate)


@contextmanager
def portal(folder: Path) -> Iterator[Server]:
    """Found a portal with an account, and serve it."""
    found_portal(folder)
    with served_portal(folder) as server:
        gauger("cssm", "account", "add", ACCOUNT.partition("/")[0], "--data", folder / "cssm")
        yield server


@contextmanager
def bare(folder: Path, fleets: Sequence[Fleet]) -> Iterator[Server]:
    """Serve the bare stack, which knows the keys of fleets."""
    keys = {
        serial: b64encode(key).decode()
        for fleet in fleets
        for serial, key in fleet.public_keys.items()
    }
    (folder / "keys.json").write_text(json.dumps(keys), encoding="ascii")
    with served(
        folder, folder / "bare.url", sys.executable, "-m", "bench.bare", str(folder)
    ) as server:
        yield server


class Factory:
    """Where devices are minted, and an ID token with which they establish trust."""

    def __init__(self, folder: Path) -> None:
        """Open it.

        Args:
            folder: Folder of a portal that is served.
        """
        manufacturer = folder / "factory" / "manufacturer"
        self._workshop = Workshop.open()
        self._issuer = keyring.Issuer(
            key=load_key(manufacturer / "ca.key.pem"),
            certificate=keyring.load_certificate(
                load_certificates(manufacturer / "ca.cert.pem")[0]
            ),
        )
        data = folder / "cssm"
        words = ("token", "new", "--account", ACCOUNT, "--quiet", "--data", data)
        self.token = gauger("cssm", *words).strip()

    def devices(self, count: int) -> tuple[Device, ...]:
        """Mint devices that nobody knows yet."""
        made = []
        for _ in range(count):
            terms = self._workshop.terms()
            serial = f"GGR{terms.serial_number % 10**12:012d}"
            made.append(Device.made(self._issuer, serial, terms))
        return tuple(made)

    def fleet(self, server: Server, *, devices: int, connections: int) -> Fleet:
        """Mint devices and have each of them trusted by the portal.

        Args:
            server: The portal, without TLS.
            devices: How many.
            connections: Over how many connections they will report.
        """
        made = self.devices(devices)
        connection = HTTPConnection("127.0.0.1", server.port, timeout=_START_SECONDS)
        for device in made:
            device.establish_trust(connection, self.token)
        connection.close()
        return Fleet(devices=made, connections=connections)


def bearer(data: Path) -> str:
    """Return an access token of the administrator of a portal that is served without TLS."""
    access = local_access(data)
    form = {
        "grant_type": "client_credentials",
        "client_id": access.client_id,
        "client_secret": access.secret,
    }
    http = HTTPConnection(urlsplit(access.url).netloc, timeout=_START_SECONDS)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    http.request("POST", "/oauth2/token", urlencode(form), kind)
    token: str = json.loads(http.getresponse().read())["access_token"]
    http.close()
    return token
