"""Time is evidence, not truth: wrong clocks delay or flag, and lose nothing."""

import json
from pathlib import Path

import pytest

from gauger.core.authority.judgement import describe_time
from tests.acceptance.site import ESSENTIALS, HOUR, Account, Device, Site, eventually, refused


class OwnClock:
    """The clock of one device, beside that of all the others."""

    def __init__(self, path: Path, wall: int) -> None:
        self.path, self._wall, self._monotonic = path, wall, 1_000
        self.advance(0)

    def advance(self, seconds: int) -> None:
        self._monotonic += seconds
        self.step(seconds)

    def step(self, seconds: int) -> None:
        """Set the wall clock, with no time lived."""
        self._wall += seconds
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"wall": self._wall, "monotonic": self._monotonic}))
        new.replace(self.path)


def with_clock(site: Site, wall: int) -> tuple[Device, OwnClock]:
    """Switch a device on whose clock says something else; it uses a licence for an hour."""
    clock = OwnClock(site.new_path("clock", ".json"), wall)
    device = site.switch_on(site.bundle(), clock.path)
    device.use(ESSENTIALS, 3)
    clock.advance(HOUR)
    return device, clock


def verdicts(account: Account) -> list[tuple[str, list[str]]]:
    return [(row["verdict"], row["flags"]) for row in account.rows("/reports")]


@pytest.mark.threat("B18", role="instance")
@pytest.mark.threat("H2", role="cssm")
def test_trust_by_token_names_both_times_and_the_mending(site: Site, account: Account) -> None:
    device, clock = with_clock(site, site.workshop.now() + HOUR)
    device.go_direct()
    token = account.token(uses=1)
    now = site.workshop.now()
    times = [describe_time(instant) for instant in (now, now + 2 * HOUR)]
    with refused("clock-skew", *times, "Set the clock of the product instance"):
        device.trust(token)
    clock.advance(-2 * HOUR)
    # What was refused has used up nothing of the token, and left no trust code behind.
    device.trust(token)


@pytest.mark.threat("A16", role="cssm")
@pytest.mark.requirement("T5/usage")
def test_a_report_of_the_future_waits_at_the_portal_and_is_not_sent_again(
    site: Site, account: Account
) -> None:
    device, _ = with_clock(site, site.workshop.now() + 2 * HOUR)
    device.go_offline()
    saved = device.save()
    upload = account.upload(saved)
    assert (upload.verdicts[0]["verdict"], upload.words[0]) == ("deferred", "not-yet")
    device.load(account.ack(upload, site.new_path("ack", ".xml")))
    assert device.states() == ["UNACK", "OPEN"]
    site.clock.advance(3 * HOUR)
    eventually(lambda: verdicts(account) == [("accepted", [])])
    device.load(account.ack(account.upload(saved), site.new_path("ack", ".xml")))
    assert device.states() == ["ACK", "OPEN"]


@pytest.mark.requirement("T2-smart")
@pytest.mark.threat("H2", role="cssm")
def test_a_direct_device_fetches_its_verdict_by_itself(site: Site, account: Account) -> None:
    device, clock = with_clock(site, site.workshop.now() - HOUR)
    device.go_direct()
    device.trust(account.token(uses=1))
    clock.advance(2 * HOUR)
    device.sync()
    assert verdicts(account)[0] == ("deferred", [])
    assert device.states()[0] == "PENDING"
    site.clock.advance(3 * HOUR)
    eventually(lambda: verdicts(account)[0] == ("accepted", []))
    clock.advance(3 * HOUR)
    eventually(lambda: device.states() == ["ACK", "OPEN"])
    assert len(verdicts(account)) == 1


@pytest.mark.threat("H1", role="cssm")
@pytest.mark.requirement("PI-2")
def test_a_device_whose_clock_was_never_set_reports_and_is_flagged(
    site: Site, account: Account
) -> None:
    device, _ = with_clock(site, 1_000)
    device.go_offline()
    upload = account.upload(device.save())
    assert set(upload.words) == {"accepted"}
    assert upload.verdicts[0]["flags"] == ["clock-not-set"]
    device.load(account.ack(upload, site.new_path("ack", ".xml")))
    assert device.states() == ["ACK", "OPEN"]
    assert account.balance("DNA_NWSTACK_E") == (0, 3, -3)
    assert account.count_seconds(device, "DNA_NWSTACK_E") == pytest.approx(3 * HOUR, abs=6)


@pytest.mark.threat("B19", role="cssm")
def test_two_boxes_with_one_identity_show_and_count_once(site: Site, account: Account) -> None:
    minted = site.bundle()
    boxes = [site.switch_on(minted), site.switch_on(minted)]
    for box, count in zip(boxes, (2, 5), strict=True):
        box.go_offline()
        box.use(ESSENTIALS, count)
    flags: set[str] = set()
    for _ in range(2):
        site.clock.advance(HOUR)
        for box in boxes:
            upload = account.upload(box.save())
            assert set(upload.words) == {"accepted"}
            flags.update(*(one["flags"] for one in upload.verdicts))
            box.load(account.ack(upload, site.new_path("ack", ".xml")))
    assert "duplicate-identity" in flags
    assert account.count_seconds(boxes[0], "DNA_NWSTACK_E") == pytest.approx(10 * HOUR, abs=20)
    assert [row["flags"] for row in account.rows("/instances")] != [[]]
