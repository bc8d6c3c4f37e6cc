"""The agent's socket: same user only, bounded, and no client waits for another."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.config import TransportKind
from gauger.surfaces import agent_socket
from gauger.surfaces.agent_client import AgentClient, connect
from gauger.surfaces.agent_socket import AgentServer
from gauger.surfaces.agent_wire import MAXIMUM_REQUEST, NAME, read_problem
from tests.surfaces.console.scripted import TAG, UDI, ScriptedAgent
from tests.surfaces.socket_clients import answers, code, connected, raw


@pytest.fixture
def client(folder: Path) -> Iterator[AgentClient]:
    with connected(folder) as client:
        yield client


def _answer(connection: socket.socket, line: bytes) -> dict[str, object]:
    connection.sendall(line)
    (answer,) = answers(connection, 1)
    return answer


def test_lines_are_carried_out_by_the_agent(client: AgentClient, agent: ScriptedAgent) -> None:
    assert client.execute("show license udi", Path("/")) == f"UDI: {UDI}"
    client.execute("license smart import ack.xml", Path("/somewhere"))
    assert not client.configure(["license smart transport off"])
    assert agent.asked[0] == ("import", Path("/somewhere/ack.xml"))
    assert agent.settings.transport is TransportKind.OFF


def test_usage_comes_through(client: AgentClient, agent: ScriptedAgent) -> None:
    access_point = Udi("AIR-AP2802I-E-K9", "FDW2109B29P")
    client.set_count(TAG, 3)
    client.access_point("join", access_point)
    client.access_point("leave", access_point)
    client.flush()
    assert agent.asked == [
        ("set_count", TAG, 3),
        ("join", access_point),
        ("leave", access_point),
        ("flush",),
    ]
    assert client.ask(op="whoami")["text"] == str(UDI)


class _Counting(ScriptedAgent):
    """Counts what is in use at this moment."""

    now_in_use = 0
    changed = threading.Condition()

    def use(self, tag: str, count: int = 1) -> AbstractContextManager[None]:
        assert tag == TAG
        return self._using(count)

    @contextmanager
    def _using(self, count: int) -> Iterator[None]:
        self._change(count)
        yield
        self._change(-count)

    def _change(self, count: int) -> None:
        with self.changed:
            type(self).now_in_use += count
            self.changed.notify_all()

    def wait_for(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.now_in_use == count, timeout=10)


@pytest.mark.requirement("PI-11/socket")
def test_a_use_lasts_as_long_as_its_context(tmp_path: Path) -> None:
    agent = _Counting()
    with AgentServer(tmp_path, agent), connected(tmp_path) as client:
        with client.use(TAG, 2):
            assert agent.now_in_use == 2
        assert agent.now_in_use == 0


@pytest.mark.requirement("PI-11/socket")
def test_a_program_that_dies_uses_nothing_any_more(tmp_path: Path) -> None:
    agent = _Counting()
    with AgentServer(tmp_path, agent):
        client = connected(tmp_path)
        client.ask(op="use", tag=TAG, count=2)
        client.ask(op="use", tag=TAG, count=3)
        assert agent.now_in_use == 5
        client.close()
        assert agent.wait_for(0)


def test_a_release_of_nothing_is_refused(client: AgentClient) -> None:
    with pytest.raises(Problem) as refusal:
        client.ask(op="release", handle=7)
    assert refusal.value.code == "requested-item-not-found"


def test_a_refusal_crosses_whole(tmp_path: Path) -> None:
    original = Problem("transport-off", "The transport is off.", transport="off")
    with (
        AgentServer(tmp_path, ScriptedAgent(refusal=original)),
        connected(tmp_path) as client,
        pytest.raises(Problem) as refusal,
    ):
        client.execute("license smart sync all", Path("/"))
    assert refusal.value.to_json() == original.to_json()


def test_a_problem_of_another_release_is_named() -> None:
    assert read_problem({"code": "new-code"}).code == "bad-answer"
    assert read_problem("nothing").code == "bad-answer"
    assert read_problem({"code": "malformed", "detail": "x", "diagnostics": 1}).diagnostics == {}


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"show license status\n", "malformed"),
        (b"[]\n", "malformed"),
        (b"[" * 50_000 + b"\n", "malformed"),
        (b"\xff\n", "malformed"),
        (b"{}\n", "invalid-argument"),
        (b'{"op":"__class__"}\n', "invalid-command"),
        (b'{"op":"exec","line":1,"folder":"/"}\n', "invalid-argument"),
        (b'{"op":"config","lines":"x"}\n', "invalid-argument"),
        (b'{"op":"config","lines":[1]}\n', "invalid-argument"),
        (b'{"op":"set_count","tag":"x","count":true}\n', "invalid-argument"),
        (
            b'{"op":"access_point","action":"x","udi_pid":"A","udi_serial_number":"B"}\n',
            "invalid-argument",
        ),
        (
            b'{"op":"access_point","action":"join","udi_pid":"A B","udi_serial_number":"B"}\n',
            "malformed",
        ),
    ],
)
def test_anything_else_is_refused_by_name(
    folder: Path, agent: ScriptedAgent, line: bytes, wanted: str
) -> None:
    with raw(folder) as connection:
        assert code(_answer(connection, line)) == wanted
        assert _answer(connection, b'{"op":"whoami"}\n')["ok"] is True
    assert agent.asked == []


def test_an_endless_line_is_cut_off(folder: Path) -> None:
    with raw(folder) as connection:
        assert code(_answer(connection, b"x" * MAXIMUM_REQUEST)) == "too-large"
        assert connection.recv(1) == b""


def test_one_client_at_work_keeps_no_other_waiting(tmp_path: Path) -> None:
    entered, release = threading.Event(), threading.Event()

    def block() -> None:
        entered.set()
        assert release.wait(10)

    with AgentServer(tmp_path, ScriptedAgent(on_sync=block)), connected(tmp_path) as slow:
        worker = threading.Thread(target=slow.execute, args=("license smart sync all", Path("/")))
        worker.start()
        assert entered.wait(10)
        with connected(tmp_path) as quick:
            assert quick.execute("show license udi", Path("/"))
        release.set()
        worker.join(10)


def test_a_client_that_never_reads_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_socket, "WRITE_SECONDS", 1)
    cut_off = pytest.raises((BrokenPipeError, ConnectionResetError))
    with AgentServer(tmp_path, ScriptedAgent()), raw(tmp_path) as connection, cut_off:
        _pour(connection)


def _pour(connection: socket.socket) -> None:
    while True:
        connection.sendall(b'{"op":"exec","line":"show license all","folder":"/"}\n' * 100)


def test_more_clients_than_there_is_room_for_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_socket, "MAXIMUM_CLIENTS", 1)
    with AgentServer(tmp_path, ScriptedAgent()), connected(tmp_path) as first:
        first.flush()
        with connected(tmp_path) as second, pytest.raises(Problem) as refusal:
            second.flush()
        assert refusal.value.code in {"server-busy", "comm-failed"}
        first.flush()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_is_answered_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    with AgentServer(tmp_path, ScriptedAgent(on_sync=break_down)), connected(tmp_path) as client:
        with pytest.raises(Problem) as refusal:
            client.execute("license smart sync all", Path("/"))
        assert refusal.value.code == "internal-error"
        client.flush()
    assert "ZeroDivisionError" in caplog.text


def test_only_its_user_may_open_the_socket(folder: Path) -> None:
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_another_user_is_turned_away_by_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: ScriptedAgent
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with AgentServer(tmp_path, agent), connected(tmp_path) as client:
        with pytest.raises(Problem) as refusal:
            client.flush()
        assert refusal.value.code == "comm-failed"
    assert agent.asked == []


def test_a_system_that_names_no_peer_relies_on_the_mode(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED")
    with connected(folder) as client:
        client.flush()


def test_an_agent_out_of_reach_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(NAME)
    with pytest.raises(Problem, match="cannot be reached") as refusal:
        connect(tmp_path)
    assert refusal.value.code == "forbidden"


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    server = AgentServer(tmp_path / "nowhere", ScriptedAgent())
    with pytest.raises(Problem, match="cannot be made") as refusal:
        server.start()
    assert refusal.value.code == "store-failed"


def test_a_client_that_came_while_the_agent_stopped_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def asking(_: socket.socket) -> bool:
        asked.set()
        return answered.wait(10)

    monkeypatch.setattr(agent_socket, "is_same_user", asking)
    monkeypatch.setattr(agent_socket, "STOP_SECONDS", 0.0)
    server = AgentServer(tmp_path, ScriptedAgent())
    server.start()
    with raw(tmp_path) as connection:
        assert asked.wait(10)
        server.stop()
        answered.set()
        assert connection.recv(1) == b""


def test_a_client_of_an_agent_that_ended_is_told(tmp_path: Path) -> None:
    server = AgentServer(tmp_path, ScriptedAgent())
    server.start()
    with connected(tmp_path) as client:
        client.flush()
        server.stop()
        with pytest.raises(Problem) as refusal:
            client.flush()
        assert refusal.value.code == "comm-failed"
