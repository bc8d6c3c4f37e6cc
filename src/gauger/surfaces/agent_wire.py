"""What both ends of an agent's socket agree on: where it lies, and one JSON text a line.

A request is ``{"op": …}`` with the operation's own keys; an answer is ``{"ok": true, "text": …}``
or ``{"ok": false, "problem": {…}}``.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gauger.core.problems import TABLE, Problem

NAME: Final = "agent.sock"
MAXIMUM_REQUEST: Final = 64 * 1024
MAXIMUM_ANSWER: Final = 64 * 1024 * 1024

_PATH_LIMIT: Final = 100  # of a socket's address; Linux takes 107 bytes, other systems 103

Values = Mapping[str, object]


@contextlib.contextmanager
def address(folder: Path) -> Iterator[str]:
    """Lend an address of the folder's socket that is short enough, however deep it lies.

    Raises:
        OSError: Where the folder cannot be opened.
    """
    path = str(folder / NAME)
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        yield path
        return
    # Linux leads through an open folder; elsewhere a place so deep is refused by its name.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def write_line(value: Values) -> bytes:
    """Return a value as one line."""
    # JSON escapes line ends, so no value can end the line and begin another.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_line(line: bytes) -> Values:
    """Return the JSON object that a line is.

    Raises:
        Problem: ``malformed`` where it is none.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed", "The line is not JSON.") from error
    if not isinstance(value, dict):
        raise Problem("malformed", "The line is not a JSON object.")
    return value


def write_refusal(problem: Problem) -> bytes:
    """Return a refusal as one line."""
    return write_line({"ok": False, "problem": problem.to_json()})


def read_problem(value: object) -> Problem:
    """Make the problem again that crossed the socket."""
    known = value if isinstance(value, dict) else {}
    code, detail = str(known.get("code")), str(known.get("detail"))
    # The agent may be of a later release than this program.
    if code not in TABLE:
        return Problem("bad-answer", f"The agent answered with an unknown problem {code!r}.")
    diagnostics = known.get("diagnostics")
    facts = diagnostics if isinstance(diagnostics, dict) else {}
    return Problem(code, detail, **{str(key): str(fact) for key, fact in facts.items()})
