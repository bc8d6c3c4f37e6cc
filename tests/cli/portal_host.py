"""A portal on its host: a data folder made by the command line, served over TLS in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gauger.cli.main import root
from gauger.cssm import main
from gauger.cssm.config import CssmConfig, ServerSettings
from gauger.cssm.local import announce, withdraw
from gauger.surfaces.http.front import create_app
from gauger.surfaces.http.server import PortalServer, server_settings
from tests.support.builders import a_factory

CONFIG = CssmConfig(server=ServerSettings(port=0))
_START = 20.0
Json = Any
"""What a command prints with --json."""


@dataclass(frozen=True)
class Host:
    """A portal's host.

    Attributes:
        folder: Where everything lies.
        data: The portal's data folder.
    """

    folder: Path
    data: Path

    def run(self, *words: str | Path) -> Result:
        """Run `gauger cssm` with the data folder named."""
        return gauger("cssm", *words, "--data", self.data)

    def told(self, *words: str | Path) -> str:
        """Run a command that must succeed; returns what it prints."""
        result = self.run(*words)
        assert result.exit_code == 0, f"{result.output} {result.exception!r}"
        return result.output

    def json(self, *words: str | Path) -> Json:
        """Run a command that must succeed; returns the JSON that it prints."""
        return loads(self.told(*words, "--json"))


def gauger(*words: str | Path) -> Result:
    """Run the command line within this process."""
    return CliRunner().invoke(root, [str(word) for word in words])


def make_host(folder: Path) -> Host:
    """Make a portal's data folder by the command line."""
    site = make_material(folder)
    words = ("--root", site / "root", "--signer", site / "signer")
    made = gauger(
        "cssm", "init", "--data", folder / "D", *words, "--manufacturer", site / "maker.json"
    )
    assert made.exit_code == 0, f"{made.output} {made.exception!r}"
    return Host(folder=folder, data=folder / "D")


def make_material(folder: Path) -> Path:
    """Write what a portal is made of: root sets, a signer, a manufacturer."""
    site, factory = folder / "site", a_factory()
    (site / "root").mkdir(parents=True)
    for number, text in enumerate(factory.texts, 1):
        (site / "root" / f"root-set-{number}.json").write_text(text)
    factory.signer().save(site / "signer")
    (site / "maker.json").write_text(factory.manufacturer.to_json())
    return site


@contextmanager
def served(host: Host) -> Iterator[str]:
    """Serve the portal of a host for the time of the block; yields its URL."""
    up = threading.Event()
    with main.open_portal(host.data, CONFIG) as portal:
        portal.start()
        tls = main.tls_files(host.data)
        settings = server_settings(
            create_app(portal), CONFIG, certificate=str(tls.certificate), key=str(tls.key)
        )
        server = PortalServer(settings, up.set)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert up.wait(_START)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"https://127.0.0.1:{port}"
        announce(host.data, address)
        try:
            yield address
        finally:
            withdraw(host.data)
            server.should_exit = True
            thread.join(_START)
