"""Uploads that are cut off, too large or strangely named: nothing of them is seen or left."""

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.cssm.config import Limits
from tests.support.builders import NOW, TAG, a_device
from tests.support.receiving import received
from tests.surfaces.http.portal import CONFIG, Web, a_web, at, usage_file

PIECES = 6


def head(web: Web, *lines: str) -> bytes:
    path = f"POST /api/v1{at()}/usage-files?name=usage.xml HTTP/1.1"
    rest = ("Host: localhost", f"Authorization: Bearer {web.operator}", *lines, "", "")
    return "\r\n".join((path, *rest)).encode()


def address(web: Web) -> tuple[str, int]:
    return "127.0.0.1", int(web.url.rpartition(":")[2])


def emptied(folder: Path, *, is_empty: bool = True) -> bool:
    """Wait until the folder of uploads holds nothing, or something."""
    until = time.monotonic() + 30
    while any(folder.iterdir()) is is_empty and time.monotonic() < until:
        time.sleep(0.01)
    return any(folder.iterdir()) is not is_empty


def cut(web: Web, folder: Path, head: bytes, pieces: list[bytes]) -> None:
    """Begin an upload and go away in the middle of it."""
    with socket.create_connection(address(web), timeout=30) as peer:
        peer.sendall(head + b"".join(pieces))
        # Cut before the server has begun, it would show nothing: a slow one begins late.
        assert not pieces or emptied(folder, is_empty=False)


@pytest.mark.threat("D11", role="cssm")
@pytest.mark.parametrize("chunked", [False, True], ids=["of a length", "in chunks"])
def test_an_upload_cut_at_any_piece_is_never_seen_and_may_be_sent_again(
    web: Web, tmp_path: Path, *, chunked: bool
) -> None:
    content = usage_file([a_device().report([(NOW - 900, NOW, 4)])])
    size = -(-len(content) // PIECES)
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(content)}"
    for sent in range(PIECES + chunked):  # of all chunks, only the closing one is left out
        shown = [b"%x\r\n%b\r\n" % (len(one), one) if chunked else one for one in pieces[:sent]]
        cut(web, tmp_path / "uploads", head(web, length), shown)
        assert web.get(f"{at()}/usage-files")["items"] == []
        assert emptied(tmp_path / "uploads")
    assert web.totals() == {}
    assert [row["verdict"] for row in web.verdicts(web.upload(content))] == ["accepted"]
    assert web.totals() == {TAG: 4}


@pytest.mark.threat("E1", role="cssm")
@pytest.mark.parametrize("chunked", [False, True], ids=["of a length", "in chunks"])
def test_an_upload_over_the_cap_ends_at_it_and_leaves_nothing(
    tmp_path: Path, *, chunked: bool
) -> None:
    cap = 100_000
    config = replace(CONFIG, limits=replace(Limits(), upload_bytes=cap))
    with a_web(tmp_path, config) as web, socket.create_connection(address(web), 30) as peer:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {cap + 1}"
        peer.sendall(head(web, length))
        if chunked:
            peer.sendall(b"%x\r\n%b\r\n" % (cap + 1, b" " * (cap + 1)))
        answer = received(peer, lambda data: b"}" in data)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b'"code":"too-large"' in answer
        assert emptied(tmp_path / "uploads")
        assert web.get(f"{at()}/usage-files")["items"] == []


@pytest.mark.threat("E3", role="cssm")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"])
@pytest.mark.parametrize("path", ["/licservice/license", "/oauth2/token", f"/api/v1{at()}/tokens"])
def test_no_body_is_unpacked_whatever_it_would_unfold_to(
    shared_web: Web, path: str, encoding: str
) -> None:
    answer = shared_web.http.post(
        path,
        content=b"\x1f\x8b" + bytes(100),
        headers={
            "Content-Encoding": encoding,
            "Content-Type": "application/json",
            "Authorization": f"Bearer {shared_web.operator}",
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "ompressed" in answer.json()["detail"]


@pytest.mark.threat("E16", role="cssm")
@pytest.mark.threat("F17", role="cssm")
@pytest.mark.parametrize(
    "name", ["../../evil.xml", "/etc/cron.d/x", "$(touch x);`id`|x.xml", "a\r\nb\x1b[2J", "-rf"]
)
def test_the_name_of_an_upload_is_a_text_and_no_place(web: Web, tmp_path: Path, name: str) -> None:
    before = sorted(path for path in tmp_path.rglob("*") if "uploads" not in path.parts)
    answer = web.http.post(
        f"/api/v1{at()}/usage-files",
        params={"name": name},
        headers={"Authorization": f"Bearer {web.operator}"},
        content=usage_file([a_device().report([(NOW - 900, NOW, 4)])]),
    )
    assert answer.status_code == 202
    job = web.get(f"{at()}/usage-files/{answer.json()['job_id']}")
    assert job["file_name"].isprintable()
    events = web.get(f"{at()}/events")["items"]
    assert all((row["subject"] + row["detail"]).isprintable() for row in events)
    assert "file-uploaded" in {row["kind"] for row in events}
    assert sorted(path for path in tmp_path.rglob("*") if "uploads" not in path.parts) == before
    assert {path.name for path in (tmp_path / "uploads").iterdir()} <= {job["job_id"]}
