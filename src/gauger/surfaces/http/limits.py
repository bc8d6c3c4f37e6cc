"""Caps and deadlines in front of every route: size, time and framing of what is sent to us."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gauger.core.problems import Problem
from gauger.cssm.config import CssmConfig
from gauger.surfaces.http.problems import problem_response

SMART_TRANSPORT: Final = "/licservice/license"
"""Path of smart transport, as published."""

_UPLOAD: Final = "/usage-files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one request may take.

    Attributes:
        size: Bytes of the body.
        idle: Seconds between two pieces of the body.
        total: Seconds for the whole body.
    """

    size: int
    idle: float
    total: float


def allowance(config: CssmConfig, scope: Scope) -> Allowance:
    """Return what a request may take, by its path: an upload more than a call of the API."""
    limits, deadlines = config.limits, config.deadlines
    if scope["method"] == "POST" and scope["path"].endswith(_UPLOAD):
        return Allowance(
            size=limits.upload_bytes,
            idle=deadlines.upload_idle_seconds,
            total=deadlines.upload_seconds,
        )
    size = limits.request_bytes if scope["path"] == SMART_TRANSPORT else limits.api_bytes
    return Allowance(size=size, idle=deadlines.body_seconds, total=deadlines.body_seconds)


class RequestLimits:
    """ASGI middleware: refuses by framing and size before a byte is read, cuts slow bodies."""

    def __init__(self, app: ASGIApp, config: CssmConfig) -> None:
        """Wrap an application."""
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its allowance."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed = allowance(self._config, scope)
        try:
            _check_framing(dict(scope["headers"]), allowed)
        except Problem as problem:
            response = problem_response(problem)
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self._app(scope, _limited(receive, allowed), send)


def _check_framing(headers: dict[bytes, bytes], allowed: Allowance) -> None:
    length = headers.get(b"content-length")
    if length is not None and b"transfer-encoding" in headers:
        # Two lengths for one body let a proxy and this server see different requests.
        message = "The request has both Content-Length and Transfer-Encoding."
        raise Problem("malformed", message)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        # A compressed body is a bomb until it is opened.
        raise Problem("malformed", "Compressed request bodies are not taken.")
    if length is not None and int(length) > allowed.size:
        raise _too_large(allowed)


def _limited(receive: Receive, allowed: Allowance) -> Receive:
    loop = asyncio.get_running_loop()
    until = loop.time() + allowed.total
    seen = 0
    ended = False

    async def limited() -> Message:
        nonlocal seen, ended
        if ended:  # what comes now is a disconnect, which may take as long as it likes
            return await receive()
        message = await _before(receive, min(allowed.idle, until - loop.time()))
        seen += len(message.get("body", b""))
        if seen > allowed.size:
            raise _too_large(allowed)
        ended = not message.get("more_body", False)
        return message

    return limited


async def _before(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await receive()
    except TimeoutError as error:
        raise Problem("comm-timeout", "The body of the request did not come in time.") from error


def _too_large(allowed: Allowance) -> Problem:
    return Problem("too-large", f"The body is over {allowed.size} bytes.", cap=allowed.size)
