"""`gauger instance`: through a running agent or without one, the answers and refusals agree."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.main import root
from gauger.core.problems import Problem
from gauger.instance.main import Options
from tests.instance.world import ESSENTIALS

NO_SUCH = "/no/such/folder/file.xml"


def typed(action: str, data: Path, *words: str | Path, stdin: str | None = None) -> Result:
    parts, more = action.split(), [str(word) for word in words]
    line = ["instance", *parts, "--data", str(data), *more]
    return CliRunner().invoke(root, line, input=stdin)


def said(action: str, data: Path, *words: str | Path, stdin: str | None = None) -> str:
    result = typed(action, data, *words, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.output


def refused(action: str, data: Path, *words: str | Path) -> Problem:
    problem = typed(action, data, *words).exception
    assert isinstance(problem, Problem), problem
    return problem


@pytest.mark.requirement("PI-11/socket")
def test_what_one_command_sets_another_shows(data: Path) -> None:
    assert said("use", data, ESSENTIALS, "5") == ""
    assert "5 IN USE" in said("exec", data, "show license summary")
    assert said("use", data, ESSENTIALS, "0") == ""
    assert "0 NOT IN USE" in said("exec", data, "show", "license", "summary")


def test_access_points_come_and_go(data: Path) -> None:
    assert said("access-point join", data, "C9130AXI-B", "FOC1") == ""
    assert said("access-point leave", data, "C9130AXI-B", "FOC1") == ""
    assert said("access-point leave", data, "C9130AXI-B", "never-joined") == ""


def test_configuration_comes_as_words_as_lines_or_on_standard_input(data: Path) -> None:
    said("config", data, "license", "smart", "transport", "smart")
    assert "Type: Smart" in said("exec", data, "show license status")
    said("config", data, "license smart transport off", "license smart usage interval 9")
    assert "Transport Off" in said("exec", data, "show license status")
    said("config", data, stdin="! lines\nno license smart transport\n\n")
    assert "Type: cslu" in said("exec", data, "show license status")


@pytest.mark.parametrize(
    ("action", "words", "code"),
    [
        ("exec", ["show licence"], "invalid-command"),
        ("exec", ["show license rum id 5 detail"], "requested-item-not-found"),
        ("exec", ["license smart sync all"], "transport-later"),
        ("exec", ["license smart trust idtoken x local"], "transport-later"),
        ("exec", [f"license smart import {NO_SUCH}"], "file-not-found"),
        ("exec", ["license smart import ftp://host/file"], "not-supported"),
        ("exec", [f"license smart save usage rum-id 5 file {NO_SUCH}"], "requested-item-not-found"),
        ("exec", [f"license smart save usage all file {NO_SUCH}"], "file-not-written"),
        ("config", ["license smart transport pigeon"], "invalid-command"),
        ("config", ["license smart url smart nonsense"], "not-a-licensing-url"),
        ("use", ["no-such-licence", "1"], "unknown-entitlement"),
        ("access-point join", ["AP", "\t"], "invalid-argument"),
    ],
)
def test_refusals_are_the_same_either_way(
    data: Path, action: str, words: list[str], code: str
) -> None:
    problem = refused(action, data, *words)
    assert problem.code == code
    assert problem.detail
    assert problem.kind.next_step


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["use", "--data", "D", "x", "9999999999"], "is not in the range"),
        (["use", "--data", "D", "x", "many"], "not a valid integer"),
        (["exec", "show license udi"], "Missing option"),
        (["access-point", "eat", "--data", "D", "A", "1"], "is not one of"),
        (["init", "--data", "D"], "Missing option"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_command_line_typed_wrong_is_told_with_exit_code_2(words: list[str], named: str) -> None:
    result = CliRunner().invoke(root, ["instance", *words], env={"GAUGER_INSTANCE_DATA": None})
    assert result.exit_code == 2
    assert named in result.output
    assert not Path("D").exists()


def test_the_data_folder_may_come_from_the_environment(data: Path) -> None:
    environment = {"GAUGER_INSTANCE_DATA": str(data)}
    line = ["instance", "exec", "show", "license", "udi"]
    assert "SN:GGR0001" in CliRunner().invoke(root, line, env=environment).output


@pytest.mark.parametrize("command", ["init", "run", "exec", "config", "use", "access-point"])
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(root, ["instance", command, "--help"])
    assert result.exit_code == 0
    assert "--data" in result.output
    assert "--clock" in result.output


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("use", (ESSENTIALS, "5")),
        ("access-point join", ("C9130AXI-B", "FOC1")),
        ("config", ("license", "smart", "transport", "smart")),
        ("exec", ("license", "smart", "sync", "all")),
        ("user list", ()),
    ],
)
@pytest.mark.parametrize("data", ["own store"], indirect=True)
def test_what_would_be_forgotten_at_the_end_of_the_command_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch, action: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("gauger.instance.main.open_instance_store", _refuse)
    assert refused(action, data, *words).detail == "The disk says no."


@pytest.mark.parametrize("data", ["own store"], indirect=True)
def test_a_bundle_that_is_not_taken_in_is_not_said_to_be(
    data: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.main.open_instance_store", _refuse)
    assert refused("init", data, "--bundle", bundle).detail == "The disk says no."


def _refuse(*_: object) -> None:
    raise Problem("store-failed", "The disk says no.")


def test_an_agent_runs_also_where_the_disk_says_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []

    def note(options: Options) -> None:
        asked.append(options)
        raise Problem("store-locked", "Enough is known.")

    monkeypatch.setattr("gauger.cli.instance_run.open_agent", note)
    monkeypatch.setattr("signal.pthread_sigmask", lambda *_: None)
    assert refused("run", tmp_path, "--bundle", tmp_path / "bundle").code == "store-locked"
    assert not asked[0].durable
