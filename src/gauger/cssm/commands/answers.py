"""Answer files: the signed documents of many answers in the order that a device reads them."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final

from gauger.authority import quick_json
from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.smart_license import Item, ItemKind, write_file

_KINDS: Final = {
    "root-set": ItemKind.ROOT_SET,
    "ack": ItemKind.RUM_ACK,
    "verdict": ItemKind.RUM_ACK,
    "policy": ItemKind.POLICY,
    "trust-code": ItemKind.TRUST_CODE,
    "authorization-code": ItemKind.AUTH_CODE,
    "account-info": ItemKind.ACCOUNT_INFO,
    "purchase-info": ItemKind.PURCHASE_INFO,
}
_BREATH: Final = 500  # answers read before a sign of life
_HELD: Final = 4 * 1024 * 1024  # bytes held in memory before a spool goes to disk


def document_item(document: Document) -> Item:
    """Return a document as an element of an answer file."""
    return Item(kind=_KINDS[document.type], text=write_document(document, quick_json.encode))


def write_answers(answers: Iterable[AnswerBundle]) -> Iterator[bytes]:
    """Write an answer file: root sets, then acknowledgments, then what they list.

    Memory does not grow with the number of answers: documents wait in spools. A document that
    several answers hold stands in the file once.

    Args:
        answers: The answers, each with its documents.

    Yields:
        The file's bytes.
    """
    with _spool() as roots, _spool() as acknowledgments, _spool() as companions:
        file = write_file(_items(roots, acknowledgments, companions))
        # To read a hundred thousand answers takes minutes: whoever downloads hears of it at once.
        yield next(file)
        seen: set[bytes] = set()
        for number, answer in enumerate(answers, 1):
            _add(roots, answer.root_sets, seen)
            _add(acknowledgments, answer.acknowledgments, seen)
            _add(companions, answer.companions, seen)
            if not number % _BREATH:
                yield b"\n"
        yield from file


def answer_bytes(answers: Sequence[AnswerBundle]) -> bytes:
    """Return a small answer file: the answers of one product instance to one request."""
    documents: dict[str, Document] = {}
    # In the order that a device needs: who is trusted, then the ACK, then what it lists.
    for part in ("root_sets", "acknowledgments", "companions"):
        for answer in answers:
            documents.update((one.digest, one) for one in getattr(answer, part))
    return b"".join(write_file(map(document_item, documents.values())))


def _spool() -> IO[str]:
    # Without a name in any folder: nobody else opens it, and a crash leaves nothing behind.
    return tempfile.SpooledTemporaryFile(max_size=_HELD, mode="w+", encoding="utf-8", newline="\n")


def _add(spool: IO[str], documents: Iterable[Document], seen: set[bytes]) -> None:
    for document in documents:
        # Half a digest for each: of 100,000 answers that is memory; only the authority chooses
        # bodies.
        mark = bytes.fromhex(document.digest)[:16]
        if mark not in seen:
            seen.add(mark)
            item = document_item(document)
            # The JSON form of a document is one line: its strings escape line ends.
            spool.write(f"{item.kind.value} {item.text}\n")


def _items(*spools: IO[str]) -> Iterator[Item]:
    for spool in spools:
        spool.seek(0)
        for line in spool:
            kind, _, text = line.rstrip("\n").partition(" ")
            yield Item(kind=ItemKind(kind), text=text)
