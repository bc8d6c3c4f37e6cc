"""Smart transport: one JSON message in an HTTPS POST, one JSON message back.

Built on the connection pool beneath httpx, because only there can one deadline bound the whole
exchange: a peer that drips one byte at a time never exceeds a timeout of single reads. The pool
follows no redirect and reads no proxy from the environment.
"""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpcore

from gauger.adapters.transport.sockets import DeadlineBackend, require_vrf
from gauger.core.documents.smart_transport import MESSAGE_CAP
from gauger.core.problems import Problem
from gauger.core.ways import Proxy

DEADLINE_SECONDS: Final = 30.0
"""What one request may take from the first packet to the last byte of the answer."""

MAXIMUM_ANSWER: Final = MESSAGE_CAP
"""Bytes of an answer that are read; five hundred ACKs with their proofs take some 3 MB."""

_JSON: Final = b"application/json"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class SmartTransport:
    """A client of one licensing URL."""

    def __init__(
        self, *, ca: Path | None = None, deadline: float = DEADLINE_SECONDS, user_agent: str = ""
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            ca: PEM file of the only authorities that are trusted; None trusts the system's.
            deadline: Seconds that one request may take in all.
            user_agent: What the client calls itself, empty for the default.

        Raises:
            Problem: ``file-not-found`` or ``tls-failed`` where the PEM file cannot be used.
        """
        self._context = _tls_context(ca)
        self._deadline = deadline
        self._user_agent = (user_agent or "gauger").encode("ascii")

    def exchange(
        self, url: str, request: bytes, *, proxy: Proxy | None = None, vrf: str | None = None
    ) -> bytes:
        """Send one message and return the JSON message that came back, whatever its status.

        A peer's refusal is such a message too; only what is no message of the protocol is refused
        here.

        Args:
            url: The licensing URL.
            request: The exact bytes; a retry sends the same.
            proxy: An HTTP proxy that is asked to CONNECT; TLS goes through it to the portal.
            vrf: The VRF that every connection leaves by, the proxy's too; None for the global one.

        Raises:
            Problem: ``comm-failed``, ``comm-timeout``, ``proxy-refused``, ``tls-failed``,
                ``bad-answer``, ``not-a-licensing-url`` or ``vrf-unavailable``.
        """
        if vrf is not None:
            # First of all: not even a name is asked for while the configured way is not there.
            require_vrf(vrf)
        # A pool for each exchange: all its sockets share one deadline, and none is kept open.
        backend = DeadlineBackend(time.monotonic() + self._deadline, vrf)
        with (
            _named_failures(url, proxy, vrf),
            self._pool(backend, proxy) as pool,
            pool.stream("POST", _target(url), headers=self._headers(), content=request) as response,
        ):
            return _read_answer(url, response)

    def _pool(
        self, backend: httpcore.NetworkBackend, proxy: Proxy | None
    ) -> httpcore.ConnectionPool:
        """Return connections for one exchange, by the configured way: never the environment's."""
        if proxy is None:
            return httpcore.ConnectionPool(
                ssl_context=self._context, network_backend=backend, retries=0
            )
        host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
        return httpcore.HTTPProxy(
            f"http://{host}:{proxy.port}",
            ssl_context=self._context,
            network_backend=backend,
            retries=0,
        )

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            # No Accept-Encoding: nothing is unpacked here, so no small answer can grow.
            (b"Accept", _JSON),
            (b"Content-Type", _JSON),
            (b"User-Agent", self._user_agent),
        ]


def _target(url: str) -> httpcore.URL:
    """Take a URL apart.

    Raises:
        Problem: ``not-a-licensing-url`` where it is none, or its host is not written in ASCII.
    """
    try:
        return httpcore.URL(url)
    except (TypeError, ValueError) as error:
        raise Problem("not-a-licensing-url", f"{url!r} cannot be asked: {error}.") from error


def _tls_context(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except ssl.SSLError as error:
        message = f"The file {ca} holds no certificate authority in PEM form: {error.reason}."
        raise Problem("tls-failed", message) from error
    except OSError as error:
        message = f"The certificate authorities in {ca} cannot be read: {error.strerror}."
        raise Problem("file-not-found", message) from error
    # Whatever the system's own policy would still allow.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def _named_failures(url: str, proxy: Proxy | None, vrf: str | None) -> Iterator[None]:
    way = "" if proxy is None else f" by the proxy {proxy.host} port {proxy.port}"
    # Most failures in a VRF are routes that it does not have: nobody finds one without its name.
    way += "" if vrf is None else f" in the VRF {vrf}"
    try:
        yield
    except httpcore.ProxyError as error:
        # What it answered and no more: a proxy's own page may hold anything.
        said = _cause(error)[:80]
        message = f"The way to {url}{way} was refused: {said}."
        # Its own rules, or a portal that it did not reach: an operator looks elsewhere for each.
        code = "proxy-refused" if said.startswith("4") else "comm-failed"
        raise Problem(code, message, peer=url) from error
    except httpcore.TimeoutException as error:
        raise Problem("comm-timeout", f"{url} did not answer in time{way}.", peer=url) from error
    except httpcore.ConnectError as error:
        message = f"No connection to {url}{way}: {_cause(error)}."
        if not _is_of_tls(error):
            raise Problem("comm-failed", message, peer=url) from error
        message += " Name the certificate to trust with --ca FILE when the agent is started."
        raise Problem("tls-failed", message, peer=url) from error
    except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
        message = f"The connection to {url} ended before an answer: {_cause(error)}."
        raise Problem("comm-failed", message, peer=url) from error
    except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError) as error:
        message = f"{url!r} cannot be asked: {_cause(error)}."
        raise Problem("not-a-licensing-url", message, peer=url) from error


def _is_of_tls(error: BaseException | None) -> bool:
    """Tell whether TLS failed: the pool wraps the socket's error, once or twice."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    # A line that was cut while hands were shaken: no other certificate would mend that.
    return error is not None and not isinstance(error, ssl.SSLEOFError)


def _cause(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _read_answer(url: str, response: httpcore.Response) -> bytes:
    if response.status in _REDIRECTS:
        # A redirect would carry a signed report, and the next one, to where another points.
        message = f"{url} answered with a redirect (HTTP {response.status}), which is not followed."
        raise Problem("not-a-licensing-url", message, peer=url, status=response.status)
    body = _bounded(url, response)
    if not _is_message(response.headers, body):
        # Somebody answers there, but serves no licensing: no waiting helps, another URL does.
        code = "not-a-licensing-url" if response.status in {404, 405} else "bad-answer"
        message = f"{url} answered HTTP {response.status} with what is no licensing message."
        raise Problem(code, message, peer=url, status=response.status)
    return body


def _bounded(url: str, response: httpcore.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    # What came is counted: Content-Length may be missing or made up.
    for part in response.iter_stream():
        size += len(part)
        if size > MAXIMUM_ANSWER:
            message = f"The answer of {url} exceeds {MAXIMUM_ANSWER} bytes."
            raise Problem("bad-answer", message, peer=url)
        parts.append(part)
    return b"".join(parts)


def _is_message(headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
    """Tell a licensing message from a web page: JSON by its header, an object with a status."""
    kinds: Mapping[bytes, bytes] = {name.lower(): value for name, value in headers}
    if kinds.get(b"content-type", b"").split(b";")[0].strip().lower() != _JSON:
        return False
    try:
        # The header alone is not believed: a captive portal may call its page anything.
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and isinstance(message.get("status"), str)
