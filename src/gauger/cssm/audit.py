"""What the portal writes into the ledger's event log; repeated refusals become one event."""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Protocol

from gauger.core.authority.commands import Command, RecordEvent
from gauger.core.authority.outcomes import Outcome
from gauger.core.identity import AccountRef
from gauger.core.ports import Clock
from gauger.core.problems import Problem
from gauger.core.text import one_line

_KINDS: Final = 1000  # refusals told apart in one window; bounds what a flood can write
_DETAIL: Final = 500


class Recorder(Protocol):
    """The part of the authority that keeps events."""

    def execute(self, command: Command) -> Outcome:
        """Carry out a command; returns when it is durable."""

    def enqueue(self, command: Command) -> Future[Outcome]:
        """Carry out a command with the next commit."""


@dataclass(slots=True)
class _Repeated:
    since: float
    event: RecordEvent
    more: int = 0


class Audit:
    """Records changes of people and roles at once, and refusals with repeats coalesced."""

    def __init__(self, authority: Recorder, clock: Clock, *, repeat_seconds: int) -> None:
        """Set where events go and how long a repeat counts as one."""
        self._authority = authority
        self._clock = clock
        self._window = repeat_seconds
        self._recent: OrderedDict[tuple[str, str, str | None], _Repeated] = OrderedDict()
        self._lock = threading.Lock()

    def change(
        self, kind: str, subject: str, detail: str, *, by: str, account: AccountRef | None = None
    ) -> None:
        """Record a change; returns when the event is durable."""
        event = RecordEvent(
            kind=kind,
            subject=printable(subject),
            detail=printable(detail),
            by=printable(by),
            account=account,
        )
        self._authority.execute(event)

    def refusal(self, problem: Problem, subject: str, *, by: str) -> None:
        """Record a refusal; the same one again within the window is only counted.

        Args:
            problem: What was refused and why.
            subject: What was asked for, for example a route or a digest.
            by: Who asked: a caller or an address.
        """
        now = self._clock.monotonic()
        event = RecordEvent(
            kind=f"refused-{problem.code}",
            subject=printable(subject),
            detail=printable(problem.detail),
            by=printable(by),
        )
        with self._lock:
            due = self._over(now - self._window)
            key = (event.kind, event.subject, event.by)
            # Subjects and names are the attacker's to choose: beyond the cap only kinds are told
            # apart.
            if key not in self._recent and len(self._recent) >= _KINDS:
                key = (event.kind, "", "")
            known = self._recent.get(key)
            if known is None:
                self._recent[key] = _Repeated(since=now, event=event)
                due.append(event)
            else:
                known.more += 1
        self._send(due)

    def flush(self) -> None:
        """Record the repeats counted so far; called when the portal stops."""
        with self._lock:
            due = self._over(float("inf"))
        self._send(due)

    def _over(self, until: float) -> list[RecordEvent]:
        due: list[RecordEvent] = []
        while self._recent:
            first = next(iter(self._recent.values()))
            # In the order of their first sight: behind one that is not over, none is.
            if first.since > until:
                break
            self._recent.popitem(last=False)
            if first.more:
                due.append(_repeats(first))
        return due

    def _send(self, due: list[RecordEvent]) -> None:
        for event in due:
            # Not waited for: whom we refuse must not hold a thread until the disk has synced, nor
            # see our disk's trouble instead of the refusal.
            self._authority.enqueue(event)


def _repeats(one: _Repeated) -> RecordEvent:
    detail = f"{one.more} more times. {one.event.detail}"[:_DETAIL]
    return RecordEvent(
        kind=one.event.kind, subject=one.event.subject, detail=detail, by=one.event.by
    )


def printable(text: str) -> str:
    """Return a text with every control character escaped and its length capped.

    What others send stands in the event log: a line end or a terminal escape in it must not look
    like a line of its own, nor move the cursor of who reads it.
    """
    return one_line(text[:_DETAIL])
