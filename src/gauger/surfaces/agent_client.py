"""A program's way to the agent that holds a store: a client of its socket."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.surfaces.agent_line import ConsoleLine
from gauger.surfaces.agent_wire import (
    MAXIMUM_ANSWER,
    MAXIMUM_REQUEST,
    Values,
    address,
    read_line,
    read_problem,
    write_line,
)


class AgentClient:
    """A connection to a running agent; several threads may share it.

    What it holds in use ends with the connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection that stands."""
        self._connection = connection
        self._answers = connection.makefile("rb")
        # Answers carry no number: whoever asks waits for his before the next one asks.
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and with it every use that it holds."""
        self._answers.close()
        self._connection.close()

    def ask(self, **request: object) -> Values:
        """Send a request and return the answer's values.

        Args:
            **request: ``op`` and the operation's own keys.

        Raises:
            Problem: What the agent refused it with; ``too-large`` where it is over the cap of a
                request; ``comm-failed`` where the agent is gone.
        """
        line = write_line(request)
        if len(line) > MAXIMUM_REQUEST:
            # The agent would refuse it too, but close before all of it is sent.
            detail = f"A request to the agent has at most {MAXIMUM_REQUEST} bytes."
            raise Problem("too-large", detail, size=len(line))
        try:
            with self._lock:
                answer = read_line(self._exchange(line))
        except OSError as error:
            raise Problem("comm-failed", f"The agent is gone: {error.strerror}.") from error
        if answer.get("ok") is not True:
            raise read_problem(answer.get("problem"))
        return answer

    def _exchange(self, line: bytes) -> bytes:
        answer = b""
        try:
            # One that turns us away has said why before it closed: that can be read all the same.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._connection.sendall(line)
            answer = self._answers.readline(MAXIMUM_ANSWER)
        finally:
            if not answer.endswith(b"\n"):
                # Interrupted, as by Ctrl-C, or over its cap: what is still to come of this answer
                # would be read as that of the next request.
                self.close()
        if not answer.endswith(b"\n"):
            raise Problem("comm-failed", "The agent ended the connection without a whole answer.")
        return answer

    def execute(self, line: str, folder: Path) -> str:
        """Carry out an EXEC line; relative file paths begin at the folder.

        Raises:
            Problem: Why it was refused.
        """
        return str(self.ask(op="exec", line=line, folder=str(folder))["text"])

    def shell(self, *, rows: int, columns: int, folder: Path) -> ConsoleLine:
        """Begin a session at a terminal; the connection is its line from then on.

        Args:
            rows: Lines of the terminal; 0 for no paging.
            columns: Characters of a line; 0 for no limit.
            folder: Where relative file paths begin.

        Raises:
            Problem: ``comm-failed``, ``server-busy``, or why the agent refused it.
        """
        request = {"op": "shell", "rows": rows, "columns": columns, "folder": str(folder)}
        try:
            self._connection.sendall(write_line(request))
            # Byte by byte: what comes behind the answer belongs to the terminal.
            answer = b""
            while not answer.endswith(b"\n") and (byte := self._connection.recv(1)):
                answer += byte
        except OSError as error:
            raise Problem("comm-failed", f"The agent is gone: {error.strerror}.") from error
        said = read_line(answer)
        if said.get("ok") is not True:
            raise read_problem(said.get("problem"))
        return ConsoleLine(self._connection)

    def configure(self, lines: Sequence[str]) -> str:
        """Apply configuration lines, all or none.

        Raises:
            Problem: Why a line was refused.
        """
        return str(self.ask(op="config", lines=list(lines))["text"])

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use.

        Raises:
            Problem: As the agent's `set_count` does.
        """
        self.ask(op="set_count", tag=tag, count=count)

    def access_point(self, action: str, udi: Udi) -> None:
        """Let an access point ``join`` or ``leave``.

        Raises:
            Problem: As the agent does.
        """
        self.ask(op="access_point", action=action, **udi.to_json())

    def import_trust(self, paths: Sequence[Path]) -> str:
        """Take in root sets; return a line for each.

        Raises:
            Problem: Why they were refused; then none was taken in.
        """
        # The agent's working folder is another than ours.
        files = [str(path.absolute()) for path in paths]
        return str(self.ask(op="import_trust", files=files)["text"])

    def trust(self) -> Values:
        """Return whom the product instance trusts, as `gauger.instance.views.RootView` names it."""
        return self.ask(op="trust")

    def user(self, request: Values) -> str:
        """Carry out a request about users, as `gauger.surfaces.user_requests` takes it.

        Raises:
            Problem: Why it was refused.
        """
        return str(self.ask(op="user", **request)["text"])

    def flush(self) -> None:
        """Make every change durable now.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """
        self.ask(op="flush")

    @contextlib.contextmanager
    def use(self, tag: str, count: int = 1) -> Iterator[None]:
        """Count licences as in use while the context is entered and the connection lasts.

        Raises:
            Problem: As the agent's `use` does.
        """
        handle = self.ask(op="use", tag=tag, count=count)["handle"]
        try:
            yield
        finally:
            # By its handle: other threads may hold uses over the same connection.
            self.ask(op="release", handle=handle)


def connect(folder: Path) -> AgentClient | None:
    """Connect to the agent of a data folder.

    Args:
        folder: The agent's data folder.

    Returns:
        None where no agent runs on it.

    Raises:
        Problem: ``forbidden`` where the agent belongs to another user.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address(folder) as place:
            connection.connect(place)
    # Refused: an agent that was killed leaves its socket behind.
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        message = f"The agent of {folder} cannot be reached: {error.strerror}."
        raise Problem("forbidden", message) from error
    return AgentClient(connection)
