"""The portal's composition root: the one place of the role that sees adapters."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger import profiles
from gauger.adapters.clock import open_clock
from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.signer_place import SignerPlace
from gauger.adapters.keys.tls import TlsFiles, make_tls_files
from gauger.adapters.keys.trust_folder import (
    TrustFolder,
    read_manufacturer,
    read_root_set,
    read_root_sets,
    write_manufacturer,
    write_root_sets,
)
from gauger.adapters.keys.trust_view import ServerTrustView
from gauger.adapters.passwords import Passwords
from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.adapters.storage.portal_sqlite import PortalStore
from gauger.adapters.storage.private_files import (
    private_folder,
    read_private,
    replace_file,
    require_private,
    write_private,
)
from gauger.adapters.storage.upload_files import UploadFiles
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.authority.service import Authority, AuthoritySettings
from gauger.core.authority.commands import FoundLedger, ImportRootSet
from gauger.core.documents.envelope import write_document
from gauger.core.problems import Problem
from gauger.cssm.assembly import Outside, assemble
from gauger.cssm.config import FILE_NAME, CssmConfig, template
from gauger.cssm.local import SECRET
from gauger.cssm.portal import Portal

STORE: Final = "cssm.sqlite"
_SIGNER: Final = "signer"
_TRUST: Final = "trust"
_TLS: Final = "tls"
_UPLOADS: Final = "uploads"
SETTINGS: Final = FILE_NAME
_HOST: Final = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPortal:
    """What a new portal is made of; only public parts and the signer's key are taken over.

    Attributes:
        data: Its data folder, to be made.
        root: A root set file, or the folder of a licensing root.
        signer: Folder of the signer's key and certificate.
        manufacturers: Manufacturers' folders or files.
        clock: File of a test clock, or null.
    """

    data: Path
    root: Path
    signer: Path
    manufacturers: tuple[Path, ...]
    clock: Path | None = None


def initialise(wanted: NewPortal) -> TlsFiles:
    """Make a portal's data folder.

    Raises:
        Problem: ``store-exists``; or where the trust material is not whole.
    """
    data = private_folder(wanted.data)
    # The secret is written last: with both there, TLS is all that may lack, and `serve` makes it.
    if (data / STORE).exists() and (data / SECRET).exists():
        raise Problem("store-exists", f"There is a portal in {data}.")
    if _is_founded(data / STORE):
        # Cut off after the ledger began: who may work on this host makes the rest of it.
        reset_administrator(data, wanted.clock)
        return make_tls_files(data / _TLS)
    # Each step may have been taken by one that was cut off: each can be taken once more.
    trust = _write_trust(wanted)
    SignerPlace(data / _SIGNER).begin(FileSigner.load(wanted.signer))
    replace_file(data / SETTINGS, template().encode("utf-8"))
    with open_portal(data, CssmConfig(), clock=wanted.clock) as portal:
        portal.means.authority.execute(
            FoundLedger(
                root_sets=tuple(map(write_document, trust.root_sets)),
                manufacturers=tuple(one.to_json() for one in trust.manufacturers),
                by=_HOST,
            )
        )
        portal.show_trust()
        _new_secret(data, portal)
    return make_tls_files(data / _TLS)


def back_up(data: Path, target: Path) -> None:
    """Copy a portal's ledger, people and jobs while it works; keys are not in the copy.

    Raises:
        Problem: ``store-missing``, ``store-exists``, ``store-full`` or ``store-failed``;
            ``key-exposed`` as `open_portal`.
    """
    _require_closed(data)
    backup(data / STORE, target)


def restore_portal(data: Path, copy: Path, *, signer: Path | None, clock: Path | None) -> Path:
    """Make a portal from a backup; its next start, which is here, opens a new epoch.

    Args:
        data: The data folder; one that holds a ledger is refused.
        copy: The backup.
        signer: Folder of the signer's key, for a data folder that has none.
        clock: File of a test clock, or null.

    Returns:
        The file of the administrator's new secret: one that a thief may have read with the old
        machine must not open the new one.

    Raises:
        Problem: ``store-exists``; ``store-locked`` where a portal or another restore is at work in
            the folder; ``store-missing`` or others of the copy; of the signer's folder;
            ``store-full`` or ``store-failed``.
    """
    private_folder(data)
    # The lock of the ledger's writer, and before any file is looked at: another restore would lay
    # its signer and its half copy over these, and beside a portal at work nothing is to be moved.
    with WriterLock(data / f"{STORE}.lock"):
        _restore_ledger(data, copy, signer)
    if not (data / SETTINGS).exists():
        replace_file(data / SETTINGS, template().encode("utf-8"))
    return reset_administrator(data, clock)


def _restore_ledger(data: Path, copy: Path, signer: Path | None) -> None:
    ledger = data / STORE
    if ledger.exists() and not (data / SECRET).exists():
        # Cut off behind the ledger, or a portal whose secret was taken away since: only a person
        # can tell, and to go on would give out a portal as restored that is another one.
        detail = f"There is a portal in {data} whose administrator has no secret here."
        hint = f"`gauger cssm admin reset --data {data}` makes one, and the portal can be served."
        raise Problem("store-exists", f"{detail} {hint}")
    if signer is not None and not ledger.exists():
        # Before the ledger: beside one that nobody can sign for, this could not be done again.
        SignerPlace(data / _SIGNER).begin(FileSigner.load(signer))
    restore(copy, ledger)


def replace_signer(data: Path, signer: Path, root: Path | None = None) -> None:
    """Put another signer in place of the portal's; the old one's folder is kept beside it.

    Args:
        data: The data folder.
        signer: Folder of the new signer's key.
        root: Root sets that list it, a file or a folder, taken into the ledger first: a portal
            whose key is lost cannot serve, so nobody could import them.

    Raises:
        Problem: ``store-missing``; ``store-locked`` while the portal serves; of the new signer's
            folder and of the root sets; ``key-exposed`` as `open_portal`.
    """
    # Before anything moves: a folder that holds no whole signer changes nothing.
    fresh = FileSigner.load(signer)
    if not (data / STORE).exists():
        raise Problem("store-missing", f"There is no portal in {data}.")
    _require_closed(data)
    if root is not None:
        _follow_root_sets(data, fresh, root)
    # The lock of the ledger's writer: a portal at work goes on signing with the key that it loaded.
    with WriterLock(data / f"{STORE}.lock"):
        SignerPlace(data / _SIGNER).replace(fresh)


def _follow_root_sets(data: Path, signer: FileSigner, root: Path) -> None:
    documents = read_root_sets(root) if root.is_dir() else (read_root_set(root),)
    authority = Authority(
        store=SqliteLedger(data / STORE),
        signer=signer,
        clock=open_clock(None),
        entropy=SystemEntropy(),
        settings=AuthoritySettings(catalogue=_catalogue()),
    )
    try:
        authority.open([ImportRootSet(document=write_document(o), by=_HOST) for o in documents])
    finally:
        authority.stop()


def reset_administrator(data: Path, clock: Path | None = None) -> Path:
    """Make a new administrator secret on the host; returns the file that holds it.

    Raises:
        Problem: ``store-missing``; ``store-locked`` while the portal serves.
    """
    with open_portal(data, CssmConfig(), clock=clock) as portal:
        return _new_secret(data, portal)


@contextmanager
def open_portal(data: Path, config: CssmConfig, *, clock: Path | None = None) -> Iterator[Portal]:
    """Open a portal's data folder for the time of the block.

    Raises:
        Problem: ``store-missing``, ``key-missing``, ``store-locked``, or of the keys and the store;
            ``key-exposed`` where others may enter the folder or read the administrator's secret.
    """
    signer = SignerPlace(data / _SIGNER)
    if not signer.is_there():
        raise _nobody_signs(data)
    _require_closed(data)
    now, entropy = open_clock(clock), SystemEntropy()
    with ExitStack() as stack:
        authority = Authority(
            store=SqliteLedger(data / STORE),
            signer=signer.load(),
            clock=now,
            entropy=entropy,
            settings=AuthoritySettings(catalogue=_catalogue()),
        )
        # Before the start: one that fails half way has threads and a lock to give back.
        stack.callback(authority.stop)
        authority.start()
        # In the ledger's own file: a backup has people and jobs of the same moment.
        store = PortalStore(data / STORE)
        stack.callback(store.close)
        outside = Outside(
            clock=now,
            entropy=entropy,
            authority=authority,
            store=store,
            files=UploadFiles(data / _UPLOADS),
            trust_files=ServerTrustView(data / _TRUST),
            passwords=Passwords(entropy),
        )
        portal = assemble(outside, config)
        # Called first of all: what it ends works with everything opened before.
        stack.callback(portal.stop)
        portal.show_trust()
        yield portal


def _nobody_signs(data: Path) -> Problem:
    if not _is_founded(data / STORE):
        return Problem("store-missing", f"There is no portal in {data}.")
    # Not `store-missing`: that tells to begin a portal, beside a ledger that only lost its key.
    detail = f"The portal's ledger is in {data}, and the key of its signer is not."
    hint = (
        f"`gauger cssm admin signer --data {data} --signer DIR --root DIR` puts another in place."
    )
    return Problem("key-missing", f"{detail} {hint}")


def _require_closed(data: Path) -> None:
    """Check that a portal's folder and the administrator's secret are their owner's alone.

    `initialise` made both private. What a copy or a careless chmod opened since lets others read
    the secret, and the accounts and people of everybody in the ledger.

    Raises:
        Problem: ``key-exposed``.
    """
    for path in (data, data / SECRET):
        if path.exists():
            require_private(path)


def has_tls(data: Path) -> bool:
    """Whether a portal's TLS key and certificate are there: `tls_files` makes them otherwise."""
    return TlsFiles.below(data / _TLS).key.exists()


def tls_files(data: Path) -> TlsFiles:
    """Return the portal's TLS certificate and key, made anew where they are missing.

    Raises:
        Problem: ``key-exposed`` where others may read the key; as `make_tls_files`.
    """
    if not has_tls(data):
        return make_tls_files(data / _TLS)
    paths = TlsFiles.below(data / _TLS)
    # Often somebody else's certificate tool put it there; the TLS library reads it in any mode.
    read_private(paths.key)
    return paths


def _is_founded(path: Path) -> bool:
    """Return whether a ledger has begun: a cut-off `initialise` may leave one that has not."""
    if not path.exists():
        return False
    store = SqliteLedger(path)
    try:
        return store.lookups.state("ledger") is not None
    finally:
        store.close()


def _write_trust(wanted: NewPortal) -> TrustFolder:
    folder = wanted.data / _TRUST
    # A file stands for its folder: the chain from the first set on is what devices are led along.
    root = wanted.root if wanted.root.is_dir() else wanted.root.parent
    trust = TrustFolder(
        root_sets=read_root_sets(root),
        manufacturers=tuple(map(read_manufacturer, wanted.manufacturers)),
    )
    write_root_sets(folder, trust.root_sets)
    for one in trust.manufacturers:
        write_manufacturer(folder, one)
    return trust


def _new_secret(data: Path, portal: Portal) -> Path:
    made = portal.people.reset_administrator(_HOST)
    path = data / SECRET
    # After the ledger knows it: in a file before, a secret would open nothing.
    write_private(path, f"{made.secret}\n".encode("ascii"))
    return path


def _catalogue() -> frozenset[str]:
    # What none of them names is taken all the same, and flagged: a vendor has more products than
    # these.
    known = (profiles.builtin(name) for name in profiles.names())
    return frozenset(licence.tag for profile in known for licence in profile.licences)
