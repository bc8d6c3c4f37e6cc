"""Caps and deadlines in front of every route: size, time and framing of what is sent to us."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.cssm.config import CssmConfig
from gauger.surfaces.http.problems import problem_response
from gauger.surfaces.http.room import SMALL, BodyRoom, Lease

_UPLOAD: Final = "/usage-files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one request may take.

    Attributes:
        size: Bytes of the body.
        idle: Seconds between two pieces of the body.
        total: Seconds for the whole body.
        held: Bytes of the body that are in memory at once: an upload goes to disk as it comes.
    """

    size: int
    idle: float
    total: float
    held: int


def allowance(config: CssmConfig, scope: Scope) -> Allowance:
    """Return what a request may take, by its path: an upload more than a call of the API."""
    limits, deadlines = config.limits, config.deadlines
    if scope["method"] == "POST" and scope["path"].endswith(_UPLOAD):
        return Allowance(
            size=limits.upload_bytes,
            idle=deadlines.upload_idle_seconds,
            total=deadlines.upload_seconds,
            held=min(SMALL, limits.upload_bytes),
        )
    # By the exact path, as `Front` compares it: no other spelling gets the larger cap.
    size = limits.request_bytes if scope["path"] == LICENSING_PATH else limits.api_bytes
    seconds = deadlines.body_seconds
    return Allowance(size=size, idle=seconds, total=seconds, held=size)


class RequestLimits:
    """ASGI middleware: refuses by framing and size before a byte is read, cuts slow bodies."""

    def __init__(self, app: ASGIApp, config: CssmConfig) -> None:
        """Wrap an application."""
        self._app = app
        self._config = config
        self._room = BodyRoom(config.limits.held_bytes, config.deadlines.room_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its allowance."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed = allowance(self._config, scope)
        headers = dict(scope["headers"])
        try:
            _check_framing(headers, allowed)
        except Problem as problem:
            response = problem_response(problem)
            # The framing is in doubt, so where the next request would begin is too.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        body = _Body(receive, allowed, _expected(headers), Lease(self._room))
        try:
            await self._app(scope, body.receive, body.closing(send))
        finally:
            # Not before: what was made of the body lives as long as its request.
            body.lease.end()


def _check_framing(headers: dict[bytes, bytes], allowed: Allowance) -> None:
    length = headers.get(b"content-length")
    if length is not None and b"transfer-encoding" in headers:
        # Two lengths for one body let a proxy and this server see different requests.
        message = "The request has both Content-Length and Transfer-Encoding."
        raise Problem("malformed", message)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        # A compressed body is a bomb until it is opened.
        raise Problem("malformed", "Compressed request bodies are not taken.")
    # By what it says, before the first byte; what it really sends is counted as it comes.
    if length is not None and int(length) > allowed.size:
        raise _too_large(allowed)


def _expected(headers: dict[bytes, bytes]) -> int | None:
    """Return how long the body is; None where only its end will tell."""
    length = headers.get(b"content-length")
    if length is None and b"transfer-encoding" in headers:
        return None
    return int(length or 0)


class _Body:
    """The body of one request as it comes in."""

    def __init__(
        self, receive: Receive, allowed: Allowance, expected: int | None, lease: Lease
    ) -> None:
        self.lease = lease
        self._receive = receive
        self._allowed = allowed
        self._expected = expected
        self._loop = asyncio.get_running_loop()
        self._until = 0.0
        self._seen = 0
        self._ended = expected == 0

    async def receive(self) -> Message:
        """Return the next piece of it, within its allowance."""
        if self._until and self._ended:  # a disconnect may take as long as it likes
            return await self._receive()
        if not self._until:
            # Here, not before the application runs: who may not send a body holds no room for it.
            await self.lease.hold(min(self._size, self._allowed.held))
            self._until = self._loop.time() + self._allowed.total
        # Both: a byte a second is never idle, and a stalled one may hold until the whole time is
        # over.
        patience = min(self._allowed.idle, self._until - self._loop.time())
        message = await _before(self._receive, patience)
        if message["type"] == "http.disconnect":
            # By name: what the framework raises for it would be logged with a trace, at the wish
            # of any peer.
            raise Problem("truncated", "The body of the request was cut off or is not well framed.")
        self._seen += len(message.get("body", b""))
        if self._seen > self._allowed.size:
            raise _too_large(self._allowed)
        # A body of no told length begins as a small one, and asks for room once it is none.
        if self._expected is None and self._seen > SMALL:
            await self.lease.hold(self._allowed.held)
        self._ended = not message.get("more_body", False)
        return message

    def closing(self, send: Send) -> Send:
        """Return a `send` that ends the connection where much of the body was not read.

        The server would read on and throw away, for as long as the peer likes to send.
        """

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._is_left:
                others = [one for one in message["headers"] if one[0] != b"connection"]
                message = {**message, "headers": [*others, (b"connection", b"close")]}
            await send(message)

        return closing

    @property
    def _size(self) -> int:
        return SMALL if self._expected is None else self._expected

    @property
    def _is_left(self) -> bool:
        return not self._ended and (self._expected is None or self._expected > SMALL)


async def _before(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await receive()
    except TimeoutError as error:
        raise Problem("comm-timeout", "The body of the request did not come in time.") from error


def _too_large(allowed: Allowance) -> Problem:
    return Problem("too-large", f"The body is over {allowed.size} bytes.", cap=allowed.size)
