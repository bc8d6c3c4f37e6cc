"""Rows of `show` about the machine, which tools ask before anything else."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import support
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import ConsoleCommand

_row: Final = Rows(mode=Mode.EXEC)

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _row(
        "show version",
        "Show the release, the host name, the serial number and how long the device runs.",
        support.version,
        "A page, in the words that tools look for.",
    ),
    _row(
        "show clock",
        "Show the time.",
        support.clock,
        "One line; it begins with a star where the clock was never set.",
    ),
    _row(
        "show inventory",
        "Show the product ids and serial numbers.",
        support.inventory,
        "Two lines for each device.",
    ),
)

WORDS: Final[Mapping[str, str]] = MappingProxyType({})
