"""A long output, a page at a time."""

from typing import Final

from gauger.surfaces.console.terminal import Terminal
from gauger.surfaces.shell.keys import Key

MORE: Final = " --More-- "
# As devices erase it: back to its first hyphen, blanks over it, back to the line's begin.
ERASE_MORE: Final = "\b" * 9 + " " * 8 + "\b" * 9


class Pager:
    """What is left of an output to be shown."""

    def __init__(self, text: str, terminal: Terminal) -> None:
        """Take an output.

        Args:
            text: Its lines, divided by line ends.
            terminal: How much is shown at once; 0 rows show everything.
        """
        self._lines = text.split("\n") if text else []
        self._next = 0
        self._terminal = terminal

    def page(self) -> str:
        """Return the next page, with `MORE` behind it where that is not all."""
        rows = self._terminal.rows
        # One line of the terminal is for the question whether to go on.
        return self._taken(rows - 1 if rows else None)

    def press(self, key: Key | str) -> str | None:
        """Take a key at `MORE` and return what is shown; None where the operator has enough."""
        if key == " ":
            return ERASE_MORE + self.page()
        if key is Key.ENTER:
            return ERASE_MORE + self._taken(1)
        return None

    @property
    def has_more(self) -> bool:
        """Whether anything is left."""
        return self._next < len(self._lines)

    def _taken(self, room: int | None) -> str:
        parts: list[str] = []
        used = 0
        while self.has_more and (room is None or used < max(room, 1)):
            line = self._lines[self._next]
            self._next += 1
            used += self._height(line)
            parts.append(f"{line}\r\n")
        if self.has_more:
            parts.append(MORE)
        return "".join(parts)

    def _height(self, line: str) -> int:
        columns = self._terminal.columns
        return max(1, -(-len(line) // columns)) if columns else 1
