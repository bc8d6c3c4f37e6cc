"""A loopback forwarder that can swallow a server's answer, as a failing network does."""

import contextlib
import socket
import threading
from typing import Final, Self

_CHUNK: Final = 65_536
_ACCEPT_SECONDS: Final = 0.2
_LONGEST_TICKETS: Final = 1_000


class WithholdingProxy:
    """Forwards TCP connections to a loopback port; on demand it keeps the answers back.

    The bytes are not looked at, so TLS passes through unbroken.
    """

    def __init__(self, target_port: int) -> None:
        """Listen on a free loopback port.

        Args:
            target_port: The loopback port that connections are forwarded to.
        """
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Closing a listener wakes nobody who waits in it on Linux: the end is looked for by the
        # clock.
        self._listener.settimeout(_ACCEPT_SECONDS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._is_holding = threading.Event()
        self._request_passed = threading.Event()
        self._answer_withheld = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="withholding-proxy", daemon=True)

    @property
    def port(self) -> int:
        """The loopback port that the proxy listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed.set()
        self._drop_all()
        self._listener.close()
        self._thread.join()

    def hold_answers(self) -> None:
        """Keep back all that the server sends once the client's request has passed.

        A TLS handshake needs answers, so holding begins with the second flight of the client.
        """
        # Before holding begins, or an answer of the time before would count as withheld.
        self._request_passed.clear()
        self._answer_withheld.clear()
        self._is_holding.set()

    def wait_until_withheld(self, seconds: float) -> bool:
        """Wait until an answer has arrived and was kept back; False where none came in time."""
        return self._answer_withheld.wait(seconds)

    def release(self) -> None:
        """Drop what was kept back, with its connections, and forward normally again."""
        self._is_holding.clear()
        self._drop_all()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            client.close()
            return
        with self._lock:
            self._open.update((client, server))
        back = threading.Thread(target=self._pump_answers, args=(server, client), daemon=True)
        back.start()
        self._pump_requests(client, server)
        # Both ways must be done before either socket may be closed under the other thread.
        back.join()
        with self._lock:
            self._open.difference_update((client, server))
        client.close()
        server.close()

    def _pump_requests(self, client: socket.socket, server: socket.socket) -> None:
        flights = 0
        with contextlib.suppress(OSError):
            while data := client.recv(_CHUNK):
                flights += 1
                if flights > 1:
                    # Before it leaves: its answer may come back faster than this thread goes on.
                    self._request_passed.set()
                server.sendall(data)
        _shut(server)

    def _pump_answers(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(_CHUNK):
                # Read on and thrown away: a server that could not send would never come to its end.
                if self._is_holding.is_set() and self._is_answer(data):
                    self._answer_withheld.set()
                else:
                    client.sendall(data)
        _shut(client)

    def _is_answer(self, data: bytes) -> bool:
        """Tell an answer from what belongs to the TLS handshake.

        Session tickets follow a handshake at once; they are short of any answer of ours. All that
        follows the first piece of an answer is kept back with it.
        """
        if self._answer_withheld.is_set():
            return True
        return self._request_passed.is_set() and len(data) > _LONGEST_TICKETS

    def _drop_all(self) -> None:
        with self._lock:
            for one in self._open:
                _shut(one)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
