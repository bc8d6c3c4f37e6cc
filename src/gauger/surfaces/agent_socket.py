"""The way into a running agent: a socket in its data folder.

Whoever opens a store is its one writer; every other program asks that writer. Only processes of
the same user may: the socket has mode 0600, and the kernel names the user at the other end.
A connection handles its requests one after another. What it counts as in use ends with it, so
that a program that dies no longer uses anything.
"""

import contextlib
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.config import FLASH
from gauger.instance.ports import Operations
from gauger.surfaces.agent_wire import (
    MAXIMUM_REQUEST,
    NAME,
    Values,
    address,
    read_line,
    write_line,
    write_refusal,
)

if TYPE_CHECKING:
    from gauger.surfaces.console.console import Console

# Each client is a thread: a script that never hangs up must not take them all.
MAXIMUM_CLIENTS: Final = 64
WRITE_SECONDS: Final = 10
STOP_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class AgentServer:
    """Serves one agent to the programs of its user, each client in a thread of its own."""

    def __init__(self, folder: Path, agent: Operations) -> None:
        """Prepare to serve.

        Args:
            folder: The agent's data folder, whose lock this process holds.
            agent: The agent.

        Raises:
            Problem: ``store-failed`` where this process may open nothing more.
        """
        self._folder, self._agent = folder, agent
        try:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise Problem("store-failed", f"No socket can be made: {error.strerror}.") from error
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen.

        Raises:
            Problem: ``store-failed`` where the socket cannot be made.
        """
        path = self._folder / NAME
        try:
            path.unlink(missing_ok=True)  # left behind by a process that was killed
            with address(self._folder) as place:
                self._listener.bind(place)
            # Nobody can connect before listen(): no other user ever meets a looser mode.
            path.chmod(0o600)
            self._listener.listen(16)
        except OSError as error:
            self._listener.close()
            message = f"The socket {path} cannot be made: {error.strerror}."
            raise Problem("store-failed", message) from error
        self._begin(self._accept)

    def stop(self) -> None:
        """Close every connection and end all threads, as far as they end soon."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            (self._folder / NAME).unlink()
        # The name went first: whoever comes now finds no agent rather than one that is silent.
        _close(self._listener)
        with self._lock:
            clients, threads = list(self._clients), list(self._threads)
        for client in clients:
            _close(client)
        # One limit for all together: a stop must not take longer the more clients there are.
        end = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="agent-socket", daemon=True)
        with self._lock:
            thread.start()
            # What has ended is forgotten here: a console that asks every second is a new client
            # each time, for years.
            self._threads = [other for other in self._threads if other.is_alive()]
            self._threads.append(thread)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                # Closed by stop(), or this process has no descriptor left for the moment.
                self._stopped.wait(0.1)
                continue
            if self._is_welcome(client):
                self._begin_serving(client)

    def _begin_serving(self, client: socket.socket) -> None:
        try:
            self._begin(self._serve, client)
        except RuntimeError:
            # This machine has no thread left. The client goes; whoever listens must not end of it.
            _log.warning("no thread is left to serve a program at the agent's socket")
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _is_welcome(self, client: socket.socket) -> bool:
        # A client that does not read its answers is cut off, and never waited for twice.
        limit = struct.pack("ll", WRITE_SECONDS, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        if not is_same_user(client):
            _log.warning("a process of another user was turned away from the agent's socket")
            client.close()
            return False
        with self._lock:
            # One that came while the agent stopped is not among those that stop() closes: it would
            # be served for as long as it likes, and its use counted where nobody measures.
            is_late = self._stopped.is_set()
            has_room = not is_late and len(self._clients) < MAXIMUM_CLIENTS
            if has_room:
                self._clients.add(client)
        if is_late:
            client.close()
        elif not has_room:
            message = f"{MAXIMUM_CLIENTS} programs are connected already."
            with contextlib.suppress(OSError):
                client.sendall(write_refusal(Problem("server-busy", message)))
            client.close()
        return has_room

    def _serve(self, client: socket.socket) -> None:
        try:
            # A client that goes in the middle of an answer is no fault of ours.
            with contextlib.suppress(OSError):
                _converse(client, self._agent, self._folder / FLASH)
        finally:
            with self._lock:
                self._clients.discard(client)


def _converse(client: socket.socket, agent: Operations, flash: Path) -> None:
    """Answer a client until it goes; it may rest between requests as long as it likes.

    Raises:
        OSError: Where the client is gone, or never reads its answers.
    """
    with client, client.makefile("rb") as requests, _Conversation(agent, flash) as conversation:
        while line := requests.readline(MAXIMUM_REQUEST):
            client.sendall(conversation.answer(line))
            if conversation.session is not None:
                conversation.session(client)
                return
            # What follows is the rest of a line that was too long; it must not pass for a request.
            if not line.endswith(b"\n"):
                return


class _Conversation:
    """What one client asks, and what it holds in use."""

    def __init__(self, agent: Operations, flash: Path) -> None:
        self._agent, self._flash = agent, flash
        self._held: dict[int, contextlib.ExitStack] = {}
        self._next = 1
        self.session: Callable[[socket.socket], None] | None = None
        """What takes over the connection, once it is asked for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in list(self._held):
            self._held.pop(number).close()

    def answer(self, line: bytes) -> bytes:
        """Answer one line."""
        try:
            return write_line({"ok": True, **self._carry_out(line)})
        except Problem as problem:
            return write_refusal(problem)
        except Exception as error:  # noqa: BLE001 - the edge of the process, answered and logged
            _log.error("a request at the agent's socket failed", exc_info=error)
            return write_refusal(Problem("internal-error", "The agent's log says what failed."))

    def _carry_out(self, line: bytes) -> Values:
        if not line.endswith(b"\n"):
            raise Problem("too-large", f"A request is one line of at most {MAXIMUM_REQUEST} bytes.")
        request = read_line(line)
        operation = _OPERATIONS.get(_text(request, "op"))
        if operation is None:
            known = ", ".join(sorted(_OPERATIONS))
            raise Problem("invalid-command", f"The operation is none of {known}.")
        return operation(self, request)

    def execute(self, request: Values) -> Values:
        """Carry out an EXEC line."""
        console = _console(self._agent, folder=Path(_text(request, "folder")), flash=self._flash)
        return {"text": console.execute(_text(request, "line"))}

    def shell(self, request: Values) -> Values:
        """Begin a session at a terminal: from the answer on, the connection is its line."""
        from gauger.surfaces import agent_shell  # noqa: PLC0415 -- only where somebody sits down

        terminal, folder = agent_shell.terminal_of(request), Path(_text(request, "folder"))
        agent, files = self._agent, agent_shell.Files(folder=folder, flash=self._flash)

        def serve(client: socket.socket) -> None:
            try:
                agent_shell.serve(client, agent, terminal, files)
            except Problem as problem:
                _log.warning("a session at the agent's socket ended: %s", problem)

        self.session = serve
        return {"text": ""}

    def configure(self, request: Values) -> Values:
        """Apply configuration lines."""
        lines = _texts(request, "lines")
        return {"text": _console(self._agent).configure(lines)}

    def use(self, request: Values) -> Values:
        """Hold licences in use until they are released or the connection ends."""
        # Kept only once it is counted: what is refused leaves nothing to release.
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._agent.use(_text(request, "tag"), _number(request, "count")))
            number, self._next = self._next, self._next + 1
            self._held[number] = stack.pop_all()
        return {"text": "", "handle": number}

    def release(self, request: Values) -> Values:
        """Release what `use` holds."""
        held = self._held.pop(_number(request, "handle"), None)
        if held is None:
            raise Problem("requested-item-not-found", "This connection holds no such use.")
        held.close()
        return {"text": ""}

    def set_count(self, request: Values) -> Values:
        """State how many licences are in use."""
        self._agent.set_count(_text(request, "tag"), _number(request, "count"))
        return {"text": ""}

    def access_point(self, request: Values) -> Values:
        """Let an access point join or leave."""
        udi = Udi(_text(request, "udi_pid"), _text(request, "udi_serial_number"))
        actions = {
            "join": self._agent.join_access_point,
            "leave": self._agent.leave_access_point,
        }
        action = actions.get(_text(request, "action"))
        if action is None:
            raise Problem("invalid-argument", "The action is join or leave.")
        action(udi)
        return {"text": ""}

    def import_trust(self, request: Values) -> Values:
        """Take in root sets from files; their paths are complete."""
        paths = [Path(path) for path in _texts(request, "files")]
        return {"text": "\n".join(self._agent.import_trust(paths))}

    def trust(self, _: Values) -> Values:
        """Say whom the product instance trusts."""
        held = self._agent.trust()
        return {
            "text": "",
            "root_set": held.root_set,
            "installed_at": held.installed_at,
            "newest": held.newest,
        }

    def user(self, request: Values) -> Values:
        """Say who may log in."""
        from gauger.surfaces import user_requests  # noqa: PLC0415 -- seldom asked

        return {"text": user_requests.carry_out(self._agent.users, request)}

    def flush(self, _: Values) -> Values:
        """Make every change durable now."""
        self._agent.flush()
        return {"text": ""}

    def whoami(self, _: Values) -> Values:
        """Say which product instance answers."""
        return {"text": str(self._agent.udi), **self._agent.udi.to_json()}


_OPERATIONS: Final[Mapping[str, Callable[[_Conversation, Values], Values]]] = MappingProxyType(
    {
        "exec": _Conversation.execute,
        "config": _Conversation.configure,
        "shell": _Conversation.shell,
        "use": _Conversation.use,
        "release": _Conversation.release,
        "set_count": _Conversation.set_count,
        "access_point": _Conversation.access_point,
        "flush": _Conversation.flush,
        "import_trust": _Conversation.import_trust,
        "trust": _Conversation.trust,
        "user": _Conversation.user,
        "whoami": _Conversation.whoami,
    }
)


def is_same_user(client: socket.socket) -> bool:
    """Ask the kernel whose process is at the other end; a file's mode could be changed."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True  # systems without it: the folder is 0700 and the socket 0600
    credentials = client.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.geteuid())


def _console(agent: Operations, folder: Path | None = None, flash: Path | None = None) -> "Console":
    """Return a console. It loads with the first line typed: a product that runs types none."""
    from gauger.surfaces.console.console import Console  # noqa: PLC0415 -- what is deferred

    return Console(agent, folder=folder, flash=flash)


def _close(connection: socket.socket) -> None:
    """Wake whoever waits on a socket, and close it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _text(request: Values, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise Problem("invalid-argument", f"`{key}` must be a text.")
    return value


def _texts(request: Values, key: str) -> list[str]:
    value = request.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Problem("invalid-argument", f"`{key}` must be a list of texts.")
    return [str(item) for item in value]


def _number(request: Values, key: str) -> int:
    value = request.get(key)
    # To Python `true` is an int too; a count it is not.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Problem("invalid-argument", f"`{key}` must be a number.")
    return value
