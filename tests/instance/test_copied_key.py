"""A device's key in two boxes: what each of them signs gives the pair away at the portal."""

import shutil
from pathlib import Path

import pytest

from gauger.core.documents.rum_payload import GaugerMeta
from gauger.core.documents.rum_report import RumReport, read_report
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.documents.verdict import Ruling
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal, judge
from tests.instance.world import ESSENTIALS, World

UNREPORTED = Selection(kind=SelectionKind.UNREPORTED)


def reported(world: World, agent: Agent, count: int) -> list[RumReport]:
    """Let a box use licences for a minute, and return its reports, oldest first."""
    agent.set_count(ESSENTIALS, count)
    agent.flush()
    world.clock.advance(60)
    path = world.root / "usage.xml"
    agent.save_usage(UNREPORTED, path)
    items = [i for i in read_items([path.read_bytes()]) if i.kind is ItemKind.RUM_REPORT]
    reports = [read_report(item.text) for item in items]
    return sorted(reports, key=lambda report: report.payload.report_id)


def meta(report: RumReport) -> GaugerMeta:
    assert report.payload.meta is not None
    return report.payload.meta


@pytest.mark.threat("B19", role="instance")
def test_two_boxes_of_one_identity_sign_for_two_stores(world: World) -> None:
    bundle = world.bundle()
    boxes = [world.open(name, bundle) for name in ("one", "two")]
    (first,), (second,) = (reported(world, box, 3) for box in boxes)
    assert first.payload.udi == second.payload.udi
    assert first.signature.chain == second.signature.chain, "one key, one certificate"
    # By this the portal tells two boxes from one: within the first report of each.
    assert meta(first).incarnation != meta(second).incarnation
    assert meta(first).boot != meta(second).boot
    for box in boxes:
        box.stop()


@pytest.mark.threat("B19", role="instance")
def test_a_box_copied_with_its_store_takes_a_place_twice(world: World, device: Agent) -> None:
    (before,) = reported(world, device, 3)
    device.stop()
    shutil.copytree(world.options().data, world.options("copy").data)
    world.clock.reboot(off=60)
    boxes = [world.open(), world.open("copy")]
    # The very same use: were the reports equal, the portal would take the second for a repeat.
    first, second = (reported(world, box, 3)[-1] for box in boxes)
    assert meta(first).incarnation == meta(second).incarnation == meta(before).incarnation
    assert meta(first).previous == meta(second).previous != before.digest
    assert first.digest != second.digest
    for box in boxes:
        box.stop()


@pytest.mark.threat("B19", role="instance")
def test_a_box_that_is_told_of_its_double_keeps_its_reports(
    world: World, portal: Portal, online: Agent, tmp_path: Path
) -> None:
    online.establish_trust("token", Scope.LOCAL, force=False)
    online.set_count(ESSENTIALS, 1)
    online.flush()
    world.clock.advance(60)
    portal.script.append(judge(Ruling.QUARANTINED, "duplicate-identity"))
    result = online.sync(Scope.ALL)
    assert result.acknowledged == 0
    told = [(*map(str, event.fields), event.text) for event in online.events()]
    assert any("duplicate-identity" in " ".join(parts) for parts in told)
    # Honest or not, it goes on measuring, and what it measured waits for the verdict of people.
    assert [row.state for row in online.report_rows()] == ["PENDING", "OPEN"]
    assert online.usage()[0].count == 1
    assert online.save_usage(UNREPORTED, tmp_path / "usage.xml") >= 1
