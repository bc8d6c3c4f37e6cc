"""A spiteful way to a portal: it is on by default, so nothing works by good luck alone.

It stands between a product instance and its portal, speaks TLS with the portal's own key, and does
what networks and busy servers do: it refuses good requests, loses answers, delivers a message
twice, late, or after ones that were sent later. Which message meets which fate is drawn by the
name of the test, so that a test meets the same ones each time.

A test whose subject is the connection itself opts out by ``@pytest.mark.kind_portal``.
"""

import random
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import httpx

from gauger.core.documents.smart_transport import (
    MessageType,
    Request,
    Response,
    Status,
    WireProblem,
    decode_request,
    encode_response,
)
from gauger.core.problems import Problem

REFUSED: Final = "good requests refused"
LOST: Final = "answers lost"
TWICE: Final = "messages delivered twice"
LATE: Final = "messages delivered after they were given up"
AFTER: Final = "messages delivered after later ones"
FATES: Final = {REFUSED: 0.05, LOST: 0.1, TWICE: 0.1, LATE: 0.05, AFTER: 0.1}
"""How many of a hundred messages meet each fate; the others meet none."""

IN_VAIN: Final = frozenset({REFUSED, LOST, LATE})
"""Fates after which the sender has to try again."""


class SpitefulWay:
    """An HTTPS server on loopback that passes messages on, more or less.

    Attributes:
        met: How often each fate was met.
        target: URL of the portal.
        fates: How many of a message's like meet each fate; a test may be more spiteful.
        is_patient: Whether somebody waits who tries again: else no message is lost.
    """

    def __init__(self, tls: Path, target: str) -> None:
        """Take the portal's folder of TLS files and its URL."""
        self.met: Counter[str] = Counter()
        self.target = target
        self.fates: dict[str, float] = {}
        self.is_patient = False
        self._lock = threading.Lock()
        self._chance = random.Random(0)  # noqa: S311 -- fates, no secrets
        self._earlier: list[tuple[str, bytes]] = []
        self._held: list[tuple[str, bytes]] = []
        trust = ssl.create_default_context(cafile=str(tls / "certificate.pem"))
        self._http = httpx.Client(verify=trust, timeout=30, trust_env=False)
        handler = type("Handler", (_Handler,), {"way": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "certificate.pem", tls / "key.pem")
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}"

    def begin(self, name: str) -> None:
        """Draw the fates of a test by its name."""
        with self._lock:
            self._chance = random.Random(name)  # noqa: S311 -- fates, no secrets
            self.met.clear()
            self.fates = dict(FATES)
            self._earlier.clear()
            self._held.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    @property
    def in_vain(self) -> int:
        """How many messages were lost so far."""
        return sum(self.met[fate] for fate in IN_VAIN)

    @contextmanager
    def with_patience(self) -> Iterator[None]:
        """Let messages be lost in a block: whoever waits for their answers tries again."""
        self.is_patient = True
        try:
            yield
        finally:
            self.is_patient = False

    def carry(self, path: str, body: bytes) -> tuple[int, bytes] | None:
        """Carry a message; None where its sender hears nothing more of it."""
        request = decode_request(body)
        with self._lock:
            fate = self._draw(request)
            self.met[fate] += 1
            earlier = self._earlier[-1:] if fate == AFTER else []
            before, self._held = [*self._held, *earlier], []
            # What was refused was never delivered: it comes no second time either.
            late = self._held if fate == LATE else self._earlier
            if fate != REFUSED:
                late.append((path, body))
        for message in before:
            self._deliver(*message)
        if fate == REFUSED:
            return 200, encode_response(_busy(request))
        if fate == LATE:
            return None
        if fate == TWICE:
            self._deliver(path, body)
        answer = self._deliver(path, body)
        return None if fate == LOST else answer

    def _draw(self, request: Request) -> str:
        drawn = self._chance.choices(
            [*self.fates, "passed on"], [*self.fates.values(), 1 - sum(self.fates.values())]
        )[0]
        may_be_lost = self.is_patient and request.type is not MessageType.HELLO
        if request.type is MessageType.TRUST_REQUEST:
            # An operator who types the line again makes another request, and a token of one use
            # was used by the first: only what never reached the portal may be lost.
            may_be_lost = may_be_lost and drawn == REFUSED
        return drawn if may_be_lost or drawn not in IN_VAIN else "passed on"

    def _deliver(self, path: str, body: bytes) -> tuple[int, bytes]:
        kind = {"Content-Type": "application/json"}
        answer = self._http.post(f"{self.target}{path}", content=body, headers=kind)
        return answer.status_code, answer.content


def _busy(request: Request) -> Response:
    problem = Problem("server-busy", "It is a busy day.")
    return Response(
        status=Status.FAILED,
        type=request.type,
        timestamp=request.timestamp,
        nonce=request.nonce,
        problem=WireProblem.of(problem),
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    way: SpitefulWay

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.way.carry(self.path, body)
        if answer is None:
            self.close_connection = True
            return
        status, data = answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Be silent."""
