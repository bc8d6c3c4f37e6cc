"""`gauger instance user`: through a running agent or without one."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.main import root
from gauger.core.problems import Problem
from gauger.surfaces.agent_client import connect
from tests.core.documents.material import refused
from tests.instance.test_users import OTHER, PASSWORD, key_line


def typed(data: Path, *words: str | Path, stdin: str | None = None) -> Result:
    line = ["instance", "user", *map(str, words), "--data", str(data)]
    return CliRunner().invoke(root, line, input=stdin)


def said(data: Path, *words: str | Path, stdin: str | None = None) -> str:
    result = typed(data, *words, stdin=stdin)
    assert result.exit_code == 0, f"{result.output} {result.exception!r}"
    assert PASSWORD not in result.output
    return result.output


def failed(data: Path, *words: str | Path, stdin: str | None = None) -> None:
    problem = typed(data, *words, stdin=stdin).exception
    assert isinstance(problem, Problem), problem
    raise problem


@pytest.mark.requirement("PI-11/users")
def test_users_are_made_listed_changed_and_removed(data: Path, tmp_path: Path) -> None:
    assert "No user exists" in said(data, "list")
    stdin = f"{PASSWORD}\n{PASSWORD}\n"
    assert "privilege 15" in said(data, "add", "a", "--privilege", "15", stdin=stdin)
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    said(data, "add", "b", "--privilege", "1", "--password-file", file)
    assert len(said(data, "list").splitlines()) == 2
    said(data, "passwd", "b", "--password-file", "-", stdin=f"{OTHER}\n")
    said(data, "remove", "a")
    listed = said(data, "list")
    assert listed.startswith("b ")
    assert "privilege 1 " in listed


def test_keys_are_given_and_taken_away(data: Path, tmp_path: Path) -> None:
    said(data, "add", "a", "--privilege", "1", "--password-file", "-", stdin=PASSWORD)
    file = tmp_path / "key.pub"
    file.write_text(key_line() + "\n")
    assert "may log in with this key" in said(data, "key", "add", "a", file)
    assert "1 keys" in said(data, "list")
    assert "may no longer" in said(data, "key", "remove", "a", file)


def test_what_is_refused_is_named(data: Path, tmp_path: Path) -> None:
    add = ("add", "a", "--privilege", "1", "--password-file")
    with refused("invalid-argument"):
        failed(data, *add, "-", stdin="short\n")
    with refused("invalid-argument"):
        failed(data, *add, "-", stdin="two\nlines\n")
    with refused("file-not-found"):
        failed(data, *add, tmp_path / "nowhere")
    with refused("too-large"):
        failed(data, *add, "-", stdin="a" * 4097)
    with refused("requested-item-not-found"):
        failed(data, "remove", "nobody")
    assert typed(data, "add", "a", "--privilege", "7").exit_code == 2


@pytest.mark.parametrize("data", ["socket"], indirect=True)
@pytest.mark.parametrize(
    "request_",
    [
        {"action": "rename"},
        {"action": 1},
        {"action": "remove"},
        {"action": "add", "name": "a", "password": PASSWORD, "privilege": "15"},
        {"action": "add", "name": "a", "password": PASSWORD, "privilege": True},
    ],
)
def test_a_request_that_is_none_is_refused(data: Path, request_: dict[str, object]) -> None:
    client = connect(data)
    assert client is not None
    with client, refused("invalid-argument"):
        client.user(request_)
