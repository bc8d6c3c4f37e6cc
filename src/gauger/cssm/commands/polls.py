"""What a poll id stands for: digests by which the ledger finds the answers after a restart."""

from collections.abc import Iterable, Sequence
from typing import Final

from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import ItemKind
from gauger.core.identity import Digest
from gauger.core.problems import Problem

_SEPARATOR: Final = " "
_UNREADABLE: Final = "-"
# No digest begins so: digests are hexadecimal.
_LATER: Final = "later"


def remember(documents: Iterable[tuple[ItemKind, str]]) -> str:
    """Return the text that is kept for a request: the digest of each of its documents."""
    return _SEPARATOR.join(_digest(kind, text) for kind, text in documents)


def remember_owed(digests: Iterable[Digest]) -> str:
    """Return the text that is kept for verdicts that are owed: only final ones are given."""
    return _SEPARATOR.join((_LATER, *digests))


def is_owed(text: str) -> bool:
    """Tell whether a poll stands for verdicts that are owed."""
    return text.startswith(_LATER)


def recall(text: str) -> Sequence[Digest]:
    """Return the digests of the documents that could be read."""
    return [
        Digest(word) for word in text.split(_SEPARATOR) if word not in ("", _UNREADABLE, _LATER)
    ]


def _digest(kind: ItemKind, text: str) -> str:
    try:
        if kind is ItemKind.RUM_REPORT:
            return read_report(text).digest
        return read_document(text).digest
    except Problem:
        # It gets no signed answer, so the ledger will never hold one.
        return _UNREADABLE
