"""Small text files that people name: secrets, passwords, keys, trust material."""

import sys
from contextlib import nullcontext
from pathlib import Path

from gauger.core.problems import Problem


def read_text(path: Path, cap: int, *, dash: bool = False) -> str:
    """Return the text of a file, all of it.

    Args:
        path: The file.
        cap: The most characters that it may hold.
        dash: Whether ``-`` is standard input.

    Raises:
        Problem: ``file-not-found`` where it cannot be read or is no text; ``too-large``.
    """
    is_piped = dash and str(path) == "-"
    try:
        with nullcontext(sys.stdin) if is_piped else path.open(encoding="utf-8") as file:
            text = file.read(cap + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("file-not-found", f"{path} cannot be read: {error}.") from error
    if len(text) > cap:
        # Cut there, a password would be taken that nobody knows: its owner types all of it.
        raise Problem("too-large", f"{path} holds more than {cap} characters.")
    return text
