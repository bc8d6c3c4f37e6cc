"""The client's end of a session at an agent's socket; see `gauger.surfaces.agent_shell`."""

import contextlib
import socket
from typing import Final

from gauger.surfaces.agent_wire import write_line

PIECE: Final = 4096
"""Bytes of input that one line carries at most."""


class ConsoleLine:
    """The client's end of a session."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection on which a session has begun."""
        self._connection = connection

    def fileno(self) -> int:
        """Return the descriptor to wait at for what the terminal is to show."""
        return self._connection.fileno()

    def type(self, keys: bytes) -> None:
        """Send what was typed.

        Raises:
            OSError: Where the agent is gone.
        """
        for start in range(0, len(keys), PIECE):
            piece = keys[start : start + PIECE].decode("latin-1")
            self._connection.sendall(write_line({"keys": piece}))

    def resize(self, rows: int, columns: int) -> None:
        """Say that the terminal has another size.

        Raises:
            OSError: Where the agent is gone.
        """
        self._connection.sendall(write_line({"rows": rows, "columns": columns}))

    def finish(self) -> None:
        """Say that nothing more is typed; what was typed is still carried out."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def shown(self) -> bytes:
        """Return what the terminal is to show next; empty once the session is over."""
        try:
            return self._connection.recv(65_536)
        except OSError:
            return b""

    def close(self) -> None:
        """End the session."""
        self._connection.close()
