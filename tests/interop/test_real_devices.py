"""Real devices live through the states: their stores, a test clock, a portal's signed answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from gauger.core.policy.rules import Group, Rule
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.surfaces.console.console import Console
from tests.instance.portal import poll_later
from tests.instance.wired import URL, Wire, a_wire, join
from tests.instance.world import DAY, World, go_smart, tag_of
from tests.interop import reading
from tests.interop.comparing import COMPARISONS, MORE, Looked
from tests.interop.parsers import Parsers, ask

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

PERPETUAL, SUBSCRIPTION = 0, 3
CUSTOM = {Group.SUBSCRIPTION: Rule(120, 60, 30), Group.EXPORT: Rule(10, 20, 5)}
TRANSPORTS: Sequence[Sequence[str]] = (
    ("license smart transport off",),
    (f"license smart url smart {URL}", "license smart transport smart"),
)


@contextmanager
def device(world: World, *, factory_trust: bool = False) -> Iterator[tuple[Agent, Wire]]:
    """Switch on a new device whose messages go straight into a portal's hands."""
    wire = a_wire(world)
    agent = world.open(bundle=world.bundle(trust_code=factory_trust))
    join(agent, wire)
    yield agent, wire
    agent.stop()


def look(looked: Looked, name: str, agent: Agent) -> None:
    """Look at a device with each transport."""
    for lines in TRANSPORTS:
        Console(agent).configure(lines)
        looked.look(f"{name}, {lines[-1]}", agent)


def use(world: World, agent: Agent, licence: int, count: int) -> None:
    """Use a licence for an hour."""
    agent.set_count(tag_of(agent, licence), count)
    world.clock.advance(3600)
    agent.flush()


def live(looked: Looked, world: World, agent: Agent, wire: Wire) -> None:
    """Go through the life of a device that a portal acknowledges."""
    go_smart(agent, URL)
    look(looked, "trusted", agent)
    use(world, agent, PERPETUAL, 2)
    look(looked, "used", agent)
    use(world, agent, SUBSCRIPTION, 3)
    look(looked, "first report pending", agent)
    wire.portal.script.append(poll_later(300))
    agent.sync(Scope.ALL)
    look(looked, "waiting", agent)
    world.clock.advance(301)
    agent.tick()
    assert agent.reports_summary().acknowledged > 0
    look(looked, "acknowledged", agent)
    use(world, agent, SUBSCRIPTION, 0)
    agent.save_usage(Selection(kind=SelectionKind.ALL), world.root / "saved.xml")
    look(looked, "changed and saved", agent)
    world.clock.advance(200 * DAY)
    look(looked, "overdue", agent)
    assert 0 < (agent.status().reporting.next_ack_deadline or 0) < world.clock.wall


@pytest.mark.parametrize("policy", [None, CUSTOM], ids=["default", "custom"])
@pytest.mark.parametrize("factory_trust", [False, True])
def test_a_life_under_a_portal(
    world: World, parsers: Parsers, *, factory_trust: bool, policy: dict[Group, Rule] | None
) -> None:
    looked = Looked(COMPARISONS)
    with device(world, factory_trust=factory_trust) as (agent, wire):
        wire.portal.policy = policy
        look(looked, "fresh", agent)
        go_smart(agent, URL)
        agent.establish_trust("token", Scope.LOCAL, force=False)
        live(looked, world, agent, wire)
    assert len(looked) == 16
    looked.judge(parsers)


@pytest.mark.parametrize("factory_trust", [False, True])
def test_a_life_without_a_portal(world: World, parsers: Parsers, *, factory_trust: bool) -> None:
    looked = Looked(COMPARISONS)
    with device(world, factory_trust=factory_trust) as (agent, _):
        look(looked, "fresh", agent)
        use(world, agent, PERPETUAL, 1)
        look(looked, "used", agent)
        use(world, agent, SUBSCRIPTION, 1)
        agent.save_usage(Selection(kind=SelectionKind.ALL), world.root / "saved.xml")
        look(looked, "saved", agent)
        world.clock.advance(100 * DAY)
        look(looked, "overdue", agent)
    looked.judge(parsers)


def test_reports_and_events_of_a_real_device(world: World, parsers: Parsers) -> None:
    looked = Looked(MORE)
    with device(world) as (agent, _):
        go_smart(agent, URL)
        agent.establish_trust("token", Scope.LOCAL, force=False)
        use(world, agent, PERPETUAL, 2)
        agent.sync(Scope.ALL)
        use(world, agent, PERPETUAL, 5)
        looked.look("two reports", agent)
        numbers = [row.report_id for row in agent.report_rows()]
        asked = [ask(agent, f"show license rum id {number} detail") for number in numbers]
        details = [agent.report_detail(number) for number in numbers]
    looked.judge(parsers)
    assert [reading.report(parsed) for parsed in parsers.all(asked)] == details
    assert {detail.state for detail in details} == {"ACK", "OPEN"}
