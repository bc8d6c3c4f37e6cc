"""`| include`, `exclude`, `begin`, `section` and `count` behind a command.

What matches is said by `gauger.surfaces.console.pattern`.
"""

import re
from collections.abc import Callable
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.console.pattern import compiled

MEANINGS: Final = {
    "begin": "From the first line that matches on.",
    "count": "How many lines match.",
    "exclude": "The lines that do not match.",
    "include": "The lines that match.",
    "section": "The lines that match, and those below that are indented further.",
}
FILTERS: Final = tuple(MEANINGS)


def split(line: str) -> tuple[str, str | None]:
    """Separate a command from its filter.

    Args:
        line: The line as typed.

    Returns:
        The command, and what stands behind the first ``|``, or None.
    """
    # The first bar, as on devices: no quotes protect it.
    command, bar, rest = line.partition("|")
    return (command, rest.strip()) if bar else (command, None)


def choices() -> list[tuple[str, str]]:
    """Return the filters, each with its meaning."""
    return [(f"{name} PATTERN", meaning) for name, meaning in MEANINGS.items()]


def chosen(request: str) -> Callable[[str], str]:
    """Return the filter that is asked for; what is wrong with it is told before anything is done.

    Args:
        request: Name of the filter (or a unique beginning), a blank, the pattern.

    Returns:
        What makes of the output of a command the lines that are let through.

    Raises:
        Problem: ``invalid-command`` for an unknown filter or a pattern that is too long.
    """
    typed, _, pattern = request.partition(" ")
    found = [name for name in FILTERS if name.startswith(typed.lower()) and typed]
    if len(found) != 1 or not pattern.strip():
        message = f"% Incomplete or unknown filter; use one of {', '.join(FILTERS)} and a pattern."
        raise Problem("invalid-command", message)
    return named(found[0], pattern.strip())


def named(name: str, pattern: str) -> Callable[[str], str]:
    """Return a filter by its whole name.

    Args:
        name: One of `FILTERS`.
        pattern: The pattern.

    Returns:
        As `chosen`.

    Raises:
        Problem: ``invalid-command`` for a pattern that is too long.
    """
    matches = compiled(pattern)
    return lambda text: _filtered(text.split("\n"), name, matches)


def _filtered(lines: list[str], name: str, matches: re.Pattern[str]) -> str:
    if name == "begin":
        first = next((number for number, line in enumerate(lines) if matches.search(line)), None)
        return "" if first is None else "\n".join(lines[first:])
    if name == "section":
        return "\n".join(_sections(lines, matches))
    wanted = name != "exclude"
    kept = [line for line in lines if bool(matches.search(line)) is wanted]
    if name == "count":
        return f"Number of lines which match regexp = {len(kept)}"
    return "\n".join(kept)


def _sections(lines: list[str], matches: re.Pattern[str]) -> list[str]:
    """Return each matching line with the lines below it that are indented further."""
    kept: list[str] = []
    depth: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        # An empty line ends a section: between two sections of an output stands one.
        if depth is not None and line.strip() and indent > depth:
            kept.append(line)
        elif matches.search(line):
            kept.append(line)
            depth = indent
        else:
            depth = None
    return kept
