"""Both coverage gates hold and fail where they should."""

import json
from pathlib import Path

from checks.coverage_gates import FileCoverage, judge, read_report


def covered(path: str, *, missing: int = 0, jumps: int = 0) -> FileCoverage:
    """Build the coverage of a file of 100 lines."""
    return FileCoverage(
        path=path,
        statements=100,
        covered=100 - missing,
        missing_lines=tuple(range(1, missing + 1)),
        missing_branches=tuple((line, -1) for line in range(1, jumps + 1)),
    )


def test_whole_core_and_nearly_whole_rest_pass() -> None:
    files = [covered("src/gauger/core/a.py"), covered("src/gauger/cssm/b.py", missing=5)]
    assert judge(files)[0]


def test_one_branch_missing_in_the_core_fails() -> None:
    holds, lines = judge([covered("src/gauger/core/a.py", jumps=1)])
    assert not holds
    assert lines[0] == "  core: src/gauger/core/a.py: 1→exit"


def test_six_lines_of_a_hundred_missing_elsewhere_fail() -> None:
    holds, lines = judge([covered("src/gauger/cssm/b.py", missing=6)])
    assert not holds
    assert lines[0] == "  rest: src/gauger/cssm/b.py: 1 2 3 4 5 6"
    assert lines[-1] == "coverage: rest 94.00 % of lines (gate: 95 %)"


def test_a_long_list_is_cut() -> None:
    assert str(covered("a.py", missing=20)).endswith("12 … 8 more")


def test_the_report_of_coverage_is_read(tmp_path: Path) -> None:
    entry = {
        "summary": {"num_statements": 3, "covered_lines": 2},
        "missing_lines": [7],
        "missing_branches": [[4, 7], [4, -1]],
    }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"files": {"src/gauger/core/a.py": entry}}), encoding="utf-8")
    (found,) = read_report(path)
    assert (found.statements, found.covered, found.missing_lines) == (3, 2, (7,))
    assert found.missing_branches == ((4, 7), (4, -1))
