"""Sessions of a product instance: its shell, or one line of it."""

from collections.abc import Callable
from pathlib import Path

from gauger.core.problems import Problem
from gauger.core.text import many_lines
from gauger.instance.ports import Operations
from gauger.surfaces.console.console import require_release
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import Session
from gauger.surfaces.shell import Shell, Terminal, Visitor, lines


class DeviceWorks:
    """It fills `gauger.surfaces.ssh.works.Works`."""

    def __init__(self, agent: Operations, folder: Path) -> None:
        """Take the product instance, and the folder where files are that operators name."""
        self._agent, self._folder = agent, folder

    def shell(
        self,
        visitor: Visitor,
        terminal: Terminal,
        write: Callable[[bytes], None],
        broke_off: Callable[[], bool],
    ) -> Shell:
        """Open a shell."""
        folder = self._folder
        return Shell(self._agent, visitor, terminal, write, folder=folder, broke_off=broke_off)

    def command(self, visitor: Visitor, line: str) -> tuple[str, int]:
        """Carry out one EXEC line; what is refused is told, with 1 beside it."""
        agent, folder = self._agent, self._folder
        session = Session(views=agent, operations=agent, folder=folder, is_confined=True)
        try:
            # What a privilege may not type is no command for it, as in a shell. Read once only: a
            # second reading, by the language of all, could find another command in the same line.
            typed = lines.read(line, Mode.EXEC, visitor.privilege)
            require_release(session, typed.match)
            text = typed.match.command.handler(session, typed.match)
            return typed.let_through(many_lines(text)), 0
        except Problem as problem:
            detail = many_lines(problem.detail)
            return f"% {detail}" if problem.code != "invalid-command" else detail, 1
