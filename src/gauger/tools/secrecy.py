"""Who may use a file: what is said of secrets, and of what is no secret."""

import stat
from pathlib import Path
from typing import Final

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

    Args:
        path: The secret.
        in_folder: Whether it belongs into a folder of its owner's alone, as a key does.
    """
    if _mode(path) & _OTHERS:
        detail = f"Its mode is {_mode(path):04o}: others than its owner may use it."
        return Problem("key-exposed", detail)
    folder = path.absolute().parent
    # Who may write to the folder can put another key in its place: every role refuses it there.
    if in_folder and _mode(folder) & _OTHERS:
        detail = f"Its folder {folder} has mode {_mode(folder):04o}: others may use what is in it."
        return Problem("key-exposed", detail)
    return None


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
