"""A session at an agent's socket: the local console, carried over what the agent listens at.

Once the operation ``shell`` is answered, the agent sends what the terminal shows, as it is. The
other way go lines of JSON: ``{"keys": …}`` holds typed bytes as the characters of the same numbers,
``{"rows": …, "columns": …}`` the size of a terminal that changed. Who has nothing more to type
closes that way; what was typed is still carried out.
"""

import contextlib
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.ports import Operations
from gauger.surfaces.agent_wire import MAXIMUM_REQUEST, Values, read_line
from gauger.surfaces.shell import Shell, Terminal, Visitor

MOST: Final = 65_535
"""The largest size that a terminal can have."""

# Whoever reaches the socket may do anything with the store already.
_VISITOR: Final = Visitor(name=None, privilege=15, origin="console")


def terminal_of(request: Values) -> Terminal:
    """Return the terminal that a request describes.

    Raises:
        Problem: ``invalid-argument``.
    """
    return Terminal(rows=_size(request, "rows"), columns=_size(request, "columns"))


def serve(client: socket.socket, agent: Operations, terminal: Terminal, folder: Path) -> None:
    """Carry a session until either side ends it.

    Args:
        client: The connection; its reading side holds nothing that was read already.
        agent: The product instance.
        terminal: The operator's terminal.
        folder: Where relative file paths begin.

    Raises:
        OSError: Where the client is gone.
        Problem: ``malformed`` or ``invalid-argument`` for what is no line of this.
    """
    shell = Shell(agent, _VISITOR, terminal, client.sendall, folder=folder)

    def end() -> None:
        # In this order: a session that has ended by its client says nothing more.
        shell.shut_down()
        _end_reading(client)

    with contextlib.ExitStack() as stack:
        # Before the first prompt: a reload that comes between would leave the session waiting.
        stack.callback(agent.on_reload(end))
        stack.callback(shell.close)
        shell.start()
        for line in _lines(client, agent):
            _take(shell, read_line(line))
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


def _lines(client: socket.socket, agent: Operations) -> Iterator[bytes]:
    """Yield lines until the client ends, or nothing comes for as long as the console waits."""
    rest = b""
    while len(rest) <= MAXIMUM_REQUEST:
        # Asked each time: who sets it at the console itself means this session too.
        seconds = agent.configuration().exec_timeout_console
        ready, _, _ = select.select([client], [], [], seconds or None)
        data = client.recv(65_536) if ready else b""
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    raise Problem("too-large", f"A line has at most {MAXIMUM_REQUEST} bytes.")


def _end_reading(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)


def _size(request: Values, key: str) -> int:
    value = request.get(key)
    # To Python `true` is an int too; a size it is not.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise Problem("invalid-argument", f"`{key}` must be a number, 0 to {MOST}.")
    return value
