"""Smart transport over real sockets: hostile and failing peers are bounded and named."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gauger.adapters.transport import smart
from gauger.adapters.transport.smart import SmartTransport
from gauger.core.problems import Problem
from tests.instance.portal import make_certificate
from tests.support.receiving import received

OK = b'{"status": "OK"}'
IN_TIME = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
Peer = Callable[[ssl.SSLSocket], None]


@contextmanager
def peer(
    folder: Path,
    act: Peer,
    *,
    host: str = "localhost",
    end: dt.datetime = IN_TIME,
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> Iterator[str]:
    """Serve one TLS connection after another by a function; yields the licensing URL."""
    key, certificate = make_certificate(host, end)
    (folder / "ca.pem").write_bytes(certificate)
    (folder / "both.pem").write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    if newest is not ssl.TLSVersion.MAXIMUM_SUPPORTED:
        context.minimum_version = context.maximum_version = newest
        # A peer that really speaks it: at the usual level OpenSSL would refuse in its name.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    act(secured)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}/licservice/license"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def request(connection: ssl.SSLSocket) -> bytes:
    """Read one request, headers and body."""
    data = received(connection, lambda data: b"\r\n\r\n" in data)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    return received(connection, lambda data: len(data) >= length, body)


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> Peer:
    """Answer each request so."""

    def act(connection: ssl.SSLSocket) -> None:
        request(connection)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(head.encode() + b"Location: https://localhost/x\r\n\r\n" + body)

    return act


def exchange(folder: Path, act: Peer, *, deadline: float = 20.0) -> bytes:
    with peer(folder, act) as url:
        return SmartTransport(ca=folder / "ca.pem", deadline=deadline).exchange(url, b"{}")


def refusal(folder: Path, act: Peer, *, deadline: float = 20.0) -> str:
    with pytest.raises(Problem) as refused:
        exchange(folder, act, deadline=deadline)
    return refused.value.code


def test_a_message_comes_back_whatever_its_status(tmp_path: Path) -> None:
    assert exchange(tmp_path, answer(OK)) == OK
    assert exchange(tmp_path, answer(OK, status="503 Busy", kind="application/json; a=b")) == OK


def test_the_exact_bytes_are_sent(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def act(connection: ssl.SSLSocket) -> None:
        seen.append(request(connection))

    with peer(tmp_path, act) as url, pytest.raises(Problem, match="comm-failed"):
        SmartTransport(ca=tmp_path / "ca.pem").exchange(url, b'{"exact":  "bytes"}')
    assert seen == [b'{"exact":  "bytes"}']


@pytest.mark.threat("E13", role="instance")
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (answer(OK, status="302 Found"), "not-a-licensing-url"),
        (answer(b"<html>", kind="text/html"), "bad-answer"),
        (answer(b"<html>", kind="text/html", status="404 Not Found"), "not-a-licensing-url"),
        (answer(b"<html>"), "bad-answer"),
        (answer(b"[]"), "bad-answer"),
        (answer(b'{"status": 1}'), "bad-answer"),
        (answer(b"[" * 100_000), "bad-answer"),
        (lambda connection: connection.close(), "comm-failed"),
    ],
)
def test_what_is_no_licensing_message_is_named(tmp_path: Path, act: Peer, code: str) -> None:
    assert refusal(tmp_path, act) == code


@pytest.mark.threat("E13", role="instance")
def test_an_endless_answer_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smart, "MAXIMUM_ANSWER", 10_000)

    def act(connection: ssl.SSLSocket) -> None:
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 4096)

    assert refusal(tmp_path, act) == "bad-answer"


@pytest.mark.threat("E13", role="instance")
def test_a_peer_that_drips_is_cut_at_the_deadline(tmp_path: Path) -> None:
    def act(connection: ssl.SSLSocket) -> None:
        request(connection)
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000:
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.02)

    start = time.monotonic()
    assert refusal(tmp_path, act, deadline=0.5) == "comm-timeout"
    assert time.monotonic() - start < 10


def test_a_deadline_that_is_over_before_it_began(tmp_path: Path) -> None:
    assert refusal(tmp_path, answer(OK), deadline=0.0) == "comm-timeout"


@pytest.mark.threat("E11", role="instance")
def test_a_certificate_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "ca.pem").write_bytes(make_certificate()[1])
    with peer(tmp_path, answer(OK)) as url, pytest.raises(Problem, match="tls-failed"):
        SmartTransport(ca=other / "ca.pem").exchange(url, b"{}")
    with peer(tmp_path, answer(OK)) as url, pytest.raises(Problem, match="tls-failed"):
        SmartTransport().exchange(url, b"{}")


@pytest.mark.threat("E11", role="instance")
def test_a_name_that_the_certificate_lacks_is_refused(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK), host="elsewhere.example") as url:
        transport = SmartTransport(ca=tmp_path / "ca.pem")
        with pytest.raises(Problem, match="tls-failed"):
            transport.exchange(url, b"{}")


@pytest.mark.threat("E11", role="instance")
def test_a_certificate_that_has_expired_is_refused(tmp_path: Path) -> None:
    with (
        peer(tmp_path, answer(OK), end=dt.datetime(2021, 1, 1, tzinfo=dt.UTC)) as url,
        pytest.raises(Problem, match="tls-failed"),
    ):
        SmartTransport(ca=tmp_path / "ca.pem").exchange(url, b"{}")


def test_a_line_cut_while_hands_are_shaken_is_no_fault_of_a_certificate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(65_536)

        thread = threading.Thread(target=cut)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/licservice/license"
        with pytest.raises(Problem, match="comm-failed") as failed:
            SmartTransport(deadline=20).exchange(url, b"{}")
        thread.join()
    assert "--ca" not in failed.value.detail


@pytest.mark.threat("E11", role="instance")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_is_refused(tmp_path: Path) -> None:
    old = ssl.TLSVersion.TLSv1_1
    with peer(tmp_path, answer(OK), newest=old) as url:
        with pytest.raises(Problem, match="tls-failed"):
            SmartTransport(ca=tmp_path / "ca.pem").exchange(url, b"{}")
        careless = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        careless.minimum_version = old
        careless.set_ciphers("DEFAULT:@SECLEVEL=0")
        port = int(url.rpartition(":")[2].partition("/")[0])
        with (
            socket.create_connection(("localhost", port), 30) as plain,
            careless.wrap_socket(plain, server_hostname="localhost") as spoken,
        ):
            assert spoken.version() == "TLSv1.1"


@pytest.mark.threat("E11", role="instance")
def test_a_peer_that_speaks_no_tls_is_told_nothing() -> None:
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    url = f"https://localhost:{listener.getsockname()[1]}/licservice/license"
    with pytest.raises(Problem, match=r"tls-failed|comm-failed"):
        SmartTransport().exchange(url, b"the secret of this test")
    thread.join(5)
    listener.close()
    assert b"secret" not in b"".join(heard)


@pytest.mark.threat("E11", role="instance")
@pytest.mark.threat("E13", role="instance")
def test_nobody_is_led_from_tls_to_another_url(tmp_path: Path) -> None:
    asked: list[bytes] = []

    def act(connection: ssl.SSLSocket) -> None:
        asked.append(request(connection))
        head = b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: http://localhost:1/\r\n\r\n"
        connection.sendall(head)

    assert refusal(tmp_path, act) == "not-a-licensing-url"
    assert len(asked) == 1


def test_where_nobody_listens_it_is_said(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK)) as url:
        pass
    with pytest.raises(Problem, match="comm-failed"):
        SmartTransport(ca=tmp_path / "ca.pem").exchange(url, b"{}")


@pytest.mark.parametrize("url", ["ftp://localhost/x", "localhost", ""])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Problem, match="not-a-licensing-url"):
        SmartTransport().exchange(url, b"{}")


def test_authorities_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(Problem, match="tls-failed"):
        SmartTransport(ca=tmp_path / "none.pem")
    with pytest.raises(Problem, match="file-not-found"):
        SmartTransport(ca=tmp_path / "absent.pem")


def test_no_proxy_of_the_environment_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert exchange(tmp_path, answer(OK)) == OK
