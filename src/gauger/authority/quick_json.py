"""JSON as `strict_json.encode` writes it, byte for byte, in a quarter of the time."""

from collections.abc import Iterable
from typing import Final

import msgspec

from gauger.core import strict_json
from gauger.core.strict_json import JsonValue

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_ALIKE: Final = frozenset((str, int, bool, type(None)))


def encode(value: JsonValue) -> str:
    """Return the compact form with sorted keys, in ASCII.

    What the two encoders write differently, the core's writes: numbers with a fraction, and
    characters outside of printable ASCII, which stand here unescaped.
    """
    if _are_alike((value,)):
        try:
            data = _ENCODER.encode(value)
        except UnicodeEncodeError:  # a lone surrogate, which has no UTF-8
            return strict_json.encode(value)
        if data.isascii() and b"\x7f" not in data:
            return data.decode("ascii")
    return strict_json.encode(value)


def _are_alike(values: Iterable[JsonValue]) -> bool:
    """Tell whether values hold nothing but what both encoders write alike."""
    for value in values:
        if type(value) in _ALIKE:
            continue
        if isinstance(value, dict):
            inner: Iterable[JsonValue] = value.values()
        elif isinstance(value, (list, tuple)):
            inner = value
        else:
            return False
        if not _are_alike(inner):
            return False
    return True
