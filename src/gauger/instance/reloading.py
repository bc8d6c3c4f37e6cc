"""A reload that an operator wants later: a way back from a change that locks everybody out."""

import logging
import threading
from collections.abc import Callable

from gauger.core.problems import Problem
from gauger.instance.ports import PausingClock

_log = logging.getLogger(__name__)


class LaterReload:
    """It fills `gauger.instance.ports.LaterReloads`."""

    def __init__(self, clock: PausingClock, reload: Callable[[], None]) -> None:
        """Begin without one.

        Args:
            clock: Time.
            reload: What begins another boot.
        """
        self._clock, self._reload = clock, reload
        self._lock = threading.Lock()
        self._cancelled: threading.Event | None = None
        self._at: int | None = None

    @property
    def at(self) -> int | None:
        """When it comes, epoch seconds; None without one."""
        return self._at

    def schedule(self, seconds: int) -> int:
        """Reload then, and not when it was wanted before; see `ports.LaterReloads`."""
        with self._lock:
            self._forget()
            cancelled = self._cancelled = threading.Event()
            at = self._at = self._clock.wall() + seconds
        # A daemon: what is days away must not keep a process that ends.
        threading.Thread(
            target=self._wait, args=(cancelled, seconds), name="reload-later", daemon=True
        ).start()
        return at

    def cancel(self) -> bool:
        """Forget it, and return whether there was one."""
        with self._lock:
            return self._forget()

    def _forget(self) -> bool:
        waiting, self._cancelled, self._at = self._cancelled, None, None
        if waiting is not None:
            waiting.set()
        return waiting is not None

    def _wait(self, cancelled: threading.Event, seconds: int) -> None:
        self._clock.pause(cancelled, seconds)
        with self._lock:
            # Looked at with the lock held: who has cancelled it in time was told so.
            if cancelled.is_set():
                return
            self._forget()
        try:
            self._reload()
        except Problem as problem:
            _log.error("the reload that was scheduled failed: %s", problem.detail)
