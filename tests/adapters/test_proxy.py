"""Smart transport through an HTTP proxy: TLS goes to the portal, and a proxy that fails is named."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gauger.adapters.transport.deferred import DeferredTransport
from gauger.adapters.transport.smart import SmartTransport
from gauger.core.problems import Problem
from gauger.core.ways import Proxy
from gauger.instance.views import Scope
from gauger.surfaces.console.console import Console
from tests.adapters.test_smart_transport import OK, answer, peer
from tests.instance.portal import serving
from tests.instance.world import World, go_smart

NEVER = "https://192.0.2.1/licservice/license"


@dataclass
class Tunnel:
    """A proxy that carries one connection after another, or says something else."""

    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    asked: list[bytes] = field(default_factory=list)

    @property
    def way(self) -> Proxy:
        return Proxy(host="127.0.0.1", port=self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client:
            self.asked.append(client.recv(4096))
            client.sendall(self.reply)
            if b" 200 " not in self.reply:
                return
            host, _, port = self.asked[-1].decode().split(" ")[1].partition(":")
            with socket.create_connection((host, int(port))) as far:
                back = threading.Thread(target=_pour, args=(far, client), daemon=True)
                back.start()
                _pour(client, far)
                back.join(5)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def tunnel(reply: bytes | None = None) -> Iterator[Tunnel]:
    proxy = Tunnel() if reply is None else Tunnel(reply=reply)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.listener.shutdown(socket.SHUT_RDWR)
        proxy.listener.close()
        thread.join(5)


@pytest.mark.requirement("PI-10/proxy")
def test_a_message_goes_through_the_proxy(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK)) as url, tunnel() as proxy:
        transport = SmartTransport(ca=tmp_path / "ca.pem", deadline=20)
        assert transport.exchange(url, b'{"secret": 1}', proxy=proxy.way) == OK
    (asked,) = proxy.asked
    assert asked.startswith(b"CONNECT localhost:")
    assert b"secret" not in asked


@pytest.mark.threat("A3", role="instance")
def test_a_proxy_cannot_pass_for_the_portal(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK), host="elsewhere.example") as url, tunnel() as proxy:
        transport = SmartTransport(ca=tmp_path / "ca.pem", deadline=20)
        with pytest.raises(Problem, match="tls-failed"):
            transport.exchange(url, b"{}", proxy=proxy.way)


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "401 x"])
def test_a_proxy_that_refuses_is_named(status: str) -> None:
    with tunnel(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as proxy:
        with pytest.raises(Problem, match="proxy-refused") as failed:
            SmartTransport(deadline=20).exchange(NEVER, b"{}", proxy=proxy.way)
        assert f"proxy 127.0.0.1 port {proxy.way.port} was refused: {status}" in failed.value.detail


def test_a_proxy_that_finds_no_way_on_is_told_apart() -> None:
    with tunnel(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") as proxy:
        with pytest.raises(Problem, match="comm-failed") as failed:
            SmartTransport(deadline=20).exchange(NEVER, b"{}", proxy=proxy.way)
        assert "was refused: 503 Service Unavailable" in failed.value.detail


def test_a_proxy_that_is_not_there_is_named() -> None:
    with tunnel() as proxy:
        way = proxy.way
    with pytest.raises(Problem, match="comm-failed") as failed:
        SmartTransport(deadline=20).exchange(NEVER, b"{}", proxy=way)
    assert f"by the proxy 127.0.0.1 port {way.port}" in failed.value.detail


def test_a_proxy_that_is_silent_is_given_up() -> None:
    with tunnel(b"") as proxy, pytest.raises(Problem, match=r"comm-(failed|timeout)"):
        SmartTransport(deadline=2).exchange(NEVER, b"{}", proxy=proxy.way)


def test_under_a_test_clock_a_proxy_is_near() -> None:
    near = "https://localhost:1/licservice/license"
    with pytest.raises(Problem, match=r"loopback only, not for proxy\.example"):
        DeferredTransport(None, only_loopback=True).exchange(
            near, b"{}", proxy=Proxy(host="proxy.example", port=80)
        )
    with pytest.raises(Problem, match="comm-failed"):
        DeferredTransport(None, only_loopback=True).exchange(
            near, b"{}", proxy=Proxy(host="::1", port=1)
        )


@pytest.mark.requirement("PI-10/proxy")
def test_a_device_reports_through_the_proxy_that_is_configured(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as portal, tunnel() as proxy:
        agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
        go_smart(agent, portal.url)
        port = proxy.way.port
        lines = ["license smart proxy address 127.0.0.1", f"license smart proxy port {port}"]
        Console(agent).configure(lines)
        agent.establish_trust("token", Scope.LOCAL, force=False)
        assert agent.status().transport.proxy == f"127.0.0.1:{port}"
    assert len(proxy.asked) == len(portal.seen) >= 1
    agent.stop()
