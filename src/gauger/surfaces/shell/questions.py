"""What a command may ask before it goes on: a line, a key, a text of several lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.shell.editor import Editor
from gauger.surfaces.shell.keys import Key

LONGEST_TEXT: Final = 16_384
"""Characters of a text of several lines, such as a banner."""

_YES: Final = frozenset({"y", "Y"})

Work = Callable[[], str]
"""What is carried out; it returns what is printed."""


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
    _size: int = 0

    def take(self, key: Key | str, editor: Editor) -> tuple[str, Work | None]:
        """Take a key.

        Args:
            key: The key; where one key is asked for, a single one.
            editor: What holds the line that is being typed.

        Returns:
            What is shown, and what is to be carried out once the answer is whole.
        """
        if self.kind is Question.KEY:
            return self._take_key(key)
        if isinstance(key, str):
            return editor.type(key), None
        if key is not Key.ENTER:
            return editor.press(key), None
        shown = f"{editor.finish()}\r\n"
        if self.kind is Question.TEXT:
            return self._take_line(shown, editor)
        # Cut off, it would be another answer.
        work = partial(refused, "The answer is too long.") if editor.is_too_long else None
        return shown, work or partial(self.then, editor.text)

    def _take_key(self, key: Key | str) -> tuple[str, Work]:
        shown = key if isinstance(key, str) else ""
        is_yes = key is Key.ENTER or shown in _YES
        return f"{shown}\r\n", partial(self.then, shown) if is_yes else str

    def _take_line(self, shown: str, editor: Editor) -> tuple[str, Work | None]:
        text, end, _ = editor.text.partition(self.until)
        self._size += len(text) + 1 + LONGEST_TEXT * editor.is_too_long
        # No more is kept, but all is taken up to its end: what is left of a text would be carried
        # out as commands.
        if self._size <= LONGEST_TEXT:
            self._lines.append(text)
        if not end:
            return shown + editor.begin(""), None
        if self._size > LONGEST_TEXT:
            return shown, partial(refused, "The text is too long.")
        return shown, partial(self.then, "\n".join(self._lines))


def refused(detail: str) -> str:
    """Refuse what was typed.

    Raises:
        Problem: ``invalid-command``.
    """
    raise Problem("invalid-command", detail)
