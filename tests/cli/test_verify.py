"""`gauger verify` as typed: where there is no verdict, and what it takes from the clock."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.make_conformance import ROOT
from gauger.cli.verify import verify
from gauger.core.problems import Problem

GOOD = ROOT / "cases" / "policy-good" / "policy.json"
TRUST = ROOT / "trust" / "usual"


def judged(*words: str | Path, trust: Path = TRUST) -> dict[str, object]:
    line = ["--kind", "policy", "--trust", str(trust), *map(str, words)]
    done = CliRunner().invoke(verify, line, catch_exceptions=False)
    assert done.exit_code == 0
    verdict: dict[str, object] = json.loads(done.stdout)
    return verdict


def test_this_machines_clock_judges_where_none_is_named() -> None:
    assert judged(GOOD)["accepted"] is True


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((GOOD.parent / "nothing.json",), "file-not-found"),
        (("--expect-udi", "C9800-CL-K9", GOOD), "invalid-argument"),
        (("--expect-account", "example.com", GOOD), "invalid-argument"),
    ],
)
def test_without_a_verdict_there_is_a_problem(words: tuple[str | Path, ...], code: str) -> None:
    with pytest.raises(Problem) as caught:
        judged(*words)
    assert caught.value.code == code


def test_a_trust_folder_that_does_not_hold_gives_no_verdict(tmp_path: Path) -> None:
    text = (TRUST / "root-set-1.json").read_text()
    (tmp_path / "root-set-1.json").write_text(text.replace("threshold", "thresholt", 1))
    with pytest.raises(Problem):
        judged(GOOD, trust=tmp_path)


def test_a_response_needs_the_nonce_of_its_request() -> None:
    response = ROOT / "cases" / "response-nothing" / "response.json"
    with pytest.raises(Problem, match="--expect-nonce"):
        judged("--kind", "smart-transport-response", response)
