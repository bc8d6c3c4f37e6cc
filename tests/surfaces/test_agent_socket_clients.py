"""Slow, hostile and dying clients of the agent's socket: each harms itself alone."""

import json
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.surfaces.agent_client import connect
from gauger.surfaces.agent_socket import MAXIMUM_CLIENTS, AgentServer
from gauger.surfaces.agent_wire import MAXIMUM_REQUEST, NAME, read_line
from tests.surfaces.console.scripted import TAG, ScriptedAgent
from tests.surfaces.socket_clients import answers, code, connected, raw


def line(**request: object) -> bytes:
    return json.dumps(request).encode() + b"\n"


def test_a_request_may_come_byte_by_byte(folder: Path) -> None:
    with raw(folder) as connection:
        for byte in line(op="whoami"):
            connection.sendall(bytes([byte]))
        assert answers(connection, 1)[0]["ok"] is True


def test_many_requests_in_one_packet_are_answered_in_order(
    folder: Path, agent: ScriptedAgent
) -> None:
    with raw(folder) as connection:
        counts = [line(op="set_count", tag=TAG, count=number) for number in range(20)]
        connection.sendall(b"".join(counts) + line(op="nonsense") + line(op="flush"))
        told = answers(connection, 22)
    assert [answer["ok"] for answer in told] == [True] * 20 + [False, True]
    assert [asked[2] for asked in agent.asked[:20]] == list(range(20))


def test_a_refused_request_ends_no_connection(folder: Path) -> None:
    with raw(folder) as connection:
        connection.sendall(b"{\n[]\n" + b"\xff\xfe\n" + b"\n" + line(op="whoami"))
        told = answers(connection, 5)
    assert [code(answer) for answer in told[:4]] == ["malformed"] * 4
    assert told[4]["ok"] is True


def test_deep_nesting_is_refused_and_crashes_nothing(folder: Path) -> None:
    with raw(folder) as connection:
        connection.sendall(b"[" * 50_000 + b"\n")
        assert code(answers(connection, 1)[0]) == "malformed"
    with connected(folder) as client:
        assert client.ask(op="whoami")


@pytest.mark.parametrize("size", [MAXIMUM_REQUEST - 1, MAXIMUM_REQUEST, MAXIMUM_REQUEST + 1])
def test_a_line_is_read_up_to_its_limit(folder: Path, size: int) -> None:
    request = line(op="whoami", padding="")
    request = line(op="whoami", padding="x" * (size - len(request)))
    assert len(request) == size
    with raw(folder) as connection:
        connection.sendall(request)
        answer = answers(connection, 1)[0]
    assert answer["ok"] is (size <= MAXIMUM_REQUEST)


def test_a_request_without_its_line_end_is_refused_when_the_client_stops(folder: Path) -> None:
    with raw(folder) as connection:
        connection.sendall(line(op="flush").rstrip())
        connection.shutdown(socket.SHUT_WR)
        assert code(answers(connection, 1)[0]) == "too-large"


def test_a_client_that_leaves_in_the_middle_is_forgotten(folder: Path) -> None:
    for _ in range(100):
        with raw(folder) as connection:
            connection.sendall(b'{"op": "wh')
    with connected(folder) as client:
        assert client.ask(op="whoami")


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"op": "use", "tag": TAG}, "`count` must be a number"),
        ({"op": "use", "tag": TAG, "count": True}, "`count` must be a number"),
        ({"op": "use", "tag": 7, "count": 1}, "`tag` must be a text"),
        ({"op": "exec", "line": "show license udi"}, "`folder` must be a text"),
        ({"op": "config", "lines": "license smart transport off"}, "list of texts"),
        ({"op": "config", "lines": [1]}, "list of texts"),
        ({"op": "access_point", "action": "eat", "udi_pid": "A", "udi_serial_number": "1"}, "join"),
        ({"op": 5}, "`op` must be a text"),
    ],
)
def test_a_value_of_another_type_is_named(
    folder: Path, request_: dict[str, object], named: str
) -> None:
    with connected(folder) as client, pytest.raises(Problem) as refused:
        client.ask(**request_)
    assert refused.value.code == "invalid-argument"
    assert named in refused.value.detail


def test_a_line_typed_wrong_comes_back_with_its_marker(folder: Path) -> None:
    with connected(folder) as client:
        with pytest.raises(Problem, match="invalid-command") as refused:
            client.execute("show licence", Path("/"))
        assert "^" in refused.value.detail
        with pytest.raises(Problem, match="invalid-command"):
            client.configure(["license smart transport off", "nonsense"])


def test_one_connection_serves_many_threads(folder: Path, agent: ScriptedAgent) -> None:
    with connected(folder) as client:
        threads = [
            threading.Thread(target=client.set_count, args=(TAG, number)) for number in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(asked[2] for asked in agent.asked if isinstance(asked[2], int)) == [*range(40)]


def test_an_agent_that_ends_tells_its_clients(tmp_path: Path, agent: ScriptedAgent) -> None:
    server = AgentServer(tmp_path, agent)
    server.start()
    client = connected(tmp_path)
    assert client.ask(op="whoami")
    server.stop()
    with pytest.raises(Problem, match="comm-failed"):
        client.ask(op="whoami")
    client.close()
    assert connect(tmp_path) is None
    assert not (tmp_path / NAME).exists()


def test_a_socket_left_behind_is_taken_over(tmp_path: Path, agent: ScriptedAgent) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / NAME))
    assert connect(tmp_path) is None
    with AgentServer(tmp_path, agent), connected(tmp_path) as client:
        client.access_point("join", Udi("AP", "1"))
    assert agent.asked == [("join", Udi("AP", "1"))]
    assert not (tmp_path / NAME).exists()


def test_a_folder_deeper_than_an_address_may_be_is_served(
    tmp_path: Path, agent: ScriptedAgent
) -> None:
    deep = tmp_path.joinpath(*["a-long-name-of-a-folder"] * 8)
    deep.mkdir(parents=True)
    with AgentServer(deep, agent), connected(deep) as client:
        assert client.ask(op="whoami")["text"]


def test_what_is_no_folder_has_no_agent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert connect(tmp_path) is None
    assert connect(tmp_path / "none") is None
    assert connect(tmp_path / "file") is None


def test_an_agent_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(socket.socket):
        def connect(self, place: object) -> None:
            raise PermissionError(13, f"Permission denied: {place}")

    monkeypatch.setattr(socket, "socket", Closed)
    with pytest.raises(Problem, match="forbidden"):
        connect(tmp_path)


@pytest.mark.parametrize("text", [b"7\n", b'"x"\n', b"null\n", b"nan\n"])
def test_only_an_object_is_a_request(text: bytes) -> None:
    with pytest.raises(Problem, match="malformed"):
        read_line(text)


def test_a_request_over_the_cap_is_refused_before_it_is_sent(folder: Path) -> None:
    with connected(folder) as client:
        with pytest.raises(Problem, match="too-large"):
            client.configure(["! a long comment"] * MAXIMUM_REQUEST)
        assert client.ask(op="whoami")


def test_who_is_turned_away_reads_why(folder: Path) -> None:
    with ExitStack() as stack:
        for _ in range(MAXIMUM_CLIENTS):
            assert stack.enter_context(connected(folder)).ask(op="whoami")
        late = stack.enter_context(connected(folder))
        assert late._connection.recv(1, socket.MSG_PEEK)  # it is closed already
        with pytest.raises(Problem, match="server-busy"):
            late.ask(op="whoami")


def test_no_answer_is_taken_for_that_of_a_later_request(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> bytes:
        raise KeyboardInterrupt

    client = connected(folder)
    with monkeypatch.context() as patched:
        patched.setattr(
            client, "_answers", SimpleNamespace(readline=interrupt, close=client._answers.close)
        )
        with pytest.raises(KeyboardInterrupt):
            client.ask(op="whoami")
    with pytest.raises(Problem, match="comm-failed"):
        client.ask(op="flush")
    client.close()


def test_a_client_for_whom_no_thread_is_left_is_the_only_one_that_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with raw(folder) as connection:
            assert connection.recv(1) == b""
    assert "no thread is left" in caplog.text
    with connected(folder) as client:
        assert client.ask(op="whoami")


def test_without_a_descriptor_no_server_is_made(
    tmp_path: Path, agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", fail)
    with pytest.raises(Problem, match=r"store-failed.*Too many open files"):
        AgentServer(tmp_path, agent)
