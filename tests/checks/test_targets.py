"""What the make targets are made of: set-up, test runs, audit, help."""

import re
import subprocess
from pathlib import Path

import pytest

from checks import audit, run_tests, set_up

ROOT = Path(set_up.ROOT)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for a clone: the files that set-up looks at, and no environment."""
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    for name in (
        "requirements/dev.txt",
        "requirements/uv.txt",
        "checks/set_up.py",
        "pyproject.toml",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path


def make_stamp(environment: set_up.Environment) -> None:
    """Make an environment look as if set-up had just ended."""
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    stamp = environment.path / set_up.STAMP
    stamp.write_text(set_up.fingerprint(environment) + "\n", encoding="utf-8")


@pytest.mark.parametrize("changed", ["requirements/dev.txt", "pyproject.toml"])
def test_set_up_is_due_when_a_lock_or_the_project_file_changed(clone: Path, changed: str) -> None:
    environment = set_up.ENVIRONMENTS["dev"]
    assert not set_up.is_current(environment)
    make_stamp(environment)
    assert set_up.is_current(environment)
    set_up.set_up(environment)  # does nothing: there is no installer in this clone
    (clone / changed).write_text("anew", encoding="utf-8")
    assert not set_up.is_current(environment)


def test_uv_goes_first_and_pip_is_the_fallback(clone: Path) -> None:
    environment = set_up.ENVIRONMENTS["dev"]
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "uv").touch()
    commands = [[str(part) for part in command] for command in set_up.installers(environment)]
    assert [Path(command[0]).name for command in commands] == ["uv", "python"]
    assert all("--require-hashes" in command for command in commands)


def test_a_failing_installer_is_told(clone: Path) -> None:
    environment = set_up.ENVIRONMENTS["dev"]
    (clone / ".venv" / "bin").mkdir(parents=True)
    for name in ("uv", "python"):
        program = clone / ".venv" / "bin" / name
        program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        program.chmod(0o755)
    with pytest.raises(SystemExit, match="could not be installed"):
        set_up.install(environment)


def test_test_runs_are_parallel_and_measured() -> None:
    command = run_tests.pytest_command(run_tests.TARGETS["test"], 2, ["tests/core"])
    assert command[1:] == [
        *("-m", "coverage", "run", "-m", "pytest", "-m", "not interop", *run_tests.SLOWEST),
        *("-n", "2", "--dist", "worksteal", "tests/core"),
    ]
    command = run_tests.pytest_command(run_tests.TARGETS["interop"], 1, [])
    assert command[1:] == ["-m", "pytest", "-m", "interop", *run_tests.SLOWEST]


def test_tests_keep_their_files_in_memory_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(run_tests, "MEMORY", tmp_path)
    monkeypatch.setattr(run_tests, "ROOM", 0)
    assert run_tests.scratch_place() == str(tmp_path)
    monkeypatch.setattr(run_tests, "ROOM", 1 << 80)
    assert run_tests.scratch_place() is None
    monkeypatch.setattr(run_tests, "MEMORY", tmp_path / "absent")
    assert run_tests.scratch_place() is None
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run_tests.scratch_place() is None


@pytest.mark.threat("J1")
def test_an_advisory_is_read_from_the_audit() -> None:
    report = """{"dependencies": [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}]}"""
    assert audit.advisories(report) == ["bad 2: CVE-1, mended in 3"]
    assert audit.advisories("connection refused") is None


def audited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str
) -> tuple[int, str]:
    """Run the audit on what an index is made to answer; return its exit code and what it says."""
    done = subprocess.CompletedProcess([], 1, stdout=output, stderr="connection refused")
    monkeypatch.setattr("checks.audit.subprocess.run", lambda *_, **__: done)
    code = 0
    try:
        audit.main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out


@pytest.mark.threat("J1")
def test_the_audit_fails_on_an_advisory_and_says_where_no_index_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = '{"dependencies": [{"name": "b", "version": "2", "vulns": [{"id": "C", "fix_versions": []}]}]}'
    code, said = audited(monkeypatch, capsys, bad)
    assert (code, "b 2: C, mended in no version yet" in said) == (1, True)
    code, said = audited(monkeypatch, capsys, "")
    assert (code, "NOT DONE, no index answered" in said) == (0, True)
    code, said = audited(monkeypatch, capsys, '{"dependencies": []}')
    assert (code, "0 known advisories" in said) == (0, True)


def test_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - make is on the path of whoever runs the tests
    listed = set(re.findall(r"^  make ([a-z-]+)", done.stdout, re.MULTILINE))
    declared = set(
        re.findall(r"^\.PHONY: ([a-z-]+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    assert listed == declared
    assert {"demo", "demos", "test", "check", "bench", "interop", "docs", "audit"} <= listed
