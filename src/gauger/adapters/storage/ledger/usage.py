"""Usage in the store: step functions by licence, and totals that are always up to date."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.adapters.storage.ledger.lives import REMEMBERED
from gauger.core.authority.rows import Interval
from gauger.core.usage.intervals import (
    Segment,
    clip,
    count_seconds,
    merge_max,
    normalise,
    span,
)

ABSOLUTE = ""
"""Origin of the timeline in epoch seconds; that of a boot is ``incarnation:boot``."""

MOST_SHARE: Final = 10**12
"""Most licences that one product instance adds to its account's total: millions of them fit."""

_MOST_AREA: Final = 2**63 - 1  # what a column holds; a claim of 2^63 licences for ages passes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one report adds to one product instance's usage of one licence.

    Attributes:
        instance: Number of the product instance.
        tag: Number of the licence.
        origin: The boot that relative times count from, ``incarnation:boot``.
        absolute: Claims in epoch seconds.
        relative: Claims in seconds of the boot.
        received_at: When the report came: what relative usage is shown by.
    """

    instance: int
    tag: int
    origin: str
    absolute: Sequence[Segment]
    relative: Sequence[Segment]
    received_at: int

    def parts(self) -> Iterable[tuple[str, Sequence[Segment], int]]:
        """Yield origin, claims, and the time by which they are shown, of what there is."""
        if self.absolute:
            yield ABSOLUTE, self.absolute, max(item.end for item in self.absolute)
        if self.relative:
            yield self.origin, self.relative, self.received_at


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def write_claims(absolute: Sequence[Interval], relative: Sequence[Interval]) -> str:
    """Return claims as a text for the store."""
    return _ENCODER.encode((absolute, relative))


def read_claims(text: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Return the absolute and the relative claims of a text that `write_claims` made."""
    absolute, relative = (tuple(Segment(*item) for item in part) for part in json.loads(text))
    return absolute, relative


def touching(db: sqlite3.Connection, timeline: int, first: int, last: int) -> tuple[Segment, ...]:
    """Return the segments that overlap or touch a time; the rest of the history is not read."""
    found = []
    query = 'SELECT start, "end", count FROM segments WHERE timeline = ? AND "end" >= ? ORDER BY 2'
    for start, end, count in db.execute(query, (timeline, first)):
        if start > last:
            break
        found.append(Segment(start, end, count))
    return tuple(found)


@dataclass(slots=True)
class Timeline:
    """A timeline as it is stored, and changed with what is stored; ``last`` is its newest segment."""

    number: int
    origin: str
    observed_until: int
    shown_at: int
    in_use: int
    area: int
    last: Segment | None


_TIMELINES = (
    "SELECT id, origin, observed_until, shown_at, in_use, count_seconds, last_start, last_end,"
    " last_count FROM timelines WHERE instance = ? AND tag = ?"
)


class Usage:
    """Adds claims to timelines and takes them away again, on the one connection that writes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a connection."""
        self._db = db
        self._known: dict[tuple[int, int], dict[str, Timeline]] = {}

    def forget(self) -> None:
        """Forget everything: a transaction was rolled back."""
        self._known.clear()

    def add(self, counted: Counted) -> int | None:
        """Count what a report claims.

        Returns:
            Up to when the usage of the licence is observed now; null where no clock was set.
        """
        timelines = self.timelines(counted.instance, counted.tag)
        before = _shown(timelines)
        observed_until = None
        for origin, claims, shown_at in counted.parts():
            timeline = timelines.get(origin) or self._new(counted, origin)
            # The dictionary is the remembered one, so the next report of a page sees the new
            # timeline.
            timelines[origin] = timeline
            self._extend(timeline, claims, shown_at)
            if origin == ABSOLUTE:
                observed_until = timeline.observed_until
        self._show(counted.instance, counted.tag, before, _shown(timelines))
        return observed_until

    def rebuild(self, instance: int, tag: int) -> None:
        """Make the timelines of a licence anew from the reports that count now."""
        # Before anything is deleted: the account's total is changed by the difference.
        before = _shown(self.timelines(instance, tag))
        for timeline in self.timelines(instance, tag).values():
            self._db.execute("DELETE FROM segments WHERE timeline = ?", (timeline.number,))
        self._db.execute(
            "UPDATE timelines SET observed_until = 0, shown_at = 0, in_use = 0, count_seconds = 0,"
            " last_start = NULL, last_end = NULL, last_count = NULL"
            " WHERE instance = ? AND tag = ?",
            (instance, tag),
        )
        # What is remembered has the counts of before: it would be written back over the zeros.
        self._known.pop((instance, tag), None)
        timelines = self.timelines(instance, tag)
        for origin, text, received_at in self._db.execute(
            "SELECT origin, claims, received_at FROM reports"
            # Only what counts now. An unverified sender has an instance of its own and is never
            # decided.
            " WHERE instance = ? AND tag = ? AND verdict = 'accepted' ORDER BY id",
            (instance, tag),
        ).fetchall():
            absolute, relative = read_claims(text)
            counted = Counted(
                instance=instance,
                tag=tag,
                origin=origin,
                absolute=absolute,
                relative=relative,
                received_at=received_at,
            )
            for part, claims, shown_at in counted.parts():
                self._extend(timelines[part], claims, shown_at)
        self._show(instance, tag, before, _shown(timelines))

    def move(self, instance: int, origin: int | None, target: int) -> None:
        """Take a product instance's usage from one account's totals to another's."""
        for tag, in_use in self._db.execute(
            "SELECT tag, in_use FROM instance_usage WHERE instance = ?", (instance,)
        ).fetchall():
            if origin is not None:
                self._total(origin, tag, 1, -_share(in_use))
            self._total(target, tag, 1, _share(in_use))

    def timelines(self, instance: int, tag: int) -> dict[str, Timeline]:
        """Return the timelines of a licence by their origin."""
        known = self._known.get((instance, tag))
        if known is None:
            # One who sends for ever new licences must not fill the memory of the writer.
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[instance, tag] = self._stored(instance, tag)
        return known

    def _stored(self, instance: int, tag: int) -> dict[str, Timeline]:
        found = {}
        for number, origin, until, shown_at, in_use, area, *last in self._db.execute(
            _TIMELINES, (instance, tag)
        ).fetchall():
            segment = None if last[0] is None else Segment(*last)
            found[origin] = Timeline(number, origin, until, shown_at, in_use, area, segment)
        return found

    def _new(self, counted: Counted, origin: str) -> Timeline:
        cursor = self._db.execute(
            "INSERT INTO timelines (instance, tag, origin, observed_until, shown_at, in_use,"
            " count_seconds) VALUES (?, ?, ?, 0, 0, 0, 0)",
            (counted.instance, counted.tag, origin),
        )
        return Timeline(int(cursor.lastrowid or 0), origin, 0, 0, 0, 0, None)

    def _extend(self, timeline: Timeline, claims: Sequence[Segment], shown_at: int) -> None:
        reach = span(claims)
        if reach is not None:
            # Nearly every report begins where the last one ended: then no history is read at all.
            if timeline.last is None or timeline.last.end < reach[0]:
                existing: tuple[Segment, ...] = ()
            elif timeline.last.end == reach[0]:
                existing = (timeline.last,)
            else:
                existing = touching(self._db, timeline.number, *reach)
            self._merge(timeline, existing, claims)
        timeline.observed_until = max(timeline.observed_until, *(item.end for item in claims))
        timeline.shown_at = max(timeline.shown_at, shown_at)
        # A gap at the end means that nothing was counted at the newest moment, so nothing is in
        # use.
        last = timeline.last
        reaches = last is not None and last.end == timeline.observed_until
        timeline.in_use = last.count if last is not None and reaches else 0
        self._db.execute(
            "UPDATE timelines SET observed_until = ?, shown_at = ?, in_use = ?, count_seconds = ?,"
            " last_start = ?, last_end = ?, last_count = ? WHERE id = ?",
            (
                timeline.observed_until,
                timeline.shown_at,
                timeline.in_use,
                timeline.area,
                None if last is None else last.start,
                None if last is None else last.end,
                None if last is None else last.count,
                timeline.number,
            ),
        )

    def _merge(
        self, timeline: Timeline, existing: tuple[Segment, ...], claims: Sequence[Segment]
    ) -> None:
        """Merge claims into what they overlap or touch of a timeline."""
        merged = normalise((*existing, *claims))
        # The same usage reported twice, as after a restore, changes no segment.
        if merged == existing:
            return
        # Segments of one timeline never overlap, so their end alone names them.
        gone = [(timeline.number, item.end) for item in existing if item not in merged]
        if gone:
            self._db.executemany('DELETE FROM segments WHERE timeline = ? AND "end" = ?', gone)
        self._db.executemany(
            'INSERT INTO segments (timeline, "end", start, count) VALUES (?, ?, ?, ?)',
            [
                (timeline.number, item.end, item.start, item.count)
                for item in merged
                if item not in existing
            ],
        )
        area = timeline.area + count_seconds(merged) - count_seconds(existing)
        timeline.area = min(area, _MOST_AREA)
        if timeline.last is None or merged[-1].end >= timeline.last.end:
            timeline.last = merged[-1]

    def _show(self, instance: int, tag: int, before: int | None, in_use: int | None) -> None:
        """Bring the newest count of a licence, and its account's total, up to date."""
        # Most reports change no count: the row of the account, which all share, stays untouched.
        if in_use is None or before == in_use:
            return
        self._db.execute(
            "INSERT INTO instance_usage VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET in_use = excluded.in_use",
            (instance, tag, in_use),
        )
        self._db.execute(
            "INSERT INTO account_usage SELECT account, ?, home = 0, ? FROM instances"
            # A device of no account adds to no total; `move` adds it once it has one.
            " WHERE id = ? AND account IS NOT NULL"
            " ON CONFLICT DO UPDATE SET in_use = in_use + excluded.in_use",
            (tag, _share(in_use) - _share(before or 0), instance),
        )

    def _total(self, account: int, tag: int, verified: int, change: int) -> None:
        self._db.execute(
            "INSERT INTO account_usage VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET in_use = in_use + excluded.in_use",
            (account, tag, verified, change),
        )


def _share(in_use: int) -> int:
    """Return what a product instance adds to its account's total."""
    # Any claim up to 2^63 is valid in form: one device could push the sum beyond its column.
    return min(in_use, MOST_SHARE)


def _shown(timelines: Mapping[str, Timeline]) -> int | None:
    """Return the count of the timeline that is newest, of two as new the higher; None of none."""
    newest = max(timelines.values(), key=lambda item: (item.shown_at, item.in_use), default=None)
    return None if newest is None else newest.in_use


def overlaps(db: sqlite3.Connection, timeline: int, claims: Sequence[Segment]) -> bool:
    """Tell whether claims concern time that is claimed already."""
    reach = span(claims)
    return reach is not None and merge_max(touching(db, timeline, *reach), claims).overlap


def gain_before(
    db: sqlite3.Connection, timeline: int, claims: Sequence[Segment], instant: int
) -> int:
    """Return by how much claims would raise the count-seconds before an instant."""
    # Only what lies before it: new usage after it is nobody's back-dating.
    early = clip(claims, min(item.start for item in claims), instant) if claims else ()
    reach = span(early)
    if reach is None:
        return 0
    return merge_max(touching(db, timeline, *reach), early).count_seconds_delta
