"""What a line means that is typed in a session: its mode, `do`, and the filter behind a bar."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.console import pipes
from gauger.surfaces.console.commands import COMMANDS, WORDS
from gauger.surfaces.console.commands.arguments import FIRST
from gauger.surfaces.console.console import listed
from gauger.surfaces.console.grammar import Argument, Command, Kind, Mode
from gauger.surfaces.console.language import Grammar, NotACommand, Wrong
from gauger.surfaces.console.session import ConsoleMatch, Handler

_DO: Final = re.compile(r"\s*do\s+", re.IGNORECASE)
_PATTERN: Final = MappingProxyType(
    {"pattern": Argument(kind=Kind.LINE, help="Pattern that a line has to match.", maximum=4096)}
)
_FILTERS: Final[Grammar[str]] = Grammar(
    [
        Command(
            syntax=f"{name} <pattern>",
            mode=Mode.EXEC,
            help=meaning,
            since=FIRST,
            handler=name,
            arguments=_PATTERN,
        )
        for name, meaning in pipes.MEANINGS.items()
    ],
    Mode.EXEC,
)
_HEADS: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.EXEC: "Exec commands:",
        Mode.CONFIG: "Configure commands:",
        Mode.LINE: "Line configuration commands:",
    }
)
_BAR: Final = ("|", "Let through some lines of the output only.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A line that is a command.

    Attributes:
        match: The command.
        mode: Whose rows it is of.
        let_through: What the filter behind it makes of its output.
    """

    match: ConsoleMatch
    mode: Mode
    let_through: Callable[[str], str] = str


@cache
def _grammar(mode: Mode, privilege: int) -> Grammar[Handler]:
    """Return the language of a mode for a privilege: what it may not type does not exist for it."""
    return Grammar([row for row in COMMANDS if row.is_open_to(privilege)], mode, WORDS)


def read(line: str, mode: Mode, privilege: int) -> Typed:
    """Find the command that a line is.

    Args:
        line: The line.
        mode: The mode it is typed in.
        privilege: What its operator may do.

    Raises:
        Problem: ``invalid-command``; columns are those of the line as typed.
    """
    mode, line = _placed(line, mode, privilege)
    if mode is not Mode.EXEC:
        return Typed(match=_grammar(mode, privilege).parse(line), mode=mode)
    command, bar, behind = line.partition("|")
    match = _grammar(mode, privilege).parse(command)
    if not bar:
        return Typed(match=match, mode=mode)
    # In its own column: the marker of what is wrong with it stands under the line as typed.
    wanted = _FILTERS.parse(_behind(command) + behind)
    let_through = pipes.named(wanted.command.handler, wanted.values["pattern"])
    return Typed(match=match, mode=mode, let_through=let_through)


def following(text: str, mode: Mode, privilege: int) -> list[tuple[str, str]]:
    """Return what may stand at the end of a half-typed line, each with its meaning.

    Args:
        text: The line up to the cursor.
        mode: The mode it is typed in.
        privilege: What its operator may do.

    Raises:
        Problem: ``invalid-command`` where nothing can stand there.
    """
    mode, text = _placed(text, mode, privilege)
    command, bar, behind = text.partition("|") if mode is Mode.EXEC else (text, "", "")
    grammar = _grammar(mode, privilege)
    if bar:
        grammar.parse(command)  # behind what is no command stands no filter
        return _FILTERS.following(_behind(command) + behind)
    choices = grammar.following(text)
    # A bar belongs to what prints.
    if choices[-1][0] == "<cr>" and mode is Mode.EXEC and _only_shows(grammar, text):
        choices.insert(-1, _BAR)
    return choices


def helped(text: str, mode: Mode, privilege: int, columns: int) -> str:
    """Return what a question mark shows, as devices do it.

    Args:
        text: The line up to the cursor.
        mode: The mode it is typed in.
        privilege: What its operator may do.
        columns: Characters of a line of the terminal; 0 for no limit.

    Returns:
        A line for each word that may follow; right behind a half-typed one only the words.
    """
    try:
        choices = following(text, mode, privilege)
    except Problem:
        return "% Unrecognized command"
    placed_mode, placed = _placed(text, mode, privilege)
    if not placed.strip():
        return f"{_HEADS[placed_mode]}\n{listed(choices)}\n"
    words = [word for word, _ in choices]
    is_half = not placed.endswith(" ") and not words[0].startswith(("<", "WORD", "LINE"))
    return f"{_in_columns(words, columns) if is_half else listed(choices)}\n"


def _in_columns(words: Sequence[str], columns: int) -> str:
    width = max(map(len, words)) + 2
    each = max(1, (columns or len(words) * width) // width)
    rows = (words[start : start + each] for start in range(0, len(words), each))
    return "\n".join("".join(word.ljust(width) for word in row).rstrip() for row in rows)


def completed(text: str, mode: Mode, privilege: int) -> str | None:
    """Return a half-typed line with its last word whole; None where that is unclear.

    Args:
        text: The line up to the cursor.
        mode: The mode it is typed in.
        privilege: What its operator may do.
    """
    try:
        mode, placed = _placed(text, mode, privilege)
    except Problem:
        return None
    command, bar, behind = placed.partition("|") if mode is Mode.EXEC else (placed, "", "")
    if bar:
        whole = _FILTERS.completed(_behind(command) + behind)
    else:
        whole = _grammar(mode, privilege).completed(placed)
    if whole is None:
        return None
    # What stood before was blanked out where it is no part of that language.
    kept = len(command) + 1 if bar else len(placed) - len(placed.lstrip())
    return text[:kept] + whole[kept:]


def _placed(line: str, mode: Mode, privilege: int) -> tuple[Mode, str]:
    """Return the mode that a line is of, and the line with what only names the mode blanked out."""
    if mode is Mode.EXEC:
        return mode, line
    if named := _DO.match(line):
        return Mode.EXEC, " " * named.end() + line[named.end() :]
    if mode is Mode.LINE:
        # As on devices: whatever is no line of the submode ends it, if it is one of configuration.
        inner = _grammar(mode, privilege).reach(line)
        mode = Mode.CONFIG if _grammar(Mode.CONFIG, privilege).reach(line) > inner else mode
    return mode, line


def _behind(command: str) -> str:
    return " " * (len(command) + 1)


def _only_shows(grammar: Grammar[Handler], text: str) -> bool:
    return grammar.parse(text).command.only_shows


def told(problem: Problem, indent: int) -> str:
    """Return how a session says that something was refused.

    Args:
        problem: The refusal.
        indent: Where the line begins on the terminal, behind its prompt.
    """
    if not isinstance(problem, NotACommand):
        return _other(problem)
    if problem.wrong is Wrong.INVALID:
        marker = " " * max(0, indent + problem.column) + "^"
        return f"{marker}\n% Invalid input detected at '^' marker.\n"
    if problem.wrong is Wrong.INCOMPLETE:
        # The one word that devices answer with where to look.
        is_bare = problem.path == "show"
        return '% Type "show ?" for a list of subcommands' if is_bare else "% Incomplete command.\n"
    return f'% Ambiguous command:  "{problem.shown.strip()}"'


def _other(problem: Problem) -> str:
    text = f"% {problem.detail.removeprefix('% ')}"
    # What is wrong with a line is told whole; all else says what to do next.
    return text if problem.code == "invalid-command" else f"{text}\n{problem.kind.next_step}"
