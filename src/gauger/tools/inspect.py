"""Explains any file of the system in words that an administrator understands.

It reads and judges; it never changes, sends or installs anything.
"""

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gauger.adapters.clock import SystemClock
from gauger.adapters.keys.trust_folder import read_manufacturer, read_newest_root_set, read_trust
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from gauger.tools.explain_file import explain_file
from gauger.tools.explain_folder import explain_folder
from gauger.tools.explain_json import SMALL, explain_json
from gauger.tools.explain_pem import explain_pem
from gauger.tools.explain_plain import explain_by_name, explain_plain
from gauger.tools.explain_report import Yardstick
from gauger.tools.explain_settings import explain_toml
from gauger.tools.explain_store import MAGIC, explain_store
from gauger.tools.finding import Finding, unknown

DETAILED: Final = 50
"""Parts of a file that are told one by one, unless asked otherwise."""

_CHUNK: Final = 64 * 1024
_FOREIGN: Final = frozenset({"malformed", "wrong-type", "xml-not-allowed"})
_SOCKET_STEP: Final = (
    "Nothing to read: `gauger instance exec --data DATA …` speaks to the running agent through it."
)


def read_yardstick(
    root_set: Path | None, manufacturers: Iterable[Path], trust: Path | None = None
) -> Yardstick:
    """Read what an inspection judges by; the time is this machine's.

    Args:
        root_set: A root set's file, or a folder that holds root sets, or None.
        manufacturers: Manufacturer files, or folders that hold ``manufacturer.json``.
        trust: A trust folder, which holds both, as every role keeps one; or None.

    Returns:
        The yardstick; documents of a test clock are taken, and said to be such.

    Raises:
        Problem: ``file-not-found``, or what reading them refuses.
    """
    # To look is not to install: what a test made is explained, and said to be a test's.
    store = TrustStore(accepts_test_clock=True)
    if trust is not None:
        held = read_trust(trust)
        if not held.root_sets and not held.manufacturers:
            detail = f"{trust} holds neither root-set-N.json nor manufacturers/NAME.json."
            raise Problem("file-not-found", detail)
        store = held.store(accepts_test_clock=True)
    for path in manufacturers:
        store = store.with_manufacturer(read_manufacturer(path))
    if root_set is not None:
        # Refused beside a folder that holds one: nobody said which of the two is meant.
        store = store.pin(read_newest_root_set(root_set))
    return Yardstick(trust=store, now=SystemClock().wall())


def inspect_path(path: Path, yardstick: Yardstick, *, detailed: int = DETAILED) -> Finding:
    """Explain a file or folder.

    Args:
        path: The file or folder.
        yardstick: What to judge by.
        detailed: How many parts of a file are told one by one; all are counted.

    Returns:
        What it is and what is in it; one with a problem where it is none of this system.

    Raises:
        Problem: ``file-not-found``, or why what it claims to be cannot be read.
    """
    kind = _kind(path)
    if stat.S_ISDIR(kind):
        return explain_folder(path, lambda member: inspect_path(member, yardstick))
    if stat.S_ISSOCK(kind):
        return Finding(title="Socket of a running process", next_steps=(_SOCKET_STEP,))
    if not stat.S_ISREG(kind):
        # A pipe or device is never opened: reading one may wait for ever, or do something.
        return unknown("a pipe or device, which is not opened here")
    return _explain_regular(path, yardstick, detailed)


def _kind(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            detail = f"{path} is a link to {path.readlink()}, which cannot be followed"
            raise Problem("file-not-found", f"{detail}: {error.strerror}.") from error
        raise _unreadable(path, error) from error


def _explain_regular(path: Path, yardstick: Yardstick, detailed: int) -> Finding:
    start = b"".join(_chunks(path, most=_CHUNK))
    # Before the content: keys and anchors are sealed or random, and would pass for damage.
    named = explain_by_name(path, path.stat().st_size)
    if named is not None:
        return named
    if not start:
        raise Problem("truncated", f"{path} is empty.")
    text = start.removeprefix(_BOM).lstrip()
    if text.startswith(b"{"):
        return explain_json(_read_small(path), yardstick)
    if text.startswith(b"-----BEGIN") and not text.startswith(_PGP):
        # All of it: a bundle of authorities may be longer than what tells one kind from another.
        return explain_pem(path, _read_small(path).removeprefix(_BOM).lstrip(), yardstick)
    if start.startswith(MAGIC):
        return explain_store(path, start)
    if path.suffix == ".toml":
        return explain_toml(path, _read_small(path))
    if text.startswith(b"<"):
        return _explain_markup(path, start, yardstick, detailed)
    return explain_plain(path, start) or explain_file(_chunks(path), yardstick, detailed)


def _explain_markup(path: Path, start: bytes, yardstick: Yardstick, detailed: int) -> Finding:
    try:
        return explain_file(_chunks(path), yardstick, detailed)
    except Problem as problem:
        # What is damaged keeps its own problem; what never was ours is said to be something else.
        if problem.code not in _FOREIGN or b"smartLicense" in start or b"RUMReport" in start:
            raise
        return explain_plain(path, start) or unknown("XML of something else")


_PGP: Final = b"-----BEGIN PGP"
_BOM: Final = b"\xef\xbb\xbf"


def _chunks(path: Path, *, most: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes, the first ``most`` of them where that is given."""
    try:
        with path.open("rb") as file:
            if most is not None:
                yield file.read(most)
                return
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem("file-not-found", f"{path} cannot be read: {error.strerror}.")


def _read_small(path: Path) -> bytes:
    return b"".join(_chunks(path, most=SMALL + 1))
