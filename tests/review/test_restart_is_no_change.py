"""A boot that brings the same counts back is no change in use."""

from dataclasses import replace

from gauger.instance.main import open_agent
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import Office


def _boot(office: Office) -> None:
    """Begin the device's process anew, as a side-car that keeps what was stated."""
    office.agent.stop()
    office.device = open_agent(replace(office.world.options(), keeps_counts=True))


def _deadline(office: Office) -> int | None:
    return office.agent.status().reporting.next_ack_deadline


def test_only_a_change_in_use_starts_the_clock_of_changes(world: World, office: Office) -> None:
    office.begin()
    _boot(office)
    office.agent.set_count(ESSENTIALS, 3)
    office.agent.flush()
    world.clock.advance(3_600)
    office.round_trip(office.agent)
    before = _deadline(office)
    for _ in range(2):
        world.clock.advance(3_600)
        _boot(office)
        office.agent.tick()
        assert sum(view.count for view in office.agent.usage()) == 3
        assert _deadline(office) == before
    office.agent.set_count(ESSENTIALS, 4)
    office.agent.flush()
    assert _deadline(office) != before
    changed = [event for event in office.agent.events() if event.name == "SAEVT_ENDPOINT_USAGE"]
    assert [dict(event.fields)["count"] for event in changed] == ["3", "4"]
