"""Runs under the interpreter of the interop environment: parsers of others read what they are given.

Each line of standard input is a JSON list of ``{"tool", "command", "text"}``; each line written
back is a list of ``{"parsed"}`` or ``{"error"}`` in the same order. One process serves a whole run
of tests, since Genie takes seconds to load. It imports nothing of the project.
"""

import functools
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Parser = Callable[[str, str], Any]


@functools.cache
def _genie(*places: str) -> Parser:
    """Return Genie's parsers for IOS XE, those of a platform first where one is named."""
    # By name: it is not to be found where the types are checked.
    base = importlib.import_module("genie.conf.base")
    named = dict(zip(("platform", "model"), places, strict=False))
    device = base.Device("pi", os="iosxe", **named)
    device.custom = {"abstraction": {"order": ["os", *named]}}
    return lambda command, text: device.parse(command, output=text)


@functools.cache
def _ntc() -> Parser:
    """Return the templates of ntc-templates."""
    parse = importlib.import_module("ntc_templates.parse").parse_output
    return lambda command, text: parse("cisco_ios", command, text)


def _parse(item: dict[str, str]) -> dict[str, Any]:
    tool, *places = item["tool"].split("/")
    parse = _ntc() if tool == "ntc" else _genie(*places)
    try:
        return {"parsed": parse(item["command"], item["text"])}
    except Exception as error:  # noqa: BLE001 -- whatever a foreign parser fails with is the result
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Parse line after line until the input ends."""
    # Their loading and logging prints what it likes: the answers go where only they go.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps([_parse(item) for item in json.loads(line)]) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
