"""Handlers of what leads from mode to mode, and of what is set for one terminal."""

from collections.abc import Callable
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import IN_A_SESSION, ConsoleMatch, Session
from gauger.surfaces.console.terminal import Terminal

PRIVILEGED: Final = 15
LOOKING: Final = 1

_DEFAULTS: Final = Terminal()


def enable(session: Session, _: ConsoleMatch, /) -> str:
    """Go up to privileged EXEC."""
    session.at_terminal.enable()
    return ""


def disable(session: Session, _: ConsoleMatch, /) -> str:
    """Go down to user EXEC."""
    session.at_terminal.privilege = LOOKING
    # From configuration too (`do disable`): no line of it is left that would lead out.
    session.mode = Mode.EXEC
    return ""


def configure(session: Session, _: ConsoleMatch, /) -> str:
    """Begin to configure.

    Raises:
        Problem: ``invalid-command`` where nobody stays.
    """
    if session.shell is None:
        raise Problem("invalid-command", IN_A_SESSION)
    session.mode = Mode.CONFIG
    return "Enter configuration commands, one per line.  End with CNTL/Z."


def configure_from(session: Session, match: ConsoleMatch, /) -> str:
    """Ask where lines come from, as devices do; here they come from the terminal only."""

    def then(answer: str) -> str:
        if not "terminal".startswith(answer.strip().lower()):
            raise Problem("not-supported", "Lines of configuration come from the terminal only.")
        return configure(session, match)

    session.at_terminal.ask("Configuring from terminal, memory, or network [terminal]? ", then)
    return ""


def leave(session: Session, _: ConsoleMatch, /) -> str:
    """End the session."""
    session.at_terminal.end()
    return ""


def up_to(mode: Mode) -> Callable[[Session, ConsoleMatch], str]:
    """Make the handler that leaves a mode.

    Args:
        mode: The mode above it.
    """

    def handler(session: Session, _: ConsoleMatch, /) -> str:
        session.mode = mode
        return ""

    return handler


def line(session: Session, match: ConsoleMatch, /) -> str:
    """Configure lines from here on."""
    session.mode = Mode.LINE
    session.line = "console" if "number" in match.values else "vty"
    return ""


def do(_: Session, __: ConsoleMatch, /) -> str:
    """Refuse to run an EXEC line here: a session reads what stands behind the word as one itself.

    Raises:
        Problem: ``invalid-command``.
    """
    raise Problem("invalid-command", IN_A_SESSION)


def length(session: Session, match: ConsoleMatch, /) -> str:
    """Set how many lines a page has."""
    given = "lines" in match.values
    session.at_terminal.terminal.rows = match.number("lines") if given else _DEFAULTS.rows
    return ""


def width(session: Session, match: ConsoleMatch, /) -> str:
    """Set how many characters a line has."""
    given = "columns" in match.values
    session.at_terminal.terminal.columns = match.number("columns") if given else _DEFAULTS.columns
    return ""


def history_size(session: Session, match: ConsoleMatch, /) -> str:
    """Set how many lines are kept."""
    given = "size" in match.values
    session.at_terminal.terminal.history = match.number("size") if given else _DEFAULTS.history
    return ""


def monitor(*, on: bool) -> Callable[[Session, ConsoleMatch], str]:
    """Make the handler that turns system messages on or off.

    Args:
        on: Which of the two.
    """

    def handler(session: Session, _: ConsoleMatch, /) -> str:
        session.at_terminal.monitors = on
        return ""

    return handler


def show_privilege(session: Session, _: ConsoleMatch, /) -> str:
    """Show what the operator may do."""
    return f"Current privilege level is {session.at_terminal.privilege}"


def show_history(session: Session, _: ConsoleMatch, /) -> str:
    """Show what was typed."""
    return "\n".join(f"  {line}" for line in session.at_terminal.lines)


def show_terminal(session: Session, _: ConsoleMatch, /) -> str:
    """Show the settings of the terminal."""
    shell = session.at_terminal
    terminal = shell.terminal
    # A page of no lines has no end, and so has a line of no characters.
    rows, columns = terminal.rows, terminal.columns
    kept = terminal.history
    return "\n".join(
        [
            # The lines that parsers insist on: a line of the network has no place, no type and no
            # speed, and devices print these words for theirs too.
            'Line 0, Location: "", Type: ""',
            f"Length: {rows} lines, Width: {columns} columns",
            "Baud rate (TX/RX) is 9600/9600",
            "Status: Ready, Active",
            "Allowed input transports are ssh.",
            "Allowed output transports are none.",
            f"Paging is {'enabled' if rows else 'disabled'}.",
            f"System messages are {'shown' if shell.monitors else 'not shown'} here.",
            f"History is {'enabled' if kept else 'disabled'}, history size is {kept}.",
        ]
    )
