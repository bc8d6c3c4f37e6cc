"""Rows that lead from mode to mode, and rows of one terminal."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gauger.surfaces.console import modes
from gauger.surfaces.console.commands.arguments import FIRST
from gauger.surfaces.console.grammar import Argument, Command, Kind, Mode
from gauger.surfaces.console.session import ConsoleCommand, Handler

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


def _everyday(
    syntax: str,
    text: str,
    handler: Handler,
    summary: str = "Nothing.",
    *,
    privilege: int = modes.LOOKING,
) -> ConsoleCommand:
    """Return a row of EXEC, by custom one that whoever logs in may type."""
    return Command(
        syntax=syntax,
        mode=Mode.EXEC,
        help=text,
        since=FIRST,
        handler=handler,
        arguments=_ARGUMENTS,
        summary=summary,
        privilege=privilege,
        needs_shell=True,
    )


def _leading(syntax: str, mode: Mode, text: str, handler: Handler) -> ConsoleCommand:
    """Return a row that leads out of a mode, or beyond it."""
    return Command(
        syntax=syntax,
        mode=mode,
        help=text,
        since=FIRST,
        handler=handler,
        arguments=_ARGUMENTS,
        summary="What that command prints." if syntax.startswith("do ") else "Nothing.",
        needs_shell=True,
    )


def _lines(syntax: str, text: str) -> ConsoleCommand:
    return Command(
        syntax=syntax,
        mode=Mode.CONFIG,
        help=text,
        since=FIRST,
        handler=modes.line,
        arguments=_ARGUMENTS,
    )


COMMANDS: Final[tuple[ConsoleCommand, ...]] = (
    _everyday(
        "enable", "Go up to privileged EXEC.", modes.enable, "`Password: ` where one is set."
    ),
    _everyday("enable {level:15}", "Go up to privileged EXEC.", modes.enable, "As `enable`."),
    _everyday("disable", "Go down to user EXEC.", modes.disable),
    _everyday("exit", "End the session.", modes.leave),
    _everyday("logout", "End the session.", modes.leave),
    _everyday("quit", "End the session.", modes.leave),
    _everyday(
        "configure",
        "Begin to configure, and ask from where.",
        modes.configure_from,
        "As `configure terminal`, once that is answered.",
        privilege=modes.PRIVILEGED,
    ),
    _everyday(
        "configure terminal",
        "Begin to configure; each line takes effect as it is typed.",
        modes.configure,
        "One line that says how to end it.",
        privilege=modes.PRIVILEGED,
    ),
    _everyday("terminal length <lines>", "Set how many lines a page has.", modes.length),
    _everyday("terminal no length", "Return to pages of 24 lines.", modes.length),
    _everyday("terminal width <columns>", "Set how many characters a line has.", modes.width),
    _everyday("terminal no width", "Return to lines of 80 characters.", modes.width),
    _everyday("terminal history size <size>", "Set how many lines are kept.", modes.history_size),
    _everyday("terminal no history size", "Return to a history of 20 lines.", modes.history_size),
    # As on devices: what the log tells is for who may act on it.
    _everyday(
        "terminal monitor",
        "Show system messages here.",
        modes.monitor(on=True),
        privilege=modes.PRIVILEGED,
    ),
    _everyday(
        "terminal no monitor",
        "Show no system messages here.",
        modes.monitor(on=False),
        privilege=modes.PRIVILEGED,
    ),
    _everyday(
        "show privilege", "Show the privilege of the session.", modes.show_privilege, "One line."
    ),
    _everyday(
        "show history", "Show what was typed here.", modes.show_history, "The lines, oldest first."
    ),
    _everyday(
        "show terminal", "Show the settings of the terminal.", modes.show_terminal, "Nine lines."
    ),
    _lines("line console {number:0}", "Configure the local console."),
    _lines("line vty <first>", "Configure a line of those who log in from elsewhere."),
    _lines("line vty <first> <last>", "Configure the lines of those who log in from elsewhere."),
    _leading("do <command>", Mode.CONFIG, "Carry out an EXEC command.", modes.do),
    _leading("exit", Mode.CONFIG, "End configuration.", modes.up_to(Mode.EXEC)),
    _leading("end", Mode.CONFIG, "End configuration.", modes.up_to(Mode.EXEC)),
    _leading("do <command>", Mode.LINE, "Carry out an EXEC command.", modes.do),
    _leading("exit", Mode.LINE, "Return to global configuration.", modes.up_to(Mode.CONFIG)),
    _leading("end", Mode.LINE, "End configuration.", modes.up_to(Mode.EXEC)),
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
