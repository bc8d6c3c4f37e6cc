"""`gauger trust`: work on a licensing root, which is kept offline; bring it to the roles."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from gauger.cli.factory import FILE, FOLDER, clock_option, workshop
from gauger.cli.instance_place import Place
from gauger.core.documents.keyring import load_certificate
from gauger.core.documents.root_set import RootSet
from gauger.core.problems import Problem
from gauger.tools import trust as tool
from gauger.tools.typed import typed_digest
from gauger.tools.workshop import Workshop

root_option = click.option("--root", type=FOLDER, required=True, help="Root folder.")
data_option = click.option(
    "--data", type=FOLDER, required=True, help="Data folder of a product instance or portal."
)
instance_keys_option = click.option(
    "--keys", type=FOLDER, help="Key folder of the product instance; DATA/keys if left out."
)
keys_option = click.option(
    "--root-key",
    "root_keys",
    type=FILE,
    multiple=True,
    help="File of a root key that is kept elsewhere.",
)


@click.group()
def trust() -> None:
    """Work on a licensing root: signers, rotation, revocation."""


class _SignerOptions(TypedDict):
    root: Path
    root_keys: tuple[Path, ...]
    out: Path
    name: str
    ledger: str | None
    delegates: bool
    days: int
    clock: Path | None


@trust.command("issue-signer")
@root_option
@keys_option
@click.option("--out", type=FOLDER, required=True, help="New folder for the signer's key.")
@click.option("--name", default="Licensing signer", show_default=True, help="Name, for people.")
@click.option("--ledger", help="The only ledger id that it may sign for.")
@click.option("--delegates", is_flag=True, help="It may certify signers of named accounts.")
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=tool.SIGNER_DAYS,
    show_default=True,
    help="How long its certificate holds.",
)
@clock_option
def issue_signer(**options: Unpack[_SignerOptions]) -> None:
    """Make a signer and list it in the next root set."""
    root = options["root"]
    folder = tool.RootFolder(root, workshop(options["clock"]), options["root_keys"])
    order = tool.SignerOrder(
        name=options["name"],
        ledger=options["ledger"],
        delegates=options["delegates"],
        days=options["days"],
    )
    listed = folder.issue_signer(options["out"], order)
    # By its key id: names are for people, and two signers may have the same one.
    click.echo(f"Signer {listed.key_id}: {options['out']}")
    click.echo(f"  valid until {_date(load_certificate(listed.certificate).not_after)}")
    _tell(root, folder.newest())


@trust.command()
@root_option
@keys_option
@click.option("--keys", type=click.IntRange(1, 16), help="How many new root keys.")
@click.option("--threshold", type=click.IntRange(1, 16), help="How many of them must sign.")
@clock_option
def rotate(
    *,
    root: Path,
    root_keys: tuple[Path, ...],
    keys: int | None,
    threshold: int | None,
    clock: Path | None,
) -> None:
    """Replace the root keys and open a new root epoch; the signers stay."""
    folder = tool.RootFolder(root, workshop(clock), root_keys)
    held = folder.newest()
    quorum = tool.Quorum(keys=keys or len(held.keys), threshold=threshold or held.threshold)
    rotated = folder.rotate(quorum)
    click.echo(f"Root keys replaced: {rotated.threshold} of {len(rotated.keys)} must sign.")
    click.echo("  Keep the old key files until every device holds the new root set.")
    _tell(root, rotated)


@trust.command()
@root_option
@keys_option
@click.argument("key_id")
@clock_option
def revoke(*, root: Path, root_keys: tuple[Path, ...], key_id: str, clock: Path | None) -> None:
    """Revoke a key of a signer, trust code or device, and open a new root epoch."""
    folder = tool.RootFolder(root, workshop(clock), root_keys)
    # Any key: those of devices and trust codes stand in no list that could be asked.
    wanted = typed_digest(key_id)
    revoked = folder.revoke(wanted)
    click.echo(f"Revoked {wanted}.")
    _tell(root, revoked)


@trust.command("import")
@data_option
@click.argument("files", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@instance_keys_option
@clock_option
def import_(*, data: Path, files: tuple[Path, ...], keys: Path | None, clock: Path | None) -> None:
    """Take root sets into a role, and manufacturer files into a server.

    FILES may be given in any order; for a folder, the root sets in it are taken. A product
    instance may run meanwhile or not; a portal has to serve.
    """
    from gauger.cli.trust_data import import_files  # noqa: PLC0415 - a root folder needs no role

    import_files(Place(data=data, keys=keys, clock=clock), files)


@trust.command()
@click.option("--root", type=FOLDER, help="Root folder.")
@click.option("--data", type=FOLDER, help="Data folder of a product instance or portal.")
@click.option("--json", "as_json", is_flag=True, help="Print the newest root set as JSON.")
@instance_keys_option
@clock_option
def show(
    *,
    root: Path | None,
    data: Path | None,
    as_json: bool,
    keys: Path | None,
    clock: Path | None,
) -> None:
    """Show the newest root set: of a root folder, after proving all of it, or of a role."""
    # Both would show two root sets, and not say whose is whose.
    if (root is None) == (data is None):
        raise Problem("invalid-argument", "Name either a root folder (--root) or --data.")
    if data is not None:
        from gauger.cli.trust_data import show_held  # noqa: PLC0415 - a root folder needs no role

        show_held(Place(data=data, keys=keys, clock=clock), as_json=as_json)
    if root is not None:
        _show_root(root, clock, as_json=as_json)


def _show_root(root: Path, clock: Path | None, *, as_json: bool) -> None:
    newest = tool.RootFolder(root, Workshop.open(clock)).newest()
    if as_json:
        click.echo(json.dumps(newest.to_json(), indent=2, sort_keys=True))
        return
    click.echo(f"Root set {newest.number}, epoch {newest.epoch}")
    click.echo(f"  issued {_date(newest.issued_at)}, obeyed until {_date(newest.expires_at)}")
    click.echo(f"  {newest.threshold} of {len(newest.keys)} root keys must sign:")
    for key in newest.keys:
        click.echo(f"    {key.key_id}")
    click.echo(f"  Signers: {len(newest.signers) or 'none'}")
    for signer in newest.signers:
        certificate = load_certificate(signer.certificate)
        click.echo(f"    {signer.key_id}  {certificate.common_name}")
        bound = f"ledger {signer.ledger}" if signer.ledger else "any ledger"
        delegates = ", may delegate" if signer.delegates else ""
        click.echo(f"      for {bound}{delegates}, until {_date(certificate.not_after)}")
    click.echo(f"  Revoked keys: {len(newest.revoked) or 'none'}")
    for key_id in newest.revoked:
        click.echo(f"    {key_id}")


def _tell(root: Path, root_set: RootSet) -> None:
    click.echo(f"Root set {root_set.number} (epoch {root_set.epoch}): {root}")
    click.echo(
        "  Servers import it with `gauger trust import --data`; devices get it with their next ACK."
    )


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
