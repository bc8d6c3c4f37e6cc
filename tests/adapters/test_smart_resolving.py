"""Names of portals: what a resolver does never holds a device up for longer than the deadline."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.transport.smart import SmartTransport
from gauger.core.problems import Problem
from tests.adapters.test_smart_transport import OK, answer, peer

Found = list[tuple[int, int, int, str, tuple[str, int]]]
URL = "https://portal.example.com/licservice/license"


def found(port: int, *addresses: str) -> Found:
    """Return what the system's resolver returns for these addresses."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (item, port)) for item in addresses]


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Return an event that lets a resolver that hangs go at the end."""
    event = threading.Event()
    yield event
    event.set()


def refusal(url: str, *, deadline: float = 20.0) -> Problem:
    with pytest.raises(Problem) as refused:
        SmartTransport(deadline=deadline).exchange(url, b"{}")
    return refused.value


@pytest.mark.threat("G1", role="instance")
def test_a_resolver_that_never_answers_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    def hang(*_: object, **__: object) -> Found:
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    assert refusal(URL, deadline=0.2).code == "comm-timeout"
    assert time.monotonic() - begun < 10


def test_a_name_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Found:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    problem = refusal(URL)
    assert problem.code == "comm-failed"
    assert "Name or service not known" in problem.detail


def test_the_next_address_is_tried_where_one_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer(tmp_path, answer(OK)) as url:
        port = int(url.split(":")[2].split("/")[0])
        addresses = found(port, "127.0.0.2", "127.0.0.1")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        assert SmartTransport(ca=tmp_path / "ca.pem").exchange(url, b"{}") == OK


def test_where_every_address_refuses_the_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    addresses = found(port, "127.0.0.2", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    assert refusal(URL).code == "comm-failed"


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
def test_a_name_that_can_be_none_is_told_at_once(host: str) -> None:
    begun = time.monotonic()
    assert refusal(f"https://{host}/licservice/license").code == "comm-failed"
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("url", ["https://pörtal.example/", "https://[::1/", "https://a:99999/"])
def test_what_is_no_url_is_refused_by_name(url: str) -> None:
    assert refusal(url).code == "not-a-licensing-url"
