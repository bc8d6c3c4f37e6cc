"""Explains folders: what kind each is, and every entry in it, whatever that is."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem
from gauger.tools.finding import Finding

_MOST_TOLD: Final = 200
_MOST_COUNTED: Final = 100_000
_KINDS: Final = (
    (
        ("bundle.json",),
        "Device bundle folder",
        "Start the product instance with it: `gauger instance run --data DATA --bundle FOLDER`.",
    ),
    (
        ("cssm.sqlite",),
        "Data folder of a portal",
        "Prove its ledger whole: `gauger fsck --data FOLDER`; copy it: `gauger cssm backup`.",
    ),
    (
        ("store.sqlite",),
        "Data folder of a product instance",
        "Prove its store whole: `gauger fsck --data FOLDER`.",
    ),
    (
        ("store.key",),
        "Key folder of a product instance",
        "Keep it 0700 and apart from copies of the data folder: both together can be read.",
    ),
    (
        ("manufacturer", "root"),
        "Factory folder: a manufacturer and a licensing root",
        "Mint with `gauger factory mint`; keep the root's keys offline.",
    ),
    (
        ("root-1.key.pem",),
        "Licensing root",
        "Keep it offline; no server needs it. `gauger trust show` tells what it says.",
    ),
    (
        ("ca.key.pem", "manufacturer.json"),
        "Manufacturer's folder",
        "Give manufacturer.json to portals; keep the key in the factory.",
    ),
    (("key.pem", "certificate.pem"), "Key and certificate", "Keep the folder 0700."),
    (
        ("manufacturers",),
        "Trust folder",
        "Judge by it: `gauger inspect PATH --trust FOLDER`, if you know where it comes from.",
    ),
)


def explain_folder(folder: Path, explain: Callable[[Path], Finding]) -> Finding:
    """Explain a folder and what is in it; what cannot be read is told, and the rest goes on.

    Args:
        folder: The folder.
        explain: Explains one entry.

    Raises:
        Problem: ``file-not-found`` where it cannot be listed or is empty.
    """
    walk = _Walk(folder)
    parts = tuple(_explain_member(folder, path, explain) for path in islice(walk, _MOST_TOLD))
    more = sum(1 for _ in islice(walk, _MOST_COUNTED))
    parts += tuple(walk.unlisted)
    if not parts:
        raise Problem("file-not-found", f"The folder {folder} is empty.")
    title, step = _kind(folder)
    facts = [("Files", str(len(parts) - len(walk.unlisted) + more))]
    if more:
        told = f"the first {_MOST_TOLD}; inspect the folders in it by themselves for the rest"
        facts.append(("Told below", told))
    return Finding(title=title, facts=tuple(facts), next_steps=(step,) if step else (), parts=parts)


def _kind(folder: Path) -> tuple[str, str]:
    for marks, title, step in _KINDS:
        # Also a link that leads nowhere: what a folder is meant to be is told by its names.
        if all(os.path.lexists(folder / mark) for mark in marks):
            return title, step
    return "Folder", ""


class _Walk:
    """Everything below a folder but folders, in order; links are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unlisted: list[Finding] = []
        self._found = self._files()

    def __iter__(self) -> Iterator[Path]:
        return self._found

    def _files(self) -> Iterator[Path]:
        # Sorted folder by folder, so that a huge tree is never held as a whole.
        for place, folders, files in os.walk(self._folder, onerror=self._note):
            folders.sort()
            linked = [name for name in folders if (Path(place) / name).is_symlink()]
            yield from (Path(place) / name for name in sorted([*files, *linked]))

    def _note(self, error: OSError) -> None:
        path = Path(error.filename)
        # The folder that was asked for is the question itself; one below it is a finding among
        # others.
        if path == self._folder:
            detail = f"{path} cannot be read: {error.strerror}."
            raise Problem("file-not-found", detail) from error
        self.unlisted.append(
            Finding(
                title=f"{path.relative_to(self._folder).as_posix()}: a folder that cannot be read",
                problem=Problem("file-not-found", f"{path} cannot be read: {error.strerror}."),
            )
        )


def _explain_member(folder: Path, path: Path, explain: Callable[[Path], Finding]) -> Finding:
    name = path.relative_to(folder).as_posix()
    try:
        # A link may lead round in a circle or out of the folder: where to is told, no more.
        if path.is_symlink():
            return Finding(
                title=f"{name}: a link", facts=(("Leads to", os.fspath(path.readlink())),)
            )
        finding = explain(path)
    except Problem as problem:
        return Finding(title=f"{name}: cannot be read", problem=problem)
    except OSError as error:
        detail = f"{path} cannot be read: {error.strerror}."
        return Finding(title=f"{name}: cannot be read", problem=Problem("file-not-found", detail))
    if finding.problem is not None and finding.problem.code == "wrong-type":
        # In a folder a stranger is no fault: whoever asks for one file meant that file.
        return Finding(title=f"{name}: not a file of this system", facts=finding.facts)
    return replace(finding, title=f"{name}: {finding.title}")
