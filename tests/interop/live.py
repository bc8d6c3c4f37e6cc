"""A real device that is reached over SSH, with a real portal, and programs that drive it."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.surfaces.agent_wire import NAME
from tests.acceptance.site import Account, Device, Site, eventually
from tests.support.material import interop_python

DRIVERS = Path(__file__).with_name("drivers")
PASSWORD, ENABLE = "correct-horse-battery", "staple-for-twelve"
_PORT = re.compile(r"^SSH: ssh -p (\d+) ", re.MULTILINE)
_PATIENCE = 240  # seconds; on a busy machine Genie alone takes twenty to load


@dataclass
class ReachedDevice(Device):
    """A product instance with a shell over SSH."""

    def start(self) -> None:
        """Run its agent, as an operator does."""
        words: list[str | Path] = ["instance", "run", "--data", self.data, "--ssh", "127.0.0.1:0"]
        words += ["--bundle", self.bundle, "--ca", self.site.portal.ca]
        words += ["--clock", self.site.clock.path]
        self.site.stage.start(self.name, *words, ready=self.data / NAME)
        self.runs = True

    @property
    def port(self) -> int:
        """Where it listens: the agent tells."""
        log = self.site.stage.path(f"{self.name}.log")
        return int(eventually(lambda: _PORT.search(log.read_text()))[1])


def reached(site: Site) -> ReachedDevice:
    """Switch on a device that an operator and a viewer reach."""
    bundle, udi, profile = site.bundle()
    data = site.new_path("device")
    device = ReachedDevice(site, data.name, profile, udi, bundle=bundle, data=data)
    site._devices.append(device)
    device.start()
    device.configure(
        f"username operator privilege 15 secret {PASSWORD}",
        f"username viewer privilege 1 secret {PASSWORD}",
        f"enable secret {ENABLE}",
    )
    device.use("air-network-advantage", 2)
    return device


def surroundings(device: ReachedDevice, account: Account, user: str) -> dict[str, str]:
    """Return what a driver is told by its environment."""
    home = device.site.new_path("home")
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
    kept.pop("PYTHONPATH", None)
    return kept | {
        # Whoever runs the tests has settings and known hosts of their own.
        "HOME": str(home),
        "DEVICE_HOST": "127.0.0.1",
        "DEVICE_PORT": str(device.port),
        "DEVICE_USER": user,
        "DEVICE_PASSWORD": PASSWORD,
        "DEVICE_ENABLE": ENABLE,
        "PORTAL_URL": f"{device.site.portal.licensing_url}{LICENSING_PATH}",
        "ID_TOKEN": account.token(uses=1),
    }


def run(command: list[str | Path], environment: dict[str, str]) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def drive(name: str, environment: dict[str, str], *, where: str = "interop") -> dict[str, Any]:
    """Run a driver in its environment and return what it saw."""
    said = run([interop_python(where), DRIVERS / name], environment)
    seen: dict[str, Any] = json.loads(said.splitlines()[-1])
    return seen
