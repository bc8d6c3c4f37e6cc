"""A report stands alone: whatever pipe it comes through, one verdict and one ACK."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.fields import decode_base64
from tests.acceptance.site import ESSENTIALS, HOUR, Account, Device, Json, Site, documents, items

Answer = list[tuple[str, str]]
"""Kind and digest of each document of an answer."""


def as_saved(site: Site, account: Account, saved: Path) -> Answer:
    """Upload the file as the device saved it."""
    upload = account.upload(saved)
    return documents(account.ack(upload, site.new_path("ack", ".xml")))


def without_system_info(site: Site, account: Account, saved: Path) -> Answer:
    stripped = site.new_path("stripped", ".xml")
    stripped.write_bytes(b"".join(write_file(items(saved, ItemKind.RUM_REPORT))))
    return as_saved(site, account, stripped)


def as_a_bare_report(site: Site, account: Account, saved: Path) -> Answer:
    bare = site.new_path("bare", ".xml")
    bare.write_text(f"<RUMReport><![CDATA[{_report(saved).text}]]></RUMReport>")
    return as_saved(site, account, bare)


def by_smart_transport(site: Site, account: Account, saved: Path) -> Answer:
    """Send the message that a device would send."""
    item = _report(saved)
    udi = json.loads(json.loads(item.text)["payload"])["asset_identification"]["instance"]["sudi"]
    tag = "regid.2018-05.com.cisco.WLC_9500C,1.0_85665885-b865-4e32-8184-5510412fcb54"
    described = {"hostname": "wlc-1", "software_tag_identifier": tag, "timestamp": 1, "nonce": "ab"}
    del account
    return _send(site, {"sudi": udi, **described, "usage": [json.loads(item.text)]})


def in_reportusage_shape(site: Site, account: Account, saved: Path) -> Answer:
    """Send payload and signature alone, in the envelope of a stranger: it decides nothing."""
    item = json.loads(_report(saved).text)
    stranger = {"udi_pid": "RELAY", "udi_serial_number": "1"}
    bare = {"payload": item["payload"], "signature": item["signature"]}
    del account
    return _send(site, {"sudi": stranger, "usage": [bare]})


PIPES = (
    as_saved,
    without_system_info,
    as_a_bare_report,
    by_smart_transport,
    in_reportusage_shape,
)
Send = Callable[[Site, Account, Path], Answer]


def _report(saved: Path) -> Item:
    (found,) = items(saved, ItemKind.RUM_REPORT)
    return found


def _send(site: Site, report: Json) -> Answer:
    message = {
        "message_version": "1.3",
        "type": "report_usage",
        "timestamp": 1,
        "nonce": "0123456789abcdef",
        "sudi": report["sudi"],
        "data": {"reports": [report]},
    }
    status, answer = site.portal.smart(message)
    assert (status, answer["status"]) == (200, "OK"), answer
    (acknowledged,) = answer["data"]["acknowledgements"]
    path = site.new_path("answer", ".xml")
    path.write_bytes(decode_base64(acknowledged["smart_license"], "the answer"))
    return documents(path)


@pytest.fixture
def saved(site: Site, account: Account) -> Path:
    """Return a file with one report of a device that was bought in the account."""
    device = site.device()
    account.order(device, {ESSENTIALS: 5}, bought_with=True)
    return _used(site, device)


def _used(site: Site, device: Device) -> Path:
    # Direct, so that the file holds the report and no trust request.
    device.go_direct()
    device.use(ESSENTIALS, 3)
    site.clock.advance(HOUR)
    return device.save()


@pytest.mark.requirement("SSM-9/api")
@pytest.mark.requirement("T5/usage")
@pytest.mark.requirement("T2-smart")
@pytest.mark.parametrize("first", PIPES, ids=lambda pipe: pipe.__name__)
def test_one_verdict_and_one_ack_whichever_pipe_is_first(
    site: Site, account: Account, saved: Path, first: Send
) -> None:
    answer = first(site, account, saved)
    (report,) = account.rows("/reports")
    assert (report["verdict"], report["code"], report["flags"]) == ("accepted", None, [])
    assert "smartLicenseRumAck" in dict(answer)
    for pipe in PIPES:
        assert pipe(site, account, saved) == answer
    (after,) = account.rows("/reports")
    assert set(after["pipes"]) == {"file", "smart-transport"}
    assert after | {"pipes": []} == report | {"pipes": []}
    assert account.balance("DNA_NWSTACK_E") == (5, 3, 2)


@pytest.mark.requirement("T2-smart")
def test_a_device_that_saved_a_report_and_reports_it_directly_gets_the_same_ack(
    site: Site, account: Account
) -> None:
    device = site.trusted(account)
    saved = _used(site, device)
    answer = as_saved(site, account, saved)
    site.clock.advance(HOUR)
    device.sync()
    device.load(_file_of(site, account, saved))
    assert device.states()[0] == "ACK"
    assert as_saved(site, account, saved) == answer


def _file_of(site: Site, account: Account, saved: Path) -> Path:
    return account.ack(account.upload(saved), site.new_path("ack", ".xml"))
