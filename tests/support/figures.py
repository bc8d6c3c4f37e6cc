"""Pytest plugin: figures that tests count, summed over the run and printed at its end.

A test that searches (mutations, machines) says how much it tried, so that nobody has to believe
that it did. The numbers travel with the test's report, from whatever process it ran in.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import pytest

PREFIX: Final = "figure: "


class Figures:
    """What one test counts."""

    def __init__(self, item: pytest.Item) -> None:
        """Take the test."""
        self._item = item

    def add(self, name: str, number: int) -> None:
        """Add to the figure of a name."""
        self._item.user_properties.append((f"{PREFIX}{name}", number))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Return where a test says how much it tried."""
    return Figures(request.node)


def sums_of(reports: Iterable[object]) -> Counter[str]:
    """Return the sums over all reports of tests."""
    sums: Counter[str] = Counter()
    # The last report of a test tells what its fixtures counted too.
    ends = (one for one in reports if isinstance(one, pytest.TestReport) and one.when == "teardown")
    for name, value in (told for end in ends for told in end.user_properties):
        if name.startswith(PREFIX) and isinstance(value, int):
            sums[name.removeprefix(PREFIX)] += value
    return sums


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sums."""
    sums = sums_of(report for some in terminalreporter.stats.values() for report in some)
    if sums:
        terminalreporter.section("figures")
    for name, value in sorted(sums.items()):
        terminalreporter.write_line(f"{value:>12,} {name}")
