"""Clients of an agent's socket: the library's own, and raw ones that say whatever a test wants."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gauger.surfaces.agent_client import AgentClient, connect
from gauger.surfaces.agent_wire import address


def connected(folder: Path) -> AgentClient:
    """Return a client of the agent that serves a folder."""
    client = connect(folder)
    assert client is not None
    return client


@contextmanager
def raw(folder: Path) -> Iterator[socket.socket]:
    """Connect to the socket of a folder for the time of a block."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with address(folder) as place:
            connection.connect(place)
        # Only now: with a time limit, a line of clients that is full refuses instead of waiting.
        connection.settimeout(10)
        yield connection


def answers(connection: socket.socket, number: int) -> list[dict[str, object]]:
    """Return as many answers as named, in the order in which they come."""
    with connection.makefile("rb") as lines:
        return [json.loads(lines.readline()) for _ in range(number)]


def code(answer: dict[str, object]) -> object:
    """Return the code of an answer that refuses."""
    problem = answer["problem"]
    assert answer["ok"] is False
    assert isinstance(problem, dict)
    return problem["code"]
