"""A real server on a free loopback port, in a thread of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from starlette.types import ASGIApp

from gauger.adapters.keys.tls import TlsFiles
from gauger.cssm.config import CssmConfig

# Loaded before any server is: FastAPI silences warnings of its own while it loads, and what one
# thread silences another one's test unsilences.
from gauger.surfaces.http import app as _loaded  # noqa: F401 -- for its loading
from gauger.surfaces.http.server import PortalServer, server_settings

_START: Final = 60.0


@contextmanager
def serving(app: ASGIApp, config: CssmConfig, tls: TlsFiles | None = None) -> Iterator[int]:
    """Serve an application, over TLS where there are files for it; yields the port."""
    config = replace(config, server=replace(config.server, port=0))
    listener = socket.create_server(("127.0.0.1", 0))
    up = threading.Event()
    paths = (str(tls.certificate), str(tls.key)) if tls else (None, None)
    settings = server_settings(app, config, certificate=paths[0], key=paths[1])
    running = PortalServer(settings, up.set)
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    try:
        assert up.wait(_START)
        yield listener.getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(timeout=_START)
        listener.close()
        assert not thread.is_alive()


def talk(port: int, *pieces: bytes, timeout: float = 60.0) -> bytes:
    """Send raw bytes on a connection of its own and return all that comes until its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as peer:
        for piece in pieces:
            peer.sendall(piece)
        found = b""
        while part := _received(peer):
            found += part
        return found


def _received(peer: socket.socket) -> bytes:
    try:
        return peer.recv(65536)
    except ConnectionResetError:
        return b""
