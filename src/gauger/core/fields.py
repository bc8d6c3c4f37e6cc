"""A typed reader of JSON objects: what is missing, of another type or out of range is named."""

import binascii
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

MAXIMUM_TEXT: Final = 1024
"""Characters of a text where its field sets no other limit."""

MAXIMUM_ITEMS: Final = 4096
"""Items of a list where its field sets no other limit."""

LATEST_TIME: Final = 253_402_300_799
"""The last second of the year 9999: every time up to it has a calendar date."""

_INTEGER_LIMIT: Final = 2**63
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


@lru_cache(maxsize=1024)
def _udi(pid: str, serial: str) -> Udi:
    """Return a UDI; a report names its own several times, and a sending many more."""
    return Udi(pid, serial)


def decode_base64(text: str, what: str) -> bytes:
    """Decode standard base64 with padding; only the one canonical form is taken.

    Args:
        text: The base64 text, without line breaks.
        what: How a refusal names it.

    Returns:
        The bytes.

    Raises:
        Problem: ``malformed``.
    """
    value = _from_base64(text)
    if value is None:
        raise Problem("malformed", f"Base64 in its one canonical form is expected as {what}.")
    return value


def _from_base64(text: str) -> bytes | None:
    try:
        # Strict: the lenient form skips what is no base64, so bytes could be hidden in it.
        value = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    # Spare bits in the last character would give one value two spellings.
    return value if encode_base64(value) == text else None


def encode_base64(value: bytes) -> str:
    """Return standard base64 with padding, without line breaks."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


class Fields:
    """The members of one JSON object, read by name and type.

    Each method raises ``malformed`` where the field is missing or not as asked; an ``optional_``
    method returns None where it is missing or null. Fields that nobody asks for are ignored.
    """

    __slots__ = ("_is_item", "_members", "_name", "_parent")

    def __init__(
        self,
        value: JsonValue,
        what: str,
        parent: "Fields | None" = None,
        *,
        is_item: bool = False,
    ) -> None:
        """Take a decoded value.

        Args:
            value: The decoded value.
            what: How a refusal names it, for example ``the ACK``; with a parent, its field there.
            parent: The object that holds it, or None.
            is_item: Whether it is an item of a list in that field.

        Raises:
            Problem: ``malformed`` where the value is no object.
        """
        self._name = what
        self._parent = parent
        self._is_item = is_item
        if not isinstance(value, dict):
            raise Problem("malformed", f"A JSON object is expected as {self.what}.")
        self._members: dict[str, JsonValue] = value

    @property
    def what(self) -> str:
        """How a refusal names this object; put together only where one is made."""
        if self._parent is None:
            return self._name
        item = "an item of " if self._is_item else ""
        return f"{item}{self._name!r} of {self._parent.what}"

    def __contains__(self, name: str) -> bool:
        # Null is as good as missing, everywhere: two readers must not differ on it.
        return self._members.get(name) is not None

    def refuse(self, name: str, wanted: str) -> Problem:
        """Return the problem that says what a field should be."""
        if name not in self._members:
            return Problem("malformed", f"In {self.what} the field {name!r} is missing.")
        return Problem("malformed", f"In {self.what} the field {name!r} is not {wanted}.")

    def names(self) -> tuple[str, ...]:
        """Return the names of all members, in the order written."""
        return tuple(self._members)

    def values(self, name: str, *, limit: int = MAXIMUM_ITEMS) -> tuple[JsonValue, ...]:
        """Return a list as decoded, to be carried on unread; a missing list is empty."""
        return tuple(self._list(name, limit))

    def is_text(self, name: str) -> bool:
        """Return whether the field is a text."""
        return isinstance(self._members.get(name), str)

    def text_or_number(self, name: str, *, limit: int = MAXIMUM_TEXT) -> str:
        """Return a text, or a whole number from 0 as the text of it."""
        if self.is_text(name):
            return self.text(name, limit=limit)
        return str(self.integer(name, least=0))

    def text(self, name: str, *, limit: int = MAXIMUM_TEXT, least: int = 1) -> str:
        """Return a text of ``least`` to ``limit`` characters."""
        value = self._members.get(name)
        if not isinstance(value, str) or not least <= len(value) <= limit:
            raise self.refuse(name, f"a text of {least} to {limit} characters")
        return value

    def optional_text(self, name: str, *, limit: int = MAXIMUM_TEXT) -> str | None:
        """Return a text of up to ``limit`` characters, empty ones too, or None."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > limit:
            raise self.refuse(name, f"a text of up to {limit} characters")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """Return a text that is one of those allowed."""
        value = self._members.get(name)
        if not isinstance(value, str) or value not in allowed:
            raise self.refuse(name, "one of " + ", ".join(allowed))
        return value

    def integer(
        self, name: str, *, least: int = -_INTEGER_LIMIT, most: int = _INTEGER_LIMIT - 1
    ) -> int:
        """Return a whole number from ``least`` to ``most``; true and false are none."""
        value = self._members.get(name)
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(name, f"a whole number from {least} to {most}")
        return value

    def optional_integer(
        self, name: str, *, least: int = -_INTEGER_LIMIT, most: int = _INTEGER_LIMIT - 1
    ) -> int | None:
        """Return a whole number from ``least`` to ``most``, or None."""
        return self.integer(name, least=least, most=most) if name in self else None

    def time(self, name: str) -> int:
        """Return a time in epoch seconds, from 1970 to the year 9999."""
        value = self._members.get(name)
        if type(value) is not int or not 0 <= value <= LATEST_TIME:
            raise self.refuse(name, "a time in epoch seconds, up to the year 9999")
        return value

    def optional_time(self, name: str) -> int | None:
        """Return a time in epoch seconds, or None."""
        return self.time(name) if name in self else None

    def boolean(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false; a missing field is the default where there is one."""
        value = self._members.get(name)
        if isinstance(value, bool):
            return value
        if name in self._members or default is None:
            raise self.refuse(name, "true or false")
        return default

    def digest(self, name: str) -> Digest:
        """Return a SHA-256 in lower-case hexadecimal."""
        value = self._members.get(name)
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            raise self.refuse(name, "a SHA-256 of 64 lower-case hexadecimal digits")
        return Digest(value)

    def optional_digest(self, name: str) -> Digest | None:
        """Return a SHA-256 in lower-case hexadecimal, or None."""
        return self.digest(name) if name in self else None

    def digests(self, name: str, *, limit: int = MAXIMUM_ITEMS) -> tuple[Digest, ...]:
        """Return a list of SHA-256 values; a missing list is empty."""
        values = self.texts(name, limit=limit)
        if not all(map(_DIGEST.fullmatch, values)):
            raise self.refuse(name, "a list of SHA-256 values")
        return tuple(map(Digest, values))

    def hex_id(self, name: str, *, size: int = 16) -> str:
        """Return an id of ``size`` bytes in lower-case hexadecimal."""
        value = self._members.get(name)
        if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
            raise self.refuse(name, f"an id of {2 * size} lower-case hexadecimal digits")
        return value

    def optional_hex_id(self, name: str, *, size: int = 16) -> str | None:
        """Return an id of ``size`` bytes in lower-case hexadecimal, or None."""
        return self.hex_id(name, size=size) if name in self else None

    def base64(self, name: str, *, limit: int = 16_384, size: int | None = None) -> bytes:
        """Return bytes from base64: exactly ``size`` of them, or up to ``limit``."""
        most = limit if size is None else size
        # The length of the text bounds the work before anything is decoded.
        value = _from_base64(self.text(name, limit=(most + 2) // 3 * 4, least=0))
        if value is None or len(value) > most or (size is not None and len(value) != size):
            raise self.refuse(name, f"{most} bytes in base64")
        return value

    def base64_list(self, name: str, *, limit: int = 8) -> tuple[bytes, ...]:
        """Return a list of byte strings from base64, up to 16 kB each; missing is empty."""
        values = tuple(map(_from_base64, self.texts(name, limit=limit, length=21_848)))
        # One bad item refuses the list: to drop it would change who signs.
        decoded = tuple([value for value in values if value is not None])
        if len(decoded) != len(values):
            raise self.refuse(name, "a list of base64 texts in their one canonical form")
        return decoded

    def _list(self, name: str, limit: int) -> list[JsonValue]:
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > limit:
            raise self.refuse(name, f"a list of up to {limit} items")
        return value

    def texts(
        self, name: str, *, limit: int = MAXIMUM_ITEMS, length: int = MAXIMUM_TEXT
    ) -> tuple[str, ...]:
        """Return a list of texts of up to ``length`` characters; a missing list is empty."""
        values = self._list(name, limit)
        texts = [value for value in values if isinstance(value, str) and len(value) <= length]
        if len(texts) != len(values):
            raise self.refuse(name, f"a list of texts of up to {length} characters")
        return tuple(texts)

    def child(self, name: str) -> "Fields":
        """Return an object."""
        value = self._members.get(name)
        if type(value) is not dict:
            raise self.refuse(name, "an object")
        return Fields(value, name, self)

    def optional_child(self, name: str) -> "Fields | None":
        """Return an object, or None."""
        return None if self._members.get(name) is None else self.child(name)

    def items(self, name: str, *, limit: int = MAXIMUM_ITEMS) -> tuple["Fields", ...]:
        """Return a list of objects; a missing list is empty."""
        return tuple([Fields(value, name, self, is_item=True) for value in self._list(name, limit)])

    def critical(self, known: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return the names of ``critical``, all of which the reader must know.

        Raises:
            Problem: ``upgrade-needed`` where one is not known.
        """
        if "critical" not in self._members:
            return ()
        names = self.texts("critical", limit=64, length=128)
        unknown = sorted(set(names) - known)
        if unknown:
            detail = f"In {self.what} the field {unknown[0]!r} must be understood, and is not."
            raise Problem("upgrade-needed", detail)
        return names

    def as_udi(self) -> Udi:
        """Return this object itself as a UDI (``udi_pid``, ``udi_serial_number``)."""
        members = self._members
        pid, serial = members.get("udi_pid"), members.get("udi_serial_number")
        if not isinstance(pid, str) or not isinstance(serial, str):
            raise Problem("malformed", f"There is no udi_pid and udi_serial_number in {self.what}.")
        return _udi(pid, serial)

    def udi(self, name: str) -> Udi:
        """Return a UDI."""
        return self.child(name).as_udi()

    def optional_udi(self, name: str) -> Udi | None:
        """Return a UDI, or None."""
        return self.udi(name) if name in self else None

    def udis(self, name: str, *, limit: int = MAXIMUM_ITEMS) -> tuple[Udi, ...]:
        """Return a list of UDIs; a missing list is empty."""
        return tuple([item.as_udi() for item in self.items(name, limit=limit)])

    def account(self, name: str) -> AccountRef:
        """Return a Smart Account and one of its Virtual Accounts."""
        child = self.child(name)
        return AccountRef(
            child.text("smart_account", limit=253), child.text("virtual_account", limit=128)
        )

    def optional_account(self, name: str) -> AccountRef | None:
        """Return a Smart Account and one of its Virtual Accounts, or None."""
        return self.account(name) if name in self else None
