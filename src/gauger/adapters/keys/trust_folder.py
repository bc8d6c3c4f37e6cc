"""A folder of public trust material: ``root-set-N.json`` and ``manufacturers/NAME.json``.

Device bundles and every role's data folder hold one. Nothing in it is secret. A bundle's is what
its maker chose to trust; a data folder's only shows what the store of that role holds.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import replace_file, sync_folder
from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document, write_document
from gauger.core.documents.manufacturer import MANUFACTURER_CAP, Manufacturer
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import digest
from gauger.core.problems import Problem

MANUFACTURERS: Final = "manufacturers"
MANUFACTURER_FILE: Final = "manufacturer.json"
# No leading zeros: two names of one number could hold two root sets.
_ROOT_SET: Final = re.compile(r"root-set-([1-9][0-9]{0,8})\.json")
# A manufacturer's name is its own text: nothing of it may lead out of the folder.
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
        # From the lowest on: each is believed by the keys of the one before it, not by its place.
        return store.pin(self.root_sets[0]).advance_all(self.root_sets[1:])


def read_trust(folder: Path) -> TrustFolder:
    """Read a trust folder; one that does not exist is empty.

    Raises:
        Problem: Where a file in it is not what its name says.
    """
    # A folder lists its files in no order, and two starts must not differ.
    manufacturers = sorted((folder / MANUFACTURERS).glob("*.json"))
    return TrustFolder(
        root_sets=read_root_sets(folder),
        manufacturers=tuple(map(read_manufacturer, manufacturers)),
    )


def show_root_sets(folder: Path, documents: Sequence[Document]) -> None:
    """Make a folder show these root sets and no others; everything else in it stays.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
    """
    write_root_sets(folder, documents)
    # Those that are to be shown are durable by now: a crash in between leaves one too many.
    _keep_only(folder, "root-set-*.json", {_root_set_name(document) for document in documents})


def show_manufacturers(folder: Path, manufacturers: Sequence[Manufacturer]) -> None:
    """Make a folder show these manufacturers and no others.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
    """
    names: set[str] = set()
    for manufacturer in manufacturers:
        name = _manufacturer_name(manufacturer.name)
        if name in names:
            # Names that differ in a capital only would else overwrite each other's file.
            name = f"{name}-{digest(manufacturer.name.encode())[:8]}"
        names.add(name)
        text = (manufacturer.to_json() + "\n").encode("ascii")
        _write(_make(folder / MANUFACTURERS) / f"{name}.json", text)
    _keep_only(folder / MANUFACTURERS, "*.json", {f"{name}.json" for name in names})


def read_root_sets(folder: Path) -> tuple[Document, ...]:
    """Read the root sets of a folder in rising order; their signatures are not judged here."""
    found = ((_ROOT_SET.fullmatch(path.name), path) for path in folder.glob("root-set-*.json"))
    # As numbers: root-set-10 follows root-set-9.
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
        text = (write_document(document) + "\n").encode("ascii")
        _write(folder / _root_set_name(document), text)


def write_manufacturer(folder: Path, manufacturer: Manufacturer) -> None:
    """Write a manufacturer durably into a trust folder, replacing an older file of its name.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    path = _make(folder / MANUFACTURERS) / f"{_manufacturer_name(manufacturer.name)}.json"
    _write(path, (manufacturer.to_json() + "\n").encode("ascii"))


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


def _root_set_name(document: Document) -> str:
    return f"root-set-{RootSet.from_document(document).number}.json"


def _manufacturer_name(name: str) -> str:
    return _NOT_A_NAME.sub("-", name.lower()).strip("-") or "manufacturer"


def _write(path: Path, content: bytes) -> None:
    """Write a file unless it is that already: every start would else wear the flash."""
    try:
        # Its size first: what lies there may be endless, or a pipe that nobody writes to.
        same = path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        same = False
    if not same:
        replace_file(path, content)


def _keep_only(folder: Path, pattern: str, names: set[str]) -> None:
    if not folder.is_dir():
        return
    try:
        for path in folder.glob(pattern):
            if path.name not in names:
                path.unlink()
        sync_folder(folder)
    except OSError as error:
        message = f"The folder {folder} cannot be cleared of what is not held: {error.strerror}."
        raise Problem("file-not-written", message) from error


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # `mkdir` leaves one that exists as it is, and the umask takes part otherwise.
        folder.chmod(0o700)
        sync_folder(folder.parent)
    except OSError as error:
        message = f"The folder {folder} cannot be made: {error.strerror}."
        raise Problem("file-not-written", message) from error
    return folder
