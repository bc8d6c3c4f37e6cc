"""Two gates on measured coverage: the core whole, the rest nearly so.

Reads the JSON that coverage.py writes. The core must be covered to the last line and branch;
everything else, taken together, to 95 % of its lines.
"""

import dataclasses
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "coverage.json"
CORE = "src/gauger/core/"
REST_MINIMUM = 95.0
WORST_SHOWN = 15


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """What the tests reached of one file.

    Attributes:
        path: The file, relative to the project's folder.
        statements: Lines that hold statements.
        covered: How many of them ran.
        missing_lines: Those that did not.
        missing_branches: Jumps from line to line that never happened; a negative target is an
            exit.
    """

    path: str
    statements: int
    covered: int
    missing_lines: tuple[int, ...]
    missing_branches: tuple[tuple[int, int], ...]

    @property
    def is_whole(self) -> bool:
        """Whether every line and branch ran."""
        return not self.missing_lines and not self.missing_branches

    def __str__(self) -> str:
        """Say what is missing, shortened."""
        jumps = [f"{start}→{'exit' if end < 0 else end}" for start, end in self.missing_branches]
        missing = [*(str(line) for line in self.missing_lines), *jumps]
        more = f" … {len(missing) - 12} more" if len(missing) > 12 else ""
        return f"{self.path}: {' '.join(missing[:12])}{more}"


def read_report(path: Path) -> list[FileCoverage]:
    """Read the report of coverage.py.

    Args:
        path: The file that ``coverage json`` wrote.

    Returns:
        One entry for each measured file, by path.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    return [
        FileCoverage(
            path=name.replace("\\", "/"),
            statements=entry["summary"]["num_statements"],
            covered=entry["summary"]["covered_lines"],
            missing_lines=tuple(entry["missing_lines"]),
            missing_branches=tuple((a, b) for a, b in entry.get("missing_branches", [])),
        )
        for name, entry in sorted(data["files"].items())
    ]


def line_share(files: list[FileCoverage]) -> float:
    """Return the share of lines that ran, in percent; 100 where there is no line."""
    statements = sum(entry.statements for entry in files)
    return 100.0 * sum(entry.covered for entry in files) / statements if statements else 100.0


def judge(files: list[FileCoverage]) -> tuple[bool, list[str]]:
    """Hold the files against both gates.

    Args:
        files: What was measured.

    Returns:
        Whether both gates hold, and the lines to print.
    """
    core = [entry for entry in files if entry.path.startswith(CORE)]
    rest = [entry for entry in files if not entry.path.startswith(CORE)]
    torn = [entry for entry in core if not entry.is_whole]
    share = line_share(rest)
    lines = [f"  core: {entry}" for entry in torn]
    if share < REST_MINIMUM:
        worst = sorted(rest, key=lambda entry: entry.covered - entry.statements)[:WORST_SHOWN]
        lines += [f"  rest: {entry}" for entry in worst if entry.missing_lines]
    verdict = f"{len(torn)} of {len(core)} files not whole" if torn else "100 % lines and branches"
    lines.append(f"coverage: core {line_share(core):.2f} % of lines, {verdict} (gate: whole)")
    lines.append(f"coverage: rest {share:.2f} % of lines (gate: {REST_MINIMUM:.0f} %)")
    return not torn and share >= REST_MINIMUM, lines


def main() -> None:
    """Judge the report of the last run; exit with 1 where a gate is missed."""
    if not REPORT.is_file():
        sys.exit(f"coverage: {REPORT.relative_to(ROOT)} is absent; `make test` writes it")
    holds, lines = judge(read_report(REPORT))
    print("\n".join(lines))
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
