"""Reads a tutorial as a person does, and types it: real terminals, real processes.

What is typed stands in ``console`` blocks behind ``$ ``; a backslash at a line's end goes on in the
next. All other lines of a block are what the command must print: ``…`` within a line stands for any
text, alone on a line for any lines. Behind a paragraph that names a "second terminal" (third,
fourth) stands a process that keeps running there, until a paragraph says "Ctrl-C".
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FIRST = "first"

_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.05
_BASH = ("/usr/bin/env", "bash")
_END = "--- the end of a command:"
_PREPARATION = "## Before you begin"
_TERMINAL = re.compile(r"\b(second|third|fourth) terminal")
_REFUSED = re.compile(r"^[A-Z].* \(([a-z-]+)\)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a person does next.

    Attributes:
        line: Line of the page.
        terminal: ``first``, ``second``, ….
        command: What is typed; empty where Ctrl-C is pressed in all other terminals.
        promised: What the page says that it prints.
    """

    line: int
    terminal: str
    command: str
    promised: tuple[str, ...] = ()

    @property
    def refusal(self) -> str | None:
        """The problem code that the page promises, or None where the command succeeds."""
        found = _REFUSED.search("\n".join(self.promised))
        return None if found is None else found[1]


def read_steps(page: str) -> Iterator[Step]:
    """Read what a page tells its reader to do, in order, without the preparations."""
    section = paragraph = ""
    for line, is_typed, lines in _parts(page.splitlines()):
        if not is_typed:
            paragraph = " ".join(lines)
            section = paragraph if paragraph.startswith("## ") else section
            if "Ctrl-C" in paragraph and section != _PREPARATION:
                yield Step(line=line, terminal=FIRST, command="")
        elif section != _PREPARATION:
            found = _TERMINAL.search(paragraph)
            yield from _commands(line, lines, FIRST if found is None else found[1])


def _parts(lines: list[str]) -> Iterator[tuple[int, bool, list[str]]]:
    """Split a page into paragraphs and console blocks: line, whether a block, content."""
    part: list[str] = []
    fence = ""
    for number, line in enumerate([*lines, ""], start=1):
        opens = not fence and line.startswith("```")
        if not (opens or (fence and line == "```") or (not fence and not line.strip())):
            part.append(line)
            continue
        if part and fence in {"", "```console"}:
            yield number - len(part), bool(fence), part
        part = []
        fence = line if opens else ""


def _commands(line: int, lines: list[str], terminal: str) -> Iterator[Step]:
    """Split a block into commands, each with what it prints."""
    typed: list[str] = []
    promised: list[str] = []
    begun = line
    for number, text in enumerate(lines, start=line):
        if text.startswith("$ "):
            if typed:
                yield _step(begun, terminal, typed, promised)
            typed, promised, begun = [text.removeprefix("$ ")], [], number
        elif typed and typed[-1].endswith("\\") and not promised:
            typed.append(text)
        else:
            promised.append(text)
    yield _step(begun, terminal, typed, promised)


def _step(line: int, terminal: str, typed: list[str], promised: list[str]) -> Step:
    return Step(line=line, terminal=terminal, command="\n".join(typed), promised=tuple(promised))


def keeps(promised: tuple[str, ...], printed: str) -> bool:
    """Tell whether an output is what was promised."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else _line_pattern(line) for line in promised
    )
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"\n"


class Desk:
    """A person's desk: a folder, a terminal to type in, and others in which processes run."""

    def __init__(self, folder: Path) -> None:
        """Sit down.

        Args:
            folder: The working folder of every terminal.
        """
        self._folder = folder
        self._environment = _environment()
        self._shell = subprocess.Popen(
            [*_BASH, "--noprofile", "--norc"],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()
        self._shell.kill()
        self._shell.communicate()

    def type(self, command: str) -> tuple[int, str]:
        """Type a command in the first terminal and return its exit code and output."""
        shell = self._shell
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\n%s %d\\n' '{_END}' $?\n")
        shell.stdin.flush()
        printed: list[str] = []
        guard = threading.Timer(_PATIENCE_SECONDS, shell.kill)
        guard.start()
        try:
            for line in shell.stdout:
                if line.startswith(_END):
                    break
                printed.append(line)
            else:
                message = f"The terminal ended at: {command}\n{''.join(printed)}"
                raise AssertionError(message)
        finally:
            guard.cancel()
        return int(line.removeprefix(_END)), "".join(printed).removesuffix("\n")

    def leave_running(self, terminal: str, command: str, promised: tuple[str, ...]) -> str:
        """Start a process in another terminal and return what it printed once it promised."""
        log = self._folder.parent / f"{terminal}-terminal"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*_BASH, "-c", f"exec {command}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._running[terminal] = process
        end = time.monotonic() + _PATIENCE_SECONDS
        while not keeps(promised, printed := log.read_text()):
            if process.poll() is not None or time.monotonic() > end:
                break
            time.sleep(_POLL_SECONDS)
        return printed

    def press_ctrl_c(self) -> list[int]:
        """Interrupt all that runs in the other terminals and return the exit codes."""
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
        codes = [process.wait(timeout=_PATIENCE_SECONDS) for process in self._running.values()]
        self._running.clear()
        return codes


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("GAUGER_")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
