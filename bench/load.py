"""The load: keep-alive connections that each send the next request when an answer is there.

A process of its own, ``python -m bench.load``; what it found goes to standard output as JSON.
"""

import argparse
import asyncio
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Final

from bench.pinned import pin
from gauger.core.documents.smart_transport import LICENSING_PATH

CORE: Final = 1
_PATIENCE: Final = 60.0  # seconds for the answers that are under way at the end


def write_bodies(path: Path, bodies: list[list[bytes]]) -> None:
    """Write what is to be sent, by connection."""
    with path.open("wb") as file:
        file.write(json.dumps([[len(body) for body in own] for own in bodies]).encode() + b"\n")
        for own in bodies:
            file.writelines(own)


def read_bodies(path: Path) -> list[list[bytes]]:
    """Read what `write_bodies` wrote."""
    with path.open("rb") as file:
        lengths = json.loads(file.readline())
        return [[file.read(length) for length in own] for own in lengths]


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has used, all its threads together."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Load:
    """One measurement: a warm-up, then a window in which answers are counted."""

    def __init__(self, process: int) -> None:
        """Measure a server.

        Args:
            process: Its process id.
        """
        self._process = process
        self.answered = self.refused = 0
        self.first_refusal = ""
        self.ended = asyncio.Event()
        self._begin = (0.0, 0.0, 0)
        self._end = (0.0, 0.0, 0)

    def note(self, body: bytes) -> None:
        """Count an answer."""
        self.answered += 1
        if b'"status":"OK"' not in body:
            self.refused += 1
            self.first_refusal = self.first_refusal or body[:400].decode(errors="replace")

    def begin(self) -> None:
        """Begin the window."""
        self._begin = self._now()

    def end(self) -> None:
        """End the window; connections send nothing more."""
        if not self.ended.is_set():
            self._end = self._now()
            self.ended.set()

    def _now(self) -> tuple[float, float, int]:
        return time.monotonic(), cpu_seconds(self._process), self.answered

    def result(self) -> dict[str, object]:
        """Return what was found."""
        seconds, cpu, count = (b - a for a, b in zip(self._begin, self._end, strict=True))
        return {
            "requests": count,
            "seconds": seconds,
            "cpu_seconds": cpu,
            "refused": self.refused,
            "first_refusal": self.first_refusal,
        }


class Connection(asyncio.Protocol):
    """Sends one request after another."""

    def __init__(self, load: Load, bodies: list[bytes]) -> None:
        """Prepare it; it begins when it is connected."""
        self._load = load
        self._bodies = iter(bodies)
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- tells the type checker what TCP gives
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        if exc is not None:
            self._load.note(repr(exc).encode())
        self.done.set()

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole, and send the next request."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self._buffer = b""
            self._load.note(body)
            self._send()

    def _send(self) -> None:
        body = None if self._load.ended.is_set() else next(self._bodies, None)
        if self._transport is None:
            return
        if body is None:
            # Fewer connections would be another measurement: the first that is through ends it.
            self._load.end()
            self._transport.close()
            return
        head = (
            f"POST {LICENSING_PATH} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


def _same(connection: Connection) -> Connection:
    return connection


async def run(
    port: int, load: Load, bodies: list[list[bytes]], window: tuple[float, float]
) -> None:
    """Load a server.

    Args:
        port: Where it listens on loopback.
        load: Where answers are counted.
        bodies: What is sent, by connection.
        window: Seconds of warm-up, seconds of measurement.
    """
    loop = asyncio.get_running_loop()
    connections = [Connection(load, own) for own in bodies]
    for connection in connections:
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
    loop.call_later(window[0], load.begin)
    loop.call_later(sum(window), load.end)
    await load.ended.wait()
    await asyncio.wait_for(
        asyncio.gather(*(connection.done.wait() for connection in connections)), _PATIENCE
    )


def main() -> None:
    """Load the server that the command line names."""
    parser = argparse.ArgumentParser(description="Load a server with requests from a file.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--process", type=int, required=True, help="process id of the server")
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--warm", type=float, required=True, help="seconds before it counts")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    pin(CORE)
    load = Load(options.process)
    bodies = read_bodies(options.bodies)
    asyncio.run(run(options.port, load, bodies, (options.warm, options.seconds)))
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
