"""How the story is told: one line a step, with its result, and an end at the first that fails."""

import json
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gauger.core.problems import Problem
from gauger.tools.demo.stage import Result, Stage

ACCOUNT: Final = "example.com/DEFAULT"
STRANGER: Final = "other.example/DEFAULT"
_COLUMN: Final = 62
"""Where the results stand, one below the other."""

_ROOM: Final = 40
"""Columns that results need beside the steps; in a narrower terminal they stand below."""

_INDENT: Final = " " * 6
_PATIENCE: Final = 15
_POLL_SECONDS: Final = 0.1


class StepFailed(Exception):  # noqa: N818 -- reads as what happened
    """A step of the story did not end as it should."""


@dataclass(slots=True)
class Scene:
    """The stage, and what the steps before have left on it.

    Attributes:
        stage: Folder, clock and processes.
        say: Where the story goes, a line at a time.
        shared: Folder with files of real devices, or None where there is none.
        width: Columns of the terminal; None where a step is one line however long, as in a pipe.
        portal_port: Loopback port of CSSM.
        device_port: Loopback port that the first device talks to.
        token: An ID token that the story keeps for later.
    """

    stage: Stage
    say: Callable[[str], None]
    shared: Path | None
    width: int | None = None
    portal_port: int = 0
    device_port: int = 0
    token: str = ""
    _steps: int = field(default=0, init=False)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.say(f"\n{title}")

    def step(self, what: str, act: Callable[[], str]) -> None:
        """Do one step and tell its result beside it, or below where there is no room.

        Raises:
            StepFailed: Where it did not end as it should; the line says so.
        """
        self._steps += 1
        head = f"{self._steps:4}  {what}"
        try:
            result = act()
        except (StepFailed, Problem) as failure:
            self.say(f"{_dotted(head)} FAILED\n{failure}")
            # The cause was told beside the step: above it only the end of the story is left to say.
            raise StepFailed(what) from failure
        self.say(_laid_out(head, result, self.width))

    @property
    def steps(self) -> int:
        """How many steps were told."""
        return self._steps

    def gauger(self, *arguments: str | Path) -> str:
        """Run a command that must succeed and return what it printed.

        Raises:
            StepFailed: Where it did not succeed.
        """
        result = self.stage.run(*arguments)
        if result.code != 0:
            raise StepFailed(_told(arguments, result))
        return result.output

    def refused(self, code: str, *arguments: str | Path) -> str:
        """Run a command that must be refused by name and return the name.

        Raises:
            StepFailed: Where it succeeded, or was refused for another reason.
        """
        result = self.stage.run(*arguments)
        # By its name: a command that fails for another reason would make the promise look kept.
        if result.code == 0 or f"({code})" not in result.error:
            raise StepFailed(f"Expected the refusal {code}.\n{_told(arguments, result)}")
        return f"refused: {code}"

    def cssm(self, *arguments: str | Path) -> str:
        """Run a sub-command of `gauger cssm` against the portal."""
        return self.gauger("cssm", *arguments, "--data", self.stage.path("cssm"))

    def cssm_items(self, *arguments: str | Path) -> list[dict[str, object]]:
        """Run a listing sub-command of `gauger cssm` and return its rows."""
        rows: list[dict[str, object]] = json.loads(self.cssm(*arguments, "--json"))
        return rows

    def execute(self, device: str, line: str) -> str:
        """Carry out an EXEC command on a device."""
        return self.gauger("instance", "exec", "--data", self.stage.path(device), line)

    def configure(self, device: str, *lines: str) -> str:
        """Apply configuration lines on a device."""
        return self.gauger("instance", "config", "--data", self.stage.path(device), *lines)

    def require(self, truth: object, otherwise: str) -> None:
        """Hold the story to what it promises.

        Raises:
            StepFailed: Where it is not so.
        """
        if not truth:
            raise StepFailed(otherwise)

    def wait_for(self, line: str, show: Callable[[], str]) -> None:
        """Wait until an output holds a text.

        Raises:
            StepFailed: Where it does not within 15 seconds.
        """
        deadline = time.monotonic() + _PATIENCE
        while line not in (text := show()):
            if time.monotonic() > deadline:
                raise StepFailed(f"Waited in vain for {line!r} in:\n{text}")
            time.sleep(_POLL_SECONDS)


def line_of(text: str, label: str) -> str:
    """Return what stands behind a label in an output, or an empty text."""
    for line in text.splitlines():
        if line.strip().startswith(label):
            return line.strip().removeprefix(label).strip()
    return ""


def _dotted(head: str) -> str:
    return f"{head} ".ljust(_COLUMN, ".")


def _laid_out(head: str, result: str, width: int | None) -> str:
    """Return a step and its result as the terminal has room for them."""
    if width is None:
        return f"{_dotted(head)} {result}"
    if width < _COLUMN + _ROOM or len(head) >= _COLUMN:
        room = max(width - len(_INDENT), _ROOM)
        return "\n".join([head, *(f"{_INDENT}{line}" for line in textwrap.wrap(result, room))])
    first, *more = textwrap.wrap(result, width - _COLUMN - 1)
    below = " " * (_COLUMN + 1)
    return "\n".join([f"{_dotted(head)} {first}", *(f"{below}{line}" for line in more)])


def _told(arguments: tuple[str | Path, ...], result: Result) -> str:
    command = " ".join(["gauger", *map(str, arguments)])
    return f"$ {command}\n{result.output}{result.error}(exit code {result.code})"
