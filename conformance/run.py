"""Put every case before an implementation and compare its verdicts (`spec/conformance.md`).

    python conformance/run.py --command "gauger" [--xfail FILE] [--json] [NAME…]

Standard library only: copy this folder to wherever the implementation is.
"""

import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TIMEOUT = 60
SHOWN = 300


@dataclass(frozen=True)
class Case:
    """One folder of `cases`.

    Attributes:
        name: Its name.
        folder: Where it is.
        content: What its ``case.json`` says.
    """

    name: str
    folder: Path
    content: dict[str, Any]

    @property
    def arguments(self) -> list[str]:
        """What the command gets behind its own words."""
        content = self.content
        words = ["verify", "--kind", content["kind"], "--trust", str(self.trust)]
        words += ["--now", str(content["now"])]
        if content["test_clock"]:
            words.append("--test-clock")
        for name, value in content["expect"].items():
            for each in value if isinstance(value, list) else [value]:
                words += [f"--expect-{name}", each]
        return [*words, *map(str, self.files)]

    @property
    def trust(self) -> Path:
        """The trust folder."""
        return (self.folder / str(self.content["trust"])).resolve()

    @property
    def files(self) -> list[Path]:
        """The files in their order."""
        return [self.folder / name for name in self.content["files"]]


@dataclass(frozen=True)
class Outcome:
    """How one case ended.

    Attributes:
        case: Which.
        fault: What is not as it must be, or None.
        expected: Whether the list of expected failures names it.
    """

    case: Case
    fault: str | None
    expected: bool

    @property
    def state(self) -> str:
        """``passed``, ``failed``, ``xfailed`` (expected) or ``xpassed`` (expected, but it passed)."""
        word = "passed" if self.fault is None else "failed"
        return f"x{word}" if self.expected else word

    @property
    def is_good(self) -> bool:
        """Whether nobody has to look at it; an expectation that is out of date is not good."""
        return self.state in {"passed", "xfailed"}


def load(root: Path = HERE) -> list[Case]:
    """Return all cases in the order of their names."""
    # By name: what two implementations print about the same suite can be compared line by line.
    found = sorted((root / "cases").glob("*/case.json"))
    return [Case(path.parent.name, path.parent, json.loads(path.read_bytes())) for path in found]


def fault_of(case: Case, verdict: object, *, codes: bool = True) -> str | None:
    """Compare a verdict with what the case says; None where it is right.

    Args:
        case: The case.
        verdict: The decoded JSON that the implementation printed.
        codes: Whether the code of a refusal must be the one of the case, too.
    """
    wanted = case.content["verdict"]
    # Exactly true or false: "no" or 0 in its place would be taken for one of them.
    if not isinstance(verdict, dict) or not isinstance(verdict.get("accepted"), bool):
        return "the verdict is no object with `accepted`"
    # First of all: that a bad document is taken is worse than any wrong word about it.
    if verdict["accepted"] is not wanted["accepted"]:
        word = "accepted" if verdict["accepted"] else f"refused as {verdict.get('code')}"
        return f"it was {word}: {str(verdict.get('detail'))[:SHOWN]}"
    names = ["file", "verdict", *(["code"] if codes else [])]
    # What a case does not name is the implementation's own to say.
    compared = [name for name in names if name in wanted]
    for name in compared:
        if verdict.get(name) != wanted[name]:
            return f"`{name}` is {verdict.get(name)!r}, not {wanted[name]!r}"
    place = _difference(verdict.get("says", {}), wanted["says"], "says")
    return None if place is None else f"{place} is not as the case says"


def _difference(given: object, wanted: object, place: str) -> str | None:
    """Return where something that is wanted is missing or other; more may be there in objects."""
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return place
        pairs = ((given.get(name), value, f"{place}.{name}") for name, value in wanted.items())
    elif isinstance(wanted, list):
        # One more item is one more thing taken, so lists are compared whole; objects may say more.
        if not isinstance(given, list) or len(given) != len(wanted):
            return place
        both = zip(given, wanted, strict=True)
        pairs = ((one, other, f"{place}[{at}]") for at, (one, other) in enumerate(both))
    else:
        return None if given == wanted else place
    return next((found for pair in pairs if (found := _difference(*pair)) is not None), None)


def ask(command: Sequence[str], case: Case, *, codes: bool = True) -> str | None:
    """Run the implementation on a case; return what is wrong, or None."""
    try:
        done = subprocess.run(
            # No shell between: the names of files are an author's to choose.
            [*command, *case.arguments],
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    # No answer within a minute is a refusal to judge: a hostile document must not hold a reader up.
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the command gave no verdict: {error}"
    # A crash must not pass for a refusal: whatever the verdict, the command ends with 0.
    if done.returncode:
        text = done.stderr.decode(errors="replace").strip()[-SHOWN:]
        return f"the command ended with {done.returncode}: {text}"
    try:
        verdict = json.loads(done.stdout)
    except ValueError:
        return f"the command printed no JSON: {done.stdout[:SHOWN]!r}"
    return fault_of(case, verdict, codes=codes)


def judge(
    cases: Sequence[Case], asked: Callable[[Case], str | None], expected: frozenset[str], jobs: int
) -> Iterator[Outcome]:
    """Yield the outcome of each case, several at a time."""
    # Threads: each one only waits for a process.
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for case, fault in zip(cases, pool.map(asked, cases), strict=True):
            yield Outcome(case, fault, case.name in expected)


def read_expected(path: Path | None) -> frozenset[str]:
    """Read names of cases that are expected to fail: one a line, ``#`` begins a remark."""
    if path is None:
        return frozenset()
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return frozenset(line for line in lines if line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; return 0 where every case is as expected, else 1."""
    parser = argparse.ArgumentParser(description="Put every case before an implementation.")
    parser.add_argument(
        "--command", required=True, help='what to run, as a shell writes it: "gauger"'
    )
    parser.add_argument(
        "--xfail", type=Path, help="file with names of cases that are known to fail"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--any-code", action="store_true", help="do not compare problem codes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    parser.add_argument("names", nargs="*", help="only cases whose name holds one of these")
    options = parser.parse_args(arguments)
    command, expected = shlex.split(options.command), read_expected(options.xfail)
    cases = [case for case in load() if not options.names or any(part in case.name for part in options.names)]  # fmt: skip
    # A case that was renamed would be expected to fail for ever, and nobody would see that it
    # passes.
    unknown = expected - {case.name for case in load()}
    outcomes = list(judge(cases, lambda case: ask(command, case, codes=not options.any_code), expected, options.jobs))  # fmt: skip
    print(_json(outcomes, unknown) if options.json else _text(outcomes, unknown))
    # No case at all is no success: a slip in a name would make everything pass.
    return 0 if cases and not unknown and all(one.is_good for one in outcomes) else 1


def _json(outcomes: Sequence[Outcome], unknown: frozenset[str]) -> str:
    rows = [{"case": one.case.name, "state": one.state, "fault": one.fault} for one in outcomes]
    told = {"cases": rows, "counts": _counts(outcomes), "unknown": sorted(unknown)}
    return json.dumps(told, indent=1)


def _text(outcomes: Sequence[Outcome], unknown: frozenset[str]) -> str:
    told = [one for one in outcomes if one.state != "passed"]
    lines = [f"{one.state.upper():<8} {one.case.name}: {one.fault or 'it passed, though listed'}" for one in told]  # fmt: skip
    lines += [f"UNKNOWN  {name}: the list of expected failures names no case" for name in sorted(unknown)]  # fmt: skip
    refusals = sum(not one.case.content["verdict"]["accepted"] for one in outcomes)
    counts = ", ".join(f"{count} {state}" for state, count in _counts(outcomes).items())
    return "\n".join([*lines, f"{len(outcomes)} cases, {refusals} of them to be refused: {counts}"])


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    states = [one.state for one in outcomes]
    return {state: states.count(state) for state in ("passed", "failed", "xfailed", "xpassed")}


if __name__ == "__main__":
    sys.exit(main())
