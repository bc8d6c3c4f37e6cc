"""A portal in this process: opened, served, stopped.

Loads the portal, which takes a moment: the command says before that it starts.
"""

import ipaddress
import shlex
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from gauger.cli.cssm.command import next_command
from gauger.cli.serving import tell
from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.problems import Problem
from gauger.cssm import main
from gauger.cssm.config import CssmConfig
from gauger.cssm.local import announce, withdraw
from gauger.cssm.portal import Portal
from gauger.surfaces.http.front import create_app
from gauger.surfaces.http.server import PortalServer, server_settings


def run(
    data: Path,
    config: CssmConfig,
    *,
    plain_http: bool,
    clock: Path | None,
    ready: Callable[[str, Portal], None],
) -> None:
    """Serve a portal's data folder until the process is told to stop.

    Args:
        data: The data folder.
        config: Settings.
        plain_http: Whether to do without TLS.
        clock: File of a test clock, or null.
        ready: Told the URL and the portal once it answers.
    """
    # Before anything is opened: a clock that a file moves would date what real devices obey.
    _check_clock(config, clock)
    with (
        main.open_portal(data, config, clock=clock) as portal,
        _listen(config) as listener,
    ):
        tell(f"The ledger is open: {_pages(portal)} pages.")
        tls = None if plain_http else main.tls_files(data)
        app = create_app(portal)
        settings = server_settings(
            app,
            config,
            certificate=None if tls is None else str(tls.certificate),
            key=None if tls is None else str(tls.key),
        )
        url = _url(config, listener, plain_http=plain_http)

        def started() -> None:
            # Only now: a command that finds the address must find somebody there.
            announce(data, url)
            _tell(url, None if tls is None else tls.certificate, clock=clock)
            ready(url, portal)
            # Last: the first request may come while it goes on, but nobody waits for it to be told
            # the URL.
            app.warm_up()

        portal.start()
        # uvicorn raises the signal again after its graceful stop: what is open must still be closed.
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)
        try:
            PortalServer(settings, started).run(sockets=[listener])
        finally:
            withdraw(data)
    tell("The portal has stopped.")


def next_step(portal: Portal) -> str | None:
    """Return what there is to do next with a portal, or None where it is at work."""
    with portal.means.readers.lend() as reader:
        accounts = reader.smart_accounts(limit=1)
        if not accounts:
            return next_command("account add example.com")
        virtual = reader.virtual_accounts(accounts[0].domain, limit=1)
        if reader.instances(limit=1) or not virtual:
            return None
    return next_command(f"token new --account {shlex.quote(str(virtual[0].account))}")


def _pages(portal: Portal) -> int:
    with portal.means.readers.lend() as reader:
        head = reader.head()
    return 0 if head is None else head.pages


def _check_clock(config: CssmConfig, clock: Path | None) -> None:
    if clock is not None and not _is_loopback(config.server.host):
        message = f"A test clock is for loopback only, not for {config.server.host}."
        raise Problem("invalid-argument", message)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # No other name: who answers for it may change its mind.
        return host == "localhost"


def _listen(config: CssmConfig) -> socket.socket:
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Ours, not uvicorn's: the port is known, and taken, before anything is said or served.
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        # The second is of a host that no name service is even asked for.
        why = error.strerror if isinstance(error, OSError) else error
        message = f"{host} port {port} cannot be listened on: {why}. Choose another with --port."
        raise Problem("invalid-argument", message) from error


def _url(config: CssmConfig, listener: socket.socket, *, plain_http: bool) -> str:
    host = config.server.host
    shown = f"[{host}]" if ":" in host else host
    return f"{'http' if plain_http else 'https'}://{shown}:{listener.getsockname()[1]}"


def _tell(url: str, certificate: Path | None, *, clock: Path | None) -> None:
    if clock is not None:
        tell("*** TEST CLOCK: what this portal signs is refused by everyone without one. ***")
    if certificate is None:
        tell("*** PLAIN HTTP: anyone on the way reads along; use it in a lab only. ***")
    tell(f"The portal answers at {url}")
    tell(f"  smart transport:  license smart url smart {url}{LICENSING_PATH}")
    tell(f"  API description:  {url}/api/v1/openapi.json")
    if certificate is not None:
        tell(f"  certificate that clients trust: {certificate}")
