"""`gauger cssm serve`: the portal's process."""

import ipaddress
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gauger.cli.cssm.command import FILE
from gauger.cli.cssm.host import clock_option, data_option
from gauger.core.problems import Problem
from gauger.cssm import main
from gauger.cssm.config import CssmConfig, Value, load_config
from gauger.cssm.local import announce, withdraw
from gauger.surfaces.http.app import create_app
from gauger.surfaces.http.limits import SMART_TRANSPORT
from gauger.surfaces.http.server import PortalServer, server_settings


@click.command()
@data_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8443); 0 a free one.")
@click.option("--plain-http", is_flag=True, help="Without TLS: for labs, anyone can read along.")
@click.option("--answer-seconds", type=float, help="Wait before a poll id is given; 0 always.")
@click.option("--ready-file", type=FILE, help="Write the URL here once the portal answers.")
@clock_option
def serve(data: Path, **options: Any) -> None:  # noqa: ANN401 -- click's own
    """Serve a portal until it is stopped (SIGTERM or Ctrl-C)."""
    config = _config(data, options)
    run(
        data,
        config,
        plain_http=options["plain_http"],
        clock=options["clock"],
        ready=lambda url: _ready(data, options["ready_file"], url),
    )


def run(
    data: Path,
    config: CssmConfig,
    *,
    plain_http: bool,
    clock: Path | None,
    ready: Callable[[str], None],
) -> None:
    """Serve a portal's data folder until the process is told to stop.

    Args:
        data: The data folder.
        config: Settings.
        plain_http: Whether to do without TLS.
        clock: File of a test clock, or null.
        ready: Told the URL once the portal answers.
    """
    _check_clock(config, clock)
    with (
        main.open_portal(data, config, clock=clock) as portal,
        _listen(config) as listener,
    ):
        tls = None if plain_http else main.tls_files(data)
        settings = server_settings(
            create_app(portal),
            config,
            certificate=None if tls is None else str(tls.certificate),
            key=None if tls is None else str(tls.key),
        )
        url = _url(config, listener, plain_http=plain_http)

        def started() -> None:
            announce(data, url)
            _tell(url, None if tls is None else tls.certificate, clock=clock)
            ready(url)

        portal.start()
        # uvicorn raises the signal again after its graceful stop: what is open must still be closed.
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)
        try:
            PortalServer(settings, started).run(sockets=[listener])
        finally:
            withdraw(data)
    click.echo("The portal has stopped.")


def _config(data: Path, options: dict[str, Any]) -> CssmConfig:
    named = ("host", "port", "answer_seconds")
    server: dict[str, Value] = {n: options[n] for n in named if options[n] is not None}
    return load_config(data, {"server": server})


def _check_clock(config: CssmConfig, clock: Path | None) -> None:
    if clock is not None and not _is_loopback(config.server.host):
        message = f"A test clock is for loopback only, not for {config.server.host}."
        raise Problem("invalid-argument", message)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(config: CssmConfig) -> socket.socket:
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        message = f"{host} port {port} cannot be listened on: {error.strerror}. Choose another with --port."
        raise Problem("invalid-argument", message) from error


def _url(config: CssmConfig, listener: socket.socket, *, plain_http: bool) -> str:
    host = config.server.host
    shown = f"[{host}]" if ":" in host else host
    return f"{'http' if plain_http else 'https'}://{shown}:{listener.getsockname()[1]}"


def _tell(url: str, certificate: Path | None, *, clock: Path | None) -> None:
    if clock is not None:
        click.echo("*** TEST CLOCK: what this portal signs is refused by everyone without one. ***")
    if certificate is None:
        click.echo("*** PLAIN HTTP: anyone on the way reads along; use it in a lab only. ***")
    click.echo(f"The portal answers at {url}")
    click.echo(f"  smart transport:  license smart url smart {url}{SMART_TRANSPORT}")
    click.echo(f"  API description:  {url}/api/v1/openapi.json")
    if certificate is not None:
        click.echo(f"  certificate that clients trust: {certificate}")


def _ready(data: Path, path: Path | None, url: str) -> None:
    click.echo(f"Next: gauger cssm account add example.com --data {data}")
    if path is not None:
        path.write_text(f"{url}\n", encoding="utf-8")
