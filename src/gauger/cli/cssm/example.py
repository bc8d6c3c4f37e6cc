"""`gauger cssm run-example`: a portal with example data and devices to try it with."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gauger.cli.cssm.command import FILE, FOLDER, tell_ready
from gauger.cli.serving import tell

if TYPE_CHECKING:
    from gauger.cssm.portal import Portal

_FOLDER: Final = Path("build", "example")


@click.command("run-example")
@click.option(
    "--data", type=FOLDER, default=_FOLDER, show_default=True, help="Folder for everything."
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8443); 0 a free one.")
@click.option("--ready-file", type=FILE, help="Write the URL here once the portal answers.")
def run_example(data: Path, port: int | None, ready_file: Path | None) -> None:
    """Serve a portal on loopback with example data and two devices; says where to go next."""
    tell(f"Starting an example portal in {data} ...")
    # Only now: to load portal and factory takes longer than a person waits for a first line.
    from gauger.cli.cssm.running import run  # noqa: PLC0415 -- as said above
    from gauger.cssm.config import load_config  # noqa: PLC0415 -- as said above
    from gauger.tools import example  # noqa: PLC0415 -- as said above

    made = example.make_once(data, say=tell)
    config = load_config(made.portal)
    if port is not None:
        config = replace(config, server=replace(config.server, port=port))

    def ready(url: str, _portal: "Portal") -> None:
        tell("\n".join(example.first_steps(made, url)))
        if ready_file is not None:
            tell_ready(ready_file, url)

    run(made.portal, config, plain_http=False, clock=None, ready=ready)
