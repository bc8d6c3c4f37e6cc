"""The folder of a portal's signer, which is begun and replaced whole or not at all."""

import shutil
from itertools import count
from pathlib import Path

from gauger.adapters.keys.file import CERTIFICATE_FILE, KEY_FILE, FileSigner, load_key
from gauger.adapters.storage.private_files import named_failures, sync_folder
from gauger.core.problems import Problem


class SignerPlace:
    """Where a signer's key lies; whatever cuts a change off, one whole signer is there."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self._folder = folder
        self._next = folder.with_name(f".{folder.name}.next")

    def is_there(self) -> bool:
        """Return whether there is a signer; a replacement that was cut off is completed first.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """
        # The certificate is written last: half a signer that was cut off has none.
        if not self._folder.is_dir() and (self._next / CERTIFICATE_FILE).exists():
            self._take_next()
        return self._folder.is_dir()

    def load(self) -> FileSigner:
        """Return the signer.

        Raises:
            Problem: As `FileSigner.load`.
        """
        return FileSigner.load(self._folder)

    def begin(self, signer: FileSigner) -> None:
        """Put a first signer there; the same one once more is no change.

        Raises:
            Problem: ``conflict`` where there is another; as `FileSigner.save`.
        """
        if self._folder.is_dir():
            if not _is_of(self._folder, signer):
                message = f"There is another key in {self._folder}; it is never overwritten."
                raise Problem("conflict", message)
            return
        self._write_next(signer)
        self._take_next()

    def replace(self, signer: FileSigner) -> None:
        """Put another signer there, the old one's folder beside it; the same one is no change.

        Raises:
            Problem: As `FileSigner.save`.
        """
        if not self.is_there():
            self.begin(signer)
            return
        if _is_of(self._folder, signer):
            return
        self._write_next(signer)
        with named_failures(self._folder):
            # Between this rename and the next no signer is there: `is_there` ends what was begun.
            self._folder.rename(self._free_name(signer))
        self._take_next()

    def _write_next(self, signer: FileSigner) -> None:
        with named_failures(self._next):
            if self._next.exists():
                # Left by an attempt that was cut off; nothing was ever signed by it.
                shutil.rmtree(self._next)
        signer.save(self._next)

    def _take_next(self) -> None:
        with named_failures(self._folder):
            self._next.rename(self._folder)
        sync_folder(self._folder.parent)

    def _free_name(self, signer: FileSigner) -> Path:
        # The old folder is kept under another name: nobody could make its key again.
        base = f"{self._folder.name}-{signer.key_id[:8]}-replaced-it"
        names = (f"{base}-{number}" if number else base for number in count())
        return next(path for name in names if not (path := self._folder.with_name(name)).exists())


def _is_of(folder: Path, signer: FileSigner) -> bool:
    """Return whether a folder holds a signer already, its certificate included."""
    if load_key(folder / KEY_FILE).key_id != signer.key_id:
        return False
    # A new certificate over the same key is a change: by it the root set lists the signer.
    return (folder / CERTIFICATE_FILE).exists() and FileSigner.load(folder).chain == signer.chain
