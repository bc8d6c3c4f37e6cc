import ast
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

import gauger
from gauger.core.problems import TABLE, Fault, Problem, Retry

SOURCES = Path(gauger.__file__).parent


def _code(node: ast.AST) -> str | None:
    """Return the code of a `Problem("code", …)`, None for anything else."""
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("Problem"):
        return None
    first = node.args[0] if node.args else None
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str(first.value) if isinstance(first, ast.Constant) and is_text else None


def _codes_raised() -> Iterator[tuple[str, str]]:
    """Yield (code, place) of each `Problem("code", …)` in the sources."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if code := _code(node):
                yield code, f"{path.relative_to(SOURCES)}:{getattr(node, 'lineno', 0)}"


def test_every_refusal_in_the_sources_has_its_row() -> None:
    assert [place for code, place in _codes_raised() if code not in TABLE] == []


def test_every_row_says_what_is_wrong_and_what_to_do() -> None:
    for kind in TABLE.values():
        assert kind.title[0].isupper(), kind.code
        assert not kind.title.endswith("."), kind.code
        assert kind.next_step.endswith("."), kind.code
        assert kind.fault in Fault
        assert kind.retry in Retry


def test_a_problem_knows_its_row_and_keeps_the_facts() -> None:
    problem = Problem("clock-skew", "Two clocks differ.", here=1, there="2", nothing=None)
    assert problem.code == "clock-skew"
    assert problem.diagnostics == {"here": "1", "there": "2"}
    assert str(problem) == "clock-skew: Two clocks differ."
    assert problem.to_json() == {
        "code": "clock-skew",
        "title": "The clocks differ by more than one hour",
        "detail": "Two clocks differ.",
        "fault": "operator",
        "retry": "after-fix",
        "next_step": TABLE["clock-skew"].next_step,
        "diagnostics": {"here": "1", "there": "2"},
    }


def test_a_problem_without_a_row_is_a_fault_of_the_programmer() -> None:
    with pytest.raises(KeyError):
        Problem("no-such-code", "…")


def test_a_problem_crosses_processes_whole() -> None:
    copy = pickle.loads(pickle.dumps(Problem("malformed", "Cut.", at=3)))  # noqa: S301 -- our own bytes
    assert (copy.code, copy.detail, copy.diagnostics) == ("malformed", "Cut.", {"at": "3"})
