"""A portal that was restored from yesterday's backup gets back what it lost, by itself."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.acceptance.site import (
    DAY,
    DNA,
    ESSENTIALS,
    HOUR,
    Account,
    Device,
    Portal,
    Site,
    eventually,
)


@pytest.fixture
def site(site: Site) -> Iterator[Site]:
    """Return the vendor's site with a portal of the test's own."""
    portal = Portal.found(site.stage, site.new_path("fragile").name)
    yield replace(site, portal=portal)
    portal.close()
    site.stage.stop(portal.data.name)


def report(site: Site, device: Device, essentials: int, dna: int) -> None:
    """Let an hour pass, report, and change what is in use."""
    device.use(ESSENTIALS, essentials)
    device.use(DNA, dna)
    site.clock.advance(HOUR)
    device.sync()
    assert set(device.states()) == {"ACK", "OPEN"}


def total(account: Account, device: Device) -> list[int]:
    return [account.count_seconds(device, name) for name in ("DNA_NWSTACK_E", "AIR-DNA-E")]


def restore(site: Site, backup: str) -> None:
    """Put the backup in the place of the portal's store, and serve again."""
    name, data = site.portal.data.name, site.portal.data
    site.stage.kill(name)
    for path in data.glob("cssm.sqlite*"):
        path.unlink()
    done = site.stage.run(
        "cssm", "restore", "--data", data, "--from", site.folder / backup, *site.clock_option
    )
    assert done.code == 0, done.error
    Portal.serve(site.stage, name, "--port", str(site.portal.port))


@pytest.mark.threat("G10", role="cssm")
@pytest.mark.requirement("T2-smart")
def test_what_the_backup_lacks_is_asked_for_and_counted_once(site: Site) -> None:
    account = site.account()
    device = site.trusted(account)
    report(site, device, 2, 1)
    made = site.stage.run("cssm", "backup", "--data", site.portal.data, "--out", site.folder / "b")
    assert made.code == 0, made.error
    site.clock.advance(DAY)
    report(site, device, 5, 3)
    report(site, device, 4, 2)
    before, held = total(account, device), len(account.rows("/reports"))
    restore(site, "b")
    assert len(account.rows("/reports")) < held
    report(site, device, 1, 1)
    site.clock.advance(HOUR)
    eventually(lambda: len(account.rows("/reports")) == held + 2)
    assert set(device.states()) == {"ACK", "OPEN"}
    assert not account.rows("/gaps")
    # A second in which a count changes counts the higher of the two.
    assert total(account, device) == pytest.approx([one + HOUR for one in before], abs=5)
    head = site.portal.call("GET", "/ledger/head").json()
    assert head["epoch"] == 2
    site.stage.stop(site.portal.data.name)
    checked = site.stage.run("fsck", "--data", site.portal.data)
    Portal.serve(site.stage, site.portal.data.name, "--port", str(site.portal.port))
    assert checked.code == 0, checked.output


@pytest.mark.threat("G10", role="cssm")
@pytest.mark.threat("G10", role="instance")
def test_a_device_that_uses_nothing_any_more_brings_back_its_last_reports(site: Site) -> None:
    account = site.account()
    device = site.trusted(account)
    report(site, device, 1, 0)
    made = site.stage.run("cssm", "backup", "--data", site.portal.data, "--out", site.folder / "c")
    assert made.code == 0, made.error
    report(site, device, 3, 2)
    for name in (ESSENTIALS, DNA):
        device.use(name, 0)
    site.clock.advance(HOUR)
    device.sync()
    assert set(device.states()) == {"ACK"}
    before, held = total(account, device), len(account.rows("/reports"))
    restore(site, "c")
    assert len(account.rows("/reports")) < held
    # Nothing is used and nothing was measured since: no report goes that could name the lost ones.
    device.sync()
    eventually(lambda: total(account, device) == pytest.approx(before, abs=5))
    assert not account.rows("/gaps")


def test_a_portal_stops_soon_though_a_client_keeps_its_connection(site: Site) -> None:
    site.account()  # over a connection that stays open
    process = site.stage._running[site.portal.data.name]
    process.terminate()
    assert process.wait(timeout=5) == 0
    assert not (site.portal.data / "address").exists()
