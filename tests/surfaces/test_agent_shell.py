"""A session at the agent's socket: the local console."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.surfaces.agent_line import PIECE, ConsoleLine
from gauger.surfaces.agent_socket import AgentServer
from tests.surfaces.console.scripted import ScriptedAgent
from tests.surfaces.socket_clients import answers, code, connected, raw


@contextmanager
def console(folder: Path, rows: int = 0, columns: int = 80) -> Iterator[ConsoleLine]:
    """Sit down at the console of a folder's agent."""
    with connected(folder) as client:
        yield client.shell(rows=rows, columns=columns, folder=Path("/somewhere"))


def until(line: ConsoleLine, end: str) -> str:
    """Return what is shown up to a text."""
    shown = b""
    while not shown.endswith(end.encode()):
        more = line.shown()
        assert more, shown
        shown += more
    return shown.decode()


def rest(line: ConsoleLine) -> str:
    """Return all that is shown until the session ends."""
    shown = b""
    while more := line.shown():
        shown += more
    return shown.decode()


@pytest.mark.requirement("PI-10/console")
def test_a_session_lives_in_the_agent(folder: Path, agent: ScriptedAgent) -> None:
    with console(folder) as line:
        assert until(line, "#") == "\r\ndevice#"
        line.type(b"license smart import a.xml\rexit\r")
        assert "Import Data Successful" in rest(line)
    assert agent.asked == [("import", Path("/somewhere/a.xml"))]


def test_a_long_paste_comes_whole(folder: Path) -> None:
    with console(folder) as line:
        line.type(b"!" + b"x" * (PIECE - 100) + b"\r" + b"show privilege\r" * 300 + b"exit\r")
        assert rest(line).count("Current privilege level is 15") == 300


@pytest.mark.requirement("PI-10/console")
def test_ctrl_c_breaks_off_what_waits_for_the_portal(folder: Path, agent: ScriptedAgent) -> None:
    asked, answers = threading.Event(), threading.Event()

    def keep_waiting() -> None:
        asked.set()
        assert answers.wait(60)

    agent.on_sync = keep_waiting
    with console(folder) as line:
        line.type(b"license smart sync all\r")
        assert asked.wait(60)
        line.type(b"dropped\r")
        line.resize(0, 60)
        line.type(b"dropped too\x03show terminal\r")
        line.type(b"exit\r")
        shown = rest(line)
        answers.set()
    assert "% Broken off." in shown
    assert "Width: 60 columns" in shown
    assert "dropped" not in shown


def test_a_terminal_may_change_its_size(folder: Path) -> None:
    with console(folder, rows=0) as line:
        line.resize(10, 60)
        line.type(b"show license all\r")
        assert until(line, "--More-- ").count("\r\n") == 11
        line.type(b"qshow terminal\rexit\r")
        assert "Length: 10 lines, Width: 60 columns" in rest(line)


def test_what_was_typed_before_the_input_ended_is_carried_out(folder: Path) -> None:
    with console(folder) as line:
        line.type(b"show privilege\n")
        line.finish()
        assert rest(line).endswith("Current privilege level is 15\r\ndevice#")


def test_a_reload_ends_every_session(folder: Path, agent: ScriptedAgent) -> None:
    with console(folder) as line:
        until(line, "#")
        agent.reload()
        assert "SHUTDOWN NOW" in rest(line)


def test_nobody_types_for_too_long(tmp_path: Path) -> None:
    agent = ScriptedAgent()
    agent.settings = replace(agent.settings, exec_timeout_console=1)
    with AgentServer(tmp_path, agent), console(tmp_path) as line:
        assert rest(line) == "\r\ndevice#"


def test_a_stopping_agent_ends_the_session(tmp_path: Path) -> None:
    server = AgentServer(tmp_path, ScriptedAgent())
    server.start()
    with console(tmp_path) as line:
        until(line, "#")
        server.stop()
        assert rest(line) == ""
        assert line.shown() == b""


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    "request_line",
    [
        {"op": "shell"},
        {"op": "shell", "rows": True, "columns": 80, "folder": "/"},
        {"op": "shell", "rows": -1, "columns": 80, "folder": "/"},
        {"op": "shell", "rows": 24, "columns": 70_000, "folder": "/"},
        {"op": "shell", "rows": 24, "columns": 80, "folder": 1},
    ],
)
def test_a_terminal_that_is_none_is_refused(folder: Path, request_line: object) -> None:
    with raw(folder) as connection:
        connection.sendall(json.dumps(request_line).encode() + b"\n")
        assert code(answers(connection, 1)[0]) == "invalid-argument"


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    "frame",
    [b"nonsense\n", b"[]\n", b'{"keys":"\\u0100"}\n', b'{"rows":1}\n', b"x" * 70_000],
)
def test_anything_else_ends_the_session(
    folder: Path, frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with raw(folder) as connection:
        connection.sendall(b'{"op":"shell","rows":0,"columns":80,"folder":"/"}\n')
        assert b'"ok"' in connection.recv(1) + connection.recv(65_536)
        _send(connection, frame)
        while connection.recv(65_536):
            pass
    assert "a session at the agent's socket ended" in caplog.text


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return  # it was cut off in the middle of a line without an end


def test_a_session_that_is_refused_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.surfaces.agent_socket.MAXIMUM_CLIENTS", 0)
    with AgentServer(tmp_path, ScriptedAgent()), connected(tmp_path) as client:
        with pytest.raises(Problem) as refused:
            client.shell(rows=0, columns=0, folder=Path("/"))
        assert refused.value.code in {"server-busy", "comm-failed"}


def test_an_agent_that_is_gone_is_named(tmp_path: Path) -> None:
    server = AgentServer(tmp_path, ScriptedAgent())
    server.start()
    with connected(tmp_path) as client:
        client.flush()
        server.stop()
        with pytest.raises(Problem):
            client.shell(rows=0, columns=0, folder=Path("/"))
