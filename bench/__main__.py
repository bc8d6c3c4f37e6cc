"""Measure signed report to ACK, beside the bare stack, and write ``build/bench.json``.

``make bench`` runs it; ``--seconds`` shortens or lengthens each measurement.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench import device, site
from bench.fleet import Fleet
from bench.load import write_bodies
from bench.pinned import pin
from bench.rows import REFERENCE_VERIFY, Row, show, verify_microseconds

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "build" / "bench.json"
CONNECTIONS: Final = 64
DEVICES: Final = 256
BATCH: Final = 50
BATCH_CONNECTIONS: Final = 8
"""Fewer, as one that forwards for many devices has: the answers to 64 would outlast the window."""

WARM: Final = 1.5
_MOST_SINGLE: Final = 2000  # requests a second that the beforehand signed ones must suffice for
_MOST_BATCH: Final = 2500  # reports a second, likewise


def measured(
    folder: Path, server: site.Server, bodies: list[list[bytes]], seconds: float
) -> dict[str, Any]:
    """Load a server from a process of its own.

    Args:
        folder: For the file of what is sent.
        server: The server.
        bodies: What is sent.
        seconds: How long it is measured.

    Returns:
        What `bench.load.Load.result` says.
    """
    path = folder / "bodies"
    write_bodies(path, bodies)
    options = ("--port", server.port, "--process", server.process, "--bodies", path)
    window = ("--warm", WARM, "--seconds", seconds)
    command = [sys.executable, "-m", "bench.load", *map(str, options), *map(str, window)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["refused"]:
        raise RuntimeError(f"{found['refused']} were refused: {found['first_refusal']}")
    return found


def rows_of(name: str, found: dict[str, Any], reports: int = 1) -> tuple[Row, Row]:
    """Return rate and rate for each second of the server's processor time."""
    count = found["requests"] * reports
    return (
        Row(name=name, value=count / found["seconds"], unit="reports/s"),
        Row(
            name=f"{name}, per server CPU second",
            value=count / found["cpu_seconds"],
            unit="reports/s",
        ),
    )


def exchanges(folder: Path, seconds: float) -> list[Row]:
    """Measure the portal and the bare stack, one after the other, with the same bodies."""
    each = int((WARM + seconds) * _MOST_SINGLE / CONNECTIONS)
    batches = int((WARM + seconds) * _MOST_BATCH / BATCH_CONNECTIONS / BATCH)
    with site.portal(folder) as server:
        say("devices are minted and trusted")
        fleet, other = (_fleet(folder, server, many) for many in (CONNECTIONS, BATCH_CONNECTIONS))
        say(f"{CONNECTIONS * each + BATCH_CONNECTIONS * batches * BATCH} reports are signed")
        single, many = fleet.bodies(each), other.bodies(batches, reports=BATCH)
        say("the portal is measured, one report a request")
        ours = measured(folder, server, single, seconds)
        say(f"the portal is measured, {BATCH} reports a request")
        batch = measured(folder, server, many, seconds)
    with site.bare(folder, fleet) as server:
        say("the bare stack is measured")
        least = measured(folder, server, single, seconds)
    rate, per_cpu = rows_of("signed report to ACK", ours)
    bare_rate, bare_per_cpu = rows_of("bare stack", least)
    return [
        rate,
        per_cpu,
        bare_rate,
        bare_per_cpu,
        Row(
            name="share of the bare stack, per server CPU second",
            value=per_cpu.value / bare_per_cpu.value,
            unit="ratio",
            aim=0.85,
            scales=False,
        ),
        *rows_of(f"signed report to ACK, {BATCH} a request", batch, BATCH),
    ]


def _fleet(folder: Path, server: site.Server, connections: int) -> Fleet:
    return site.trusted_fleet(folder, server, devices=DEVICES, connections=connections)


def scaled(row: Row, verify: float) -> Row:
    """Give the row of many reports a request its aim, scaled by this run's verify speed."""
    if f"{BATCH} a request, per" not in row.name:
        return row
    return dataclasses.replace(row, aim=6000 * REFERENCE_VERIFY / verify)


def say(what: str) -> None:
    """Tell what goes on."""
    print(f"bench: {what}", flush=True)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure what the portal can carry.")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    options = parser.parse_args()
    started = time.monotonic()
    pin(1)
    verify = verify_microseconds()
    with tempfile.TemporaryDirectory(prefix="gauger-bench-") as folder:
        found = exchanges(Path(folder), options.seconds)
        say("a product instance is measured")
        own = device.rows(Path(folder) / "device", verify)
    rows = [
        Row(name="P-256 verification", value=verify, unit="µs"),
        *(scaled(row, verify) for row in found),
        *own,
    ]
    show(rows, verify)
    OUT.parent.mkdir(exist_ok=True)
    content = json.dumps([row.to_json() for row in rows], indent=2, ensure_ascii=False)
    OUT.write_text(content + "\n", encoding="utf-8")
    say(f"{OUT.relative_to(ROOT)} is written, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
