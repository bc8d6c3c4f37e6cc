"""`gauger cssm init | admin`: what only the portal's host can do."""

from pathlib import Path

import click

from gauger.cli.cssm.command import FILE, clock_option, data_option
from gauger.cli.typed_line import typed_line
from gauger.cssm import main
from gauger.cssm.local import SECRET

PATH = click.Path(exists=True, path_type=Path)


@click.command()
@data_option
@click.option("--root", type=PATH, required=True, help="A root set, or a folder of root sets.")
@click.option("--signer", type=PATH, required=True, help="Folder of the signer's key.")
@click.option(
    "--manufacturer",
    "manufacturers",
    type=PATH,
    multiple=True,
    help="A manufacturer's folder or file; may be repeated.",
)
@clock_option
def init(
    data: Path, root: Path, signer: Path, *, manufacturers: tuple[Path, ...], clock: Path | None
) -> None:
    """Make a portal's data folder; there is no default password."""
    wanted = main.NewPortal(
        data=data, root=root, signer=signer, manufacturers=manufacturers, clock=clock
    )
    made = main.initialise(wanted)
    click.echo(f"The portal's data is in {data}.")
    # The file, never the secret: a terminal keeps what it showed.
    click.echo(f"  administrator's secret (only you can read it): {data / SECRET}")
    click.echo(f"  TLS certificate for localhost and 127.0.0.1:   {made.certificate}")
    click.echo(f"  settings, all commented out:                   {data / main.SETTINGS}")
    click.echo(f"Next: {typed_line('gauger cssm serve', data=data, clock=clock)}")


@click.group()
def admin() -> None:
    """Recover the administrator's access, on the host."""


@admin.command()
@data_option
@clock_option
def reset(data: Path, clock: Path | None) -> None:
    """Make a new administrator's secret; the old one and its sessions end, the log says so."""
    path = main.reset_administrator(data, clock)
    # Where it is, as with `init`: whoever stands behind the one at the terminal reads along.
    click.echo(f"The administrator's new secret is in {path}; the old one is void.")


@admin.command("signer")
@data_option
@click.option("--signer", type=PATH, required=True, help="Folder of the new signer's key.")
@click.option("--root", type=PATH, help="Root sets that list it, where the portal has none yet.")
def set_signer(data: Path, signer: Path, root: Path | None) -> None:
    """Sign with another key from the next start on; the portal must be stopped."""
    # While it is stopped: a portal at work goes on with the key that it loaded at its start.
    main.replace_signer(data, signer, root)
    click.echo(f"The portal in {data} signs with the key of {signer} from its next start on.")


@click.command()
@data_option
@click.option("--out", type=FILE, required=True, help="The copy to make.")
def backup(data: Path, out: Path) -> None:
    """Copy a portal's ledger, people and jobs while it works; keys are not in the copy."""
    main.back_up(data, out)
    # Said each time: who has only the backup has a ledger, and nobody who signs for it.
    click.echo(f"The backup is {out}. Keep {data / 'signer'} as well: a backup holds no key.")


@click.command()
@data_option
@click.option("--from", "copy", type=FILE, required=True, help="The backup.")
@click.option("--signer", type=PATH, help="Folder of the signer's key, for a new data folder.")
@clock_option
def restore(data: Path, copy: Path, *, signer: Path | None, clock: Path | None) -> None:
    """Make a portal from a backup; it opens a new epoch and asks devices for what is missing."""
    kept = main.has_tls(data)
    secret = main.restore_portal(data, copy, signer=signer, clock=clock)
    click.echo(f"The portal in {data} is restored, in a new epoch.")
    click.echo(f"  administrator's new secret: {secret}")
    if kept:
        click.echo(f"  TLS certificate: the one that was in {data / 'tls'}")
    else:
        click.echo("  TLS certificate: a new one at the next start, which clients must trust anew;")
        click.echo(f"    to keep the old one, first copy the old folder `tls` to {data / 'tls'}")
    click.echo(f"Next: {typed_line('gauger cssm serve', data=data, clock=clock)}")
