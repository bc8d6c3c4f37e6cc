"""Words that stand in no file of the project: registry hosts, paths of the machine at hand.

A lock file or setting that names one registry fails for everybody with a mirror; a path of one
machine fails on every other. The words themselves are computed, or they would stand here.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

SIZE_CAP = 4_000_000  # bytes; no text of ours is larger
HOST = re.compile(r"https?://(?:[^/@\s]*@)?([a-z0-9.-]+)")
# Folders that are nobody's in particular: a test may name them.
COMMON = {Path("/"), Path("/tmp"), Path("/home"), Path("/srv"), Path("/opt"), Path("/var/tmp")}  # noqa: S108 - named, never written to
PUBLIC = (
    ("pypi", "org"),
    ("files", "pythonhosted", "org"),
    ("registry", "npmjs", "org"),
    ("deb", "debian", "org"),
)
LOOPBACK = re.compile(r"localhost|127\.|0\.0\.0\.0")


def registry_hosts(environ: Mapping[str, str]) -> set[str]:
    """Return the hosts of package registries: the public ones, and those this machine is set to.

    Args:
        environ: Environment variables.

    Returns:
        Host names.
    """
    public = {".".join(parts) for parts in PUBLIC}
    settings = [
        value for name, value in environ.items() if name.startswith(("PIP_", "UV_", "NPM_"))
    ]
    own = {host for value in settings for host in HOST.findall(value)}
    return public | {host for host in own if "." in host and not LOOPBACK.match(host)}


def machine_paths(root: Path, home: Path) -> set[str]:
    """Return the paths that only this machine has.

    Args:
        root: The project's folder.
        home: The user's home.

    Returns:
        The project's parent and the home, each with a slash at its end.
    """
    return {f"{path}/" for path in (root.resolve().parent, home) if path not in COMMON}


def tracked_files(root: Path) -> list[Path]:
    """Return the files that git tracks, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    paths = [root / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.stat().st_size <= SIZE_CAP]


def forbidden_words(root: Path) -> Iterator[tuple[str, str]]:
    """Find forbidden words in the project's files.

    Args:
        root: The project's folder.

    Yields:
        The file, relative to the project's folder, and what it names.
    """
    words = dict.fromkeys(registry_hosts(os.environ), "a registry's host")
    words |= dict.fromkeys(machine_paths(root, Path.home()), "a path of this machine")
    for path in tracked_files(root):
        text = path.read_text(encoding="utf-8", errors="replace")
        for word, kind in sorted(words.items()):
            # A folder of ours may end like one of the machine, as the root below a factory does.
            if re.search(rf"(?<![\w.-]){re.escape(word)}", text):
                yield path.relative_to(root).as_posix(), f"names {kind}"
