"""Of one kind of message at most one an hour is told; what is held back is counted, and told later.

A portal that flaps, or sends refused answers without end, must not push everything else out of a
log. The event log is not touched by this: it has each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gauger.core.messages import SystemMessage

HOUR: Final = 3600.0


@dataclass(slots=True)
class _Hour:
    """The hour after a message: when it ends, and what came meanwhile."""

    end: float
    count: int = 0
    last: SystemMessage | None = None


class Repeats:
    """Which messages may be told now. Times are monotonic seconds: a stepped clock opens nothing."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._hours: dict[tuple[str, str], _Hour] = {}

    def admit(self, message: SystemMessage, now: float) -> bool:
        """Return whether a message is told now; else it is held back and counted."""
        # Held back for an hour, the first word on a state would stand there as the last one.
        key = (message.kind.name, message.text if message.kind.is_state else "")
        hour = self._hours.get(key)
        # What waits is told first (`due`): its hour must have been closed before a new one opens.
        if hour is None or (now >= hour.end and not hour.count):
            self._hours[key] = _Hour(end=now + HOUR)
            return True
        hour.count += 1
        hour.last = message
        return False

    def due(self, now: float) -> Iterator[SystemMessage]:
        """Yield, for each kind whose hour is over, the last message that was held back."""
        for hour in self._hours.values():
            if hour.last is not None and now >= hour.end:
                yield _told(hour.last, hour.count)
                hour.end, hour.count, hour.last = now + HOUR, 0, None

    def rest(self) -> Iterator[SystemMessage]:
        """Yield what is still held back, whatever the hour, and begin anew: at the end of a boot."""
        hours, self._hours = self._hours, {}
        for hour in hours.values():
            if hour.last is not None:
                yield _told(hour.last, hour.count)


def _told(last: SystemMessage, count: int) -> SystemMessage:
    if count == 1:
        return last
    return replace(last, text=f"{last.text} (the last of {count} within an hour)")
