"""`gauger cssm serve`: the portal's process."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gauger.cli.cssm.command import FILE, clock_option, data_option, tell_ready
from gauger.cli.serving import tell
from gauger.cssm.config import CssmConfig, Value, load_config

if TYPE_CHECKING:
    from gauger.cssm.portal import Portal


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
    # Before the portal is loaded: a slip in the settings is told at once.
    config = _config(data, options)
    tell(f"Starting the portal in {data} ...")
    # Only now: to load the portal takes longer than a person waits for a first line.
    from gauger.cli.cssm.running import next_step, run  # noqa: PLC0415 -- as said above

    def ready(url: str, portal: "Portal") -> None:
        step = next_step(portal)
        if step is not None:
            tell(f"Next: {step}")
        path = options["ready_file"]
        if path is not None:
            tell_ready(path, url)

    run(data, config, plain_http=options["plain_http"], clock=options["clock"], ready=ready)


def _config(data: Path, options: dict[str, Any]) -> CssmConfig:
    named = ("host", "port", "answer_seconds")
    server: dict[str, Value] = {n: options[n] for n in named if options[n] is not None}
    return load_config(data, {"server": server})
