"""However much happens at once, what a device reports can be read, and its answers can be taken."""

import pytest

from gauger.core.authority.claims import read_claims
from gauger.core.documents.rum_report import ITEM_CAP, RumReport, read_report
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Udi
from gauger.core.usage.intervals import count_seconds, normalise
from gauger.instance import answer_file
from gauger.instance.agent import Agent
from tests.instance.test_offline import off
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import ALL, Office

AWKWARD = '"\\' * 32
"""A name whose every character is escaped twice in a report."""


def reports_of(world: World, agent: Agent) -> list[RumReport]:
    """Return the reports that the device saves now, each within its cap."""
    path = world.root / "all.xml"
    agent.save_usage(ALL, path)
    items = [item for item in read_items([path.read_bytes()]) if item.kind is ItemKind.RUM_REPORT]
    assert max(len(item.text.encode()) for item in items) <= ITEM_CAP
    return [read_report(item.text) for item in items]


@pytest.mark.parametrize("model", ["C9130AXI-B", AWKWARD])
def test_thousands_of_access_points_that_join_at_once_are_reported(
    world: World, model: str
) -> None:
    agent = world.device()
    off(agent)
    for number in range(6000):
        agent.join_access_point(Udi(model, f"{AWKWARD[:50]}{number:08d}"))
    agent.flush()
    world.clock.advance(900)
    agent.flush()
    found = reports_of(world, agent)
    agent.stop()

    added = [
        udi
        for report in found
        for measurement in report.payload.measurements
        for udi in measurement.added or ()
    ]
    assert len(added) >= 6000
    assert len(set(added)) == 6000


def test_many_changes_that_were_not_looked_at_meanwhile_are_reported(world: World) -> None:
    agent = world.device()
    off(agent)
    for number in range(2000):
        agent.set_count(ESSENTIALS, number + 1)
        world.clock.advance(1)
    found = reports_of(world, agent)
    agent.stop()

    claims = [part for report in found for part in read_claims(report, None).absolute]
    seconds = sum(range(1, 2001))
    assert len(found) > 5
    assert count_seconds(normalise(claims)) == seconds + 2000  # with the second of saving


def test_an_answer_file_longer_than_is_held_at_once_is_taken(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.device()
    off(agent)
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    for _ in range(40):
        world.clock.advance(60)
        agent.save_usage(ALL, world.root / "daily.xml")
    answer = office.answer(agent)
    monkeypatch.setattr(answer_file, "SLICE_BYTES", 20_000)
    result = agent.import_file(answer)
    agent.stop()

    assert answer.stat().st_size > 3 * 20_000
    assert len(result.acknowledged) == 40
    assert "account-info" in result.installed
