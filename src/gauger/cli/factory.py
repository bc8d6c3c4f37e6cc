"""`gauger factory`: make a manufacturer and mint devices."""

from pathlib import Path
from typing import TypedDict, Unpack

import click

from gauger import profiles
from gauger.cli.typed_line import typed_line
from gauger.tools import factory as tool
from gauger.tools.typed import typed_account
from gauger.tools.workshop import Workshop

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)

clock_option = click.option(
    "--clock",
    type=FILE,
    help="For tests: take the time from this file; what is signed is marked test_clock.",
)


def workshop(clock: Path | None, *, quiet: bool = False) -> Workshop:
    """Open a workshop and say so where a test moves its clock."""
    if clock is not None and not quiet:
        # Aloud, or devices minted in a trial would leave for customers.
        click.echo("TEST CLOCK: what is signed now is refused by every role without a test clock.")
    return Workshop.open(clock)


@click.group()
def factory() -> None:
    """Make a manufacturer and mint devices."""


@factory.command()
@click.option("--out", type=FOLDER, required=True, help="New factory folder.")
@click.option("--name", default=tool.DEFAULT_NAME, show_default=True, help="Manufacturer's name.")
@click.option(
    "--serial-prefix",
    default=tool.DEFAULT_PREFIX,
    show_default=True,
    help="What its serial numbers begin with.",
)
@click.option("--pid", "pids", multiple=True, help="A further product id that it makes.")
@click.option("--embedded", is_flag=True, help="One root key instead of 2 of 3: for a trial only.")
@clock_option
def init(
    *,
    out: Path,
    name: str,
    serial_prefix: str,
    pids: tuple[str, ...],
    embedded: bool,
    clock: Path | None,
) -> None:
    """Make a manufacturer that certifies devices, and a licensing root."""
    order = tool.FactoryOrder(name=name, serial_prefix=serial_prefix, pids=pids, embedded=embedded)
    made = tool.init_factory(out, order, workshop(clock))
    click.echo(f"Manufacturer {made.name}: {out / tool.MANUFACTURER}")
    click.echo(f"  declares {len(made.pids)} product ids, serial numbers {serial_prefix}…")
    click.echo(f"Licensing root: {out / tool.ROOT} (root set 1, no signer yet)")
    if embedded:
        # Here, and not in the manual alone: nothing stops a trial from growing into the real thing.
        click.echo("  Embedded default: 1 of 1 root key. Whoever copies that one file owns the")
        click.echo("  root; `gauger trust rotate --keys 3 --threshold 2` makes it a real one.")
    else:
        click.echo("  2 of 3 root keys must sign. Move them to three places; none is needed by a")
        click.echo("  server or a device.")
    step = typed_line("gauger trust issue-signer", root=out / tool.ROOT, out="DIR", clock=clock)
    click.echo(f"Next: {step}")


@factory.command()
@click.option("--factory", "folder", type=FOLDER, required=True, help="Factory folder.")
@click.option("--pid", "pids", multiple=True, help="A further product id.")
@click.option("--serial-prefix", "prefixes", multiple=True, help="A further serial prefix.")
def declare(*, folder: Path, pids: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
    """Declare further product ids or serial prefixes of the manufacturer."""
    declared = tool.declare(folder, pids, prefixes)
    click.echo(f"{declared.name} declares {len(declared.pids)} product ids:")
    click.echo(f"  {', '.join(sorted(declared.pids))}")
    click.echo(f"  serial numbers that begin with {', '.join(declared.serial_prefixes)}")
    # Each role has a copy, and believes the devices of the new ids only once it has this one.
    click.echo(f"Next: import {folder / tool.MANUFACTURER} again wherever it is trusted.")


class _MintOptions(TypedDict):
    folder: Path
    profile: str
    out: Path
    pid: str | None
    serial: str | None
    account: str | None
    policy: Path | None
    purchase: Path | None
    trust_code: bool
    authorization_code: bool
    signer: Path | None
    clock: Path | None


@factory.command()
@click.option("--factory", "folder", type=FOLDER, required=True, help="Factory folder.")
@click.option("--profile", required=True, help="Name of a product profile, or a profile's file.")
@click.option("--out", type=FOLDER, required=True, help="New folder for the device bundle.")
@click.option("--pid", help="Product id, where the profile has several.")
@click.option("--serial", help="Serial number; a random one if left out.")
@click.option("--account", help="Customer's account: SMART-ACCOUNT-DOMAIN/VIRTUAL-ACCOUNT.")
@click.option("--policy", type=FILE, help="File with a custom policy.")
@click.option("--purchase", type=FILE, help="File with purchase information.")
@click.option("--trust-code", is_flag=True, help="Install a factory trust code.")
@click.option(
    "--authorization-code",
    is_flag=True,
    help="Install an authorization code for what the purchase names and needs one.",
)
@click.option("--signer", type=FOLDER, help="Folder of the factory's signer, for the above.")
@clock_option
def mint(**options: Unpack[_MintOptions]) -> None:
    """Mint a device: its SUDI, what it trusts, and what was ordered with it."""
    account = options["account"]
    order = tool.MintOrder(
        profile=profiles.find(options["profile"]),
        pid=options["pid"],
        serial=options["serial"],
        account=None if account is None else typed_account(account),
        policy=options["policy"],
        purchase=options["purchase"],
        trust_code=options["trust_code"],
        authorization=options["authorization_code"],
    )
    out = options["out"]
    bundle = tool.mint(
        options["folder"], out, order, workshop=workshop(options["clock"]), signer=options["signer"]
    )
    click.echo(f"Minted {bundle.udi} ({bundle.profile.title}): {out}")
    for kind in bundle.documents:
        click.echo(f"  with a signed {kind.replace('-', ' ')}")
    step = typed_line("gauger instance run", data="DIR", bundle=out, clock=options["clock"])
    click.echo(f"Next: {step}")
