"""Search through the night: every bit of what is signed, long walks of every machine, wide fuzzing.

``make nightly`` calls it. Each search ends by itself and prints how much it tried; one that finds
something does not keep the others from going on. ``NIGHT=2`` walks twice as many ways, ``0.01`` a
hundredth: a rehearsal.
"""

import argparse
import dataclasses
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from checks.run_tests import ROOT

PROFILE = "nightly"
PROCESSORS = len(os.sched_getaffinity(0))
_FIRST_SEED = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """One part of the night.

    Attributes:
        name: What it searches, in a few words.
        shares: What Python runs at once, from the project's folder.
    """

    name: str
    shares: tuple[tuple[str, ...], ...]


def _tests(*arguments: str) -> tuple[tuple[str, ...], ...]:
    jobs = str(PROCESSORS)
    return (("-m", "checks.run_tests", "--target", "nightly", "--jobs", jobs, "--", *arguments),)


def _worlds(instances: int, days: int, seeds: int, *more: str) -> tuple[tuple[str, ...], ...]:
    """Share seeds among the processors, since one simulator runs on one."""
    night = float(os.environ.get("NIGHT", "1"))
    length = str(max(1, round(days * min(night, 1.0))))
    total = max(1, round(seeds * night))
    each = math.ceil(total / PROCESSORS)
    return tuple(
        (
            *("-m", "gauger", "simulate", "--brief", "--seed", str(_FIRST_SEED + begun)),
            *("--instances", str(instances), "--days", length),
            *("--seeds", str(min(each, total - begun)), *more),
        )
        for begun in range(0, total, each)
    )


SEARCHES: tuple[Search, ...] = (
    Search("every bit and every length of what is signed", _tests("-k", "altered_byte")),
    Search("long walks of the machines beside their models", _tests("-k", "not altered_byte")),
    Search("any input of the readers", _tests("-m", "not interop", "-k", "any_input")),
    Search("a fleet of fifty through a year", _worlds(50, 365, 1)),
    Search("five hundred fleets through a month", _worlds(5, 30, 500)),
    Search("five thousand small fleets through a fortnight", _worlds(3, 14, 5000)),
    Search("devices that look every quarter of an hour", _worlds(5, 30, 100, "--sample", "900")),
)
"""What is searched, in this order; a further search is one more line."""


def run(searches: Sequence[Search]) -> list[tuple[Search, int, float]]:
    """Run searches one after another.

    Args:
        searches: Which.

    Returns:
        Each with the worst exit status of its shares and the seconds that it took.
    """
    done = []
    environ = os.environ | {"HYPOTHESIS_PROFILE": PROFILE}
    for search in searches:
        print(f"\n== {search.name}", flush=True)
        started = time.monotonic()
        running = [
            subprocess.Popen([sys.executable, *share], cwd=ROOT, env=environ)
            for share in search.shares
        ]
        status = max(abs(process.wait()) for process in running)
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
