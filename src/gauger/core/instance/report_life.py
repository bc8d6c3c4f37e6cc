"""The life of a RUM report on the product instance: one table of states and inputs.

A closed report never changes again; only what is known of it does (spec/report-life.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gauger.core.problems import Problem

RETENTION = 30 * 86_400
"""Seconds for which the signed bytes of an acknowledged report are kept at least."""

KEPT = 200
"""Number of the last acknowledged reports whose signed bytes are kept at least."""


class ReportState(StrEnum):
    """Where a report stands."""

    OPEN = "open"
    """It still collects measurements."""
    CLOSED = "closed"
    """Its bytes are signed and fixed; nobody has got it yet."""
    PENDING = "pending"
    """The product instance has sent it and waits for the ACK."""
    UNACKNOWLEDGED = "unacknowledged"
    """A manager or a saved file has taken it; the product instance itself has not sent it."""
    ACKNOWLEDGED = "acknowledged"
    """Its ACK is installed."""
    PURGED = "purged"
    """Acknowledged, and only its digest is kept."""


class Flag(StrEnum):
    """The letter that stands beside the state."""

    NORMAL = "N"
    ERROR = "E"
    PURGED = "P"


class ReportInput(StrEnum):
    """What happens to a report."""

    CLOSE_TO_REPORT = "close-to-report"
    CLOSE_TO_SAVE = "close-to-save"
    CLOSE_BY_RELOAD = "close-by-reload"
    CLOSE_BY_SIZE = "close-by-size"
    CLOSE_BY_CLOCK = "close-by-clock"
    SENT = "sent"
    READ = "read"
    SAVED = "saved"
    ACKED = "acked"
    DEFERRED = "deferred"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    WANTED = "wanted"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why the state is what it is, as `show license rum id N detail` prints it."""

    NONE = "NONE"
    REPORTING = "REPORTING"
    SAVE = "SAVE"
    RELOAD = "RELOAD"
    SIZE = "SIZE"
    CLOCK = "CLOCK"
    SENT = "SENT"
    READ = "READ"
    SAVED = "SAVED"
    ACKED = "ACKED"
    DEFERRED = "DEFERRED"
    QUARANTINED = "QUARANTINED"
    REJECTED = "REJECTED"
    WANTED = "WANTED"
    PURGED = "PURGED"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of the table: what a report becomes.

    Attributes:
        state: The next state.
        reason: Why; None where the reason stays.
        flag: The next flag; None where it stays.
    """

    state: ReportState
    reason: Reason | None = None
    flag: Flag | None = None


_S, _I, _R = ReportState, ReportInput, Reason

TABLE: Mapping[tuple[ReportState, ReportInput], Change] = MappingProxyType(
    {
        (_S.OPEN, _I.CLOSE_TO_REPORT): Change(_S.CLOSED, _R.REPORTING),
        (_S.OPEN, _I.CLOSE_TO_SAVE): Change(_S.CLOSED, _R.SAVE),
        (_S.OPEN, _I.CLOSE_BY_RELOAD): Change(_S.CLOSED, _R.RELOAD),
        (_S.OPEN, _I.CLOSE_BY_SIZE): Change(_S.CLOSED, _R.SIZE),
        (_S.OPEN, _I.CLOSE_BY_CLOCK): Change(_S.CLOSED, _R.CLOCK),
        (_S.CLOSED, _I.SENT): Change(_S.PENDING, _R.SENT),
        (_S.CLOSED, _I.READ): Change(_S.UNACKNOWLEDGED, _R.READ),
        (_S.CLOSED, _I.SAVED): Change(_S.UNACKNOWLEDGED, _R.SAVED),
        # Without having been sent: a store that was copied back, or an ACK by another pipe.
        (_S.CLOSED, _I.ACKED): Change(_S.ACKNOWLEDGED, _R.ACKED, Flag.NORMAL),
        # A verdict says what the portal thinks, not where the report is: the state stays.
        (_S.CLOSED, _I.DEFERRED): Change(_S.CLOSED, _R.DEFERRED, Flag.NORMAL),
        (_S.CLOSED, _I.QUARANTINED): Change(_S.CLOSED, _R.QUARANTINED, Flag.NORMAL),
        (_S.CLOSED, _I.REJECTED): Change(_S.CLOSED, _R.REJECTED, Flag.ERROR),
        (_S.CLOSED, _I.WANTED): Change(_S.CLOSED, _R.WANTED),
        # A retry after a lost answer: the same bytes, so it is one sending to the portal.
        (_S.PENDING, _I.SENT): Change(_S.PENDING, _R.SENT),
        # A manager that reads it beside does not end the waiting for the answer.
        (_S.PENDING, _I.READ): Change(_S.PENDING),
        (_S.PENDING, _I.SAVED): Change(_S.PENDING),
        (_S.PENDING, _I.ACKED): Change(_S.ACKNOWLEDGED, _R.ACKED, Flag.NORMAL),
        (_S.PENDING, _I.DEFERRED): Change(_S.PENDING, _R.DEFERRED, Flag.NORMAL),
        (_S.PENDING, _I.QUARANTINED): Change(_S.PENDING, _R.QUARANTINED, Flag.NORMAL),
        (_S.PENDING, _I.REJECTED): Change(_S.PENDING, _R.REJECTED, Flag.ERROR),
        (_S.PENDING, _I.WANTED): Change(_S.PENDING, _R.WANTED),
        # A file may be on its way for months; sending it beside is safe, since usage merges once.
        (_S.UNACKNOWLEDGED, _I.SENT): Change(_S.PENDING, _R.SENT),
        (_S.UNACKNOWLEDGED, _I.READ): Change(_S.UNACKNOWLEDGED, _R.READ),
        (_S.UNACKNOWLEDGED, _I.SAVED): Change(_S.UNACKNOWLEDGED, _R.SAVED),
        (_S.UNACKNOWLEDGED, _I.ACKED): Change(_S.ACKNOWLEDGED, _R.ACKED, Flag.NORMAL),
        (_S.UNACKNOWLEDGED, _I.DEFERRED): Change(_S.UNACKNOWLEDGED, _R.DEFERRED, Flag.NORMAL),
        (_S.UNACKNOWLEDGED, _I.QUARANTINED): Change(_S.UNACKNOWLEDGED, _R.QUARANTINED, Flag.NORMAL),
        (_S.UNACKNOWLEDGED, _I.REJECTED): Change(_S.UNACKNOWLEDGED, _R.REJECTED, Flag.ERROR),
        (_S.UNACKNOWLEDGED, _I.WANTED): Change(_S.UNACKNOWLEDGED, _R.WANTED),
        # An ACK is final: a portal that lost it may ask and judge again, the state stays.
        (_S.ACKNOWLEDGED, _I.SENT): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.READ): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.SAVED): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.ACKED): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.DEFERRED): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.QUARANTINED): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.REJECTED): Change(_S.ACKNOWLEDGED),
        (_S.ACKNOWLEDGED, _I.WANTED): Change(_S.ACKNOWLEDGED),
        # The only way to lose bytes: without an ACK none is ever purged (spec/report-life.md, 3).
        (_S.ACKNOWLEDGED, _I.EXPIRED): Change(_S.PURGED, _R.PURGED, Flag.PURGED),
        # Old files come late. What is sent, read or saved needs bytes, so those pairs are missing.
        (_S.PURGED, _I.ACKED): Change(_S.PURGED),
        (_S.PURGED, _I.DEFERRED): Change(_S.PURGED),
        (_S.PURGED, _I.QUARANTINED): Change(_S.PURGED),
        (_S.PURGED, _I.REJECTED): Change(_S.PURGED),
        (_S.PURGED, _I.WANTED): Change(_S.PURGED),
        (_S.PURGED, _I.EXPIRED): Change(_S.PURGED),
    }
)
"""What a report becomes by each input; a pair that is not listed is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLife:
    """What is known of a report beside its bytes.

    Attributes:
        state: Where it stands.
        reason: Why the state is what it is.
        flag: ``E`` while its last verdict is a rejection, ``P`` once purged.
    """

    state: ReportState = ReportState.OPEN
    reason: Reason = Reason.NONE
    flag: Flag = Flag.NORMAL

    @property
    def is_rejected(self) -> bool:
        """Whether the portal rejected it and has not judged otherwise since."""
        return self.flag is Flag.ERROR

    @property
    def is_acknowledged(self) -> bool:
        """Whether its ACK is installed."""
        return self.state in {ReportState.ACKNOWLEDGED, ReportState.PURGED}

    @property
    def was_never_sent(self) -> bool:
        """Whether the product instance has yet to send it for the first time by itself."""
        return self.state in {ReportState.CLOSED, ReportState.UNACKNOWLEDGED}


def step(life: ReportLife, happened: ReportInput) -> ReportLife:
    """Return what a report becomes.

    Args:
        life: What is known of it.
        happened: What happened to it.

    Raises:
        Problem: ``not-in-this-state`` where the table has no such pair.
    """
    change = TABLE.get((life.state, happened))
    if change is None:
        message = f"A report that is {life.state} cannot take the input {happened}."
        raise Problem("not-in-this-state", message)
    return ReportLife(
        state=change.state,
        # A `None` in the table keeps what was: an ACK stays the reason, whatever comes after it.
        reason=change.reason or life.reason,
        flag=change.flag or life.flag,
    )


def expired(acknowledged_at: Sequence[int], now: int) -> int:
    """Return how many of the oldest acknowledged reports need their bytes no more.

    They are kept for 30 days or as the last 200, whichever is more, so that a portal restored
    from a backup can ask for them again.

    Args:
        acknowledged_at: When each report that still has its bytes was acknowledged, oldest first.
        now: Epoch seconds.
    """
    # By count first: a device that was off for a year still holds its last 200 reports.
    surplus = acknowledged_at[: max(0, len(acknowledged_at) - KEPT)]
    # Up to the first that is young: rows are purged as a prefix, without holes between.
    old = (index for index, at in enumerate(surplus) if at > now - RETENTION)
    return next(old, len(surplus))
