"""Outcomes that come from the authority's thread, told to the event loop once for many of them."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final
from weakref import WeakKeyDictionary

from gauger.core.authority.outcomes import Outcome


class _Group:
    """The outcomes that one request waits for."""

    __slots__ = ("_lock", "_open", "bell", "done")

    def __init__(self, bell: "_Bell", done: asyncio.Future[None], count: int) -> None:
        self.bell = bell
        self.done = done
        self._open = count
        self._lock = threading.Lock()

    def one_more(self, _: Future[Outcome]) -> None:
        """Count an outcome; called by whichever thread made it."""
        # Outcomes of one request may come from two threads; `-=` is no single step.
        with self._lock:
            self._open -= 1
            if self._open:
                return
        self.bell.ring(self)


class _Bell:
    """Wakes one event loop.

    To wake it is a system call, at which the authority's thread loses the interpreter to the loop
    that it just woke. A page answers hundreds of requests: it rings once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._complete: deque[_Group] = deque()
        self._is_rung = False

    def ring(self, group: _Group) -> None:
        """Let the loop know that a request can be answered."""
        self._complete.append(group)
        if not self._is_rung:
            self._is_rung = True
            self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        # First the mark, then the queue: what comes between the two rings again.
        self._is_rung = False
        while self._complete:
            done = self._complete.popleft().done
            if not done.done():
                done.set_result(None)


_BELLS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell]] = WeakKeyDictionary()


async def all_there(waiting: Sequence[Future[Outcome]], seconds: float) -> bool:
    """Wait for outcomes.

    Args:
        waiting: At least one. What the authority has been given runs on, whatever happens here.
        seconds: How long.

    Returns:
        Whether every outcome is there.
    """
    loop = asyncio.get_running_loop()
    bell = _BELLS.get(loop)
    if bell is None:
        bell = _BELLS[loop] = _Bell(loop)
    done: asyncio.Future[None] = loop.create_future()
    group = _Group(bell, done, len(waiting))
    # A timer and no cancelling: whoever gives up gets a poll id, and the work goes on.
    timer = loop.call_later(seconds, _give_up, done)
    # After everything is set: one that is done already calls back here and now.
    for one in waiting:
        one.add_done_callback(group.one_more)
    try:
        await done
    except asyncio.CancelledError:
        done.cancel()
        raise
    finally:
        timer.cancel()
    # Asked again: the last may have come in the moment in which the timer rang.
    return all(one.done() for one in waiting)


def _give_up(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
