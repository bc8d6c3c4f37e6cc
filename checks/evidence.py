"""Evidence: which test showed which requirement or threat, and how it ended.

Each make target writes its own part, ``build/evidence/TARGET.json``; ``build/requirements.json``
and ``build/threats.json`` are the merge of all parts, so that a run of few tests deletes nothing.
"""

import collections
import dataclasses
import functools
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
IDS = ROOT / "checks" / "data" / "ids.toml"
DEFERRED = ROOT / "tests" / "deferred.toml"
# A test of the plugin runs pytest within pytest and must not write into the real evidence.
BUILD = Path(os.environ.get("GAUGER_BUILD") or ROOT / "build")

Kind = Literal["requirements", "threats"]
Outcome = Literal["passed", "failed", "skipped"]
Summary = dict[str, dict[str, object]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a test says that it shows.

    Attributes:
        kind: Whether the id names a requirement or a threat.
        id: The id as listed, without a part.
        part: What stands behind the slash of ``PI-6/policy``.
        role: The role that a threat was met by.
    """

    kind: Kind
    id: str
    part: str | None = None
    role: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a test ended, with what it claims.

    Attributes:
        test: The node id of the test.
        outcome: How it ended.
        claims: What it shows where it passed.
    """

    test: str
    outcome: Outcome
    claims: tuple[Claim, ...]


@functools.cache  # asked for each mark of thousands of tests, in each process that collects them
def known_ids(path: Path = IDS) -> dict[Kind, dict[str, str]]:
    """Read every id with its title.

    Args:
        path: The list of ids.

    Returns:
        For each kind, the titles by id, in the order of the list.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {"requirements": table["requirements"], "threats": table["threats"]}


def deferred_ids(path: Path = DEFERRED) -> dict[Kind, dict[str, str]]:
    """Read which ids cannot apply yet, with the reason.

    Args:
        path: The list of deferrals.

    Returns:
        For each kind, the reasons by id.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {"requirements": table.get("requirements", {}), "threats": table.get("threats", {})}


def claim(kind: Kind, name: str, role: str | None = None) -> Claim:
    """Read a mark's argument.

    Args:
        kind: Whether the mark names a requirement or a threat.
        name: The id, with a part behind a slash where it has one.
        role: The role that a threat was met by.

    Returns:
        The claim.

    Raises:
        ValueError: The id is not listed.
    """
    bare, _, part = name.partition("/")
    if bare not in known_ids()[kind]:
        raise ValueError(f"{bare!r} is not listed under {kind} in {IDS.relative_to(ROOT)}")
    return Claim(kind=kind, id=bare, part=part or None, role=role)


def write_part(path: Path, results: Iterable[Result], *, complete: bool) -> None:
    """Write what a run showed into its target's part.

    Args:
        path: The part's file.
        results: The tests that ran and carry a claim.
        complete: Whether the run held every test of its target; else what earlier runs wrote
            about other tests stays.
    """
    rows = {} if complete or not path.is_file() else json.loads(path.read_text(encoding="utf-8"))
    for result in results:
        claims = [dataclasses.asdict(entry) for entry in result.claims]
        rows[result.test] = {"outcome": result.outcome, "claims": claims}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_parts(folder: Path) -> list[Result]:
    """Read every part of a folder.

    Args:
        folder: Where the parts lie.

    Returns:
        The results of all parts, by file and test name.
    """
    results = []
    for path in sorted(folder.glob("*.json")):
        for test, row in sorted(json.loads(path.read_text(encoding="utf-8")).items()):
            claims = tuple(Claim(**entry) for entry in row["claims"])
            results.append(Result(test=test, outcome=row["outcome"], claims=claims))
    return results


def summarise(results: Iterable[Result], kind: Kind) -> Summary:
    """Count, for each id, how its tests ended.

    Args:
        results: Results of all parts.
        kind: Which ids to count.

    Returns:
        For each id with a test: counts by outcome, passed tests by part and by role, and the
        tests' names.
    """
    found: dict[str, list[tuple[Result, Claim]]] = collections.defaultdict(list)
    for result in results:
        for entry in result.claims:
            if entry.kind == kind:
                found[entry.id].append((result, entry))
    return {name: _summary_of(found[name]) for name in known_ids()[kind] if name in found}


def _summary_of(pairs: list[tuple[Result, Claim]]) -> dict[str, object]:
    """Count the results of one id; a test that claims it twice counts once."""
    outcomes = {result.test: result.outcome for result, _ in pairs}
    counts = collections.Counter(outcomes.values())
    passed = [(result, entry) for result, entry in pairs if result.outcome == "passed"]
    return {
        "passed": counts["passed"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "parts": dict(collections.Counter(e.part for _, e in passed if e.part is not None)),
        "roles": dict(collections.Counter(e.role for _, e in passed if e.role is not None)),
        "tests": sorted(outcomes),
    }


def merge(build: Path = BUILD) -> Mapping[Kind, Summary]:
    """Write ``requirements.json`` and ``threats.json`` from all parts.

    Args:
        build: The folder that holds ``evidence/`` and gets the two files.

    Returns:
        Both summaries.
    """
    results = read_parts(build / "evidence")
    kinds: tuple[Kind, Kind] = ("requirements", "threats")
    summaries = {kind: summarise(results, kind) for kind in kinds}
    build.mkdir(parents=True, exist_ok=True)
    for kind, summary in summaries.items():
        text = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
        (build / f"{kind}.json").write_text(text, encoding="utf-8")
    return summaries
