"""The HTTP server: uvicorn with the deadlines that it lacks."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from gauger.cssm.config import CssmConfig
from gauger.surfaces.http.protocol import PortalProtocol, protocol_for

_HEADER_BYTES: Final = 32 * 1024
_HANDSHAKE_SECONDS: Final = 10.0
_NEW_OBJECTS: Final = 10_000
"""New objects after which Python looks for cycles that nobody holds.

A report makes a thousand, nearly all of which go by themselves. At Python's 700 the same living
objects would be looked through more than once for every report.
"""


class PortalLoop(asyncio.SelectorEventLoop):
    """An event loop that gives up a TLS handshake that does not come.

    A connection is counted, and its header deadline starts, after the handshake; until then only
    the loop knows it, and would keep it for a minute.
    """

    async def create_server(self, *given: Any, **options: Any) -> asyncio.Server:  # noqa: ANN401 -- asyncio's signature
        """Listen, with a deadline for TLS handshakes."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", _HANDSHAKE_SECONDS)
        return await super().create_server(*given, **options)


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
        self._collecting = gc.get_threshold()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        gc.set_threshold(_NEW_OBJECTS, *self._collecting[1:])
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the service."""
        # Put back: tests, and the simulator, go on in the same process.
        gc.set_threshold(*self._collecting)
        connections = self.config.http_protocol_class
        if issubclass(connections, PortalProtocol):
            connections.is_ending = True
        await super().shutdown(sockets)


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
        http=protocol_for(config),
        # What is not offered cannot be attacked; nothing here speaks it.
        ws="none",
        loop=f"{__name__}:{PortalLoop.__name__}",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,  # an address that a peer may write itself limits nobody's guesses
        # Which release of which server answers is of use to nobody but an attacker.
        server_header=False,
        timeout_keep_alive=config.deadlines.idle_seconds,
        timeout_graceful_shutdown=config.deadlines.stop_seconds,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    settings.load()
    if settings.ssl is not None:
        # Here and not left to the system's defaults, which may allow what is broken.
        settings.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return settings
