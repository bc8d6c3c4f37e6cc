"""`gauger instance` as typed: with an agent at work and without one."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.instance import _config_lines
from gauger.cli.main import root as command
from gauger.core.problems import Problem
from gauger.surfaces.agent_wire import NAME

AP = ("C9130AXI-B", "FOC00000001")


def typed(*words: str | Path, stdin: str | None = None) -> str:
    """Run a command line and return what it printed."""
    done = _invoke(*words, stdin=stdin)
    assert done.exit_code == 0, done.output
    return done.output


def _invoke(*words: str | Path, stdin: str | None = None) -> Result:
    line = [str(word) for word in words]
    return CliRunner().invoke(command, line, input=stdin, catch_exceptions=False)


def _refusal(*words: str | Path) -> Problem:
    with pytest.raises(Problem) as refusal:
        _invoke(*words)
    return refusal.value


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("factory")
    typed("factory", "init", "--out", folder / "F", "--embedded")
    device = ("--profile", "c9800-cl", "--serial", "GGR0001", "--out", folder / "B")
    typed("factory", "mint", "--factory", folder / "F", *device)
    return folder / "B"


@pytest.fixture
def data(tmp_path: Path, bundle: Path) -> Path:
    said = typed("instance", "init", "--data", tmp_path / "D", "--bundle", bundle)
    assert "PID:C9800-CL-K9,SN:GGR0001" in said
    return tmp_path / "D"


def test_the_next_step_names_the_keys_and_a_folder_with_a_blank(
    tmp_path: Path, bundle: Path
) -> None:
    place = ("--data", tmp_path / "my D", "--keys", tmp_path / "K")
    said = typed("instance", "init", *place, "--bundle", bundle)
    step = said.strip().splitlines()[-1].removeprefix("Next: ")
    assert shlex.split(step) == ["gauger", "instance", "run", *map(str, place)]


def _words(action: str, data: Path, *more: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "gauger", "instance", action, "--data", data, *more]


@contextmanager
def _running(data: Path, *more: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run an agent in a process of its own until the block ends."""
    words = _words("run", data, *more)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            while "Ctrl-C" not in process.stdout.readline():
                assert process.poll() is None
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _show(data: Path, *line: str) -> str:
    return typed("instance", "exec", "--data", data, *line)


@pytest.mark.requirement("PI-10/exec")
def test_exec_opens_the_store_where_no_agent_runs(data: Path) -> None:
    assert _show(data, "show", "license", "udi") == "UDI: PID:C9800-CL-K9,SN:GGR0001\n"
    assert _show(data, "show license status | include Type") == "  Type: cslu\n"
    assert _show(data, "show", "license", "status", "|", "include", "Smart Account").startswith(
        "  Smart Account: <none>"
    )


@pytest.mark.requirement("PI-10/configure")
def test_configuration_is_kept(data: Path) -> None:
    url = "https://cssm.example.com/licservice/license"
    assert not typed("instance", "config", "--data", data, "license", "smart", "transport", "smart")
    lines = (f"license smart url smart {url}", "license smart usage interval 7")
    typed("instance", "config", "--data", data, *lines)
    status = _show(data, "show", "license", "status")
    assert "Type: Smart\n" in status
    assert f"URL: {url}\n" in status
    typed("instance", "config", "--data", data, stdin="! back\nno license smart transport\n")
    assert "Type: cslu\n" in _show(data, "show", "license", "status")


@pytest.mark.requirement("PI-10/exec")
def test_a_refusal_is_the_result(data: Path) -> None:
    problem = _refusal("instance", "exec", "--data", data, "show", "licence", "status")
    assert problem.code == "invalid-command"
    assert problem.detail.startswith("show licence\n          ^\n% Invalid input detected")
    wrong = _refusal("instance", "config", "--data", data, "license smart url smart http://a/")
    assert wrong.code == "not-a-licensing-url"


def test_a_wrong_line_has_an_exit_code_and_says_what_to_do(data: Path) -> None:
    words = _words("exec", data, "format")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not done.stdout
    assert "% Invalid input detected at '^' marker." in done.stderr
    assert "Next: " in done.stderr


@pytest.mark.requirement("PI-2/simulated")
def test_a_question_mark_is_answered_with_what_may_stand_there(data: Path) -> None:
    assert "  summary  " in _show(data, "sh", "lic", "s?")
    assert "  transport  " in typed("instance", "config", "--data", data, "license smart ?")
    problem = _refusal("instance", "exec", "--data", data)
    assert problem.detail.startswith("% Incomplete command.\nHere may stand: ")


def test_use_without_an_agent_is_recorded(data: Path) -> None:
    typed("instance", "use", "--data", data, "air-network-advantage", "5")
    summary = _show(data, "show", "license", "summary")
    assert "air-network-advantage   (DNA_NWStack)                     5 IN USE" in summary
    assert _refusal("instance", "use", "--data", data, "no-such", "1").code == "unknown-entitlement"


@pytest.mark.requirement("PI-10/exec")
def test_files_begin_where_the_command_was_typed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed("instance", "use", "--data", data, "air-network-advantage", "5")
    line = ("license", "smart", "save", "usage", "all", "file", "my usage.xml")
    typed("instance", "exec", "--data", data, *line)
    assert b"RUMReport" in (tmp_path / "my usage.xml").read_bytes()


@pytest.mark.requirement("PI-10/exec")
@pytest.mark.requirement("PI-1/access-points")
def test_everything_goes_through_a_running_agent(data: Path, tmp_path: Path) -> None:
    with _running(data):
        assert (data / NAME).is_socket()
        typed("instance", "use", "--data", data, "air-dna-essentials", "3")
        typed("instance", "access-point", "join", "--data", data, *AP)
        typed("instance", "config", "--data", data, "license", "smart", "transport", "off")
        summary = _show(data, "show", "license", "summary")
        assert "(AIR-DNA-E)                       3 IN USE" in summary
        assert "(DNA_NWStack)                     1 IN USE" in summary
        typed("instance", "access-point", "leave", "--data", data, *AP)
        assert "0 NOT IN USE" in _show(data, "show", "license", "summary")
        file = tmp_path / "usage.xml"
        _show(data, f"license smart save usage all file {file}")
        assert file.exists()
        problem = _refusal("instance", "exec", "--data", data, "license smart sync all")
        assert problem.code == "transport-off"
    assert "Transport Off" in _show(data, "show license status")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_agent_ends_in_order(data: Path, number: signal.Signals) -> None:
    with _running(data) as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "everything measured is stored" in said
    assert not (data / NAME).exists()


def test_two_agents_never_share_a_store(data: Path) -> None:
    with _running(data):
        words = _words("run", data)
        second = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert "store-locked" in second.stderr
        assert _show(data, "show license udi")


def test_a_folder_without_a_store_is_named_and_not_made(tmp_path: Path) -> None:
    problem = _refusal("instance", "exec", "--data", tmp_path / "typo", "show license udi")
    assert problem.code == "store-missing"
    assert not (tmp_path / "typo").exists()


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    problem = _refusal("instance", "use", "--data", tmp_path, "air-dna-essentials", "1")
    assert problem.code == "store-missing"
    assert list(tmp_path.iterdir()) == []


def test_a_test_clock_is_announced(tmp_path: Path, bundle: Path) -> None:
    clock = tmp_path / "clock.json"
    clock.write_text('{"wall": 1795400000, "monotonic": 0}')
    words = _words("run", tmp_path / "D", "--bundle", bundle, "--clock", clock)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert first.startswith("TEST CLOCK")


@pytest.mark.requirement("PI-1")
def test_profiles_are_listed() -> None:
    said = typed("instance", "profiles")
    assert "c9800-80: Catalyst 9800-80 Wireless Controller" in said
    assert "hseck9 (hseck9): export perpetual" in said
    assert "air-network-essentials (DNA_NWSTACK_E): unenforced perpetual, own tag" in said


@pytest.mark.requirement("PI-1")
def test_one_profile_is_shown_with_the_tags_that_an_order_needs() -> None:
    said = typed("instance", "profiles", "--profile", "c9800-cl")
    assert "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71" in said
    assert "ewc-ap" not in said


@pytest.mark.requirement("PI-1/own-profile")
def test_a_profile_of_ones_own_is_checked(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "my box"\n')
    problem = _refusal("instance", "profiles", "--profile", mine)
    assert problem.code == "profile-invalid"
    assert "name is 'my box'" in problem.detail


def test_configuration_needs_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal())
    with pytest.raises(Problem) as refusal:
        _config_lines(())
    assert refusal.value.code == "invalid-argument"


class _Terminal:
    """Standard input that a person types at."""

    def isatty(self) -> bool:
        return True
