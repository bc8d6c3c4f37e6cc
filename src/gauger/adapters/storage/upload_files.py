"""Uploaded files on disk: whole and durable, or not there."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import (
    named_failure,
    named_failures,
    private_folder,
    sync_folder,
)
from gauger.core.identity import Digest
from gauger.core.problems import Problem

_PIECE: Final = 256 * 1024
_PART: Final = ".part"


class UploadWriter:
    """One file under way: bytes go to a `.part` file that `commit` renames."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make the `.part` file.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """
        self._path = folder / name
        self._part = folder / f"{name}{_PART}"
        self._hash = hashlib.sha256()
        self._size = 0
        try:
            # O_EXCL: two uploads never write into one file.
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise named_failure(error, self._part) from error

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def write(self, data: bytes) -> None:
        """Append bytes."""
        try:
            self._file.write(data)
        except OSError as error:
            raise named_failure(error, self._part) from error
        self._hash.update(data)
        self._size += len(data)

    def commit(self) -> Digest:
        """Make the file durable and visible; returns its digest."""
        with named_failures(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            # Only what is whole on disk gets the name by which a job will look for it.
            self._part.rename(self._path)
        sync_folder(self._path.parent)
        return Digest(self._hash.hexdigest())

    def discard(self) -> None:
        """Forget what came so far; what the disk keeps of it is cleared away at the next start."""
        # A full disk, which may be why, refuses what waits to be written once more.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


class UploadFiles:
    """A private folder of uploads, one file for each job."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if it is missing."""
        self._folder = private_folder(folder)

    def begin(self, job_id: str) -> UploadWriter:
        """Start a new file."""
        return UploadWriter(self._folder, job_id)

    def read(self, job_id: str) -> Iterator[bytes]:
        """Yield a file in pieces."""
        path = self._folder / job_id
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        except OSError as error:
            message = f"The uploaded file {job_id} cannot be read: {error.strerror}."
            raise Problem("file-not-found", message) from error

    def remove(self, job_id: str) -> None:
        """Remove a file that has been processed.

        Raises:
            Problem: ``store-failed``.
        """
        # Not synced: one that comes back with the power is no job's, and goes at the next start.
        path = self._folder / job_id
        with named_failures(path):
            path.unlink(missing_ok=True)

    def keep_only(self, job_ids: Iterable[str]) -> None:
        """Remove every other file: cut off, or processed and not yet removed.

        Raises:
            Problem: ``store-failed``.
        """
        kept = set(job_ids)
        with named_failures(self._folder):
            for path in self._folder.iterdir():
                if path.name not in kept:
                    path.unlink(missing_ok=True)
