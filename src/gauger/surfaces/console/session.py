"""What the handler of a command works on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from gauger.core.problems import Problem
from gauger.instance.config import ConfigChange
from gauger.instance.ports import Operations, Views
from gauger.surfaces.console.grammar import Command, Match, Mode
from gauger.surfaces.console.terminal import ShellControl

_OWN_FILES: Final = ("flash:", "bootflash:")
_NETWORK: Final = frozenset({"ftp", "http", "https", "scp", "sftp", "tftp"})

IN_A_SESSION: Final = "That means something in a session only: `gauger instance console` opens one."


@dataclass(slots=True, kw_only=True)
class Session:
    """One operator at work.

    Attributes:
        views: The product instance, to be looked at.
        operations: The product instance, to be changed; None where it may only be looked at.
        folder: Where file paths begin that are not absolute.
        is_confined: Whether no path leads out of the folder, as for who has no account of the host.
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
            raise Problem("invalid-command", "Nothing can be changed here: it is only looked at.")
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

    def path(self, text: str) -> Path:
        """Return the file that an operator named; it is data, and no shell ever sees it.

        Raises:
            Problem: ``not-supported`` for a place in the network; ``forbidden`` for one outside of
                the folder where the session is confined to it.
        """
        for prefix in _OWN_FILES:
            # So devices call their own disk, and so operators' scripts are written.
            text = text.removeprefix(prefix)
        # Else a report would be saved to a local file of that odd name, and believed sent.
        if text.partition(":")[0].lower() in _NETWORK:
            message = f"{text[:128]!r} is in the network; name a file of this machine."
            raise Problem("not-supported", message)
        if not self.is_confined:
            return self.folder / text
        # The attack stopped: a file of the host overwritten, or read out by the refusals of what
        # is in it. On a device the root of all paths is its own disk.
        if ".." in Path(text).parts:
            raise Problem("forbidden", f"{text[:128]!r} leads out of the disk of the device.")
        return self.folder / text.lstrip("/")


class Handler(Protocol):
    """What carries out a command."""

    def __call__(self, session: Session, match: "Match[Handler]", /) -> str:
        """Carry it out and return what is printed, without a line end.

        Raises:
            Problem: Why it was refused.
        """


ConsoleCommand = Command[Handler]
ConsoleMatch = Match[Handler]
