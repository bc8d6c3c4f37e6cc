"""Marks become evidence; a partial run deletes nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks import coverage_map, evidence
from tests.support.material import shared_file

STORY = """
import pytest

@pytest.mark.requirement("PI-6/policy")
@pytest.mark.threat("A1", role="cssm")
def test_good():
    pass

@pytest.mark.requirement("PI-6/trust")
def test_bad():
    assert False

@pytest.mark.requirement("PI-7")
def test_absent():
    pytest.skip("not here")

@pytest.mark.requirement("PI-8")
@pytest.mark.parametrize("number", [1, 2])
def test_twice(number):
    pass

@pytest.fixture
def broken():
    yield
    raise RuntimeError("late")

@pytest.mark.requirement("PI-9")
def test_fails_late(broken):
    pass
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin in a folder of its own."""
    settings = folder / "pytest.ini"
    marks = "markers =\n    requirement(id): x\n    threat(id, role): x\n"
    settings.write_text(f"[pytest]\ntestpaths = .\n{marks}", encoding="utf-8")
    environ = os.environ | {
        "GAUGER_EVIDENCE": "story",
        "GAUGER_BUILD": str(folder / "build"),
        "PYTHONPATH": str(evidence.ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [
        *(sys.executable, "-m", "pytest", "-p", "tests.support.evidence_plugin"),
        *("-p", "xdist"),
        *("-p", "no:cacheprovider", "-c", str(settings), *arguments),
    ]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def read(folder: Path, kind: str) -> dict[str, dict[str, object]]:
    """Read a merged file."""
    text = (folder / "build" / f"{kind}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_marks_become_the_two_files(tmp_path: Path, workers: tuple[str, ...]) -> None:
    (tmp_path / "test_story.py").write_text(STORY, encoding="utf-8")
    run_pytest(tmp_path, *workers)
    found = read(tmp_path, "requirements")
    assert found["PI-6"] == {
        "passed": 1,
        "failed": 1,
        "skipped": 0,
        "parts": {"policy": 1},
        "roles": {},
        "tests": ["test_story.py::test_bad", "test_story.py::test_good"],
    }
    assert found["PI-7"]["skipped"] == 1
    assert found["PI-8"]["passed"] == 2
    assert (found["PI-9"]["passed"], found["PI-9"]["failed"]) == (0, 1)
    assert read(tmp_path, "threats")["A1"]["roles"] == {"cssm": 1}


def test_a_partial_run_keeps_what_others_showed(tmp_path: Path) -> None:
    (tmp_path / "test_story.py").write_text(STORY, encoding="utf-8")
    run_pytest(tmp_path)
    (tmp_path / "test_story.py").write_text(STORY.replace("assert False", "pass"), encoding="utf-8")
    run_pytest(tmp_path, "-k", "bad")
    assert read(tmp_path, "requirements")["PI-6"]["passed"] == 2
    assert read(tmp_path, "requirements")["PI-8"]["passed"] == 2


def test_a_complete_run_forgets_tests_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "test_story.py").write_text(STORY, encoding="utf-8")
    run_pytest(tmp_path)
    (tmp_path / "test_story.py").write_text(STORY.replace("twice", "thrice"), encoding="utf-8")
    run_pytest(tmp_path)
    assert read(tmp_path, "requirements")["PI-8"]["passed"] == 2


def test_an_id_that_nobody_listed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_story.py").write_text(STORY.replace("PI-7", "PI-77"), encoding="utf-8")
    done = run_pytest(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'PI-77' is not listed" in done.stderr


def test_the_list_of_ids_is_that_of_the_requirements() -> None:
    rows = re.findall(
        r"^\| ([A-Z]{2,3}-\d+|T\d[^|]*?)(?: ★)? \|",
        shared_file("REQUIREMENTS.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    names = [name for row in rows for name in row.split(", ")]
    assert list(evidence.known_ids()["requirements"]) == names


def test_the_list_of_threats_is_that_of_the_threat_model() -> None:
    text = shared_file("reference/threats-and-test-methods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-J]\d+) \|", text, re.MULTILINE)
    assert list(evidence.known_ids()["threats"]) == rows


def test_the_map_shows_ids_without_a_test() -> None:
    summary = evidence.summarise(
        [
            evidence.Result(
                test="t.py::a",
                outcome="passed",
                claims=(evidence.claim("requirements", "PI-6/policy"),),
            )
        ],
        "requirements",
    )
    titles = {"PI-5": "five", "PI-6": "six", "PI-7": "seven"}
    lines = coverage_map.table(titles, summary, {"PI-7": "comes later"})
    assert [" ".join(line.split()) for line in lines] == [
        "PI-5 NO TEST five",
        "PI-6 1 passed, 0 failed, 0 skipped; policy 1 six",
        "PI-7 deferred: comes later seven",
        "3 ids: 1 shown by passing tests, 1 deferred, 1 without a test",
    ]


def test_deferrals_name_listed_ids() -> None:
    for kind, names in evidence.deferred_ids().items():
        for name in names:
            evidence.claim(kind, name)


@pytest.mark.parametrize(
    ("name", "found"), [("PI-7", []), ("PI-6", ["PI-6 has tests"]), ("X-1", ["X-1 is not listed"])]
)
def test_a_deferral_that_is_not_true_is_found(name: str, found: list[str]) -> None:
    claims = (evidence.claim("requirements", "PI-6/policy"),)
    shown = [evidence.Result(test="t.py::a", outcome="skipped", claims=claims)]
    summary = evidence.summarise(shown, "requirements")
    assert coverage_map.faults({"PI-6": "six", "PI-7": "seven"}, summary, {name: "later"}) == found


def test_no_test_is_marked_with_what_is_deferred() -> None:
    """Found at once; the map, which sees marks in parameters too, tells after a whole run."""
    files = (evidence.ROOT / "tests").rglob("test_*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    marked = set(re.findall(r"""mark\.(?:requirement|threat)\("([^"/]+)""", text))
    assert "PI-4" in marked
    assert not marked & {name for names in evidence.deferred_ids().values() for name in names}
