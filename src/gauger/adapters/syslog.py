"""Send system messages to remote logs: RFC 5424 by UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425).

Each receiver has a thread and a queue of its own: one that hangs delays neither a measurement nor
another receiver. What its queue has no room for is dropped, counted, and seen by the receiver as a
gap in ``sequenceId``.
"""

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gauger.adapters.transport.deferred import is_near
from gauger.core.messages import SystemMessage, record
from gauger.core.ways import LoggingHost, LogTransport, RemoteLogView
from gauger.outbox import Outbox

_ROOM: Final = 1000
_PATIENCE: Final = 5.0
"""Seconds that a connection, or one message on its way, may take."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 60.0
_PARTING: Final = 1.0
"""Seconds that what still waits may take at the end of the process."""
_MOST_READS: Final = 8

_Opening = Callable[[], socket.socket]
_Sending = Callable[[socket.socket, bytes], None]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A message and its number for one receiver."""

    number: int
    message: SystemMessage


class SyslogSender:
    """Fills the port `RemoteLogs`; its caller serialises all calls."""

    def __init__(self, ca: Callable[[], Path | None], *, only_loopback: bool = False) -> None:
        """Begin with nobody to send to; see `DeferredSyslog`."""
        self._ca = ca
        self._only_loopback = only_loopback
        self._receivers: dict[LoggingHost, _Receiver] = {}

    def configure(self, hosts: Sequence[LoggingHost], hostname: str | None) -> None:
        """Send to these from now on, by this name."""
        for host in self._receivers.keys() - set(hosts):
            self._receivers.pop(host).begin_to_close()
        for host in hosts:
            if host not in self._receivers:
                way = _way(host, self._ca, only_loopback=self._only_loopback)
                self._receivers[host] = _Receiver(host, way)
            self._receivers[host].hostname = hostname

    def send(self, message: SystemMessage) -> None:
        """Send a message to all of them."""
        for receiver in self._receivers.values():
            receiver.put(message)

    def views(self) -> tuple[RemoteLogView, ...]:
        """Return how it has gone with each of them."""
        return tuple(receiver.view() for receiver in self._receivers.values())

    def close(self) -> None:
        """Send what waits, if it leaves within a second, and end."""
        for receiver in self._receivers.values():
            receiver.begin_to_close()
        # One second for all of them together: a process must not end later for each dead receiver.
        end = time.monotonic() + _PARTING
        for receiver in self._receivers.values():
            receiver.give_up(max(0.0, end - time.monotonic()))


class _Receiver:
    """One remote log with its thread and queue."""

    def __init__(self, host: LoggingHost, way: "_Way") -> None:
        self.hostname: str | None = None
        self._host = host
        self._way = way
        self._outbox: Outbox[_Numbered] = Outbox(_ROOM)
        self._number = self._sent = self._dropped = 0
        self._trouble = ""
        name = f"gauger-syslog-{host.host}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def put(self, message: SystemMessage) -> None:
        """Leave a message; one that there is no room for is counted."""
        self._number += 1
        self._dropped += not self._outbox.put(_Numbered(self._number, message))

    def view(self) -> RemoteLogView:
        """Return how it has gone."""
        return RemoteLogView(
            host=self._host.host,
            transport=self._host.transport.value,
            port=self._host.port,
            is_up=not self._trouble,
            sent=self._sent,
            waiting=len(self._outbox),
            dropped=self._dropped,
            trouble=self._trouble,
        )

    def begin_to_close(self) -> None:
        """Take nothing more in."""
        self._outbox.close()

    def give_up(self, seconds: float) -> None:
        """Wait so long for what is on its way, then drop the rest."""
        self._outbox.wait_empty(seconds)
        self._dropped += self._outbox.clear()

    def _run(self) -> None:
        delay = _FIRST_DELAY
        while (item := self._outbox.first()) is not None:
            try:
                self._way.deliver(record(item.message, self.hostname, item.number))
            except OSError as error:
                self._way.close()
                self._trouble = str(error) or type(error).__name__
                # Nobody waits for a receiver that is down once the process is to end.
                if self._outbox.pause(delay):
                    break
                delay = min(2 * delay, _LONGEST_DELAY)
                continue
            self._trouble, delay = "", _FIRST_DELAY
            self._sent += 1
            self._outbox.drop(item)
        self._dropped += self._outbox.clear()
        self._way.close()


class _Way:
    """A way to one receiver, opened when something is to be sent."""

    def __init__(self, opening: _Opening, sending: _Sending) -> None:
        self._opening = opening
        self._sending = sending
        self._socket: socket.socket | None = None

    def deliver(self, message: bytes) -> None:
        """Send one message.

        Raises:
            OSError: Why it did not leave.
        """
        if self._socket is None:
            self._socket = self._opening()
        self._sending(self._socket, message)

    def close(self) -> None:
        """Close what is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _way(host: LoggingHost, ca: Callable[[], Path | None], *, only_loopback: bool) -> _Way:
    if only_loopback and not is_near(host.host):
        return _Way(_refuse, _send_datagram)
    if host.transport is LogTransport.UDP:
        return _Way(_datagrams(host), _send_datagram)
    stream = partial(_stream, host)
    if host.transport is LogTransport.TLS:
        return _Way(partial(_secure, stream, host.host, ca), _send_counted)
    return _Way(stream, _send_counted)


def _refuse() -> socket.socket:
    """Open nothing: a clock that a test moves must not write invented times into others' logs.

    Raises:
        OSError: Always.
    """
    raise ConnectionRefusedError("a test clock is for loopback only")


def _datagrams(host: LoggingHost) -> _Opening:
    """Return what opens the way of UDP."""
    turns = itertools.count()

    def opening() -> socket.socket:
        found = socket.getaddrinfo(host.host, host.port, type=socket.SOCK_DGRAM)
        # Another address each time: of a name with two, only one may be listened at.
        family, kind, protocol, _, address = found[next(turns) % len(found)]
        opened = socket.socket(family, kind, protocol)
        try:
            # Connected: that nobody listens there is then told with the next message.
            opened.connect(address)
        except OSError:
            opened.close()
            raise
        return opened

    return opening


def _stream(host: LoggingHost) -> socket.socket:
    """Open a connection of TCP."""
    opened = socket.create_connection((host.host, host.port), _PATIENCE)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return opened


def _secure(stream: _Opening, name: str, ca: Callable[[], Path | None]) -> socket.socket:
    """Open a connection of TLS: the receiver proves its name by the authorities of the portal."""
    context = ssl.create_default_context(cafile=ca())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    opened = stream()
    try:
        return context.wrap_socket(opened, server_hostname=name)
    except OSError:
        opened.close()
        raise


def _send_datagram(connection: socket.socket, message: bytes) -> None:
    connection.send(message)


def _send_counted(connection: socket.socket, message: bytes) -> None:
    """Send a message behind its length, so that none runs into the next (octet counting)."""
    _require_alive(connection)
    connection.sendall(b"%d %b" % (len(message), message))


def _require_alive(connection: socket.socket) -> None:
    """Notice that a receiver has hung up: what is written to it then is lost without an error.

    Raises:
        OSError: Where it has, or where it talks instead of listening.
    """
    connection.settimeout(0)
    try:
        for _ in range(_MOST_READS):
            if not connection.recv(4096):
                raise ConnectionResetError("the receiver hung up")
    except (BlockingIOError, ssl.SSLWantReadError):
        return
    finally:
        connection.settimeout(_PATIENCE)
    raise ConnectionAbortedError("the receiver talks instead of listening")
