"""The servers that are measured: processes of their own, on a processor of their own."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.fleet import PID, Device, Fleet
from gauger.adapters.keys.file import load_certificates, load_key
from gauger.core.documents import keyring
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
        port: Where it listens on loopback, without TLS.
    """

    process: int
    port: int


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


@contextmanager
def portal(folder: Path) -> Iterator[Server]:
    """Found a portal with a factory's trust and an account, and serve it."""
    workshop, factory, data = Workshop.open(), folder / "factory", folder / "cssm"
    init_factory(factory, FactoryOrder(pids=(PID,)), workshop)
    signer = SignerOrder(name="cssm", days=3650)
    RootFolder(factory / "root", workshop).issue_signer(factory / "signers" / "cssm", signer)
    trust = ("--root", factory / "root", "--manufacturer", factory / "manufacturer")
    gauger("cssm", "init", "--data", data, *trust, "--signer", factory / "signers" / "cssm")
    ready = folder / "portal.url"
    options = ("--plain-http", "--port", "0", "--answer-seconds", "60", "--ready-file", str(ready))
    with served(folder, ready, *_GAUGER, "cssm", "serve", "--data", str(data), *options) as server:
        gauger("cssm", "account", "add", ACCOUNT.partition("/")[0], "--data", data)
        yield server


@contextmanager
def bare(folder: Path, fleet: Fleet) -> Iterator[Server]:
    """Serve the bare stack, which knows the keys of a fleet."""
    keys = {serial: b64encode(key).decode() for serial, key in fleet.public_keys.items()}
    (folder / "keys.json").write_text(json.dumps(keys), encoding="ascii")
    with served(
        folder, folder / "bare.url", sys.executable, "-m", "bench.bare", str(folder)
    ) as server:
        yield server


def trusted_fleet(folder: Path, server: Server, *, devices: int, connections: int) -> Fleet:
    """Mint devices and have each of them trusted by the portal.

    Args:
        folder: Folder of `portal`.
        server: The portal.
        devices: How many.
        connections: Over how many connections they will report.
    """
    workshop, manufacturer = Workshop.open(), folder / "factory" / "manufacturer"
    issuer = keyring.Issuer(
        key=load_key(manufacturer / "ca.key.pem"),
        certificate=keyring.load_certificate(load_certificates(manufacturer / "ca.cert.pem")[0]),
    )
    data = folder / "cssm"
    token = gauger("cssm", "token", "new", "--account", ACCOUNT, "--quiet", "--data", data).strip()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=_START_SECONDS)
    made = []
    for _ in range(devices):
        terms = workshop.terms()
        device = Device.made(issuer, f"GGR{terms.serial_number % 10**12:012d}", terms)
        device.establish_trust(connection, token)
        made.append(device)
    connection.close()
    return Fleet(devices=tuple(made), connections=connections)
