"""A session at an agent's socket: the local console, carried over what the agent listens at.

Once the operation ``shell`` is answered, the agent sends what the terminal shows, as it is. The
other way go lines of JSON: ``{"keys": …}`` holds typed bytes as the characters of the same numbers,
``{"rows": …, "columns": …}`` the size of a terminal that changed. Who has nothing more to type
closes that way; what was typed is still carried out.
"""

import contextlib
import select
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.ports import Operations
from gauger.surfaces.agent_wire import MAXIMUM_REQUEST, Values, read_line
from gauger.surfaces.shell import Shell, Terminal, Visitor

MOST: Final = 65_535
"""The largest size that a terminal can have."""

_BREAK: Final = "\x03"
# What is typed ahead of a command that waits; the rest waits in the socket.
_MOST_WAITING: Final = 256

# Whoever reaches the socket may do anything with the store already.
_VISITOR: Final = Visitor(name=None, privilege=15, origin="console")


def terminal_of(request: Values) -> Terminal:
    """Return the terminal that a request describes.

    Raises:
        Problem: ``invalid-argument``.
    """
    return Terminal(rows=_size(request, "rows"), columns=_size(request, "columns"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where files are that an operator at the console names.

    Attributes:
        folder: Where relative paths begin.
        flash: The device's own disk.
    """

    folder: Path
    flash: Path


def serve(client: socket.socket, agent: Operations, terminal: Terminal, files: Files) -> None:
    """Carry a session until either side ends it.

    Args:
        client: The connection; its reading side holds nothing that was read already.
        agent: The product instance.
        terminal: The operator's terminal.
        files: Where the operator's files are.

    Raises:
        OSError: Where the client is gone.
        Problem: ``malformed`` or ``invalid-argument`` for what is no line of this.
    """
    frames = _Frames(client, agent)
    shell = Shell(
        agent,
        _VISITOR,
        terminal,
        client.sendall,
        folder=files.folder,
        flash=files.flash,
        broke_off=frames.take_break,
    )

    def end() -> None:
        # In this order: a session that has ended by its client says nothing more.
        shell.shut_down()
        _end_reading(client)

    with contextlib.ExitStack() as stack:
        # Before the first prompt: a reload that comes between would leave the session waiting.
        stack.callback(agent.on_reload(end))
        stack.callback(shell.close)
        shell.start()
        for frame in frames:
            _take(shell, frame)
            if shell.ended:
                return


def _take(shell: Shell, frame: Values) -> None:
    keys = frame.get("keys")
    if isinstance(keys, str):
        try:
            shell.receive(keys.encode("latin-1"))
        except UnicodeEncodeError as error:
            raise Problem("malformed", "`keys` holds what is no byte.") from error
    else:
        size = terminal_of(frame)
        shell.resize(size.rows, size.columns)


class _Frames:
    """What a client sends, one line of JSON after another."""

    def __init__(self, client: socket.socket, agent: Operations) -> None:
        self._client, self._agent = client, agent
        self._rest = b""
        self._waiting: deque[Values] = deque()
        self._is_ended = False

    def __iter__(self) -> Iterator[Values]:
        """Yield frames until the client ends, or nothing comes for as long as the console waits."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            # Asked each time: who sets it at the console itself means this session too.
            if self._is_ended or not self._read(self._agent.configuration().exec_timeout_console):
                return

    def take_break(self) -> bool:
        """Return whether Ctrl-C has come; it is taken, and what was typed before it dropped.

        Raises:
            Problem: As iterating.
        """
        while len(self._waiting) < _MOST_WAITING and not self._is_ended and self._is_ready(0):
            self._read(0)
        keys = [_keys(frame) for frame in self._waiting]
        last = max((at for at, typed in enumerate(keys) if _BREAK in typed), default=None)
        if last is None:
            return False
        behind = {"keys": keys[last].rpartition(_BREAK)[2]}
        # Sizes of the terminal stand: only keys are dropped.
        sizes = [frame for frame in list(self._waiting)[:last] if "keys" not in frame]
        self._waiting = deque([*sizes, behind, *list(self._waiting)[last + 1 :]])
        return True

    def _is_ready(self, seconds: float | None) -> bool:
        return bool(select.select([self._client], [], [], seconds)[0])

    def _read(self, seconds: int) -> bool:
        """Take what comes, and return whether anything did; wait for it so long, or for ever."""
        data = self._client.recv(65_536) if self._is_ready(seconds or None) else b""
        self._is_ended = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAXIMUM_REQUEST:
            raise Problem("too-large", f"A line has at most {MAXIMUM_REQUEST} bytes.")
        self._waiting += map(read_line, lines)
        return bool(data)


def _keys(frame: Values) -> str:
    keys = frame.get("keys")
    return keys if isinstance(keys, str) else ""


def _end_reading(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)


def _size(request: Values, key: str) -> int:
    value = request.get(key)
    # To Python `true` is an int too; a size it is not.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise Problem("invalid-argument", f"`{key}` must be a number, 0 to {MOST}.")
    return value
