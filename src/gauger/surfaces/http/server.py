"""The HTTP server: uvicorn with a deadline for headers, which it lacks."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from gauger.cssm.config import CssmConfig

_HEADER_BYTES: Final = 32 * 1024
_GOODBYE_SECONDS: Final = 0.5


def _protocol(header_seconds: float) -> type[H11Protocol]:
    """Return uvicorn's HTTP protocol with a deadline for the headers of each request."""

    class DeadlineProtocol(H11Protocol):
        """Closes a connection whose headers do not come in time.

        A peer that sends a header a minute would hold a connection for ever; many would hold all.
        """

        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:  # noqa: ANN401 -- uvicorn's signature
            """Start the deadline with the connection."""
            super().connection_made(transport)
            self._expect_headers()

        def data_received(self, data: bytes) -> None:
            """Stop the deadline once the headers are there, start it with the next request."""
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]  # None until the first request
                self._got_headers()
            elif self._waiting is None:
                self._expect_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the deadline."""
            self._got_headers()
            super().connection_lost(exc)

        def shutdown(self) -> None:
            """Say goodbye; a TLS peer at rest that does not answer must not hold up the stop."""
            is_at_rest = self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None until the first request
            super().shutdown()
            if is_at_rest:
                self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)

        def _expect_headers(self) -> None:
            self._waiting = self.loop.call_later(header_seconds, self.transport.abort)

        def _got_headers(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

    return DeadlineProtocol


class PortalServer(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        """Prepare it.

        Args:
            config: Of `server_settings`.
            started: Called once the sockets are served.
        """
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self._started()


def server_settings(
    app: ASGIApp, config: CssmConfig, *, certificate: str | None = None, key: str | None = None
) -> uvicorn.Config:
    """Return the settings of a server.

    Args:
        app: The application.
        config: Where to listen, how long to wait.
        certificate: Path of the TLS certificate (PEM); plain HTTP without.
        key: Path of its key (PEM).
    """
    settings = uvicorn.Config(
        app,
        host=config.server.host,
        port=config.server.port,
        http=_protocol(config.deadlines.header_seconds),
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,  # an address that a peer may write itself limits nobody's guesses
        server_header=False,
        limit_concurrency=config.server.connections,
        timeout_keep_alive=config.deadlines.idle_seconds,
        timeout_graceful_shutdown=config.deadlines.stop_seconds,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    settings.load()
    if settings.ssl is not None:
        settings.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return settings
