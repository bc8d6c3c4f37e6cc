"""Handlers of the commands about files: the device's own disk, and nothing beside it.

A device is no file server. What is on its disk is told at its shell, so that a file that was saved
there can be carried on.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Final

from gauger.core.problems import Problem
from gauger.core.text import one_line
from gauger.surfaces.console.session import ConsoleMatch, Session

# All of it is held in memory, once as bytes and once as text.
MOST_SHOWN: Final = 8 * 1024 * 1024
"""Bytes of a file that `more` shows."""


def directory(session: Session, match: ConsoleMatch, /) -> str:
    """List the files of a folder of the disk, as devices do."""
    named = match.values.get("place", "")
    folder = session.on_disk(named)
    shown = one_line(str(folder.relative_to(session.disk))).removeprefix(".")
    try:
        rows = sorted(_rows(folder))
        space = os.statvfs(folder)
    except OSError as error:
        raise _failed(f"flash:/{shown}", error) from error
    lines = [line for _, line in rows] or ["No files in directory"]
    total, free = space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize
    end = f"{total} bytes total ({free} bytes free)"
    return "\n".join([f"Directory of flash:/{shown}", "", *lines, "", end])


def _rows(folder: Path) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            # Not where a link leads: that may be outside of the disk.
            facts = entry.stat(follow_symlinks=False)
            mode = "drwx" if S_ISDIR(facts.st_mode) else "-rw-"
            at = datetime.fromtimestamp(int(facts.st_mtime), UTC)
            moment = f"{at.ctime()[4:10]} {at.year} {at:%H:%M:%S} +00:00"
            yield (
                entry.name,
                f"{facts.st_ino:>8}  {mode} {facts.st_size:>17}  {moment}  {entry.name}",
            )


def more(session: Session, match: ConsoleMatch, /) -> str:
    """Show a file of the disk."""
    path = session.on_disk(match.values["place"])
    try:
        facts = path.lstat()
        # Else a pipe would hold the session for ever.
        if not S_ISREG(facts.st_mode):
            raise Problem("not-supported", f"{_name(session, path)} is no file.")
        if facts.st_size > MOST_SHOWN:
            detail = (
                f"{_name(session, path)} has more than {MOST_SHOWN} bytes; take it at the host."
            )
            raise Problem("too-large", detail)
        content = path.read_bytes()
    except OSError as error:
        raise _failed(_name(session, path), error) from error
    return content.decode("utf-8", "backslashreplace").removesuffix("\n")


def delete(session: Session, match: ConsoleMatch, /) -> str:
    """Delete a file of the disk; at a terminal it is asked before, as devices do."""
    path = session.on_disk(match.values["place"])
    name = _name(session, path)

    def then() -> str:
        try:
            path.unlink()
        except OSError as error:
            raise _failed(name, error) from error
        return ""

    if session.shell is None:
        return then()
    session.shell.confirm(f"Delete {one_line(name)}? [confirm]", then)
    return ""


def _name(session: Session, path: Path) -> str:
    return f"flash:/{path.relative_to(session.disk)}"


def _failed(name: str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem("file-not-found", f"{name} is not there.")
    return Problem("not-supported", f"{name} cannot be used: {error.strerror}.")
