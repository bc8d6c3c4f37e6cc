"""A folder of public trust material: ``root-set-N.json`` and ``manufacturers/NAME.json``.

Device bundles and every role's data folder hold one. Nothing in it is secret; what it says is
trusted because the operator put it there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import replace_file, sync_folder
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document, write_document
from gauger.core.documents.manufacturer import MANUFACTURER_CAP, Manufacturer
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem

MANUFACTURERS: Final = "manufacturers"
MANUFACTURER_FILE: Final = "manufacturer.json"
_ROOT_SET: Final = re.compile(r"root-set-([1-9][0-9]{0,8})\.json")
_NOT_A_NAME: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """What a trust folder holds.

    Attributes:
        root_sets: Root sets in rising order of their numbers.
        manufacturers: Manufacturers in order of their file names.
    """

    root_sets: tuple[Document, ...]
    manufacturers: tuple[Manufacturer, ...]

    def store(self, *, accepts_test_clock: bool = False) -> TrustStore:
        """Pin the lowest root set of the folder and follow those above it.

        Raises:
            Problem: As `TrustStore.pin` and `TrustStore.advance`.
        """
        store = TrustStore(manufacturers=self.manufacturers, accepts_test_clock=accepts_test_clock)
        if not self.root_sets:
            return store
        return store.pin(self.root_sets[0]).advance_all(self.root_sets[1:])


def read_trust(folder: Path) -> TrustFolder:
    """Read a trust folder; one that does not exist is empty.

    Raises:
        Problem: Where a file in it is not what its name says.
    """
    manufacturers = sorted((folder / MANUFACTURERS).glob("*.json"))
    return TrustFolder(
        root_sets=read_root_sets(folder),
        manufacturers=tuple(map(read_manufacturer, manufacturers)),
    )


def read_root_sets(folder: Path) -> tuple[Document, ...]:
    """Read the root sets of a folder in rising order; their signatures are not judged here."""
    found = ((_ROOT_SET.fullmatch(path.name), path) for path in folder.glob("root-set-*.json"))
    numbered = sorted((int(name[1]), path) for name, path in found if name)
    return tuple(read_root_set(path) for _, path in numbered)


def read_root_set(path: Path) -> Document:
    """Read one root set file; its signatures are not judged here.

    Raises:
        Problem: ``file-not-found``, ``wrong-type``, or of the decoder.
    """
    document = read_document(read_file(path, DOCUMENT_CAP))
    RootSet.from_document(document)
    return document


def read_newest_root_set(path: Path) -> Document:
    """Read a root set file, or the newest root set of a folder; signatures are not judged here.

    Raises:
        Problem: ``file-not-found`` where the folder holds none, or as `read_root_set`.
    """
    if not path.is_dir():
        return read_root_set(path)
    root_sets = read_root_sets(path)
    if not root_sets:
        raise Problem("file-not-found", f"The folder {path} holds no root-set-N.json.")
    return root_sets[-1]


def read_manufacturer(path: Path) -> Manufacturer:
    """Read a manufacturer file, or the ``manufacturer.json`` of a manufacturer's folder.

    Raises:
        Problem: ``file-not-found``, ``malformed``, or of the decoder.
    """
    file = path / MANUFACTURER_FILE if path.is_dir() else path
    return Manufacturer.from_json(read_file(file, MANUFACTURER_CAP))


def write_root_sets(folder: Path, documents: Iterable[Document]) -> None:
    """Write root sets durably, each under its number.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    _make(folder)
    for document in documents:
        number = RootSet.from_document(document).number
        text = write_document(document) + "\n"
        replace_file(folder / f"root-set-{number}.json", text.encode("ascii"))


def write_manufacturer(folder: Path, manufacturer: Manufacturer) -> None:
    """Write a manufacturer durably into a trust folder, replacing an older file of its name.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    name = _NOT_A_NAME.sub("-", manufacturer.name.lower()).strip("-") or "manufacturer"
    path = _make(folder / MANUFACTURERS) / f"{name}.json"
    replace_file(path, (manufacturer.to_json() + "\n").encode("ascii"))


def read_file(path: Path, cap: int) -> bytes:
    """Read a file of bounded size.

    Raises:
        Problem: ``file-not-found`` or ``too-large``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(cap + 1)
    except OSError as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > cap:
        raise Problem("too-large", f"{path} is over {cap} bytes.")
    return data


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        message = f"The folder {folder} cannot be made: {error.strerror}."
        raise Problem("file-not-written", message) from error
    return folder
