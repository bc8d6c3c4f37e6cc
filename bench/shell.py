"""What the shell over SSH costs an agent, and what the library costs a program without any of it.

``python -m bench.shell`` measures it alone. Operators are clients of the same machine, so that
their log-ins, each a slow hash, stand beside their own cryptography.
"""

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncssh

from bench.backlog import make_device
from bench.device import Site, running
from bench.rows import REFERENCE_VERIFY, Row, show, verify_microseconds
from gauger import Folders, ProductInstance

OPERATORS: Final = 20
REPORTS: Final = 1_000
LOGINS: Final = 5
SHOWS: Final = 9

_NAME: Final = "operator"
_PASSWORD: Final = "only for a measurement"  # noqa: S105 -- of a device that lives for a minute
_PATIENCE: Final = 120.0

# What a program has that runs nothing, and one that holds a product instance open.
_BARE: Final = "pass"
_IMPORT: Final = "from gauger import ProductInstance"
_OPEN: Final = (
    "import sys; from gauger import Folders, ProductInstance\n"
    "instance = ProductInstance.open(sys.argv[1], Folders())\n"
    "instance.set_count('routing-base', 1); instance.flush()"
)
_MEASURE: Final = (
    "import sys, json; from pathlib import Path\n"
    "lines = Path('/proc/self/status').read_text().splitlines()\n"
    "(line,) = (line for line in lines if line.startswith('VmRSS:'))\n"
    "print(json.dumps([int(line.split()[1]) / 1024, sorted(sys.modules)]))"
)
_FOREIGN: Final = frozenset({"asyncio", "asyncssh", "fastapi", "httpx", "ssl", "starlette"})


@dataclass(frozen=True, slots=True)
class Program:
    """What a program of a few lines came to.

    Attributes:
        memory: Resident MiB at its end.
        modules: What it had loaded.
        seconds: Processor seconds.
    """

    memory: float
    modules: frozenset[str]
    seconds: float


def program(code: str, *arguments: str) -> Program:
    """Run lines in a Python of their own."""
    clock = "import time; begin = time.process_time()\n"
    timed = f"{clock}{code}\nspent = time.process_time() - begin\n{_MEASURE}; print(spent)"
    command = [sys.executable, "-c", timed, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found, spent = done.stdout.splitlines()[-2:]
    memory, modules = json.loads(found)
    return Program(memory, frozenset(modules), float(spent))


@dataclass(frozen=True, slots=True)
class Door:
    """Where a shell is served."""

    port: int

    async def operator(self, line: str) -> tuple[float, float]:
        """Log in, type a line, leave; return the seconds to the first prompt and of the line."""
        begin = time.perf_counter()
        options = {"known_hosts": None, "agent_path": None, "client_keys": None, "config": None}
        async with asyncssh.connect(
            "127.0.0.1", self.port, username=_NAME, password=_PASSWORD, **options
        ) as client:
            shell = await client.create_process(term_type="vt100", term_size=(512, 0))
            await shell.stdout.readuntil("#")
            prompted = time.perf_counter()
            shell.stdin.write("terminal length 0\r")
            await shell.stdout.readuntil("#")
            asked = time.perf_counter()
            shell.stdin.write(f"{line}\r")
            # The prompt stands alone in a line; in the output a # has a blank before it.
            await shell.stdout.readuntil("\n")
            await shell.stdout.readuntil("#")
            answered = time.perf_counter()
            shell.stdin.write("exit\r")
            await shell.wait()
        return prompted - begin, answered - asked

    def one(self, line: str) -> tuple[float, float]:
        """Let one operator work."""
        return asyncio.run(asyncio.wait_for(self.operator(line), _PATIENCE))

    def many(self) -> float:
        """Let all operators work at once; return the seconds until the last has left."""

        async def work() -> None:
            operators = (self.operator("show license status") for _ in range(OPERATORS))
            await asyncio.wait_for(asyncio.gather(*operators), _PATIENCE)

        begin = time.perf_counter()
        asyncio.run(work())
        return time.perf_counter() - begin


def rows(folder: Path) -> Iterator[Row]:
    """Measure all of it.

    Args:
        folder: An empty folder.
    """
    site = Site(folder)
    yield from _over_ssh(site)
    yield from _library(site)


def _over_ssh(site: Site) -> Iterator[Row]:
    options = site.options("reached")
    make_device(options, REPORTS)
    with running(options.data, "--ssh", ":0") as agent:
        request = {"action": "add", "name": _NAME, "password": _PASSWORD, "privilege": 15}
        agent.client.user(request)
        door = Door(_port(options.data / "agent.log"))
        yield _limit("agent memory with SSH open", agent.memory(), "MiB", 60, scales=False)
        prompts = [door.one("show license udi")[0] for _ in range(LOGINS)]
        name = "from connecting over SSH to the first prompt, by password"
        yield _limit(name, statistics.median(prompts), "s", 0.8)
        taken = [door.one("show license all")[1] for _ in range(SHOWS)]
        name = f"show license all over SSH with {REPORTS} reports without ACK"
        yield _limit(name, statistics.median(taken) * 1000, "ms", 50)
        yield Row(
            name=f"{OPERATORS} operators at once, until all have left", value=door.many(), unit="s"
        )
        name = f"agent memory once {OPERATORS} have worked at once"
        yield _limit(name, agent.memory(), "MiB", 60, scales=False)


def _port(log: Path) -> int:
    """Wait until an agent has said where its shell is."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = re.search(r"^SSH: ssh -p (\d+) .*\n", log.read_text(encoding="utf-8"), re.MULTILINE)
        if found is not None:
            return int(found[1])
        time.sleep(0.02)
    raise RuntimeError(f"No shell was opened; see {log}.")


def _library(site: Site) -> Iterator[Row]:
    options = site.options("embedded")
    with ProductInstance.open(options.data, Folders(bundle=options.bundle)):
        pass
    bare = program(_BARE)
    held = [program(_OPEN, str(options.data)) for _ in range(LOGINS)]
    loaded = [program(_IMPORT) for _ in range(LOGINS)]
    value = min(one.memory for one in held) - bare.memory
    yield _limit("library in another program, over a bare one", value, "MiB", 40, scales=False)
    value = min(one.seconds for one in loaded)
    yield _limit("import of the library", value, "CPU s", 0.2)
    value = min(one.seconds for one in held)
    # What the import leaves for later is paid here; told, so that nobody takes it for saved.
    yield Row(name="opening a product instance, import and all", value=value, unit="CPU s")
    foreign = len(held[0].modules & _FOREIGN)
    yield _limit("modules of SSH, HTTP or TLS that it loads", foreign, "", 0, scales=False)


def _limit(name: str, value: float, unit: str, aim: float, *, scales: bool = True) -> Row:
    return Row(name=name, value=value, unit=unit, aim=aim, at_most=True, scales=scales)


def main() -> None:
    """Measure and print."""
    factor = verify_microseconds() / REFERENCE_VERIFY
    with tempfile.TemporaryDirectory(prefix="gauger-bench-") as folder:
        show([replace(row, factor=factor) for row in rows(Path(folder))])


if __name__ == "__main__":
    main()
