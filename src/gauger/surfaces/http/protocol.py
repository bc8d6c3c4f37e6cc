"""One connection: deadlines for who sends or reads slowly, names for what cannot be read."""

import asyncio
import socket
from typing import Any, ClassVar, Final

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gauger.core.problems import Problem
from gauger.cssm.config import CssmConfig
from gauger.surfaces.http.lingering import LingeringTransport
from gauger.surfaces.http.problems import problem_response

_GOODBYE_SECONDS: Final = 0.5


def protocol_for(config: CssmConfig) -> type[H11Protocol]:
    """Return the protocol of a server's connections: uvicorn makes one of each from the class."""
    return type("PortalProtocol", (PortalProtocol,), {"settings": config})


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer instead of the application where too many are connected."""
    response = problem_response(Problem("server-busy", "Too many are connected to the portal."))
    response.headers["Connection"] = "close"
    await response(scope, receive, send)


class PortalProtocol(H11Protocol):
    """Closes a connection whose headers do not come in time.

    A peer that sends a header a minute would hold a connection for ever; many would hold all.
    What cannot be read is answered by name, whatever the place where that shows.
    """

    settings: ClassVar = CssmConfig()
    is_ending: ClassVar = False
    """Whether the server stops. One server, one class: see `protocol_for`."""

    _waiting: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 -- uvicorn's signature
        """Start the deadline with the connection."""
        # A socket made without a protocol number is not seen as TCP by asyncio: it would leave
        # Nagle on, and each answer's body would wait for the peer's late ACK, 40 ms a request.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # uvicorn's own close would reset the connection of a peer that is still sending.
        self._end = LingeringTransport(transport, self._has_more)
        super().connection_made(self._end)  # type: ignore[arg-type]  # a transport in all it does
        self._served = self.app
        # Whoever has a place keeps it: else a crowd that comes later, or a thousand slow peers,
        # would shut out the administrator who is at work.
        self._is_placed = self._has_place
        self._expect_headers()
        if self.is_ending:
            # It was taken from the listener just before the stop, which told those whom it knew: the
            # stop would wait for this one to its last second.
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        """Stop the deadline once the headers are there, start it with the next request."""
        if self._end.is_lingering:
            # Not to uvicorn: it would keep the bytes for an application that is done.
            self._end.read_away(len(data))
            return
        self._is_placed = self._is_placed or self._has_place
        self.app = self._served if self._is_placed else _busy
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]  # None until the first request
            self._got_headers()
        elif self._waiting is None:
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._got_headers()
        self._was_read()
        self._end.ended()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start a deadline: who asks for much and reads nothing holds all that was asked."""
        super().pause_writing()
        self._unread = self.loop.call_later(
            self.settings.deadlines.reading_seconds, self.transport.abort
        )

    def resume_writing(self) -> None:
        """Stop it."""
        self._was_read()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, also in the middle of a body.

        Args:
            msg: What uvicorn would answer.
        """
        cycle = self.cycle
        is_under_way = cycle is not None and not cycle.response_complete  # type: ignore[redundant-expr]  # None until the first request
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            problem = Problem("malformed", f"{msg} The connection is closed.")
            self.transport.write(_as_bytes(self.conn, problem))
        # else an answer is half out, or the connection is done: two would run into each other.
        if is_under_way:
            cycle.disconnected = True  # the application learns that no more of the body comes
            cycle.message_event.set()
        self.transport.close()

    def _should_upgrade(self) -> bool:
        """Serve a request as it is: nothing else is spoken here, and no line logged for it."""
        return False

    def shutdown(self) -> None:
        """Say goodbye; a TLS peer at rest that does not answer must not hold up the stop."""
        is_at_rest = self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None until the first request
        super().shutdown()
        if is_at_rest:
            self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _has_more(self) -> bool:
        return self.conn.their_state in {h11.SEND_BODY, h11.ERROR}

    @property
    def _has_place(self) -> bool:
        return len(self.connections) <= self.settings.server.connections

    def _expect_headers(self) -> None:
        self._waiting = self.loop.call_later(
            self.settings.deadlines.header_seconds, self.transport.abort
        )

    def _got_headers(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _as_bytes(conn: h11.Connection, problem: Problem) -> bytes:
    response = problem_response(problem)
    headers = [*response.raw_headers, (b"connection", b"close")]
    body = bytes(response.body)
    events: tuple[h11.Event, ...] = (
        h11.Response(status_code=response.status_code, headers=headers, reason=b"Bad Request"),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(conn.send(event) or b"" for event in events)
