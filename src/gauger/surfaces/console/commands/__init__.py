"""The table of commands: what an operator can type, in one place.

Adding a command is adding a row to one of the families. The language, the refusals and the
reference page come from it.
"""

from types import MappingProxyType
from typing import Final

from gauger.surfaces.console.commands import (
    files,
    licensing,
    machine,
    messages,
    modes,
    operations,
    shows,
    system,
)
from gauger.surfaces.console.session import ConsoleCommand

_FAMILIES: Final = (shows, operations, licensing, machine, messages, modes, system, files)

COMMANDS: Final[tuple[ConsoleCommand, ...]] = tuple(
    command for family in _FAMILIES for command in family.COMMANDS
)
"""Every command of the console."""

WORDS: Final = MappingProxyType(
    {syntax: meaning for family in _FAMILIES for syntax, meaning in family.WORDS.items()}
)
"""What the keywords mean that a question mark lists, by the syntax up to them.

A keyword that leads to one command only is explained by that command's own line.
"""
