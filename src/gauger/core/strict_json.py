"""Strict JSON: what is ambiguous, oversized or not plain text is refused before anything else."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gauger.core.problems import Problem

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
"""A decoded JSON value; decoding makes only ``list`` and ``dict`` of the two containers."""

Encode = Callable[[JsonValue], str]
"""What gives the same text as `encode`, perhaps sooner."""

MAXIMUM_DEPTH: Final = 32
"""Levels of arrays and objects that a document may have."""

MAXIMUM_CONTAINERS: Final = 250_000
"""Opening brackets that a text may have, those in its strings included."""

MAXIMUM_COMMAS: Final = 1_250_000
"""Commas that a text may have, those in its strings included."""

_INTEGER_LIMIT: Final = 2**63
_INTEGER_DIGITS: Final = 20  # a sign and 19 digits: ±2^63
_SHOWN: Final = 64

# Keeps quotes and brackets, both kinds of brackets as one kind; deletes the rest.
_TO_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b'"[]{}'))
# A text without 19 digits in a row has no integer outside of 64 bits.
_DIGITS_TO_0: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_INTEGER: Final = b"0" * 19
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_LITERALS: Final = ("true", "false", "null")
_CUT_NUMBER: Final = re.compile(r"-|\.|[eE][+-]?")
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


class _RefusedError(ValueError):
    """What a hook of the decoder refuses; `decode` adds whose fault it is."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    # Two readers may take different ones of two equal keys: one verifies, the other obeys.
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
    raise _RefusedError("duplicate-key", f"the key {twice[:_SHOWN]!r} stands twice")


def _integer(digits: str) -> int:
    # The length is looked at first: turning 100,000 digits into a number takes quadratic time.
    if len(digits) <= _INTEGER_DIGITS:
        value = int(digits)
        if -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
            return value
    shown = digits[:_SHOWN]
    raise _RefusedError("number-not-allowed", f"the integer {shown} is outside of 64 bits")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        shown = digits[:_SHOWN]
        raise _RefusedError("number-not-allowed", f"the number {shown} is too large")
    return value


def _constant(name: str) -> float:
    raise _RefusedError("number-not-allowed", f"{name} is no JSON number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_constant
)
_CAREFUL_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
# What is written is made of frozen values, so nothing in it holds itself.
_ENCODER: Final = json.JSONEncoder(
    separators=(",", ":"), sort_keys=True, allow_nan=False, check_circular=False
)


def decode(data: bytes | str, *, what: str, cap: int, depth: int = MAXIMUM_DEPTH) -> JsonValue:
    """Decode one JSON value strictly (`spec/strict-json.md`).

    One byte order mark before the text is passed over: it changes no value.

    Args:
        data: The bytes as received, or text already taken from another document.
        what: How a refusal names the input, for example ``the RUM report``.
        cap: Most bytes that are looked at.
        depth: Most levels of arrays and objects.

    Returns:
        The value.

    Raises:
        Problem: ``too-large``, ``too-deep``, ``text-not-allowed``, ``duplicate-key``,
            ``number-not-allowed``, ``truncated``, ``trailing-data`` or ``malformed``.
    """
    # First the size, then the counts, then the decoder: each bounds the work of the next.
    raw, text = _text(data, what, cap)
    if raw == b"" or raw.isspace():
        raise Problem("truncated", f"There is nothing in {what}.")
    containers = raw.count(b"{") + raw.count(b"[")
    _check_count(raw, containers, what)
    # Looking at each integer costs a fifth of the whole: only where one may be too long.
    careful = _LONG_INTEGER in raw.translate(_DIGITS_TO_0)
    try:
        value: JsonValue = (_CAREFUL_DECODER if careful else _DECODER).decode(text)
    except RecursionError as error:
        raise _too_deep(what, depth) from error
    except _RefusedError as error:
        raise Problem(error.code, f"In {what} {error.reason}.") from error
    except json.JSONDecodeError as error:
        if _is_deep_text(raw, depth):
            raise _too_deep(what, depth) from error
        raise _problem(error, what) from error
    # Most documents have too few brackets to be deep, those in their strings included.
    if containers > depth and _is_deep(value, depth):
        raise _too_deep(what, depth)
    if "\\u" in text and _SURROGATE_ESCAPE.search(text):
        _check_surrogates(value, what)
    return value


def encode(value: JsonValue) -> str:
    """Return the compact form with sorted keys, in ASCII: no transport can damage it.

    Args:
        value: What to write; its numbers are finite.

    Returns:
        The JSON text.
    """
    return _ENCODER.encode(value)


def _text(data: bytes | str, what: str, cap: int) -> tuple[bytes, str]:
    """Return the input as bytes and as text, without a byte order mark."""
    # Before anything reads it; of a text the bytes are counted again below.
    if len(data) > cap:
        raise Problem("too-large", f"The size of {what} is {len(data)}; the cap is {cap}.")
    if isinstance(data, bytes):
        return _decoded(data.removeprefix(_BOM), what)
    data = data.removeprefix("\ufeff")
    try:
        raw = data.encode()
    except UnicodeEncodeError as error:
        detail = f"In {what} stands a lone surrogate, at character {error.start}."
        raise Problem("text-not-allowed", detail) from error
    if len(raw) > cap:
        raise Problem("too-large", f"The size of {what} is {len(raw)}; the cap is {cap}.")
    return raw, data


def _decoded(raw: bytes, what: str) -> tuple[bytes, str]:
    try:
        return raw, raw.decode()
    except UnicodeDecodeError as error:
        hint = "; it looks like UTF-16" if raw.startswith(_UTF_16_BOMS) else ""
        detail = f"In {what} byte {error.start} is not UTF-8{hint}."
        raise Problem("text-not-allowed", detail) from error


def _check_count(raw: bytes, containers: int, what: str) -> None:
    """Refuse what would take thirty times its size in memory: millions of tiny values."""
    # The commas of a short text need not be counted.
    commas = raw.count(b",") if len(raw) > MAXIMUM_COMMAS else 0
    if containers > MAXIMUM_CONTAINERS or commas > MAXIMUM_COMMAS:
        raise Problem("too-large", f"In {what} there are more values than any document has.")


def _too_deep(what: str, depth: int) -> Problem:
    return Problem("too-deep", f"In {what} more than {depth} levels are nested.")


def _is_deep(value: JsonValue, depth: int) -> bool:
    """Tell whether a value has too many levels, without recursion: one level after another.

    The decoder recurses in C, where the interpreter ends it long before the stack does.
    """
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _is_deep_text(raw: bytes, depth: int) -> bool:
    """Tell whether text that is not JSON has too many levels, in time linear in its length.

    Brackets outside of strings are kept as one kind; taking away all empty pairs takes away
    exactly the lowest level. Text that is not balanced is at most twice as deep as the cap.
    """
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = raw.translate(_TO_ONE_KIND, _NOT_STRUCTURE)
    levels = b"".join(structure.split(b'"')[::2])
    for _ in range(depth):
        levels = levels.replace(b"[]", b"")
    return b"[]" in levels or levels.count(b"[") > depth


def _check_surrogates(value: JsonValue, what: str) -> None:
    try:
        # The decoder lets a lone one pass, and the first who writes it out would fail far from here.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Problem("text-not-allowed", f"In {what} stands a lone surrogate.") from error


def _problem(error: json.JSONDecodeError, what: str) -> Problem:
    """Tell what ends too early and what goes on too long from what is no JSON at all."""
    rest = error.doc[error.pos :].strip()
    at = f"line {error.lineno}, column {error.colno}"
    if error.msg == "Extra data":
        return Problem("trailing-data", f"After the end of {what} more follows, at {at}.")
    if not rest or error.msg.startswith("Unterminated") or _is_cut(error.msg, rest):
        return Problem("truncated", f"The end of {what} is missing, at {at}.")
    return Problem("malformed", f"In {what} {at} is not JSON: {error.msg}.")


def _is_cut(reason: str, rest: str) -> bool:
    if reason.startswith(("Invalid \\u", "Invalid \\escape")):
        return len(rest) < 6 and '"' not in rest
    if _CUT_NUMBER.fullmatch(rest):
        return True
    return any(literal.startswith(rest) for literal in _LITERALS)
