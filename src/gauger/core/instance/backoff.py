"""Back-off with jitter after failed communication, and the two events that tell of it."""

from dataclasses import dataclass
from enum import StrEnum

from gauger.core.problems import Problem

FIRST = 60
"""Longest wait after the first failure, in seconds."""

LONGEST = 14_400
"""Longest wait after any failure, in seconds."""

MOST_ASKED = 86_400
"""Longest wait that a peer may ask for, in seconds."""

ENTROPY = 4
"""Random bytes that one failure needs."""


class CommEvent(StrEnum):
    """What the event log and the operator are told, once each."""

    FAILED = "COMM_FAILED"
    RESTORED = "COMM_RESTORED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How communication with the peer has gone lately.

    Attributes:
        failures: Failures since the last success.
        retry_at: When to try again, in seconds lived; 0 is at once.
    """

    failures: int = 0
    retry_at: int = 0


def failed(
    backoff: Backoff, now: int, random: bytes, *, asked: int = 0
) -> tuple[Backoff, CommEvent | None]:
    """Take a failure.

    The wait doubles with each failure; its second half is random, so that a fleet that lost its
    portal at one moment does not come back at one moment.

    Args:
        backoff: The state.
        now: Seconds lived.
        random: ``ENTROPY`` random bytes.
        asked: Seconds for which the peer asks to wait; never undercut.

    Returns:
        The state, and the event of the first failure in a row.
    """
    failures = backoff.failures + 1
    # The shift is bounded first: after years without a portal it would be thousands of bits long.
    ceiling = min(LONGEST, FIRST << min(failures - 1, 16))
    half = ceiling // 2
    # The remainder favours low values by two in a million at most: 32 bits over 7201 values.
    jitter = int.from_bytes(random[:ENTROPY]) % (ceiling - half + 1)
    # A peer may ask for more, never for less: whoever answers unsigned must not start a flood.
    wait = max(asked, half + jitter)
    # Only the first: a portal that is away for a month must not push all else out of the log.
    event = CommEvent.FAILED if failures == 1 else None
    return Backoff(failures=failures, retry_at=now + wait), event


def asked_by(problem: Problem) -> int:
    """Return for how many seconds a refusal asks to wait (spec/report-life.md, 6).

    Args:
        problem: Why there was no answer.

    Returns:
        At most a day; 0 where it asks for nothing.
    """
    text = problem.diagnostics.get("retry_after", "")
    if not (text.isascii() and text.isdigit()):
        return 0
    # Nobody signs a refusal: whoever sits between must not silence a device for good.
    return min(int(text[:9]), MOST_ASKED)


def succeeded(backoff: Backoff) -> tuple[Backoff, CommEvent | None]:
    """Take a success: the peer answered, whatever it said.

    Returns:
        The state, and the event where failures went before.
    """
    return Backoff(), CommEvent.RESTORED if backoff.failures else None
