"""Smart transport, `POST /licservice/license`: a raw route, strict from the first byte."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gauger.authority import quick_json
from gauger.core.documents.smart_transport import (
    LICENSING_PATH,
    MessageType,
    Request,
    Response,
    Status,
    decode_request,
    encode_response,
)
from gauger.core.problems import Problem
from gauger.cssm.commands.exchange import Exchange, answers_of
from gauger.cssm.portal import Portal
from gauger.surfaces.http.arrivals import all_there
from gauger.surfaces.http.context import UNKNOWN, portal_of
from gauger.surfaces.http.problems import STATUS, problem_headers

_LARGE: Final = 64 * 1024  # bytes; decoding more holds up other requests, so a thread does it
_FEW: Final = 4  # documents; each is verified while it is handed over
_HELD: Final = 1.0  # seconds; short beside any Retry-After
_LATER: Final = frozenset({Status.OK_POLL, Status.OK_TRY_AGAIN})
_MEDIA: Final = "application/json"
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"content-type", _MEDIA.encode()))

_hold: Final = asyncio.sleep

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""


async def _body(receive: Receive) -> bytes:
    """Read a body whole; its size and time, and a peer that goes away, are what `receive` judges."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body  # of an ordinary report, all of it
    pieces = [body]
    while message.get("more_body", False):
        message = await receive()
        pieces.append(message.get("body", b""))
    return b"".join(pieces)


async def _serve(http: HttpRequest) -> HttpResponse:
    status, headers, body = await _served(portal_of(http), http.scope, http.receive)
    answer = HttpResponse(body, status_code=status)
    answer.raw_headers = headers
    return answer


async def _served(portal: Portal, scope: Scope, receive: Receive) -> Answer:
    """Return status, headers and body of the answer to a request.

    The framework's own request and response would read and write every header once more.
    """
    exchange, config = portal.exchange, portal.config
    request = await _read(scope, receive, config.limits.request_bytes)
    client = scope.get("client")
    address = client[0] if client else UNKNOWN
    try:
        response = await _answer(exchange, request, address, config.server.answer_seconds)
    except Problem as problem:
        if problem.code == "too-many-requests":
            # One that sends on as soon as it is refused would cost the others a request each time.
            # So its connection waits for the refusal, and with it all that it would send on it.
            await _hold(_HELD)
        # In the protocol's own form: the device compares the nonce of a refusal too.
        return _written(exchange.refuse(request, problem), problem)
    return _written(response, None)


async def _read(scope: Scope, receive: Receive, cap: int) -> Request:
    # From the raw headers: a request object would decode every one of them.
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    kind = given.decode("latin-1").partition(";")[0].strip().lower()
    # A page of another site can send forms and plain text without asking, but not this type.
    if kind != _MEDIA:
        raise Problem("malformed", f"A smart transport request is {_MEDIA}, not {kind[:64]!r}.")
    body = await _body(receive)
    if len(body) < _LARGE:
        return decode_request(body, cap=cap, write=quick_json.encode)
    return await run_in_threadpool(decode_request, body, cap=cap, write=quick_json.encode)


async def _answer(exchange: Exchange, request: Request, address: str, seconds: float) -> Response:
    # In threads: both read the store, and the loop must not wait for a disk.
    if request.type is MessageType.HELLO:
        return await run_in_threadpool(exchange.greet, request)
    if request.type is MessageType.POLL:
        return await run_in_threadpool(exchange.poll, request)
    documents = sum(len(one.usage) + len(one.trust_requests) for one in request.reports)
    if documents <= _FEW:
        work = exchange.begin(request, address)
    else:
        work = await run_in_threadpool(exchange.begin, request, address)
    if seconds > 0 and await all_there(work.waiting, seconds):
        response = exchange.answer(work)
        # The common case ends here, without a thread and without the store of polls.
        if not exchange.is_owing(work):
            return response
        return await run_in_threadpool(exchange.promise, answers_of(work), response)
    return await run_in_threadpool(exchange.postpone, work)


def _written(response: Response, problem: Problem | None) -> Answer:
    body = encode_response(response, quick_json.encode)
    if problem is None:
        status = 202 if response.status in _LATER else 200
        return status, [*_HEADERS, (b"content-length", b"%d" % len(body))], body
    headers = problem_headers(problem)
    refused = HttpResponse(body, STATUS[problem.code], headers=headers, media_type=_MEDIA)
    return refused.status_code, refused.raw_headers, body


ROUTE: Final = Route(LICENSING_PATH, _serve, methods=["POST"])
"""The licensing URL's route."""

OnError = Callable[[HttpRequest, Exception], Awaitable[HttpResponse]]
"""Turns what went wrong into an answer."""


class Front:
    """Serves smart transport itself and hands on whatever else is asked.

    A fleet asks for nothing but this one path. The framework's way to it, through routing,
    dependencies and two layers of error handling, costs as much as the verification of a report.
    """

    def __init__(
        self, portal: Portal, others: ASGIApp, on_problem: OnError, on_failure: OnError
    ) -> None:
        """Stand before an application.

        Args:
            portal: The portal.
            others: The application with all routes, also this one's: it answers other methods.
            on_problem: Its handler of a `Problem`.
            on_failure: Its handler of everything else.
        """
        self._portal = portal
        self._others = others
        self._on_problem = on_problem
        self._on_failure = on_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope.get("path") != LICENSING_PATH or scope.get("method") != "POST":
            await self._others(scope, receive, send)
            return
        try:
            status, headers, body = await _served(self._portal, scope, receive)
        except Problem as problem:
            http = self._as_request(scope, receive)
            answer = await self._on_problem(http, problem)
            await answer(scope, receive, send)
        except Exception as error:
            http = self._as_request(scope, receive)
            answer = await self._on_failure(http, error)
            await answer(scope, receive, send)
            raise  # the server notes it, as for every other route
        else:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def _as_request(self, scope: Scope, receive: Receive) -> HttpRequest:
        """Return a request as the framework would make it, for its handlers of errors."""
        return HttpRequest({**scope, "app": self._others, "route": ROUTE}, receive)
