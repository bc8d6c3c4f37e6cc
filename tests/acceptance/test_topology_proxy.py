"""T2-smart-proxy: directly connected through squid and tinyproxy, real processes of others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gauger.core.problems import Problem
from gauger.tools.demo.stage import free_port
from tests.acceptance.connections import Forwarder, seen
from tests.acceptance.pages import CONNECTIONS, table_of
from tests.acceptance.site import (
    DAY,
    DNA,
    ESSENTIALS,
    HOUR,
    Account,
    Device,
    Site,
    eventually,
    refused,
    settle,
)
from tests.support.proxies import PROXIES, RealProxy

pytestmark = pytest.mark.requirement("T2-smart-proxy")

TLS_HANDSHAKE = b"\x16\x03\x01"


@pytest.fixture
def forwarder(site: Site) -> Iterator[Forwarder]:
    """Return what the proxy takes for the portal: it counts connections and can fail."""
    with Forwarder(int(site.portal.licensing_url.rpartition(":")[2])) as running:
        yield running


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest, forwarder: Forwarder) -> Iterator[RealProxy]:
    """Return a proxy that runs and passes devices on to the portal, and nowhere else."""
    running = RealProxy(program=request.param, passes=forwarder.port)
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture
def device(site: Site, proxy: RealProxy, forwarder: Forwarder) -> Device:
    """Return a device that knows the portal by its name, which the proxy resolves."""
    made = site.device()
    made.configure(*proxy.lines)
    made.go_direct(f"https://localhost:{forwarder.port}")
    return made


@pytest.fixture
def reporting(site: Site, account: Account, device: Device) -> Device:
    """Return a device with a trust code that came through the proxy, and usage to report."""
    device.trust(account.token(uses=1))
    device.use(DNA, 2)
    site.clock.advance(HOUR)
    return device


@contextmanager
def another_way(proxy: RealProxy, **changes: int) -> Iterator[None]:
    """Have the proxy's administrator change its configuration for the time of a block."""
    before = {name: getattr(proxy, name) for name in changes}
    for state in (changes, before):
        proxy.stop()
        for name, value in state.items():
            setattr(proxy, name, value)
        proxy.start()
        if state is changes:
            yield


def counted_once(account: Account, device: Device, seconds: int) -> None:
    """See that two in use for a time are reported, acknowledged, and counted as often."""
    assert set(device.states()) == {"ACK", "OPEN"}
    counted = account.count_seconds(device, "AIR-DNA-E")
    # A second that two reports share, or in which a count changes, counts the higher of the two.
    assert 2 * seconds <= counted <= 2 * (seconds + len(account.rows("/reports")))


def test_token_trust_usage_and_ack_come_through_the_proxy(
    account: Account, device: Device, proxy: RealProxy, forwarder: Forwarder
) -> None:
    account.order(device, {ESSENTIALS: 5}, bought_with=True)
    account.policy("Quarterly", perpetual=(30, 60, 30))
    device.use(ESSENTIALS, 3)
    device.site.clock.advance(HOUR)
    device.trust(account.token(uses=1))
    assert not device.sync()
    assert device.states() == ["ACK", "OPEN"]
    assert device.field("Policy name") == "Quarterly"
    assert account.balance("DNA_NWSTACK_E") == (5, 3, 2)
    shown = device.status.partition("Proxy:")[2].split()
    assert shown[:4] == ["Address:", "127.0.0.1", "Port:", str(proxy.port)]
    assert f"CONNECT localhost:{forwarder.port}" in proxy.log


@pytest.mark.requirement("TP-2/direct-proxy")
def test_the_figure_agrees_with_the_connections_seen(
    reporting: Device, proxy: RealProxy, forwarder: Forwarder
) -> None:
    reporting.sync()
    assert set(seen(reporting.connections)) == {("127.0.0.1", proxy.port)}
    assert len(seen(reporting.connections)) == forwarder.count >= 2
    assert not seen(reporting.connections, "bind"), "nobody can connect to the device"
    assert set(forwarder.first) == {TLS_HANDSHAKE}, "the proxy sees TLS only"
    told = "smart transport (HTTPS), as the product instance encrypted it"
    assert table_of("topology-direct-proxy", CONNECTIONS) == [
        ("product instance", "proxy", "HTTP CONNECT", "online"),
        ("proxy", "CSSM", told, "online"),
    ]


@pytest.mark.kind_portal
def test_a_proxy_that_is_down_for_days_loses_nothing(
    site: Site, account: Account, reporting: Device, proxy: RealProxy
) -> None:
    reporting.configure("license smart usage interval 1")
    proxy.stop()
    for _ in range(8):
        site.clock.advance(6 * HOUR)
        settle()
    eventually(lambda: reporting.events("COMM_FAILED"))
    with refused("comm-failed", f"by the proxy 127.0.0.1 port {proxy.port}"):
        reporting.sync()
    assert not account.rows("/reports")
    proxy.start()
    site.clock.advance(5 * HOUR)
    eventually(lambda: reporting.events("COMM_RESTORED"))
    reporting.sync()
    assert len(reporting.events("COMM_FAILED")) == len(reporting.events("COMM_RESTORED")) == 1
    counted_once(account, reporting, HOUR + 2 * DAY + 5 * HOUR)


@pytest.mark.kind_portal
@pytest.mark.parametrize("why", ["403", "407"])
def test_a_proxy_that_refuses_is_named_with_what_to_do(
    account: Account, reporting: Device, proxy: RealProxy, why: str
) -> None:
    change = {"passes": free_port()} if why == "403" else {"wants_password": True}
    with another_way(proxy, **change):
        with refused("proxy-refused", f"was refused: {why} ", "without a password"):
            reporting.sync()
        (told,) = reporting.events("COMM_FAILED")
        assert f"the proxy 127.0.0.1 port {proxy.port} was refused: {why} " in told
        assert "Let the proxy pass CONNECT to the host and port of the URL" in told
    assert set(reporting.states()) == {"PENDING", "OPEN"}
    assert not account.rows("/reports")
    # Nobody types anything: it tries again by itself.
    reporting.site.clock.advance(HOUR)
    eventually(lambda: "ACK" in reporting.states())
    assert reporting.events("COMM_RESTORED")
    assert len(account.rows("/reports")) == 1
    counted_once(account, reporting, HOUR)


@pytest.mark.kind_portal
def test_a_tunnel_cut_in_the_middle_of_the_answer_counts_nothing_twice(
    account: Account, reporting: Device, proxy: RealProxy, forwarder: Forwarder
) -> None:
    forwarder.halves_answers = True
    caught: list[Problem] = []

    def sync() -> None:
        try:
            reporting.sync()
        except Problem as problem:
            caught.append(problem)

    waiting = threading.Thread(target=sync)
    waiting.start()
    assert forwarder.lost.wait(20)
    proxy.kill()
    waiting.join(20)
    assert [problem.code for problem in caught] == ["comm-failed"]
    assert "ended before an answer" in caught[0].detail
    assert set(reporting.states()) == {"PENDING", "OPEN"}
    (kept,) = account.rows("/reports")
    forwarder.halves_answers = False
    proxy.start()
    reporting.site.clock.advance(120)
    eventually(lambda: "ACK" in reporting.states())
    assert account.rows("/reports") == [kept]
    counted_once(account, reporting, HOUR)


@pytest.mark.kind_portal
def test_a_portal_that_the_proxy_does_not_reach_is_told_apart(
    reporting: Device, proxy: RealProxy
) -> None:
    nowhere = free_port()
    with another_way(proxy, passes=nowhere):
        reporting.configure(
            f"license smart url smart https://localhost:{nowhere}/licservice/license"
        )
        with refused("comm-failed", f"the proxy 127.0.0.1 port {proxy.port} was refused: 50"):
            reporting.sync()
    assert set(reporting.states()) == {"PENDING", "OPEN"}
