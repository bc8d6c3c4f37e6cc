"""`gauger verify-receipt`: prove ACK files offline."""

import json
import sys
from pathlib import Path

import click

from gauger.cli.factory import FILE, clock_option, workshop

_NOT_PROVEN = 3


@click.command("verify-receipt")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--root-set",
    type=click.Path(path_type=Path),
    required=True,
    help="The root set that you trust: its file, or a folder whose newest it is.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@clock_option
def verify_receipt(
    files: tuple[Path, ...], *, root_set: Path, as_json: bool, clock: Path | None
) -> None:
    """Prove every answer of the ACK files FILES with a root set alone, without any network.

    Several files are compared: two views of one ledger show. The exit code is 3 where an answer is
    not proven.
    """
    # Imported here: the crypto library takes a while, and --help needs none of it.
    from gauger.tools.verify_receipt import Examiner  # noqa: PLC0415 -- as said above

    examiner = Examiner(root_set, workshop(clock, quiet=as_json))
    for file in files:
        for proof in examiner.examine(file):
            click.echo(json.dumps(proof.to_json()) if as_json else proof.to_text())
    total = examiner.proven + examiner.refused
    held = examiner.store.root_set
    number = 0 if held is None else held.number
    if as_json:
        click.echo(json.dumps({"proven": examiner.proven, "answers": total, "root_set": number}))
    else:
        click.echo(f"{examiner.proven} of {total} answers proven with root set {number}.")
    if examiner.refused or not total:
        sys.exit(_NOT_PROVEN)
