"""PI-1: every product of the table goes the whole way; a file adds one."""

from pathlib import Path

import pytest

from gauger import profiles
from gauger.core.problems import Problem
from gauger.core.profiles import Counting, Enforcement
from tests.acceptance.site import FURTHER_PID, HOUR, Account, Device, Site, items

OWN = f"""
name = "my-box"
title = "My box"
pids = ["{FURTHER_PID}"]
software_tag = "regid.2026-11.com.example.MY_BOX,1.0_6a1c2f10-0000-4000-8000-000000000001"
software_tag_origin = "own"
release = "17.9.4"
agent_version = "5.8.12_gauger/1"
topologies = ["direct", "offline"]

[[licences]]
feature = "ports"
tag = "regid.2026-11.com.example.MY_PORTS,1.0_6a1c2f10-0000-4000-8000-000000000002"
name = "My Ports"
description = "Ports of my box"
term = "perpetual"
enforcement = "unenforced"
counts = "product"
origin = "own"
"""


def reported(site: Site, account: Account, device: Device) -> set[str]:
    """Save, upload and import; return the states of the device's reports."""
    site.clock.advance(HOUR)
    upload = account.upload(device.save())
    assert set(upload.words) == {"accepted"}, upload.verdicts
    device.load(account.ack(upload, site.new_path("ack", ".xml")))
    return set(device.states())


@pytest.mark.requirement("PI-1")
@pytest.mark.parametrize("name", profiles.names())
def test_minted_used_reported_and_acknowledged(site: Site, account: Account, name: str) -> None:
    device = site.device(name)
    device.go_offline()
    free = [
        licence
        for licence in device.profile.licences
        if licence.enforcement is Enforcement.UNENFORCED and licence.counts is Counting.PRODUCT
    ]
    for count, licence in enumerate(free, start=1):
        device.use(licence.feature, count)
    by_points = device.profile.counted_by(Counting.ACCESS_POINTS)
    if by_points:
        device.join("C9130AXI-B", "FOC00000001")
        device.join("C9130AXI-B", "FOC00000002")
    assert reported(site, account, device) == {"ACK", "OPEN"}
    used = {row["tag"]: row["in_use"] for row in account.rows("/balance")}
    own = {licence.tag: count for count, licence in enumerate(free, start=1)}
    assert used == own | {licence.tag: 2 for licence in by_points}


@pytest.mark.requirement("PI-1")
def test_the_table_of_the_source_is_there() -> None:
    known = {name: profiles.builtin(name) for name in profiles.names()}
    pids = {pid for profile in known.values() for pid in profile.pids}
    assert {"C9800-40-K9", "C9800-80-K9", "C9800-L-F-K9", "C9800-CL-K9"} <= pids
    assert {"c9800-embedded", "ewc-ap"} <= known.keys()
    example = known.pop("example-router")
    kinds = {licence.enforcement for licence in example.licences}
    assert kinds == set(Enforcement)
    others = {licence.enforcement for one in known.values() for licence in one.licences}
    assert others == {Enforcement.UNENFORCED}


@pytest.mark.requirement("PI-1")
def test_a_profile_file_adds_a_product(site: Site, account: Account) -> None:
    path = site.new_path("my-box", ".toml")
    path.write_text(OWN)
    device = site.device(str(path))
    assert device.udi.pid == FURTHER_PID
    device.go_offline()
    device.use("ports", 48)
    assert reported(site, account, device) == {"ACK", "OPEN"}
    assert account.balance("MY_PORTS") == (0, 48, -48)
    assert "ports (My Ports)" in device.execute("show license usage")


@pytest.mark.requirement("PI-1")
@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ('term = "rented"', 'term = "perpetual"', "term"),
        ("pids = []", f'pids = ["{FURTHER_PID}"]', "pids"),
        ("colour = 1", 'title = "My box"', "colour"),
        ("release = 17", 'release = "17.9.4"', "release"),
    ],
)
def test_a_bad_profile_file_is_refused_where_it_is_wrong(
    site: Site, wrong: str, right: str, named: str
) -> None:
    path = site.new_path("bad", ".toml")
    path.write_text(OWN.replace(right, wrong))
    with pytest.raises(Problem) as refusal:
        site.bundle(str(path))
    assert refusal.value.code == "profile-invalid"
    assert named in refusal.value.detail
    assert Path(path).name in refusal.value.detail


@pytest.mark.requirement("PI-1")
def test_a_product_declared_later_is_trusted_once_the_portal_has_taken_it_in(
    site: Site, account: Account
) -> None:
    pid = site.new_path("LATER").name
    factory = site.folder / "factory"
    assert site.stage.run("factory", "declare", "--factory", factory, "--pid", pid).code == 0
    path = site.new_path("later", ".toml")
    path.write_text(OWN.replace(FURTHER_PID, pid))
    device = site.device(str(path))
    device.go_offline()
    device.use("ports", 3)
    site.clock.advance(HOUR)
    saved = device.save()
    assert set(account.upload(saved).words) == {"unknown-key"}
    again = ("cssm", "trust", "import", factory / "manufacturer" / "manufacturer.json")
    taken = site.stage.run(*again, "--data", site.portal.data)
    assert taken.code == 0, taken.error
    assert set(account.upload(saved).words) == {"accepted"}
    assert items(saved)
