"""A terminal of the plainest kind: what it shows after what was written to it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Screen:
    """The lines of a terminal without an end, and its cursor.

    It knows printable characters, backspace, carriage return, line feed and the bell; anything
    else would be a sequence that some terminal does not know.
    """

    lines: list[list[str]] = field(default_factory=lambda: [[]])
    column: int = 0
    rang: int = 0
    widest: int = 0

    def write(self, text: str) -> None:
        """Show what is written."""
        for character in text:
            if character == "\b":
                assert self.column, "a terminal stays where it is, and the editor believes it moved"
                self.column -= 1
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.lines.append([])
            elif character == "\a":
                self.rang += 1
            else:
                self._put(character)

    def _put(self, character: str) -> None:
        assert character.isprintable(), repr(character)
        line = self.lines[-1]
        line.extend(" " * (self.column - len(line)))
        line[self.column : self.column + 1] = [character]
        self.column += 1
        self.widest = max(self.widest, self.column)

    @property
    def line(self) -> str:
        """The line of the cursor, without blanks at its end."""
        return "".join(self.lines[-1]).rstrip()
