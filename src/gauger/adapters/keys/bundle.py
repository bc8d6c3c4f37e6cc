"""Device bundles: what a product instance leaves the factory with (`spec/bundle.md`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.adapters.keys.file import FileSigner, load_certificates, load_key, save_key
from gauger.adapters.keys.trust_folder import (
    TrustFolder,
    read_file,
    read_trust,
    write_manufacturer,
    write_root_sets,
)
from gauger.adapters.storage.private_files import private_folder, replace_file, sync_folder
from gauger.core.documents import keyring
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document, write_document
from gauger.core.documents.keyring import PrivateKey
from gauger.core.fields import Fields
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Profile, read_profile
from gauger.core.strict_json import decode

BUNDLE_FILE: Final = "bundle.json"
SUDI_KEY: Final = "sudi.key.pem"
SUDI_CERTIFICATE: Final = "sudi.cert.pem"
TRUST_KEY: Final = "trust.key.pem"
TRUST: Final = "trust"
FORMAT: Final = 1
DOCUMENTS: Final = ("policy", "trust-code", "authorization-code", "purchase-info")
"""Types of the documents that may lie in a bundle, each in a file of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What lies in a device bundle.

    Attributes:
        udi: Whose it is.
        profile: Which product.
        made_at: When it was minted, epoch seconds.
        sudi_key: The SUDI's private key.
        sudi: The SUDI certificate (DER).
        trust: Root sets and manufacturers.
        documents: Signed documents by type: policy, trust code, authorization code, purchase
            information.
        trust_key: The private key of the factory trust code, or None.
    """

    udi: Udi
    profile: Profile
    made_at: int
    sudi_key: PrivateKey
    sudi: bytes
    trust: TrustFolder
    documents: Mapping[str, Document] = field(default_factory=dict)
    trust_key: PrivateKey | None = None

    @property
    def signer(self) -> FileSigner:
        """The SUDI as a signer."""
        return FileSigner(self.sudi_key, (self.sudi,))


def write_bundle(folder: Path, bundle: Bundle) -> None:
    """Write a bundle durably; it appears as a whole or not at all.

    Args:
        folder: New folder; its parent exists or is made.
        bundle: What to write.

    Raises:
        Problem: ``conflict`` where the folder exists; ``file-not-written``, ``store-full`` or
            ``store-failed``.
    """
    if folder.exists():
        raise Problem("conflict", f"{folder} exists; a bundle is never overwritten.")
    # By a rename at the end: half a bundle would make a device without a key, or without trust.
    new = folder.with_name(f".{folder.name}.new")
    try:
        _clear(new)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill(private_folder(new), bundle)
        new.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}."
        raise Problem("file-not-written", message) from error


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check that its parts belong together.

    What its documents say is judged under its trust material by whoever installs them.

    Raises:
        Problem: ``file-not-found`` where there is no bundle in the folder; ``bundle-invalid``
            where a part is missing or of another device; ``key-exposed`` where others may read
            its keys; or of the decoder.
    """
    # Apart from the other parts: without it this is no broken bundle, but a path that leads nowhere.
    facts = read_file(folder / BUNDLE_FILE, DOCUMENT_CAP)
    try:
        bundle = _read(folder, facts)
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}."
        raise Problem("file-not-found", message) from error
    except Problem as problem:
        # What is missing makes the bundle invalid; an exposed key keeps the name that says so.
        if problem.code not in {"file-not-found", "key-missing"}:
            raise
        raise Problem("bundle-invalid", f"{folder}: {problem.detail}") from problem
    _check(bundle)
    return bundle


def _fill(folder: Path, bundle: Bundle) -> None:
    save_key(folder / SUDI_KEY, bundle.sudi_key)
    replace_file(folder / SUDI_CERTIFICATE, keyring.certificate_to_pem(bundle.sudi))
    if bundle.trust_key is not None:
        save_key(folder / TRUST_KEY, bundle.trust_key)
    write_root_sets(folder / TRUST, bundle.trust.root_sets)
    for manufacturer in bundle.trust.manufacturers:
        write_manufacturer(folder / TRUST, manufacturer)
    for kind, document in bundle.documents.items():
        replace_file(folder / f"{kind}.json", write_document(document).encode("ascii") + b"\n")
    facts = {
        "format": FORMAT,
        "udi": bundle.udi.to_json(),
        "made_at": bundle.made_at,
        "profile": bundle.profile.to_json(),
    }
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    replace_file(folder / BUNDLE_FILE, text.encode("ascii"))


def _read(folder: Path, facts: bytes) -> Bundle:
    what = "the device bundle"
    value = decode(facts, what=what, cap=DOCUMENT_CAP)
    fields = Fields(value, what)
    # First: a later format may mean other things by the names that are read below.
    if fields.integer("format", least=1) != FORMAT:
        raise Problem("upgrade-needed", f"{folder} is a bundle of a format that is newer.")
    profile = value["profile"] if isinstance(value, dict) and "profile" in fields else None
    if not isinstance(profile, dict):
        raise Problem("bundle-invalid", f"{folder / BUNDLE_FILE} holds no profile.")
    trust_key = folder / TRUST_KEY
    return Bundle(
        udi=fields.udi("udi"),
        profile=read_profile(profile, source=str(folder / BUNDLE_FILE)),
        made_at=fields.time("made_at"),
        sudi_key=load_key(folder / SUDI_KEY),
        sudi=load_certificates(folder / SUDI_CERTIFICATE)[0],
        trust=read_trust(folder / TRUST),
        documents=_read_documents(folder),
        trust_key=load_key(trust_key) if trust_key.exists() else None,
    )


def _read_documents(folder: Path) -> dict[str, Document]:
    paths = {kind: folder / f"{kind}.json" for kind in DOCUMENTS}
    return {
        kind: read_document(read_file(path, DOCUMENT_CAP))
        for kind, path in paths.items()
        if path.exists()
    }


def _check(bundle: Bundle) -> None:
    certificate = keyring.load_certificate(bundle.sudi)
    subject = keyring.sudi_udi(certificate)
    # Parts of two bundles that were mixed up would report one device's use as another's.
    if subject != bundle.udi or certificate.key_id != bundle.sudi_key.key_id:
        detail = f"The SUDI of {subject} and its key are not those of {bundle.udi}."
        raise Problem("bundle-invalid", detail)
    # The profile says what licences there are: another product's would be counted here.
    if bundle.udi.pid not in bundle.profile.pids:
        detail = f"The product {bundle.profile.name} has no PID {bundle.udi.pid}."
        raise Problem("bundle-invalid", detail)
    for kind, document in bundle.documents.items():
        # Nobody signs the name of a file.
        if document.type != kind:
            raise Problem("bundle-invalid", f"{kind}.json holds a document of another type.")


def _clear(folder: Path) -> None:
    """Remove what a mint that was interrupted left behind; nothing of it was ever given out."""
    if not folder.exists():
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
