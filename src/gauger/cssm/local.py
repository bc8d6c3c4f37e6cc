"""How commands on the portal's own host find it and prove themselves; light, to start fast."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem

ADMINISTRATOR: Final = "administrator"
"""The API client of the portal's own host, made with the portal."""

SECRET: Final = "administrator.secret"  # noqa: S105 -- the name of a file
"""File of its secret within the data folder, mode 0600."""

CERTIFICATE: Final = Path("tls", "certificate.pem")
"""The portal's TLS certificate within the data folder."""

_ADDRESS: Final = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccess:
    """How to reach a portal as its administrator.

    Attributes:
        url: Where it is.
        client_id: The administrator's API client.
        secret: Its secret.
        ca: The portal's TLS certificate, or null.
    """

    url: str
    client_id: str
    secret: str
    ca: Path | None


def announce(data: Path, url: str) -> None:
    """Leave the portal's address for commands on the same host.

    Raises:
        Problem: ``file-not-written``.
    """
    new = data / f".{_ADDRESS}.new"
    try:
        # Not synced: after a power loss nobody serves there, and the next start writes it again.
        new.write_text(f"{url}\n", encoding="utf-8")
        new.replace(data / _ADDRESS)
    except OSError as error:
        message = f"The portal's address cannot be written to {data}: {error.strerror}."
        raise Problem("file-not-written", message) from error


def withdraw(data: Path) -> None:
    """Take the address away: the portal stops. One that stays is found out by who calls there."""
    with suppress(OSError):
        (data / _ADDRESS).unlink(missing_ok=True)


def local_access(data: Path) -> LocalAccess:
    """Return how to reach the portal of a data folder as its administrator.

    Args:
        data: The data folder; the caller has made sure that it and its secret are private.

    Raises:
        Problem: ``key-missing`` without the administrator's secret; ``comm-failed`` where the
            portal does not run.
    """
    secret, url = _text(data / SECRET), _text(data / _ADDRESS)
    if secret is None:
        message = f"There is no {SECRET} that you can read in {data}."
        raise Problem("key-missing", message)
    if url is None:
        message = f"No portal serves {data}: start it with gauger cssm serve --data {data}."
        raise Problem("comm-failed", message)
    certificate = data / CERTIFICATE
    return LocalAccess(
        url=url,
        client_id=ADMINISTRATOR,
        secret=secret,
        # Trusted by itself, not by an authority: it was made for this folder and lies in it.
        ca=certificate if certificate.exists() else None,
    )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
