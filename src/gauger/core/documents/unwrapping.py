"""What mail gateways and editors put around a file, undone in pieces (`spec/files.md`)."""

import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from gauger.core.problems import Problem

SLICE: Final = 64 * 1024
"""Most bytes that are handed on at once."""

UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
"""What UTF-16 begins with."""

_UTF_8_BOM: Final = b"\xef\xbb\xbf"
_XML: Final = (b"<", *UTF_16_BOMS)
_BLANKS: Final = b" \t\r\n"
_LOOKED_AT: Final = 64
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s]+")
_GUESSES: Final = (
    (b"\x1f\x8b", "it is packed with gzip; unpack it, or upload it as a bundle"),
    (b"PK\x03\x04", "it is a ZIP archive; unpack it"),
    (b"{", "it is a JSON document; `gauger inspect` tells what it is"),
    (b"-----BEGIN", "it is a PEM file, a key or a certificate"),
)


def unwrap(chunks: Iterable[bytes], *, most: int) -> Iterator[bytes]:
    """Yield the XML of a file in slices, without a byte order mark of UTF-8 or base64 around it.

    Args:
        chunks: The bytes of the file, in pieces of any size.
        most: Most bytes that are taken.

    Yields:
        Pieces of at most 64 kB.

    Raises:
        Problem: ``too-large``; ``malformed`` where it is neither XML nor base64, with a guess what
            it is; ``truncated`` or ``trailing-data`` where base64 is damaged so.
    """
    slices = _sliced(chunks, most)
    first = _first(slices)
    if first.startswith(_XML) or not first:
        yield from _sliced(chain((first,), slices), most)
    elif _BASE64.fullmatch(first[:_LOOKED_AT]):
        yield from _decoded(chain((first,), slices))
    else:
        raise Problem("malformed", f"The file is no licensing file: {_guess(first)}.")


def _sliced(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        # Counted as it comes: base64 inside can only be smaller than what was sent.
        total += len(chunk)
        if total > most:
            raise Problem("too-large", f"The file is over {most} bytes.")
        # However large the pieces come: the parser is given one slice, then its limits are looked
        # at.
        for start in range(0, len(chunk), SLICE):
            yield chunk[start : start + SLICE]


def _first(slices: Iterator[bytes]) -> bytes:
    """Return the first bytes, without byte order mark and blanks: enough to tell what they are."""
    first = b""
    for piece in slices:
        first = (first + piece).removeprefix(_UTF_8_BOM).lstrip(_BLANKS)
        if len(first) >= _LOOKED_AT:
            break
    return first


def _decoded(slices: Iterator[bytes]) -> Iterator[bytes]:
    """Undo base64 with lines of any length, whole groups of four at a time."""
    rest = b""
    is_known = is_padded = False
    for piece in slices:
        text = rest + piece.translate(None, _BLANKS)
        # Padding ends base64: what follows would be read by one decoder and passed over by another.
        if text and is_padded:
            raise Problem("trailing-data", "After the end of the base64 more follows.")
        # A slice may cut a group; its rest waits for the next one.
        whole = len(text) // 4 * 4
        content, rest = text[:whole], text[whole:]
        is_padded = is_padded or content.endswith(b"=")
        decoded = _group(content)
        if not is_known:
            decoded = _require_xml(decoded)
            is_known = bool(decoded)
        yield decoded
    if rest:
        raise Problem("truncated", "The file is base64 and ends inside a group of four.")


def _group(text: bytes) -> bytes:
    try:
        # Strict: the lenient decoder passes over what is no base64, and joins what was apart.
        return binascii.a2b_base64(text, strict_mode=bool(text))
    except binascii.Error as error:
        raise Problem("malformed", f"The file is not XML, and not base64: {error}.") from error


def _require_xml(decoded: bytes) -> bytes:
    decoded = decoded.removeprefix(_UTF_8_BOM).lstrip(_BLANKS)
    if decoded and not decoded.startswith(_XML):
        detail = f"The file is no licensing file inside its base64: {_guess(decoded)}."
        raise Problem("malformed", detail)
    return decoded


def _guess(data: bytes) -> str:
    for start, guess in _GUESSES:
        if data.startswith(start):
            return guess
    return "it is neither XML nor base64 of XML"
