"""What a row of the table of commands is: its words, its arguments, where it is typed.

A command's syntax is one line of text, the same that the reference prints:

- ``word``: a keyword; any beginning that is unambiguous at its place will do.
- ``{name:a|b}``: one of several keywords, kept under a name.
- ``[name:a]``: a keyword that may be left out, kept under a name.
- ``<name>``: an argument, whose type and range the command declares.

`gauger.surfaces.console.language` makes a language of the rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from gauger.core.releases import Release

_LOOKS: Final = frozenset({"dir", "more", "show"})

H = TypeVar("H")
"""What a row of the table is handled by."""


class Mode(StrEnum):
    """Where a command is typed."""

    EXEC = "EXEC"
    CONFIG = "configuration"
    LINE = "line configuration"


class Kind(StrEnum):
    """What an argument is."""

    TEXT = "text"
    NUMBER = "number"
    PATH = "file path"
    LINE = "rest of the line"


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

    @property
    def sign(self) -> str:
        """What stands for it where a question mark lists what may follow, as on devices."""
        if self.kind is Kind.NUMBER:
            return f"<{self.minimum}-{self.maximum}>"
        return "LINE" if self.kind is Kind.LINE else "WORD"


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
        privilege: The least privilege that may type it, 1 or 15; None for the custom of devices:
            whoever logs in may look, all else takes 15.
        needs_shell: Whether it means something in a session only: modes, the terminal.
        waits: Whether it waits for the portal: at a terminal it can be broken off.
    """

    syntax: str
    mode: Mode
    help: str
    since: Release
    handler: H
    arguments: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    summary: str = "Nothing."
    privilege: int | None = None
    needs_shell: bool = False
    waits: bool = False

    @property
    def only_shows(self) -> bool:
        """Whether it changes nothing: by custom its first word says so."""
        return self.syntax.partition(" ")[0] in _LOOKS or self.syntax == "write terminal"

    def is_open_to(self, privilege: int) -> bool:
        """Return whether an operator of that privilege may type it."""
        least = self.privilege if self.privilege is not None else 1 if self.only_shows else 15
        return privilege >= least

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
