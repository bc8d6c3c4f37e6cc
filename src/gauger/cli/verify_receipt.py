"""`gauger verify-receipt`: prove ACK files offline."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauger.cli.factory import FILE, clock_option, workshop

if TYPE_CHECKING:
    from gauger.tools.verify_receipt import Examiner

_NOT_PROVEN = 3  # as any fault of who signed (`main.EXIT_CODES`)


@click.command("verify-receipt")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--root-set",
    type=click.Path(path_type=Path),
    required=True,
    help="The root set that you trust: its file, or a folder whose newest it is.",
)
@click.option(
    "--usage",
    type=FILE,
    multiple=True,
    help="A usage file: its reports are matched with the answers; may be given more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@clock_option
def verify_receipt(
    files: tuple[Path, ...],
    *,
    root_set: Path,
    usage: tuple[Path, ...],
    as_json: bool,
    clock: Path | None,
) -> None:
    """Prove every answer of the ACK files FILES with a root set alone, without any network.

    Several files are compared: two views of one ledger show. The exit code is 3 where an answer is
    not proven, or a report of a usage file has no proven answer.
    """
    # Imported here: the crypto library takes a while, and --help needs none of it.
    from gauger.tools.verify_receipt import Examiner  # noqa: PLC0415 -- as said above

    examiner = Examiner(root_set, workshop(clock, quiet=as_json), usage)
    for file in files:
        for proof in examiner.examine(file):
            # One by one, as they are proven: an auditor's file may hold a hundred thousand.
            click.echo(json.dumps(proof.to_json()) if as_json else proof.to_text())
    _sum_up(examiner, as_json=as_json)
    # Nothing proven is no proof, though nothing was refused either.
    if examiner.refused or examiner.unanswered or not examiner.proven:
        sys.exit(_NOT_PROVEN)


def _sum_up(examiner: "Examiner", *, as_json: bool) -> None:
    total = examiner.proven + examiner.refused
    held = examiner.store.root_set
    number = 0 if held is None else held.number
    if as_json:
        found = {"proven": examiner.proven, "answers": total, "root_set": number}
        click.echo(json.dumps({**found, "unanswered": examiner.unanswered}))
        return
    for text in examiner.unanswered:
        click.echo(f"NO PROVEN ANSWER: {text}")
    click.echo(f"{examiner.proven} of {total} answers proven with root set {number}.")
