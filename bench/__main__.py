"""Measure everything that performance is promised of, and write ``build/bench.json``.

``make bench`` runs it; ``--seconds`` shortens or lengthens each measurement, ``--small`` tries the
whole run with a hundredth of the data, ``--only`` takes parts of it.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bench import bulk, crowd, device, exchanges, hostile, shell, storms
from bench.exchanges import Stage
from bench.pinned import pin
from bench.rows import REFERENCE_VERIFY, Row, show, verify_microseconds
from checks.run_tests import environment

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "build" / "bench.json"
_SMALL: Final = 100  # --small takes one in so many

Part = Callable[[Stage, int], Iterator[Row]]
"""Measures in an order; the number divides amounts, for a try."""

PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "exchanges": lambda stage, _: exchanges.rows(stage),
        "bulk": lambda stage, share: bulk.rows(stage, bulk.MANY // share),
        "storms": lambda stage, share: storms.rows(stage, storms.DEVICES // share),
        "crowd": lambda stage, share: crowd.rows(stage, crowd.MANY // share),
        "device": lambda stage, _: iter(device.rows(stage.folder)),
        "shell": lambda stage, _: shell.rows(stage.folder),
        "hostile": lambda *_: hostile.rows(),
    }
)
"""In this order, each with a portal of its own."""


def say(what: str) -> None:
    """Tell what goes on."""
    print(f"bench: {what}", flush=True)


def _measured(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows of a part behind the speed that the machine had when it began.

    Machines that others share are not as fast at one time as at another.
    """
    verify = verify_microseconds()
    title = f"P-256 verification, before {name}"
    yield Row(name=title, value=verify, unit="µs", bound="processor")
    for row in rows:
        yield replace(row, factor=verify / REFERENCE_VERIFY)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure what Gauger carries and costs.")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--small", action="store_true", help="a try with little data")
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="this part, none of the others"
    )
    options = parser.parse_args()
    started, share = time.monotonic(), _SMALL if options.small else 1
    pin(1)
    # A start that compiles its own modules is none that a user of an installed package has.
    os.environ.update(environment())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="gauger-bench-") as folder:
        stage = Stage(folder=Path(folder), seconds=options.seconds, say=say)
        for name, part in PARTS.items():
            if options.only is None or name in options.only:
                begun, own = time.monotonic(), Path(folder) / name
                own.mkdir()
                rows += _measured(name, part(replace(stage, folder=own), share))
                say(f"{name}: {time.monotonic() - begun:.0f} s")
    show(rows)
    OUT.parent.mkdir(exist_ok=True)
    content = json.dumps([row.to_json() for row in rows], indent=2, ensure_ascii=False)
    OUT.write_text(content + "\n", encoding="utf-8")
    say(f"{OUT.relative_to(ROOT)} is written, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
