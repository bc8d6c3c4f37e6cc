"""Reports of hours in which calendars are strange: counted in full, to the second."""

import datetime as dt

import pytest

from gauger.core.authority.outcomes import Verdict
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import ACCOUNT, TAG, UDI, Bench, a_device

ODD = [
    int(dt.datetime(2027, 3, 28, 1, tzinfo=dt.UTC).timestamp()),  # clocks go forward in Europe
    int(dt.datetime(2028, 2, 29, tzinfo=dt.UTC).timestamp()),
]


@pytest.mark.threat("H5", role="cssm")
@pytest.mark.parametrize("middle", ODD)
def test_an_hour_counts_as_an_hour(portal: Bench, middle: int) -> None:
    portal.clock.now = middle + 1800
    device = a_device(account=ACCOUNT)
    outcome = portal.report(device.report(((middle - 1800, middle + 1800, 2),)))

    assert outcome.verdict is Verdict.ACCEPTED
    reader = portal.authority.reader()
    row = reader.instance(UDI)
    reader.close()
    assert row is not None
    assert row.usage[0].count_seconds == 2 * 3600
    assert portal.balance()[TAG] == (0, 2, 0)


@pytest.mark.threat("H5", role="cssm")
@pytest.mark.parametrize("end", [2**31, 2**32, 253_402_300_799])
def test_a_report_of_a_far_year_waits_and_nothing_fails(portal: Bench, end: int) -> None:
    outcome = portal.report(a_device(account=ACCOUNT).report(((end - 900, end, 2),)))

    assert (outcome.verdict, outcome.code) == (Verdict.DEFERRED, "not-yet")
    assert outcome.until == end - 3600
    assert TAG not in portal.balance()
    assert examine_ledger(portal.path).is_whole
