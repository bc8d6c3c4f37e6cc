"""Smart transport in a VRF: over the network device of its name, or not at all."""

import socket
import ssl
import time
from pathlib import Path

import httpcore
import pytest

from gauger.adapters.transport import sockets
from gauger.adapters.transport.smart import SmartTransport
from gauger.adapters.transport.sockets import DeadlineBackend, bind_to_vrf
from gauger.core.problems import Problem
from gauger.instance.views import Scope
from gauger.surfaces.console.console import Console
from tests.adapters.test_proxy import tunnel
from tests.adapters.test_smart_transport import OK, answer, peer
from tests.instance.portal import serving
from tests.instance.world import World, go_smart, tag_of

MISSING = "vrf-not-here"
LICENSING = "license smart vrf"


def _trouble(vrf: str) -> Problem | None:
    with socket.socket() as probe:
        try:
            bind_to_vrf(probe, vrf)
        except Problem as problem:
            return problem
    return None


_BLOCKED = _trouble("lo")
binding = pytest.mark.skipif(
    _BLOCKED is not None, reason=f"no socket can be bound to `lo` here: {_BLOCKED}"
)


def _others() -> list[str]:
    """Return the devices here that loopback addresses are not reached by."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


@binding
@pytest.mark.requirement("PI-10/vrf")
def test_a_device_reports_in_the_vrf_that_is_configured(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as portal:
        agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
        go_smart(agent, portal.url)
        Console(agent).configure([f"{LICENSING} lo"])
        agent.establish_trust("token", Scope.LOCAL, force=False)
        agent.set_count(tag_of(agent), 1)
        assert agent.sync(Scope.ALL).acknowledged == 1
        assert agent.status().transport.vrf == "lo"
    agent.stop()


@pytest.mark.requirement("PI-10/vrf")
def test_in_a_vrf_that_is_not_there_nothing_is_sent(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as portal:
        agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
        go_smart(agent, portal.url)
        Console(agent).configure([f"{LICENSING} {MISSING}"])
        with pytest.raises(Problem, match="vrf-unavailable") as refused:
            agent.establish_trust("token", Scope.LOCAL, force=False)
        assert portal.seen == []
        told = [event.text for event in agent.events() if event.name.endswith("COMM_FAILED")]
        assert refused.value.detail in told[0]
        assert "`no license smart vrf`" in told[0]
        (message,) = (line for line in agent.logging().lines if "SMART_LIC-3-COMM_FAILED" in line)
        assert MISSING in message
        # What failed once goes as soon as the way is there: here, outside of any VRF.
        Console(agent).configure([f"no {LICENSING}"])
        agent.establish_trust("token", Scope.LOCAL, force=True)
        assert portal.seen
    agent.stop()


@binding
@pytest.mark.requirement("PI-10/vrf")
def test_the_way_to_the_proxy_is_in_the_vrf_too(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK)) as url, tunnel() as proxy:
        transport = SmartTransport(ca=tmp_path / "ca.pem", deadline=20)
        assert transport.exchange(url, b"{}", proxy=proxy.way, vrf="lo") == OK
    with tunnel() as proxy, pytest.raises(Problem, match="vrf-unavailable"):
        SmartTransport().exchange("https://192.0.2.1/x", b"{}", proxy=proxy.way, vrf=MISSING)
    assert proxy.asked == []


@binding
@pytest.mark.skipif(not _others(), reason="this machine has no device but `lo`")
def test_no_connection_leaves_by_another_way(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK)) as url:
        transport = SmartTransport(ca=tmp_path / "ca.pem", deadline=1)
        # The portal listens at `lo`: from any other device there is no way to it.
        with pytest.raises(Problem, match=r"comm-(failed|timeout)") as failed:
            transport.exchange(url, b"{}", vrf=_others()[0])
        assert f"in the VRF {_others()[0]}" in failed.value.detail


def test_no_name_is_asked_for_while_the_vrf_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_resolved", lambda *_: pytest.fail("a name was asked for"))
    with pytest.raises(Problem, match="vrf-unavailable"):
        SmartTransport().exchange("https://portal.example/x", b"{}", vrf=MISSING)


def test_a_vrf_that_goes_after_the_check_is_named() -> None:
    backend = DeadlineBackend(time.monotonic() + 20, MISSING)
    with pytest.raises(Problem, match="vrf-unavailable"):
        backend.connect_tcp("127.0.0.1", 1)


def test_a_longer_name_is_not_cut_to_that_of_another_device() -> None:
    problem = _trouble("lo" + "o" * 14)
    assert problem is not None
    assert "at most 15 bytes" in problem.detail


def test_a_platform_without_vrfs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_BINDTODEVICE", raising=False)
    problem = _trouble("lo")
    assert problem is not None
    assert (problem.code, "this platform" in problem.detail) == ("vrf-unavailable", True)


def test_a_handshake_that_fails_closes_the_connection(tmp_path: Path) -> None:
    with peer(tmp_path, answer(OK), host="elsewhere.example") as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        stream = DeadlineBackend(time.monotonic() + 20).connect_tcp("127.0.0.1", port)
        with pytest.raises(httpcore.ConnectError, match="certificate"):
            stream.start_tls(ssl.create_default_context(cafile=tmp_path / "ca.pem"), "localhost")
        with pytest.raises(httpcore.ReadError):
            stream.read(1)
