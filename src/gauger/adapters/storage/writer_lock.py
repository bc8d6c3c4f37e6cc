"""One writer for each folder: who holds ``D/lock``."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from gauger.core.problems import Problem


class WriterLock:
    """An advisory lock that the kernel gives back when its holder dies."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; nothing is locked yet."""
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or not at all.

        Raises:
            Problem: ``store-locked`` where another process has it; ``store-failed``.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"The lock file {self._path} cannot be opened: {error.strerror}."
            raise Problem("store-failed", message) from error
        self._take(descriptor, fcntl.LOCK_EX)

    def _take(self, descriptor: int, kind: int) -> None:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            message = f"Another process works on {self._path.parent}."
            raise Problem("store-locked", message) from error
        except OSError as error:
            # A network file system may know no locks: nobody would find that other process.
            os.close(descriptor)
            message = f"The lock file {self._path} cannot be locked: {error.strerror}."
            raise Problem("store-failed", message) from error
        self._descriptor = descriptor

    def share(self) -> None:
        """Keep writers out and let other readers in; nothing is made or written.

        Raises:
            Problem: ``store-locked`` where another process has the lock; ``store-failed``.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # whoever writes makes it first, so nobody does
        except OSError as error:
            message = f"The lock file {self._path} cannot be opened: {error.strerror}."
            raise Problem("store-failed", message) from error
        self._take(descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the lock back; the file stays, since another may have it open already."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
