"""Finds whole answers again: the ACK, and what it lists."""

from collections.abc import Callable

from gauger.adapters.storage.ledger.lookups import Lookups
from gauger.adapters.storage.ledger.pages import Pages
from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.documents.acknowledgment import Acknowledgment, Companion
from gauger.core.documents.envelope import Document, read_document
from gauger.core.documents.root_set import RootSet
from gauger.core.identity import Digest, Udi


class Answers:
    """Finds answers on one read connection."""

    def __init__(
        self, pages: Pages, lookups: Lookups, unsaved: Callable[[], tuple[int, bytes] | None]
    ) -> None:
        """Read from these."""
        self._pages = pages
        self._lookups = lookups
        self._unsaved = unsaved

    def document(self, wanted: Digest) -> Document | None:
        """Return a document, or None where it is not here or not signed yet."""
        return self._pages.document(wanted, self._unsaved())

    def answer_for(self, answers: Digest, udi: Udi | None) -> AnswerBundle | None:
        """Return the newest answer to a document of a device, or None."""
        # Whose it is comes from the ledger: the caller decides by it who may read the answer.
        owner = self._lookups.answered_udi(answers)
        found = self._pages.answers(answers)
        if owner is None or found is None or udi not in (None, owner):
            return None
        acknowledgment = self.document(found)
        if acknowledgment is None:
            return None
        listed: tuple[Companion, ...] = ()
        # A verdict lists nothing: with a refusal nothing is installed.
        if acknowledgment.type == Acknowledgment.TYPE:
            listed = Acknowledgment.from_document(acknowledgment).companions
        # Root sets stand in a table of their own: they are signed by root keys, in no page.
        wanted = [item.digest for item in listed if item.type != RootSet.TYPE]
        companions = [self.document(digest) for digest in wanted]
        return AnswerBundle(
            udi=owner,
            answers=answers,
            root_sets=self._root_sets({item.digest for item in listed}),
            acknowledgments=(acknowledgment,),
            companions=tuple(item for item in companions if item is not None),
        )

    def _root_sets(self, listed: set[Digest]) -> tuple[Document, ...]:
        if not listed:
            return ()
        held = map(read_document, self._lookups.root_sets())
        return tuple(document for document in held if document.digest in listed)
