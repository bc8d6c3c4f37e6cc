"""An example: a factory, two devices and a portal with something in it, made once."""

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger import profiles
from gauger.adapters.keys.trust_folder import read_file
from gauger.adapters.storage.private_files import named_failures, write_private
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.authority.commands import AssignPolicy, DepositOrder, OpenVirtualAccount, OrderLine
from gauger.core.documents.smart_transport import LICENSING_PATH
from gauger.core.identity import AccountRef
from gauger.core.policy.rules import Group, Rule, validate
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.cssm import main
from gauger.cssm.commands.accounts import TokenTerms, issue_token, open_smart_account
from gauger.cssm.config import CssmConfig
from gauger.cssm.portal import Portal
from gauger.tools.factory import FactoryOrder, MintOrder, init_factory, mint
from gauger.tools.trust import RootFolder, SignerOrder
from gauger.tools.workshop import Workshop

_FACTORY: Final = "factory"
_BUNDLES: Final = "bundles"
_PORTAL: Final = "cssm"
_TOKEN: Final = "id-token.txt"  # noqa: S105 -- the name of a file
_BEGUN: Final = ".example.lock"
_MOST_TOKEN: Final = 1024
_PROFILE: Final = "c9800-cl"
_ACCOUNT: Final = AccountRef("example.com", "DEFAULT")
_BRANCH: Final = AccountRef("example.com", "Branch")
_SERIALS: Final = ("GGR0001", "GGR0002")
_BOUGHT: Final = 50
_BY: Final = "example"


@dataclass(frozen=True, slots=True)
class Example:
    """An example that is whole.

    Attributes:
        folder: Where everything lies.
    """

    folder: Path

    @property
    def portal(self) -> Path:
        """The portal's data folder."""
        return self.folder / _PORTAL

    def is_made(self) -> bool:
        """Return whether all of it is there."""
        # The token is written last, and whole: it stands for everything before it.
        return (self.folder / _TOKEN).exists() and (self.portal / main.STORE).exists()

    def token(self) -> str:
        """Return the text of an ID token for it.

        Raises:
            Problem: ``file-not-found``, ``too-large``.
        """
        return read_file(self.folder / _TOKEN, _MOST_TOKEN).decode("utf-8", "replace").strip()


def make_once(data: Path, say: Callable[[str], object]) -> Example:
    """Make an example where there is none; what was tried with its devices goes on where it was.

    Args:
        data: Folder for everything.
        say: Told before it takes a while.

    Raises:
        Problem: ``conflict`` where the folder holds parts that no example of this release began;
            ``store-locked`` where another process makes one there; of the parts.
    """
    example, begun = Example(data), data / _BEGUN
    if example.is_made():
        return example
    parts = [data / name for name in (_FACTORY, _BUNDLES, _PORTAL)]
    # Only what this mark stands beside is ever cleared away: keys of a real factory are not.
    if not begun.exists() and any(part.exists() for part in parts):
        detail = f"{data} holds a factory, devices or a portal, and no whole example."
        raise Problem("conflict", f"{detail} Name another folder with --data.")
    with named_failures(data):
        data.mkdir(parents=True, exist_ok=True)
    with WriterLock(begun):
        # Looked at once more: another process may have made it since.
        if not example.is_made():
            say(f"Making a factory, two devices and a portal in {data} ...")
            _clear(parts)
            # Only its owner: who has it can let a device into the account.
            write_private(data / _TOKEN, f"{_make(example)}\n".encode())
        # What is done here from now on is the user's, and never cleared away.
        with named_failures(begun):
            begun.unlink()
    return example


def _clear(parts: list[Path]) -> None:
    """Remove what a cut-off attempt left: the accounts in its ledger cannot be opened twice."""
    for part in parts:
        with named_failures(part):
            if part.exists():
                shutil.rmtree(part)


def _make(example: Example) -> str:
    """Make everything; returns the text of an ID token."""
    workshop = Workshop.open()
    data, folder = example.folder, example.portal
    factory = data / _FACTORY
    # One root key: nobody keeps three keys of an example in three places.
    init_factory(factory, FactoryOrder(embedded=True), workshop)
    root, signer = RootFolder(factory / "root", workshop), factory / "signers" / "cssm"
    root.issue_signer(signer, SignerOrder(name="CSSM"))
    profile = profiles.builtin(_PROFILE)
    for serial in _SERIALS:
        order = MintOrder(profile=profile, serial=serial)
        mint(factory, data / _BUNDLES / serial, order, workshop=workshop)
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


def first_steps(example: Example, url: str) -> tuple[str, ...]:
    """Return what to type to see an example at work.

    Args:
        example: The example.
        url: Where its portal answers.

    Raises:
        Problem: As `Example.token`.
    """
    data, portal, token = example.folder, example.portal, example.token()
    ca = portal / "tls" / "certificate.pem"
    paths = (data / "device", data / _BUNDLES / _SERIALS[0], portal, ca)
    device, bundle, folder, ca_file = (shlex.quote(str(path)) for path in paths)
    return (
        "",
        "In another terminal, run a device ...",
        f"  gauger instance run --data {device} --bundle {bundle} --ca {ca_file}",
        "... and in a third one use a licence and report it:",
        f"  export GAUGER_INSTANCE_DATA={device} GAUGER_CSSM_DATA={folder}",
        f'  gauger instance config "license smart transport smart" "license smart url smart {url}{LICENSING_PATH}"',
        f"  gauger instance exec license smart trust idtoken {token} local",
        "  gauger instance use air-network-advantage 7",
        "  gauger instance exec license smart sync all",
        "  gauger instance exec show license status",
        f"  gauger cssm balance --account {_ACCOUNT}",
    )
