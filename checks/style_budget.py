"""The style budget: hard stops fail, aims are printed.

A reader should never need to scroll to see a function whole, nor guess why a warning was switched
off. What is measured, and how, stands in ``style_measures``.
"""

import dataclasses
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from checks.forbidden_words import forbidden_words
from checks.style_measures import FunctionFigures, ModuleFigures, measure_tree

ROOT = Path(__file__).resolve().parent.parent

FUNCTION_STOP = 50
TEST_FUNCTION_STOP = 60
FILE_STOP = 500
COMPLEXITY_STOP = 12
NESTING_STOP = 3
PARAMETERS_STOP = 7
POSITIONAL_STOP = 4
DOCUMENTED_STOP = 95.0
TEST_RATIO_STOP = 1.0

SUPPRESSION = re.compile(
    r"#\s*(?P<kind>noqa|type:\s*ignore|pragma:\s*no\s*(?:cover|branch)|ruff:\s*noqa)"
    r"(?P<codes>:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[a-z, -]+\])?(?P<reason>.*)"
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
WORDS_OF_A_REASON = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something past a hard stop."""

    place: str
    what: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.place}: {self.what}"


def judge_function(module: ModuleFigures, function: FunctionFigures) -> list[Finding]:
    """Hold one function against the stops.

    Args:
        module: The file that holds it.
        function: Its figures.

    Returns:
        What is past a stop.
    """
    is_test = module.path.startswith("tests/")
    limits = (
        ("lines of code", function.size, TEST_FUNCTION_STOP if is_test else FUNCTION_STOP),
        ("complexity", function.complexity, COMPLEXITY_STOP),
        ("nesting", function.nesting, NESTING_STOP),
        ("parameters", function.parameters, PARAMETERS_STOP),
        ("parameters by position", function.positional, _positional_stop(module, function)),
    )
    wrong = [f"{what} {value}, stop {stop}" for what, value, stop in limits if value > stop]
    if function.is_stub:
        wrong.append("does nothing")
    if function.unannotated:
        wrong.append(f"without annotation: {', '.join(function.unannotated)}")
    place = f"{module.path}:{function.line} {function.name}"
    return [Finding(place=place, what=what) for what in wrong]


def _positional_stop(module: ModuleFigures, function: FunctionFigures) -> int:
    """Return how many parameters may be positional; an override may have to take more."""
    header = range(function.line, function.line + POSITIONAL_STOP)
    excused = any("PLR0917" in note.text for note in module.comments if note.line in header)
    return PARAMETERS_STOP if excused or module.path.startswith("tests/") else POSITIONAL_STOP


def judge_comments(module: ModuleFigures) -> list[Finding]:
    """Find suppressions that give no code or reason, and marks of unfinished work.

    Args:
        module: The file's figures.

    Returns:
        What does not stand.
    """
    found = []
    for comment in module.comments:
        place = f"{module.path}:{comment.line}"
        suppression = SUPPRESSION.search(comment.text)
        if suppression is not None:
            words = re.findall(r"\w{2,}", suppression["reason"])
            if suppression["codes"] is None and "pragma" not in suppression["kind"]:
                found.append(Finding(place=place, what=f"names no rule: {comment.text}"))
            if len(words) < WORDS_OF_A_REASON:
                found.append(Finding(place=place, what=f"gives no reason: {comment.text}"))
        if UNFINISHED.search(comment.text):
            found.append(Finding(place=place, what=f"unfinished: {comment.text}"))
    return found


def judge_module(module: ModuleFigures) -> list[Finding]:
    """Hold one file against the stops.

    Args:
        module: Its figures.

    Returns:
        What is past a stop, functions and comments included.
    """
    found = [one for function in module.functions for one in judge_function(module, function)]
    found += judge_comments(module)
    is_core = module.path.startswith("src/gauger/core/")
    if module.size > FILE_STOP:
        found.append(Finding(place=module.path, what=f"{module.size} lines, stop {FILE_STOP}"))
    for handler in module.broad_excepts:
        place = f"{module.path}:{handler.line}"
        if handler.swallows:
            found.append(Finding(place=place, what="catches everything and says nothing"))
        elif is_core:
            found.append(Finding(place=place, what="catches everything, in the core"))
    if is_core:
        found += [
            Finding(place=f"{module.path}:{n}", what="Any in the core") for n in module.any_lines
        ]
        found += [
            Finding(place=module.path, what=f"no docstring: {n}") for n in module.undocumented
        ]
    return found


def judge_documented(modules: Sequence[ModuleFigures]) -> list[Finding]:
    """Find too many public names without a docstring outside the core.

    Args:
        modules: All files of the package.

    Returns:
        One finding for each such name, where the share is below the stop.
    """
    rest = [module for module in modules if not module.path.startswith("src/gauger/core/")]
    if documented_share(rest) >= DOCUMENTED_STOP:
        return []
    return [
        Finding(place=module.path, what=f"no docstring: {name}")
        for module in rest
        for name in module.undocumented
    ]


def documented_share(modules: Iterable[ModuleFigures]) -> float:
    """Return the share of public names with a docstring, in percent."""
    pairs = [(module.public, len(module.undocumented)) for module in modules]
    public = sum(count for count, _ in pairs)
    return 100.0 * (1 - sum(bare for _, bare in pairs) / public) if public else 100.0


def percentile(values: Iterable[int], share: float) -> int:
    """Return the value at a share (0 to 1) of the sorted values; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def spread(values: Sequence[int]) -> str:
    """Write median, 95th percentile and maximum."""
    return " / ".join(str(percentile(values, share)) for share in (0.5, 0.95, 1.0))


# Title, attribute of FunctionFigures, aims and stop as printed.
FUNCTION_ROWS = (
    ("lines a function", "size", f"aim 7 / 30, stop {FUNCTION_STOP}"),
    ("complexity", "complexity", f"aim 95th 8, stop {COMPLEXITY_STOP}"),
    ("nesting", "nesting", f"aim 95th 2, stop {NESTING_STOP}"),
    ("parameters", "parameters", f"aim 95th 4, stop {PARAMETERS_STOP}"),
)


def figures(source: Sequence[ModuleFigures], tests: Sequence[ModuleFigures]) -> list[str]:
    """Write the figures beside their aims.

    Args:
        source: Files of the package.
        tests: Files of the tests.

    Returns:
        Lines to print.
    """
    functions = [function for module in source for function in module.functions]
    size = sum(module.size for module in source)
    comments = sum(len(module.comments) for module in source)
    broad = sum(len(module.broad_excepts) for module in source)
    ratio = test_ratio(source, tests)
    return [
        "style budget (median / 95th percentile / most)",
        f"  source: {len(source)} files, {size} lines, {ratio:.2f} lines of tests for each (aim 1.4)",
        f"  lines a file: {spread([m.size for m in source])} (aim 130 / 350, stop {FILE_STOP})",
        *(
            f"  {title}: {spread([getattr(f, name) for f in functions])} ({aim})"
            for title, name, aim in FUNCTION_ROWS
        ),
        f"  lines a test: {spread(test_sizes(tests))} (aim 15 / 40, stop {TEST_FUNCTION_STOP})",
        f"  comments a line: {comments / max(size, 1):.2f} (aim 0.08 to 0.20)",
        f"  documented: {documented_share(source):.1f} % (stop: core all, rest {DOCUMENTED_STOP:.0f} %)",
        f"  handlers of everything: {broad} (one at each process edge at most)",
    ]


def test_sizes(tests: Sequence[ModuleFigures]) -> list[int]:
    """Return the lines of code of every test function."""
    functions = [function for module in tests for function in module.functions]
    return [f.size for f in functions if f.name.rpartition(".")[2].startswith("test_")]


def test_ratio(source: Sequence[ModuleFigures], tests: Sequence[ModuleFigures]) -> float:
    """Return lines of tests for one line of source; 0 where there is no source."""
    size = sum(module.size for module in source)
    return sum(module.size for module in tests) / size if size else 0.0


def judge(root: Path) -> tuple[list[Finding], list[str]]:
    """Hold the project against the budget.

    Args:
        root: The project's folder.

    Returns:
        What is past a stop, and the figures to print.
    """
    source, tests = (measure_tree(root, folder) for folder in ("src", "tests"))
    own = [
        module for folder in ("checks", "bench", "sweep") for module in measure_tree(root, folder)
    ]
    found = [one for module in (*source, *tests, *own) for one in judge_module(module)]
    found += judge_documented(source)
    found += [Finding(place=place, what=what) for place, what in forbidden_words(root)]
    ratio = test_ratio(source, tests)
    if ratio < TEST_RATIO_STOP:
        found.append(Finding(place="tests", what=f"{ratio:.2f} lines for one of source, stop 1.0"))
    return found, figures(source, tests)


def main() -> None:
    """Judge the project; exit with 1 where a stop is passed."""
    found, lines = judge(ROOT)
    print("\n".join(lines))
    for finding in found:
        print(finding)
    print(f"style budget: {len(found)} past a stop")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
