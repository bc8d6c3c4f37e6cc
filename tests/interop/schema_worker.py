"""Runs under the interpreter of the interop environment: prints what Genie's schema asks for.

Writes a JSON list of ``[path, required]``, the path a list of keys, ``*`` for a key that may be any.
The schema is that of the parser named as the first argument. It imports nothing of the project.
"""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any


def _paths(schema: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[list[str], bool]]:
    engine = importlib.import_module("genie.metaparser.util.schemaengine")
    for key, value in schema.items():
        name, is_required = key, True
        if isinstance(key, engine.Optional):
            name, is_required = key.schema, False
        here = (*path, name if isinstance(name, str) else "*")
        yield list(here), is_required
        if isinstance(value, Mapping):
            yield from _paths(value, here)


def main() -> None:
    """Print the schema of a parser."""
    module = importlib.import_module("genie.libs.parser.iosxe.show_license")
    parser = getattr(module, sys.argv[1])
    sys.stdout.write(json.dumps(list(_paths(parser.schema, ()))))


if __name__ == "__main__":
    main()
