"""Crowds that come at once, one that floods, peers that dawdle: what others feel of it.

Every figure is what somebody else notices meanwhile: an administrator at the API, or other
product instances. All peers live in this process, on the load's processor.
"""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bench import site
from bench.exchanges import Stage
from bench.fleet import Fleet
from bench.rows import Row
from gauger.cli.cssm.client import PREFIX
from gauger.core.documents.smart_transport import LICENSING_PATH, encode_request

DEVICES: Final = 5000
FLOOD: Final = 10_000 / 60  # reports a second of one device
SLOW: Final = 1000
_OTHERS: Final = 16
_PACE: Final = 0.25  # seconds between two reports of each other device
_LONGER: Final = 3  # times as long as others: the slowest hundredth of a few answers is chance
_LOOK: Final = 0.1  # seconds between two questions of an administrator
_PATIENCE: Final = 240.0
_HANGING: Final = 45.0
SPREAD: Final = random.SystemRandom()
_REFUSED: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status, 0 where the connection ended without one, and after what time."""

    status: int
    seconds: float
    retry_after: float | None = None


@dataclass(slots=True)
class Felt:
    """What one kind of peer felt."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def served(self) -> list[float]:
        """Seconds of those that were answered well, in order."""
        return sorted(one.seconds for one in self.answers if one.status == 200)

    def quantile(self, part: float) -> float:
        """Return the seconds within which such a part of all was answered; endless if refused."""
        times = self.served + [_PATIENCE] * (len(self.answers) - len(self.served))
        return times[min(int(part * len(times)), len(times) - 1)] if times else _PATIENCE


class Line:
    """A connection that is kept, and opened again where the other side ended it."""

    def __init__(self, port: int) -> None:
        """Nothing is opened yet."""
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send a request and read its answer."""
        begun = time.monotonic()
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(_header(head, b"content-length") or 0))
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return Answer(status=0, seconds=time.monotonic() - begun)
        if _header(head, b"connection") == b"close":
            self.close()
        retry = _header(head, b"retry-after")
        return Answer(
            status=int(head.split(b" ", 2)[1]),
            seconds=time.monotonic() - begun,
            retry_after=None if retry is None else float(retry),
        )

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _header(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.split(b"\r\n", 1)[0].strip() if found else None


def post(body: bytes) -> bytes:
    """Return a smart transport request."""
    head = (
        f"POST {LICENSING_PATH} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def administrators_question(stage: Stage) -> bytes:
    """Return a question that an administrator asks: the list of product instances."""
    bearer = site.bearer(stage.folder / "cssm")
    path = f"{PREFIX}/instances?limit=50"
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\r\n"
    return head.encode()


def rows(stage: Stage, devices: int = DEVICES) -> Iterator[Row]:
    """Measure all of it, with a portal of its own.

    Args:
        stage: Where.
        devices: How many register at once.

    Yields:
        The figures.
    """
    with site.portal(stage.folder) as server:
        factory = site.Factory(stage.folder)
        stage.say(f"{devices} devices are minted, which register all at once")
        bodies = [
            post(encode_request(device.trust_request(factory.token)))
            for device in factory.devices(devices)
        ]
        question = administrators_question(stage)
        yield from asyncio.run(_storm(server.port, bodies, question))
        stage.say("one device floods")
        others = factory.fleet(server, devices=_OTHERS, connections=_OTHERS)
        one = factory.fleet(server, devices=1, connections=1)
        yield from asyncio.run(_flood(stage, server.port, others, one))
        stage.say(f"{SLOW} peers send their headers or bodies slowly")
        yield from asyncio.run(_dawdle(server.port, question))


async def _every(
    seconds: float, act: Callable[[], Awaitable[Answer]], felt: Felt, until: asyncio.Event
) -> None:
    """Do something again and again, in a pace on average, until an event."""
    while not until.is_set():
        felt.answers.append(await act())
        # Spread: peers in step with each other would never meet, and one more would seem a crowd.
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), seconds * SPREAD.uniform(0.5, 1.5))


async def _storm(port: int, bodies: list[bytes], question: bytes) -> list[Row]:
    console, done, refused = Felt(), asyncio.Event(), Counter[str]()
    line = Line(port)
    await line.ask(question)
    asking = asyncio.create_task(_every(_LOOK, lambda: line.ask(question), console, done))
    begun = time.monotonic()
    results = await asyncio.gather(*(_register(port, body, refused) for body in bodies))
    seconds = time.monotonic() - begun
    done.set()
    await asking
    told = ", ".join(f"{count} {what}" for what, count in sorted(refused.items())) or "none"
    name = f"registration of {len(bodies)} at once"
    return [
        Row(
            name=f"{name}: all are trusted",
            value=sum(results) / len(bodies),
            unit="share",
            aim=1.0,
            scales=False,
            bound=f"asked to come again: {told}",
        ),
        Row(name=f"{name}: time to the last", value=seconds, unit="s", bound="processor"),
        Row(
            name=f"{name}: an administrator waits, 95 of 100",
            value=console.quantile(0.95),
            unit="s",
            aim=1.0,
            at_most=True,
            scales=False,
            bound=f"{len(console.served)} of {len(console.answers)} answered",
        ),
    ]


async def _register(port: int, request: bytes, refused: Counter[str]) -> bool:
    """Ask for trust until it is there, and come again as the portal says."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        line = Line(port)
        answer = await line.ask(request)
        line.close()
        if answer.status == 200:
            return True
        known = answer.status in _REFUSED and answer.retry_after is not None
        refused[f"by {answer.status}" if known else f"without a time ({answer.status})"] += 1
        # Spread, as product instances do it: else the same crowd comes again all at once.
        await asyncio.sleep((answer.retry_after or 1.0) * SPREAD.uniform(1.0, 1.5))
    return False


async def _flood(stage: Stage, port: int, others: Fleet, one: Fleet) -> list[Row]:
    """Measure calm, flood and calm again: what slows the machine down meets both."""
    seconds = _LONGER * stage.seconds
    each = int(seconds / _PACE) + 8
    lanes = [iter(map(post, own)) for own in others.bodies(2 * each)]
    calm, stormy, flood, done = Felt(), Felt(), Felt(), asyncio.Event()
    await _report(port, lanes, calm, seconds / 2)
    bodies = iter([post(body) for body in one.bodies(int(FLOOD * (_HANGING + seconds)))[0]])
    line = Line(port)
    flooding = asyncio.create_task(_every(1 / FLOOD, lambda: line.ask(next(bodies)), flood, done))
    # What a device may send at once it may: a flood is what comes after that.
    await _some_refusal(flood, flooding)
    allowed = len(flood.answers)
    await _report(port, lanes, stormy, seconds)
    done.set()
    await flooding
    line.close()
    await _report(port, lanes, calm, seconds / 2)
    statuses = Counter(answer.status for answer in flood.answers[allowed:])
    bound = f"the flood, after {allowed} reports: by status {dict(statuses)}"
    p99 = [1000 * felt.quantile(0.99) for felt in (calm, stormy)]
    median = [1000 * statistics.median(felt.served) for felt in (calm, stormy)]
    return [
        Row(name="others' reports while nobody floods, 99 of 100", value=p99[0], unit="ms"),
        Row(
            name="others' reports while one device floods, 99 of 100",
            value=p99[1],
            unit="ms",
            bound=bound,
        ),
        Row(
            name="others' reports while one device floods, to calm, 99 of 100",
            value=p99[1] / p99[0],
            unit="ratio",
            aim=1.1,
            at_most=True,
            scales=False,
            bound=f"medians {median[0]:.1f} and {median[1]:.1f} ms",
        ),
    ]


async def _some_refusal(felt: Felt, asking: asyncio.Task[None]) -> None:
    while not asking.done() and all(answer.status == 200 for answer in felt.answers):
        await asyncio.wait((asking,), timeout=_LOOK)


async def _report(port: int, lanes: Sequence[Iterator[bytes]], felt: Felt, seconds: float) -> None:
    """Have other devices report in a calm pace for a while, and note what they felt."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    lines = [Line(port) for _ in lanes]

    async def one(line: Line, bodies: Iterator[bytes], number: int) -> None:
        await asyncio.sleep(number * _PACE / len(lanes))
        await _every(_PACE, lambda: line.ask(next(bodies)), felt, done)
        line.close()

    await asyncio.gather(*(one(*pair, n) for n, pair in enumerate(zip(lines, lanes, strict=True))))


async def _dawdle(port: int, question: bytes) -> list[Row]:
    """Let peers send a byte and no more, and ask meanwhile as an administrator who came before."""
    line, console, done = Line(port), Felt(), asyncio.Event()
    await line.ask(question)
    whole = post(b"{}").replace(b"Length: 2", b"Length: 9000")
    begun = time.monotonic()
    parts = [whole[:20] if number % 2 else whole for number in range(SLOW)]
    slow = [asyncio.create_task(_hang(port, part)) for part in parts]
    await asyncio.sleep(_LOOK)
    asking = asyncio.create_task(_every(_LOOK, lambda: line.ask(question), console, done))
    ended = await asyncio.gather(*slow)
    done.set()
    await asking
    line.close()
    return [
        Row(
            name=f"{SLOW} slow peers: the last of them is cut off",
            value=max(one - begun for one in ended),
            unit="s",
            aim=40,
            at_most=True,
            scales=False,
            bound="deadlines: headers 10 s, bodies 30 s",
        ),
        Row(
            name=f"{SLOW} slow peers: an administrator waits, 95 of 100",
            value=console.quantile(0.95),
            unit="s",
            aim=1.0,
            at_most=True,
            scales=False,
            bound=f"{len(console.served)} of {len(console.answers)} answered",
        ),
    ]


async def _hang(port: int, part: bytes) -> float:
    """Send a part of a request and wait; return when the portal ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(part)
    with suppress(TimeoutError, OSError):
        await asyncio.wait_for(reader.read(), _HANGING)
    writer.close()
    return time.monotonic()
