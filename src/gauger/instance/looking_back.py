"""Look back, once a ledger was set back: which ACKs held here did it lose (`spec/report-life.md`)?

The portal asks for a report that it misses only where a later one names it. The last reports of a
licence that is used no more have none, so the device looks by itself: each ACK stands in a page,
and the heads of a new epoch say which pages are left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gauger.core.documents.envelope import Document, PageSignature, read_document
from gauger.core.documents.page import LedgerEpoch, PageHead, SignedHead
from gauger.core.instance.report_life import ReportState
from gauger.instance import events
from gauger.instance.authorizing import wait_again
from gauger.instance.memory import Draft, read_detail
from gauger.instance.ports import Store, StoredReport
from gauger.instance.records import AckPage, KnownEpoch, ReportDetail
from gauger.instance.reporting import find_report
from gauger.instance.unreadable import item_of

_ANSWERED: Final = (ReportState.ACKNOWLEDGED.value, ReportState.PURGED.value)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Place:
    """The page that an ACK stands in."""

    ledger: str
    epoch: LedgerEpoch
    page: int


class LookingBack:
    """Finds reports whose ACK a ledger has lost."""

    def __init__(self, store: Store) -> None:
        """Take where reports and ACKs are kept."""
        self._store = store

    def ack_page(self, draft: Draft, ack: Document) -> AckPage | None:
        """Return the page of an ACK as a report's row keeps it, None for one without a page.

        Rows outlive the ACKs by far and are many, epochs are few: so a row only names the number
        of its epoch in a list.
        """
        place = _place(ack)
        if place is None:
            return None
        course = draft.singles.course
        known = KnownEpoch(ledger=place.ledger, number=place.epoch.number, id=place.epoch.id)
        # Only ever added to: rows name an epoch by its place in this list.
        if known not in course.epochs:
            course = replace(course, epochs=(*course.epochs, known))
            draft.singles = replace(draft.singles, course=course)
        return AckPage(epoch=course.epochs.index(known), page=place.page)

    def is_lost(self, draft: Draft, head: PageHead | None, row: StoredReport) -> bool:
        """Tell whether the ACK of a report is surely none of the ledger any more."""
        place = self._place_of(draft, row)
        if head is None or place is None or place.ledger != head.ledger:
            return False
        # Not where it cannot be told: a report is asked for anew only where its loss is certain.
        return head.stands(place.epoch, place.page) is False

    def survey(self, draft: Draft, head: PageHead | None, wall: int) -> None:
        """Want every report again whose ACK was lost; once for each epoch that heads tell of.

        Args:
            draft: The change that this becomes part of.
            head: The newest head.
            wall: Wall clock, for the event log.
        """
        course = draft.singles.course
        # All reports are read, so not with each answer: an epoch's heads say the same for ever.
        if head is None or not head.earlier or course.surveyed == head.epoch.id:
            return
        wanted, gone = set(course.wanted), 0
        for row in self._answered(draft):
            if not self.is_lost(draft, head, row):
                continue
            # Its bytes went with the retention: all that is left is to tell people.
            if read_detail(row).life.state is ReportState.PURGED:
                gone += 1
            else:
                wanted.add(row.report_id)
        again = len(wanted) - len(course.wanted)
        course = replace(course, wanted=tuple(sorted(wanted)), surveyed=head.epoch.id)
        draft.singles = replace(draft.singles, course=course)
        draft.log(*events.ledger_set_back(wall, again=again, gone=gone))

    def recall_return(self, draft: Draft, head: PageHead | None) -> None:
        """Have the last return wait again where the ledger lost its ACK.

        Else the portal would take the code for used for ever: nothing later names a return.
        """
        page = draft.singles.authorization.proof_page
        place = None if page is None else _known(draft, page)
        if head is None or place is None or place.ledger != head.ledger:
            return
        if head.stands(place.epoch, place.page) is False:
            wait_again(draft)

    def _answered(self, draft: Draft) -> Iterator[StoredReport]:
        after = 0
        while rows := self._store.reports(_ANSWERED, after=after, limit=_AT_ONCE):
            for row in rows:
                known = find_report(draft, self._store, row.report_id)
                # One that does not open names no page, so it cannot be told whether that was lost.
                if known is not None:
                    yield known
            after = rows[-1].report_id

    def _place_of(self, draft: Draft, row: StoredReport) -> _Place | None:
        detail: ReportDetail = read_detail(row)
        if detail.ack_page is not None:
            return _known(draft, detail.ack_page)
        # A release that did not note the page has acknowledged it; the ACK itself tells.
        ack = item_of(self._store, row.report_id, "ack")
        return None if ack is None else _place(read_document(ack))


def _known(draft: Draft, page: AckPage) -> _Place:
    known = draft.singles.course.epochs[page.epoch]
    return _Place(known.ledger, LedgerEpoch(known.number, known.id), page.page)


def _place(ack: Document) -> _Place | None:
    if not isinstance(ack.signature, PageSignature):
        return None
    head = SignedHead.of(ack.signature).read()
    return _Place(head.ledger, head.epoch, head.page)
