"""How a table of commands becomes a language: abbreviations, arguments with ranges, refusals.

Whatever does not fit is refused as operators know it, with a marker under the first wrong
character. A question mark at the end of a line asks what may stand there. Nothing that is typed is
ever run by anything but the handler of a row.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from types import MappingProxyType
from typing import Final, Generic

from gauger.core.problems import Problem
from gauger.surfaces.console.grammar import Argument, Command, H, Kind, Match, Mode

MAXIMUM_LINE: Final = 4096

# Quotes hold together only where a word begins; anywhere else they are characters.
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_ELEMENT = re.compile(
    r"\{(?P<choice>\w+):(?P<options>[^}]+)\}"
    r"|\[(?P<option>\w+):(?P<word>[^\]]+)\]"
    r"|<(?P<argument>\w+)>"
    r"|(?P<keyword>\S+)"
)


class Wrong(StrEnum):
    """What is wrong with a line that is no command."""

    INVALID = "invalid"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"


class NotACommand(Problem):
    """A line that is no command.

    Attributes:
        wrong: What is wrong with it.
        column: Where its first wrong character stands; its length where it only ends early.
        shown: The line up to the end of the wrong word, with secrets covered.
        path: The words of the language that it has up to there, each whole.
    """

    def __init__(
        self, wrong: Wrong, detail: str, *, column: int, shown: str, path: str = ""
    ) -> None:
        """Say what is wrong; the detail holds what a console prints."""
        # Where a line only ends early no character is wrong.
        place = column if wrong is Wrong.INVALID else None
        super().__init__("invalid-command", detail, column=place)
        self.wrong, self.column, self.shown, self.path = wrong, column, shown, path


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
        walk = self._walked(line, tokens[:-1])
        asked = tokens[-1]
        if asked.text != "?" and walk.takes(asked):
            return None
        return walk.choices(asked.text[:-1], asked, self._help_words)

    def following(self, text: str) -> list[tuple[str, str]]:
        """Return what may stand at the end of a line that is still being typed.

        Args:
            text: The line up to there. Behind a blank a next word is asked for, else the words
                that begin as the last one does.

        Raises:
            Problem: ``invalid-command`` where nothing can stand there.
        """
        tokens, last = self._at_end(text)
        return self._walked(text, tokens).choices(last.text, last, self._help_words)

    def completed(self, text: str) -> str | None:
        """Return a half-typed line with its last word whole and a blank; None if that is unclear.

        Args:
            text: The line up to the end of that word.
        """
        try:
            tokens, last = self._at_end(text)
            word = self._walked(text, tokens).only_word(last.text)
        except Problem:
            return None
        return None if word is None else f"{text[: last.start]}{word} "

    def _at_end(self, text: str) -> tuple[list[_Token], _Token]:
        """Split a half-typed line into its whole words and the one that is being typed."""
        tokens = _tokens(text)
        if tokens and tokens[-1].end == len(text):
            return tokens[:-1], tokens[-1]
        return tokens, _Token("", len(text), len(text))

    def _walked(self, line: str, tokens: Sequence[_Token]) -> "_Walk[H]":
        walk = _Walk(line, self._root)
        for token in tokens:
            # All but the last must be words of the language: help for a line that is none misleads.
            walk.step(token)
        return walk


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
        self._taken = 0  # up to where an argument took the rest of the line

    def run(self, tokens: Sequence[_Token]) -> Match[H]:
        for token in tokens:
            self.step(token)
        if self._node.command is None:
            shown = self._shown(len(self._line))
            message = f"{shown}\n% Incomplete command.\n{self._allowed()}".lstrip("\n")
            path, column = " ".join(self._path), len(self._line)
            raise NotACommand(Wrong.INCOMPLETE, message, column=column, shown=shown, path=path)
        return Match(command=self._node.command, values=self._values)

    def takes(self, asked: _Token) -> bool:
        """Return whether a question mark at a token's end belongs to an argument."""
        if asked.start < self._taken:
            return True
        argument = self._node.argument
        is_word = bool(self._beginning(asked.text[:-1]))
        return not is_word and argument is not None and argument[1].accepts(asked.text)

    def choices(self, typed: str, asked: _Token, words: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return what may stand where a word is typed so far."""
        node = self._node
        found = [
            (word, words.get(" ".join([*self._path, word])) or _sole_help(node.words[word][1]))
            for word in sorted(self._beginning(typed))
        ]
        if node.argument is not None and (not typed or node.argument[1].accepts(typed)):
            found.insert(0, (node.argument[1].sign, node.argument[1].help))
        if not typed and node.command is not None:
            found.append(("<cr>", node.command.help))
        if not found:
            raise self._invalid(asked)
        return found

    def only_word(self, typed: str) -> str | None:
        """Return the one keyword that a word begins, or None."""
        found = self._beginning(typed) if typed else []
        exact = [word for word in found if word.lower() == typed.lower()]
        return (exact or found)[0] if len(exact or found) == 1 else None

    def step(self, token: _Token) -> None:
        # Quotes and blanks within the rest of a line are no words of their own.
        if token.start < self._taken:
            return
        # An empty text in quotes begins every keyword, so it counts as none.
        found = self._beginning(token.text) if token.text else []
        # A word typed in full is meant, also where a longer one begins with it.
        word = self.only_word(token.text)
        if word is not None:
            self._path.append(word)
            name, self._node = self._node.words[word]
            if name is not None:
                self._values[name] = word
        elif self._node.argument is not None and self._accepted(token) is not None:
            self._take(token)
        elif found:
            line = self._shown(token.end)
            message = f'% Ambiguous command:  "{line}"\nIt may be: {", ".join(sorted(found))}.'
            raise NotACommand(Wrong.AMBIGUOUS, message, column=token.start, shown=line)
        else:
            raise self._invalid(token)

    def _beginning(self, typed: str) -> list[str]:
        typed = typed.lower()
        return [word for word in self._node.words if word.lower().startswith(typed)]

    def _accepted(self, token: _Token) -> str | None:
        """Return what the argument of this place takes of the line, or None."""
        if self._node.argument is None:
            return None
        argument = self._node.argument[1]
        is_rest = argument.kind is Kind.LINE
        text = self._line[token.start :].rstrip() if is_rest else token.text
        return text if argument.accepts(text) else None

    def _take(self, token: _Token) -> None:
        text = self._accepted(token)
        if self._node.argument is None or text is None:
            raise self._invalid(token)
        name, argument, self._node = self._node.argument
        self._values[name] = text
        self._path.append(f"<{name}>")
        is_rest = argument.kind is Kind.LINE
        end = len(self._line) if is_rest else token.end
        self._taken = end if is_rest else 0
        if argument.is_secret:
            # What is refused behind it shows the line: on a screen, in a log, in a support case.
            self._hidden.append(_Token(text, token.start, end))

    def _invalid(self, token: _Token) -> NotACommand:
        # Only what stands before the wrong place, and that word, is repeated: the rest may hold a
        # secret that was never recognised as one.
        line = self._shown(token.end)
        column = token.start + self._fitting(token)
        marker = " " * column + "^"
        allowed = self._allowed()
        message = f"{line}\n{marker}\n% Invalid input detected at '^' marker.\n{allowed}"
        return NotACommand(Wrong.INVALID, message, column=column, shown=line)

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
