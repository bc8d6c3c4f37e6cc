"""How commands on the portal's own host find it and prove themselves; light, to start fast."""

import stat
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

    Raises:
        Problem: ``key-missing`` without the administrator's secret; ``key-exposed`` where others
            may read it or enter the folder; ``comm-failed`` where the portal does not run.
    """
    # Whoever else could enter the folder could also have put there the address to which the
    # secret goes in a moment, and the certificate that makes it trustworthy.
    for path in (data, data / SECRET):
        _require_private(path)
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


# As `private_files` has it, which is not for roles to import, nor loaded by a short command.
def _require_private(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return  # What is not there, or belongs to somebody else, is named by who reads it.
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path} has mode {mode:04o}: others than its owner may use it."
        raise Problem("key-exposed", message)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
