"""Search through the night: every bit of what is signed, long walks of every machine, wide fuzzing.

``make nightly`` calls it. Each search ends by itself and prints how much it tried; one that finds
something does not keep the others from going on. ``NIGHT=2`` walks twice as many ways, ``0.01`` a
hundredth: a rehearsal.
"""

import argparse
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from checks.run_tests import ROOT

PROFILE = "nightly"


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """One part of the night.

    Attributes:
        name: What it searches, in a few words.
        arguments: What Python runs, from the project's folder.
    """

    name: str
    arguments: tuple[str, ...]


def _tests(*arguments: str) -> tuple[str, ...]:
    return ("-m", "checks.run_tests", "--target", "nightly", "--jobs", "2", "--", *arguments)


def _worlds(instances: int, days: int, seeds: int) -> tuple[str, ...]:
    share = float(os.environ.get("NIGHT", "1"))
    return (
        *("-m", "gauger", "simulate", "--brief", "--seed", "1000"),
        *("--instances", str(instances), "--days", str(max(1, round(days * min(share, 1.0))))),
        *("--seeds", str(max(1, round(seeds * share)))),
    )


SEARCHES: tuple[Search, ...] = (
    Search("every bit and every length of what is signed", _tests("-k", "altered_byte")),
    Search("long walks of the machines beside their models", _tests("-k", "not altered_byte")),
    Search("any input of the readers", _tests("-m", "not interop", "-k", "any_input")),
    Search("a fleet of fifty through a year", _worlds(50, 365, 1)),
    Search("five thousand small fleets through a month", _worlds(5, 30, 5000)),
    Search("devices that look every quarter of an hour", (*_worlds(5, 30, 100), "--sample", "900")),
)
"""What is searched, in this order; a further search is one more line."""


def run(searches: Sequence[Search]) -> list[tuple[Search, int, float]]:
    """Run searches one after another.

    Args:
        searches: Which.

    Returns:
        Each with its exit status and the seconds that it took.
    """
    done = []
    environ = os.environ | {"HYPOTHESIS_PROFILE": PROFILE}
    for search in searches:
        print(f"\n== {search.name}", flush=True)
        started = time.monotonic()
        command = [sys.executable, *search.arguments]
        status = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
        done.append((search, status, time.monotonic() - started))
    return done


def main() -> None:
    """Run the searches whose names hold all words of the command line, and say how they ended."""
    parser = argparse.ArgumentParser(description="Search through the night.")
    parser.add_argument("words", nargs="*", help="search only what has these words in its name")
    words = parser.parse_args().words
    done = run([one for one in SEARCHES if all(word in one.name for word in words)])
    print("\nmake nightly:")
    for search, status, took in done:
        ended = "found nothing" if status == 0 else f"FAILED (exit {status})"
        print(f"  {search.name}: {ended}, {took:,.0f} s")
    sys.exit(any(status for _, status, _ in done))


if __name__ == "__main__":
    main()
