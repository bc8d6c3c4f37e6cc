"""What support looks at: views beside those of `show license`, loaded when they are asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """The device as a machine.

    Attributes:
        hostname: The name that its prompts show.
        now: Wall time at which the view was taken, epoch seconds.
        millisecond: Of that second.
        uptime: Seconds since the boot began; None where nothing runs.
        is_clock_set: Whether the wall clock was ever set.
        version: Release of this software.
        level: Licence level with its add-on that the boot began with; None for the product's own.
        next_level: That which the next boot begins with, once the configuration is saved.
        air_level: As `level`, of a wireless controller.
        next_air_level: As `next_level`, of a wireless controller.
    """

    hostname: str
    now: int
    uptime: int | None
    is_clock_set: bool
    version: str
    level: str | None = None
    next_level: str | None = None
    air_level: str | None = None
    next_air_level: str | None = None
    millisecond: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """How one kind of exchange with the portal has gone since the boot.

    Attributes:
        heading: Which kind.
        succeeded: How many were answered.
        failed: How many were not.
        failing: Failures in a row until now.
        unreachable: Those of them in which the portal was not reached.
        response: The last answer: its status, or that there was none; None before the first.
        response_at: When an answer last came, epoch seconds, or None.
        reason: Why the last one failed, or None.
        last_success: When one was last answered, epoch seconds, or None.
        last_failure: When one last failed, epoch seconds, or None.
    """

    heading: str
    succeeded: int = 0
    failed: int = 0
    failing: int = 0
    unreachable: int = 0
    response: str | None = None
    response_at: int | None = None
    reason: str | None = None
    last_success: int | None = None
    last_failure: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleView:
    """A licence that was ever requested, as it is measured.

    Attributes:
        tag: Entitlement tag.
        since: When it was first requested, epoch seconds, or None.
        requested_at: When the measurement began that still grows, epoch seconds, or None.
        open_id: Number of its open report, or 0.
        previous_id: Number of the report before, or 0.
    """

    tag: str
    since: int | None
    requested_at: int | None
    open_id: int
    previous_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TechView:
    """What `show license tech support` prints beside what other commands print.

    Attributes:
        is_first: Whether no report was ever acknowledged.
        policy_days: Days that the policy gives for the next one, 0 for none.
        next_sample: When usage is measured and stored next, epoch seconds; None where nothing runs.
        may_report: Whether reports may go to the portal directly.
        blocked: Why they may not, one sentence, or None.
        exchanges: How talking has gone, in the order in which it is printed.
        handles: The licences that were ever requested, in the order of the profile.
        stored: Reports whose bytes are held.
        unreadable: Reports that the store does not give back any more.
        log_bytes: Size of the event log.
        trust_number: Number of the trust code, counted from 1; 0 is the factory's; None without.
        is_reserved: Whether reservation is configured.
    """

    is_first: bool
    policy_days: int
    next_sample: int | None
    may_report: bool
    blocked: str | None
    exchanges: tuple[ExchangeView, ...]
    handles: tuple[HandleView, ...]
    stored: int
    unreadable: int
    log_bytes: int
    trust_number: int | None
    is_reserved: bool
