"""What a product instance keeps of its device bundle: who it is and whom it trusts.

Private keys go to the key folder, everything else to the data folder. Both outlive the store: a
new incarnation is still the same product instance.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.keys.bundle import BUNDLE_FILE, DOCUMENTS, SUDI_CERTIFICATE, SUDI_KEY, Bundle
from gauger.adapters.keys.file import FileSigner, load_certificates, load_key, save_key
from gauger.adapters.keys.trust_folder import (
    TrustFolder,
    read_file,
    write_manufacturer,
    write_root_sets,
)
from gauger.adapters.storage.private_files import (
    named_failure,
    private_folder,
    replace_file,
    sync_folder,
)
from gauger.core.documents import keyring
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document, write_document
from gauger.core.fields import Fields
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.core.profiles import Profile, read_profile
from gauger.core.strict_json import decode

IDENTITY: Final = "identity"
TRUST: Final = "trust"
FACTORY_KEY: Final = "licensing-factory.pem"
"""Key file of the factory trust code, named as `LicensingKeys` names the key ``factory``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a product instance is.

    Attributes:
        udi: Its name.
        profile: Its product.
        sudi: Its SUDI key, or None where that is lost.
        trust: Root sets and manufacturers that it was made with, where the disk had no room to
            keep them; None where they lie in the data folder.
        documents: What the factory installed, by type.
        has_factory_key: Whether the factory trust code's key is there.
    """

    udi: Udi
    profile: Profile
    sudi: FileSigner | None
    trust: TrustFolder | None
    documents: Mapping[str, Document]
    has_factory_key: bool


def take_in(bundle: Bundle, data: Path, keys: Path) -> None:
    """Keep what a bundle brings; the last file written makes it valid.

    Args:
        bundle: The bundle, read and checked.
        data: Data folder of the product instance.
        keys: Its key folder.

    Raises:
        Problem: ``store-exists`` where another identity is there; ``store-full``,
            ``store-failed`` or ``key-exposed``.
    """
    folder = data / IDENTITY
    if (folder / BUNDLE_FILE).exists():
        held, _ = read_facts(data)
        # Else the use that one device measured would be reported by another.
        if held != bundle.udi:
            message = f"{data} is the store of {held}; the bundle is of {bundle.udi}."
            raise Problem("store-exists", message)
        # Taken in before. Where only the key was lost, the bundle may bring it back.
        if (keys / SUDI_KEY).exists():
            return
    private_folder(keys)
    _make(folder)
    _save_once(keys / SUDI_KEY, bundle.sudi_key)
    if bundle.trust_key is not None:
        _save_once(keys / FACTORY_KEY, bundle.trust_key)
    replace_file(folder / SUDI_CERTIFICATE, keyring.certificate_to_pem(bundle.sudi))
    write_root_sets(data / TRUST, bundle.trust.root_sets)
    for manufacturer in bundle.trust.manufacturers:
        write_manufacturer(data / TRUST, manufacturer)
    for kind, document in bundle.documents.items():
        replace_file(folder / f"{kind}.json", write_document(document).encode("ascii"))
    # Last: without this file nothing was taken in, and the next start does all of it again.
    facts = {"udi": bundle.udi.to_json(), "profile": bundle.profile.to_json()}
    replace_file(folder / BUNDLE_FILE, json.dumps(facts, indent=2, sort_keys=True).encode("ascii"))


def read_identity(data: Path, keys: Path) -> Identity:
    """Return who the product instance of a folder is.

    Raises:
        Problem: ``store-missing`` where no bundle was taken in; ``key-exposed`` where others may
            read the SUDI key; ``bundle-invalid`` where key and certificate do not fit.
    """
    folder = data / IDENTITY
    udi, profile = read_facts(data)
    paths = {kind: folder / f"{kind}.json" for kind in DOCUMENTS}
    return Identity(
        udi=udi,
        profile=profile,
        sudi=_read_sudi(folder, keys),
        trust=None,
        documents={
            kind: read_document(read_file(path, DOCUMENT_CAP))
            for kind, path in paths.items()
            if path.exists()
        },
        has_factory_key=(keys / FACTORY_KEY).exists(),
    )


def identity_of(bundle: Bundle) -> Identity:
    """Return who the product instance of a bundle is, where the disk has no room to keep it."""
    return Identity(
        udi=bundle.udi,
        profile=bundle.profile,
        sudi=bundle.signer,
        trust=bundle.trust,
        documents=bundle.documents,
        has_factory_key=bundle.trust_key is not None,
    )


def read_facts(data: Path) -> tuple[Udi, Profile]:
    """Return the name and the product of a folder's product instance.

    Raises:
        Problem: ``store-missing`` where no bundle was taken in; ``bundle-invalid``.
    """
    path, what = data / IDENTITY / BUNDLE_FILE, "the identity of the product instance"
    if not path.exists():
        message = f"{data} holds no product instance; name its device bundle at the first start."
        raise Problem("store-missing", message)
    value = decode(read_file(path, DOCUMENT_CAP), what=what, cap=DOCUMENT_CAP)
    profile = value.get("profile") if isinstance(value, dict) else None
    if not isinstance(profile, dict):
        raise Problem("bundle-invalid", f"{path} holds no profile.")
    return Fields(value, what).udi("udi"), read_profile(profile, source=str(path))


def _read_sudi(folder: Path, keys: Path) -> FileSigner | None:
    """Read the SUDI; a lost one stops reports, never the use of licences."""
    try:
        return FileSigner(load_key(keys / SUDI_KEY), load_certificates(folder / SUDI_CERTIFICATE))
    except Problem as problem:
        # One that others may read, or of another device, is not lost: it must not sign at all.
        if problem.code != "key-missing":
            raise
        return None


def _save_once(path: Path, key: keyring.PrivateKey) -> None:
    """Save a key unless an interrupted first start has done so already."""
    if not path.exists():
        save_key(path, key)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise named_failure(error, folder) from error
