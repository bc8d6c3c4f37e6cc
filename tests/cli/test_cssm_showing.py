"""What `gauger cssm` prints, and what it makes of odd answers."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gauger.cli.cssm import instances, trust, usage
from gauger.cli.cssm.client import Api
from gauger.cli.cssm.command import write_file
from gauger.cli.cssm.showing import Answer, Table, account, show, when, words
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem

ROW = {"gaps": 2, "open_cases": 1, "flags": ["gap"]}


@pytest.mark.threat("E17", role="cssm")
def test_terminal_escapes_of_a_device_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table(columns=("Name",), rows=[("\x1b[2Jevil\n",), (None,)], empty="")
    show(Answer(data=[], table=table), as_json=False)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\\x1b[2Jevil\\n" in printed


def test_an_empty_table_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    show(Answer(data=[], table=Table(columns=(), rows=[], empty="Do this.")), as_json=False)
    assert capsys.readouterr().out == "Do this.\n"


def test_times_and_values_read_well() -> None:
    assert when(0) == "1970-01-01 00:00:00"
    assert when(None) == "-"
    assert when(10**18) == str(10**18)
    assert (account(None), words([]), words(["a", 1])) == ("-", "-", "a, 1")
    assert instances._needs(ROW) == "2 missing reports, 1 open cases, gap"


def api(answer: Callable[[httpx.Request], httpx.Response]) -> Api:
    """Return a client whose portal answers as the test says."""
    made = Api("http://portal", client_id="x", secret="y", ca=None)
    made._http = httpx.Client(base_url="http://portal", transport=httpx.MockTransport(answer))
    made._token = "known"
    return made


def problem(code: str) -> Callable[[httpx.Request], httpx.Response]:
    body = {"code": code, "detail": "No.", "diagnostics": {"retry_after": "5"}}
    return lambda _request: httpx.Response(400, json=body)


def late(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem("too-many-requests"), "too-many-requests"),
        (problem("of-a-newer-release"), "peer-refused"),
        (lambda _request: httpx.Response(502, text="<html>"), "bad-answer"),
        (lambda _request: httpx.Response(500, json=[]), "bad-answer"),
        (late, "comm-timeout"),
    ],
)
def test_what_the_portal_refuses_has_a_name(
    answer: Callable[[httpx.Request], httpx.Response], code: str
) -> None:
    with pytest.raises(Problem) as caught:
        api(answer).get("/accounts")
    assert caught.value.code == code


def test_a_list_is_followed_to_its_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after")
        part = {"items": [1, 2], "next": "2"} if after is None else {"items": [3], "next": None}
        return httpx.Response(200, json=part)

    assert api(answer).rows("/x", search="") == [1, 2, 3]


def test_a_job_that_fails_with_a_code_of_a_newer_release_is_told() -> None:
    job = {"job_id": "1", "state": "failed", "problem": {"code": "newer", "detail": "No."}}
    with pytest.raises(Problem, match="peer-refused"):
        usage._finished(
            api(lambda _request: httpx.Response(200, json=job)), AccountRef("a.example", "x"), job
        )


def test_files_that_cannot_be_read_or_written_have_a_name(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="file-not-written"):
        write_file(tmp_path / "none" / "x", b"")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Problem, match="file-not-found"):
        trust._text(tmp_path / "binary")
    (tmp_path / "large").write_text("x" * 600_000)
    with pytest.raises(Problem, match="too-large"):
        trust._text(tmp_path / "large")
