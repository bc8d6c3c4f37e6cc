"""Who is connected keeps the place, however many come after."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.surfaces.http.portal import CONFIG, a_web
from tests.surfaces.http.serving import talk
from tests.surfaces.http.test_framing import GET

CROWDED = replace(CONFIG, server=replace(CONFIG.server, connections=2))


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.threat("F14", role="cssm")
def test_who_came_before_the_crowd_is_served_in_it(tmp_path: Path) -> None:
    with a_web(tmp_path, CROWDED) as web:
        port = int(web.url.rpartition(":")[2])
        first = socket.create_connection(("127.0.0.1", port), timeout=30)
        first.sendall(GET + b"\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(2)]
        assert talk(port, GET + b"\r\n").startswith(b"HTTP/1.1 503 ")
        first.sendall(GET + b"\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
        for one in (first, *slow):
            one.close()
