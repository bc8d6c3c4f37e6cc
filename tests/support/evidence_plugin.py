"""Pytest plugin: collect what the marks `requirement` and `threat` claim, and how tests ended.

It writes only where the environment variable ``GAUGER_EVIDENCE`` names a make target, so that a
test run by hand leaves the evidence alone. Under xdist the claims travel from the worker with the
report (``user_properties``) and the controller writes.
"""

import dataclasses
import os
from typing import Any, cast

import pytest

from checks import evidence

PROPERTY = "gauger_claim"


def claims_of(item: pytest.Item) -> list[evidence.Claim]:
    """Read the claims that a test's marks make."""
    claims = [
        evidence.claim("requirements", str(mark.args[0]))
        for mark in item.iter_markers("requirement")
    ]
    for mark in item.iter_markers("threat"):
        role = mark.kwargs.get("role")
        claims.append(evidence.claim("threats", str(mark.args[0]), role))
    return claims


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test's claims where they travel with its report; refuse ids that nobody listed."""
    for item in items:
        try:
            claims = claims_of(item)
        except (ValueError, IndexError) as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from error
        item.user_properties.extend((PROPERTY, dataclasses.asdict(entry)) for entry in claims)


class Recorder:
    """Collects reports in the controlling process and writes the target's part at the end."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._results: dict[str, evidence.Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended; a failed set-up or tear-down counts as a failure."""
        claims = tuple(
            evidence.Claim(**cast("dict[str, Any]", value))
            for name, value in report.user_properties
            if name == PROPERTY
        )
        earlier = self._results.get(report.nodeid)
        settled = earlier is not None and earlier.outcome != "passed"
        if not claims or settled or (report.when != "call" and report.passed):
            return
        outcome: evidence.Outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "failed"  # a known failure shows nothing
        self._results[report.nodeid] = evidence.Result(
            test=report.nodeid, outcome=outcome, claims=claims
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the part and the merge."""
        config = session.config
        everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
        narrowed = bool(config.getoption("keyword")) or bool(config.getoption("lf", default=False))
        finished = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        complete = everything and not narrowed and finished and not session.shouldfail
        path = evidence.BUILD / "evidence" / f"{self._target}.json"
        evidence.write_part(path, self._results.values(), complete=complete)
        evidence.merge()


def pytest_configure(config: pytest.Config) -> None:
    """Start recording in the controlling process of a make target."""
    target = os.environ.get("GAUGER_EVIDENCE")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(target), "gauger-evidence-recorder")
