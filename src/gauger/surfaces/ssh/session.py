"""One session of an SSH client: a shell in a thread of its own, or a single command.

The thread may wait: for the portal, for the disk, for a client that reads slowly. The event loop
never does; all that passes between them is `Inbox` and `Outlet`.
"""

import asyncio
import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import asyncssh

from gauger.surfaces.shell import Terminal, Visitor
from gauger.surfaces.ssh.guard import Guard
from gauger.surfaces.ssh.inbox import Inbox
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.outlet import Outlet
from gauger.surfaces.ssh.works import AnyShell, Works

_log = logging.getLogger(__name__)

_WINDOW: Final = 64 * 1024
_PACKET: Final = 32 * 1024
_LARGEST: Final = 1000  # rows or columns; no screen has more, and nothing is to be filled for them
_PIECES: Final = re.compile(rb"[^\r\n]{1,256}[\r\n]?|[\r\n]")
"""Lines as typed, and parts of long ones: each question mark of them prints a list."""

_WINDOW_FULL: Final = "a window that is full"


class Channel(asyncssh.SSHServerChannel[bytes]):
    """A channel that takes no variables: nothing here obeys them, and the library keeps them all."""

    def __init__(self, connection: asyncssh.SSHServerConnection) -> None:
        """Open one of a connection: with a terminal, without the library's own line editor."""
        super().__init__(
            connection,
            asyncio.get_running_loop(),
            allow_pty=True,
            line_editor=False,
            line_echo=False,
            line_history=0,
            max_line_length=0,
            encoding=None,
            errors="strict",
            window=_WINDOW,
            max_pktsize=_PACKET,
        )

    def _process_env_request(self, packet: asyncssh.packet.SSHPacket) -> bool:  # noqa: ARG002 -- not even read
        return False


class Session(asyncssh.SSHServerSession[bytes]):
    """One session."""

    def __init__(
        self,
        visitor: Visitor,
        works: Works,
        guard: Guard,
        *,
        limits: Limits,
        ended: "Callable[[Session], None]",
    ) -> None:
        """Prepare one; it begins when the client says what it wants.

        Args:
            visitor: Who has logged in.
            works: What carries out.
            guard: The client's socket.
            limits: How much may wait.
            ended: Told in the loop once the thread has ended.
        """
        self.visitor = visitor
        self.typed_at = time.monotonic()
        self.is_command = False
        self._works, self._guard, self._ended = works, guard, ended
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox(limits.input_bytes)
        self._outlet = Outlet(self._loop, limits, self._send, guard.abort)
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._terminal: Terminal | None = None
        self._is_paused = False
        self._is_broken = False
        self._line = ""

    @property
    def waiting_bytes(self) -> int:
        """How much input waits for the shell."""
        return len(self._inbox)

    # In the event loop: what the library calls.

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Take the channel."""
        self._channel = chan
        self._guard.outlets.add(self._outlet)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a command that is at work goes on to its end, unseen."""
        if exc is not None and not isinstance(exc, asyncssh.Error | OSError):
            _log.error("an SSH session failed", exc_info=exc)
        self._channel = None
        self._guard.outlets.discard(self._outlet)
        self.end()
        if self._thread is None or self._thread.ident is None:
            self._ended(self)

    def pty_requested(
        self,
        term_type: str,  # noqa: ARG002 -- of a terminal of any kind nothing but its size is used
        term_size: tuple[int, int, int, int],
        term_modes: Mapping[int, int],  # noqa: ARG002 -- the shell echoes by itself
    ) -> bool:
        """Take a terminal."""
        columns, rows = term_size[:2]
        self._terminal = _terminal(rows, columns)
        return True

    def terminal_size_changed(
        self,
        width: int,
        height: int,
        pixwidth: int,  # noqa: ARG002 -- characters only
        pixheight: int,  # noqa: ARG002 -- characters only
    ) -> None:
        """Take a new size."""
        terminal = _terminal(height, width)
        self._inbox.resize(terminal.rows, terminal.columns)

    def shell_requested(self) -> bool:
        """Open a shell."""
        return self._begin(self._converse)

    def exec_requested(self, command: str) -> bool:
        """Carry out one line."""
        self._line, self.is_command = command, True
        return self._begin(self._carry_out)

    def subsystem_requested(self, subsystem: str) -> bool:  # noqa: ARG002 -- refused whatever it is
        """Refuse files and all else that is no shell."""
        return False

    def session_started(self) -> None:
        """Begin, now that the client has been told that it may.

        Where this machine has no thread left the connection ends of it, and that is logged.
        """
        if self._thread is not None:
            self._thread.start()

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002 -- of one kind
        """Take input."""
        self.typed_at = time.monotonic()
        # A single command reads nothing.
        is_full = not self.is_command and self._inbox.put(data)
        if is_full and self._channel is not None and not self._is_paused:
            self._is_paused = True
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        """Carry out what was typed before the input ended; the output stays open for that."""
        self._inbox.end()
        return True

    def pause_writing(self) -> None:
        """Let the shell wait for a client that does not read."""
        self._outlet.hold(_WINDOW_FULL)

    def resume_writing(self) -> None:
        """Go on."""
        self._outlet.let(_WINDOW_FULL)

    def end(self) -> None:
        """End soon: after the command that is at work, if any."""
        self._inbox.abandon()
        self._outlet.close()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end; from any thread but its own."""
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join(seconds)

    def _begin(self, work: Callable[[], int]) -> bool:
        # A daemon: a command that waits for a portal must not keep a process that ends.
        thread = threading.Thread(target=self._run, args=(work,), name="ssh-session", daemon=True)
        self._thread = thread
        return True

    def _send(self, data: bytes) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(data)

    def _resume(self) -> None:
        if self._is_paused and self._channel is not None:
            self._is_paused = False
            self._channel.resume_reading()

    def _finish(self, status: int) -> None:
        if self._channel is not None:
            self._channel.exit(status)
        self._ended(self)

    # In the session's thread.

    def _run(self, work: Callable[[], int]) -> None:
        status = 1
        try:
            status = work()
        except Exception as error:  # noqa: BLE001 -- the edge of a thread, logged
            # Told here: the library would drop the client without a word to anybody.
            _log.error("a shell over SSH failed", exc_info=error)
        finally:
            # The loop may have ended before a command did.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._finish, status)

    def _converse(self) -> int:
        terminal = self._terminal or Terminal()
        shell = self._works.shell(self.visitor, terminal, self._write, self._broke_off)
        try:
            shell.start()
            while not shell.ended and self._feed(shell):
                pass
        finally:
            shell.close()
        return 0

    def _feed(self, shell: AnyShell) -> bool:
        """Give a shell what has come; return whether more may come."""
        taken, self._is_broken = self._inbox.take(), False
        self._loop.call_soon_threadsafe(self._resume)
        if taken.size is not None:
            shell.resize(*taken.size)
        for piece in _PIECES.findall(taken.data):
            # Before each line: what many lines print at once would wait in memory.
            if not self._outlet.wait():
                return False
            shell.receive(piece)
            if self._is_broken:
                # What was typed ahead was meant to follow the command that is broken off.
                break
        return not taken.is_last

    def _broke_off(self) -> bool:
        self._is_broken = self._inbox.take_break()
        if self._is_broken:
            # Only now: a full inbox stops the reading, and a poll must not let in more.
            self._loop.call_soon_threadsafe(self._resume)
        return self._is_broken

    def _carry_out(self) -> int:
        text, status = self._works.command(self.visitor, self._line)
        # With a terminal nobody else makes a carriage return of a line end.
        end = "\n" if self._terminal is None else "\r\n"
        if text:
            self._write((text.replace("\n", end) + end).encode())
        return status

    def _write(self, data: bytes) -> None:
        # What another thread brings is a message, which the log buffer has too.
        self._outlet.write(data, must=threading.current_thread() is self._thread)


def _terminal(rows: int, columns: int) -> Terminal:
    """Return a terminal of a size; what a client leaves open is as it is on a screen of old."""
    usual = Terminal()
    return Terminal(
        rows=min(rows, _LARGEST) or usual.rows, columns=min(columns, _LARGEST) or usual.columns
    )
