"""Processes of a sweep: forked from one that has loaded everything, so that each starts at once."""

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

_POLL_SECONDS: Final = 0.002
_ANY_TRACER: Final = ctypes.c_ulong(-1)
_SET_PTRACER: Final = 0x59616D61  # prctl(2): who may trace this process where Yama restricts it
KILLED: Final = -int(signal.SIGKILL)


@dataclass(slots=True)
class Child:
    """A process that this one forked.

    Attributes:
        pid: Its process id.
        said: File of its standard output and error.
        code: How it ended, negative for a signal; None while it runs.
    """

    pid: int
    said: Path
    code: int | None = None

    @property
    def text(self) -> str:
        """What it printed."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        if self.code is None:
            # Never blocking: a child that hangs is a finding, and must not hang the sweep.
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False where it did not come in time."""
        end = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        # Asked anew: a process that was waited for has left its number to others.
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it for certain."""
        self.tell(signal.SIGKILL)
        self.wait(10)


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds a child back until it is opened."""

    read: int
    write: int

    @classmethod
    def make(cls) -> "Gate":
        """Return a closed gate."""
        return cls(*os.pipe())

    def pass_through(self) -> None:
        """Wait in the child until the gate is opened."""
        # Its own end of the pipe, or it would wait for ever after a parent that died.
        os.close(self.write)
        os.read(self.read, 1)
        os.close(self.read)

    def open(self) -> None:
        """Let the child go on."""
        os.write(self.write, b"!")
        os.close(self.write)
        os.close(self.read)


def fork(act: Callable[[], None], said: Path, gate: Gate | None = None) -> Child:
    """Run a function in a process of its own.

    Args:
        act: What it does; it may end by `SystemExit`.
        said: Where its standard output and error go.
        gate: What it waits at before it begins, or None.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # What waited in a buffer would be written once more by the child.
    pid = os.fork()
    if not pid:
        _live(act, said, gate)
    return Child(pid, said)


def _live(act: Callable[[], None], said: Path, gate: Gate | None) -> NoReturn:
    code = 1
    try:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Yama allows only parents to trace: strace is this child's sister, not its mother.
        ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY_TRACER, 0, 0, 0)
        if gate is not None:
            gate.pass_through()
        act()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:  # noqa: BLE001 -- the edge of a process: its trace is told
        traceback.print_exception(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Past everything that the parent registered for its own exit: that is not the child's to
        # do.
        os._exit(code)
