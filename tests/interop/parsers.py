"""The parsers of others, in a process of their own that serves a whole run."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gauger.instance.ports import Operations
from gauger.surfaces.console.console import Console
from tests.support.material import interop_python

GENIE = "genie"
NTC = "ntc"
_WORKER = Path(__file__).with_name("genie_worker.py")

Parsed = Any
"""Dictionaries, lists and texts, as the parser of another project made them."""


@dataclass(frozen=True, slots=True)
class Request:
    """A text to be parsed.

    Attributes:
        command: The command that printed it.
        text: What it printed.
        tool: Whose parser; Genie's for a platform is named ``genie/cat9k/c9300``.
    """

    command: str
    text: str
    tool: str = GENIE


def ask(agent: Operations, command: str, tool: str = GENIE) -> Request:
    """Have a product instance print something that is to be parsed."""
    return Request(command, Console(agent).execute(command), tool)


@dataclass
class Parsers:
    """The worker process, as the tests see it."""

    requests: IO[str]
    answers: IO[str]

    def outcomes(self, requests: Sequence[Request]) -> list[dict[str, Parsed]]:
        """Return for each text ``{"parsed": …}``, or ``{"error": …}`` where the parser gave up."""
        items = [{"tool": it.tool, "command": it.command, "text": it.text} for it in requests]
        self.requests.write(json.dumps(items) + "\n")
        self.requests.flush()
        outcomes: list[dict[str, Parsed]] = json.loads(self.answers.readline())
        return outcomes

    def all(self, requests: Sequence[Request]) -> list[Parsed]:
        """Return what each text says; a parser that gives up fails the test."""
        outcomes = self.outcomes(requests)
        failed = [
            f"{outcome['error']}\n{request.command}\n{request.text}"
            for request, outcome in zip(requests, outcomes, strict=True)
            if "error" in outcome
        ]
        assert not failed, f"{len(failed)} of {len(requests)}: {failed[0]}"
        return [outcome["parsed"] for outcome in outcomes]

    def one(self, agent: Operations, command: str, tool: str = GENIE) -> Parsed:
        """Return what a command's output says."""
        return self.all([ask(agent, command, tool)])[0]


@contextmanager
def working() -> Iterator[Parsers]:
    """Run the worker for the time of a block."""
    with subprocess.Popen(
        [interop_python(), _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        # It ends by itself when nothing more can come.
        yield Parsers(worker.stdin, worker.stdout)
