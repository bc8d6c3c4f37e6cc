"""How a table of commands becomes a language: abbreviations, arguments with ranges, refusals.

A command's syntax is one line of text, the same that the reference prints:

- ``word``: a keyword; any beginning that is unambiguous at its place will do.
- ``{name:a|b}``: one of several keywords, kept under a name.
- ``[name:a]``: a keyword that may be left out, kept under a name.
- ``<name>``: an argument, whose type and range the command declares.

Whatever does not fit is refused as operators know it, with a marker under the first wrong
character. A question mark at the end of a line asks what may stand there. Nothing that is typed is ever run by anything but the handler of a row.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from gauger.core.problems import Problem
from gauger.core.releases import Release

MAXIMUM_LINE: Final = 4096

H = TypeVar("H")
"""What a row of the table is handled by."""

# Quotes hold together only where a word begins; anywhere else they are characters.
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_ELEMENT = re.compile(
    r"\{(?P<choice>\w+):(?P<options>[^}]+)\}"
    r"|\[(?P<option>\w+):(?P<word>[^\]]+)\]"
    r"|<(?P<argument>\w+)>"
    r"|(?P<keyword>\S+)"
)


class Mode(StrEnum):
    """Where a command is typed."""

    EXEC = "EXEC"
    CONFIG = "configuration"


class Kind(StrEnum):
    """What an argument is."""

    TEXT = "text"
    NUMBER = "number"
    PATH = "file path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of a command.

    Attributes:
        kind: What it is.
        help: What it means, one line.
        minimum: Smallest number, or shortest text.
        maximum: Largest number, or longest text.
        is_secret: Whether refusals must not repeat it.
    """

    kind: Kind
    help: str
    minimum: int = 1
    maximum: int = 1024
    is_secret: bool = False

    def accepts(self, text: str) -> bool:
        """Return whether the text is of this type and in this range."""
        if self.kind is not Kind.NUMBER:
            return self.minimum <= len(text) <= self.maximum
        # Digits of other scripts pass `isdigit`, and endless ones would keep `int` busy.
        is_number = text.isascii() and text.isdigit() and len(text) <= 20
        return is_number and self.minimum <= int(text) <= self.maximum

    @property
    def rule(self) -> str:
        """What is accepted, for people."""
        if self.kind is Kind.NUMBER:
            return f"{self.minimum} to {self.maximum}"
        return f"{self.kind.value}, at most {self.maximum} characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[H]):
    """One row of the table of commands.

    Attributes:
        syntax: The command line, as described above.
        mode: Where it is typed.
        help: What it does, one line.
        since: First release that has it.
        handler: What carries it out.
        arguments: Each argument of the syntax by its name.
        summary: What it prints on success, one line.
    """

    syntax: str
    mode: Mode
    help: str
    since: Release
    handler: H
    arguments: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    summary: str = "Nothing."

    @property
    def only_shows(self) -> bool:
        """Whether it changes nothing: by custom its first word says so."""
        return self.syntax.startswith("show ")

    @property
    def plain_syntax(self) -> str:
        """The syntax as people read it, without the names of choices."""
        return re.sub(r"([{\[])\w+:", r"\1", self.syntax).replace("|", " | ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[H]):
    """A line that is a command.

    Attributes:
        command: The row of the table.
        values: Arguments and named keywords by name; one left out is absent.
    """

    command: Command[H]
    values: Mapping[str, str]

    def number(self, name: str) -> int:
        """Return a numeric argument."""
        return int(self.values[name])


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Node(Generic[H]):
    """A place in the language: what may follow, and whether a command may end here."""

    words: "dict[str, tuple[str | None, _Node[H]]]" = field(default_factory=dict)
    argument: "tuple[str, Argument, _Node[H]] | None" = None
    command: "Command[H] | None" = None


class Grammar(Generic[H]):
    """The language of all commands of one mode."""

    def __init__(
        self,
        commands: Iterable[Command[H]],
        mode: Mode,
        words: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Grow the language.

        Args:
            commands: The table; rows of another mode are skipped.
            mode: The mode.
            words: What a keyword means, by the syntax up to it and with it; a keyword that leads
                to a single command needs no line.
        """
        self._help_words = words
        self._root: _Node[H] = _Node()
        for command in commands:
            if command.mode is mode:
                elements = list(_ELEMENT.finditer(command.syntax))
                _grow(self._root, elements, command)

    def parse(self, line: str) -> Match[H]:
        """Find the command that a line is.

        Raises:
            Problem: ``invalid-command`` for a line that is none, is not complete or may be
                several; the detail holds what a console prints.
        """
        return _Walk(line, self._root).run(_tokens(line))

    def reach(self, line: str) -> int:
        """Return how many words of a line belong to this language, one after another.

        Raises:
            Problem: ``invalid-command`` for a line that can be no command at all.
        """
        tokens, walk = _tokens(line), _Walk(line, self._root)
        for number, token in enumerate(tokens):
            try:
                walk.step(token)
            except Problem:
                return number
        return len(tokens)

    def help(self, line: str) -> list[tuple[str, str]] | None:
        """Answer a line that ends with a question mark.

        Args:
            line: The line as typed.

        Returns:
            What may stand at the question mark, each with its meaning; None for a line that asks
            nothing, as a URL may end with a question mark too.

        Raises:
            Problem: ``invalid-command`` where nothing can stand there.
        """
        tokens = _tokens(line) if line.rstrip().endswith("?") else []
        if not tokens or not tokens[-1].text.endswith("?"):
            return None  # within quotes a question mark is a character as any other
        walk = _Walk(line, self._root)
        for token in tokens[:-1]:
            # All but the last must be words of the language: help for a line that is none misleads.
            walk.step(token)
        return walk.choices(tokens[-1], self._help_words)


def _grow(node: _Node[H], elements: Sequence[re.Match[str]], command: Command[H]) -> None:
    """Add the rest of a command's syntax below a node, once for each choice it offers."""
    if not elements:
        node.command = command
        return
    first, rest = elements[0], elements[1:]
    if first["option"] is not None:
        # Left out: what comes after it may stand here at once.
        _grow(node, rest, command)
    for name, word in _words(first):
        child = node.words.setdefault(word, (name, _Node()))[1]
        _grow(child, rest, command)
    if (name := first["argument"]) is not None:
        # A place has one argument, that of the row that came first: rows share its name.
        if node.argument is None:
            node.argument = (name, command.arguments[name], _Node())
        _grow(node.argument[2], rest, command)


def _words(element: re.Match[str]) -> list[tuple[str | None, str]]:
    if element["keyword"] is not None:
        return [(None, element["keyword"])]
    if element["option"] is not None:
        return [(element["option"], element["word"])]
    if element["choice"] is not None:
        return [(element["choice"], word) for word in element["options"].split("|")]
    return []


def _tokens(line: str) -> list[_Token]:
    """Split a line at blanks; double quotes hold a text with blanks together."""
    if len(line) > MAXIMUM_LINE:
        raise Problem("invalid-command", f"The line is longer than {MAXIMUM_LINE} characters.")
    if not line.isprintable():
        # A terminal's control characters and lone line ends are never part of a command.
        raise Problem("invalid-command", "The line holds a character that is not printable.")
    return [
        _Token(match[2] if match[1] is None else match[1], match.start(), match.end())
        for match in _TOKEN.finditer(line)
    ]


def _shared(one: str, other: str) -> int:
    """Return how many characters two words have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _sole_help(node: _Node[H]) -> str:
    """Return the help of the command that a keyword is, or the one that it leads to."""
    if node.command is not None:
        return node.command.help
    helps = {command.help for command in _commands(node)}
    # No one command's line explains what leads to several.
    return helps.pop() if len(helps) == 1 else ""


def _commands(node: _Node[H]) -> Iterator[Command[H]]:
    if node.command is not None:
        yield node.command
    for _, child in node.words.values():
        yield from _commands(child)
    if node.argument is not None:
        yield from _commands(node.argument[2])


class _Walk(Generic[H]):
    """One line on its way through the language."""

    def __init__(self, line: str, root: _Node[H]) -> None:
        self._line, self._node = line, root
        self._values: dict[str, str] = {}
        self._hidden: list[_Token] = []
        self._path: list[str] = []

    def run(self, tokens: Sequence[_Token]) -> Match[H]:
        for token in tokens:
            self.step(token)
        if self._node.command is None:
            shown = self._shown(len(self._line))
            message = f"{shown}\n% Incomplete command.\n{self._allowed()}"
            raise Problem("invalid-command", message.lstrip("\n"))
        return Match(command=self._node.command, values=self._values)

    def choices(self, asked: _Token, words: Mapping[str, str]) -> list[tuple[str, str]] | None:
        """Return what may stand where a question mark ends a token, or None for an argument."""
        typed = asked.text[:-1].lower()
        node = self._node
        found = [
            (word, words.get(" ".join([*self._path, word])) or _sole_help(child))
            for word, (_, child) in sorted(node.words.items())
            if word.lower().startswith(typed)
        ]
        if typed:
            if not found and node.argument is not None and node.argument[1].accepts(asked.text):
                return None
            if not found:
                raise self._invalid(asked)
            return found
        if node.argument is not None:
            name, argument, _ = node.argument
            found.append((f"<{name}>", f"{argument.help.removesuffix('.')} ({argument.rule})."))
        if node.command is not None:
            found.append(("<cr>", node.command.help))
        return found

    def step(self, token: _Token) -> None:
        typed = token.text.lower()
        # An empty text in quotes begins every keyword, so it counts as none.
        found = [word for word in self._node.words if word.lower().startswith(typed) and typed]
        exact = [word for word in found if word.lower() == typed]
        # A word typed in full is meant, also where a longer one begins with it.
        if len(exact or found) == 1:
            word = (exact or found)[0]
            self._path.append(word)
            name, self._node = self._node.words[word]
            if name is not None:
                self._values[name] = word
        elif self._node.argument is not None and self._node.argument[1].accepts(token.text):
            self._take(token)
        elif found:
            line = self._shown(token.end)
            message = f'% Ambiguous command:  "{line}"\nIt may be: {", ".join(sorted(found))}.'
            raise Problem("invalid-command", message)
        else:
            raise self._invalid(token)

    def _take(self, token: _Token) -> None:
        if self._node.argument is None:
            raise self._invalid(token)
        name, argument, self._node = self._node.argument
        self._values[name] = token.text
        self._path.append(f"<{name}>")
        if argument.is_secret:
            # What is refused behind it shows the line: on a screen, in a log, in a support case.
            self._hidden.append(token)

    def _invalid(self, token: _Token) -> Problem:
        # Only what stands before the wrong place, and that word, is repeated: the rest may hold a
        # secret that was never recognised as one.
        line = self._shown(token.end)
        column = token.start + self._fitting(token)
        marker = " " * column + "^"
        allowed = self._allowed()
        message = f"{line}\n{marker}\n% Invalid input detected at '^' marker.\n{allowed}"
        return Problem("invalid-command", message, column=column)

    def _fitting(self, token: _Token) -> int:
        """Return how many characters begin a keyword: the marker stands under the next one."""
        typed = token.text.lower()
        # A text in quotes begins one character later than its token; it is marked as a whole.
        is_plain = token.end - token.start == len(typed)
        shared = [_shared(typed, word.lower()) for word in self._node.words]
        return max(shared, default=0) if is_plain else 0

    def _allowed(self) -> str:
        choices = sorted(self._node.words)
        if self._node.argument is not None:
            name, argument, _ = self._node.argument
            choices.append(f"<{name}> ({argument.rule})")
        if self._node.command is not None:
            choices.append("the end of the line")
        return f"Here may stand: {', '.join(choices)}."

    def _shown(self, end: int) -> str:
        """Return the line up to a place, with secrets covered."""
        shown = self._line
        for token in self._hidden:
            # As many as there were characters: the marker below has to stand in its column.
            cover = "*" * (token.end - token.start)
            shown = shown[: token.start] + cover + shown[token.end :]
        return shown[:end]
