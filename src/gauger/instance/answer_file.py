"""An answer file on the device: read item by item, and taken in slices where it is large."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.answer_items import document_in
from gauger.core.documents.envelope import Document
from gauger.core.documents.smart_license import TO_INSTANCE, read_items
from gauger.core.documents.verdict import Verdict
from gauger.core.identity import Digest
from gauger.core.problems import Problem

FIRST_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of what is installed; it is taken as a whole, and nothing larger is held at once."""

SLICE_BYTES: Final = 256 * 1024
SLICE_ITEMS: Final = 64
"""Most bytes and most documents of a further slice: measuring waits for one slice at most."""

_PIECE: Final = 65536
_REPLIES: Final = frozenset({Acknowledgment.TYPE, Verdict.TYPE})


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file that the portal wrote.

    The first slice holds what is installed, and for each of it the first ACK that lists it; all other
    replies follow in further slices. A file no larger than a further slice is one slice.

    Attributes:
        path: Where it is.
    """

    path: Path

    def slices(self) -> Iterator[list[Document]]:
        """Read the file, slice by slice.

        Raises:
            Problem: ``file-not-found``, ``wrong-type`` where nothing in it is for a product
                instance, ``too-large`` where the first slice is, or why it cannot be read.
        """
        # The file is read twice rather than held: a device has little memory.
        first = list(self._sized(is_first=True))
        rest = _grouped(self._sized(is_first=False))
        documents = [document for document, _ in first]
        size = sum(length for _, length in first)
        if size > FIRST_BYTES:
            detail = f"{self.path} holds more to install than {FIRST_BYTES} bytes."
            raise Problem("too-large", detail)
        following, length = next(rest, ([], 0))
        # An ordinary answer stays in one piece: all of it is taken or none.
        if size + length <= SLICE_BYTES and len(documents) + len(following) <= SLICE_ITEMS:
            documents, following = documents + following, []
        if not documents and not following:
            raise Problem("wrong-type", f"{self.path} holds nothing for a product instance.")
        yield from (group for group in (documents, following) if group)
        yield from (group for group, _ in rest)

    def _sized(self, *, is_first: bool) -> Iterator[tuple[Document, int]]:
        """Read the documents of the first slice or of the others, with their sizes."""
        listed: set[Digest] = set()
        for document, size in read_answer(_pieces(self.path)):
            if _is_first(document, listed) is is_first:
                yield document, size


def read_answer(chunks: Iterable[bytes]) -> Iterator[tuple[Document, int]]:
    """Read the documents of an answer, whichever way it came.

    Args:
        chunks: The bytes of the answer file.

    Yields:
        Each document and the length of its text; elements that are not known are passed over.

    Raises:
        Problem: As `smart_license.read_items` and `answer_items.document_in`.
    """
    for item in read_items(chunks, wanted=TO_INSTANCE):
        if item.kind in TO_INSTANCE:
            yield document_in(item), len(item.text)


def _is_first(document: Document, listed: set[Digest]) -> bool:
    """Tell whether a document is installed, or lists something that no ACK before it listed.

    Each of thousands of ACKs may list the same policy: one of them vouches for it.
    """
    # Policy, trust code and the like come first: what follows is judged by them.
    if document.type not in _REPLIES:
        return True
    if document.type != Acknowledgment.TYPE:
        return False
    companions = Acknowledgment.from_document(document).companions
    news = {companion.digest for companion in companions} - listed
    listed |= news
    return bool(news)


def _grouped(documents: Iterator[tuple[Document, int]]) -> Iterator[tuple[list[Document], int]]:
    group: list[Document] = []
    size = 0
    for document, length in documents:
        # `group and`: a single document of any size has a slice of its own.
        if group and (size + length > SLICE_BYTES or len(group) == SLICE_ITEMS):
            yield group, size
            group, size = [], 0
        group.append(document)
        size += length
    if group:
        yield group, size


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        message = f"The file {path} cannot be read: {error.strerror}."
        raise Problem("file-not-found", message) from error
