"""Tell the operator that an acknowledged report is due or overdue; each time once."""

from dataclasses import replace
from typing import Final

from gauger.core.policy.deadlines import DAY
from gauger.instance import events
from gauger.instance.memory import Draft

_BEFORE: Final = (1, 2, 3, 7, 14, 30)
"""Days before the deadline at which the operator is told."""


def remind(draft: Draft, deadline: int | None, now: int, *, always: bool = False) -> bool:
    """Log what is due, if this deadline and distance were not told yet.

    Args:
        draft: The change that the entry becomes part of.
        deadline: By when an ACK is wanted, epoch seconds; None where none is.
        now: Wall clock, epoch seconds.
        always: Whether to tell it even if it is far away or was told: at each boot.

    Returns:
        Whether anything was logged.
    """
    if deadline is None:
        return False
    left = deadline - now
    mark = _mark(left)
    course = draft.singles.course
    # With the deadline: a new one begins to be told afresh.
    if not always and (mark is None or course.warned == (deadline, mark)):
        return False
    if not always and _was_near(deadline, mark, course.last_ack):
        return False
    if left >= 0:
        draft.log(events.reporting_required(now, left // DAY))
    else:
        draft.log(events.reporting_overdue(now, -left // DAY))
    warned = course.warned if mark is None else (deadline, mark)
    draft.singles = replace(draft.singles, course=replace(course, warned=warned))
    return True


def _was_near(deadline: int, mark: int | None, last_ack: int | None) -> bool:
    """Return whether the last ACK set a deadline that was no further away than this."""
    # Under a policy of 30 days each ACK would else bring a reminder of the next report.
    return bool(mark and mark > 0 and last_ack is not None and deadline - mark * DAY <= last_ack)


def _mark(left: int) -> int | None:
    """Return the distance that was reached: days before, or minus the days overdue."""
    if left < 0:
        # Negative, so that it is never taken for a distance before the deadline.
        return -1 - (-left // DAY)
    # Rounded up: the last hours are the last day.
    days = -(-left // DAY)
    return next((step for step in _BEFORE if days <= step), None)
