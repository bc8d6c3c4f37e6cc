import resource
import subprocess
import sys

import click
import pytest

from gauger.cli import main as cli
from gauger.core.problems import TABLE, Fault, Problem


def _run(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> int:
    def fail() -> None:
        raise failure

    monkeypatch.setattr(cli, "root", fail)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_help_lists_every_command_without_importing_one() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gauger", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(f"  {name}" in done.stdout for name in cli.COMMANDS)
    assert "gauger.cssm" not in done.stderr
    assert "cryptography" not in done.stderr


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_listed_command_exists(name: str) -> None:
    group = cli.root
    assert isinstance(group, click.Group)
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.help


def test_an_unknown_command_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gauger", "no-such"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "No such command 'no-such'" in done.stderr


def test_every_fault_has_its_exit_code() -> None:
    assert set(cli.EXIT_CODES) == set(Fault)
    assert {cli.EXIT_CODES[kind.fault] for kind in TABLE.values()} <= {2, 3, 4, 5}


def test_a_problem_becomes_text_and_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(monkeypatch, Problem("comm-failed", "No route to the portal."))
    said = capsys.readouterr().err
    assert code == cli.EXIT_CODES[Fault.NETWORK]
    assert "(comm-failed)" in said
    assert "No route to the portal." in said
    assert f"Next: {TABLE['comm-failed'].next_step}" in said


def test_a_fault_of_ours_is_named_and_its_trace_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(cli.DEBUG, raising=False)
    assert _run(monkeypatch, ZeroDivisionError("by zero")) == 1
    said = capsys.readouterr().err
    assert "(internal-error)" in said
    assert "Traceback" not in said


def test_a_fault_of_ours_shows_its_trace_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "root", fail)
    monkeypatch.setenv(cli.DEBUG, "1")
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.threat("F9", role="cssm")
@pytest.mark.threat("F9", role="instance")
def test_no_command_leaves_a_core_dump_which_would_hold_its_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr("resource.setrlimit", lambda *limit: asked.append(limit))
    monkeypatch.setattr(cli, "root", lambda: asked.append((0, (0, 0))))
    cli.main()
    assert asked[0] == (resource.RLIMIT_CORE, (0, 0))  # before any command does anything
