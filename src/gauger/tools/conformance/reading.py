"""Reads the files that are judged."""

from pathlib import Path
from typing import Final

from gauger.adapters.keys.trust_folder import read_file
from gauger.core.documents.smart_transport import MESSAGE_CAP

_MOST: Final = MESSAGE_CAP + 1
"""One byte above the largest cap of what is read as a whole, so that its own reader refuses it."""


def read_whole(path: Path) -> bytes:
    """Read a file that is judged as a whole.

    Raises:
        Problem: ``file-not-found`` or ``too-large``.
    """
    return read_file(path, _MOST)
