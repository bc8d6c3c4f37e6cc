"""Rows of `show` about the machine, which tools ask before anything else."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import support
from gauger.surfaces.console.commands.arguments import FIRST
from gauger.surfaces.console.grammar import Command, Mode
from gauger.surfaces.console.session import ConsoleCommand

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    Command(
        syntax="show version",
        mode=Mode.EXEC,
        help="Show the release, the host name, the serial number and how long the device runs.",
        since=FIRST,
        handler=support.version,
        summary="A page, in the words that tools look for.",
    ),
    Command(
        syntax="show clock",
        mode=Mode.EXEC,
        help="Show the time.",
        since=FIRST,
        handler=support.clock,
        summary="One line; it begins with a star where the clock was never set.",
    ),
    Command(
        syntax="show inventory",
        mode=Mode.EXEC,
        help="Show the product ids and serial numbers.",
        since=FIRST,
        handler=support.inventory,
        summary="Two lines for each device.",
    ),
)

WORDS: Final[Mapping[str, str]] = MappingProxyType({})
