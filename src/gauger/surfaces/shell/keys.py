"""What bytes from a terminal mean: text, and the keys that operators of devices know.

Whatever is neither is dropped: unknown escape sequences whole, control characters, characters that
take no place or two places of a line. So the line that is typed is what the terminal shows.
"""

import codecs
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class Key(Enum):
    """A key that is no text."""

    ENTER = auto()
    TAB = auto()
    BACKSPACE = auto()
    DELETE = auto()
    LEFT = auto()
    RIGHT = auto()
    UP = auto()
    DOWN = auto()
    HOME = auto()
    END = auto()
    WORD_LEFT = auto()
    WORD_RIGHT = auto()
    ERASE_LEFT = auto()
    ERASE_RIGHT = auto()
    ERASE_WORD = auto()
    ERASE_WORD_RIGHT = auto()
    YANK = auto()
    TRANSPOSE = auto()
    REDRAW = auto()
    LITERAL = auto()
    BREAK = auto()
    END_MODE = auto()
    END_OF_INPUT = auto()
    UNKNOWN = auto()


_CONTROLS: Final[Mapping[str, Key]] = MappingProxyType(
    {
        "\x01": Key.HOME,
        "\x02": Key.LEFT,
        "\x03": Key.BREAK,
        "\x04": Key.END_OF_INPUT,
        "\x05": Key.END,
        "\x06": Key.RIGHT,
        "\x08": Key.BACKSPACE,
        "\t": Key.TAB,
        "\x0b": Key.ERASE_RIGHT,
        "\x0c": Key.REDRAW,
        "\x0e": Key.DOWN,
        "\x10": Key.UP,
        "\x12": Key.REDRAW,
        "\x14": Key.TRANSPOSE,
        "\x15": Key.ERASE_LEFT,
        "\x16": Key.LITERAL,
        "\x17": Key.ERASE_WORD,
        "\x18": Key.ERASE_LEFT,
        "\x19": Key.YANK,
        "\x1a": Key.END_MODE,
        "\x7f": Key.BACKSPACE,
    }
)
_LETTERS: Final[Mapping[str, Key]] = MappingProxyType(
    {
        "A": Key.UP,
        "B": Key.DOWN,
        "C": Key.RIGHT,
        "D": Key.LEFT,
        "F": Key.END,
        "H": Key.HOME,
    }
)
_NUMBERS: Final[Mapping[str, Key]] = MappingProxyType(
    {"1": Key.HOME, "3": Key.DELETE, "4": Key.END, "7": Key.HOME, "8": Key.END}
)
_ESCAPED: Final[Mapping[str, Key | None]] = MappingProxyType(
    {
        "\\": None,  # the end of a string
        "b": Key.WORD_LEFT,
        "f": Key.WORD_RIGHT,
        "d": Key.ERASE_WORD_RIGHT,
        "\x7f": Key.ERASE_WORD,
        "\x08": Key.ERASE_WORD,
    }
)
# The longest that terminals send has some ten characters.
_LONGEST_SEQUENCE: Final = 32
_STRINGS: Final = "]P^_X"
_LONGEST_STRING: Final = 256


class Keys:
    """Makes keys of bytes, however they are cut into pieces on their way."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._escape: str | None = None
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[Key | str]:
        """Yield what bytes mean.

        Args:
            data: The bytes; what is cut off within a character or a sequence waits for the rest.

        Yields:
            A key, or text that can be shown: a question mark alone, all else as long as it lasts.
        """
        run: list[str] = []
        for character in self._decode(data):
            meant = self._meaning(character)
            if isinstance(meant, str) and meant != "?":
                run.append(meant)
                continue
            if run:
                yield "".join(run)
                run.clear()
            if meant is not None:
                yield meant
        if run:
            yield "".join(run)

    def _meaning(self, character: str) -> Key | str | None:
        if self._escape is not None:
            return self._escaped(character)
        # CR LF is one end of a line, also where the two come apart on the way.
        was_return, self._after_return = self._after_return, character == "\r"
        if character == "\x1b":
            self._escape = ""
            return None
        if character in "\r\n":
            return None if character == "\n" and was_return else Key.ENTER
        if character == "\x00":
            return None  # padding behind a line end
        if is_shown(character):
            return character
        return _CONTROLS.get(character, Key.UNKNOWN)

    def _escaped(self, character: str) -> Key | None:
        """Take the next character of an escape sequence."""
        if self._escape is None:
            return None
        if self._escape == "":
            if character in f"[O{_STRINGS}":
                self._escape = character
                return None
            self._escape = None
            return _ESCAPED.get(character, Key.UNKNOWN)
        if self._escape[0] in _STRINGS:
            return self._in_string(character)
        if "@" <= character <= "~":
            sequence, self._escape = self._escape, None
            return _sequence(sequence[0], sequence[1:], character)
        # A control character within it, or no end of it: the terminal gave up, and so do we.
        sequence = f"{self._escape}{character}"
        self._escape = sequence if character >= " " and len(sequence) < _LONGEST_SEQUENCE else None
        return None

    def _in_string(self, character: str) -> Key | None:
        """Take a character of a string, as terminals send when they are asked for a colour."""
        text = f"{self._escape}{character}"
        # Without an end it must not swallow all that is typed from now on.
        is_over = character < " " or len(text) > _LONGEST_STRING
        self._escape = None if is_over else text
        if character == "\x1b":
            self._escape = ""
        return None


def is_shown(character: str) -> bool:
    """Return whether a character takes exactly one place of a line."""
    if character.isascii():
        return character.isprintable()
    # One that combines or takes two places would put the cursor elsewhere than we think it is;
    # one that turns the direction of writing would show another line than is carried out.
    is_plain = character.isprintable() and unicodedata.category(character) not in {"Mn", "Me"}
    return (
        is_plain
        and character != "\ufffd"
        and unicodedata.east_asian_width(character) not in {"W", "F"}
        and unicodedata.bidirectional(character) not in {"R", "AL"}
    )


def _sequence(kind: str, numbers: str, letter: str) -> Key | None:
    if letter == "~" and kind == "[":
        number = numbers.partition(";")[0]
        # Around pasted text stand sequences of this form: they mean nothing themselves.
        return None if number in {"200", "201"} else _NUMBERS.get(number, Key.UNKNOWN)
    return _LETTERS.get(letter, Key.UNKNOWN)
