"""The line that is being typed, and what the terminal shows of it.

A line longer than the terminal is moved sideways, a ``$`` where something is out of sight. Every
key returns what is sent to the terminal; only backspaces move its cursor, so that any terminal
will do.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gauger.surfaces.shell.keys import Key

BELL: Final = "\a"

# What operators paste is shorter; all that a session holds of its input is this, some times over.
LONGEST: Final = 4096
_STEP: Final = 10
_LEAST_ROOM: Final = 16


class History:
    """Lines that were typed, to be typed again."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._place = 0
        self._draft = ""

    @property
    def lines(self) -> Sequence[str]:
        """The lines, oldest first."""
        return tuple(self._lines)

    def keep(self, line: str, most: int) -> None:
        """Keep a line.

        Args:
            line: The line.
            most: How many are kept.
        """
        # As on devices: one that is repeated at once is kept once.
        if line.strip() and (not self._lines or self._lines[-1] != line):
            self._lines.append(line)
        while len(self._lines) > most:
            self._lines.popleft()
        self.rewind()

    def rewind(self) -> None:
        """Stand behind the newest line again."""
        self._place, self._draft = len(self._lines), ""

    def earlier(self, now: str) -> str | None:
        """Return the line before; None where there is none.

        Args:
            now: What stands in the editor, kept when it is the line being typed.
        """
        if self._place == 0:
            return None
        if self._place == len(self._lines):
            self._draft = now
        self._place -= 1
        return self._lines[self._place]

    def later(self) -> str | None:
        """Return the line behind, at last what was being typed; None where there is none."""
        if self._place >= len(self._lines):
            return None
        self._place += 1
        return self._draft if self._place == len(self._lines) else self._lines[self._place]


class Editor:
    """One line with a cursor in it."""

    def __init__(self) -> None:
        self.columns = 0
        self._prompt = ""
        self._hidden = False
        self._history = History()
        self._text, self._cursor = "", 0
        self._start, self._shown, self._at = 0, "", 0
        self._cut = ""
        self._is_too_long = False
        self._acts: Mapping[Key, Callable[[], bool]] = {
            Key.BACKSPACE: self._backspace,
            Key.DELETE: self._delete,
            Key.END_OF_INPUT: self._delete,
            Key.LEFT: self._left,
            Key.RIGHT: self._right,
            Key.HOME: self._home,
            Key.END: self._end,
            Key.WORD_LEFT: self._word_left,
            Key.WORD_RIGHT: self._word_right,
            Key.ERASE_LEFT: self._erase_left,
            Key.ERASE_RIGHT: self._erase_right,
            Key.ERASE_WORD: self._erase_word,
            Key.ERASE_WORD_RIGHT: self._erase_word_right,
            Key.YANK: self._yank,
            Key.TRANSPOSE: self._transpose,
            Key.UP: self._earlier,
            Key.DOWN: self._later,
        }

    @property
    def text(self) -> str:
        """The line as typed so far."""
        return self._text

    @property
    def before(self) -> str:
        """What stands left of the cursor."""
        return self._text[: self._cursor]

    @property
    def offset(self) -> int:
        """How far the line is moved sideways."""
        return self._start

    @property
    def prompt(self) -> str:
        """What stands in front of the line."""
        return self._prompt

    @property
    def is_too_long(self) -> bool:
        """Whether more was typed than is kept: then the line is not what its operator means."""
        return self._is_too_long

    def begin(self, prompt: str, history: History | None = None, *, hidden: bool = False) -> str:
        """Begin an empty line.

        Args:
            prompt: What stands in front of it.
            history: Lines that can be typed again; none where None.
            hidden: Whether it is shown at all.
        """
        self._prompt, self._hidden = prompt, hidden
        self._history = History() if history is None else history
        self._history.rewind()
        self._text, self._cursor, self._is_too_long = "", 0, False
        return self.redraw()

    def put(self, text: str) -> str:
        """Replace what stands left of the cursor, without showing it: a `redraw` follows."""
        behind = self._text[self._cursor :]
        self._text, self._cursor = text + behind, len(text)
        return ""

    def redraw(self) -> str:
        """Return prompt and line anew, for an empty line of the terminal."""
        self._shown, self._at = "", 0
        return self._prompt + self._update()

    def finish(self) -> str:
        """Return what puts the cursor behind all that is shown."""
        return self._shown[self._at :]

    def type(self, text: str) -> str:
        """Insert text at the cursor."""
        room = LONGEST - len(self._text)
        if len(text) > room:
            self._is_too_long = True
        text = text[:room]
        at = self._cursor
        self._text = self._text[:at] + text + self._text[at:]
        self._cursor += len(text)
        return self._update() if text else BELL

    def press(self, key: Key) -> str:
        """Take a key that edits; any other one rings."""
        act = self._acts.get(key)
        if act is None or not act():
            return BELL
        if not self._text:
            self._is_too_long = False
        return self._update()

    def _left(self) -> bool:
        return self._move(self._cursor - 1)

    def _right(self) -> bool:
        return self._move(self._cursor + 1)

    def _home(self) -> bool:
        return self._move(0)

    def _end(self) -> bool:
        return self._move(len(self._text))

    def _move(self, to: int) -> bool:
        if not 0 <= to <= len(self._text):
            return False
        self._cursor = to
        return True

    def _word_left(self) -> bool:
        return self._move(self._word_start())

    def _word_right(self) -> bool:
        return self._move(self._word_end())

    def _word_start(self) -> int:
        return len(self.before.rstrip().rpartition(" ")[0]) + (" " in self.before.rstrip())

    def _word_end(self) -> int:
        rest = self._text[self._cursor :]
        word = rest.lstrip().partition(" ")[0]
        return self._cursor + len(rest) - len(rest.lstrip()) + len(word)

    def _backspace(self) -> bool:
        return self._erase(self._cursor - 1, self._cursor)

    def _delete(self) -> bool:
        return self._erase(self._cursor, self._cursor + 1)

    def _erase_left(self) -> bool:
        return self._cut_out(0, self._cursor)

    def _erase_right(self) -> bool:
        return self._cut_out(self._cursor, len(self._text))

    def _erase_word(self) -> bool:
        return self._cut_out(self._word_start(), self._cursor)

    def _erase_word_right(self) -> bool:
        return self._cut_out(self._cursor, self._word_end())

    def _cut_out(self, start: int, end: int) -> bool:
        # What was typed hidden must not come back where it is shown.
        self._cut = "" if self._hidden else self._text[start:end]
        return start == end or self._erase(start, end)

    def _erase(self, start: int, end: int) -> bool:
        if start < 0 or end > len(self._text):
            return False
        self._text = self._text[:start] + self._text[end:]
        self._cursor = start
        return True

    def _yank(self) -> bool:
        text = self._cut[: LONGEST - len(self._text)]
        self._text = self.before + text + self._text[self._cursor :]
        self._cursor += len(text)
        return bool(text)

    def _transpose(self) -> bool:
        at = min(self._cursor, len(self._text) - 1)
        if at < 1:
            return False
        text = self._text
        self._text = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
        self._cursor = at + 1
        return True

    def _earlier(self) -> bool:
        return self._recall(self._history.earlier(self._text))

    def _later(self) -> bool:
        return self._recall(self._history.later())

    def _recall(self, line: str | None) -> bool:
        if line is None:
            return False
        self._text, self._cursor = line, len(line)
        return True

    def _update(self) -> str:
        """Return what makes the terminal show the line as it is now."""
        old, at = self._shown, self._at
        new, cursor = self._view()
        self._shown, self._at = new, cursor
        same = _shared(old, new)
        if old == new:
            same = cursor
        # Back by backspaces, forth by writing what stands there already.
        moved = "\b" * (at - same) if same < at else new[at:same]
        written = new[same:] if old != new else ""
        blanks = " " * (len(old) - len(new))
        end = max(len(old), len(new)) if old != new else cursor
        return f"{moved}{written}{blanks}{chr(8) * (end - cursor)}"

    def _view(self) -> tuple[str, int]:
        """Return the part of the line that is shown, and the cursor's place in it."""
        if self._hidden:
            return "", 0
        # The last column stays free: behind it terminals begin a new line, each in its own way.
        width = self.columns or LONGEST + len(self._prompt) + 1
        room = max(width - len(self._prompt) - 1, _LEAST_ROOM)
        if len(self._text) <= room:
            self._start = 0
            return self._text, self._cursor
        if self._cursor > self._start + room:
            self._start = self._cursor - room + _STEP
        if self._cursor <= self._start:
            self._start = max(0, self._cursor - _STEP)
        start, end = self._start, self._start + room
        view = self._text[start:end]
        if start:
            view = f"${view[1:]}"
        if end < len(self._text) and self._cursor < end:
            view = f"{view[:-1]}$"
        return view, self._cursor - start


def _shared(old: str, new: str) -> int:
    """Return how many characters two texts begin with together."""
    # Nearly always one is the other with more behind it.
    if new.startswith(old):
        return len(old)
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
