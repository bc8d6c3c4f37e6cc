"""A way that loses, doubles and mixes up most messages: everything arrives, and counts once."""

import pytest

from tests.acceptance.site import ESSENTIALS, HOUR, Account, Site
from tests.acceptance.spite import AFTER, LATE, LOST, REFUSED, TWICE, SpitefulWay


@pytest.mark.threat("A1", role="cssm")
@pytest.mark.threat("B6", role="instance")
@pytest.mark.threat("E14", role="cssm")
def test_most_messages_are_mistreated_and_every_report_counts_once(
    site: Site, account: Account, way: SpitefulWay
) -> None:
    device = site.trusted(account)
    device.configure("license smart usage interval 0")  # this test sends, nobody else
    way.fates = {REFUSED: 0.15, LOST: 0.3, TWICE: 0.15, LATE: 0.15, AFTER: 0.15}
    for count in range(1, 7):
        device.use(ESSENTIALS, count)
        site.clock.advance(HOUR)
        device.sync()
        assert set(device.states()) <= {"ACK", "OPEN"}

    rows = account.rows("/reports")
    assert len(rows) == len({row["digest"] for row in rows}) == len(device.states()) - 1
    assert {row["verdict"] for row in rows} == {"accepted"}
    assert account.balance("DNA_NWSTACK_E")[1] == 6
    assert way.in_vain > 3
