"""Usage in the store: step functions by licence, and totals that are always up to date."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gauger.core.usage.intervals import (
    Segment,
    clip,
    count_at,
    count_seconds,
    merge_max,
    normalise,
    span,
)

ABSOLUTE = ""
"""Origin of the timeline in epoch seconds; that of a boot is ``incarnation:boot``."""


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


def write_claims(absolute: Sequence[Segment], relative: Sequence[Segment]) -> str:
    """Return claims as a text for the store."""
    lists = [[(item.start, item.end, item.count) for item in part] for part in (absolute, relative)]
    return json.dumps(lists, separators=(",", ":"))


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


class Usage:
    """Adds claims to timelines and takes them away again."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a connection."""
        self._db = db

    def add(self, counted: Counted) -> int | None:
        """Count what a report claims.

        Returns:
            Up to when the usage of the licence is observed now; null where no clock was set.
        """
        observed_until = None
        for origin, claims, shown_at in counted.parts():
            reached = self._extend(counted, origin, claims, shown_at)
            observed_until = reached if origin == ABSOLUTE else observed_until
        self._show(counted.instance, counted.tag)
        return observed_until

    def rebuild(self, instance: int, tag: int) -> None:
        """Make the timelines of a licence anew from the reports that count now."""
        for (timeline,) in self._db.execute(
            "SELECT id FROM timelines WHERE instance = ? AND tag = ?", (instance, tag)
        ).fetchall():
            self._db.execute("DELETE FROM segments WHERE timeline = ?", (timeline,))
            self._db.execute(
                "UPDATE timelines SET observed_until = 0, shown_at = 0, in_use = 0,"
                " count_seconds = 0 WHERE id = ?",
                (timeline,),
            )
        counting = self._db.execute(
            "SELECT origin, claims, received_at FROM reports"
            " WHERE instance = ? AND tag = ? AND verdict = 'accepted' ORDER BY id",
            (instance, tag),
        ).fetchall()
        for origin, claims, received_at in counting:
            absolute, relative = read_claims(claims)
            counted = Counted(
                instance=instance,
                tag=tag,
                origin=origin,
                absolute=absolute,
                relative=relative,
                received_at=received_at,
            )
            for part, segments, shown_at in counted.parts():
                self._extend(counted, part, segments, shown_at)
        self._show(instance, tag)

    def move(self, instance: int, origin: int | None, target: int) -> None:
        """Take a product instance's usage from one account's totals to another's."""
        for tag, in_use in self._db.execute(
            "SELECT tag, in_use FROM instance_usage WHERE instance = ?", (instance,)
        ).fetchall():
            if origin is not None:
                self._total(origin, tag, 1, -in_use)
            self._total(target, tag, 1, in_use)

    def _extend(
        self, counted: Counted, origin: str, claims: Sequence[Segment], shown_at: int
    ) -> int:
        timeline, observed_until, shown, area = self._timeline(counted, origin)
        area += self._merge(timeline, claims)
        observed_until = max(observed_until, *(item.end for item in claims))
        last = touching(self._db, timeline, observed_until, observed_until)
        self._db.execute(
            "UPDATE timelines SET observed_until = ?, shown_at = ?, in_use = ?, count_seconds = ?"
            " WHERE id = ?",
            (
                observed_until,
                max(shown, shown_at),
                count_at(last, observed_until - 1),
                area,
                timeline,
            ),
        )
        return observed_until

    def _timeline(self, counted: Counted, origin: str) -> tuple[int, int, int, int]:
        key = (counted.instance, counted.tag, origin)
        query = (
            "SELECT id, observed_until, shown_at, count_seconds FROM timelines"
            " WHERE instance = ? AND tag = ? AND origin = ?"
        )
        row = self._db.execute(query, key).fetchone()
        if row is not None:
            number, observed_until, shown_at, area = row
            return number, observed_until, shown_at, area
        cursor = self._db.execute(
            "INSERT INTO timelines (instance, tag, origin, observed_until, shown_at, in_use,"
            " count_seconds) VALUES (?, ?, ?, 0, 0, 0, 0)",
            key,
        )
        return int(cursor.lastrowid or 0), 0, 0, 0

    def _merge(self, timeline: int, claims: Sequence[Segment]) -> int:
        """Merge claims into a timeline; return by how much its count-seconds grew."""
        reach = span(claims)
        if reach is None:
            return 0
        existing = touching(self._db, timeline, *reach)
        merged = normalise((*existing, *claims))
        if merged == existing:
            return 0
        self._db.executemany(
            'DELETE FROM segments WHERE timeline = ? AND "end" = ?',
            [(timeline, item.end) for item in existing],
        )
        self._db.executemany(
            'INSERT INTO segments (timeline, "end", start, count) VALUES (?, ?, ?, ?)',
            [(timeline, item.end, item.start, item.count) for item in merged],
        )
        return count_seconds(merged) - count_seconds(existing)

    def _show(self, instance: int, tag: int) -> None:
        """Bring the newest count of a licence, and its account's total, up to date."""
        # The timeline that is newest speaks; of two as new, the higher count.
        row = self._db.execute(
            "SELECT in_use FROM timelines WHERE instance = ? AND tag = ?"
            " ORDER BY shown_at DESC, in_use DESC LIMIT 1",
            (instance, tag),
        ).fetchone()
        in_use = 0 if row is None else int(row[0])
        before = self._db.execute(
            "SELECT in_use FROM instance_usage WHERE instance = ? AND tag = ?", (instance, tag)
        ).fetchone()
        if before is not None and before[0] == in_use:
            return
        self._db.execute(
            "INSERT INTO instance_usage VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET in_use = excluded.in_use",
            (instance, tag, in_use),
        )
        account, verified = self._db.execute(
            "SELECT account, home = 0 FROM instances WHERE id = ?", (instance,)
        ).fetchone()
        if account is not None:
            self._total(account, tag, verified, in_use - (before[0] if before else 0))

    def _total(self, account: int, tag: int, verified: int, change: int) -> None:
        self._db.execute(
            "INSERT INTO account_usage VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET in_use = in_use + excluded.in_use",
            (account, tag, verified, change),
        )


def overlaps(db: sqlite3.Connection, timeline: int, claims: Sequence[Segment]) -> bool:
    """Tell whether claims concern time that is claimed already."""
    reach = span(claims)
    return reach is not None and merge_max(touching(db, timeline, *reach), claims).overlap


def gain_before(
    db: sqlite3.Connection, timeline: int, claims: Sequence[Segment], instant: int
) -> int:
    """Return by how much claims would raise the count-seconds before an instant."""
    early = clip(claims, min(item.start for item in claims), instant) if claims else ()
    reach = span(early)
    if reach is None:
        return 0
    return merge_max(touching(db, timeline, *reach), early).count_seconds_delta
