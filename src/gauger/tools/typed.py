"""What people type: refused as an argument, which whoever typed it can correct.

In a document the same text is ``malformed``, and the advice is to fetch the original; nobody has
one of what was typed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@contextmanager
def typed() -> Iterator[None]:
    """Refuse what is malformed within the block as an argument.

    Raises:
        Problem: ``invalid-argument``.
    """
    try:
        yield
    except Problem as problem:
        if problem.code != "malformed":
            raise
        raise Problem("invalid-argument", problem.detail) from problem


def typed_udi(pid: str, serial: str) -> Udi:
    """Return the UDI of a product id and a serial number.

    Raises:
        Problem: ``invalid-argument``.
    """
    with typed():
        return Udi(pid, serial)


def typed_account(text: str) -> AccountRef:
    """Read ``DOMAIN/VIRTUAL ACCOUNT``.

    Raises:
        Problem: ``invalid-argument``.
    """
    domain, slash, name = text.partition("/")
    if not slash:
        detail = f"{text!r} is no account: write SMART-ACCOUNT-DOMAIN/VIRTUAL-ACCOUNT."
        raise Problem("invalid-argument", detail)
    with typed():
        return AccountRef(domain, name)


def typed_digest(text: str) -> Digest:
    """Read a SHA-256, as lists and documents show it.

    Raises:
        Problem: ``invalid-argument``.
    """
    # Copied from a show command it may be upper case or have a blank around: still the same key.
    wanted = text.strip().lower()
    if not _DIGEST.fullmatch(wanted):
        detail = f"{text!r} is no SHA-256: write its 64 hexadecimal digits."
        raise Problem("invalid-argument", detail)
    return Digest(wanted)
