"""Sockets of one exchange: all of them share one deadline, and leave by one VRF.

A VRF of Linux is a device, and a socket that is bound to a device takes its routes and no others.
The pool's own backend binds only after it has connected, when the way is chosen already; so the
connections are made here.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import httpcore

from gauger.core.problems import Problem

_LONGEST_DEVICE: Final = 15
"""Bytes of a device's name on Linux (IFNAMSIZ less the end mark)."""


class DeadlineBackend(httpcore.NetworkBackend):
    """Sockets whose every operation shares one deadline."""

    def __init__(self, until: float, vrf: str | None = None) -> None:
        """Take what all sockets share.

        Args:
            until: The deadline, seconds of the process's own monotonic clock.
            vrf: The device that they are bound to, or None for none.
        """
        self._until = until
        self._vrf = vrf

    def connect_tcp(  # noqa: PLR0917 -- the interface of the pool's backend
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within what is left of the deadline.

        Raises:
            Problem: ``vrf-unavailable``.
        """
        del timeout, local_address, socket_options
        addresses = _resolved(host, port, self._until)
        while True:
            # An address that never answers leaves the others their part of the time.
            left = _left(self._until, httpcore.ConnectTimeout) / len(addresses)
            address = addresses.pop(0)
            try:
                return _DeadlineStream(self._connected(address, port, left), self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise

    def _connected(self, address: str, port: int, seconds: float) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                if self._vrf is not None:
                    bind_to_vrf(connection, self._vrf)
                connection.settimeout(seconds)
                connection.connect((address, port))
                # A request is written in parts: none may wait for the other side's confirmation.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException:
                connection.close()
                raise
            return connection


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within what is left of the deadline."""
        # Its limit is for a single read, which a peer that drips renews with every byte.
        del timeout
        with _as(httpcore.ReadTimeout, httpcore.ReadError):
            self._connection.settimeout(_left(self._until, httpcore.ReadTimeout))
            return self._connection.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within what is left of the deadline."""
        del timeout
        while buffer:
            with _as(httpcore.WriteTimeout, httpcore.WriteError):
                self._connection.settimeout(_left(self._until, httpcore.WriteTimeout))
                buffer = buffer[self._connection.send(buffer) :]

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands within what is left of the deadline."""
        del timeout
        try:
            self._connection.settimeout(_left(self._until, httpcore.ConnectTimeout))
            with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
                # Through a proxy too, this is the only TLS on the connection: it is asked in clear.
                secured = ssl_context.wrap_socket(self._connection, server_hostname=server_hostname)
        except BaseException:
            # The pool has no stream yet that it could close.
            self.close()
            raise
        return _DeadlineStream(secured, self._until)


def require_vrf(vrf: str) -> None:
    """Check that connections can leave by a VRF.

    Raises:
        Problem: ``vrf-unavailable``.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        bind_to_vrf(probe, vrf)


def bind_to_vrf(connection: socket.socket, vrf: str) -> None:
    """Have a connection that is not open yet leave by a VRF.

    Raises:
        Problem: ``vrf-unavailable``.
    """
    option: int | None = getattr(socket, "SO_BINDTODEVICE", None)
    if option is None:
        raise Problem("vrf-unavailable", f"The VRF {vrf}: this platform has none.", vrf=vrf)
    device = vrf.encode()
    # Linux cuts a longer name short, and would bind to the device that has the beginning of it.
    if len(device) > _LONGEST_DEVICE:
        message = f"The VRF {vrf}: a device of this platform has at most 15 bytes of name."
        raise Problem("vrf-unavailable", message, vrf=vrf)
    try:
        connection.setsockopt(socket.SOL_SOCKET, option, device)
    except OSError as error:
        message = f"No connection can be made in the VRF {vrf}: {error.strerror}."
        raise Problem("vrf-unavailable", message, vrf=vrf) from error


def _resolved(host: str, port: int, until: float) -> list[str]:
    """Return the addresses of a host within what is left of the deadline.

    The system's resolver takes no deadline, so it works in a thread that nobody waits for longer.
    It takes no VRF either: names are asked for as the host is set up to.
    """
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(item[4][0]) for item in found)))
        except (OSError, UnicodeError) as error:
            # Unicode: a label that is empty or over 63 characters, refused before anyone is asked.
            answers.put(error)

    threading.Thread(target=resolve, name="gauger-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=_left(until, httpcore.ConnectTimeout))
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"The name {host} was not resolved in time.") from None
    if not isinstance(answer, list):
        raise httpcore.ConnectError(str(answer)) from answer
    return answer


def _left(until: float, failure: type[httpcore.TimeoutException]) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise failure
    return left


@contextmanager
def _as(
    timed_out: type[httpcore.TimeoutException], failed: type[httpcore.NetworkError]
) -> Iterator[None]:
    """Raise what a socket raises as the pool's own failures, which its callers know."""
    try:
        yield
    except TimeoutError as error:
        raise timed_out(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error
