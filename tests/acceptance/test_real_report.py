"""A report that a real product instance wrote: read to its end, listed, counted apart if wanted."""

import json
from pathlib import Path

import pytest

from tests.acceptance.site import ESSENTIALS, HOUR, Account, Site, items
from tests.support.material import shared_file

SERIAL = "9NTUEA8FIIH"
UNVERIFIABLE = ["signature-unverifiable"]


@pytest.fixture
def real() -> Path:
    return shared_file("samples/rum/iosxe-17.9.2-rum-1671840750.xml")


def of_serial(site: Site, real: Path, serial: str) -> Path:
    """Return the real file with another serial number: nobody can verify either."""
    path = site.new_path("vendor", ".xml")
    path.write_text(real.read_text().replace(SERIAL, serial))
    return path


def totals(account: Account) -> list[tuple[int, int]]:
    """Return verified and unverified use of each licence."""
    return [(row["in_use"], row["unverified_in_use"]) for row in account.rows("/balance")]


@pytest.mark.requirement("SSM-9/api")
def test_it_is_listed_to_its_last_field_and_counted_nowhere(
    site: Site, account: Account, real: Path
) -> None:
    upload = account.upload(real)
    assert upload.words == UNVERIFIABLE
    (row,) = account.rows("/reports")
    assert row["udi"]["udi_serial_number"] == SERIAL
    assert (row["report_id"], row["verdict"]) == (1671840750, "signature-unverifiable")
    assert (row["start"], row["end"]) == (1671880245, 1673790212)
    kept = account.get(f"/reports/{row['digest']}")["item"]
    assert json.loads(kept) == json.loads(items(real)[0].text)
    assert totals(account) == []
    assert not items(account.ack(upload, site.new_path("ack", ".xml")))


@pytest.mark.requirement("SSM-9/api")
def test_it_is_counted_apart_where_the_account_has_switched_that_on(
    site: Site, account: Account, real: Path
) -> None:
    upload = of_serial(site, real, "9NT00000001")
    account.upload(upload)
    assert totals(account) == []
    account.send("PUT", "/options", {"count_unverified": True})
    assert totals(account) == [(0, 3)]
    assert account.upload(upload).words == UNVERIFIABLE
    assert totals(account) == [(0, 3)]
    account.send("PUT", "/options", {"count_unverified": False})
    assert totals(account) == []


@pytest.mark.requirement("SSM-9/api")
def test_it_is_refused_for_a_device_that_can_sign(site: Site, account: Account, real: Path) -> None:
    device = site.device()
    device.go_offline()
    device.use(ESSENTIALS, 2)
    site.clock.advance(HOUR)
    assert set(account.upload(device.save()).words) == {"accepted"}
    account.send("PUT", "/options", {"count_unverified": True})
    for serial in (device.udi.serial, "GGR-NEVER-SEEN"):
        upload = account.upload(of_serial(site, real, serial))
        assert upload.words == ["algorithm-not-allowed"]
        assert serial in upload.verdicts[0]["detail"]
    assert totals(account) == [(2, 0)]
    assert len(account.rows("/reports")) == 1


@pytest.mark.requirement("SSM-9/api")
def test_inspect_explains_it_in_words(site: Site, real: Path) -> None:
    said = site.stage.run("inspect", real)
    assert said.code == 0
    for words in (SERIAL, "DNA_NWStack", "up to 3 in use", "2022-12-24", "unverifiable"):
        assert words in said.output
