"""See what processes connect to: a hook inside each of them, and a forwarder between two."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

_LOG = "GAUGER_TEST_CONNECTIONS"
_HOOK = f'''
import os, sys

def _hook(event, arguments, path=os.environ.get("{_LOG}")):
    """Write down every internet address that this process connects to or listens on."""
    if path and event in ("socket.connect", "socket.bind"):
        address = arguments[1]
        if isinstance(address, tuple):
            with open(path, "a") as log:
                log.write(f"{{event[7:]}} {{address[0]}} {{address[1]}}\\n")

sys.addaudithook(_hook)
'''


@contextmanager
def watched(log: Path) -> Iterator[None]:
    """Have a process that is started in the block write its connections into a file.

    Python itself reports each connection to the hook, whatever library makes it.
    """
    folder = log.parent / "hook"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK)
    log.touch()
    before = {name: os.environ.get(name) for name in (_LOG, "PYTHONPATH")}
    path = os.pathsep.join(filter(None, (str(folder), before["PYTHONPATH"])))
    os.environ.update({_LOG: str(log), "PYTHONPATH": path})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def seen(log: Path, kind: str = "connect") -> list[tuple[str, int]]:
    """Return the internet addresses that a process connected to (or listened on: ``bind``)."""
    rows = (line.split() for line in log.read_text().splitlines())
    return [(host, int(port)) for word, host, port in rows if word == kind]


class Forwarder:
    """A loopback port that counts connections and passes them on; it can fail like a network.

    The bytes are not changed, so TLS passes through unbroken.

    Attributes:
        count: Connections that were opened to it.
        first: The first bytes of each, which tell the protocol.
        is_cut: Whether connections are dropped at once, as where nobody listens.
        loses_answers: Whether what the server answers after the handshake is swallowed.
        halves_answers: Whether half of it is passed on, and then nothing comes any more.
        lost: Set once an answer was swallowed or halved.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.count = 0
        self.first: list[bytes] = []
        self.is_cut = False
        self.loses_answers = self.halves_answers = False
        self.lost = threading.Event()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.count += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.is_cut:
                return
            self._forward(client)

    def _forward(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            sent: list[int] = []
            back = threading.Thread(target=self._answers, args=(server, client, sent), daemon=True)
            back.start()
            while data := client.recv(65_536):
                if not sent:
                    self.first.append(data[:3])
                sent.append(len(data))
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _answers(self, server: socket.socket, client: socket.socket, sent: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                # A request is what the client sends after its two flights of the handshake; the
                # server's session tickets before it are short of any answer.
                is_answer = len(sent) > 1 and len(data) > 1_000
                if is_answer and (self.loses_answers or self.halves_answers):
                    self._spoil(data, server, client)
                    return
                client.sendall(data)
        _end(client)

    def _spoil(self, data: bytes, server: socket.socket, client: socket.socket) -> None:
        if self.loses_answers:
            self.lost.set()
            _end(client, server)
            return
        client.sendall(data[: len(data) // 2])
        self.lost.set()
        # Silence: whoever stands in between, or the client, has to end it.
        while server.recv(65_536):
            pass


def _end(*ends: socket.socket) -> None:
    for one in ends:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
