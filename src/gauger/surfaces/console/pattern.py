r"""The patterns of filters: those that operators type on devices, and none that keeps one busy.

Text, ``.``, ``^``, ``$``, ``|``, ``[a-z]``, ``[^a-z]``, groups, ``*``, ``+`` and ``?`` behind one
character, and ``\`` before a character that is meant as it is.
"""

import re
from typing import Final

from gauger.core.problems import Problem

MAXIMUM: Final = 80
# The attack stopped: repetitions that are tried in each combination. Two of single characters take
# the cube of a line's length at worst, which is a moment; each more takes a hundred times longer.
MAXIMUM_REPEATS: Final = 2
MAXIMUM_GROUPS: Final = 3
MAXIMUM_CHOICES: Final = 16

_PART: Final = re.compile(
    r"\\(?P<escaped>.)|\[(?P<set>\^?[^\]\[\\]+)\]|(?P<sign>[.^$|()*+?])|(?P<plain>.)", re.DOTALL
)
_RANGE: Final = re.compile(r"(.)-(.)|(.)", re.DOTALL)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return what finds a pattern in a line.

    Args:
        pattern: The pattern as typed.

    Raises:
        Problem: ``invalid-command`` for one that is none, is too long or too costly.
    """
    if len(pattern) > MAXIMUM:
        raise _refused(f"it is longer than {MAXIMUM} characters")
    translation = _Translation()
    for part in _PART.finditer(pattern):
        translation.take(part)
    return re.compile(translation.whole())


class _Translation:
    """A pattern on its way to one of Python's, in which all else is text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._can_repeat = False
        self._depth = self._groups = self._repeats = self._choices = 0
        self._signs = {"(": self._open, ")": self._close, "|": self._choice}

    def take(self, part: re.Match[str]) -> None:
        sign, members = part["sign"], part["set"]
        if sign is None:
            text = _set(members) if members else re.escape(part["escaped"] or part["plain"])
            self._parts.append(text)
            self._can_repeat = True
        elif sign in "*+?":
            self._parts.append(self._repeat(sign))
            self._can_repeat = False
        else:
            self._parts.append(self._signs[sign]() if sign in self._signs else sign)
            self._can_repeat = sign == "."

    def whole(self) -> str:
        if self._depth:
            raise _refused("a bracket is not closed")
        return "".join(self._parts)

    def _repeat(self, sign: str) -> str:
        if not self._parts:
            return re.escape(sign)  # nothing stands before it
        self._repeats += 1
        if not self._can_repeat or self._repeats > MAXIMUM_REPEATS:
            raise _refused(f"only single characters are repeated, {MAXIMUM_REPEATS} times at most")
        return sign

    def _open(self) -> str:
        self._depth, self._groups = self._depth + 1, self._groups + 1
        if self._groups > MAXIMUM_GROUPS:
            raise _refused(f"it has more than {MAXIMUM_GROUPS} groups")
        return "(?:"

    def _close(self) -> str:
        if not self._depth:
            return re.escape(")")
        self._depth -= 1
        return ")"

    def _choice(self) -> str:
        self._choices += 1
        if self._choices > MAXIMUM_CHOICES:
            raise _refused(f"it has more than {MAXIMUM_CHOICES} choices")
        return "|"


def _set(members: str) -> str:
    """Return a set of characters; each is written so that it means itself to Python."""
    is_not = members.startswith("^") and len(members) > 1
    parts = []
    for match in _RANGE.finditer(members[is_not:]):
        first, last, single = match.groups()
        if single is None and first > last:
            raise _refused(f"{first}-{last} is no range")
        parts.append(re.escape(single) if single else f"{re.escape(first)}-{re.escape(last)}")
    return f"[{'^' if is_not else ''}{''.join(parts)}]"


def _refused(why: str) -> Problem:
    return Problem("invalid-command", f"% The pattern cannot be used: {why}.")
