"""T5: no connectivity and no utility; a person carries files between device and portal."""

from pathlib import Path

import pytest

from gauger.core.documents.smart_license import ItemKind, write_file
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
    documents,
    items,
    of_release,
    refused,
    settle,
)


def offline(site: Site, release: str = "17.9.4", **order: object) -> Device:
    """Return a device that talks to nobody and has used a licence for an hour."""
    device = site.device(of_release(release), **order)
    device.go_offline()
    device.use(ESSENTIALS, 2)
    site.clock.advance(HOUR)
    return device


def carried(site: Site, account: Account, saved: Path) -> Path:
    """Carry a saved file to the portal and return the ACK file; all of it is accepted."""
    upload = account.upload(saved)
    assert set(upload.words) == {"accepted"}
    return account.ack(upload, site.new_path("ack", ".xml"))


def holds_request(path: Path) -> bool:
    return bool(items(path, ItemKind.TRUST_REQUEST))


@pytest.mark.requirement("T5/usage")
@pytest.mark.requirement("SSM-9/api")
def test_save_upload_download_import(site: Site, account: Account) -> None:
    device = offline(site)
    upload = account.upload(device.save())
    report = upload.verdicts[0]
    assert (report["kind"], report["udi"], report["verdict"]) == (
        "report",
        str(device.udi),
        "accepted",
    )
    assert device.states() == ["UNACK", "OPEN"]
    ack = account.ack(upload, site.new_path("ack", ".xml"))
    assert device.load(ack) == "Import Data Successful"
    assert device.states() == ["ACK", "OPEN"]
    assert device.field("Smart Account").startswith(account.ref.smart_account)
    assert account.balance("DNA_NWSTACK_E") == (0, 2, -2)


@pytest.mark.requirement("T5/usage")
def test_the_same_file_twice_gives_the_same_ack_and_counts_once(
    site: Site, account: Account
) -> None:
    device = offline(site)
    saved = device.save()
    first, again = account.upload(saved), account.upload(saved)
    assert [one["verdict"] for one in first.verdicts] == ["accepted", "accepted"]
    assert [one["verdict"] for one in again.verdicts] == ["same", "same"]
    acks = [account.ack(one, site.new_path("ack", ".xml")) for one in (first, again)]
    assert documents(acks[0]) == documents(acks[1])
    assert account.count_seconds(device, "DNA_NWSTACK_E") == pytest.approx(2 * HOUR, abs=4)
    before = (device.load(acks[0]), device.states(), device.status)
    assert (device.load(acks[1]), device.states(), device.status) == before


@pytest.mark.requirement("T5/usage")
def test_one_bad_report_among_many_spoils_nothing(site: Site, account: Account) -> None:
    device = offline(site)
    device.use(DNA, 3)
    device.use("air-dna-advantage", 4)
    site.clock.advance(HOUR)
    saved = device.save()
    altered = saved.read_text().replace('\\"value\\":\\"3\\"', '\\"value\\":\\"1\\"')
    bad = site.new_path("altered", ".xml")
    bad.write_text(altered)
    upload = account.upload(bad)
    assert upload.words == ["accepted", "signature-invalid", "accepted", "accepted"]
    device.load(account.ack(upload, site.new_path("ack", ".xml")))
    assert sorted(device.states()) == ["ACK", "ACK", "OPEN", "OPEN", "OPEN", "UNACK"]
    device.load(carried(site, account, device.save("rum-id " + report_id(device, "UNACK"))))
    assert "UNACK" not in device.states()


def report_id(device: Device, state: str) -> str:
    lines = device.execute("show license rum id all").splitlines()
    return next(line.split()[0] for line in lines if f" {state} " in line)


@pytest.mark.requirement("T5/usage")
def test_one_file_of_many_devices_and_each_gets_its_own_answer(
    site: Site, account: Account
) -> None:
    devices = [offline(site), offline(site)]
    both = site.new_path("both", ".xml")
    held = [item for device in devices for item in items(device.save())]
    both.write_bytes(b"".join(write_file(held)))
    upload = account.upload(both)
    assert upload.words == ["accepted"] * 4
    for device in devices:
        for verdict in (one for one in upload.verdicts if one["udi"] == str(device.udi)):
            answer = site.new_path("answer", ".xml")
            answer.write_bytes(account.file(f"/answers/{verdict['digest']}"))
            device.load(answer)
        assert device.states() == ["ACK", "OPEN"]
        assert device.field("Trust Code Installed") != "<none>"


@pytest.mark.requirement("T5/usage")
def test_an_ack_of_another_device_is_refused_by_name(site: Site, account: Account) -> None:
    device, other = offline(site), offline(site)
    ack = carried(site, account, device.save())
    with refused("wrong-subject", str(device.udi), str(other.udi)):
        other.load(ack)
    assert other.states() == ["OPEN"]


@pytest.mark.requirement("PI-9/offline")
@pytest.mark.parametrize(("release", "asks"), [("17.6.4", False), ("17.7.1", True)])
def test_a_saved_file_asks_for_a_trust_code_from_17_7_1_on(
    site: Site, account: Account, release: str, *, asks: bool
) -> None:
    device = offline(site, release)
    saved = device.save()
    assert holds_request(saved) is asks
    device.load(carried(site, account, saved))
    assert (device.field("Trust Code Installed") != "<none>") is asks
    site.clock.advance(HOUR)
    assert not holds_request(device.save())


@pytest.mark.requirement("PI-9/offline")
@pytest.mark.requirement("T5/trust")
@pytest.mark.requirement("SSM-6/trust")
def test_the_ack_overwrites_a_factory_code_and_is_good_for_direct_without_a_token(
    site: Site, account: Account
) -> None:
    device = offline(site, trust_code=True)
    assert device.field("Trust Code Type") == "Factory"
    device.load(carried(site, account, device.save()))
    assert "Factory" not in device.status
    assert not account.rows("/tokens")
    device.go_direct()
    site.clock.advance(HOUR)
    assert not device.sync()
    assert device.states() == ["ACK", "ACK", "OPEN"]
    used = account.rows("/reports")[-1]
    assert used["pipes"] == ["smart-transport"]
    kept = account.get(f"/reports/{used['digest']}")["item"]
    assert '"signing_type":"gauger-trust"' in kept.replace(" ", "")


@pytest.mark.requirement("T5/trust")
def test_a_trust_request_in_a_file_of_its_own(site: Site, account: Account) -> None:
    device = site.device()
    path = site.new_path("request", ".xml")
    device.execute(f"license smart save trust-request {path}")
    assert [item.kind for item in items(path)] == [ItemKind.TRUST_REQUEST, ItemKind.SYSTEM_INFO]
    assert device.field("Trust Code Installed") == "<none>"
    device.load(carried(site, account, path))
    assert len(device.events("TRUST_CODE_INSTALL_SUCCESS")) == 1
    device.go_direct()
    device.use(ESSENTIALS)
    site.clock.advance(HOUR)
    assert not device.sync()
    assert device.states() == ["ACK", "OPEN"]


@pytest.mark.requirement("TP-2/offline")
def test_the_figure_agrees_with_the_connections_seen(site: Site, account: Account) -> None:
    with Forwarder(site.portal.port) as forwarder:
        device = site.device()
        device.go_direct(forwarder.url)
        device.go_offline()
        device.use(DNA, 2)
        site.clock.advance(100 * DAY)
        settle()
        device.load(carried(site, account, device.save()))
        site.clock.advance(100 * DAY)
        settle()
        assert forwarder.count == 0
    assert not seen(device.connections)
    assert not seen(device.connections, "bind"), "nobody can connect to the device"
    assert not seen(site.portal.connections), "the portal connects to nobody"
    rows = table_of("topology-offline", CONNECTIONS)
    assert {(row[0], row[3]) for row in rows} == {("person", "file")}
    assert [row[2].partition(",")[0] for row in rows] == ["usage file"] * 2 + ["ACK file"] * 2
