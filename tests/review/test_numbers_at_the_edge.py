"""Numbers as large as the form allows end in a verdict, and never harm what shares their page."""

import json

import pytest

from gauger.authority.ports.views import BalanceRow
from gauger.core.authority.commands import Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.fields import LATEST_TIME
from tests.support.builders import ACCOUNT, NOW, TAG, Bench, a_device

MOST = 2**63 - 1


def builtin(serial: str, count: int) -> str:
    """Return a vendor's report that claims a count from 1970 to the year 9999."""
    sudi = {"udi_pid": "ISR4331", "udi_serial_number": serial}
    measurement = {
        "log_time": NOW,
        "metric_name": "ENTITLEMENT",
        "start_time": 0,
        "end_time": LATEST_TIME,
        "sample_interval": 900,
        "num_samples": 1,
        "meta": {},
        "value": {"type": "COUNT", "value": str(count)},
    }
    payload = {
        "version": "2.0",
        "asset_identification": {
            "report_id": MOST,
            "asset": {"name": "regid.2018-05.com.example.WLC,1.0_x"},
            "instance": {"sudi": sudi},
        },
        "meta": {"entitlement_tag": TAG},
        "measurements": [measurement],
    }
    signature = {"sudi": sudi, "signing_type": "builtin", "key": "k", "value": "AAAA"}
    return json.dumps({"payload": json.dumps(payload), "signature": signature})


def balance(portal: Bench) -> BalanceRow:
    reader = portal.authority.reader()
    try:
        (row,) = reader.balance(ACCOUNT, now=NOW)
        return row
    finally:
        reader.close()


@pytest.mark.threat("A17", role="cssm")
def test_a_giant_claim_does_not_take_its_neighbours_down(portal: Bench) -> None:
    poison = ReceiveReport(item=builtin("FOC1", MOST), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
    honest = ReceiveReport(item=a_device().report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
    waiting = [portal.authority.enqueue(command) for command in (poison, honest)]
    outcomes = [future.result() for future in waiting]

    assert [item.verdict for item in outcomes if isinstance(item, ReportOutcome)] == [
        Verdict.UNVERIFIABLE,
        Verdict.ACCEPTED,
    ]


@pytest.mark.threat("A17", role="cssm")
def test_totals_of_giant_claims_stay_whole_numbers(portal: Bench) -> None:
    portal.switch(count_unverified=True)
    for serial in ("FOC1", "FOC2", "FOC3"):
        portal.report(builtin(serial, MOST))
    portal.report(a_device().report(((NOW - 900, NOW, MOST),)))
    row = balance(portal)

    assert type(row.in_use) is int
    assert type(row.unverified_in_use) is int
    assert -(2**63) <= row.balance < 2**63


@pytest.mark.threat("A17", role="cssm")
def test_a_device_with_giant_claims_of_several_boots_is_still_shown(portal: Bench) -> None:
    device = a_device()
    for boot in ("aa", "bb", "cc"):
        device.boot = boot * 16
        portal.report(device.report(((0, LATEST_TIME, MOST),), closed_at=NOW, relative=True))
    reader = portal.authority.reader()
    try:
        shown = reader.instance(device.udi)
    finally:
        reader.close()

    assert shown is not None
    assert type(shown.usage[0].count_seconds) is int
