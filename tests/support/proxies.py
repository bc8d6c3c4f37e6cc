"""squid and tinyproxy, as real processes of a test, configured as the how-to says."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.tools.demo.stage import free_port
from tests.support.material import ROOT, needs_program

PROXIES: Final = ("squid", "tinyproxy")
"""Programs, each of the Debian package of its name."""

_PAGE: Final = ROOT / "docs" / "howto" / "topology-direct-proxy.md"
_OPEN: Final = "/var/tmp"  # noqa: S108 -- everybody may enter it, and each folder in it is its own
_PATIENCE: Final = 20.0

# What only a test needs: no file elsewhere, no other listener, no lasting shared memory.
_FURTHER: Final = {
    "squid": """
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
pid_filename none
pinger_enable off
memory_cache_shared off
shutdown_lifetime 1 seconds
visible_hostname proxy.example
""",
    "tinyproxy": """
Listen 127.0.0.1
LogFile "{folder}/access.log"
LogLevel Connect
""",
}
_PASSWORD: Final = {
    # In front of all that is allowed: the first rule that fits decides.
    "squid": """
auth_param basic program /usr/lib/squid/basic_fake_auth
acl known proxy_auth REQUIRED
http_access deny !known
""",
    "tinyproxy": "\nBasicAuth somebody secret\n",
}


@dataclass(kw_only=True)
class RealProxy:
    """A proxy of others on loopback.

    Attributes:
        program: ``squid`` or ``tinyproxy``.
        passes: The port that it lets clients CONNECT to, on ``localhost``.
        wants_password: Whether it asks everybody for credentials.
        port: Where it listens.
        folder: Its configuration and logs; not among the tests' own, which only their user may
            enter: a squid that root started goes on as another.
    """

    program: str
    passes: int
    wants_password: bool = False
    port: int = field(default_factory=free_port)
    folder: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="gauger-proxy-", dir=_OPEN))
    )
    _process: subprocess.Popen[bytes] | None = None

    @property
    def lines(self) -> tuple[str, str]:
        """What an operator types to use it."""
        return (
            "license smart proxy address 127.0.0.1",
            f"license smart proxy port {self.port}",
        )

    @property
    def log(self) -> str:
        """What it wrote down of its clients."""
        path = self.folder / "access.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Run it, and wait until it listens."""
        program = needs_program(self.program, self.program)
        configuration = self.folder / "proxy.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        if os.geteuid() == 0 and self.program == "squid":
            # It goes on as a user of its own, who has to write its logs.
            self.folder.chmod(0o755)
            shutil.chown(self.folder, "proxy")
        options = ["-N", "-n", self._name, "-f"] if self.program == "squid" else ["-d", "-c"]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [program, *options, configuration], stdout=output, stderr=output
            )
        self._wait(self._process)

    def stop(self) -> None:
        """Ask it to end; a client's tunnel may keep it, so it is insisted."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self.kill()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        # It is known by its name alone, and outlives squid.
        for left in Path("/dev/shm").glob(f"{self._name}-*"):  # noqa: S108 -- where squid makes it
            left.unlink()

    def remove(self) -> None:
        """End it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def _name(self) -> str:
        return f"gauger{self.port}"

    def _configuration(self) -> str:
        """Return the how-to's example, at this test's addresses."""
        page = _PAGE.read_text(encoding="utf-8")
        # Each example stands behind the line that names its proxy and file.
        example = rf"^{self.program} [^\n]+:\n\n```text\n(.*?)^```$"
        found = re.search(example, page, re.MULTILINE | re.DOTALL)
        assert found, f"the how-to has no example for {self.program}"
        example = str(found[1])
        here = {
            r"192\.0\.2\.0/24": "127.0.0.1/32",
            r"cssm\.example\.com": "localhost",
            r"http_port 3128": f"http_port 127.0.0.1:{self.port}",
            r"^Port 8888$": f"Port {self.port}",
            r"\b443$": f"{self.passes}",
        }
        for pattern, text in here.items():
            example = re.sub(pattern, text, example, flags=re.MULTILINE)
        password = _PASSWORD[self.program] if self.wants_password else ""
        return password + example + _FURTHER[self.program].format(folder=self.folder)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            said = (self.folder / "output").read_text(errors="replace")
            assert process.poll() is None, f"{self.program} did not start: {said}"
            assert time.monotonic() < until, f"{self.program} does not listen: {said}"
            threading.Event().wait(0.05)
