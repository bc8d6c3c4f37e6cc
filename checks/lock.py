"""Make the lock files of ``requirements/`` from the groups of ``pyproject.toml``.

They carry hashes and no address: which index serves a package is the user's own setting, and no
registry's host name stands in the project.
"""

import argparse
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file and what goes into it.

    Attributes:
        name: File name in ``requirements/``.
        source: The arguments of ``uv pip compile`` that name its packages.
    """

    name: str
    source: tuple[str, ...]


# `dev` comes first: the others that share packages with it are held to the same versions.
LOCKS = (
    Lock(name="dev.txt", source=("pyproject.toml", "--group", "dev")),
    Lock(name="runtime.txt", source=("pyproject.toml", "--constraint", "requirements/dev.txt")),
    Lock(
        name="uv.txt",
        source=("--group", "pyproject.toml:bootstrap", "--constraint", "requirements/dev.txt"),
    ),
    Lock(name="interop.txt", source=("--group", "pyproject.toml:interop")),
    Lock(name="interop-ansible.txt", source=("--group", "pyproject.toml:interop-ansible")),
    Lock(name="interop-scrapli.txt", source=("--group", "pyproject.toml:interop-scrapli")),
)
OPTIONS = (
    "--quiet",
    "--system-certs",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+( ; .+)?$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Split a lock file into its entries.

    Args:
        text: The file's text.

    Yields:
        The requirement and its hash options.
    """
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            requirement, *hashes = re.split(r"\s+(?=--hash)", stripped)
            yield requirement.strip(), [part.strip() for part in hashes]


def faults(text: str) -> list[str]:
    """Find what does not belong into a lock file: a package unpinned, without hash, or an address.

    Args:
        text: The file's text.

    Returns:
        One line for each fault; empty where all is well.
    """
    found = [f"address: {line.strip()}" for line in text.splitlines() if "://" in line]
    for requirement, hashes in entries(text):
        if not PIN.match(requirement):
            found.append(f"not pinned to one version: {requirement}")
        if not hashes or not all(HASH.match(part) for part in hashes):
            found.append(f"without a SHA-256: {requirement}")
    return found


def check(folder: Path) -> list[str]:
    """Find what does not belong into the lock files of a folder; nothing is resolved.

    Args:
        folder: Where they are.

    Returns:
        One line for each fault, the file's name before it.
    """
    found = []
    for lock in LOCKS:
        path = folder / lock.name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found += [f"{lock.name}: {fault}" for fault in faults(text)]
        if not text.strip():
            found.append(f"{lock.name}: missing or empty")
    return found


def compile_lock(lock: Lock, *, upgrade: bool) -> None:
    """Resolve one lock file and check it.

    Args:
        lock: Which one.
        upgrade: Take the newest versions; else keep those locked where they still fit.

    Raises:
        SystemExit: Where it cannot be resolved, or came out with a fault.
    """
    target = FOLDER / lock.name
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "pip", "compile", *OPTIONS, *lock.source, "--output-file", str(target)]
    if upgrade:
        command.append("--upgrade")
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise SystemExit(f"lock: {lock.name} could not be resolved")
    wrong = faults(target.read_text(encoding="utf-8"))
    if wrong:
        raise SystemExit("\n".join([f"lock: {lock.name} has faults", *wrong]))
    print(f"lock: requirements/{lock.name} stands")


def main() -> None:
    """Make all lock files."""
    parser = argparse.ArgumentParser(description="Make the lock files of requirements/.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="check lock files, make none")
    given = parser.parse_args()
    if given.check is not None:
        wrong = check(given.check)
        sys.exit("\n".join([f"lock: {given.check} has faults", *wrong]) if wrong else 0)
    upgrade = given.upgrade
    FOLDER.mkdir(exist_ok=True)
    for lock in LOCKS:
        compile_lock(lock, upgrade=upgrade)


if __name__ == "__main__":
    main()
