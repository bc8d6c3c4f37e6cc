"""Which reports a sending carries, and when the next one goes (spec/report-life.md).

A sending is one message that carries a report never sent before. Time is seconds lived
(``core.usage.timeline.Lifetime``), so a moved wall clock neither opens nor blocks it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gauger.core.instance.report_life import ReportLife, ReportState

DAY = 86_400
"""Seconds of a day: the throttle allows one sending in each."""

MOST = 500
"""Most reports in one message; what is left goes with the next."""


class Occasion(StrEnum):
    """Why a message is made."""

    SCHEDULE = "schedule"
    """The push interval has passed, or a high-availability event moved the push forward."""
    SYNC = "sync"
    """The operator asks: `license smart sync`."""
    WANTED = "wanted"
    """The portal asks for reports that it misses."""


class Selection(StrEnum):
    """What `license smart save usage` writes."""

    ALL = "all"
    DAYS = "days"
    REPORT = "rum-id"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A report in the store, as far as sending goes.

    Attributes:
        report_id: Its number.
        life: What is known of it.
        closed_at: When it was closed, epoch seconds.
        wanted: Whether the portal asked for it and has not acknowledged it since.
    """

    report_id: int
    life: ReportLife
    closed_at: int
    wanted: bool = False

    @property
    def has_bytes(self) -> bool:
        """Whether there are signed bytes to send: it is closed, and not purged."""
        return self.life.state not in {ReportState.OPEN, ReportState.PURGED}

    @property
    def is_unreported(self) -> bool:
        """Whether the portal has yet to acknowledge it, or asks for it again."""
        return self.wanted or not self.life.is_acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The reports of one message.

    Attributes:
        report_ids: Their numbers, oldest first.
        counts: Whether the throttle counts it: it carries a report never sent before, and the
            operator did not ask for it.
        more: Whether reports are left for another message.
    """

    report_ids: tuple[int, ...]
    counts: bool
    more: bool


def batch(held: Iterable[Held], occasion: Occasion) -> Batch:
    """Choose the reports of a message.

    The schedule sends what was never sent and not rejected; a sync sends rejected ones too, to
    be judged anew; what is wanted goes with either. Acknowledged ones go only where wanted.

    Args:
        held: Reports whose signed bytes are in the store.
        occasion: Why the message is made.
    """
    chosen = sorted(
        (item for item in held if _goes(item, occasion)), key=lambda item: item.report_id
    )
    carried, left = chosen[:MOST], chosen[MOST:]
    # By what is carried, not by the occasion: wanted reports alone are no sending.
    fresh = any(item.life.was_never_sent for item in carried)
    return Batch(
        report_ids=tuple(item.report_id for item in carried),
        # An operator may sync at any time; that must not put off the next sending by schedule.
        counts=fresh and occasion is Occasion.SCHEDULE,
        more=bool(left),
    )


def _goes(item: Held, occasion: Occasion) -> bool:
    if not item.has_bytes:
        return False
    # Before all else: an acknowledged report goes again when a restored portal asks for it.
    if item.wanted:
        return True
    if occasion is Occasion.WANTED:
        return False
    # By schedule it would be rejected anew each time; an operator says when that may change.
    if item.life.is_rejected:
        return occasion is Occasion.SYNC
    # What is pending is polled for, or its very message is retried: never sent a second time.
    return item.life.was_never_sent


def saved(
    held: Iterable[Held], selection: Selection, *, number: int = 0, now: int = 0
) -> tuple[int, ...]:
    """Choose the reports of a saved usage file.

    Args:
        held: Reports whose signed bytes are in the store.
        selection: Which of them.
        number: Days back from now, or the number of one report, as the selection asks.
        now: Epoch seconds.

    Returns:
        Report numbers, oldest first.
    """
    # The wall clock, as operators mean it; a report of before the clock was set counts as old.
    oldest = now - number * DAY
    chosen: dict[Selection, Callable[[Held], bool]] = {
        Selection.ALL: lambda item: item.has_bytes,
        Selection.UNREPORTED: lambda item: item.has_bytes and item.is_unreported,
        Selection.DAYS: lambda item: item.has_bytes and item.closed_at >= oldest,
        Selection.REPORT: lambda item: item.has_bytes and item.report_id == number,
    }
    return tuple(sorted(item.report_id for item in held if chosen[selection](item)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When reports were and will be sent, in seconds lived.

    Attributes:
        since: From when the present interval runs: the begin of reporting, then the last push.
        last_counted: The last sending that the throttle counts.
        moved_to: Where a high-availability event moved the next push.
    """

    since: int
    last_counted: int | None = None
    moved_to: int | None = None


def next_push(schedule: Schedule, interval_days: int, *, throttled: bool) -> int | None:
    """Return when the product instance sends next by itself.

    Args:
        schedule: The state.
        interval_days: The push interval in use; 0 is no reporting.
        throttled: Whether release and topology allow one sending in 24 hours only.

    Returns:
        Seconds lived, or None where nothing is scheduled.
    """
    if not interval_days:
        return None
    due = schedule.since + interval_days * DAY
    if schedule.moved_to is not None:
        due = min(due, schedule.moved_to)
    # Last, so that neither a short interval nor a high-availability event gets around it.
    if throttled and schedule.last_counted is not None:
        due = max(due, schedule.last_counted + DAY)
    return due


def after_message(schedule: Schedule, now: int, carried: Batch, occasion: Occasion) -> Schedule:
    """Take that a message was handed over, or that there was nothing to send.

    Retries of the same message, polls, trust requests and wanted reports alone change nothing.

    Args:
        schedule: The state.
        now: Seconds lived.
        carried: What it carries.
        occasion: Why it was made.
    """
    if occasion is Occasion.WANTED:
        return schedule
    # A sync that had nothing to send is no push: the interval goes on from the one before.
    if occasion is Occasion.SYNC and not carried.report_ids:
        return schedule
    counted = now if carried.counts else schedule.last_counted
    # `moved_to` is left out on purpose: what the event asked for is done by this message.
    return Schedule(since=now, last_counted=counted)


def after_ha_event(schedule: Schedule, now: int) -> Schedule:
    """Take a high-availability event: the next push moves to now, within the throttle."""
    return replace(schedule, moved_to=now)
