"""The load: keep-alive connections that each send the next request when an answer is there.

A process of its own, ``python -m bench.load``; what it found goes to standard output as JSON.
"""

import argparse
import asyncio
import gc
import json
import os
import ssl
import time
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a server is spoken to.

    Attributes:
        port: Where it listens on loopback.
        context: What of TLS is trusted; null for plain HTTP.
        is_fresh: Whether every request comes over a connection of its own.
    """

    port: int
    context: ssl.SSLContext | None = None
    is_fresh: bool = False


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
        self._begin = self._end = (0.0, 0.0, 0.0, 0)

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

    def _now(self) -> tuple[float, float, float, int]:
        server = cpu_seconds(self._process)
        return time.monotonic(), server, time.process_time(), self.answered

    def result(self) -> dict[str, object]:
        """Return what was found."""
        seconds, cpu, own, count = (b - a for a, b in zip(self._begin, self._end, strict=True))
        return {
            "requests": count,
            "answered": self.answered,
            "seconds": seconds,
            "cpu_seconds": cpu,
            "load_seconds": own,
            "refused": self.refused,
            "first_refusal": self.first_refusal,
        }


class Lane:
    """What one peer sends, one request after another, over one connection or one for each."""

    def __init__(self, load: Load, way: Way, bodies: list[bytes]) -> None:
        """Prepare it; `connect` begins."""
        self.load = load
        self.bodies = iter(bodies)
        self.is_fresh = way.is_fresh
        self.is_over = False
        self.done = asyncio.Event()
        self._way = way
        self._under_way: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open a connection; it sends by itself."""
        name = None if self._way.context is None else "localhost"
        await asyncio.get_running_loop().create_connection(
            partial(Connection, self),
            "127.0.0.1",
            self._way.port,
            ssl=self._way.context,
            server_hostname=name,
        )

    def lost(self, error: Exception | None) -> None:
        """Go on over another connection, or end."""
        if error is not None:
            self.load.note(repr(error).encode())
            self.is_over = True
        if self.is_over or not self.is_fresh:
            self.done.set()
            return
        self._under_way = asyncio.get_running_loop().create_task(self.connect())


class Connection(asyncio.Protocol):
    """Sends a request, and the next when the answer is there."""

    def __init__(self, lane: Lane) -> None:
        """Prepare it; it begins when it is connected."""
        self._lane = lane
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- tells the type checker what TCP gives
        self._transport = transport
        self._send(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self._lane.lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole, and send the next request."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._transport is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = b""
        self._lane.load.note(body)
        if self._lane.is_fresh:
            self._transport.close()
        else:
            self._send(self._transport)

    def _send(self, transport: asyncio.Transport) -> None:
        load = self._lane.load
        body = None if load.ended.is_set() else next(self._lane.bodies, None)
        if body is None:
            # Fewer connections would be another measurement: the first that is through ends it.
            load.end()
            self._lane.is_over = True
            transport.close()
            return
        head = (
            f"POST {LICENSING_PATH} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        transport.write(head.encode() + body)


async def run(way: Way, load: Load, bodies: list[list[bytes]], window: tuple[float, float]) -> None:
    """Load a server.

    Args:
        way: Where it listens on loopback, and how it is spoken to.
        load: Where answers are counted.
        bodies: What is sent, by connection.
        window: Seconds of warm-up, seconds of measurement.
    """
    loop = asyncio.get_running_loop()
    lanes = [Lane(load, way, own) for own in bodies]
    await asyncio.gather(*(lane.connect() for lane in lanes))
    loop.call_later(window[0], load.begin)
    loop.call_later(sum(window), load.end)
    await load.ended.wait()
    await asyncio.wait_for(asyncio.gather(*(lane.done.wait() for lane in lanes)), _PATIENCE)


def main() -> None:
    """Load the server that the command line names."""
    parser = argparse.ArgumentParser(description="Load a server with requests from a file.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--process", type=int, required=True, help="process id of the server")
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--warm", type=float, required=True, help="seconds before it counts")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--ca", help="speak TLS, and trust this certificate")
    parser.add_argument("--fresh", action="store_true", help="one connection for each request")
    options = parser.parse_args()
    pin(CORE)
    context = ssl.create_default_context(cafile=options.ca) if options.ca else None
    way = Way(port=options.port, context=context, is_fresh=options.fresh)
    load = Load(options.process)
    bodies = read_bodies(options.bodies)
    gc.freeze()  # the bodies: to look through them again and again would slow the load down
    asyncio.run(run(way, load, bodies, (options.warm, options.seconds)))
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
