"""A device that is served over SSH, and clients of it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, AnyStr, ParamSpec

import asyncssh

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.ssh_host import ssh_host_key
from gauger.instance.agent import Agent
from gauger.surfaces.shell import Terminal, Visitor
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.server import SshServer
from gauger.surfaces.ssh.works import Works

PASSWORD = "correct horse battery"
OPERATOR, VIEWER = "operator", "viewer"
PATIENCE = 120.0

_P = ParamSpec("_P")

QUICK = Limits(hasty=0.0, tick=0.05)


class EchoShell:
    """A shell that answers each line with who typed it, and obeys a few words."""

    def __init__(
        self, book: "Book", visitor: Visitor, terminal: Terminal, write: Callable[[bytes], None]
    ) -> None:
        self._book, self._visitor, self._terminal = book, visitor, terminal
        self._write, self._line = write, b""
        self.ended = False
        book.shells.append(self)

    def start(self) -> None:
        """Prompt."""
        self._write(b"ready>")

    def receive(self, data: bytes) -> None:
        """Echo, and answer what is a line."""
        for byte in data:
            if byte != 13:
                self._line += bytes([byte])
                continue
            line, self._line = self._line.decode(), b""
            self._answer(line)

    def _answer(self, line: str) -> None:
        words = line.split()
        match words:
            case ["exit"]:
                self.ended = True
            case ["fail"]:
                raise ZeroDivisionError
            case ["flood", count]:
                for _ in range(int(count)):
                    self._write(b"x" * 1024)
                self._book.written += 1024 * int(count)
            case ["wait"]:
                self._book.entered.set()
                assert self._book.release.wait(PATIENCE)
            case ["size"]:
                self._write(f"{self._terminal.rows}x{self._terminal.columns}\r\n".encode())
            case _:
                visitor = self._visitor
                told = f"{visitor.name}/{visitor.privilege}@{visitor.origin}: {line}\r\n"
                self._write(told.encode())
        self._write(b"ready>")

    def resize(self, rows: int, columns: int) -> None:
        """Take a size."""
        self._terminal.rows, self._terminal.columns = rows, columns

    def show_message(self, text: str) -> None:
        """Write from another thread, as a message of the device does."""
        self._write(text.encode())

    def close(self) -> None:
        """Count it."""
        self._book.closed.release()


@dataclass
class Book:
    """Sessions made of `EchoShell`, and what became of them."""

    shells: list[EchoShell] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    written: int = 0
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def shell(
        self,
        visitor: Visitor,
        terminal: Terminal,
        write: Callable[[bytes], None],
        broke_off: Callable[[], bool],
    ) -> EchoShell:
        """Open a shell."""
        del broke_off
        return EchoShell(self, visitor, terminal, write)

    def command(self, visitor: Visitor, line: str) -> tuple[str, int]:
        """Repeat a line."""
        if line == "fail":
            raise ZeroDivisionError
        return f"{visitor.privilege}: {line}", int(line.startswith("wrong"))


@dataclass
class Served:
    """A device with users, and the key it proves itself by.

    Attributes:
        agent: The device.
        host_key: PEM.
        user_key: The operator's key, in OpenSSH's form.
    """

    agent: Agent
    host_key: bytes
    user_key: asyncssh.SSHKey

    @contextmanager
    def over_ssh(self, works: Works, limits: Limits = QUICK) -> Iterator[SshServer]:
        """Serve it for the time of a block."""
        listener = socket.create_server(("127.0.0.1", 0))
        with SshServer(self.agent, listener, self.host_key, works, limits=limits) as server:
            yield server


def connect(server: SshServer, **options: Any) -> Any:  # noqa: ANN401 -- the library's own are typed so
    """Log in: the operator by password, where nothing else is said."""
    wanted = {
        "username": OPERATOR,
        "password": PASSWORD,
        "known_hosts": None,
        "client_keys": None,
        "agent_path": None,
        "config": None,
    }
    host, port = server.address
    return asyncssh.connect(host, port, **{**wanted, **options})


def looped(test: Callable[_P, Coroutine[None, None, None]]) -> Callable[_P, None]:
    """Run a test that is a coroutine, in a loop of its own."""

    @wraps(test)
    def run(*arguments: _P.args, **named: _P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), PATIENCE))

    return run


async def until(stream: "asyncssh.SSHReader[AnyStr]", end: AnyStr) -> AnyStr:
    """Read up to a text."""
    return await stream.readuntil(end)


def made_host_key(folder: Path) -> bytes:
    """Make a host key."""
    return ssh_host_key(folder, SystemEntropy())
