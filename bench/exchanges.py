"""Signed report to ACK: beside the bare stack, over TLS, many in a request, with trust requests."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import site
from bench.counted import uses
from bench.fleet import Fleet
from bench.load import write_bodies
from bench.rows import Row
from gauger.core.documents.smart_transport import encode_request

CONNECTIONS: Final = 64
DEVICES: Final = 128
BATCH: Final = 50
BATCH_CONNECTIONS: Final = 8
"""Fewer, as one that forwards for many devices has: the answers to 64 would outlast the window."""

ROUNDS: Final = 3
"""Portal and bare stack take turns, so that whatever slows the machine down meets both."""

TRUST_EVERY: Final = 10
WARM: Final = 1.0
_FULL: Final = 0.9
_MOST_SINGLE: Final = 2400  # requests a second that the beforehand signed ones must suffice for
_MOST_FRESH: Final = 800
_MOST_BATCH: Final = 6000  # reports a second, likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every measurement needs.

    Attributes:
        folder: Of the portal and of what is written down.
        seconds: How long each measurement lasts.
        say: Tells people what goes on.
    """

    folder: Path
    seconds: float
    say: Callable[[str], None]


def measured(
    stage: Stage, server: site.Server, bodies: list[list[bytes]], *, fresh: bool = False
) -> dict[str, Any]:
    """Load a server from a process of its own.

    Args:
        stage: Where, how long.
        server: The server.
        bodies: What is sent.
        fresh: Whether each request comes over a connection of its own.

    Returns:
        What `bench.load.Load.result` says, and how often the server signed for each answer.
    """
    path = stage.folder / "bodies"
    write_bodies(path, bodies)
    options = ["--port", server.port, "--process", server.process, "--bodies", path]
    if server.certificate is not None:
        options += ["--ca", server.certificate]
    if fresh:
        options.append("--fresh")
    window = ("--warm", WARM, "--seconds", stage.seconds)
    command = [sys.executable, "-m", "bench.load", *map(str, options), *map(str, window)]
    before = 0 if server.count is None else uses(server.count)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["refused"]:
        raise RuntimeError(f"{found['refused']} were refused: {found['first_refusal']}")
    if server.count is not None:
        found["signatures"] = uses(server.count) - before
    return found


def summed(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up several measurements of the same."""
    numbers = ("requests", "seconds", "cpu_seconds", "load_seconds", "signatures", "answered")
    return {name: sum(found.get(name, 0) for found in rounds) for name in numbers}


def bound_of(found: dict[str, Any]) -> str:
    """Say what bounded a measurement: whose processor was full."""
    server, load = (found[name] / found["seconds"] for name in ("cpu_seconds", "load_seconds"))
    shares = f"server's core {server:.0%}, load's core {load:.0%}"
    if load >= _FULL:
        return f"the load itself: {shares}"
    if server >= _FULL:
        return f"processor: {shares}"
    return f"disk, or other work on this machine: {shares}"


def rows_of(name: str, found: dict[str, Any], reports: int = 1) -> tuple[Row, Row]:
    """Return rate and rate for each second of the server's processor time."""
    count, bound = found["requests"] * reports, bound_of(found)
    return (
        Row(name=name, value=count / found["seconds"], unit="reports/s", bound=bound),
        Row(
            name=f"{name}, per server CPU second",
            value=count / found["cpu_seconds"],
            unit="reports/s",
            bound=bound,
        ),
    )


def signatures_of(name: str, found: dict[str, Any], reports: int = 1) -> Row:
    """Return how often the signing key was used for 1,000 reports that were acknowledged."""
    return Row(
        name=f"uses of the signing key for 1,000 reports, {name}",
        value=1000 * found["signatures"] / (found["answered"] * reports),
        unit="signatures",
        aim=100,
        at_most=True,
        scales=False,
        bound="one signature a commit",
    )


def rows(stage: Stage) -> Iterator[Row]:
    """Measure all of it, with a portal of its own.

    Args:
        stage: Where, how long.

    Yields:
        The figures.
    """
    with site.portal(stage.folder) as server:
        stage.say("devices are minted and trusted")
        factory = site.Factory(stage.folder)
        fleets = [_fleet(factory, server) for _ in range(ROUNDS)]
        stage.say("reports are signed, and the portal is measured beside the bare stack")
        with site.bare(stage.folder, fleets) as other:
            ours, least = _beside(stage, fleets, server, other)
        yield from _compared(ours, least)
        yield signatures_of(f"{CONNECTIONS} connections", ours)
        stage.say(f"one request in {TRUST_EVERY} is a trust request")
        mixed = measured(stage, server, _with_trust(stage, factory, server))
        name = f"{CONNECTIONS} connections, one request in {TRUST_EVERY} a trust request"
        yield signatures_of(name, mixed)
        stage.say(f"{BATCH} reports a request")
        many = factory.fleet(server, devices=DEVICES, connections=BATCH_CONNECTIONS)
        yield from _batches(stage, server, many)
        secure = [_fleet(factory, server) for _ in range(2)]
    with site.served_portal(stage.folder, tls=True) as server:
        stage.say("TLS")
        yield from _over_tls(stage, server, secure)


def _fleet(factory: site.Factory, server: site.Server) -> Fleet:
    return factory.fleet(server, devices=DEVICES, connections=CONNECTIONS)


def _each(stage: Stage, most: int) -> int:
    """Return how many requests over each connection will do."""
    return int((WARM + stage.seconds) * most / CONNECTIONS)


def _beside(
    stage: Stage, fleets: list[Fleet], server: site.Server, other: site.Server
) -> tuple[dict[str, Any], dict[str, Any]]:
    ours, least = [], []
    for fleet in fleets:
        bodies = fleet.bodies(_each(stage, _MOST_SINGLE))
        ours.append(measured(stage, server, bodies))
        least.append(measured(stage, other, bodies))
    return summed(ours), summed(least)


def _compared(ours: dict[str, Any], least: dict[str, Any]) -> Iterator[Row]:
    rate, per_cpu = rows_of("signed report to ACK", ours)
    bare_rate, bare_per_cpu = rows_of("bare stack", least)
    yield from (rate, per_cpu, bare_rate, bare_per_cpu)
    yield Row(
        name="share of the bare stack, per server CPU second",
        value=per_cpu.value / bare_per_cpu.value,
        unit="ratio",
        aim=0.85,
        scales=False,
        bound="judgement, ledger and proof, which the bare stack lacks",
    )


def _with_trust(stage: Stage, factory: site.Factory, server: site.Server) -> list[list[bytes]]:
    """Return reports with requests for trust of new devices between them."""
    bodies = _fleet(factory, server).bodies(_each(stage, _MOST_SINGLE // 2))
    for own in bodies:
        # From the end: what is put in moves nothing that is still to come.
        for place in range(len(own) // TRUST_EVERY * TRUST_EVERY, 0, -TRUST_EVERY):
            (device,) = factory.devices(1)
            own.insert(place - 1, encode_request(device.trust_request(factory.token)))
    return bodies


def _batches(stage: Stage, server: site.Server, fleet: Fleet) -> Iterator[Row]:
    each = int((WARM + stage.seconds) * _MOST_BATCH / BATCH_CONNECTIONS / BATCH)
    found = measured(stage, server, fleet.bodies(each, reports=BATCH))
    rate, per_cpu = rows_of(f"signed report to ACK, {BATCH} a request", found, BATCH)
    yield rate
    yield Row(
        name=per_cpu.name,
        value=per_cpu.value,
        unit=per_cpu.unit,
        aim=6000,
        bound=per_cpu.bound,
    )


def _over_tls(stage: Stage, server: site.Server, fleets: list[Fleet]) -> Iterator[Row]:
    kept = measured(stage, server, fleets[0].bodies(_each(stage, _MOST_SINGLE)))
    yield from rows_of("signed report to ACK over TLS, connections kept", kept)
    fresh = measured(stage, server, fleets[1].bodies(_each(stage, _MOST_FRESH)), fresh=True)
    yield from rows_of("signed report to ACK, a new TLS connection each", fresh)
