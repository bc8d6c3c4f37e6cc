"""What is no HTTP, or not only HTTP, at a real socket of a whole portal."""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from gauger.adapters.keys.tls import make_tls_files
from gauger.cssm.config import Deadlines
from gauger.surfaces.http import server
from gauger.surfaces.http.problems import MEDIA_TYPE
from gauger.surfaces.http.protocol import PortalProtocol
from tests.surfaces.http.portal import CONFIG, Web, a_web
from tests.surfaces.http.serving import serving, talk

QUICK = replace(CONFIG, deadlines=Deadlines(header_seconds=1.0, body_seconds=1.0, idle_seconds=1))
SMART = "POST /licservice/license HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = (SMART + "Transfer-Encoding: chunked\r\n\r\n").encode()
UPLOAD = b"POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with a_web(tmp_path_factory.mktemp("framing"), QUICK) as web:
        yield web


@pytest.fixture(scope="module")
def port(portal: Web) -> int:
    return int(portal.url.rpartition(":")[2])


@pytest.mark.threat("E4", role="cssm")
@pytest.mark.parametrize(
    "sent",
    [
        (CHUNKED + b"zz\r\n",),
        (CHUNKED, b"2\r\n{}\r\n", b"-1\r\n"),
        (CHUNKED + b"f" * 30 + b"\r\n",),
        (CHUNKED + b"2\r\n{}xx",),
        (UPLOAD, b"zz\r\n"),
        (SMART.encode() + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",),
        (SMART.encode() + b"Content-Length: -2\r\n\r\n{}",),
        (SMART.encode() + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}",),
        (b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",),
        (b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",),
        (b"GET /healthz HTTP/1.1\r\n\r\n",),
        (bytes.fromhex("16030100a5010000a10303") + bytes(160),),
    ],
    ids=[
        "bad chunk size", "bad second chunk", "huge chunk", "no line end", "bad chunk of the API",
        "two lengths", "negative length", "long length", "fold first", "space before the colon",
        "two hosts", "no host", "TLS hello",
    ],
)  # fmt: skip
def test_a_bad_frame_is_answered_by_name_without_a_trace(
    port: int, sent: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = talk(port, *sent)
    final = re.findall(rb"HTTP/1\.1 (\d+)", answer)[-1]
    assert final == b"400" or (final == b"401" and sent[0] is UPLOAD)
    assert MEDIA_TYPE.encode() in answer
    assert b"connection: close" in answer.lower()
    assert len(caplog.records) <= 1
    assert not [one for one in caplog.records if one.exc_info]


@pytest.mark.threat("E4", role="cssm")
@pytest.mark.parametrize("rest", [b"X-A: y\r\n" * 20000, b"X: " + b"y" * 200_000])
def test_a_flood_of_headers_is_cut(port: int, rest: bytes) -> None:
    answer = talk(port, GET + rest)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_pipelined_requests_are_answered_in_order_up_to_garbage(port: int) -> None:
    answer = talk(port, (GET + b"\r\n") * 5 + b"\x00\x01\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200"] * 5 + [b"400"]


@pytest.mark.parametrize(
    "cut", [SMART.encode() + b"Content-Length: 9\r\n\r\n{}", CHUNKED + b"2\r\n{"]
)
def test_a_body_cut_off_by_its_sender_leaves_no_trace(
    portal: Web, port: int, cut: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        socket.create_connection(("127.0.0.1", port), timeout=30) as peer,
    ):
        peer.sendall(cut)
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(65536) == b""
    assert portal.http.get("/healthz").status_code == 200
    assert not [one for one in caplog.records if one.exc_info]


def test_an_upgrade_that_is_not_spoken_is_answered_as_plain_http(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = talk(port, GET + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not caplog.records


@pytest.mark.threat("E2", role="cssm")
def test_a_connection_too_many_gets_a_problem(tmp_path: Path) -> None:
    crowded = replace(QUICK, server=replace(QUICK.server, connections=2))
    with a_web(tmp_path, crowded) as web:
        port = int(web.url.rpartition(":")[2])
        others = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(2)]
        for one in others:
            one.sendall(GET + b"\r\n")
            assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
        answer = talk(port, GET + b"\r\n")
        for one in others:
            one.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"server-busy"' in answer
    assert b"retry-after: 30" in answer.lower()


@pytest.mark.threat("E2", role="cssm")
def test_a_peer_that_leaves_its_answer_unread_is_cut() -> None:
    async def much(_request: Request) -> Response:
        return Response(b"x" * (64 * 1024 * 1024))

    impatient = replace(QUICK, deadlines=Deadlines(reading_seconds=0.5))
    with (
        serving(Router([Route("/", much)]), impatient) as found,
        socket.create_connection(("127.0.0.1", found), timeout=30) as peer,
    ):
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.recv(1)
        with pytest.raises(ConnectionResetError):
            send_for_ever(peer)


def send_for_ever(peer: socket.socket) -> None:
    """Send until it comes back that nobody is there."""
    while True:
        peer.sendall(b"x")


@pytest.fixture
def tls_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    async def hello(_request: Request) -> Response:
        return Response("hello")

    monkeypatch.setattr(server, "_HANDSHAKE_SECONDS", 0.5)
    app = Router([Route("/", hello)])
    with serving(app, QUICK, make_tls_files(tmp_path / "tls")) as found:
        yield found


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", GET + b"\r\n"])
def test_a_tls_handshake_that_does_not_come_is_cut_without_a_trace(
    tls_port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = talk(tls_port, sent)
    assert b"HTTP" not in answer
    assert not [one for one in caplog.records if one.exc_info]
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", tls_port), timeout=30) as plain,
        trusting.wrap_socket(plain) as peer,
    ):
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.threat("E11", role="cssm")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_gets_no_handshake(tls_port: int) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", tls_port), timeout=30) as plain,
        pytest.raises(OSError, match=r"SSL|reset|protocol"),
    ):
        old.wrap_socket(plain)


def test_no_part_of_an_answer_waits_for_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hello(_request: Request) -> Response:
        return Response("hello")

    class Looking(PortalProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    found: list[int] = []
    monkeypatch.setattr(server, "protocol_for", lambda _config: Looking)
    with serving(Router([Route("/", hello)]), QUICK) as port:
        assert talk(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert found
    assert all(found)


@pytest.mark.threat("E11", role="cssm")
def test_the_oldest_protocol_is_set_and_not_left_to_the_system(tmp_path: Path) -> None:
    files = make_tls_files(tmp_path / "tls")
    settings = server.server_settings(
        Router([]), QUICK, certificate=str(files.certificate), key=str(files.key)
    )
    assert settings.ssl is not None
    assert settings.ssl.minimum_version is ssl.TLSVersion.TLSv1_2
