"""Runs under the interpreter of the interop environment: Genie parses what it is given.

Reads a JSON list of ``{"parser", "text", "report"}`` from standard input and writes a list of
``{"parsed"}`` or ``{"error"}`` in the same order. It imports nothing of the project.
"""

import importlib
import json
import sys
from unittest import mock


def main() -> None:
    """Parse all texts."""
    module = importlib.import_module("genie.libs.parser.iosxe.show_license")
    results = []
    for item in json.load(sys.stdin):
        parser = getattr(module, item["parser"])(device=mock.Mock())
        more = {"report": item["report"]} if item.get("report") else {}
        try:
            results.append({"parsed": parser.parse(output=item["text"], **more)})
        except Exception as error:  # noqa: BLE001 - whatever a foreign parser fails with is the result
            results.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
