"""Which reports a device sends again once the portal's ledger was set back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.smart_transport import MessageType, Request, Response, decode_request
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.memory import read_detail, report_row
from gauger.instance.views import Scope
from tests.instance.portal import Portal, honest, refuse
from tests.instance.wired import Wire, wired
from tests.instance.world import DAY, World, names, tag_of

ROUNDS = 3


@pytest.fixture
def pair(world: World) -> Iterator[tuple[Agent, Wire]]:
    """Give a device that reports directly, and its wire."""
    with wired(world) as (agent, wire):
        agent.establish_trust("token", Scope.LOCAL, force=False)
        yield agent, wire


def _reported(world: World, agent: Agent) -> None:
    """Use a licence for a while and no more, and have it acknowledged."""
    for count in (1, 0):
        agent.set_count(tag_of(agent, 3), count)
        agent.flush()
        world.clock.advance(3_600)
    agent.sync(Scope.ALL)


def _kinds(portal: Portal, since: int) -> list[MessageType]:
    return [decode_request(one.body).type for one in portal.seen[since:]]


def _texts(agent: Agent, name: str) -> list[str]:
    return [event.text for event in agent.events() if event.name == f"SMART_LIC-{name}"]


@pytest.mark.threat("G10", role="instance")
def test_a_sync_with_nothing_to_send_brings_back_what_was_lost(
    world: World, pair: tuple[Agent, Wire]
) -> None:
    agent, wire = pair
    for _ in range(ROUNDS):
        _reported(world, agent)
    agent.sync(Scope.ALL)
    kept = [report.digest for report in wire.portal.reports]
    wire.portal.lose(wire.portal.pages - 1)
    world.clock.advance(60)
    began = len(wire.portal.seen)
    result = agent.sync(Scope.ALL)
    assert _kinds(wire.portal, began) == [MessageType.HELLO, MessageType.REPORT_USAGE]
    assert result.sent == 2
    assert [report.digest for report in wire.portal.reports] == kept[-2:]
    assert _texts(agent, "4-LEDGER_SET_BACK") == [
        "The portal's ledger was set back. 2 reports that it acknowledged are sent again."
    ]
    began = len(wire.portal.seen)
    agent.sync(Scope.ALL)
    assert _kinds(wire.portal, began) == [MessageType.HELLO]


@pytest.mark.threat("G10", role="instance")
def test_an_idle_device_says_hello_in_the_place_of_a_push(
    world: World, pair: tuple[Agent, Wire]
) -> None:
    agent, wire = pair
    _reported(world, agent)
    agent.sync(Scope.ALL)
    agent.configure([ConfigChange(key=ConfigKey.USAGE_INTERVAL, value="7")])
    wire.portal.lose(1)
    began = len(wire.portal.seen)
    wire.portal.script.append(refuse("server-busy"))
    for _ in range(10):
        world.clock.advance(DAY)
        agent.tick()
    assert _kinds(wire.portal, began)[:3] == [
        MessageType.HELLO,
        MessageType.HELLO,
        MessageType.REPORT_USAGE,
    ]
    assert wire.portal.reports


@pytest.mark.threat("G10", role="instance")
def test_what_is_purged_is_told_and_not_passed_over_in_silence(
    world: World, pair: tuple[Agent, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.importing.KEPT", 1)
    agent, wire = pair
    for _ in range(ROUNDS):
        _reported(world, agent)
    world.clock.advance(31 * DAY)
    _reported(world, agent)
    assert agent.reports_summary().purged
    wire.portal.lose(1)
    agent.sync(Scope.ALL)
    (text,) = _texts(agent, "2-REPORTS_LOST")
    assert text.startswith(f"{agent.reports_summary().purged} reports")


def test_a_report_of_an_earlier_release_is_found_by_its_ack(
    world: World, pair: tuple[Agent, Wire]
) -> None:
    agent, wire = pair
    _reported(world, agent)
    memory = agent._engine.memory
    draft = memory.draft()
    for row in memory.store.reports(("ACK",)):
        draft.put_report(report_row(row, replace(read_detail(row), ack_page=None)))
    memory.commit(draft)
    wire.portal.lose(1)
    agent.sync(Scope.ALL)
    assert wire.portal.reports


@pytest.mark.threat("G10", role="instance")
def test_a_head_that_proves_nothing_changes_nothing(world: World, pair: tuple[Agent, Wire]) -> None:
    agent, wire = pair
    _reported(world, agent)
    wire.portal.lose(1)
    head = wire.portal.newest
    assert head is not None

    def forged(_: Portal, request: Request) -> Response:
        body = head.head.replace(b'"until":1', b'"until":0')
        return replace(honest(wire.portal, request), head=replace(head, head=body))

    wire.portal.script.append(forged)
    with pytest.raises(Problem, match="signature-invalid"):
        agent.sync(Scope.ALL)
    assert "SMART_LIC-4-LEDGER_SET_BACK" not in names(agent)
    held = agent._engine.holdings().page_head
    assert held is not None
    assert held.epoch.number == 1


@pytest.mark.threat("G10", role="instance")
def test_an_old_or_foreign_head_that_is_replayed_changes_nothing(
    world: World, pair: tuple[Agent, Wire]
) -> None:
    agent, wire = pair
    _reported(world, agent)
    old = wire.portal.newest
    _reported(world, agent)
    wire.portal.lose(1)
    agent.sync(Scope.ALL)
    before = agent._engine.holdings().page_head
    assert before is not None

    def replayed(_: Portal, request: Request) -> Response:
        return replace(honest(wire.portal, request), head=old)

    wire.portal.script.append(replayed)
    began = len(wire.portal.seen)
    agent.sync(Scope.ALL)
    assert agent._engine.holdings().page_head == before
    assert _kinds(wire.portal, began) == [MessageType.HELLO]


def test_a_fork_that_a_hello_shows_is_told(world: World, pair: tuple[Agent, Wire]) -> None:
    agent, wire = pair
    _reported(world, agent)
    world.clock.advance(60)
    wire.portal.pages -= 1
    wire.portal.sign(AccountInfo.from_document(wire.portal.account_info(agent.udi)), paged=True)
    agent.sync(Scope.ALL)
    assert "SMART_LIC-2-LEDGER_FORKED" in names(agent)


def test_a_portal_that_tells_no_head_is_left_alone(world: World, pair: tuple[Agent, Wire]) -> None:
    agent, wire = pair
    _reported(world, agent)
    wire.portal.newest = None
    assert agent.sync(Scope.ALL).sent == 0
