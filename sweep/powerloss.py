"""Power loss: what a disk may hold of a command's writes, made anew from the log of strace.

What was synced is there. Of what was not, a disk may have kept nothing, all, or some, in another
order, and a write cut in the middle of its sectors. A file that was made or renamed is there under
its name for certain only once its folder was synced. Acknowledged is what the process told the
outside: a line that it writes to its standard output.
"""

import ast
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sweep.forked import Child

SECTOR: Final = 512
_CALLS: Final = (
    "open,openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,"
    "ftruncate,unlink,unlinkat,mkdir,mkdirat"
)
_CALL: Final = re.compile(
    r"^(?:\d+ +)?(?P<call>[a-z0-9_]+)\((?P<arguments>.*)\) += (?P<result>-?\d+)"
)
_PATH: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OPEN: Final = re.compile(r"^\d+<(?P<path>[^>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call that changed a folder.

    Attributes:
        call: ``write``, ``truncate``, ``make``, ``rename``, ``remove``, ``folder`` or ``sync``.
        path: What it changed.
        offset: Where, or the new length.
        data: What was written.
        to: The new name.
        said: How much had been told to the outside when it began.
    """

    call: str
    path: str
    offset: int = 0
    data: bytes = b""
    to: str = ""
    said: int = 0


def record(child: Child, log: Path) -> "subprocess.Popen[bytes]":
    """Attach to a process and write down every byte that it writes."""
    # Every byte, and in hexadecimal: what is written back must be what was written.
    command = ["strace", "-f", "-y", "-qq", "-xx", "-s", "16777216", "-o", str(log)]
    return subprocess.Popen([*command, "-e", f"trace={_CALLS}", "-p", str(child.pid)])


def read_log(log: Path, folder: Path, said: Path) -> list[Step]:
    """Return the steps of a log that concern a folder, in their order."""
    steps: list[Step] = []
    cursors: dict[str, int] = {}
    told = 0
    for line in _whole_lines(log):
        match = _CALL.match(line)
        # A call that failed has changed nothing.
        if match is None or int(match["result"]) < 0:
            continue
        arguments = match["arguments"]
        opened = _OPEN.match(arguments)
        path = "" if opened is None else _text(opened["path"])
        # What was told counts from the moment of the call: from then on somebody may rely on it.
        if match["call"] == "write" and path == str(said):
            told += int(match["result"])
            continue
        step = _step(match["call"], path, arguments, cursors)
        # With the slash: `device` is no part of `device-2`.
        if step is not None and (step.path + "/").startswith(f"{folder}/"):
            steps.append(
                Step(
                    call=step.call,
                    path=step.path,
                    offset=step.offset,
                    # A write may take less than it was given; the rest comes with the next one.
                    data=step.data[: int(match["result"])] if step.call == "write" else b"",
                    to=step.to,
                    said=told,
                )
            )
    return steps


def _whole_lines(log: Path) -> Iterator[str]:
    """Join the halves of calls during which another thread did something."""
    halves: dict[str, str] = {}
    for line in log.read_text(encoding="ascii", errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.lstrip()
        if rest.endswith("<unfinished ...>"):
            halves[pid] = rest.removesuffix("<unfinished ...>").rstrip()
        # In the order of their ends: before that nobody could count on them.
        elif rest.startswith("<... "):
            yield halves.pop(pid, "") + rest.partition("resumed>")[2]
        else:
            yield rest


def _text(escaped: str) -> str:
    return _bytes(escaped).decode()


def _bytes(escaped: str) -> bytes:
    literal = ast.literal_eval(f'b"{escaped}"')
    return literal if isinstance(literal, bytes) else b""


def _step(call: str, path: str, arguments: str, cursors: dict[str, int]) -> Step | None:
    names = [_text(name) for name in _PATH.findall(arguments)] if call in _NAMING else []
    if call in {"open", "openat"}:
        return _opened(names[0], arguments, cursors)
    if call in {"write", "pwrite64"}:
        data = _bytes(_PATH.findall(arguments)[0])
        if call == "pwrite64":
            return Step(call="write", path=path, data=data, offset=_last_number(arguments))
        offset = cursors.get(path, 0)
        cursors[path] = offset + len(data)
        return Step(call="write", path=path, data=data, offset=offset)
    if call == "ftruncate":
        return Step(call="truncate", path=path, offset=_last_number(arguments))
    if call in {"fsync", "fdatasync"}:
        return Step(call="sync", path=path)
    return _named(call, names)


_NAMING: Final = frozenset(
    {"open", "openat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat"}
)


def _last_number(arguments: str) -> int:
    return int(arguments.rpartition(",")[2])


def _opened(path: str, arguments: str, cursors: dict[str, int]) -> Step | None:
    # From the beginning: nothing in a data folder is opened to append.
    cursors[path] = 0
    # An emptied file is a change like any other: after a power loss it may be empty, and nothing
    # more.
    if "O_TRUNC" in arguments:
        return Step(call="make", path=path, offset=1)
    return Step(call="make", path=path) if "O_CREAT" in arguments else None


def _named(call: str, names: list[str]) -> Step:
    if call.startswith("rename"):
        return Step(call="rename", path=names[0], to=names[1])
    if call.startswith("mkdir"):
        return Step(call="folder", path=names[0])
    return Step(call="remove", path=names[0])


@dataclass
class Disk:
    """What a disk holds for certain, and what it may hold besides.

    Attributes:
        root: Where it is laid out.
        pending: What was not synced yet, in its order.
    """

    root: Path
    pending: list[Step] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Take a step; a sync makes what it concerns certain."""
        if step.call != "sync":
            self.pending.append(step)
            return
        certain = [one for one in self.pending if _concerns(step.path, one)]
        for one in certain:
            self._apply(one)
        self.pending = [one for one in self.pending if one not in certain]

    def lose(self, chance: random.Random, share: float) -> None:
        """Cut the power: a share of what is pending is there, one write torn in its sectors."""
        kept = [one for one in self.pending if chance.random() < share]
        # Names reach a journalling disk in their order; the content of files in any order.
        content = [one for one in kept if one.call in {"write", "truncate"}]
        # A disk's cache writes in whatever order is shortest; only a sync puts an order between two
        # writes.
        chance.shuffle(content)
        # One is enough: a disk writes one sector at a time, and the power goes once.
        torn = content[0] if content and share < 1 else None
        for one in kept:
            if one.call not in {"write", "truncate"}:
                self._apply(one)
        for one in content:
            self._apply(_torn(one, chance) if one is torn else one)
        self.pending = []

    def _apply(self, step: Step) -> None:
        path = self.root / step.path.lstrip("/")
        match step.call:
            case "folder":
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            case "make" if path.parent.is_dir():
                path.touch(mode=0o600)
                if step.offset:
                    path.write_bytes(b"")
            case "write" | "truncate" if path.is_file():
                _change(path, step)
            # The file itself may not have reached the disk, then its name does not move either.
            case "rename" if path.exists():
                target = self.root / step.to.lstrip("/")
                path.replace(target)
            case "remove" if path.is_file():
                path.unlink()


def _concerns(synced: str, step: Step) -> bool:
    """Return whether a sync of a file or folder makes a step certain."""
    if step.call in {"write", "truncate", "make"} and step.path == synced:
        return True
    # Syncing a folder keeps its names, never the content of its files: that is the usual mistake.
    return step.call not in {"write", "truncate"} and str(Path(step.path).parent) == synced


def _change(path: Path, step: Step) -> None:
    with path.open("r+b") as file:
        if step.call == "truncate":
            file.truncate(step.offset)
        else:
            file.seek(step.offset)
            file.write(step.data)


def _torn(step: Step, chance: random.Random) -> Step:
    """Return a write of which only the first sectors arrived."""
    sectors = len(step.data) // SECTOR
    kept = chance.randint(0, sectors) * SECTOR
    return Step(call=step.call, path=step.path, offset=step.offset, data=step.data[:kept])


def disks(
    before: Path, folder: Path, steps: list[Step], *, at: int, seed: int
) -> Iterator[tuple[str, Disk]]:
    """Yield what may be there after a power loss when so many steps were taken.

    Args:
        before: The folder as it was before the command.
        folder: Its name in the log.
        steps: What the command did.
        at: After how many of them the power goes.
        seed: Of the chance of what is lost.
    """
    root = before.parent / "disk"
    for name, share in (("nothing", 0.0), ("half", 0.5), ("all", 1.0)):
        # Anew for each: what one disk kept must not be there on the next.
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(before, root / str(folder).lstrip("/"))
        disk = Disk(root)
        for step in steps[:at]:
            disk.take(step)
        disk.lose(random.Random(f"{seed}/{at}/{name}"), share)  # noqa: S311 -- repeatable on purpose
        yield f"{name} of what was not synced", disk
