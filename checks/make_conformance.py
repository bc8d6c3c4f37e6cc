"""Write the cases of the conformance suite (`spec/conformance.md`).

Keys are fixed and signing is deterministic, so every run makes the same files. With ``--check``
nothing is written: what would change is named, and the exit code is 1.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.conformance_cases import (
    answers,
    authorizations,
    carriers,
    envelopes,
    material,
    reports,
    trusting,
)
from checks.conformance_cases.case import Case

ROOT = Path(__file__).resolve().parent.parent / "conformance"


def cases() -> Iterator[Case]:
    """Yield all cases."""
    yield from envelopes.cases()
    yield from answers.cases()
    yield from trusting.cases()
    yield from reports.cases()
    yield from carriers.cases()
    yield from authorizations.cases()


def contents() -> dict[str, bytes]:
    """Return every file by its path below `ROOT`."""
    files: dict[str, bytes] = {}
    for folder, held in material.trust_folders().items():
        files |= {f"trust/{folder}/{name}": text.encode() for name, text in held.items()}
    for case in cases():
        for name, content in case.written().items():
            path = f"cases/{case.folder}/{name}"
            if path in files:
                raise ValueError(f"two cases are named {case.folder}")
            files[path] = content
    return files


def present(root: Path) -> dict[str, bytes]:
    """Return the files that are there."""
    folders = (root / "cases", root / "trust")
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def main() -> int:
    """Write the files, or say which would change."""
    wanted, there = contents(), present(ROOT)
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))  # fmt: skip
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"conformance/{name} is not what make_conformance.py makes")
        return 1 if stale else 0
    for folder in ("cases", "trust"):
        shutil.rmtree(ROOT / folder, ignore_errors=True)
    for name, content in wanted.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(wanted)} files written, {len(stale)} of them new or changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
