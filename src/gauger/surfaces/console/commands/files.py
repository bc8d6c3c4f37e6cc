"""Rows about the files of the device's own disk."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import disk
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_ARGUMENTS: Final = MappingProxyType(
    {"place": Argument(kind=Kind.PATH, help="File or folder of the disk: flash:NAME.")}
)
# Saved usage says what a customer has: it is for who may save it.
_row: Final = Rows(mode=Mode.EXEC, arguments=_ARGUMENTS, privilege=15)

_LIST: Final = "List the files on the disk."
_TABLE: Final = "A line for each file, and how much room is left."

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _row("dir", _LIST, disk.directory, _TABLE),
    _row("dir <place>", _LIST, disk.directory, _TABLE),
    _row("more <place>", "Show a file of the disk.", disk.more, "The file."),
    _row("delete <place>", "Delete a file of the disk.", disk.delete, "`[confirm]` in a session."),
)

WORDS: Final[Mapping[str, str]] = MappingProxyType({})
