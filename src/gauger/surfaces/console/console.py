"""A console: lines in, text out. It only formats and forwards; the product instance decides."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.core.problems import Problem
from gauger.core.text import many_lines
from gauger.instance.ports import Operations, Views
from gauger.surfaces.console import pipes
from gauger.surfaces.console.banners import gathered
from gauger.surfaces.console.commands import COMMANDS, WORDS
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.language import Grammar
from gauger.surfaces.console.session import (
    IN_A_SESSION,
    ONLY_LOOKED_AT,
    ConsoleMatch,
    Handler,
    Session,
)

# Without what means something in a session only: a line is carried out, and nobody stays.
_ROWS: Final = [command for command in COMMANDS if not command.needs_shell]
_GRAMMARS: dict[Mode, Grammar[Handler]] = {mode: Grammar(_ROWS, mode, WORDS) for mode in Mode}

_BELONGS: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.EXEC: "This is an EXEC command: type it with `gauger instance exec`.",
        Mode.CONFIG: "This is a line of configuration: type it with `gauger instance config`.",
        Mode.LINE: "This line of configuration stands below a `line` of its own.",
    }
)
_MODELESS: Final = (
    "There are no modes to enter or leave here: `gauger instance config` takes lines of "
    "configuration and saves them, `gauger instance exec` takes EXEC commands."
)
_MODE_WORDS: Final[Mapping[Mode, tuple[str, ...]]] = MappingProxyType(
    {
        Mode.EXEC: ("configure", "disable", "enable", "end", "exit"),
        Mode.CONFIG: ("configure", "do", "end", "exit", "write"),
        Mode.LINE: ("configure", "do", "end", "exit", "write"),
    }
)
"""Words that lead from mode to mode on devices, or save what is typed there."""

_ONLY_IN_SESSIONS: Final[Mapping[Mode, Grammar[Handler]]] = MappingProxyType(
    {mode: Grammar([row for row in COMMANDS if row.needs_shell], mode, WORDS) for mode in Mode}
)


@contextmanager
def _safe_refusals() -> Iterator[None]:
    """Escape what a refusal quotes: a portal's own words may stand in it."""
    try:
        yield
    except Problem as problem:
        detail = many_lines(problem.detail)
        # Nothing to escape: the problem goes on as it is, with its own cause.
        if detail == problem.detail:
            raise
        raise Problem(problem.code, detail, **problem.diagnostics) from problem


def only_shows(line: str) -> bool:
    """Return whether an EXEC line changes nothing, so that whoever may read can carry it out.

    Raises:
        Problem: ``invalid-command`` for a line that is no command.
    """
    command = pipes.split(line)[0]
    if _GRAMMARS[Mode.EXEC].help(command) is not None:
        # A question is answered from the table of commands, and runs none.
        return True
    return _parsed(command, Mode.EXEC).command.only_shows


def show(views: Views, line: str, *, flash: Path | None = None) -> str:
    """Carry out an EXEC command that only shows; see `Console.execute`.

    Args:
        views: The product instance.
        line: The line.
        flash: The device's own disk; the working folder where None.

    Raises:
        Problem: As `Console.execute`; ``invalid-command`` for a command that would change things.
    """
    return _execute(Session(views=views, flash=flash), line)


class Console:
    """The commands of one product instance, for one operator."""

    def __init__(
        self,
        agent: Operations,
        *,
        folder: Path | None = None,
        is_confined: bool = False,
        flash: Path | None = None,
    ) -> None:
        """Open a console.

        Args:
            agent: The product instance.
            folder: Where relative file paths begin; the working folder where None.
            is_confined: Whether no path leads out of the disk, as for who has no account of the
                host.
            flash: The device's own disk; the folder where None.
        """
        self._agent = agent
        # Not its name: a working folder that was deleted has none, and few commands need it.
        self._folder = Path() if folder is None else folder
        self._is_confined, self._flash = is_confined, flash

    def execute(self, line: str) -> str:
        """Carry out an EXEC command.

        Args:
            line: One line, perhaps with a filter such as ``| include ACK`` behind it.

        Returns:
            What it prints, without a line end; empty where it prints nothing. Nothing in it
            moves a cursor, whatever the names of accounts and licences hold.

        Raises:
            Problem: ``invalid-command`` for a line that is no command, or why it was refused.
        """
        return _execute(self._session(), line)

    def configure(self, lines: Sequence[str]) -> str:
        """Apply lines of configuration, all or none, and save them.

        Args:
            lines: The lines; empty ones and those that begin with ``!`` are skipped.

        Returns:
            What they print: the answer to a line that ends with ``?``, and what an operator should
            know of a line that was taken.

        Raises:
            Problem: ``invalid-command``, or why a line was refused; then nothing was changed.
        """
        session = self._session()
        session.mode = Mode.CONFIG
        answers: list[str] = []
        notes: list[str] = []
        for line in gathered(lines):
            # Whole configurations are pasted: between the lines stand remarks.
            if not line.strip() or line.lstrip().startswith("!"):
                continue
            mode = _mode_of(session.mode, line)
            choices = _GRAMMARS[mode].help(line)
            if choices is not None:
                answers.append(listed(choices))
                continue
            session.mode = mode
            match = _match(session, line, mode)
            # Only collected here: a wrong line further on must leave everything as it was.
            notes.append(match.command.handler(session, match))
        if session.changes or not answers:
            with _safe_refusals():
                self._agent.configure(session.changes)
        return "\n".join([*answers, *filter(None, notes)])

    def _session(self) -> Session:
        return Session(
            views=self._agent,
            operations=self._agent,
            folder=self._folder,
            is_confined=self._is_confined,
            flash=self._flash,
        )


def _execute(session: Session, line: str) -> str:
    command, request = pipes.split(line)
    choices = _GRAMMARS[Mode.EXEC].help(command)
    if choices is not None:
        return listed(choices)
    match = _match(session, command, Mode.EXEC)
    if session.operations is None and not match.command.only_shows:
        # By the table, not by each handler: one that asks no agent must not slip through.
        raise Problem("invalid-command", ONLY_LOOKED_AT)
    if request == "?":
        return listed(pipes.choices())
    # Before the command: a filter that is refused afterwards would hide what was done.
    let_through = pipes.chosen(request) if request is not None else str
    with _safe_refusals():
        return let_through(many_lines(match.command.handler(session, match)))


def _mode_of(mode: Mode, line: str) -> Mode:
    """Return the mode that a line of configuration belongs to: a submode, or the one above it."""
    if mode is Mode.CONFIG:
        return mode
    # As on devices: whatever is no line of the submode ends it, if it is one of configuration.
    inner, outer = _GRAMMARS[mode].reach(line), _GRAMMARS[Mode.CONFIG].reach(line)
    return Mode.CONFIG if outer > inner else mode


def _match(session: Session, line: str, mode: Mode) -> ConsoleMatch:
    match = _parsed(line, mode)
    require_release(session, match)
    return match


def require_release(session: Session, match: ConsoleMatch) -> None:
    """Refuse a command that the release of the product does not have.

    Raises:
        Problem: ``not-supported``.
    """
    release = session.views.profile.release
    # After parsing, so that a line that is wrong is told as wrong on every release.
    if release < match.command.since:
        message = (
            f"`{match.command.plain_syntax}` needs release {match.command.since}; "
            f"this is {release}."
        )
        raise Problem("not-supported", message)


def _parsed(line: str, mode: Mode) -> ConsoleMatch:
    """Find the command; a line of the other mode is refused with where it belongs."""
    try:
        return _GRAMMARS[mode].parse(line)
    except Problem as problem:
        hint = _elsewhere(line, mode)
        if not hint:
            raise
        raise Problem(problem.code, f"{problem.detail}\n{hint}", **problem.diagnostics) from problem


def _elsewhere(line: str, mode: Mode) -> str:
    """Return where a line belongs that is of the other mode, or one that changes modes."""
    words = line.split(maxsplit=1)
    if words and any(word.startswith(words[0].lower()) for word in _MODE_WORDS[mode]):
        return _MODELESS
    try:
        reached = _GRAMMARS[mode].reach(line)
        # The language that understands more of the line is the one that was meant.
        for other in Mode:
            if _GRAMMARS[other].reach(line) > reached:
                return _BELONGS[other]
            if _ONLY_IN_SESSIONS[other].reach(line) > reached:
                return IN_A_SESSION
    except Problem:
        return ""
    return ""


def listed(choices: Sequence[tuple[str, str]]) -> str:
    """Return what a question mark lists, a line for each."""
    width = max(len(word) for word, _ in choices)
    return "\n".join(f"  {word:<{width}}  {meaning}" for word, meaning in choices)
