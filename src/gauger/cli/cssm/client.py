"""A thin client of the portal's API: finds it, proves itself, turns refusals into problems."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from gauger.cli.cssm.showing import Json
from gauger.core.identity import AccountRef
from gauger.core.problems import TABLE, Problem

PREFIX: Final = "/api/v1"
_TIMEOUT: Final = httpx.Timeout(30.0, read=60.0)
_ROWS: Final = 500
_PIECE: Final = 256 * 1024


class Api:
    """A connection to one portal."""

    def __init__(self, url: str, *, client_id: str, secret: str, ca: Path | None) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            url: Where the portal is, for example ``https://localhost:8443``.
            client_id: Id of an API client.
            secret: Its secret.
            ca: PEM file of certificates to trust for the connection; the machine's own without.
        """
        self._credential = (client_id, secret)
        self._token: str | None = None
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        # What stands in the environment about proxies is not for a portal on this network.
        self._http = httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT, trust_env=False)

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
        wanted = {name: value for name, value in params.items() if value not in (None, "")}
        return self._send("GET", path, params=wanted).json()

    def send(self, method: str, path: str, body: object = None) -> Json:
        """Send a body (JSON) and return what is answered; None where nothing is."""
        answer = self._send(method, path, json=body) if body else self._send(method, path)
        return answer.json() if answer.content else None

    def rows(self, path: str, **params: str | int | None) -> list[Json]:
        """Return every row of a list, page by page."""
        return list(self._pages(path, params))

    def upload(self, path: str, file: Path, *, name: str, progress: Callable[[int], None]) -> Json:
        """Stream a file to a path; ``progress`` is told the bytes of every piece."""

        def pieces() -> Iterator[bytes]:
            with file.open("rb") as source:
                while piece := source.read(_PIECE):
                    yield piece
                    progress(len(piece))

        headers = {"Content-Type": "application/octet-stream"}
        answer = self._send("POST", path, params={"name": name}, content=pieces(), headers=headers)
        return answer.json()

    def download(self, path: str) -> bytes:
        """Return the bytes of a file that a path gives."""
        return self._send("GET", path).content

    def _pages(self, path: str, params: Mapping[str, str | int | None]) -> Iterator[Json]:
        after: str | None = None
        while True:
            part = self.get(path, **{**params, "after": after, "limit": _ROWS})
            yield from part["items"]
            after = part["next"]
            if after is None:
                return

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 -- httpx's own
        headers = {"Authorization": f"Bearer {self._bearer()}", **options.pop("headers", {})}
        return self._exchange(method, PREFIX + path, headers=headers, **options)

    def _bearer(self) -> str:
        if self._token is None:
            client_id, secret = self._credential
            form = {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": secret,
            }
            answer = self._exchange("POST", "/oauth2/token", data=form)
            self._token = str(answer.json()["access_token"])
        return self._token

    def _exchange(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 -- httpx's own
        try:
            answer = self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            message = f"{self._http.base_url} did not answer in time."
            raise Problem("comm-timeout", message) from error
        except httpx.HTTPError as error:
            raise _unreachable(str(self._http.base_url), error) from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def account_path(account: AccountRef, rest: str = "") -> str:
    """Return the path of something in a Virtual Account."""
    smart, virtual = (
        quote(part, safe="") for part in (account.smart_account, account.virtual_account)
    )
    return f"/accounts/{smart}/virtual-accounts/{virtual}{rest}"


def smart_path(domain: str, rest: str = "") -> str:
    """Return the path of something in a Smart Account."""
    return f"/accounts/{quote(domain, safe='')}{rest}"


def _unreachable(url: str, error: httpx.HTTPError) -> Problem:
    code = "tls-failed" if "SSL" in str(error) or "CERTIFICATE" in str(error) else "comm-failed"
    return Problem(code, f"{url}: {error}.")


def _problem(answer: httpx.Response) -> Problem:
    """Return the problem that the portal names, or one that says that it names none."""
    try:
        body = answer.json()
        code, detail = str(body["code"]), str(body["detail"])
        diagnostics = {str(k): str(v) for k, v in body["diagnostics"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        message = f"The portal answered {answer.status_code} without a problem."
        return Problem("bad-answer", message)
    if code not in TABLE:
        return Problem("peer-refused", f"{code}: {detail}")
    return Problem(code, detail, **diagnostics)
