"""What waits for a slow reader: bounded, and never waited for by whoever fills it."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """A queue between one who must not wait and a thread that may."""

    def __init__(self, room: int) -> None:
        """Begin empty.

        Args:
            room: How many items wait at most.
        """
        self._items: deque[T] = deque()
        self._room = room
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, item: T) -> bool:
        """Leave an item; return whether there was room. Never waits for the reader."""
        with self._changed:
            if self._is_closed or len(self._items) >= self._room:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def first(self) -> T | None:
        """Wait for an item and return it, still in its place; None once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed)
            return self._items[0] if self._items else None

    def drop(self, item: T) -> None:
        """Take the item away that `first` returned."""
        with self._changed:
            # Another one stands there where the queue was cleared while its reader was at work.
            if self._items and self._items[0] is item:
                self._items.popleft()
            self._changed.notify_all()

    def wait_empty(self, seconds: float) -> bool:
        """Wait, at most so long, until everything was taken; return whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._items, seconds)

    def clear(self) -> int:
        """Take everything away and return how much it was."""
        with self._changed:
            count = len(self._items)
            self._items.clear()
            self._changed.notify_all()
            return count

    def close(self) -> None:
        """Let nothing in any more; what waits may still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Wait, at most until it is closed; return whether it is closed."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed, seconds)

    @property
    def is_closed(self) -> bool:
        """Whether nothing comes in any more."""
        return self._is_closed

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)
