"""What a command may ask before it goes on: a line, a key, a text of several lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.shell.editor import Editor
from gauger.surfaces.shell.keys import Key

LONGEST_TEXT: Final = 16_384
"""Characters of a text of several lines, such as a banner."""

_YES: Final = frozenset({"", "y", "Y"})


class Question(Enum):
    """What is asked for."""

    LINE = auto()
    KEY = auto()
    TEXT = auto()


@dataclass(slots=True, kw_only=True)
class Asked:
    """A question that is put to an operator.

    Attributes:
        prompt: What is printed.
        kind: What is asked for.
        then: Takes the answer, and returns what is printed.
        hidden: Whether the answer is shown.
        until: The character that ends a text.
    """

    prompt: str
    kind: Question
    then: Callable[[str], str]
    hidden: bool = False
    until: str = ""
    _lines: list[str] = field(default_factory=list)

    def take(self, key: Key | str, editor: Editor) -> tuple[str, str | None]:
        """Take a key and return what is shown, and the answer once it is whole."""
        if self.kind is Question.KEY:
            answer = key if isinstance(key, str) else "" if key is Key.ENTER else "\0"
            return f"{answer if answer.isprintable() else ''}\r\n", answer
        if isinstance(key, str):
            return editor.type(key), None
        if key is not Key.ENTER:
            return editor.press(key), None
        shown = f"{editor.finish()}\r\n"
        if self.kind is Question.LINE:
            if editor.is_too_long:
                raise Problem("invalid-command", "The answer is too long.")
            return shown, editor.text
        return self._take_line(shown, editor)

    def is_yes(self, answer: str) -> bool:
        """Return whether the answer lets the command go on."""
        return self.kind is not Question.KEY or answer in _YES

    def _take_line(self, shown: str, editor: Editor) -> tuple[str, str | None]:
        text, end, _ = editor.text.partition(self.until)
        self._lines.append(text)
        if end:
            return shown, "\n".join(self._lines)
        return shown + editor.begin(""), None
