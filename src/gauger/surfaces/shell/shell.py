"""A session at a terminal: keys in, what the terminal shows out. No socket is known here."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.core.problems import Problem
from gauger.core.text import many_lines, one_line
from gauger.instance.ports import Line, Operations
from gauger.surfaces.console.console import require_release
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.modes import PRIVILEGED
from gauger.surfaces.console.session import Session
from gauger.surfaces.console.terminal import Terminal
from gauger.surfaces.shell import lines
from gauger.surfaces.shell.editor import BELL, Editor, History
from gauger.surfaces.shell.enabling import Enabling
from gauger.surfaces.shell.keys import Key, Keys
from gauger.surfaces.shell.lines import Typed
from gauger.surfaces.shell.pager import ERASE_MORE, Pager
from gauger.surfaces.shell.patience import Patience
from gauger.surfaces.shell.questions import Asked, Question, Work, refused
from gauger.surfaces.shell.visitor import Visitor

_SHUTDOWN: Final = "\r\n\r\n***\r\n*** --- SHUTDOWN NOW ---\r\n***\r\n\r\n"

# Those that wait while a page is read; older ones are in the log buffer.
_MOST_WAITING: Final = 100

_SIGNS: Final[Mapping[Mode, str]] = MappingProxyType(
    {Mode.CONFIG: "(config)#", Mode.LINE: "(config-line)#"}
)
_log = logging.getLogger(__name__)


class _Phase(Enum):
    """What the next key is for."""

    TYPING = auto()
    ANSWERING = auto()
    PAGING = auto()
    RUNNING = auto()


class Shell:
    """One operator at one terminal.

    `receive` carries commands out and blocks meanwhile: call it in a thread of the session's own.
    `show_message` and `resize` may come from any thread.
    """

    def __init__(
        self,
        agent: Operations,
        visitor: Visitor,
        terminal: Terminal,
        write: Callable[[bytes], None],
        *,
        folder: Path | None = None,
        flash: Path | None = None,
        broke_off: Callable[[], bool] | None = None,
    ) -> None:
        """Prepare a session.

        Args:
            agent: The product instance.
            visitor: Who sits there.
            terminal: What the terminal shows at once.
            write: Sends bytes to the terminal; an `OSError` of it ends the session.
            folder: Where relative file paths begin; the working folder where None. Only who sits at
                the local console may name files outside of it.
            flash: The device's own disk; the folder where None.
            broke_off: Tells whether Ctrl-C was typed while a command waits for the portal, see
                `Patience`; None where nothing is read meanwhile.
        """
        self._agent, self._visitor, self._write = agent, visitor, write
        self.terminal = terminal
        self.privilege = visitor.privilege
        self._session = Session(
            views=agent,
            operations=agent,
            folder=Path() if folder is None else folder,
            # Who comes from elsewhere has an account of the device, none of its host.
            is_confined=visitor.name is not None,
            flash=flash,
        )
        self._session.shell = self
        self._reported = (terminal.rows, terminal.columns)
        # Keys and messages come from different threads, and draw on the same line.
        self._lock = threading.RLock()
        self._keys, self._editor = Keys(), Editor()
        self._typed, self._configured = History(), History()
        self._pager = Pager("", terminal)
        self._patience = None if broke_off is None else Patience(broke_off)
        self._question: Asked | None = None
        self._phase = _Phase.RUNNING
        self._is_literal = False
        self._waiting: deque[str] = deque(maxlen=_MOST_WAITING)
        self._unsubscribe: Callable[[], None] | None = None
        self._forget: Callable[[], None] = _nothing
        self._ended = False
        self._enabling = Enabling(self._agent, visitor, self)
        self._at_prompt: Mapping[Key, Callable[[], Work | None]] = {
            Key.ENTER: self._enter,
            Key.TAB: self._complete,
            Key.BREAK: self._break,
            Key.END_MODE: self._end_mode,
            Key.END_OF_INPUT: self._end_of_input,
            Key.REDRAW: self._redraw,
            Key.LITERAL: lambda: None,
        }

    def start(self) -> None:
        """Show the banner and the first prompt."""
        self._forget = self._agent.on_reload(self.shut_down)
        self.monitors = self._visitor.name is None
        configuration = self._agent.configuration()
        with self._lock:
            self._out("\r\n")
            for banner in filter(None, (configuration.banner_motd, configuration.banner_exec)):
                self._out(many_lines(banner).rstrip("\n").replace("\n", "\r\n") + "\r\n")
            self._next()

    @property
    def ended(self) -> bool:
        """Whether the session is over: what comes then is dropped."""
        return self._ended

    def receive(self, data: bytes) -> None:
        """Take what was typed; commands are carried out before it returns.

        Args:
            data: Bytes of the terminal, cut anywhere.
        """
        for key in self._keys.feed(data):
            waiting = deque([key])
            while waiting:
                work = self._taken(waiting)
                if work is not None:
                    self._run(work)

    def resize(self, rows: int, columns: int) -> None:
        """Follow a terminal that was made larger or smaller."""
        with self._lock:
            # What an operator has set stands: a script that switched paging off wants no page.
            if self.terminal.rows == self._reported[0]:
                self.terminal.rows = rows
            if self.terminal.columns == self._reported[1]:
                self.terminal.columns = columns
            self._reported = (rows, columns)

    def show_message(self, line: str) -> None:
        """Show a system message; a half-typed line stands below it again."""
        with self._lock:
            if self._ended:
                return
            if self._phase is _Phase.PAGING:
                self._waiting.append(line)
                return
            shown = f"{one_line(line)}\r\n"
            if self._phase is _Phase.RUNNING:
                self._out(shown)
            else:
                self._out(f"\r\n{shown}{self._editor.redraw()}")

    def close(self) -> None:
        """Let go: nothing is written any more."""
        with self._lock:
            self._ended = True
        self.monitors = False
        forget, self._forget = self._forget, _nothing
        forget()

    def shut_down(self) -> None:
        """End the session because the device reloads, and say so; from any thread, once."""
        with self._lock:
            if not self._ended:
                self._out(_SHUTDOWN)
            self._ended = True

    # What handlers may do, as `gauger.surfaces.console.terminal.ShellControl` has it.

    @property
    def lines(self) -> Sequence[str]:
        """What was typed in EXEC, oldest first."""
        return self._typed.lines

    @property
    def monitors(self) -> bool:
        """Whether system messages are shown as they come."""
        return self._unsubscribe is not None

    @monitors.setter
    def monitors(self, value: bool) -> None:
        if value and self._unsubscribe is None:
            line = Line.CONSOLE if self._visitor.name is None else Line.MONITOR
            self._unsubscribe = self._agent.messages.subscribe(self.show_message, line)
        elif not value and self._unsubscribe is not None:
            unsubscribe, self._unsubscribe = self._unsubscribe, None
            unsubscribe()

    def enable(self) -> None:
        """Go up to privileged EXEC, with a password where one is set.

        Raises:
            Problem: ``invalid-command`` where none is set and the visitor may only look.
        """
        self._enabling.begin()

    def ask(self, prompt: str, then: Callable[[str], str], *, hidden: bool = False) -> None:
        """Ask for one line once the handler has returned."""
        self._question = Asked(prompt=prompt, kind=Question.LINE, then=then, hidden=hidden)

    def confirm(self, prompt: str, then: Callable[[], str]) -> None:
        """Ask for one key once the handler has returned."""
        self._question = Asked(prompt=prompt, kind=Question.KEY, then=lambda _: then())

    def read_text(self, until: str, then: Callable[[str], str]) -> None:
        """Take the lines that follow as a text once the handler has returned."""
        self._question = Asked(prompt="", kind=Question.TEXT, then=then, until=until)

    def end(self) -> None:
        """End the session."""
        self._ended = True

    # Keys.

    def _taken(self, waiting: deque[Key | str]) -> Work | None:
        """Take the next of what waits; once the session is over it is dropped."""
        with self._lock:
            if self._ended:
                waiting.clear()
                return None
            work = self._take(self._first(waiting))
            if work is not None:
                # Here already: a message that comes now must not draw the line once more.
                self._phase = _Phase.RUNNING
            return work

    def _first(self, waiting: deque[Key | str]) -> Key | str:
        """Take what comes next: text as a whole where a line is typed, else key by key."""
        first = waiting.popleft()
        is_key = self._phase is _Phase.PAGING or (
            self._phase is _Phase.ANSWERING
            and self._question is not None
            and self._question.kind is Question.KEY
        )
        if is_key and isinstance(first, str) and len(first) > 1:
            # What stands behind the key belongs to whatever that key leads to.
            waiting.appendleft(first[1:])
            return first[0]
        return first

    def _take(self, key: Key | str) -> Work | None:
        if self._phase is _Phase.PAGING:
            self._page(key)
            return None
        if self._phase is _Phase.ANSWERING:
            return self._answer(key)
        if isinstance(key, str):
            self._type(key)
            return None
        # What ^V holds back is the next character only.
        self._is_literal = key is Key.LITERAL
        act = self._at_prompt.get(key)
        if act is not None:
            return act()
        self._out(self._editor.press(key))
        return None

    def _type(self, text: str) -> None:
        was_literal, self._is_literal = self._is_literal, False
        # In quotes it is a character as any other: a name or a URL may hold one.
        in_quotes = self._editor.before.count('"') % 2 == 1
        if text == "?" and not was_literal and not in_quotes:
            self._help()
        else:
            self._out(self._editor.type(text))

    def _help(self) -> None:
        mode, columns = self._session.mode, self.terminal.columns
        text = lines.helped(self._editor.before, mode, self.privilege, columns)
        shown = many_lines(text).replace("\n", "\r\n")
        self._out(f"{self._editor.finish()}?\r\n{shown}\r\n{self._editor.redraw()}")

    def _complete(self) -> None:
        before, mode = self._editor.before, self._session.mode
        whole = lines.completed(before, mode, self.privilege)
        if whole is None:
            self._out(BELL)
            return
        # On a line of its own, as devices do.
        at_end = self._editor.finish()
        self._editor.put(whole)
        self._out(f"{at_end}\r\n{self._editor.redraw()}")

    def _enter(self) -> Work:
        self._out(f"{self._editor.finish()}\r\n")
        return self._typed_line()

    def _typed_line(self) -> Work:
        line, indent = self._editor.text, len(self._editor.prompt)
        if self._editor.is_too_long:
            # Carried out cut off, it would mean something else than was typed.
            return partial(refused, "The line is too long.")
        return partial(self._carry_out, line, indent - self._editor.offset)

    def _break(self) -> Work:
        """Forget what was typed, and what was being configured."""
        self._out(f"{self._editor.finish()}^C\r\n")
        return self._leave_configuration

    def _end_mode(self) -> Work:
        is_typed = self._session.mode is not Mode.EXEC and bool(self._editor.text.strip())
        self._out(f"{self._editor.finish()}^Z\r\n")
        # As on devices: what stands there is carried out first.
        work = self._typed_line() if is_typed else self._leave_configuration

        def carry_out() -> str:
            try:
                return work()
            finally:
                self._leave_configuration()

        return carry_out

    def _leave_configuration(self) -> str:
        self._session.mode = Mode.EXEC
        return ""

    def _end_of_input(self) -> None:
        if self._editor.text or self._session.mode is not Mode.EXEC:
            self._out(self._editor.press(Key.END_OF_INPUT))
            return
        self._out("\r\n")
        self._ended = True

    def _redraw(self) -> None:
        self._out(f"\r\n{self._editor.redraw()}")

    def _page(self, key: Key | str) -> None:
        shown = self._pager.press(key)
        self._out(ERASE_MORE if shown is None else shown)
        if shown is None or not self._pager.has_more:
            self._next()

    def _answer(self, key: Key | str) -> Work | None:
        asked = self._question
        if asked is None or key is Key.BREAK:
            self._question = None
            self._out("^C\r\n" if asked is None or not asked.hidden else "\r\n")
            self._next()
            return None
        shown, work = asked.take(key, self._editor)
        self._out(shown)
        if work is not None:
            self._question = None
        return work

    # Work.

    def _carry_out(self, line: str, indent: int) -> str:
        # Devices skip remarks at any prompt, and pasted configurations hold them.
        if not line.strip() or line.lstrip().startswith("!"):
            return ""
        session = self._session
        # What a refused line left is not to come along with this one.
        session.changes.clear()
        history = self._typed if session.mode is Mode.EXEC else self._configured
        history.keep(line, self.terminal.history)
        try:
            typed = lines.read(line, session.mode, self.privilege)
        except Problem as problem:
            return lines.told(problem, indent)
        require_release(session, typed.match)
        if typed.mode is not Mode.EXEC:
            session.mode = typed.mode
        handle = partial(self._handle, typed)
        if typed.match.command.waits and self._patience is not None:
            return self._patience.wait(partial(_told, handle))
        text = handle()
        self._apply()
        return text

    def _handle(self, typed: Typed) -> str:
        text = typed.match.command.handler(self._session, typed.match)
        return typed.let_through(many_lines(text))

    def _apply(self) -> None:
        """Let what was configured take effect: at once, as it is typed."""
        changes = list(self._session.changes)
        if changes:
            # Before it is tried: a line that is refused must not come along with the next one.
            self._session.changes.clear()
            # As on devices: it is in force, and gone after a reload unless somebody saves it.
            self._agent.configure(changes, save=False)

    def _run(self, work: Work) -> None:
        """Carry something out; the terminal stays open to messages meanwhile."""
        text = _told(work)
        with self._lock:
            self._pager = Pager(many_lines(text), self.terminal)
            self._out(self._pager.page())
            self._next()

    def _next(self) -> None:
        """Show what comes behind the work: the rest of a page, a question or the prompt."""
        if self._pager.has_more and self._phase is _Phase.RUNNING:
            self._phase = _Phase.PAGING
            return
        self._phase = _Phase.TYPING
        while self._waiting:
            self._out(f"{one_line(self._waiting.popleft())}\r\n")
        if self._ended:
            return
        self._editor.columns = self.terminal.columns
        if self._question is not None:
            self._phase = _Phase.ANSWERING
            self._out(self._editor.begin(self._question.prompt, hidden=self._question.hidden))
            return
        history = self._typed if self._session.mode is Mode.EXEC else self._configured
        self._out(self._editor.begin(self._prompt(), history))

    def _prompt(self) -> str:
        name = one_line(self._agent.hostname())
        return name + _SIGNS.get(self._session.mode, "#" if self.privilege == PRIVILEGED else ">")

    def _out(self, text: str) -> None:
        if not text:
            return
        try:
            self._write(text.encode("utf-8", "replace"))
        except OSError:
            # The terminal is gone: whoever carries it learns so by itself.
            self._ended = True


def _told(work: Work) -> str:
    """Carry something out and return what is printed, of a refusal too."""
    try:
        return work()
    except Problem as problem:
        return lines.told(problem, 0)
    except Exception as error:  # noqa: BLE001 - the edge of the session, answered and logged
        _log.error("a command of a session failed", exc_info=error)
        return lines.told(Problem("internal-error", "The agent's log says what failed."), 0)


def _nothing() -> None:
    """Undo nothing."""
