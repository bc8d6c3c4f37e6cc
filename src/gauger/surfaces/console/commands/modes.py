"""Rows that lead from mode to mode, and rows of one terminal."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import modes
from gauger.surfaces.console.commands.rows import Rows
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand

_ARGUMENTS: Final = MappingProxyType(
    {
        "lines": Argument(
            kind=Kind.NUMBER, help="Lines of a page (0 for no pausing).", minimum=0, maximum=512
        ),
        "columns": Argument(
            kind=Kind.NUMBER,
            help="Characters of a line (0 for no limit).",
            minimum=0,
            maximum=512,
        ),
        "size": Argument(kind=Kind.NUMBER, help="Lines that are kept.", minimum=0, maximum=256),
        "command": Argument(kind=Kind.LINE, help="An EXEC command.", maximum=4096),
        "first": Argument(kind=Kind.NUMBER, help="First line.", minimum=0, maximum=97),
        "last": Argument(kind=Kind.NUMBER, help="Last line.", minimum=0, maximum=97),
    }
)


# By custom whoever logs in may type what is for every day.
_everyday: Final = Rows(
    mode=Mode.EXEC, arguments=_ARGUMENTS, privilege=modes.LOOKING, needs_shell=True
)
_privileged: Final = replace(_everyday, privilege=modes.PRIVILEGED)
_lines: Final = Rows(mode=Mode.CONFIG, arguments=_ARGUMENTS)
_in_config: Final = replace(_lines, needs_shell=True)
_in_line: Final = replace(_in_config, mode=Mode.LINE)

_DO: Final = "Carry out an EXEC command."
_DONE: Final = "What that command prints."

COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _everyday(
        "enable", "Go up to privileged EXEC.", modes.enable, "`Password: ` where one is set."
    ),
    _everyday("enable {level:15}", "Go up to privileged EXEC.", modes.enable, "As `enable`."),
    _everyday("disable", "Go down to user EXEC.", modes.disable),
    _everyday("exit", "End the session.", modes.leave),
    _everyday("logout", "End the session.", modes.leave),
    _everyday("quit", "End the session.", modes.leave),
    _privileged(
        "configure",
        "Begin to configure, and ask from where.",
        modes.configure_from,
        "As `configure terminal`, once that is answered.",
    ),
    _privileged(
        "configure terminal",
        "Begin to configure; each line takes effect as it is typed.",
        modes.configure,
        "One line that says how to end it.",
    ),
    _everyday("terminal length <lines>", "Set how many lines a page has.", modes.length),
    _everyday("terminal no length", "Return to pages of 24 lines.", modes.length),
    _everyday("terminal width <columns>", "Set how many characters a line has.", modes.width),
    _everyday("terminal no width", "Return to lines of 80 characters.", modes.width),
    _everyday("terminal history size <size>", "Set how many lines are kept.", modes.history_size),
    _everyday("terminal no history size", "Return to a history of 20 lines.", modes.history_size),
    # As on devices: what the log tells is for who may act on it.
    _privileged("terminal monitor", "Show system messages here.", modes.monitor(on=True)),
    _privileged("terminal no monitor", "Show no system messages here.", modes.monitor(on=False)),
    _everyday(
        "show privilege", "Show the privilege of the session.", modes.show_privilege, "One line."
    ),
    _everyday(
        "show history", "Show what was typed here.", modes.show_history, "The lines, oldest first."
    ),
    _everyday(
        "show terminal", "Show the settings of the terminal.", modes.show_terminal, "Nine lines."
    ),
    _lines("line console {number:0}", "Configure the local console.", modes.line),
    _lines("line vty <first>", "Configure a line of those who log in from elsewhere.", modes.line),
    _lines(
        "line vty <first> <last>",
        "Configure the lines of those who log in from elsewhere.",
        modes.line,
    ),
    _in_config("do <command>", _DO, modes.do, _DONE),
    _in_config("exit", "End configuration.", modes.up_to(Mode.EXEC)),
    _in_config("end", "End configuration.", modes.up_to(Mode.EXEC)),
    _in_line("do <command>", _DO, modes.do, _DONE),
    _in_line("exit", "Return to global configuration.", modes.up_to(Mode.CONFIG)),
    _in_line("end", "End configuration.", modes.up_to(Mode.EXEC)),
)

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "configure": "Configure the product instance.",
        "line": "Configure how operators come in.",
        "line vty": "Those who log in from elsewhere.",
        "terminal": "Set up this terminal.",
        "terminal history": "What is kept of what was typed.",
        "terminal no": "Return to the default.",
        "terminal no history": "What is kept of what was typed.",
    }
)
