"""What `gauger cssm` prints, and what it makes of odd answers."""

import json
import re
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gauger.cli.cssm import client, instances, usage
from gauger.cli.cssm.client import Api
from gauger.cli.cssm.outfile import written
from gauger.cli.cssm.showing import Answer, Table, account, show, when, words
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem

ROW = {"silent_since": None, "gaps": 2, "open_cases": 1, "flags": ["gap"]}


@pytest.mark.threat("E17", role="cssm")
def test_terminal_escapes_of_a_device_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table(columns=("Name",), rows=[("\x1b[2Jevil\n",), (None,)], empty="")
    show(Answer(data=[], table=table), as_json=False)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\\x1b[2Jevil\\n" in printed


@pytest.mark.threat("E17", role="cssm")
def test_terminal_escapes_in_a_sentence_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(Answer(data=None, text="evil\x1b[2J.xml: done.\nNext: this."), as_json=False)
    assert capsys.readouterr().out == "evil\\x1b[2J.xml: done.\nNext: this.\n"


def test_an_empty_table_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    show(Answer(data=[], table=Table(columns=(), rows=[], empty="Do this.")), as_json=False)
    assert capsys.readouterr().out == "Do this.\n"


def test_times_and_values_read_well() -> None:
    assert when(0) == "1970-01-01 00:00:00"
    assert when(None) == "-"
    assert when(10**18) == str(10**18)
    assert (account(None), words([]), words(["a", 1])) == ("-", "-", "a, 1")
    assert instances._needs(ROW) == "2 missing reports, 1 open cases, gap"


@contextmanager
def answering(
    *answers: tuple[int, bytes] | tuple[int, bytes, int],
) -> Iterator[tuple[Api, list[str]]]:
    """Answer one request after another as the test says; yields a client and the paths asked.

    An answer with a third part announces so many bytes, and ends where its own end.
    """
    left, asked = list(answers), []

    class Portal(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            status, body, *announced = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(announced[0] if announced else len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = bool(announced)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/below/"
        with Api(url, client_id="x", secret="y", ca=None) as made:
            made._token = "known"
            yield made, asked
        server.shutdown()


def problem(code: str) -> tuple[int, bytes]:
    body = {"code": code, "detail": "No.", "diagnostics": {"retry_after": "5"}}
    return 400, json.dumps(body).encode()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem("too-many-requests"), "too-many-requests"),
        (problem("of-a-newer-release"), "peer-refused"),
        ((502, b"<html>"), "bad-answer"),
        ((500, b"[]"), "bad-answer"),
        ((200, b"<html>"), "bad-answer"),
    ],
)
def test_what_the_portal_refuses_has_a_name(answer: tuple[int, bytes], code: str) -> None:
    with answering(answer) as (api, _), pytest.raises(Problem) as caught:
        api.get("/accounts")
    assert caught.value.code == code


def test_a_token_that_ends_while_a_command_waits_is_renewed() -> None:
    tokens = [(200, json.dumps({"access_token": "t", "expires_in": n}).encode()) for n in (1, 60)]
    with answering(tokens[0], (200, b"{}"), tokens[1], (200, b"{}"), (200, b"{}")) as (api, asked):
        api._token = None
        for _ in range(3):
            api.get("/job")
    job, token = "/below/api/v1/job", "/below/oauth2/token"
    assert asked == [token, job, token, job, job]


@pytest.mark.parametrize("answer", [b"{}", b"[]", b'{"access_token": "t", "expires_in": "x"}'])
def test_an_answer_without_a_token_is_named(answer: bytes) -> None:
    with answering((200, answer)) as (api, _):
        api._token = None
        with pytest.raises(Problem, match="bad-answer"):
            api.get("/accounts")


def test_a_portal_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Api(url, client_id="x", secret="y", ca=None) as api,
            pytest.raises(Problem, match="comm-timeout"),
        ):
            api.get("/accounts")


def test_an_idle_connection_that_the_portal_ended_is_opened_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                with listener.accept()[0] as peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Api(url, client_id="x", secret="y", ca=None) as api:
            api._token = "known"
            assert api.get("/x") == {}
            api._http.sock.recv(1, socket.MSG_PEEK)  # until the end has come
            assert api.get("/x") == {}


def test_a_refusal_is_read_though_not_all_was_sent(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(8_000_000))
    body = json.dumps({"code": "too-large", "detail": "No.", "diagnostics": {}}).encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as peer:
                peer.recv(1024)
                head = f"HTTP/1.1 413 Large\r\nContent-Length: {len(body)}\r\n\r\n"
                peer.sendall(head.encode() + body)

        Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Api(url, client_id="x", secret="y", ca=None) as api:
            api._token = "known"
            with pytest.raises(Problem, match="too-large"):
                api.upload("/x", tmp_path / "large", name="large", progress=lambda _: None)


@pytest.mark.parametrize("url", ["localhost:8443", "ftp://localhost", "https://", "http://a:b"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        Api(url, client_id="x", secret="y", ca=None)


def test_authorities_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for name, code in (("none.pem", "tls-failed"), ("absent.pem", "file-not-found")):
        with pytest.raises(Problem, match=code):
            Api("https://localhost", client_id="x", secret="y", ca=tmp_path / name)


def test_a_list_is_followed_to_its_end() -> None:
    parts = [{"items": [1, 2], "next": "2"}, {"items": [3], "next": None}]
    with answering(*((200, json.dumps(part).encode()) for part in parts)) as (api, asked):
        assert api.rows("/x", search="") == [1, 2, 3]
    assert asked == ["/below/api/v1/x?limit=500", "/below/api/v1/x?after=2&limit=500"]


def test_a_job_that_fails_with_a_code_of_a_newer_release_is_told() -> None:
    job = {"job_id": "1", "state": "failed", "problem": {"code": "newer", "detail": "No."}}
    with answering() as (api, _), pytest.raises(Problem, match="peer-refused"):
        usage._finished(api, AccountRef("a.example", "x"), job)


def test_a_file_that_cannot_be_written_has_a_name(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="file-not-written"), written(tmp_path / "none" / "x"):
        pass
    with pytest.raises(Problem, match="file-not-written"), written(Path("/dev/full")) as write:
        write(b"x" * 100_000)
    with answering((200, b"ack")) as (api, _), pytest.raises(Problem, match="file-not-written"):
        api.download("/ack", Path("/dev/full"))


def test_an_ack_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    body = bytes(32 * 1024 * 1024)
    with answering((200, body)) as (api, _):
        tracemalloc.start()
        try:
            assert api.download("/ack", tmp_path / "ack.xml") == len(body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (tmp_path / "ack.xml").stat().st_size == len(body)
    assert peak < 8 * 1024 * 1024


def test_an_ack_file_that_is_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "ack.xml"
    out.write_bytes(b"before")
    for cut in ((200, b"half", 1000), problem("not-found")):
        with answering(cut) as (api, _), pytest.raises(Problem) as caught:
            api.download("/ack", out)
        assert caught.value.code in {"comm-failed", "not-found"}
        assert out.read_bytes() == b"before"
        assert [path.name for path in tmp_path.iterdir()] == ["ack.xml"]


def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MOST_ANSWER", 1000)
    with answering((200, b" " * 1001), (200, b"{}")) as (api, _):
        with pytest.raises(Problem, match="bad-answer"):
            api.get("/x")
        # What was left of it is not taken for the next answer.
        assert api.get("/x") == {}
    with answering((200, b"{", 500)) as (api, _), pytest.raises(Problem, match="comm-failed"):
        api.get("/x")


def test_progress_shows_how_much_of_all_is_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with usage._bar(None, "Judging") as bar:
        bar.show(0, None)
        bar.show(300, 1000)
    shown = capsys.readouterr().err
    assert "Judging" in shown
    assert "300/1000" in re.sub("\x1b\\[[0-9;]*m", "", shown)


def test_no_progress_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with usage._bar(10, "Upload") as bar:
        bar.advance(10)
    assert capsys.readouterr().err == ""
