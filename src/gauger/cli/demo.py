"""`gauger demo`: a story, told with real processes."""

import os
import shutil
import sys
from pathlib import Path

import click

from gauger.tools.demo import story


@click.command()
@click.argument(
    "name", metavar="[main|shell]", type=click.Choice(list(story.STORIES)), default="main"
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work in this new folder and leave it for looking around.",
)
def demo(name: str, keep: Path | None) -> None:
    """Tell a story with real processes on loopback; ends by itself.

    The main one goes from the factory to the proofs; `shell` is an operator's, at an SSH client.

    Files of real devices are taken from the folder that GAUGER_SHARED names, ../shared if unset.
    """
    shared = Path(os.environ.get("GAUGER_SHARED", "../shared"))
    is_well = story.tell(
        click.echo,
        keep=keep,
        # Files of real devices do not come along: where there are none, the story goes on without.
        shared=shared if shared.is_dir() else None,
        name=name,
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None,
    )
    if not is_well:
        sys.exit(1)
