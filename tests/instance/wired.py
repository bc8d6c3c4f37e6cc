"""A device whose messages go straight into a portal's hands: no socket, no thread, no waiting."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gauger.core.documents.smart_transport import decode_request, encode_response
from gauger.core.problems import Problem
from gauger.core.ways import Proxy
from gauger.instance.agent import Agent
from tests.instance.portal import Exchanged, Portal, RootTrust
from tests.instance.world import World, go_smart

URL = "https://localhost:1/licservice/license"


@dataclass
class Wire:
    """A transport that ends at a portal in this process; it carries the very bytes of a message.

    Attributes:
        portal: Who answers.
        reply: What is answered instead, where a test says so.
        vrfs: The VRF of each message.
    """

    portal: Portal
    reply: bytes | None = None
    vrfs: list[str | None] = field(default_factory=list)

    def exchange(
        self, url: str, request: bytes, *, proxy: Proxy | None = None, vrf: str | None = None
    ) -> bytes:
        del proxy
        self.vrfs.append(vrf)
        self.portal.seen.append(Exchanged(url, request))
        if self.reply is not None:
            return self.reply
        answer = self.portal.answer(decode_request(request))
        if answer is None:
            raise Problem("comm-failed", "The connection was closed before the answer.")
        return answer if isinstance(answer, bytes) else encode_response(answer)


def a_wire(world: World) -> Wire:
    """Return a wire to a new portal that the world's devices trust."""
    store, signer = RootTrust(world).store(), world.signer()
    return Wire(Portal(signer=signer, trust=store, now=lambda: world.clock.wall, url=URL))


def join(agent: Agent, wire: Wire) -> None:
    """Lay a wire to a device: its surroundings are given once, and this is before anything is sent."""
    object.__setattr__(agent._engine.around, "transport", wire)


@contextmanager
def wired(world: World) -> Iterator[tuple[Agent, Wire]]:
    """Switch on a device that reports directly."""
    wire, agent = a_wire(world), world.device()
    join(agent, wire)
    go_smart(agent, URL)
    yield agent, wire
    agent.stop()


class Kept:
    """What a device's store holds, but for its event log and history: they may tell of refusals."""

    def __init__(self, data: Path, *, without: str = "''") -> None:
        """Take a data folder, and families of records that are not looked at."""
        self._db = sqlite3.connect(f"file:{data / 'store.sqlite'}?mode=ro", uri=True)
        self._queries = (
            "SELECT * FROM report",
            "SELECT * FROM item",
            f"SELECT * FROM record WHERE family NOT IN ('history', {without})",  # noqa: S608 -- the names are constants of the tests
        )

    def close(self) -> None:
        self._db.close()

    def read(self) -> object:
        return [self._db.execute(query).fetchall() for query in self._queries]


@contextmanager
def kept(data: Path, *, without: str = "''") -> Iterator[Kept]:
    """Look at a store for the time of a block."""
    with closing(Kept(data, without=without)) as looking:
        yield looking
