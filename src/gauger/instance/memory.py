"""The present state of a product instance: what the store holds, and what it could not take yet.

A change is made on a `Draft` and becomes the present state when it is durable. Measured usage is
the exception: it becomes present in any case, and what a full disk refused is written later.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Final

from gauger.core.instance.backoff import Backoff
from gauger.core.instance.sending import Held, Schedule
from gauger.core.problems import Problem
from gauger.instance.config import Configuration
from gauger.instance.ports import Batch, LogEntry, Store, StoredItem, StoredReport
from gauger.instance.records import (
    PLACES,
    VOLATILE,
    AuthorizationRecord,
    ClockRecord,
    CodeFloor,
    Course,
    Exchange,
    HeldDocument,
    Past,
    ReportDetail,
    RootFloor,
    Singles,
    TagRecord,
    Told,
    TrustRecord,
    Value,
    pack,
    unpack,
)

_MOST_UNSAVED_ENTRIES = 1000
"""Events kept while the disk takes none; further ones are dropped, usage never is."""

Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Draft:
    """A change in the making.

    Attributes:
        singles: Everything of which there is one.
        tags: Entitlement tags by tag.
        documents: Documents in force by name.
        marks: Marks of obeyed documents by name, as text.
        history: Lines of the message history by heading, oldest first.
        batch: Reports, bytes and events that go along.
        unsaved: Rows of reports that the disk has not taken yet, by report id.
    """

    singles: Singles
    tags: dict[str, TagRecord]
    documents: dict[str, HeldDocument]
    marks: dict[str, str]
    history: dict[str, tuple[Past, ...]] = field(default_factory=dict)
    batch: Batch = field(default_factory=Batch)
    unsaved: Mapping[int, StoredReport] = field(default_factory=dict)

    def log(self, *entries: LogEntry) -> None:
        """Append entries to the event log."""
        self.batch.entries.extend(entries)

    def put_report(self, report: StoredReport) -> None:
        """Write a report's row; a later one of the same draft replaces an earlier one."""
        self.batch.reports[report.report_id] = report

    def put_item(self, item: StoredItem) -> None:
        """Write or remove bytes of a report."""
        self.batch.items.append(item)


class Memory:
    """The present state, over a store. Its caller serialises all calls."""

    def __init__(
        self, store: Store, told: Callable[[Sequence[LogEntry]], None] = lambda _: None
    ) -> None:
        """Read the state from the store.

        Args:
            store: Where it is kept.
            told: Gets the entries of each change once it is the present state.

        Raises:
            Problem: ``store-damaged`` or ``store-failed``.
        """
        self.store = store
        self._told = told
        self._singles = _read_singles(store)
        self._tags = {
            tag: unpack(content, TagRecord) for tag, content in store.records("tag").items()
        }
        self._documents = {
            name: unpack(content, HeldDocument)
            for name, content in store.records("document").items()
        }
        self._marks = {name: unpack(mark, str) for name, mark in store.records("mark").items()}
        self._history: dict[str, tuple[Past, ...]] = {
            name: unpack(content, tuple[Past, ...])
            for name, content in store.records("history").items()
        }
        self._unsaved: Batch | None = None
        self._stored = {key: (value, pack(value)) for key, value in _values(self.draft())}
        self.trouble: Problem | None = None

    @property
    def singles(self) -> Singles:
        """Everything of which there is one."""
        return self._singles

    @property
    def tags(self) -> Mapping[str, TagRecord]:
        """Entitlement tags by tag."""
        return self._tags

    @property
    def documents(self) -> Mapping[str, HeldDocument]:
        """Documents in force by name."""
        return self._documents

    @property
    def marks(self) -> Mapping[str, str]:
        """Marks of obeyed documents by name, as text."""
        return self._marks

    @property
    def history(self) -> Mapping[str, tuple[Past, ...]]:
        """Lines of the message history by heading, oldest first."""
        return self._history

    def draft(self) -> Draft:
        """Begin a change."""
        # Shallow copies do: all values are frozen, so a draft that is dropped has changed nothing.
        return Draft(
            singles=self._singles,
            tags=dict(self._tags),
            documents=dict(self._documents),
            marks=dict(self._marks),
            history=dict(self._history),
            unsaved={} if self._unsaved is None else self._unsaved.reports,
        )

    def commit(self, draft: Draft) -> None:
        """Make a change durable; only then is it the present state.

        Raises:
            Problem: ``store-full`` or ``store-failed``; nothing has changed.
        """
        packed, batch = self._packed(draft)
        try:
            self.store.commit(batch)
        except Problem as problem:
            # Kept also where the caller is told: `measure` then tries again by itself.
            self.trouble = problem
            raise
        self.trouble = None
        self._stored = packed
        self._unsaved = None
        self._adopt(draft)

    def keep(self, draft: Draft) -> None:
        """Take measured usage: durable if the disk allows, in memory until it does."""
        try:
            self.commit(draft)
        except Problem:
            self._adopt(draft)
            # Records are compared with what is stored anew; rows, bytes and events would be lost.
            self._unsaved = _joined(self._unsaved, draft.batch)

    def begin_boot(self) -> None:
        """Forget what the boot before had only in memory: its configuration that was not saved."""
        running = self._singles.startup or Configuration()
        self._singles = replace(self._singles, configuration=running)

    @property
    def is_saved(self) -> bool:
        """Whether everything that is present is durable."""
        return self.trouble is None

    def _adopt(self, draft: Draft) -> None:
        self._singles = draft.singles
        self._tags = draft.tags
        self._documents = draft.documents
        self._marks = draft.marks
        self._history = draft.history
        # Also what a full disk refused: it has happened, and an operator has to hear of it now. It
        # is not told again when it becomes durable.
        if draft.batch.entries:
            self._told(draft.batch.entries)

    def _packed(self, draft: Draft) -> tuple[dict[Key, tuple[object, bytes]], Batch]:
        """Return all records, and the batch with every one that differs from what is stored.

        Most records of most changes are the very ones that are stored: they are not packed again,
        for a waiting request may be of several megabytes.
        """
        packed: dict[Key, tuple[object, bytes]] = {}
        records: dict[Key, bytes | None] = {}
        known = self._stored
        for key, value in _values(draft):
            stored = known.get(key)
            # By identity: all values are frozen, so the same object has the same bytes.
            if stored is None or stored[0] is not value:
                content = pack(value)
                if stored is None or stored[1] != content:
                    records[key] = content
                stored = (value, content)
            packed[key] = stored
        # What is stored and no longer present is removed, or it would be back at the next boot.
        records.update(dict.fromkeys(known.keys() - packed.keys()))
        joined = _joined(self._unsaved, draft.batch)
        return packed, replace(joined, records={**joined.records, **records})


def read_detail(report: StoredReport) -> ReportDetail:
    """Return what is known of a report beside its row.

    Raises:
        Problem: ``store-damaged``.
    """
    if report.fault is not None:
        raise Problem("store-damaged", report.fault)
    return unpack(report.detail, ReportDetail)


def report_row(report: StoredReport, detail: ReportDetail) -> StoredReport:
    """Return a report's row with another detail; the indexed state follows it."""
    return replace(report, state=detail.life.state.value, detail=pack(detail))


def as_held(row: StoredReport, wanted: Collection[int]) -> Held:
    """Return a report as decisions about sending see it.

    Raises:
        Problem: ``store-damaged``.
    """
    detail = read_detail(row)
    return Held(
        report_id=row.report_id,
        life=detail.life,
        closed_at=detail.closed_at,
        wanted=row.report_id in wanted,
    )


def _values(draft: Draft) -> list[tuple[Key, object]]:
    values: list[tuple[Key, object]] = [
        pair
        for pair in zip(_SINGLE_KEYS, _SINGLES(draft.singles), strict=True)
        if pair[1] is not None
    ]
    values += [(("tag", tag), record) for tag, record in draft.tags.items()]
    values += [(("document", name), held) for name, held in draft.documents.items()]
    values += [(("mark", name), mark) for name, mark in draft.marks.items()]
    values += [(("history", name), lines) for name, lines in draft.history.items()]
    return values


def _key(name: str) -> Key:
    return PLACES.get(name, ("state", name))


_STORED: Final = [item.name for item in fields(Singles) if item.name not in VOLATILE]
_SINGLE_KEYS: Final = tuple(map(_key, _STORED))
_SINGLES: Final[Callable[[Singles], tuple[object, ...]]] = attrgetter(*_STORED)


def _read_singles(store: Store) -> Singles:
    # A record that is missing is no refusal: an earlier release did not write it, or there was
    # nothing to remember yet.
    startup = _read(store, "startup", Configuration)
    return Singles(
        clock=_read(store, "clock", ClockRecord) or ClockRecord(),
        course=_read(store, "course", Course) or Course(),
        schedule=_read(store, "schedule", Schedule) or Schedule(since=0),
        backoff=_read(store, "backoff", Backoff) or Backoff(),
        trust=_read(store, "trust", TrustRecord) or TrustRecord(),
        configuration=startup or Configuration(),
        startup=startup,
        usage_exchange=_read(store, "usage_exchange", Exchange),
        trust_exchange=_read(store, "trust_exchange", Exchange),
        root_floor=_read(store, "root_floor", RootFloor),
        authorization=_read(store, "authorization", AuthorizationRecord) or AuthorizationRecord(),
        authorization_exchange=_read(store, "authorization_exchange", Exchange),
        code_floor=_read(store, "code_floor", CodeFloor),
        told=_read(store, "told", Told),
    )


def _read(store: Store, name: str, kind: type[Value]) -> Value | None:
    content = store.record(*_key(name))
    return None if content is None else unpack(content, kind)


def _joined(first: Batch | None, second: Batch) -> Batch:
    if first is None:
        return second
    entries = [*first.entries, *second.entries]
    return Batch(
        records={**first.records, **second.records},
        # The later row wins: it was made from the earlier one (`reporting.find_report`).
        reports={**first.reports, **second.reports},
        items=[*first.items, *second.items],
        # The oldest stay: they tell how the trouble began.
        entries=entries[:_MOST_UNSAVED_ENTRIES] if first.entries else entries,
        clears_events=first.clears_events or second.clears_events,
        anchored=first.anchored or second.anchored,
    )
