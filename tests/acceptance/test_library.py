"""A product instance inside a product's own program; what it records, and how it keeps it."""

import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gauger.core.documents.rum_report import RumReport, read_report
from gauger.core.documents.smart_license import ItemKind
from gauger.core.problems import Problem
from tests.acceptance.site import DNA, ESSENTIALS, HOUR, Account, Device, Site, eventually, items

QUARTER = 900
PRODUCT = """
import sys
from pathlib import Path
from gauger import Folders, NotAuthorized, ProductInstance

data, bundle, clock = map(Path, sys.argv[1:])
folders = Folders(bundle=bundle, clock_file=clock)
with ProductInstance.open(data, folders) as instance:
    instance.set_count("routing-plus", 48)
    with instance.use("routing-base", 3):
        instance.flush()
        print("serving", flush=True)
        sys.stdin.readline()
    try:
        with instance.use("hseck9"):
            print("it worked")
    except NotAuthorized as refusal:
        print("refused:", refusal.kind.next_step, flush=True)
"""
HELPER = """
import sys
from gauger import ProductInstance

with ProductInstance.connect(sys.argv[1]) as instance, instance.use("routing-base", 2):
    print("helping", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def program(text: str, *arguments: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a product's program until it has said that it works, and to its end after the block."""
    command = [sys.executable, "-c", text, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() in {"serving", "helping"}
        try:
            yield process
        finally:
            process.kill()


def embedded(site: Site) -> Device:
    """Return a device whose agent a product's program runs."""
    bundle, udi, profile = site.bundle("example-router")
    data = site.new_path("product")
    return Device(site, "product", profile, udi, bundle=bundle, data=data)


def counts(device: Device) -> list[int]:
    lines = device.execute("show license usage").splitlines()
    return [int(line.split(":")[1]) for line in lines if line.strip().startswith("Count:")]


def saved_reports(device: Device, which: str = "all") -> list[RumReport]:
    return [read_report(item.text) for item in items(device.save(which), ItemKind.RUM_REPORT)]


def store_of(device: Device) -> Path:
    (store,) = device.data.glob("*.sqlite")
    return store


@pytest.mark.requirement("PI-11/library")
def test_a_product_embeds_it_in_a_few_lines(site: Site, account: Account) -> None:
    device = embedded(site)
    with program(PRODUCT, device.data, device.bundle, site.clock.path) as product:
        assert counts(device) == [3, 48]
        site.clock.advance(HOUR)
        device.go_offline()
        upload = account.upload(device.save())
        assert set(upload.words) == {"accepted"}
        device.load(account.ack(upload, site.new_path("ack", ".xml")))
        said, _ = product.communicate("\n", timeout=30)
    assert said.startswith("refused: An enforced or export-controlled licence needs")
    assert product.returncode == 0
    assert account.balance("ROUTING_BASE") == (0, 3, -3)
    assert account.balance("ROUTING_PLUS") == (0, 48, -48)


@pytest.mark.requirement("PI-11/library")
def test_programs_share_an_instance_and_one_that_dies_uses_nothing(site: Site) -> None:
    device = embedded(site)
    with program(PRODUCT, device.data, device.bundle, site.clock.path):
        with program(HELPER, device.data):
            assert counts(device) == [5, 48]
        eventually(lambda: counts(device) == [3, 48])
        typed = site.stage.run("instance", "exec", "--data", device.data, "show license summary")
        assert "IN USE" in typed.output


@pytest.mark.requirement("PI-2")
def test_use_is_recorded_with_its_times_for_each_tag(site: Site) -> None:
    device = site.device()
    device.go_offline()
    start = site.workshop.now()
    told: dict[str, list[tuple[int, int, int]]] = {}
    for essentials, dna in ((2, 0), (5, 1), (0, 1), (3, 1)):
        device.use(ESSENTIALS, essentials)
        device.use(DNA, dna)
        site.clock.advance(QUARTER)
    for report in saved_reports(device):
        rows = [
            (one.start - start, one.end - start, one.count) for one in report.payload.measurements
        ]
        told[device.profile.licence(report.payload.entitlement_tag).feature] = rows
    assert sum_of(told[ESSENTIALS]) == [(0, 1, 2), (1, 2, 5), (3, 4, 3)]
    assert sum_of(told[DNA]) == [(1, 4, 1)]


def sum_of(rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the intervals in quarters of an hour, neighbours of one count as one."""
    merged: list[tuple[int, int, int]] = []
    for start, end, count in ((round(a / QUARTER), round(b / QUARTER), n) for a, b, n in rows):
        goes_on = bool(merged) and merged[-1][1:] == (start, count)
        begin = merged.pop()[0] if goes_on else start
        if end > begin and count:
            merged.append((begin, end, count))
    return merged


@pytest.mark.requirement("PI-2")
@pytest.mark.requirement("PI-4")
def test_nothing_is_lost_when_the_power_fails(site: Site, account: Account) -> None:
    device = site.device()
    device.go_offline()
    start = site.workshop.now()
    device.use(ESSENTIALS, 4)
    site.clock.advance(HOUR)
    device.save()
    device.use(ESSENTIALS, 7)
    device.kill()
    site.clock.advance(HOUR)
    device.start()
    assert counts(device) == [7]
    site.clock.advance(HOUR)
    upload = account.upload(device.save("all"))
    assert set(upload.words) == {"accepted"}
    assert min(one.payload.measurements[0].start for one in saved_reports(device)) == start
    used = account.count_seconds(device, "DNA_NWSTACK_E")
    assert used == pytest.approx(HOUR * (4 + 7), abs=2 * QUARTER * 7)
    assert site.stage.run("fsck", "--data", device.data).code == 0


@pytest.mark.requirement("PI-4")
def test_what_is_stored_is_sealed(site: Site) -> None:
    device = site.device()
    device.use(ESSENTIALS, 4)
    site.clock.advance(HOUR)
    device.save()
    kept = b"".join(path.read_bytes() for path in device.data.glob(f"{store_of(device).name}*"))
    assert len(kept) > 4096
    for secret in ("DNA_NWSTACK_E", device.udi.serial, "measurements", "ENTITLEMENT"):
        assert secret.encode() not in kept
        assert secret.encode("utf-16-le") not in kept


def alter_a_record(device: Device) -> None:
    """Flip one bit of a sealed record."""
    with closing(sqlite3.connect(store_of(device))) as db, db:
        (sealed,) = db.execute("SELECT sealed FROM record LIMIT 1").fetchone()
        flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
        db.execute("UPDATE record SET sealed = ? WHERE sealed = ?", (flipped, sealed))


def exchange_two_records(device: Device) -> None:
    """Put two sealed records, whole as they are, into each other's place."""
    with closing(sqlite3.connect(store_of(device))) as db, db:
        rows = db.execute("SELECT family, key, sealed FROM record LIMIT 2").fetchall()
        for row, other in zip(rows, reversed(rows), strict=True):
            where = "UPDATE record SET sealed = ? WHERE family = ? AND key = ?"
            db.execute(where, (other[2], row[0], row[1]))


@pytest.fixture
def acknowledged(site: Site, account: Account) -> Device:
    """Return a device that is off, with a report that the portal has acknowledged."""
    device = site.device()
    device.go_offline()
    device.use(ESSENTIALS, 4)
    site.clock.advance(HOUR)
    device.load(account.ack(account.upload(device.save()), site.new_path("ack", ".xml")))
    device.stop()
    return device


def require_it_shows_and_use_goes_on(site: Site, account: Account, device: Device) -> None:
    found = site.stage.run("fsck", "--data", device.data)
    assert found.code != 0, found.output
    device.start()
    assert "A new store was begun" in device.status
    assert device.events("STORE_REPLACED")
    device.use(ESSENTIALS, 9)
    device.go_offline()
    site.clock.advance(HOUR)
    upload = account.upload(device.save())
    assert upload.verdicts[0]["verdict"] == "accepted"
    assert "store-replaced" in upload.verdicts[0]["flags"]


@pytest.mark.requirement("PI-4")
@pytest.mark.parametrize("tamper", [alter_a_record, exchange_two_records])
def test_tampering_shows_and_use_goes_on(
    site: Site, account: Account, acknowledged: Device, tamper: Callable[[Device], None]
) -> None:
    tamper(acknowledged)
    require_it_shows_and_use_goes_on(site, account, acknowledged)


@pytest.mark.requirement("PI-4")
def test_an_older_copy_put_back_shows_and_use_goes_on(
    site: Site, account: Account, acknowledged: Device
) -> None:
    copy = site.new_path("store")
    shutil.copy(store_of(acknowledged), copy)
    acknowledged.start()
    acknowledged.stop()
    shutil.copy(copy, store_of(acknowledged))
    require_it_shows_and_use_goes_on(site, account, acknowledged)


def limit(device: Device, size: int) -> None:
    """Let no file of a device's process grow beyond a size, as a full disk does not either."""
    process = device.site.stage._running[device.name].pid
    hard = resource.prlimit(process, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.requirement("PI-4")
def test_a_full_disk_delays_writing_and_nothing_else(site: Site) -> None:
    device = site.device()
    device.go_offline()
    device.use(ESSENTIALS, 4)
    start = site.workshop.now()
    limit(device, 0)
    with pytest.raises(Problem) as full:
        device.use(ESSENTIALS, 7)
    assert full.value.code in {"store-full", "store-failed"}
    site.clock.advance(HOUR)
    assert counts(device) == [7]
    assert full.value.kind.next_step in device.status
    with pytest.raises(Problem):
        device.save()
    limit(device, resource.RLIM_INFINITY)
    (report,) = saved_reports(device)
    last = report.payload.measurements[-1]
    assert abs(last.end - start - HOUR) <= 1
    assert last.count == 7
    device.kill()
    device.start()
    assert counts(device) == [7]
    assert site.stage.run("fsck", "--data", device.data).code == 0
