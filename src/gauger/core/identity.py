"""Who a document speaks of: product instances, accounts, and digests of exact bytes."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import NewType

from gauger.core.problems import Problem

Digest = NewType("Digest", str)
"""SHA-256 of exact bytes, 64 lower-case hexadecimal digits."""

_UDI_PART = re.compile(r"[!-+\--:<-~]{1,64}")  # printable ASCII without blank, comma or semicolon
# Also no slash: domain/name is the key of a policy's scope, and must be told apart again.
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MAXIMUM_NAME = 128


def digest(data: bytes) -> Digest:
    """Return the SHA-256 of the exact bytes as lower-case hexadecimal text."""
    return Digest(hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True, order=True)
class Udi:
    """The Unique Device Identifier: product id and serial number.

    Attributes:
        pid: Product id, for example ``C9800-CL-K9``.
        serial: Serial number, unique for the product id.
        vid: Version id; no part of the identity.
        uuid: Universally unique id of a virtual product; no part of the identity.

    Raises:
        Problem: ``malformed`` where the product id or serial number has other characters than
            printable ASCII without blank, comma and semicolon, or more than 64 of them.
    """

    pid: str
    serial: str
    vid: str | None = field(default=None, compare=False, kw_only=True)
    uuid: str | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        for name, part in (("PID", self.pid), ("serial number", self.serial)):
            if not _UDI_PART.fullmatch(part):
                allowed = "1 to 64 printable ASCII characters without blank, comma or semicolon"
                message = f"The {name} {part[:64]!r} of a UDI is not {allowed}."
                raise Problem("malformed", message)

    def __str__(self) -> str:
        return f"PID:{self.pid},SN:{self.serial}"

    def to_json(self) -> dict[str, str]:
        """Return the published JSON form, ``udi_pid`` and ``udi_serial_number``."""
        return {"udi_pid": self.pid, "udi_serial_number": self.serial}


@dataclass(frozen=True, slots=True, order=True)
class AccountRef:
    """A Smart Account (by its domain) and one of its Virtual Accounts (by its name).

    Raises:
        Problem: ``malformed`` where the domain is none, or the name is empty, longer than 128
            characters, or holds control characters.
    """

    smart_account: str
    virtual_account: str

    def __post_init__(self) -> None:
        if not _DOMAIN.fullmatch(self.smart_account):
            message = f"The Smart Account {self.smart_account[:64]!r} is not a domain name."
            raise Problem("malformed", message)
        name = self.virtual_account
        # Unprintable ones could hide in a list, or write over it in a terminal.
        if not name or len(name) > _MAXIMUM_NAME or not name.isprintable():
            message = f"The Virtual Account {name[:64]!r} is not 1 to 128 printable characters."
            raise Problem("malformed", message)

    def __str__(self) -> str:
        return f"{self.smart_account}/{self.virtual_account}"

    def to_json(self) -> dict[str, str]:
        """Return the JSON form that stands in documents."""
        return {"smart_account": self.smart_account, "virtual_account": self.virtual_account}
