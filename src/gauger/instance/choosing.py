"""Choose the reports of a message and read their bytes: no more than one message takes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from gauger.core.instance import sending
from gauger.core.instance.report_life import ReportState
from gauger.core.instance.sending import MOST, Batch, Held, Occasion
from gauger.core.problems import Problem
from gauger.instance import unreadable
from gauger.instance.memory import Draft, as_held
from gauger.instance.ports import Store, StoredReport
from gauger.instance.records import Course

_SENDABLE: Final = (ReportState.CLOSED.value, ReportState.UNACKNOWLEDGED.value)
_MESSAGE_BYTES: Final = 3 * 1024 * 1024
"""Above so many bytes of reports no further one joins a message."""

_LOOKS: Final = 8
"""How often a message is looked for among reports of which none can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a message carries.

    Attributes:
        batch: What the core chose; of its reports those in ``items`` go.
        items: The reports with their bytes, in order.
        is_cut: Whether reports of the batch had no room.
    """

    batch: Batch
    items: list[tuple[int, str]]
    is_cut: bool = False


@dataclass(slots=True)
class _Search:
    """One look for reports: by what they are judged, and which could not be read."""

    wanted: Collection[int]
    skipped: Collection[int]
    faults: dict[int, str] = field(default_factory=dict)


class Choosing:
    """Finds what a message carries, past all that cannot be read."""

    def __init__(self, store: Store) -> None:
        """Take where reports are."""
        self._store = store

    def choose(self, draft: Draft, occasion: Occasion, sent: Collection[int], at: int) -> Chosen:
        """Choose reports and read their bytes; those that cannot be read are told once.

        Args:
            draft: The change that the message becomes part of.
            occasion: Why it is made.
            sent: Reports that went already on this occasion.
            at: When, epoch seconds.
        """
        for _ in range(_LOOKS):
            candidates = self._candidates(draft, occasion, at)
            # A report that is refused each time would make an operator's sync go on for ever.
            fresh = (item for item in candidates if item.report_id not in sent)
            batch = sending.batch(fresh, occasion)
            items, is_cut = self._fitting(draft, batch.report_ids, at)
            # None of a whole message can be read: those behind it may be well.
            if items or not batch.report_ids:
                return Chosen(batch=batch, items=items, is_cut=is_cut)
        # Bounded, since measuring waits meanwhile; the search goes on with the next round. It is no
        # sending that the throttle counts: nothing has left.
        return Chosen(batch=Batch(report_ids=(), counts=False, more=True), items=[])

    def has_unsent(self, course: Course) -> bool:
        """Return whether a report waits to be sent for the first time."""
        search = _Search((), {*course.rejected, *course.unreadable})
        return next(self._sendable(search), None) is not None

    def _candidates(self, draft: Draft, occasion: Occasion, at: int) -> list[Held]:
        course = draft.singles.course
        wanted = set(course.wanted)
        # With a schedule or an order only: a silent portal would else get them each second.
        if occasion is not Occasion.WANTED:
            wanted |= set(course.unanswered)
        search = _Search(wanted, {*course.rejected, *course.unreadable})
        # What the portal rejected goes only when a person asks, who may have mended the cause.
        extra = wanted | set(course.rejected) if occasion is Occasion.SYNC else wanted
        held = {item.report_id: item for item in self._named(search, sorted(extra))}
        if occasion is not Occasion.WANTED:
            for item in self._sendable(search):
                held.setdefault(item.report_id, item)
        unreadable.note(draft, search.faults, at)
        return list(held.values())

    def _named(self, search: _Search, report_ids: Collection[int]) -> Iterator[Held]:
        for report_id in report_ids:
            row = self._store.report(report_id)
            if row is None:
                search.faults[report_id] = "Its row is gone."
            else:
                yield from _read(search, row)

    def _sendable(self, search: _Search) -> Iterator[Held]:
        """Read one more than a message takes, so that it is known whether any is left."""
        most, after, found = MOST + 1, 0, 0
        while found < most:
            # By pages: many that were rejected, or that rotted, may lie before the first to be sent.
            rows = self._store.reports(_SENDABLE, after=after, limit=most)
            fresh = (row for row in rows if row.report_id not in search.skipped)
            page = [item for row in fresh for item in _read(search, row)]
            found += len(page)
            yield from page
            if len(rows) < most:
                return
            after = rows[-1].report_id

    def _fitting(
        self, draft: Draft, report_ids: tuple[int, ...], at: int
    ) -> tuple[list[tuple[int, str]], bool]:
        """Return items in order until the message is large enough, and whether any had no room."""
        items: list[tuple[int, str]] = []
        faults: dict[int, str] = {}
        size, is_cut = 0, False
        for report_id in report_ids:
            item = self._item(report_id, faults)
            if item is None:
                continue
            size += len(item)
            # The first one always goes, or a single large report would never leave.
            is_cut = bool(items) and size > _MESSAGE_BYTES
            if is_cut:
                break
            items.append((report_id, item.decode()))
        unreadable.note(draft, faults, at)
        return items, is_cut

    def _item(self, report_id: int, faults: dict[int, str]) -> bytes | None:
        item = unreadable.item_of(self._store, report_id, "report", faults)
        # Purged ones are never chosen, so bytes that are missing here were lost.
        if item is None:
            faults.setdefault(report_id, "Its signed bytes are gone.")
        return item


def _read(search: _Search, row: StoredReport) -> Iterator[Held]:
    try:
        yield as_held(row, search.wanted)
    except Problem as problem:
        search.faults[row.report_id] = unreadable.reason(problem)
