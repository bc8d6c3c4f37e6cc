"""A thin client of the portal's API: finds it, proves itself, turns refusals into problems.

Built on the standard library: a command line starts anew for every command, and a larger client
takes longer to load than the portal takes to answer.
"""

import json
import math
import select
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode, urlsplit

from gauger.cli.cssm.outfile import written
from gauger.cli.cssm.showing import Json
from gauger.core.identity import AccountRef
from gauger.core.problems import TABLE, Problem

PREFIX: Final = "/api/v1"
_TIMEOUT: Final = 60.0
_MARGIN: Final = 30.0  # seconds before its end at which a token is not begun a request with
_ROWS: Final = 500
_PIECE: Final = 256 * 1024
_MOST_ANSWER: Final = 64 * 1024 * 1024  # a page of a list is far below
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a request carries: its bytes, or the pieces of them."""

    body: bytes | Iterator[bytes] = b""
    media_type: str = _JSON
    params: Mapping[str, str | int] = field(default_factory=dict)


_MEND: Final = (
    "Name what to trust with --ca FILE: a portal's own certificate is tls/certificate.pem in its "
    "data folder."
)


_NOTHING: Final = _Content()


_Take = Callable[[HTTPResponse], bytes]
"""Reads the body of an answer; returns what is to be had of it in memory."""


def _whole(response: HTTPResponse) -> bytes:
    """Read an answer as a whole.

    Raises:
        Problem: ``bad-answer`` where it does not end: whatever answers there, memory is ours.
    """
    answer = response.read(_MOST_ANSWER + 1)
    if len(answer) > _MOST_ANSWER:
        raise Problem("bad-answer", f"The answer is over {_MOST_ANSWER} bytes: is it a portal?")
    _require_end(response)
    return answer


def _require_end(response: HTTPResponse) -> None:
    """Check that all came that was announced; reading in pieces takes a cut for the end."""
    if response.length:
        raise IncompleteRead(b"", response.length)


class Api:
    """A connection to one portal."""

    def __init__(self, url: str, *, client_id: str, secret: str, ca: Path | None) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            url: Where the portal is, for example ``https://localhost:8443``.
            client_id: Id of an API client.
            secret: Its secret.
            ca: PEM file of certificates to trust for the connection; the machine's own without.

        Raises:
            Problem: ``invalid-argument`` where the URL is none.
        """
        self._url = url
        self._credential = (client_id, secret)
        self._token: str | None = None
        self._good_until = math.inf
        self._base = urlsplit(url).path.rstrip("/")
        self._http = _connection(url, ca)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **params: str | int | None) -> Json:
        """Return what a path answers."""
        # An option that was not given is left out: sent empty, it would be a filter by nothing.
        wanted = {name: value for name, value in params.items() if value not in {None, ""}}
        return _read(self._send("GET", path, _Content(params=wanted)))

    def send(self, method: str, path: str, body: object = None) -> Json:
        """Send a body (JSON) and return what is answered; None where nothing is."""
        content = _Content(body=json.dumps(body).encode()) if body else _NOTHING
        answer = self._send(method, path, content)
        return _read(answer) if answer else None

    def rows(self, path: str, **params: str | int | None) -> list[Json]:
        """Return every row of a list, page by page."""
        return list(self._pages(path, params, _ROWS))

    def first(self, count: int, path: str, **params: str | int | None) -> list[Json]:
        """Return so many rows of a list, on as many pages as it takes."""
        return list(islice(self._pages(path, params, min(count, _ROWS)), max(count, 1)))

    def upload(self, path: str, file: Path, *, name: str, progress: Callable[[int], None]) -> Json:
        """Stream a file to a path; ``progress`` is told the bytes of every piece."""

        def pieces() -> Iterator[bytes]:
            with file.open("rb") as source:
                while piece := source.read(_PIECE):
                    yield piece
                    progress(len(piece))

        content = _Content(
            # Without a length: in chunks, so that what a file grows or shrinks meanwhile spoils no
            # connection.
            body=pieces(),
            media_type="application/octet-stream",
            params={"name": name},
        )
        return _read(self._send("POST", path, content))

    def download(self, path: str, out: Path) -> int:
        """Stream the file that a path gives to a file of ours; returns its bytes.

        Raises:
            Problem: ``file-not-written``; what the portal refuses, and then no file is made.
        """
        size = 0

        def take(response: HTTPResponse) -> bytes:
            nonlocal size
            # An ACK file of a hundred thousand reports is never held as a whole.
            with written(out) as write:
                while piece := response.read(_PIECE):
                    write(piece)
                    size += len(piece)
                _require_end(response)
            return b""

        self._send("GET", path, take=take)
        return size

    def _pages(
        self, path: str, params: Mapping[str, str | int | None], limit: int
    ) -> Iterator[Json]:
        after: str | None = None
        while True:
            part = self.get(path, **{**params, "after": after, "limit": limit})
            yield from part["items"]
            after = part["next"]
            # By the portal's word, not by the length of a page: that is its own to choose.
            if after is None:
                return

    def _send(
        self, method: str, path: str, content: _Content = _NOTHING, *, take: _Take = _whole
    ) -> bytes:
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        return self._exchange(method, PREFIX + path, content, headers, take=take)

    def _bearer(self) -> str:
        # To wait for a large upload may take longer than a token lives.
        if self._token is None or time.monotonic() >= self._good_until:
            # In the body: a URL is kept in logs of everything on the way.
            client_id, secret = self._credential
            form = urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": secret,
                }
            )
            content = _Content(body=form.encode(), media_type=_FORM)
            answer = self._exchange("POST", "/oauth2/token", content, {})
            self._token, seconds = _token(answer)
            self._good_until = time.monotonic() + seconds - _MARGIN
        return self._token

    def _exchange(
        self,
        method: str,
        path: str,
        content: _Content,
        headers: Mapping[str, str],
        *,
        take: _Take = _whole,
    ) -> bytes:
        query = f"?{urlencode(content.params)}" if content.params else ""
        if content.body:
            headers = {**headers, "Content-Type": content.media_type}
        try:
            response = self._roundtrip(
                method, self._base + path + query, content.body or None, headers
            )
            # A refusal is told, wherever the file that was asked for should have gone.
            is_refused = response.status >= 400
            answer = _whole(response) if is_refused else take(response)
        # To Python these are all errors of the operating system: the particular ones come first.
        except TimeoutError as error:
            raise Problem("comm-timeout", f"{self._url} did not answer in time.") from error
        except ssl.SSLError as error:
            raise Problem("tls-failed", f"{self._url}: {error}. {_MEND}") from error
        except (OSError, HTTPException) as error:
            raise Problem("comm-failed", f"{self._url}: {error}.") from error
        except Problem:
            # What is left of the answer must not be read as the next one's.
            self._http.close()
            raise
        if is_refused:
            raise _problem(response.status, answer)
        return answer

    def _roundtrip(
        self,
        method: str,
        target: str,
        body: bytes | Iterator[bytes] | None,
        headers: Mapping[str, str],
    ) -> HTTPResponse:
        http = self._http
        if http.sock is not None and select.select([http.sock], [], [], 0)[0]:
            http.close()  # the portal ended what was idle; nobody speaks before being asked
        if http.sock is None:
            http.connect()
        # A refusal may come, and the connection end, before all is sent: it is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            http.request(method, target, body, dict(headers))
        return http.getresponse()


def _connection(url: str, ca: Path | None) -> HTTPConnection:
    """Return a connection, not yet opened; no proxy of the environment stands between."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Problem("invalid-argument", f"{url!r} is no URL: {error}.") from error
    if parts.scheme == "https" and host:
        return HTTPSConnection(host, port, timeout=_TIMEOUT, context=_trust(ca))
    if parts.scheme == "http" and host:
        return HTTPConnection(host, port, timeout=_TIMEOUT)
    raise Problem("invalid-argument", f"{url!r} is no URL of a portal: https://HOST:PORT is.")


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        # With a file, that file alone is trusted: a portal's own certificate needs none of the
        # machine's authorities.
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except ssl.SSLError as error:
        raise Problem("tls-failed", f"{ca} holds no certificate in PEM form.") from error
    except OSError as error:
        raise Problem("file-not-found", f"{ca} cannot be read: {error.strerror}.") from error


def _read(answer: bytes) -> Json:
    try:
        return json.loads(answer)
    except ValueError as error:
        raise Problem("bad-answer", "The portal's answer is no JSON: is it a portal?") from error


def _token(answer: bytes) -> tuple[str, float]:
    try:
        given = _read(answer)
        return str(given["access_token"]), float(given["expires_in"])
    except (KeyError, TypeError, ValueError) as error:
        message = "The portal's answer holds no access token: is it a portal?"
        raise Problem("bad-answer", message) from error


def account_path(account: AccountRef, rest: str = "") -> str:
    """Return the path of something in a Virtual Account."""
    smart, virtual = (
        # A slash in a name must not begin another part of the path.
        quote(part, safe="")
        for part in (account.smart_account, account.virtual_account)
    )
    return f"/accounts/{smart}/virtual-accounts/{virtual}{rest}"


def smart_path(domain: str, rest: str = "") -> str:
    """Return the path of something in a Smart Account.

    Raises:
        Problem: ``invalid-argument`` where a Virtual Account is named.
    """
    name, slash, _ = domain.partition("/")
    if slash:
        message = f"{domain} is a Virtual Account; name its Smart Account: {name}."
        raise Problem("invalid-argument", message)
    return f"/accounts/{quote(domain, safe='')}{rest}"


def reach_path(account: AccountRef | None, domain: str | None, rest: str) -> str:
    """Return the path of a list for an account, a whole Smart Account, or all where none is named.

    Raises:
        Problem: ``invalid-argument`` where both are named, or as `smart_path`.
    """
    if account is not None and domain is not None:
        # One of them would be left out in silence, and the list pass for that of the other.
        raise Problem("invalid-argument", "Name one of --account and --smart-account.")
    if account is not None:
        return account_path(account, rest)
    return rest if domain is None else smart_path(domain, rest)


def _problem(status: int, answer: bytes) -> Problem:
    """Return the problem that the portal names, or one that says that it names none."""
    try:
        body = json.loads(answer)
        code, detail = str(body["code"]), str(body["detail"])
        diagnostics = {str(k): str(v) for k, v in body["diagnostics"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        message = f"The portal answered {status} without a problem."
        return Problem("bad-answer", message)
    # A newer portal may name what this release has never heard of.
    if code not in TABLE:
        return Problem("peer-refused", f"{code}: {detail}")
    return Problem(code, detail, **diagnostics)
