"""What the handler of a command works on."""

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from gauger.core.problems import Problem
from gauger.instance.config import ConfigChange
from gauger.instance.ports import Operations, Views
from gauger.surfaces.console.grammar import Command, Match, Mode
from gauger.surfaces.console.terminal import ShellControl

_OWN_FILES: Final = ("flash:", "bootflash:")
# As devices name their file systems; of one letter it is a file on another kind of machine.
_FILE_SYSTEM: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]+:")
_NETWORK: Final = frozenset({"ftp:", "http:", "https:", "scp:", "sftp:", "tftp:"})

ONLY_LOOKED_AT: Final = "Nothing can be changed here: it is only looked at."
IN_A_SESSION: Final = "That means something in a session only: `gauger instance console` opens one."


@dataclass(slots=True, kw_only=True)
class Session:
    """One operator at work.

    Attributes:
        views: The product instance, to be looked at.
        operations: The product instance, to be changed; None where it may only be looked at.
        folder: Where file paths begin that are not absolute.
        is_confined: Whether no path leads out of the disk, as for who has no account of the host.
        flash: The device's own disk, which paths name by ``flash:``; the folder where None.
        changes: Configuration typed so far, applied together.
        mode: Which rows of the table the next line belongs to; a handler may change it.
        line: Which lines are configured in line configuration: ``console`` or ``vty``.
        shell: The session where somebody sits at a terminal; None where single lines are carried
            out.
    """

    views: Views
    operations: Operations | None = None
    folder: Path = field(default_factory=Path)
    is_confined: bool = False
    flash: Path | None = None
    changes: list[ConfigChange] = field(default_factory=list)
    mode: Mode = Mode.EXEC
    line: str = "vty"
    shell: ShellControl | None = None

    @property
    def agent(self) -> Operations:
        """The product instance, to be changed.

        Raises:
            Problem: ``invalid-command`` where it may only be looked at.
        """
        if self.operations is None:
            raise Problem("invalid-command", ONLY_LOOKED_AT)
        return self.operations

    @property
    def at_terminal(self) -> ShellControl:
        """The session of whoever sits at a terminal.

        Raises:
            Problem: ``invalid-command`` where there is none.
        """
        if self.shell is None:
            raise Problem("invalid-command", IN_A_SESSION)
        return self.shell

    @property
    def disk(self) -> Path:
        """The device's own disk, one for all who log in."""
        return self.folder if self.flash is None else self.flash

    def path(self, text: str) -> Path:
        """Return the file that an operator named; it is data, and no shell ever sees it.

        Raises:
            Problem: ``not-supported`` for a place in the network, or a disk that there is not;
                ``forbidden`` for one outside of the disk where that is named, or the session is
                confined to it.
        """
        is_own = text.lower().startswith(_OWN_FILES)
        return self.on_disk(text) if is_own or self.is_confined else self.folder / _plain(text)

    def on_disk(self, text: str) -> Path:
        """Return the file of the disk that an operator named, with ``flash:`` or without.

        Raises:
            Problem: As `path`.
        """
        if text.lower().startswith(_OWN_FILES):
            # So devices call their own disk, and so operators' scripts are written.
            text = text.partition(":")[2]
        text = _plain(text)
        # The attack stopped: a file of the host overwritten, or read out by the refusals of what
        # is in it. On a device the root of all paths is its own disk.
        if ".." in Path(text).parts:
            raise Problem("forbidden", f"{text[:128]!r} leads out of the disk of the device.")
        if self.flash is not None:
            # What cannot be made is told by whoever uses it.
            with contextlib.suppress(OSError):
                self.flash.mkdir(mode=0o700, exist_ok=True)
        return self.disk / text.lstrip("/")


def _plain(text: str) -> str:
    """Return a path that names no file system.

    Raises:
        Problem: ``not-supported``.
    """
    named = _FILE_SYSTEM.match(text)
    if named is None:
        return text
    # Else a report would be saved to a local file of that odd name, and believed to be on its way:
    # sent, or on the stick in the operator's hand.
    if named[0].lower() in _NETWORK:
        message = f"{text[:128]!r} is in the network; name a file of this machine."
    else:
        message = f"There is no {named[0][:32]!r} here; the disk is `flash:`."
    raise Problem("not-supported", message)


class Handler(Protocol):
    """What carries out a command."""

    def __call__(self, session: Session, match: "Match[Handler]", /) -> str:
        """Carry it out and return what is printed, without a line end.

        Raises:
            Problem: Why it was refused.
        """


ConsoleCommand = Command[Handler]
ConsoleMatch = Match[Handler]
