"""What a product instance costs its product: start, memory, `use`, and a long backlog.

``python -m bench.device`` measures it alone. Starts are in processor seconds, which other work on
the machine does not change; everything runs in one process of its own.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.backlog import make_device
from bench.rows import REFERENCE_VERIFY, Row, show, verify_microseconds
from gauger import Folders, Problem, ProductInstance, profiles
from gauger.instance.main import Options, open_agent
from gauger.surfaces.agent_client import AgentClient, connect
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.workshop import Workshop

BACKLOG: Final = 50_000
STARTS: Final = 5
USES: Final = 20_000
SHOWS: Final = 9
SAMPLES: Final = 60

_GAUGER: Final = (sys.executable, "-m", "gauger")
_BEGIN: Final = 1_800_000_000
_SAMPLE: Final = 900
_SETTLED: Final = 1.5  # seconds until the first measurement after a start is stored
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """An agent that runs.

    Attributes:
        process: Its process id.
        client: A connection to it.
        cpu: Processor seconds until it answered first.
    """

    process: int
    client: AgentClient
    cpu: float

    def memory(self, name: str = "VmRSS") -> float:
        """Return its resident memory in MiB, or what else of its status is asked for."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024


def processor_seconds(process: int) -> float:
    """Return the processor time of a process with its threads, to the nanosecond."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    spent = [(task / "schedstat").read_text(encoding="ascii").split()[0] for task in tasks]
    return sum(map(int, spent)) / 1e9


@contextmanager
def running(data: Path, *words: str) -> Iterator[Running]:
    """Run an agent for the time of the block, from when it answers at its socket.

    Args:
        data: Its data folder; ``agent.log`` in it gets what it says.
        words: Further words of its command.
    """
    with (data / "agent.log").open("wb") as log:
        command = [*_GAUGER, "instance", "run", "--data", str(data), *words]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            client = _reached(process, data)
            client.ask(op="whoami")
            yield Running(process.pid, client, processor_seconds(process.pid))
            client.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)


def _reached(process: subprocess.Popen[bytes], data: Path) -> AgentClient:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        client = connect(data)
        if client is not None:
            return client
        time.sleep(0.002)
    raise RuntimeError(f"The agent did not start; see {data / 'agent.log'}.")


def help_seconds() -> float:
    """Return the processor seconds of `gauger --help`: the least of several."""
    return min(_cost_of([*_GAUGER, "--help"]) for _ in range(STARTS))


def _cost_of(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def start_seconds(data: Path) -> float:
    """Return the processor seconds of `gauger instance run` until it answers: the least."""
    found = []
    for _ in range(STARTS):
        with running(data) as agent:
            found.append(agent.cpu)
    return min(found)


def use_microseconds(instance: ProductInstance, tag: str) -> float:
    """Return how long a product is held up by using a licence and giving it back: the median."""

    def use() -> None:
        with instance.use(tag):
            pass

    return statistics.median(_nanoseconds(use) for _ in range(USES)) / 1000


def _nanoseconds(act: Callable[[], None]) -> int:
    start = time.perf_counter_ns()
    act()
    return time.perf_counter_ns() - start


def sample_milliseconds(devices: Sequence[Options]) -> list[float]:
    """Return the processor time of a sample that is due, stored and all: the median for each.

    The devices take turns, so that whatever slows the machine down meets all of them.

    Args:
        devices: Where they live, under one clock of the measurement.
    """
    found: list[list[int]] = [[] for _ in devices]
    with ExitStack() as stack:
        agents = [open_agent(options) for options in devices]
        for agent in agents:
            stack.callback(agent.stop)
        for turn in range(1, SAMPLES + 1):
            set_clock(devices[0], turn * _SAMPLE)
            for agent, times in zip(agents, found, strict=True):
                start = time.process_time_ns()
                agent.tick()
                times.append(time.process_time_ns() - start)
    return [statistics.median(times) / 1e6 for times in found]


def set_clock(options: Options, seconds: int) -> None:
    """Move the clock of a device to so many seconds after the begin of the measurement."""
    assert options.clock_file is not None  # noqa: S101 -- only devices that have one are measured
    times = {"wall": _BEGIN + seconds, "monotonic": 1000.0 + seconds}
    new = options.clock_file.with_suffix(".new")
    new.write_text(json.dumps(times), encoding="ascii")
    new.replace(options.clock_file)


class Site:
    """A factory, and the devices that are measured."""

    def __init__(self, folder: Path) -> None:
        """Make the factory; its clock is moved, so that no measurement waits."""
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.clock = Options(data=folder, clock_file=folder / "clock.json")
        set_clock(self.clock, 0)
        init_factory(folder / "factory", FactoryOrder(embedded=True), Workshop.open())

    def options(self, name: str, *, moved: bool = False) -> Options:
        """Mint a device and say where it will live."""
        bundle = self._folder / f"{name}.bundle"
        order = MintOrder(profile=profiles.builtin("example-router"))
        mint(self._folder / "factory", bundle, order, workshop=Workshop.open())
        clock = self.clock.clock_file if moved else None
        return Options(data=self._folder / name, bundle=bundle, clock_file=clock)


def rows(folder: Path) -> list[Row]:
    """Measure all of it.

    Args:
        folder: An empty folder.
    """
    site = Site(folder)
    return [
        _limit("start of gauger --help", help_seconds(), "CPU s", 0.3),
        *_everyday(site),
        *_after_years(site),
    ]


def _everyday(site: Site) -> Iterator[Row]:
    options = site.options("everyday")
    with ProductInstance.open(options.data, Folders(bundle=options.bundle)) as instance:
        value = use_microseconds(instance, "routing-base")
        yield _limit("use() and its end, median", value, "µs", 5)
    value = start_seconds(options.data)
    yield _limit("start of gauger instance run until it answers", value, "CPU s", 0.5)
    with running(options.data) as agent:
        time.sleep(_SETTLED)
        yield _limit("agent memory", agent.memory(), "MiB", 40, scales=False)
        agent.client.execute("show license all", options.data)
        yield Row(name="agent memory once it was looked at", value=agent.memory(), unit="MiB")
        _send(agent.client, options.data)
        yield Row(name="agent memory once it has sent", value=agent.memory(), unit="MiB")


def _send(client: AgentClient, folder: Path) -> None:
    """Let an agent talk, which loads HTTP and TLS; that nobody listens does not matter."""
    url = "https://127.0.0.1:9/licservice/license"
    client.configure(["license smart transport smart", f"license smart url smart {url}"])
    try:
        client.execute("license smart trust idtoken AAAA local", folder)
    except Problem as problem:
        if problem.code != "comm-failed":
            raise


def _after_years(site: Site) -> Iterator[Row]:
    many, one = site.options("years"), site.options("day", moved=True)
    make_device(many, BACKLOG)
    make_device(one, 1)
    with running(many.data) as agent:
        time.sleep(_SETTLED)
        taken = []
        for _ in range(SHOWS):
            start = time.perf_counter()
            agent.client.execute("show license all", many.data)
            taken.append(time.perf_counter() - start)
        name = f"show license all with {BACKLOG} reports without ACK"
        yield _limit(name, statistics.median(taken) * 1000, "ms", 100)
        peak = agent.memory("VmHWM")
        yield _limit("its agent's memory at its highest", peak, "MiB", 64, scales=False)
    few, late = sample_milliseconds([one, _moved(many, site)])
    yield Row(name="a sample on day one", value=few, unit="CPU ms")
    name = "a sample with them, to one on day one"
    yield _limit(name, late / few, "ratio", 1.2, scales=False)


def _moved(options: Options, site: Site) -> Options:
    set_clock(site.clock, 0)
    return Options(data=options.data, clock_file=site.clock.clock_file)


def _limit(name: str, value: float, unit: str, aim: float, *, scales: bool = True) -> Row:
    return Row(name=name, value=value, unit=unit, aim=aim, at_most=True, scales=scales)


def main() -> None:
    """Measure and print."""
    factor = verify_microseconds() / REFERENCE_VERIFY
    with tempfile.TemporaryDirectory(prefix="gauger-bench-") as folder:
        show([replace(row, factor=factor) for row in rows(Path(folder))])


if __name__ == "__main__":
    main()
