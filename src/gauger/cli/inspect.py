"""`gauger inspect`: explain any file of the system."""

import json
import sys
from pathlib import Path

import click

from gauger.tools.finding import render

_UNSOUND = 3  # as any fault of who made the file (`main.EXIT_CODES`)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--root-set",
    type=click.Path(path_type=Path),
    help="A root set that you trust (file, or folder whose newest it is): checks portals' signatures.",
)
@click.option(
    "--manufacturer",
    "manufacturers",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A manufacturer file or folder that you trust; may be given more than once.",
)
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="A trust folder that you trust, with root sets and manufacturers: both of the above.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--details", type=click.IntRange(min=0), help="How many items to tell one by one.")
def inspect(
    path: Path,
    *,
    root_set: Path | None,
    manufacturers: tuple[Path, ...],
    trust: Path | None,
    as_json: bool,
    details: int | None,
) -> None:
    """Explain the file or folder PATH: whose, which licences, when, how many, what to do next.

    It reads and judges only, and never prints a secret. The exit code is 3 where a signature fails,
    a part is damaged, a secret can be read by others, or the file is none of this system.
    """
    # Imported here: the crypto library takes a while, and --help needs none of it.
    from gauger.tools import inspect as tool  # noqa: PLC0415 -- as said above

    yardstick = tool.read_yardstick(root_set, manufacturers, trust)
    limit = tool.DETAILED if details is None else details
    finding = tool.inspect_path(path, yardstick, detailed=limit)
    if as_json:
        click.echo(json.dumps(finding.to_json(), indent=2))
    else:
        click.echo(render(finding), nl=False)
    if not finding.is_sound:
        sys.exit(_UNSOUND)
