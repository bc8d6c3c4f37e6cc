"""Who is connected keeps the place, however many come after."""

import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.receiving import received
from tests.surfaces.http.portal import CONFIG, a_web
from tests.surfaces.http.serving import talk
from tests.surfaces.http.test_framing import GET

CROWDED = replace(CONFIG, server=replace(CONFIG.server, connections=2))


def served(connection: socket.socket) -> bool:
    """Ask for a page on a connection that is kept, and read the whole answer."""
    connection.sendall(GET + b"\r\n")
    answer = received(connection, lambda data: data.endswith(b"}"))
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.threat("F14", role="cssm")
def test_who_came_before_the_crowd_is_served_in_it(tmp_path: Path) -> None:
    with a_web(tmp_path, CROWDED) as web, ExitStack() as stack:
        address = ("127.0.0.1", int(web.url.rpartition(":")[2]))
        first = stack.enter_context(socket.create_connection(address, timeout=30))
        assert served(first)
        for _ in range(2):
            stack.enter_context(socket.create_connection(address, timeout=30))
        assert talk(address[1], GET + b"\r\n").startswith(b"HTTP/1.1 503 ")
        assert served(first)
