"""Verdicts that the portal owes: reports that it judges later are asked for, and not sent again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gauger.instance.memory import Draft
from gauger.instance.records import Course, Poll

POLLS: Final = "polls"
"""Kind of the exchange that asks for what is owed."""

# A portal that answers each sending by a poll must not fill the store of a device.
_MOST: Final = 16


def due(course: Course, lived: int) -> Poll | None:
    """Return a poll whose time has come, or None."""
    return next((poll for poll in course.polls if poll.check_at <= lived), None)


def begin(draft: Draft, poll: Poll) -> None:
    """Take that the portal judges reports later.

    The sending itself is over, so that a report that waits weeks for a person's decision never
    holds up the next sending.
    """
    polls = (*draft.singles.course.polls, poll)
    _put(draft, polls[-_MOST:])
    # Dropped, but not forgotten: their reports go again, and bring a poll or a verdict.
    for left_out in polls[:-_MOST]:
        _send_again(draft, left_out)


def ask_now(draft: Draft) -> None:
    """Make every poll due."""
    _put(draft, tuple(replace(poll, check_at=0) for poll in draft.singles.course.polls))


def ask_later(draft: Draft, poll_id: str, *, check_at: int, check_wall: int) -> None:
    """Take that the portal still owes something."""
    _put(
        draft,
        tuple(
            replace(poll, check_at=check_at, check_wall=check_wall)
            if poll.poll_id == poll_id
            else poll
            for poll in draft.singles.course.polls
        ),
    )


def end(draft: Draft, poll_id: str) -> None:
    """Take that nothing is owed any more."""
    _put(draft, tuple(poll for poll in draft.singles.course.polls if poll.poll_id != poll_id))


def forget(draft: Draft, poll_id: str) -> None:
    """Take that the portal does not know a poll: it was restored, or waited too long.

    Nothing else would ever bring the verdicts, so the reports go with the next sending.
    """
    for poll in draft.singles.course.polls:
        if poll.poll_id == poll_id:
            _send_again(draft, poll)
    end(draft, poll_id)


def drop_settled(draft: Draft, is_settled: Callable[[int], bool]) -> None:
    """Drop polls whose reports a file has answered meanwhile."""
    polls = draft.singles.course.polls
    _put(draft, tuple(poll for poll in polls if not all(map(is_settled, poll.report_ids))))


def _send_again(draft: Draft, poll: Poll) -> None:
    course = draft.singles.course
    unanswered = tuple(sorted({*course.unanswered, *poll.report_ids}))
    draft.singles = replace(draft.singles, course=replace(course, unanswered=unanswered))


def _put(draft: Draft, polls: tuple[Poll, ...]) -> None:
    course = draft.singles.course
    if polls != course.polls:
        draft.singles = replace(draft.singles, course=replace(course, polls=polls))
