"""Reports that the store does not give back any more: told once, by name, and in nobody's way.

A disk rots by the sector. What cannot be read can neither be sent nor be settled; were it tried
again each time, it would hold up every report that is well.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.memory import Draft
from gauger.instance.ports import Store

_NAMED_AT_ONCE: Final = 20

_DAMAGED: Final = "store-damaged"


def note(draft: Draft, found: Mapping[int, str], at: int) -> None:
    """Tell of reports that cannot be read, and leave them out from now on.

    Args:
        draft: The change that this becomes part of.
        found: Why, by report.
        at: When, epoch seconds.
    """
    course = draft.singles.course
    fresh = sorted(found.keys() - set(course.unreadable))
    if not fresh:
        return
    for report_id in fresh[:_NAMED_AT_ONCE]:
        draft.log(events.report_unreadable(at, report_id, found[report_id]))
    # The log keeps 5,000 lines: a whole region that rotted must not push out how it began.
    if len(fresh) > _NAMED_AT_ONCE:
        draft.log(events.reports_unreadable(at, len(fresh) - _NAMED_AT_ONCE))
    gone = {*course.unreadable, *fresh}
    course = replace(
        course,
        unreadable=tuple(sorted(gone)),
        # Wanted by the portal, and never to be given: it would be looked for each second.
        wanted=tuple(item for item in course.wanted if item not in gone),
        unanswered=tuple(item for item in course.unanswered if item not in gone),
    )
    draft.singles = replace(draft.singles, course=course)


def reason(problem: Problem) -> str:
    """Return why a report cannot be read.

    Raises:
        Problem: The one given, where it is the disk or the store as a whole that fails: then
            nothing is known against this report.
    """
    if problem.code != _DAMAGED:
        raise problem
    return problem.detail


def item_of(
    store: Store, report_id: int, kind: str, faults: dict[int, str] | None = None
) -> bytes | None:
    """Return bytes of a report; None where they were removed or do not open.

    Args:
        store: Where they are.
        report_id: Whose.
        kind: ``report`` or ``ack``.
        faults: Where is noted by report why they do not open; None where nobody is told.

    Raises:
        Problem: ``store-failed``.
    """
    try:
        return store.item(report_id, kind)
    except Problem as problem:
        why = reason(problem)
        if faults is not None:
            faults[report_id] = why
        return None
