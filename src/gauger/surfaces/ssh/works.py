"""What sessions over SSH are made of."""

from collections.abc import Callable
from typing import Protocol

from gauger.surfaces.shell import Terminal, Visitor


class AnyShell(Protocol):
    """What a session needs of a shell; see `gauger.surfaces.shell`."""

    @property
    def ended(self) -> bool:
        """Whether the operator has left, or the device ended it."""

    def start(self) -> None:
        """Greet and prompt."""

    def receive(self, data: bytes) -> None:
        """Take what was typed, and carry out what it completes."""

    def resize(self, rows: int, columns: int) -> None:
        """Take a new size of the terminal."""

    def close(self) -> None:
        """Let go of everything."""


class Works(Protocol):
    """What sessions are made of."""

    def shell(
        self,
        visitor: Visitor,
        terminal: Terminal,
        write: Callable[[bytes], None],
        broke_off: Callable[[], bool],
    ) -> AnyShell:
        """Open a shell.

        Args:
            visitor: Who has logged in.
            terminal: Their terminal.
            write: Sends to it.
            broke_off: Tells whether Ctrl-C was typed while a command is at work.
        """

    def command(self, visitor: Visitor, line: str) -> tuple[str, int]:
        """Carry out one EXEC line; return what it prints, and 0 where it was carried out."""
