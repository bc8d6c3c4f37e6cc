"""JSON as `strict_json.encode` writes it, byte for byte, in a quarter of the time."""

import msgspec

from gauger.core import strict_json
from gauger.core.strict_json import JsonValue

_ENCODER = msgspec.json.Encoder(order="sorted")
_ALIKE = frozenset((str, int, bool, type(None)))


def encode(value: JsonValue) -> str:
    """Return the compact form with sorted keys, in ASCII.

    What the two encoders write differently, the core's writes: numbers with a fraction, and
    characters outside of printable ASCII, which stand here unescaped.
    """
    if _is_alike(value):
        try:
            data = _ENCODER.encode(value)
        except UnicodeEncodeError:  # a lone surrogate, which has no UTF-8
            return strict_json.encode(value)
        if data.isascii() and b"\x7f" not in data:
            return data.decode("ascii")
    return strict_json.encode(value)


def _is_alike(value: JsonValue) -> bool:
    """Tell whether a value holds nothing but what both encoders write alike."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        kind = type(inner)
        if kind in _ALIKE:
            continue
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, (list, tuple)):
            waiting.extend(inner)
        else:
            return False
    return True
