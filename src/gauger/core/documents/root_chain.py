"""Root sets that an operator brings, followed from the one that is held (`spec/root-set.md`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gauger.core.documents.envelope import DOCUMENT_CAP, Document, read_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.strict_json import decode


class Standing(StrEnum):
    """What becomes of a root set that is brought."""

    TAKEN = "taken"
    HELD = "held"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one root set.

    Attributes:
        number: Its number.
        epoch: Its epoch.
        standing: What becomes of it.
        document: The root set.
    """

    number: int
    epoch: int
    standing: Standing
    document: Document

    @property
    def text(self) -> str:
        """What a person reads about it."""
        return f"root set {self.number} (epoch {self.epoch}): {_SAID[self.standing]}"


_SAID = {
    Standing.TAKEN: "taken in",
    Standing.HELD: "held already, nothing to do",
    Standing.OLDER: "older than the one held, nothing to do",
}


def read_material(data: bytes | str) -> Document | Manufacturer:
    """Read a file that an operator brings: a root set or a manufacturer.

    Which of them it is shows by a member that only one of them has; the name of a file says
    nothing. No signature is judged here.

    Raises:
        Problem: ``wrong-type`` where it is another document, or of the decoder.
    """
    value = decode(data, what="the file", cap=DOCUMENT_CAP)
    # A mistake is harmless: what is not of the form that was guessed is refused by its reader.
    if isinstance(value, dict) and "serial_prefixes" in value:
        return Manufacturer.from_json(data)
    document = read_document(data)
    RootSet.from_document(document)
    return document


def follow(store: TrustStore, documents: Iterable[Document]) -> tuple[TrustStore, tuple[Step, ...]]:
    """Follow root sets in the order of their numbers, all or none.

    Files come in the order of their names, where 10 stands before 9; and an operator who was away
    for long brings several at once. So they are sorted here, and only a number that is missing
    from all of them is skipped.

    Args:
        store: What is held.
        documents: Root sets in any order; the same one twice is no conflict.

    Returns:
        What is held then, and what became of each, in rising order.

    Raises:
        Problem: As `TrustStore.advance`; then none is followed.
    """
    read = [(RootSet.from_document(document), document) for document in documents]
    steps: list[Step] = []
    # The store is a value: where one step fails, the caller still holds what it had.
    for root_set, document in sorted(read, key=lambda item: item[0].number):
        standing = Standing.OLDER
        # Older ones come along with every copy of a folder; that is no reason to refuse the newer.
        if store.root_set is None or root_set.number >= store.root_set.number:
            after = store.advance(document)
            standing = Standing.HELD if after.root_digest == store.root_digest else Standing.TAKEN
            store = after
        steps.append(Step(root_set.number, root_set.epoch, standing, document))
    return store, tuple(steps)
