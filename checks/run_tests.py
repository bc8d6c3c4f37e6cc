"""Run the tests of a make target, measure coverage, judge the gates, and say how it ended.

``make test`` and ``make interop`` call it. A run narrowed by arguments is not judged by the
coverage gates.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTHING_RAN = 5  # pytest's exit status where no test was selected
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of this run's own is made in it
ROOM = 2_000_000_000  # bytes; a whole run leaves a tenth of it behind at most


SLOWEST = ("--durations=20", "--durations-min=3")
"""The tests that take longest are told, so that the whole stays within its ten minutes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How a make target runs its tests.

    Attributes:
        marks: The pytest mark expression that selects its tests.
        is_measured: Whether coverage is measured and judged.
        may_be_empty: Whether it is all right that no test is selected.
    """

    marks: str
    is_measured: bool
    may_be_empty: bool


TARGETS = {
    "test": Target(marks="not interop", is_measured=True, may_be_empty=False),
    "nightly": Target(marks="nightly", is_measured=False, may_be_empty=False),
    "interop": Target(marks="interop", is_measured=False, may_be_empty=True),
}


def pytest_command(target: Target, jobs: int, arguments: Sequence[str]) -> list[str]:
    """Build the command that runs the tests.

    Args:
        target: Whose tests.
        jobs: Number of worker processes; below 2 everything runs in one.
        arguments: Further arguments for pytest.

    Returns:
        Program and arguments.
    """
    coverage = ["coverage", "run", "-m"] if target.is_measured else []
    # Work that is left goes to whoever is idle; modules stay together as long as they can.
    parallel = ["-n", str(jobs), "--dist", "worksteal"] if jobs > 1 else []
    chosen = ["-m", target.marks, *SLOWEST, *parallel, *arguments]
    return [sys.executable, "-m", *coverage, "pytest", *chosen]


def call(*command: str) -> int:
    """Run a command in the project's folder and return its exit status."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def scratch_place() -> str | None:
    """Return where tests may keep their files: in memory where there is room, else as usual.

    The tests make thousands of commits, each of which waits for the disk. No test pulls the plug,
    so a disk would show nothing more: what a killed process leaves is the same in memory.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    return str(MEMORY) if shutil.disk_usage(MEMORY).free >= ROOM else None


def environment() -> dict[str, str]:
    """Return the environment of the tests, in which no module is compiled twice.

    A run starts hundreds of processes, and each of pytest's own rewrites every test. Where the
    caller wants no bytecode beside the sources, it is kept below ``build/`` all the same.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bytecode")} | kept


def run_pytest(name: str, jobs: int, arguments: Sequence[str]) -> int:
    """Run the tests of a target with the evidence switched on.

    Args:
        name: The target.
        jobs: Number of worker processes.
        arguments: Further arguments for pytest.

    Returns:
        The exit status of pytest; 0 where no test ran and that is all right.
    """
    target = TARGETS[name]
    command = pytest_command(target, jobs, arguments)
    # A short name: paths of sockets below it have a narrow limit.
    with tempfile.TemporaryDirectory(prefix="g", dir=scratch_place()) as scratch:
        environ = environment() | {"GAUGER_EVIDENCE": name, "TMPDIR": scratch}
        status = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
    if status == NOTHING_RAN and target.may_be_empty:
        print(f"make {name}: no test is marked for this target yet")
        return 0
    return status


def measure() -> int:
    """Combine what all processes measured and write ``build/coverage.json``.

    Returns:
        0, or the exit status of the step that failed.
    """
    coverage = [sys.executable, "-m", "coverage"]
    return call(*coverage, "combine", "--quiet") or call(
        *coverage, "json", "--quiet", "-o", "build/coverage.json"
    )


def main() -> None:
    """Run the tests of the target named on the command line."""
    parser = argparse.ArgumentParser(description="Run the tests of a make target.")
    parser.add_argument("--target", choices=sorted(TARGETS), required=True)
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("arguments", nargs="*", help="further arguments for pytest")
    options = parser.parse_args()
    name, target, started = options.target, TARGETS[options.target], time.monotonic()
    (ROOT / "build" / "coverage").mkdir(parents=True, exist_ok=True)
    if target.is_measured:
        call(sys.executable, "-m", "coverage", "erase")
    status = run_pytest(name, options.jobs, options.arguments)
    gates = 0
    if target.is_measured:
        gates = measure()
        if not options.arguments and not gates:
            gates = call(sys.executable, "-m", "checks.coverage_gates")
    took = f"{time.monotonic() - started:.0f} s"
    tests = "tests passed" if status == 0 else f"tests FAILED (pytest exit {status})"
    judged = (
        ""
        if not target.is_measured or options.arguments
        else (", coverage gates hold" if gates == 0 else ", coverage gates MISSED")
    )
    print(f"make {name}: {tests}{judged}, {took}")
    sys.exit(status or gates)


if __name__ == "__main__":
    main()
