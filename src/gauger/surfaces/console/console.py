"""A console: lines in, text out. It only formats and forwards; the product instance decides."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gauger.core.problems import Problem
from gauger.core.text import many_lines
from gauger.instance.ports import Operations, Views
from gauger.surfaces.console import pipes
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Grammar, Mode
from gauger.surfaces.console.session import ConsoleMatch, Handler, Session

_GRAMMARS: dict[Mode, Grammar[Handler]] = {mode: Grammar(COMMANDS, mode) for mode in Mode}


@contextmanager
def _safe_refusals() -> Iterator[None]:
    """Escape what a refusal quotes: a portal's own words may stand in it."""
    try:
        yield
    except Problem as problem:
        detail = many_lines(problem.detail)
        if detail == problem.detail:
            raise
        raise Problem(problem.code, detail, **problem.diagnostics) from problem


def only_shows(line: str) -> bool:
    """Return whether an EXEC line changes nothing, so that whoever may read can carry it out.

    Raises:
        Problem: ``invalid-command`` for a line that is no command.
    """
    return _GRAMMARS[Mode.EXEC].parse(pipes.split(line)[0]).command.only_shows


def show(views: Views, line: str) -> str:
    """Carry out an EXEC command that only shows; see `Console.execute`.

    Raises:
        Problem: As `Console.execute`; ``invalid-command`` for a command that would change things.
    """
    return _execute(Session(views=views), line)


class Console:
    """The commands of one product instance, for one operator."""

    def __init__(self, agent: Operations, *, folder: Path | None = None) -> None:
        """Open a console.

        Args:
            agent: The product instance.
            folder: Where relative file paths begin; the working folder where None.
        """
        self._agent = agent
        self._folder = Path.cwd() if folder is None else folder

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
            What they print, which is nothing.

        Raises:
            Problem: ``invalid-command``, or why a line was refused; then nothing was changed.
        """
        session = self._session()
        for line in lines:
            if line.strip() and not line.lstrip().startswith("!"):
                match = _match(session, line, Mode.CONFIG)
                match.command.handler(session, match)
        with _safe_refusals():
            self._agent.configure(session.changes)
        return ""

    def _session(self) -> Session:
        return Session(views=self._agent, operations=self._agent, folder=self._folder)


def _execute(session: Session, line: str) -> str:
    command, request = pipes.split(line)
    match = _match(session, command, Mode.EXEC)
    with _safe_refusals():
        text = many_lines(match.command.handler(session, match))
    return text if request is None else pipes.apply(text, request)


def _match(session: Session, line: str, mode: Mode) -> ConsoleMatch:
    match = _GRAMMARS[mode].parse(line)
    release = session.views.profile.release
    if release < match.command.since:
        message = (
            f"`{match.command.plain_syntax}` needs release {match.command.since}; "
            f"this is {release}."
        )
        raise Problem("not-supported", message)
    return match
