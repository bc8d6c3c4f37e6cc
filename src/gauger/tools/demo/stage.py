"""What the story needs on stage: a folder, a clock that it moves, and real processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from gauger.core.problems import Problem

_COMMAND_SECONDS: Final = 60
_START_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gave back.

    Attributes:
        code: Exit code.
        output: Standard output.
        error: Standard error.
    """

    code: int
    output: str
    error: str

    @property
    def json(self) -> object:
        """The standard output, read as JSON."""
        value: object = json.loads(self.output)
        return value


class DemoClock:
    """The `--clock` file of all processes of the story."""

    def __init__(self, path: Path) -> None:
        """Begin at the present time.

        Args:
            path: The file to write.
        """
        self.path = path
        self._wall = int(time.time())
        self._monotonic = 1_000
        self._write()

    def advance(self, seconds: int) -> None:
        """Move all processes' time forward."""
        self._wall += seconds
        # Both: a day that is over for deadlines must be over for what waits by the other clock.
        self._monotonic += seconds
        self._write()

    def _write(self) -> None:
        # Replaced whole: every process reads the clock at any moment, and half a number is another
        # time.
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"wall": self._wall, "monotonic": self._monotonic}))
        fresh.replace(self.path)


class Stage:
    """A temporary folder and the processes that run in it; leaves nothing behind."""

    def __init__(self, keep: Path | None = None) -> None:
        """Prepare the folder.

        Args:
            keep: Folder to work in and to leave for looking around; None for a temporary one.
        """
        self._is_kept = keep is not None
        self.folder = keep if keep is not None else Path(tempfile.mkdtemp(prefix="gauger-demo-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = DemoClock(self.folder / "clock.json")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._aside: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)
        for process in self._aside:
            # Killed, waited for, its pipe closed: also where the story never came to its end.
            process.kill()
            process.communicate()
        if not self._is_kept:
            shutil.rmtree(self.folder)

    def path(self, *parts: str) -> Path:
        """Return a path inside the folder."""
        return self.folder.joinpath(*parts)

    def run(self, *arguments: str | Path) -> Result:
        """Run `gauger` with arguments to its end and return what it gave.

        Raises:
            Problem: ``comm-timeout`` where it does not end within a minute.
        """
        try:
            done = subprocess.run(  # noqa: S603 -- our own command with our own arguments
                _command(arguments),
                capture_output=True,
                text=True,
                timeout=_COMMAND_SECONDS,
                check=False,
                env=_environment(),
            )
        except subprocess.TimeoutExpired as error:
            raise _endless(arguments) from error
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, name: str, *arguments: str | Path, ready: Path) -> None:
        """Start `gauger` with arguments in the background.

        Args:
            name: Name of the process on this stage.
            *arguments: Arguments of the command.
            ready: Path that exists once the process answers.

        Raises:
            Problem: ``comm-timeout`` where it does not answer within 30 s.
        """
        # Appended: a process that is started again must not wipe the words of the one that died.
        log = self.path(f"{name}.log").open("ab")
        with log:
            process = subprocess.Popen(  # noqa: S603 -- our own command with our own arguments
                _command(arguments), stdout=log, stderr=subprocess.STDOUT, env=_environment()
            )
        self._running[name] = process
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = self.path(f"{name}.log").read_text(errors="replace")[-2_000:]
                raise Problem("comm-timeout", f"{name} did not start. Its last words:\n{tail}")
            time.sleep(_POLL_SECONDS)

    def background(self, *arguments: str | Path) -> Callable[[], str]:
        """Start a command; what is returned waits for its end, and gives what it printed."""
        process = subprocess.Popen(  # noqa: S603 -- our own command with our own arguments
            _command(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
        )
        self._aside.append(process)

        def ended() -> str:
            try:
                said, _ = process.communicate(timeout=_COMMAND_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise _endless(arguments) from error
            return said

        return ended

    def kill(self, name: str) -> None:
        """End a process as a power failure would: SIGKILL."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> None:
        """Ask a process to end, and insist after ten seconds."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    # Free now, and most likely still in a moment; a port that was taken meanwhile is named by who
    # listens.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _command(arguments: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "gauger", *map(str, arguments)]


def _endless(arguments: tuple[str | Path, ...]) -> Problem:
    command = " ".join(["gauger", *map(str, arguments)])
    return Problem("comm-timeout", f"`{command}` did not end within {_COMMAND_SECONDS} s.")


def _environment() -> dict[str, str]:
    """Return the environment without what would make the story depend on this machine."""
    # A proxy of the machine would be asked for loopback, and every table would be as wide as this
    # terminal.
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return kept | {"COLUMNS": "120", "NO_COLOR": "1"}
