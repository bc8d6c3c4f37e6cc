"""The style budget finds what it is meant to find."""

import ast
from pathlib import Path

import pytest

from checks import style_budget
from checks.style_measures import code_lines, measure

CORE = "src/gauger/core/sample.py"
HEAD = '"""A module."""\n\n'


def found(text: str, path: str = CORE) -> list[str]:
    """Judge a module and return what is wrong, without the places."""
    return [finding.what for finding in style_budget.judge_module(measure(path, HEAD + text))]


def function(body: str, signature: str = "def work() -> None:") -> str:
    """Write a documented function around a body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f'{signature}\n    """Do it."""\n{lines}'


def test_comments_docstrings_and_blank_lines_are_no_code() -> None:
    text = '"""Doc.\n\nMore.\n"""\n\n# why\nvalue = (\n    1,  # here\n)\n'
    assert code_lines(text, ast.parse(text)) == {7, 8, 9}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("x = 1\n" * 50, "lines of code 51, stop 50"),
        ("if a and b and c and d:\n    pass\n" * 3 + "x = 1", "complexity 13, stop 12"),
        ("for a in b:\n  for c in a:\n    if c:\n      while d:\n        e()", "nesting 4, stop 3"),
        ("raise NotImplementedError", "does nothing"),
        ("...", "does nothing"),
    ],
)
def test_a_function_past_a_stop_is_found(body: str, what: str) -> None:
    assert found(function(body)) == [what]


def test_an_elif_is_no_level_of_nesting() -> None:
    chain = "if a:\n  x()\nelif b:\n  x()\nelif c:\n  x()\nelif d:\n  x()\nelif e:\n  x()\n"
    assert found(function(chain)) == []


def test_parameters_are_counted_and_must_be_named() -> None:
    many = "def work(*, a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> None:"
    assert found(function("use(a)", many)) == ["parameters 8, stop 7"]
    five = "def work(a: int, b: int, c: int, d: int, e: int) -> None:"
    assert found(function("use(a)", five)) == ["parameters by position 5, stop 4"]
    excused = five + "  # noqa: PLR0917 - the interface of the library"
    assert found(function("use(a)", excused)) == []


def test_a_missing_annotation_is_found() -> None:
    assert found(function("use(a)", "def work(a):")) == ["without annotation: a, return"]


def test_members_of_a_protocol_are_no_stubs() -> None:
    body = '    def read(self) -> bytes:\n        """Read it."""\n        ...\n'
    assert found(f'class Source(Protocol):\n    """What is read from."""\n\n{body}') == []


@pytest.mark.parametrize(
    ("comment", "count"),
    [
        ("# noqa: S101", 1),
        ("# noqa", 2),
        ("# type: ignore[arg-type]", 1),
        ("# pragma: no cover", 1),
        ("# noqa: S101, S102 - what is switched off here is safe because", 0),
        ("# type: ignore[arg-type]  # the stub of the library is wrong", 0),
        ("# pragma: no cover - only another platform runs this", 0),
        ("# TODO mend it", 1),
        ("# the reason for the next line", 0),
    ],
)
def test_a_suppression_needs_its_rule_and_reason(comment: str, count: int) -> None:
    assert len(found(f"x = 1  {comment}\n")) == count


@pytest.mark.parametrize(
    ("handler", "what"),
    [
        ("except Exception:\n    pass", "catches everything and says nothing"),
        ("except:\n    x()", "catches everything and says nothing"),
        ("except (ValueError, BaseException) as e:\n    x(e)", "catches everything, in the core"),
        ("except Exception as e:\n    raise Problem() from e", "catches everything, in the core"),
    ],
)
def test_a_handler_of_everything_is_found(handler: str, what: str) -> None:
    assert found(function(f"try:\n    x()\n{handler}")) == [what]


def test_the_core_has_docstrings_and_no_any() -> None:
    text = "class Bare:\n    x: Any\n\n    def _own(self) -> None:\n        use()\n"
    assert found(text) == ["Any in the core", "no docstring: 3 Bare"]
    assert found(text, "src/gauger/cssm/sample.py") == []


def test_too_few_docstrings_outside_the_core_are_found() -> None:
    text = HEAD + "def bare() -> None:\n    use()\n"
    modules = [measure("src/gauger/cssm/sample.py", text)]
    assert style_budget.documented_share(modules) == 50.0
    assert [str(f) for f in style_budget.judge_documented(modules)] == [
        "src/gauger/cssm/sample.py: no docstring: 3 bare"
    ]


def test_a_long_file_is_found() -> None:
    assert found("x = 1\n" * 501) == ["501 lines, stop 500"]


def test_percentiles() -> None:
    assert style_budget.percentile(range(100), 0.95) == 95
    assert style_budget.spread([3, 1, 2]) == "2 / 3 / 3"
    assert style_budget.spread([]) == "0 / 0 / 0"


def test_the_whole_tree_is_measured_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style_budget, "forbidden_words", lambda _root: [("a", "names a host")])
    for folder in ("src", "tests", "checks"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text('"""One."""\n\nvalue = 1\n', encoding="utf-8")
    found, lines = style_budget.judge(tmp_path)
    assert [str(finding) for finding in found] == ["a: names a host"]
    assert any("1 files, 1 lines, 1.00 lines of tests" in line for line in lines)
