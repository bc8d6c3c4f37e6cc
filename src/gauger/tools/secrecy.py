"""Who may use a file: what is said of secrets, and of what is no secret."""

import stat
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import require_private
from gauger.core.problems import Problem

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

PUBLIC: Final = ("Private", "no: there is no secret in it")
"""Fact of a file that could be taken for a secret, and is none."""


def private(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the facts of a secret: that it is one, and whom the file system lets use it."""
    mode = _mode(path)
    whom = "others than its owner as well" if mode & _OTHERS else "its owner alone"
    return ("Private", "yes: it is not shown here"), ("Permissions", f"{mode:04o}: for {whom}")


def exposed(path: Path, *, in_folder: bool = True) -> Problem | None:
    """Return the problem of a secret that others than its owner may use, or None.

    What is not there, or cannot be looked at, is named by who reads it.

    Args:
        path: The secret.
        in_folder: Whether it belongs into a folder of its owner's alone, as a key does.
    """
    try:
        require_private(path)
        if in_folder:
            # Who may write to the folder can put another key in its place, and beside it the
            # address to which it is sent.
            require_private(path.absolute().parent)
    except Problem as problem:
        return problem if problem.code == "key-exposed" else None
    return None


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
