"""Count how exchanges with the portal go; support asks for it, and a boot begins at nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gauger.core.problems import Problem
from gauger.instance.tech_views import ExchangeView

HEADINGS: Final = (
    "Trust Establishment",
    "Trust Acknowledgement",
    "Usage Reporting",
    "Result Polling",
    "Authorization Request",
    "Authorization Confirmation",
    "Authorization Return",
    "Trust Sync",
    "Hello Message",
)
"""What is counted, in the order of published output."""

_POLLING: Final = "Result Polling"
_KINDS: Final[Mapping[str, str]] = {
    "trust": "Trust Establishment",
    "usage": "Usage Reporting",
    "polls": _POLLING,
    "hello": "Hello Message",
    "authorization": "Authorization Request",
    "confirmation": "Authorization Confirmation",
    "return": "Authorization Return",
}
_UNREACHED: Final = frozenset({"comm-failed", "comm-timeout", "tls-failed", "vrf-unavailable"})


class Tallies:
    """Counts of one boot. Its caller serialises all calls."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._exchanges = {heading: ExchangeView(heading=heading) for heading in HEADINGS}

    def views(self) -> tuple[ExchangeView, ...]:
        """Return the counts, in the order of published output."""
        return tuple(self._exchanges.values())

    def answered(self, kind: str, *, is_poll: bool, status: str, at: int) -> None:
        """Take that an answer came.

        Args:
            kind: Kind of the exchange, as `gauger.instance.exchanging.Outgoing` names it.
            is_poll: Whether it asked for the answer to an earlier message.
            status: How it was answered.
            at: When, epoch seconds.
        """
        before = self._of(kind, is_poll=is_poll)
        if before is None:
            return
        self._exchanges[before.heading] = replace(
            before,
            succeeded=before.succeeded + 1,
            failing=0,
            unreachable=0,
            response=status,
            response_at=at,
            reason=None,
            last_success=at,
        )

    def failed(self, kind: str, problem: Problem, *, is_poll: bool, at: int) -> None:
        """Take that none came, or one that is no answer.

        Args:
            kind: Kind of the exchange.
            problem: Why.
            is_poll: Whether it asked for the answer to an earlier message.
            at: When, epoch seconds.
        """
        before = self._of(kind, is_poll=is_poll)
        if before is None:
            return
        self._exchanges[before.heading] = replace(
            before,
            failed=before.failed + 1,
            failing=before.failing + 1,
            # The two counts differ where the portal is there and what it says is no answer.
            unreachable=before.unreachable + (problem.code in _UNREACHED),
            response="NO REPLY" if problem.code in _UNREACHED else "INVALID STATUS CODE",
            response_at=None,
            reason=problem.detail,
            last_failure=at,
        )

    def _of(self, kind: str, *, is_poll: bool) -> ExchangeView | None:
        # A kind that published output has no heading for is not counted: talking goes on.
        heading = _POLLING if is_poll else _KINDS.get(kind)
        return None if heading is None else self._exchanges[heading]
