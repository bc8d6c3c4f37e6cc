"""Time of this machine, or of a file that a test moves."""

import json
import math
import threading
import time
from pathlib import Path
from typing import Final

from gauger.core.fields import LATEST_TIME
from gauger.core.problems import Problem

_POLL_SECONDS: Final = 0.05
_POLLS: Final = 20


class SystemClock:
    """The clock of the operating system."""

    @property
    def is_test(self) -> bool:
        """Never: what is signed under this clock is not marked."""
        return False

    def wall(self) -> int:
        """Return seconds since 1970-01-01 UTC."""
        return int(time.time())

    def milliseconds(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds that never go back, from an unknown origin."""
        return time.monotonic()

    def pause(self, wake: threading.Event, seconds: float) -> None:
        """Wait until the event is set or the seconds are over."""
        wake.wait(seconds)


class FileClock:
    """A clock that stands still until a test advances its file.

    The file holds ``{"wall": seconds, "monotonic": seconds}`` and is replaced as a whole; it is
    read again whenever its metadata changes.
    """

    def __init__(self, path: Path) -> None:
        """Read the file once, so that a bad one is refused at the start.

        Raises:
            Problem: ``file-not-found`` or ``invalid-argument``.
        """
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._times = (0, 0.0)
        try:
            self._read()
        except OSError as error:
            message = f"The clock file {path} cannot be read: {error}."
            raise Problem("file-not-found", message) from error

    @property
    def is_test(self) -> bool:
        """Always: what is signed under this clock is marked `test_clock`."""
        return True

    def wall(self) -> int:
        """Return the file's seconds since 1970-01-01 UTC."""
        return self._read()[0]

    def milliseconds(self) -> int:
        """Return the same in milliseconds: it holds no parts of a second."""
        return self._read()[0] * 1000

    def monotonic(self) -> float:
        """Return the file's monotonic seconds."""
        return self._read()[1]

    def pause(self, wake: threading.Event, seconds: float) -> None:
        """Wait by short real polls until the event is set or the file has moved on far enough.

        A pause ends early after a second of real time: where the file moved after the caller had
        reckoned how long to wait, the time that is waited for would never come.
        """
        until = self.monotonic() + seconds
        for _ in range(_POLLS):
            if self.monotonic() >= until or wake.wait(_POLL_SECONDS):
                return

    def _read(self) -> tuple[int, float]:
        with self._lock:
            try:
                status = self._path.stat()
                # The inode as well: a file may be replaced twice within one tick of its time stamp.
                seen = (status.st_mtime_ns, status.st_size, status.st_ino)
                if seen != self._seen:
                    self._times = _parse(self._path)
                    self._seen = seen
            except (OSError, Problem):
                # A test that writes in place is caught half-way: time stands still until it is done.
                if self._seen is None:
                    raise
            return self._times


def _parse(path: Path) -> tuple[int, float]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        wall, monotonic = int(value["wall"]), float(value["monotonic"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        # JSON as Python reads it knows Infinity, and numbers that no float holds.
        message = f'The clock file {path} does not hold {{"wall": seconds, "monotonic": seconds}}.'
        raise Problem("invalid-argument", message) from error
    if not 0 <= wall <= LATEST_TIME or not math.isfinite(monotonic):
        raise Problem("invalid-argument", f"The clock file {path} holds a time that is none.")
    return wall, monotonic


def open_clock(path: Path | None) -> SystemClock | FileClock:
    """Return the machine's clock, or the file's where one is named."""
    return SystemClock() if path is None else FileClock(path)
