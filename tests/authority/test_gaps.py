"""Missing reports: people are told after seven days, once; the report or a person ends it."""

import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger.connection import SCHEMA_VERSION, connect, schema_version
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.views import EventRow, GapRow
from gauger.core.authority.commands import CloseGap, DecideDue, MoveInstance
from gauger.core.authority.judgement import GAP_PATIENCE
from gauger.core.identity import Digest
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import ACCOUNT, DAY, NOW, OTHER_ACCOUNT, UDI, Bench, a_device

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "ledger-0.1.tar.gz"


def lose_one(portal: Bench, serial: str = "GGR0001") -> tuple[str, Digest]:
    """Let a device report with a hole; return the lost report and its digest."""
    device = a_device(serial)
    lost = device.report(((NOW - 900, NOW, 1),))
    portal.report(device.report(((NOW, NOW + 9, 1),)))
    (row,) = [row for row in gaps(portal) if row.udi == device.udi]
    return lost, row.report


def gaps(portal: Bench, *, overdue: bool = False) -> Sequence[GapRow]:
    reader = portal.authority.reader()
    try:
        return reader.gaps(ACCOUNT, overdue=overdue)
    finally:
        reader.close()


def told(portal: Bench, kind: str = "gap-overdue") -> list[EventRow]:
    reader = portal.authority.reader()
    try:
        return [row for row in reader.events(ACCOUNT) if row.kind == kind]
    finally:
        reader.close()


@pytest.mark.threat("A12", role="cssm")
@pytest.mark.threat("A21", role="cssm")
@pytest.mark.parametrize(("wait", "count"), [(GAP_PATIENCE - 1, 0), (GAP_PATIENCE, 1)])
def test_a_gap_of_seven_days_is_an_alert_of_its_account(
    portal: Bench, wait: int, count: int
) -> None:
    _, missing = lose_one(portal)
    portal.clock.now = NOW + wait
    portal.authority.execute(DecideDue())

    assert len(told(portal)) == len(gaps(portal, overdue=True)) == count
    for event, row in zip(told(portal), gaps(portal, overdue=True), strict=True):
        assert (event.subject, event.account, event.by) == (str(UDI), ACCOUNT, None)
        assert missing in event.detail
        assert (row.report, row.since, row.alerted_at) == (missing, NOW, NOW + wait)


@pytest.mark.threat("A12", role="cssm")
def test_an_alert_is_raised_once_however_often_it_is_looked_at(portal: Bench) -> None:
    lose_one(portal)
    for week in range(1, 4):
        portal.clock.now = NOW + week * GAP_PATIENCE
        portal.authority.execute(DecideDue())

    assert len(told(portal)) == 1
    assert examine_ledger(portal.path).is_whole


def test_an_alert_needs_no_command_to_be_raised(portal: Bench) -> None:
    lose_one(portal)
    portal.clock.now = NOW + GAP_PATIENCE
    deadline = time.monotonic() + 20
    while not told(portal) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert len(told(portal)) == 1


@pytest.mark.threat("A12", role="cssm")
def test_the_report_itself_ends_the_alert(portal: Bench) -> None:
    lost, _ = lose_one(portal)
    portal.clock.now = NOW + 8 * DAY
    portal.authority.execute(DecideDue())
    portal.report(lost)

    assert not gaps(portal)
    (closed,) = told(portal, "gap-closed")
    assert (closed.account, closed.by) == (ACCOUNT, None)


@pytest.mark.threat("F18", role="cssm")
def test_a_person_ends_the_alert_and_is_named(portal: Bench) -> None:
    _, missing = lose_one(portal)
    portal.clock.now = NOW + 8 * DAY
    portal.authority.execute(DecideDue())
    portal.authority.execute(CloseGap(udi=UDI, report=missing, by="ann"))

    assert not gaps(portal)
    (closed,) = told(portal, "gap-closed")
    assert (closed.account, closed.by) == (ACCOUNT, "ann")


@pytest.mark.parametrize("by", [None, "ann"])
def test_a_gap_that_ends_in_time_is_never_an_alert(portal: Bench, by: str | None) -> None:
    lost, missing = lose_one(portal)
    if by is None:
        portal.report(lost)
    else:
        portal.authority.execute(CloseGap(udi=UDI, report=missing, by=by))
    portal.clock.now = NOW + 8 * DAY
    portal.authority.execute(DecideDue())

    assert not told(portal)


@pytest.mark.threat("F5", role="cssm")
def test_the_alert_is_told_to_who_owns_the_device_by_then(portal: Bench) -> None:
    lose_one(portal)
    portal.authority.execute(MoveInstance(udi=UDI, to=OTHER_ACCOUNT, by="ann"))
    portal.clock.now = NOW + GAP_PATIENCE
    portal.authority.execute(DecideDue())

    assert not told(portal)
    reader = portal.authority.reader()
    assert [row.account for row in reader.gaps(overdue=True)] == [OTHER_ACCOUNT]
    reader.close()


def test_many_old_gaps_are_told_page_by_page(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.authority.cases.MOST_DUE", 2)
    for number in range(5):
        lose_one(portal, f"GGR{number:04}")
    portal.clock.now = NOW + GAP_PATIENCE
    for _ in range(3):
        portal.authority.execute(DecideDue())

    assert len(told(portal)) == 5


@pytest.mark.threat("G9", role="cssm")
def test_a_ledger_of_the_first_release_proves_whole_before_and_after_its_migration(
    tmp_path: Path,
) -> None:
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path, filter="data")
    path = tmp_path / "ledger.db"
    assert examine_ledger(path).is_whole
    SqliteLedger(path).close()
    db = connect(path)
    assert schema_version(db) == SCHEMA_VERSION
    db.close()
    assert examine_ledger(path).is_whole
