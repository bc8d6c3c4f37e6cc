"""System calls on the data folders: counted by strace, and made to fail by strace."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sweep.forked import Child

# All that can change what a folder holds, and nothing that only reads: a failed read loses nothing
# that was stored.
_CALLS: Final = (
    *("write", "pwrite64", "pwritev", "fsync", "fdatasync", "sync_file_range"),
    *("rename", "renameat", "renameat2", "truncate", "ftruncate", "fallocate"),
    *("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "open", "openat", "creat"),
    *("link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat"),
)
_OPENING: Final = frozenset({"open", "openat"})
_NEEDS_NO_SPACE: Final = frozenset({"unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat"})
_ATTACH_SECONDS: Final = 10.0
_END_SECONDS: Final = 10.0
_LINE: Final = re.compile(r"^(?P<call>[a-z0-9_]+)\((?P<arguments>.*)")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What befalls a system call.

    Attributes:
        name: How it is called on the command line and in the table.
        injection: What strace is told.
        lasts: Whether every later call of the kind fails as well.
    """

    name: str
    injection: str
    lasts: bool = False

    @property
    def kills(self) -> bool:
        """Whether the process ends there and then."""
        return self.name == "KILL"

    def befalls(self, call: str) -> bool:
        """Whether a call can fail in this way: what frees space never lacks it."""
        return "ENOSPC" not in self.name or call not in _NEEDS_NO_SPACE


FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault("KILL", "signal=KILL"),
        Fault("EIO", "error=EIO"),
        Fault("ENOSPC", "error=ENOSPC"),
        # A disk that is broken or full stays so: what is tried again must fail well, too.
        Fault("EIO+", "error=EIO", lasts=True),
        Fault("ENOSPC+", "error=ENOSPC", lasts=True),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A system call that touches a data folder: the Nth of its kind in a thread.

    Attributes:
        call: Its name.
        number: Which one, from 1.
        what: What it touches, for people.
    """

    call: str
    number: int
    what: str = ""

    def injection(self, fault: Fault) -> str:
        """Return strace's expression for a fault here."""
        when = f"{self.number}{'+' if fault.lasts else ''}"
        return f"inject={self.call}:{fault.injection}:when={when}"


class Tracer:
    """One strace on one process and its threads."""

    def __init__(self, child: Child, log: Path, *options: str) -> None:
        """Attach to a process, which must not begin before this returns.

        Args:
            child: The process.
            log: Folder of the logs, one for each thread; emptied.
            *options: Further options of strace.

        Raises:
            RuntimeError: Where strace cannot attach.
        """
        # Of the trial before: its points would be taken for this one's.
        shutil.rmtree(log, ignore_errors=True)
        log.mkdir()
        self._log = log
        # With the question mark strace passes over calls that this processor's Linux does not have.
        calls = ",".join(f"?{call}" for call in _CALLS)
        # One log a thread, with the paths behind descriptors: strace counts its Nth call by thread
        # as well.
        command = ["strace", "-ff", "-y", "-qq", "-o", f"{log}/thread", "-p", str(child.pid)]
        self._process = subprocess.Popen(
            [*command, "-e", f"trace={calls}", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        await_tracer(child, self._process)

    def end(self) -> None:
        """Wait for strace, which ends with the last thread that it follows."""
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(_END_SECONDS)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def points(self, folders: Sequence[Path]) -> list[Point]:
        """Return every call that touched a folder, in the order of the log."""
        found: dict[tuple[str, int], Point] = {}
        for thread in sorted(self._log.iterdir()):
            for point in _points(thread, [str(folder) for folder in folders]):
                # Strace lets a fault befall the Nth call of every thread: two threads' Nth calls
                # are one point.
                found.setdefault((point.call, point.number), point)
        return list(found.values())

    def was_hit(self, point: Point, fault: Fault, folders: Sequence[Path]) -> bool:
        """Return whether the fault befell a call on one of the folders."""
        names = [str(folder) for folder in folders]
        for thread in self._log.iterdir():
            lines = thread.read_text(encoding="utf-8", errors="replace").splitlines()
            if fault.kills:
                # A killed call is not marked as injected: it is the last of its thread, with the
                # number asked for.
                own = [line for line in lines if line.startswith(f"{point.call}(")]
                hit = own[-1:] if len(own) == point.number else []
            else:
                hit = [line for line in lines if "(INJECTED)" in line]
            if any(name in line for line in hit for name in names):
                return True
        return False


def await_tracer(child: Child, tracer: "subprocess.Popen[bytes]") -> None:
    """Wait until strace follows every thread of a process.

    Raises:
        RuntimeError: Where it cannot attach.
    """
    end = time.monotonic() + _ATTACH_SECONDS
    while any(_is_untraced(task / "status") for task in _tasks(child.pid)):
        if tracer.poll() is not None or time.monotonic() > end:
            tracer.kill()
            said = tracer.stderr.read() if tracer.stderr else b""
            raise RuntimeError(f"strace cannot attach: {said.decode(errors='replace')}")
        time.sleep(0.001)


def _tasks(pid: int) -> Iterator[Path]:
    try:
        yield from Path(f"/proc/{pid}/task").iterdir()
    except FileNotFoundError:
        return


def _is_untraced(status: Path) -> bool:
    try:
        return "TracerPid:\t0\n" in status.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _points(thread: Path, folders: Sequence[str]) -> Iterator[Point]:
    counted: dict[str, int] = {}
    for line in thread.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        call, arguments = match["call"], match["arguments"]
        counted[call] = counted.get(call, 0) + 1
        touched = next((folder for folder in folders if folder in arguments), None)
        # An opening that makes no file changes nothing: to fail there is to fail before the write.
        if touched is None or (call in _OPENING and "O_CREAT" not in arguments):
            continue
        yield Point(call, counted[call], _name(arguments, touched))


def _name(arguments: str, folder: str) -> str:
    rest = arguments[arguments.index(folder) + len(folder) :]
    return re.split(r'[">,]', rest.lstrip("/"), maxsplit=1)[0] or "."
