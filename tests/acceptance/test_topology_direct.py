"""T2-smart: a product instance connected directly to the portal, over smart transport."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from gauger.core.documents.smart_transport import LICENSING_PATH
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

TLS_HANDSHAKE = b"\x16\x03\x01"


@pytest.fixture
def forwarder(site: Site) -> Iterator[Forwarder]:
    with Forwarder(site.portal.port) as running:
        yield running


@pytest.fixture
def reporting(site: Site, account: Account, forwarder: Forwarder) -> Device:
    """Return a device that reports every day through the forwarder."""
    device = site.device()
    device.go_direct(forwarder.url)
    device.trust(account.token(uses=1))
    device.configure("license smart usage interval 1")
    device.use(DNA, 2)
    return device


def sendings(account: Account) -> list[int]:
    """Return when reports arrived, each moment once."""
    return sorted({row["received_at"] for row in account.rows("/reports")})


def states(device: Device) -> set[str]:
    return set(device.states())


@pytest.mark.requirement("T2-smart")
@pytest.mark.requirement("SSM-6/policy")
@pytest.mark.requirement("SSM-6/account")
def test_token_trust_usage_and_ack_with_policy_account_and_purchases(
    site: Site, account: Account
) -> None:
    device = site.device()
    account.order(device, {ESSENTIALS: 5}, bought_with=True)
    account.policy("Quarterly", perpetual=(30, 60, 30))
    device.go_direct()
    device.use(ESSENTIALS, 3)
    site.clock.advance(HOUR)
    device.trust(account.token(uses=1))
    assert not device.sync()
    assert device.states() == ["ACK", "OPEN"]
    assert device.field("Policy name") == "Quarterly"
    assert device.field("Smart Account").startswith(account.ref.smart_account)
    assert "5 of DNA_NWSTACK_E, perpetual" in device.execute("show license all")
    assert account.balance("DNA_NWSTACK_E") == (5, 3, 2)


@pytest.mark.requirement("T2-smart")
@pytest.mark.parametrize(
    "wrong",
    ["https://cssm.example.com/", "http://cssm.example.com/licservice/license"],
    ids=["path", "plain"],
)
def test_a_url_of_another_form_is_refused_with_the_right_one(site: Site, wrong: str) -> None:
    device = site.device()
    with refused("not-a-licensing-url", wrong, "https://cssm.example.com/licservice/license"):
        device.configure(f"license smart url smart {wrong}")
    assert device.field("Type") == "cslu"


@pytest.mark.requirement("T2-smart")
def test_a_portal_that_is_not_there_is_named(site: Site, account: Account) -> None:
    device = site.device()
    nowhere = f"https://127.0.0.1:{free_port()}"
    device.go_direct(nowhere)
    with refused("comm-failed", nowhere):
        device.trust(account.token())
    assert len(device.events("COMM_FAILED")) == 1


@pytest.mark.requirement("T2-trust")
def test_a_factory_trust_code_is_refused_and_a_token_replaces_it(
    site: Site, account: Account
) -> None:
    device = site.device(trust_code=True)
    device.use(ESSENTIALS)
    device.go_direct()
    site.clock.advance(HOUR)
    with refused("factory-trust-not-allowed", "license smart trust idtoken TOKEN local"):
        device.sync()
    assert "license smart trust idtoken TOKEN local" in device.status
    device.trust(account.token(uses=1))
    assert "Factory" not in device.status
    assert not device.sync()
    assert device.states()[0] == "ACK"


@pytest.mark.requirement("T2-trust")
def test_a_trust_code_of_the_portal_is_replaced_by_force_only(site: Site, account: Account) -> None:
    device = site.trusted(account)
    with refused("already-installed", "force"):
        device.trust(account.token(uses=1))
    device.trust(account.token(uses=1), "force")
    assert len(device.events("TRUST_CODE_INSTALL_SUCCESS")) == 2


@pytest.mark.requirement("PI-7")
@pytest.mark.parametrize(
    ("intervals", "days"),
    [(("7", 90), 7), (("60", 5), 5), ((None, 90), 30)],
    ids=["configured is shorter", "policy is shorter", "30 days where none is configured"],
)
def test_it_reports_by_itself_at_the_shorter_interval(
    site: Site, account: Account, intervals: tuple[str | None, int], days: int
) -> None:
    configured, policy = intervals
    account.policy("Of the account", subscription=(90, policy, 90))
    device = site.trusted(account)
    device.use(DNA, 4)
    if configured:
        device.configure(f"license smart usage interval {configured}")
    site.clock.advance(HOUR)
    device.sync()
    assert device.field("Reporting push interval") == f"{days}  days"
    site.clock.advance(days * DAY - HOUR)
    settle()
    assert len(sendings(account)) == 1
    site.clock.advance(2 * HOUR)
    eventually(lambda: len(sendings(account)) == 2)


@pytest.mark.requirement("PI-7")
def test_sync_reports_at_once_and_an_operator_may_switch_reporting_off(
    site: Site, account: Account
) -> None:
    device = site.trusted(account)
    device.use(DNA)
    device.configure("license smart usage interval 0")
    assert device.field("Reporting push interval") == "0 (no reporting)"
    site.clock.advance(40 * DAY)
    settle()
    assert not sendings(account)
    device.sync()
    assert len(sendings(account)) == 1


@pytest.mark.requirement("PI-8/direct")
def test_at_most_one_sending_a_day_and_sync_overrides(
    site: Site, account: Account, reporting: Device
) -> None:
    for step in range(12):
        reporting.use(DNA, 1 + step % 3)
        reporting.use(ESSENTIALS, 1 + step % 2)
        site.clock.advance(6 * HOUR)
        settle()
    eventually(lambda: reporting.time_of("Next report push") > site.workshop.now())
    times = sendings(account)
    assert len(times) > 1
    assert all(later - earlier >= DAY for earlier, later in pairwise(times))
    for more in (1, 2):
        site.clock.advance(HOUR)
        assert not reporting.sync()
        assert len(sendings(account)) == len(times) + more
    assert states(reporting) == {"ACK", "OPEN"}
    used = 24 * 6 * HOUR + 2 * HOUR * 3
    # A second in which a count changes counts the higher of the two.
    assert used <= account.count_seconds(reporting, "AIR-DNA-E") <= used + 3 * 14


@pytest.mark.requirement("T2-smart")
def test_an_ack_that_was_lost_is_fetched_again_by_itself(
    site: Site, account: Account, reporting: Device, forwarder: Forwarder
) -> None:
    site.clock.advance(HOUR)
    forwarder.loses_answers = True
    with refused("comm-failed"):
        reporting.sync()
    assert forwarder.lost.is_set()
    kept = account.rows("/reports")
    answer = account.file(f"/answers/{kept[0]['digest']}")
    assert states(reporting) == {"PENDING", "OPEN"}
    forwarder.loses_answers = False
    site.clock.advance(120)
    eventually(lambda: "PENDING" not in states(reporting))
    assert states(reporting) == {"ACK", "OPEN"}
    assert account.rows("/reports") == kept
    assert account.file(f"/answers/{kept[0]['digest']}") == answer


@pytest.mark.requirement("T2-smart")
def test_a_failing_portal_is_told_of_once_and_nothing_is_lost(
    site: Site, reporting: Device, forwarder: Forwarder
) -> None:
    forwarder.is_cut = True
    tried = forwarder.count
    for _ in range(8):
        site.clock.advance(6 * HOUR)
        settle()
    eventually(lambda: forwarder.count >= tried + 3)
    assert len(reporting.events("COMM_FAILED")) == 1
    assert not reporting.events("COMM_RESTORED")
    forwarder.is_cut = False
    site.clock.advance(5 * HOUR)
    eventually(lambda: reporting.events("COMM_RESTORED"))
    reporting.sync()
    assert states(reporting) == {"ACK", "OPEN"}
    assert len(reporting.events("COMM_FAILED")) == len(reporting.events("COMM_RESTORED")) == 1


@pytest.mark.requirement("TP-2/direct")
def test_the_figure_agrees_with_the_connections_seen(
    site: Site, reporting: Device, forwarder: Forwarder
) -> None:
    site.clock.advance(2 * DAY)
    reporting.sync()
    assert set(seen(reporting.connections)) == {("127.0.0.1", forwarder.port)}
    assert len(seen(reporting.connections)) == forwarder.count >= 2
    assert not seen(reporting.connections, "bind"), "nobody can connect to the device"
    assert not seen(site.portal.connections), "the portal connects to nobody"
    assert set(forwarder.first) == {TLS_HANDSHAKE}
    assert reporting.field("URL") == f"{forwarder.url}{LICENSING_PATH}"
    row = ("product instance", "CSSM", "smart transport (HTTPS)", "online")
    assert table_of("topology-direct", CONNECTIONS) == [row]
