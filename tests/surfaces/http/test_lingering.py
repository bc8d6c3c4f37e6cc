"""A refusal reaches a peer that is still sending, and no peer may go on sending for ever."""

import asyncio
import select
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.keys.tls import make_tls_files
from gauger.cssm.config import Limits
from gauger.surfaces.http import lingering
from gauger.surfaces.http.front import create_app
from gauger.surfaces.http.lingering import LingeringTransport
from gauger.surfaces.http.protocol import PortalProtocol
from gauger.surfaces.http.server import PortalServer, server_settings
from tests.surfaces.http.portal import CONFIG, Web, a_web
from tests.surfaces.http.serving import serving

SMALL = replace(CONFIG, limits=Limits(api_bytes=1024))
REST = b"x" * 355_000
HEAD = f"POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: {len(REST)}\r\n\r\n".encode()
CHUNKED = b"POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with a_web(tmp_path_factory.mktemp("lingering"), SMALL) as web:
        web.http.get("/api/v1/openapi.json")  # the first one waits until the API is built
        yield web


@pytest.fixture
def peer(portal: Web) -> Iterator[socket.socket]:
    port = int(portal.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as found:
        yield found


def wait_for_answer(peer: socket.socket) -> None:
    """Wait until the answer is there, and leave it unread."""
    assert select.select([peer], [], [], 30)[0]


def all_of(peer: socket.socket) -> bytes:
    """Read to the end; a reset is an error here."""
    found = b""
    while part := peer.recv(65536):
        found += part
    return found


@pytest.mark.threat("E1", role="cssm")
@pytest.mark.parametrize(
    ("head", "status"), [(HEAD, b"413"), (CHUNKED, b"400")], ids=["too large", "no frame"]
)
def test_who_sends_on_after_a_refusal_reads_it_and_a_clean_end(
    peer: socket.socket, head: bytes, status: bytes
) -> None:
    peer.sendall(head)
    wait_for_answer(peer)
    for start in range(0, len(REST), 8192):
        peer.sendall(REST[start : start + 8192])
    answer = all_of(peer)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"}")


class _Pipe:
    """A transport that notes what happens to it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("close")

    def is_closing(self) -> bool:
        return "close" in self.done


def test_head_and_body_of_an_answer_go_out_together() -> None:
    async def write(pipe: _Pipe) -> None:
        transport = LingeringTransport(pipe, lambda: False)
        transport.write(b"head")
        transport.write(b"body")
        transport.write(b"")

    pipe = _Pipe()
    asyncio.run(write(pipe))
    assert pipe.done == [b"headbody"]


def test_a_head_whose_body_takes_its_time_goes_out_with_the_next_turn() -> None:
    async def write(pipe: _Pipe) -> None:
        transport = LingeringTransport(pipe, lambda: False)
        transport.write(b"head")
        assert pipe.done == []
        await asyncio.sleep(0)
        assert pipe.done == [b"head"]
        transport.write(b"b" * 4096)  # long enough to go alone

    pipe = _Pipe()
    asyncio.run(write(pipe))
    assert pipe.done == [b"head", b"b" * 4096]


def test_what_was_written_goes_out_before_the_end() -> None:
    async def write(pipe: _Pipe) -> None:
        transport = LingeringTransport(pipe, lambda: False)
        transport.write(b"all of it")
        transport.close()

    pipe = _Pipe()
    asyncio.run(write(pipe))
    assert pipe.done == [b"all of it", "close"]


def test_over_tls_the_answer_is_read_after_the_whole_body(portal: Web, tmp_path: Path) -> None:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    app = create_app(portal.portal)
    with (
        serving(app, SMALL, make_tls_files(tmp_path / "tls")) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        trusting.wrap_socket(plain) as peer,
    ):
        peer.sendall(HEAD)
        answer = peer.recv(1)  # so the server has said all, and would have closed
        peer.sendall(REST)
        assert (answer + peer.recv(65536)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.parametrize(("bound", "value"), [("_REST_BYTES", 1024), ("_REST_SECONDS", 0.2)])
def test_who_sends_for_ever_after_a_refusal_is_cut(
    portal: Web, bound: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, bound, value)  # before the connection, which reads it
    port = int(portal.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        peer.sendall(HEAD)
        wait_for_answer(peer)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(peer)


def send_for_ever(peer: socket.socket) -> None:
    """Send until it comes back that nobody is there."""
    while True:
        peer.sendall(b"x")


def test_a_stop_does_not_wait_for_a_peer_that_is_still_sending(portal: Web) -> None:
    app = create_app(portal.portal)
    with serving(app, SMALL) as port:
        late = socket.create_connection(("127.0.0.1", port), timeout=30)
        late.sendall(HEAD)
        wait_for_answer(late)
    with late:  # the server's thread has ended
        assert late.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_stop_does_not_wait_for_who_was_accepted_just_before_it(portal: Web) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    settings = server_settings(create_app(portal.portal), SMALL)
    stopping = PortalServer(settings, lambda: setattr(stopping, "should_exit", True))
    with socket.create_connection(listener.getsockname(), timeout=5) as late:
        taken, _ = listener.accept()  # as the server's loop does, which then makes the connection
        stopping.run([listener])
        asyncio.run(_connected(taken, stopping))
        assert late.recv(1) == b""


async def _connected(taken: socket.socket, server: PortalServer) -> None:
    """Make a connection of a socket, and wait for its end."""

    def connection() -> asyncio.Protocol:
        kind = server.config.http_protocol_class
        assert issubclass(kind, PortalProtocol)
        return kind(config=server.config, server_state=server.server_state, app_state={})

    taken.settimeout(0)
    await asyncio.get_running_loop().connect_accepted_socket(connection, taken)
    await asyncio.sleep(0)  # for the end of a connection that is told to
