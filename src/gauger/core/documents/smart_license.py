"""The outer XML files that people carry: read as a stream, item by item (`spec/files.md`).

A reader never holds more than one item and one slice. No DTD, no entity and no reference outward
is taken: the parser is told so, and what is declared all the same is refused by name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.parsers import expat

from gauger.core.documents.unwrapping import SLICE, UTF_16_BOMS, unwrap
from gauger.core.problems import Problem

ROOT: Final = "smartLicense"

# Ours need three; each level is held by the parser until its end.
_DEEPEST: Final = 8
_LONGEST_NAME: Final = 128
_MOST_NAMES: Final = 1024
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class ItemKind(StrEnum):
    """The elements of a file."""

    RUM_REPORT = "RUMReport"
    TRUST_REQUEST = "smartLicenseTrustRequest"
    SYSTEM_INFO = "smartLicenseSystemInfo"
    AUTH_REQUEST = "smartLicenseAuthRequest"
    ROOT_SET = "smartLicenseRootSet"
    RUM_ACK = "smartLicenseRumAck"
    POLICY = "smartLicensePolicy"
    TRUST_CODE = "smartLicenseTrustCode"
    AUTH_CODE = "smartLicenseAuthCode"
    ACCOUNT_INFO = "smartLicenseAccountInfo"
    PURCHASE_INFO = "smartLicensePurchaseInfo"
    UNKNOWN = "unknown"


TO_PORTAL: Final = frozenset(
    {ItemKind.RUM_REPORT, ItemKind.TRUST_REQUEST, ItemKind.SYSTEM_INFO, ItemKind.AUTH_REQUEST}
)
"""What a product instance writes and a portal reads."""

TO_INSTANCE: Final = frozenset(
    {
        ItemKind.ROOT_SET,
        ItemKind.RUM_ACK,
        ItemKind.POLICY,
        ItemKind.TRUST_CODE,
        ItemKind.AUTH_CODE,
        ItemKind.ACCOUNT_INFO,
        ItemKind.PURCHASE_INFO,
    }
)
"""What a portal writes and a product instance reads."""

_BLANKS: Final = " \t\r\n"
_KINDS: Final = {kind.value: kind for kind in ItemKind if kind is not ItemKind.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One element of a file.

    Attributes:
        kind: Which element; ``UNKNOWN`` for one that this release does not know.
        text: Its content: the text of ``data``, or of ``RUMReport`` itself; empty for UNKNOWN.
        index: Its number in the file, from 0.
        name: The element's name as it stands in the file.
    """

    kind: ItemKind
    text: str
    index: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits of reading, in bytes unless said otherwise.

    Attributes:
        total: Most bytes of the file.
        item: Most bytes of an item.
        items: Most items.
    """

    total: int = 256 * 1024 * 1024
    item: int = 256 * 1024
    items: int = 400_000


DEVICE_CAPS: Final = Caps()
"""A product instance's file."""


def read_items(
    chunks: Iterable[bytes], *, caps: Caps = DEVICE_CAPS, wanted: frozenset[ItemKind] | None = None
) -> Iterator[Item]:
    """Read a file as a stream.

    Items come while the file is read: whether it is whole is known only at its end, so a caller
    changes nothing before the iteration has ended by itself.

    A byte order mark, UTF-16, CRLF line ends and base64 around the whole file, as gateways add
    them, are undone.

    Args:
        chunks: The bytes in order, in pieces of any size.
        caps: Limits.
        wanted: Kinds that may come; other known ones are refused. None for all.

    Yields:
        The items, in order.

    Raises:
        Problem: ``truncated``, ``trailing-data``, ``too-large``, ``too-deep``,
            ``xml-not-allowed``, ``wrong-type``, ``text-not-allowed`` or ``malformed``.
    """
    parser = _Parser(caps)
    for piece in unwrap(chunks, most=caps.total):
        parser.feed(piece)
        yield from _checked(parser.take(), wanted)
    # A file cut between two items is well formed up to there: only the end tells.
    parser.finish()
    yield from _checked(parser.take(), wanted)


def write_file(items: Iterable[Item]) -> Iterator[bytes]:
    """Write a file piece by piece.

    Args:
        items: Kind and text of each element; index and name are not looked at. The text is JSON.

    Yields:
        The file's bytes, UTF-8.

    Raises:
        Problem: ``malformed`` where a text holds a character that XML cannot carry.
    """
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<smartLicense>\n'
    for item in items:
        text = _writable(item)
        name = item.kind.value
        if item.kind is ItemKind.RUM_REPORT:
            yield f"<{name}><![CDATA[{text}]]></{name}>\n".encode()
        else:
            yield f"<{name}><data><![CDATA[{text}]]></data></{name}>\n".encode()
    yield b"</smartLicense>\n"


def _writable(item: Item) -> str:
    # Our own documents are ASCII in one line, which needs no search.
    is_plain = item.text.isascii() and item.text.isprintable()
    found = None if is_plain else _NOT_XML.search(item.text)
    if found is not None:
        detail = f"The {item.kind} holds the character {found[0]!r}, which XML cannot carry."
        raise Problem("malformed", detail)
    # In JSON `]]>` stands only inside a string, where the escape means the same.
    return item.text.replace("]]>", "]]\\u003e")


def _checked(items: list[Item], wanted: frozenset[ItemKind] | None) -> Iterator[Item]:
    for item in items:
        # What is not known may be of a newer release and is told as such; the wrong way round is not.
        if wanted is not None and item.kind in _KINDS.values() and item.kind not in wanted:
            raise Problem("wrong-type", f"The file holds {item.name}: {_direction(item.kind)}")
        yield item


def _direction(kind: ItemKind) -> str:
    if kind in TO_PORTAL:
        return "it was saved by a product instance, for the portal."
    return "it was written by the portal, for a product instance."


class _Parser:
    """Expat with nothing switched on, and our limits around it."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._expat: expat.XMLParserType | None = None
        self._fed = 0
        self._tags = 0
        self._count = 0
        self._path: list[str] = []
        self._above = 0  # elements above an item: one, or none where the item is the root
        self._content: list[str] | None = None
        self._size = 0
        self._capturing = False
        self._ended = False
        self._items: list[Item] = []

    def take(self) -> list[Item]:
        """Return the items that are complete, once."""
        items, self._items = self._items, []
        return items

    def feed(self, piece: bytes) -> None:
        """Read on, by at most one slice."""
        parser = self._expat or self._start(piece)
        self._fed += len(piece)
        self._parse(parser, piece, final=False)
        # A tag or comment without an end would be held until memory is full.
        if self._fed - parser.CurrentByteIndex > self._caps.item + 2 * SLICE:
            raise Problem("too-large", f"A part of the file is over {self._caps.item} bytes.")
        # The parser remembers every name; a file of this system has a dozen.
        if len(parser.intern) > _MOST_NAMES:
            raise Problem("too-large", f"The file holds more than {_MOST_NAMES} names of elements.")

    def finish(self) -> None:
        """Read the end."""
        if self._expat is None:
            raise Problem("truncated", "The file is empty.")
        self._parse(self._expat, b"", final=True)

    def _start(self, piece: bytes) -> expat.XMLParserType:
        # The encoding is told by the bytes: what a damaged declaration says does not matter.
        parser = expat.ParserCreate("UTF-16" if piece.startswith(UTF_16_BOMS) else "UTF-8")
        # Otherwise each line end and entity would be a call of its own.
        parser.buffer_text = True
        parser.buffer_size = SLICE
        # No DTD, so no entity: nothing is fetched from elsewhere, nothing grows a billionfold.
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._expat = parser
        return parser

    def _parse(self, parser: expat.XMLParserType, piece: bytes, *, final: bool) -> None:
        try:
            parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise self._problem(error, final=final) from error

    def _problem(self, error: expat.ExpatError, *, final: bool) -> Problem:
        reason = expat.ErrorString(error.code)
        at = f"line {error.lineno}, column {error.offset + 1}"
        # First: what follows the end is an error for the parser as well, of another name.
        if self._ended:
            return Problem("trailing-data", f"After the end of the file more follows, at {at}.")
        if final:
            return Problem("truncated", f"The file ends before its content, at {at}: {reason}.")
        if reason == expat.errors.XML_ERROR_UNDEFINED_ENTITY:
            return Problem("xml-not-allowed", f"The file refers to an entity at {at}.")
        return Problem("malformed", f"The file is not well-formed XML at {at}: {reason}.")

    def _refuse_dtd(self, *_declaration: object) -> None:
        raise Problem("xml-not-allowed", "The file declares a document type (DTD).")

    def _level(self) -> int:
        """Return how deep the innermost element is: 0 for an item, 1 for a part of it."""
        return len(self._path) - 1 - self._above

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self._begin_root(name)
        self._path.append(name)
        # Attributes count too: one element with a million of them costs as much.
        self._tags += 1 + len(attributes)
        if self._tags > 4 * self._caps.items + 64:
            raise Problem("too-large", f"The file holds more than {self._caps.items} items.")
        if len(self._path) > _DEEPEST:
            raise Problem("too-deep", f"The file is nested deeper than {_DEEPEST} levels.")
        # The text around it would be joined to what nobody wrote in one piece.
        if self._capturing:
            raise Problem("malformed", f"The content of an item holds an element {name[:64]!r}.")
        if self._level() == 0:
            self._content = None
            if name == ItemKind.RUM_REPORT:
                self._begin_content()
        elif self._level() == 1 and name == "data" and self._path[self._above] in _KINDS:
            self._begin_content()

    def _begin_root(self, name: str) -> None:
        if name != ROOT and name not in _KINDS:
            detail = f"The root of the file is {name[:_LONGEST_NAME]!r}, not {ROOT!r}."
            raise Problem("wrong-type", detail)
        self._above = 1 if name == ROOT else 0

    def _begin_content(self) -> None:
        # Two readers may take different ones: one verifies, the other obeys.
        if self._content is not None:
            detail = f"An element {self._path[self._above]} of the file holds `data` twice."
            raise Problem("malformed", detail)
        self._content = []
        self._size = 0
        self._capturing = True

    def _end(self, _name: str) -> None:
        self._capturing = False
        if self._level() == 0:
            self._emit(self._path[-1])
        self._path.pop()
        self._ended = not self._path

    def _characters(self, text: str) -> None:
        if self._capturing and self._content is not None:
            self._size += len(text)
            if self._size > self._caps.item:
                detail = f"Item {self._count} of the file is over {self._caps.item} bytes."
                raise Problem("too-large", detail)
            self._content.append(text)
        elif self._level() < 0 and not text.isspace():
            raise Problem("malformed", f"Between the elements of the file stands {text[:64]!r}.")

    def _emit(self, name: str) -> None:
        kind = _KINDS.get(name, ItemKind.UNKNOWN)
        if kind is not ItemKind.UNKNOWN and self._content is None:
            raise Problem("malformed", f"An element {name} of the file holds no `data`.")
        if self._count >= self._caps.items:
            raise Problem("too-large", f"The file holds more than {self._caps.items} items.")
        text = "".join(self._content or ()).strip(_BLANKS)
        shown = name[:_LONGEST_NAME]
        self._items.append(Item(kind=kind, text=text, index=self._count, name=shown))
        self._count += 1
