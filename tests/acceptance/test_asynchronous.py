"""T2-smart with a portal that never answers at once: every answer is polled for."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.acceptance.site import (
    ESSENTIALS,
    HOUR,
    Device,
    Portal,
    Site,
    eventually,
    refused,
)

LATER = ("--answer-seconds", "0")
POLL = 6  # seconds: a little more than the portal asks to wait


@pytest.fixture(scope="session")
def slow(vendor: Site) -> Iterator[Portal]:
    portal = Portal.found(vendor.stage, "slow", *LATER)
    yield portal
    portal.close()


@pytest.fixture
def site(site: Site, slow: Portal) -> Site:
    """Return the vendor's site with the portal that takes its time."""
    return replace(site, portal=slow)


def trusted(site: Site) -> Device:
    """Return a device whose trust code has come by a poll."""
    device = site.device_with(site.account().token(uses=1))
    site.clock.advance(POLL)
    eventually(lambda: device.field("Trust Code Installed") != "<none>")
    device.use(ESSENTIALS, 2)
    site.clock.advance(HOUR)
    return device


@pytest.mark.requirement("T2-smart")
def test_trust_and_ack_come_by_themselves_when_the_portal_has_them(site: Site) -> None:
    device = trusted(site)
    assert "The answer is not there yet and is fetched by itself" in device.sync()
    assert device.states() == ["PENDING", "OPEN"]
    assert device.field("Next ACK push check") != "<none>"
    site.clock.advance(POLL)
    eventually(lambda: device.states() == ["ACK", "OPEN"])
    assert device.field("Next ACK push check") == "<none>"
    assert not device.events("COMM_FAILED")


@pytest.mark.requirement("T2-smart")
def test_a_poll_is_answered_after_the_portal_was_killed(site: Site, slow: Portal) -> None:
    device = trusted(site)
    device.sync()
    head = slow.call("GET", "/ledger/head").json()["pages"]
    site.stage.kill("slow")
    site.clock.advance(POLL)
    eventually(lambda: device.events("COMM_FAILED"))
    assert Portal.serve(site.stage, "slow", "--port", str(slow.port), *LATER) == slow.url
    site.clock.advance(120)
    eventually(lambda: device.states() == ["ACK", "OPEN"])
    assert len(device.events("COMM_RESTORED")) == 1
    assert slow.call("GET", "/ledger/head").json()["pages"] >= head


@pytest.mark.requirement("T2-smart")
@pytest.mark.requirement("SSM-5")
def test_a_bad_token_is_named_in_the_event_log_when_its_verdict_comes(site: Site) -> None:
    device = site.device_with("not-a-token-of-this-portal")
    site.clock.advance(POLL)
    (failed,) = eventually(lambda: device.events("TRUST_CODE_INSTALL_FAILED"))
    assert "token-unknown" in failed
    assert device.field("Trust Code Installed") == "<none>"
    with refused("trust-missing"):
        device.sync()
