import socket
import threading
from collections.abc import Iterator

import pytest

from gauger.tools.demo.stage import free_port
from gauger.tools.demo.withholding_proxy import WithholdingProxy

LONG = b"x" * 4_000


def _answer(listener: socket.socket) -> None:
    """Answer each flight: the first with a short text, as a handshake, then at length."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            answer = b"hello"
            while peer.recv(65_536):
                peer.sendall(answer)
                answer = LONG


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _receive(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := peer.recv(65_536)):
        data += more
    return data


def test_it_forwards_both_ways(server: int) -> None:
    with WithholdingProxy(server) as proxy, _connect(proxy.port) as peer:
        peer.sendall(b"first")
        assert _receive(peer, 5) == b"hello"
        peer.sendall(b"second")
        assert _receive(peer, len(LONG)) == LONG


def test_it_keeps_an_answer_back_but_not_the_handshake(server: int) -> None:
    with WithholdingProxy(server) as proxy:
        proxy.hold_answers()
        with _connect(proxy.port) as peer:
            peer.sendall(b"first")
            assert _receive(peer, 5) == b"hello"
            peer.sendall(b"second")
            assert proxy.wait_until_withheld(10)
            proxy.release()
            assert _receive(peer, 1) == b""
        with _connect(proxy.port) as peer:
            peer.sendall(b"first")
            assert _receive(peer, 5) == b"hello"


def test_a_server_that_is_gone_ends_the_connection() -> None:
    with WithholdingProxy(free_port()) as proxy, _connect(proxy.port) as peer:
        assert _receive(peer, 1) == b""
