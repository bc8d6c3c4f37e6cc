"""Caps, deadlines and framing in front of every route, against a real server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.cssm.config import CssmConfig, Deadlines, Limits
from gauger.surfaces.http.limits import RequestLimits, allowance
from gauger.surfaces.http.problems import problem_response
from tests.support.receiving import received
from tests.surfaces.http.serving import serving, talk

CONFIG = CssmConfig(limits=Limits(request_bytes=2048, api_bytes=1024, upload_bytes=4096))
IMPATIENT = replace(
    CONFIG, deadlines=Deadlines(header_seconds=1.0, body_seconds=0.5, upload_idle_seconds=0.5)
)


async def read(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


@contextmanager
def guarded(config: CssmConfig) -> Iterator[int]:
    app = Starlette(
        routes=[Route("/{rest:path}", read, methods=["POST", "GET"])],
        exception_handlers={Problem: on_problem},
    )
    with serving(RequestLimits(app, config), config) as found:
        yield found


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with guarded(CONFIG) as found:
        yield found


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    with guarded(IMPATIENT) as found:
        yield found


def post(path: str, *lines: str) -> bytes:
    head = (f"POST {path} HTTP/1.1", "Host: localhost", *lines)
    return "".join(f"{line}\r\n" for line in head).encode() + b"\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.threat("E1", role="cssm")
@pytest.mark.parametrize(
    ("path", "cap"), [("/api/v1/x", 1024), (LICENSING_PATH, 2048), ("/x/usage-files", 4096)]
)
def test_a_body_over_the_cap_is_refused_by_its_length_before_it_is_sent(
    port: int, path: str, cap: int
) -> None:
    answer = talk(port, post(path, f"Content-Length: {cap + 1}"))
    assert status(answer) == 413
    assert b"too-large" in answer
    assert b"connection: close" in answer.lower()


@pytest.mark.threat("E1", role="cssm")
def test_a_body_over_the_cap_without_a_length_is_refused_where_it_passes_it(port: int) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    answer = talk(port, post("/api/v1/x", "Transfer-Encoding: chunked"), chunk, chunk)
    assert status(answer) == 413


def test_a_body_at_the_cap_is_read(port: int) -> None:
    answer = talk(port, post("/api/v1/x", "Content-Length: 1024", "Connection: close"), b"x" * 1024)
    assert answer.endswith(b"1024")


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.parametrize(
    "path", ["/api/v1/x", "/x/usage-files"], ids=["whole body", "between pieces"]
)
def test_a_slow_body_is_cut(impatient: int, path: str) -> None:
    answer = talk(impatient, post(path, "Content-Length: 10"), b"x")
    assert status(answer) == 408
    assert b"comm-timeout" in answer


@pytest.mark.threat("E2", role="cssm")
@pytest.mark.parametrize("sent", [b"", b"POST /api HTT", b"POST / HTTP/1.1\r\nHost: x\r\n"])
def test_slow_headers_are_cut(impatient: int, sent: bytes) -> None:
    assert talk(impatient, sent) == b""


@pytest.mark.threat("E2", role="cssm")
def test_slow_headers_are_cut_on_a_connection_that_was_good(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=60) as peer:
        peer.sendall(post("/x", "Content-Length: 0"))
        answer = received(peer, lambda data: data.endswith(b"\r\n\r\n0"))
        assert status(answer) == 200
        peer.sendall(b"POST /x HTTP/1.1\r\nHos")
        assert peer.recv(65536) == b""


@pytest.mark.threat("E4", role="cssm")
@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 3", "Transfer-Encoding: chunked"),
        ("Content-Length: 3", "Content-Length: 4"),
        ("Content-Length: +3",),
        ("Transfer-Encoding: gzip, chunked",),
    ],
)
def test_framing_that_two_servers_could_read_differently_is_refused(
    port: int, lines: tuple[str, ...]
) -> None:
    answer = talk(port, post("/x", *lines), b"0\r\n\r\n")
    assert status(answer) in {400, 501}
    assert b"connection: close" in answer.lower()


@pytest.mark.threat("E3", role="cssm")
def test_a_compressed_body_is_refused_unopened(port: int) -> None:
    answer = talk(port, post("/x", "Content-Length: 3", "Content-Encoding: gzip"))
    assert status(answer) == 400
    assert b"Compressed request bodies are not taken." in answer


def test_an_upload_may_take_longer_than_a_call_of_the_api() -> None:
    config = replace(CONFIG, deadlines=Deadlines())
    upload = allowance(config, {"method": "POST", "path": "/api/v1/a/usage-files"})
    call = allowance(config, {"method": "GET", "path": "/api/v1/a/usage-files"})
    assert (upload.size, upload.idle, upload.total) == (4096, 30.0, 3600.0)
    assert (call.size, call.idle, call.total) == (1024, 30.0, 30.0)
