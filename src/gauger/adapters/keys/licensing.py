"""The licensing keys of a product instance, one file each in its key folder."""

import re
from pathlib import Path
from typing import Final

from gauger.adapters.keys.file import FileSigner, generate_key, load_key, save_key
from gauger.adapters.storage.private_files import named_failures, sync_folder
from gauger.core.ports import Entropy
from gauger.core.problems import Problem

# A name becomes part of a path: no dot, no slash, no capital that a disk may fold.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class LicensingKeys:
    """Keys by name; it fills the port `gauger.instance.ports.TrustKeys`."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        """Take the key folder and the randomness that keys are made of."""
        self._folder = folder
        self._entropy = entropy

    def make(self, name: str) -> FileSigner:
        """Make a key under a new name, durably, and return it.

        Raises:
            Problem: ``entropy-failed``; ``conflict`` where there is one; ``store-full``.
        """
        key = generate_key(self._entropy)
        save_key(self._path(name), key)
        return FileSigner(key)

    def load(self, name: str) -> FileSigner | None:
        """Return the key of that name, or None where there is none.

        Raises:
            Problem: ``key-exposed``, or why the file is no key.
        """
        path = self._path(name)
        return FileSigner(load_key(path)) if path.exists() else None

    def forget(self, name: str) -> None:
        """Destroy a key that is no longer needed; one that is gone already is no error."""
        path = self._path(name)
        if path.exists():
            with named_failures(path):
                path.unlink()
            # Without it the power could bring a key back that somebody believes destroyed.
            sync_folder(self._folder)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Problem("invalid-argument", f"{name!r} is no name for a key.")
        return self._folder / f"licensing-{name}.pem"
