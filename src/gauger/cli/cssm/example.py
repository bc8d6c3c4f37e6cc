"""`gauger cssm run-example`: a portal with example data and devices to try it with."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from gauger import profiles
from gauger.cli.cssm.command import FILE, FOLDER, tell_ready
from gauger.cli.cssm.running import run
from gauger.core.authority.commands import AssignPolicy, DepositOrder, OpenVirtualAccount, OrderLine
from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Rule, validate
from gauger.core.profiles import Profile
from gauger.cssm import main
from gauger.cssm.commands.accounts import TokenTerms, issue_token, open_smart_account
from gauger.cssm.config import CssmConfig, load_config
from gauger.cssm.portal import Portal
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop

_FOLDER: Final = Path("build", "example")
_PROFILE: Final = "c9800-cl"
_ACCOUNT: Final = AccountRef("example.com", "DEFAULT")
_BRANCH: Final = AccountRef("example.com", "Branch")
_SERIALS: Final = ("GGR0001", "GGR0002")
_BOUGHT: Final = 50
_BY: Final = "example"


@click.command("run-example")
@click.option(
    "--data", type=FOLDER, default=_FOLDER, show_default=True, help="Folder for everything."
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8443); 0 a free one.")
@click.option("--ready-file", type=FILE, help="Write the URL here once the portal answers.")
def run_example(data: Path, port: int | None, ready_file: Path | None) -> None:
    """Serve a portal on loopback with example data and two devices; says where to go next."""
    folder = data / "cssm"
    token_file = data / "id-token.txt"
    # Made once: what was tried with the devices goes on where it was.
    if not (folder / main.STORE).exists():
        click.echo(f"Making a factory, two devices and a portal in {data} ...")
        token_file.write_text(f"{_make(data, folder)}\n", encoding="utf-8")
    config = load_config(folder)
    if port is not None:
        config = replace(config, server=replace(config.server, port=port))

    def ready(url: str, _portal: Portal) -> None:
        _tell(data, url, token_file.read_text(encoding="utf-8").strip())
        if ready_file is not None:
            tell_ready(ready_file, url)

    run(folder, config, plain_http=False, clock=None, ready=ready)


def _make(data: Path, folder: Path) -> str:
    """Make everything; returns the text of an ID token."""
    workshop = Workshop.open()
    factory = data / "factory"
    # One root key: nobody keeps three keys of an example in three places.
    init_factory(factory, FactoryOrder(embedded=True), workshop)
    root, signer = RootFolder(factory / "root", workshop), factory / "signers" / "cssm"
    root.issue_signer(signer, SignerOrder(name="CSSM"))
    profile = profiles.builtin(_PROFILE)
    for serial in _SERIALS:
        order = MintOrder(profile=profile, serial=serial)
        mint(factory, data / "bundles" / serial, order, workshop=workshop)
    main.initialise(
        main.NewPortal(
            data=folder,
            root=factory / "root",
            signer=signer,
            manufacturers=(factory / "manufacturer",),
        )
    )
    with main.open_portal(folder, CssmConfig()) as portal:
        return _fill(portal, profile)


def _fill(portal: Portal, profile: Profile) -> str:
    means = portal.means
    run_command = means.authority.execute
    open_smart_account(means.authority, _ACCOUNT.smart_account, "Example Ltd", by=_BY)
    run_command(OpenVirtualAccount(account=_BRANCH, description="A branch office", by=_BY))
    now = means.clock.wall()
    run_command(
        DepositOrder(
            account=_ACCOUNT,
            order_number="EXAMPLE-1",
            lines=tuple(
                OrderLine(
                    tag=licence.tag,
                    name=licence.name,
                    quantity=_BOUGHT,
                    term=licence.term.value,
                    start=now,
                    end=None,
                )
                for licence in profile.licences
            ),
            by=_BY,
        )
    )
    policy = validate(name="Example", ack_required=True, rules={Group.PERPETUAL: Rule(90, 30, 30)})
    run_command(
        AssignPolicy(
            smart_account=_ACCOUNT.smart_account,
            virtual_account=_ACCOUNT.virtual_account,
            policy=policy,
            by=_BY,
        )
    )
    # As long as tokens last: an example that was left for a month still works.
    terms = TokenTerms(days=365, uses=None, export_controlled=False, description="Example")
    return issue_token(means.authority, means.entropy, _ACCOUNT, terms=terms, by=_BY).text


def _tell(data: Path, url: str, token: str) -> None:
    device, bundle = data / "device", data / "bundles" / _SERIALS[0]
    ca = data / "cssm" / "tls" / "certificate.pem"
    lines = (
        "",
        "In another terminal, run a device ...",
        f"  gauger instance run --data {device} --bundle {bundle} --ca {ca}",
        "... and in a third one use a licence and report it:",
        f"  export GAUGER_INSTANCE_DATA={device} GAUGER_CSSM_DATA={data / 'cssm'}",
        f'  gauger instance config "license smart transport smart" "license smart url smart {url}{LICENSING_PATH}"',
        f"  gauger instance exec license smart trust idtoken {token} local",
        "  gauger instance use air-network-advantage 7",
        "  gauger instance exec license smart sync all",
        "  gauger instance exec show license status",
        f"  gauger cssm balance --account {_ACCOUNT}",
    )
    click.echo("\n".join(lines))
