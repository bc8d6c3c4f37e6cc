"""Commands that wait for the portal, and operators who need not wait along.

What was broken off goes on behind: a message that is under way has an answer, and the product
instance must take it in. Only the prompt comes back at once.
"""

import threading
from collections.abc import Callable
from typing import Final

from gauger.core.problems import Problem
from gauger.surfaces.shell.questions import Work

BROKEN_OFF: Final = (
    "% Broken off. It goes on behind: `show license history message` tells what becomes of it."
)

_POLL_SECONDS: Final = 0.05


class Patience:
    """Waits for a command as long as its operator does."""

    def __init__(self, broke_off: Callable[[], bool]) -> None:
        """Begin with nothing to wait for.

        Args:
            broke_off: Tells, without waiting, whether Ctrl-C was typed since it was asked last.
        """
        self._broke_off = broke_off
        self._behind: threading.Thread | None = None

    def wait(self, work: Work) -> str:
        """Carry out what waits for the portal, in a thread of its own.

        Args:
            work: It returns what is printed, refusals too, and raises nothing.

        Returns:
            What is printed: by the work, or that it was broken off.

        Raises:
            Problem: ``invalid-command`` while one that was broken off still goes on.
        """
        if self._behind is not None and self._behind.is_alive():
            # The attack stopped: a thread more for each line, typed and broken off in a loop.
            raise Problem("invalid-command", "The command that was broken off still goes on.")
        told: list[str] = []
        done = threading.Event()

        def carry_out() -> None:
            try:
                told.append(work())
            finally:
                done.set()

        # A daemon: a command that waits for a portal must not keep a process that ends.
        thread = threading.Thread(target=carry_out, name="shell-waits", daemon=True)
        thread.start()
        while not done.wait(_POLL_SECONDS):
            if self._broke_off():
                self._behind = thread
                return BROKEN_OFF
        return "".join(told)
