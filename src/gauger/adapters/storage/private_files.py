"""Files that only their owner may read, and files that are replaced as a whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem

DATABASE_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")
"""Ends of the names of an SQLite file and of what SQLite keeps beside it."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ROOT: Final = 0
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700


def private_folder(path: Path) -> Path:
    """Make a folder of mode 0700 durably if there is none, and return it.

    Raises:
        Problem: ``key-exposed`` where it exists and is another's, or others may enter or list it;
            ``store-full``, ``store-failed`` or ``file-not-written`` where it cannot be made.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        code = "store-full" if error.errno in _FULL else "file-not-written"
        raise Problem(code, f"The folder {path} cannot be made: {error.strerror}.") from error
    # A folder's name stands in the one above it: a key that is durable in a folder that is not
    # would vanish with the power all the same.
    for folder in missing:
        sync_folder(folder.parent)
    _check(path)
    return path


def require_private(path: Path) -> None:
    """Check that a file or folder that is there is its owner's alone.

    Raises:
        Problem: ``key-exposed`` where it is another's or others may use it; ``store-failed``.
    """
    try:
        _check(path)
    except OSError as error:
        raise Problem("store-failed", f"{path} cannot be examined: {error.strerror}.") from error


def require_writable(folder: Path) -> None:
    """Check that files can be made in a folder, where there is one.

    SQLite and the lock each have words of their own for a folder that is not, and none names it.

    Raises:
        Problem: ``store-failed``.
    """
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        message = f"The folder {folder} is not writable for the user who runs this."
        raise Problem("store-failed", message)


def read_private(path: Path) -> bytes | None:
    """Return the content of a private file, or None where there is none.

    Raises:
        Problem: ``key-exposed`` where it or its folder is another's or others may read it;
            ``store-failed``.
    """
    try:
        _check(path)
        # Who may write to the folder can put another file in its place.
        _check(path.parent)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"The file {path} cannot be read: {error.strerror}."
        raise Problem("store-failed", message) from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a private file durably: after a crash it is the old one or the new one.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    replace_file(path, content, mode=_FILE_MODE)


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file beside its place, make it durable, and put it in place.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    new = path.with_name(f".{path.name}.new")
    with named_failures(path):
        try:
            _write_new(new, content, mode)
            new.replace(path)
        except OSError:
            # Half a file under another name is of no use, and takes room on a disk that is full.
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    # Never one that lies there already: it may be a link that leads to another's file, or have
    # been left behind with other rights.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask takes away
        file.write(content)
        file.flush()
        # Before the name: a rename may reach the disk first, and stand for an empty file.
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable: without it a renamed file may vanish with the power.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    with named_failures(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_database(path: Path) -> None:
    """Delete an SQLite file, if there is one, and what SQLite keeps beside it.

    A log that is left behind would be taken for that of the next file of this name.

    Raises:
        Problem: ``store-failed``.
    """
    with named_failures(path):
        for suffix in DATABASE_SUFFIXES:
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


@contextmanager
def named_failures(path: Path) -> Iterator[None]:
    """Give what the disk refuses within the block its name.

    Args:
        path: What is worked on, for people.

    Raises:
        Problem: ``store-full`` or ``store-failed``.
    """
    try:
        yield
    except OSError as error:
        raise named_failure(error, path) from error


def named_failure(error: OSError, path: Path) -> Problem:
    """Return the problem for a failed write: a full disk has a name of its own."""
    full = error.errno in _FULL
    return Problem(
        "store-full" if full else "store-failed",
        f"{path} cannot be written: {error.strerror}.",
    )


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def _check(path: Path) -> None:
    status = path.stat()
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        message = f"{path} has mode {mode:04o}: others than its owner may use it."
        raise Problem("key-exposed", message)
    # Whoever owns a file may read it and give it any mode again: 0600 says nothing of who that is.
    if status.st_uid not in _owners(path, status):
        message = f"{path} is owned by user {status.st_uid}, who is not the one who runs this."
        raise Problem("key-exposed", message)


def _owners(path: Path, status: os.stat_result) -> frozenset[int]:
    """Return who may own a private file, by the rule of OpenSSH's server: root, and whose it is.

    Root looks after the folders of others, as with `sudo gauger fsck`: the file is then whose its
    folder is. One that a third user put there is refused to root as well.
    """
    user = os.geteuid()
    if user != _ROOT:
        return frozenset({_ROOT, user})
    whose = status if stat.S_ISDIR(status.st_mode) else path.parent.stat()
    return frozenset({_ROOT, whose.st_uid})
