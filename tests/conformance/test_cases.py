"""Every case of the conformance suite before our own command, in this process."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from checks import make_conformance
from conformance import run
from gauger.cli.verify import verify
from gauger.tools.conformance.verdict import KINDS

CASES = run.load()
REFUSED = [case for case in CASES if not case.content["verdict"]["accepted"]]


def marked(case: run.Case) -> Any:  # noqa: ANN401 -- a set of parameters of pytest
    threat = case.content["threat"]
    marks = [] if threat is None else [pytest.mark.threat(threat["id"], role=threat["role"])]
    return pytest.param(case, id=case.name, marks=marks)


def verdict_on(case: run.Case) -> object:
    done = CliRunner().invoke(verify, case.arguments[1:], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_the_verdict_is_that_of_the_case(case: run.Case) -> None:
    assert run.fault_of(case, verdict_on(case)) is None


def test_most_cases_are_to_be_refused() -> None:
    assert len(CASES) >= 200
    assert len(REFUSED) >= 0.65 * len(CASES)


def test_a_name_tells_whether_a_case_is_refused() -> None:
    assert {case.name for case in REFUSED} == {
        one.name for one in CASES if one.name.endswith("_fail")
    }


def test_every_kind_has_good_and_bad_cases() -> None:
    kinds = set(KINDS)
    assert {case.content["kind"] for case in REFUSED} == kinds
    assert {case.content["kind"] for case in CASES if case not in REFUSED} == kinds


def test_the_cases_are_what_the_script_makes() -> None:
    wanted, there = make_conformance.contents(), make_conformance.present(make_conformance.ROOT)
    assert wanted.keys() == there.keys()
    assert [name for name in wanted if wanted[name] != there[name]] == []
