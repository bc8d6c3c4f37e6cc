"""`gauger fsck`: prove a store whole."""

import json
import sys
from pathlib import Path

import click

from gauger.tools.fsck import examine

_NOT_WHOLE = 4  # as any fault of our own side (`main.EXIT_CODES`)


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="The data folder of a portal or product instance, or the file of a ledger.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    help="The key folder of a product instance, where it is not DATA/keys.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def fsck(data: Path, *, keys: Path | None, as_json: bool) -> None:
    """Prove a store whole; nothing is changed. The exit code is 0 only where all of it holds."""
    # All of it before a word is said: half a result could be taken for the whole.
    found = examine(data, keys)
    whole = all(one.is_whole for one in found)
    if as_json:
        stores = [one.to_json() for one in found]
        click.echo(json.dumps({"whole": whole, "stores": stores}, indent=2))
    else:
        click.echo("\n\n".join(one.to_text() for one in found))
    if not whole:
        sys.exit(_NOT_WHOLE)
