"""Remote logs, by real sockets on loopback: UDP, TCP with octet counting, and TLS."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from gauger.adapters import syslog
from gauger.adapters.syslog import SyslogSender
from gauger.adapters.syslog_deferred import DeferredSyslog
from gauger.core.messages import KINDS, SystemMessage
from gauger.core.ways import LoggingHost, LogTransport, RemoteLogView
from tests.instance.portal import make_certificate

LIMIT = 20.0
RECORD = re.compile(
    rb"<190>1 2027-01-15T08:00:00\.000Z edge-1 gauger - AGENT_READY"
    rb' \[meta sequenceId="(\d+)"\] %SMART_LIC-6-AGENT_READY: (.*)'
)


def message(text: str = "begun") -> SystemMessage:
    return SystemMessage(at=1_800_000_000, kind=KINDS["SMART_LIC-6-AGENT_READY"], text=text)


def parts(record: bytes) -> tuple[int, str]:
    """Return number and text of a record whose whole form is as it should be."""
    found = RECORD.fullmatch(record)
    assert found, record
    return int(found[1]), found[2].decode()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread, but not for ever."""
    never = threading.Event()
    for _ in range(2000):
        if is_so():
            return
        never.wait(0.01)
    raise AssertionError("it never came to be so")


class Receiver:
    """A remote log on TCP or TLS that reads by octet counting, one connection after another."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.records: SimpleQueue[bytes] = SimpleQueue()
        self.connections: SimpleQueue[socket.socket] = SimpleQueue()
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self.connections.put(connection)
            with connection, connection.makefile("rb") as stream:
                while length := _length(stream.read):
                    self.records.put(stream.read(length))


def _length(read: Callable[[int], bytes]) -> int:
    digits = b""
    while (one := read(1)) not in {b"", b" "}:
        assert one.isdigit(), "a record runs into the next"
        digits += one
    return int(digits or b"0")


@contextlib.contextmanager
def sending(*hosts: LoggingHost, ca: Path | None = None) -> Iterator[SyslogSender]:
    sender = SyslogSender(lambda: ca)
    sender.configure(hosts, "edge-1")
    try:
        yield sender
    finally:
        sender.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(syslog, "_LONGEST_DELAY", 0.05)


def tcp(port: int, host: str = "127.0.0.1") -> LoggingHost:
    return LoggingHost(host=host, transport=LogTransport.TCP, port=port)


def only(sender: SyslogSender) -> RemoteLogView:
    (view,) = sender.views()
    return view


def test_udp_carries_one_message_a_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(LIMIT)
        host = LoggingHost(host="127.0.0.1", port=listening.getsockname()[1])
        with sending(host) as sender:
            for number in range(3):
                sender.send(message(f"no. {number}"))
            got = [parts(listening.recv(4096)) for _ in range(3)]
    assert got == [(1, "no. 0"), (2, "no. 1"), (3, "no. 2")]


def test_tcp_keeps_messages_apart_and_in_order(receiver: Receiver) -> None:
    with sending(tcp(receiver.port)) as sender:
        for number in range(200):
            sender.send(message(f"no. {number}"))
        got = [parts(receiver.records.get(timeout=LIMIT)) for _ in range(200)]
        until(lambda: only(sender).sent == 200)
        assert only(sender) == RemoteLogView(
            host="127.0.0.1", transport="tcp", port=receiver.port, sent=200
        )
    assert got == [(number + 1, f"no. {number}") for number in range(200)]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Receiver, Path]]:
    key, certificate = make_certificate()
    both, ca = tmp_path / "both.pem", tmp_path / "ca.pem"
    both.write_bytes(key + certificate)
    ca.write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    running = Receiver(context)
    yield running, ca
    running.close()


def tls(port: int, host: str = "localhost") -> LoggingHost:
    return LoggingHost(host=host, transport=LogTransport.TLS, port=port)


def test_tls_carries_the_same(secure: tuple[Receiver, Path]) -> None:
    receiver, ca = secure
    with sending(tls(receiver.port), ca=ca) as sender:
        sender.send(message("one"))
        sender.send(message("two"))
        got = [parts(receiver.records.get(timeout=LIMIT)) for _ in range(2)]
    assert got == [(1, "one"), (2, "two")]


def test_tls_gives_nothing_to_a_receiver_that_proves_no_name(
    secure: tuple[Receiver, Path],
) -> None:
    receiver, ca = secure
    with sending(tls(receiver.port, "127.0.0.1"), ca=ca) as sender:
        sender.send(message("secret"))
        until(lambda: "certificate" in only(sender).trouble.lower())
        assert (only(sender).is_up, only(sender).waiting) == (False, 1)
    assert receiver.records.empty()


def test_what_could_not_leave_leaves_once_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    with sending(tcp(port)) as sender:
        sender.send(message("early"))
        until(lambda: not only(sender).is_up)
        assert "refused" in only(sender).trouble
        with socket.create_server(("127.0.0.1", port)) as listening:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as stream:
                assert parts(stream.read(_length(stream.read))) == (1, "early")
            until(lambda: only(sender).is_up)


def test_a_receiver_that_hung_up_is_found_before_a_message_is_lost(receiver: Receiver) -> None:
    with sending(tcp(receiver.port)) as sender:
        sender.send(message("one"))
        assert parts(receiver.records.get(timeout=LIMIT)) == (1, "one")
        receiver.connections.get(timeout=LIMIT).shutdown(socket.SHUT_RDWR)
        until(lambda: only(sender).sent == 1)
        sender.send(message("two"))
        assert parts(receiver.records.get(timeout=LIMIT)) == (2, "two")


def test_a_receiver_that_talks_is_no_log(receiver: Receiver) -> None:
    with sending(tcp(receiver.port)) as sender:
        sender.send(message("one"))
        receiver.records.get(timeout=LIMIT)
        receiver.connections.get(timeout=LIMIT).sendall(b"x" * 200_000)
        sender.send(message("two"))
        assert parts(receiver.records.get(timeout=LIMIT)) == (2, "two")


def test_what_there_is_no_room_for_is_counted_and_seen_as_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(syslog, "_ROOM", 2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    with sending(tcp(port)) as sender:
        for number in range(5):
            sender.send(message(f"no. {number}"))
        assert only(sender).dropped == 3
        with socket.create_server(("127.0.0.1", port)) as listening:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as stream:
                early = [parts(stream.read(_length(stream.read)))[0] for _ in range(2)]
                until(lambda: only(sender).waiting == 0)
                sender.send(message("late"))
                assert parts(stream.read(_length(stream.read))) == (6, "late")
    assert early == [1, 2]


def test_a_dead_receiver_holds_up_neither_another_one_nor_the_end(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # Its backlog takes the connection and nobody ever reads.
        dead = tls(silent.getsockname()[1], "127.0.0.1")
        sender = SyslogSender(lambda: None)
        sender.configure([dead, tcp(receiver.port)], "edge-1")
        sender.send(message("through"))
        assert parts(receiver.records.get(timeout=LIMIT)) == (1, "through")
        sender.close()
        assert [view.dropped for view in sender.views()] == [1, 0]


def test_a_receiver_that_is_configured_no_more_gets_nothing_more(receiver: Receiver) -> None:
    with sending(tcp(receiver.port)) as sender:
        sender.send(message("one"))
        receiver.records.get(timeout=LIMIT)
        sender.configure([], "edge-1")
        sender.send(message("two"))
        assert sender.views() == ()
        receiver.connections.get(timeout=LIMIT)
    assert receiver.records.empty()


def test_a_test_clock_writes_into_no_log_of_others() -> None:
    sender = SyslogSender(lambda: None, only_loopback=True)
    sender.configure([LoggingHost(host="192.0.2.1")], "edge-1")
    sender.send(message())
    until(lambda: not only(sender).is_up)
    assert only(sender).trouble == "a test clock is for loopback only"
    sender.close()


def test_a_name_that_leads_nowhere_is_told() -> None:
    with sending(LoggingHost(host="nowhere.invalid")) as sender:
        sender.send(message())
        until(lambda: not only(sender).is_up)
        assert only(sender).sent == 0


def test_the_sender_is_loaded_with_the_first_receiver(receiver: Receiver) -> None:
    deferred = DeferredSyslog(lambda: None)
    deferred.configure([], "edge-1")
    deferred.send(message())
    assert deferred.views() == ()
    deferred.configure([tcp(receiver.port)], "edge-1")
    deferred.send(message("one"))
    assert parts(receiver.records.get(timeout=LIMIT)) == (1, "one")
    assert len(deferred.views()) == 1
    deferred.close()
    DeferredSyslog(lambda: None).close()
