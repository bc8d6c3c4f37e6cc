"""ST-1: accounts, order, use, report: the four stages, and use before reporting is set up."""

import pytest

from tests.acceptance.site import DAY, DNA, ESSENTIALS, HOUR, Site


@pytest.mark.requirement("ST-1")
def test_the_four_stages_in_order(site: Site) -> None:
    account = site.account("Branch")
    device = site.device()
    account.order(device, {ESSENTIALS: 10, DNA: 10}, bought_with=True)
    assert account.balance("DNA_NWSTACK_E") == (10, 0, 10)
    device.use(ESSENTIALS, 4)
    device.use(DNA, 6)
    site.clock.advance(HOUR)
    device.go_direct()
    device.trust(account.token(uses=1))
    assert not device.sync()
    assert account.balance("DNA_NWSTACK_E") == (10, 4, 6)
    assert account.balance("AIR-DNA-E") == (10, 6, 4)
    assert device.field("Virtual Account") == "Branch"


@pytest.mark.requirement("ST-1")
def test_use_before_reporting_is_set_up_loses_nothing(site: Site) -> None:
    device = site.device()
    start = site.workshop.now()
    device.use(ESSENTIALS, 2)
    site.clock.advance(50 * DAY)
    device.use(ESSENTIALS, 5)
    site.clock.advance(50 * DAY)
    device.stop()
    device.start()
    site.clock.advance(DAY)
    account = site.account()
    account.order(device, {ESSENTIALS: 5}, bought_with=True)
    device.go_direct()
    device.trust(account.token(uses=1))
    device.sync()
    assert set(device.states()) == {"ACK", "OPEN"}
    reports = account.rows("/reports")
    assert abs(min(one["start"] for one in reports) - start) <= 1
    used = 50 * DAY * 2 + 51 * DAY * 5
    assert account.count_seconds(device, "DNA_NWSTACK_E") == pytest.approx(used, abs=20)
    assert account.balance("DNA_NWSTACK_E") == (5, 5, 0)
