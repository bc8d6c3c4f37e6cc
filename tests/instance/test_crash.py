"""A real process is killed at every commit, before and after it; the next one goes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.documents.rum_report import RumReport
from gauger.instance.views import Scope
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal
from tests.instance.story import tell
from tests.instance.world import World

ROOT = Path(__file__).resolve().parents[2]
LAST = 24
# Odd points lie before a commit, with all that happened since the one before; the last after it.
POINTS = (*range(1, LAST, 2), LAST)
FINISHED = 0


def run_until_killed(world: World, portal: Portal, point: int) -> int:
    """Let a process live the story; return how it ended."""
    command = [sys.executable, "-m", "tests.instance.crash_child"]
    arguments = [str(world.root / "device"), str(world.clock.path), portal.url, str(point)]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=False, timeout=60).returncode


def chained(reports: list[RumReport]) -> Iterator[bool]:
    """Tell for each report whether the one that it follows came before it."""
    known: set[str | None] = {None}
    for report in reports:
        meta = report.payload.meta
        yield meta is not None and meta.previous in known
        known.add(report.digest)


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G1", role="instance")
@pytest.mark.threat("G6", role="instance")
@pytest.mark.parametrize("point", POINTS)
def test_killed_between_two_steps_a_device_goes_on(
    world: World, portal: Portal, point: int
) -> None:
    world.open(bundle=world.bundle(), ca=world.root / "tls.pem").stop()
    ended = run_until_killed(world, portal, point)
    assert ended in {-9, FINISHED}
    assert check_instance(world.root / "device") == []
    world.clock.advance(7200)
    agent = world.open()
    tell(agent, portal.url)
    world.clock.advance(60)
    agent.sync(Scope.ALL)
    assert {row.state for row in agent.report_rows()} == {"ACK", "OPEN"}
    agent.stop()
    assert check_instance(world.root / "device") == []
    assert all(chained(portal.reports))
    places = [(report.payload.meta, report.payload.entitlement_tag) for report in portal.reports]
    assert len(places) == len(set(places))


def test_the_points_reach_the_end_of_the_story(world: World, portal: Portal) -> None:
    world.open(bundle=world.bundle(), ca=world.root / "tls.pem").stop()
    assert run_until_killed(world, portal, LAST + 1) == FINISHED
