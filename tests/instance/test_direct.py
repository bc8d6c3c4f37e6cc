"""Direct reporting: trust by ID token, sync, ACK, polls, lost answers."""

import threading
import time

import pytest

from gauger.core.documents.smart_transport import decode_request
from gauger.instance.agent import Agent
from gauger.instance.views import Scope
from tests.instance.portal import Portal, poll_later, withhold
from tests.instance.world import World, names, tag_of

TOKEN = "a-token-of-the-portal"


def trust(agent: Agent) -> None:
    agent.establish_trust(TOKEN, Scope.LOCAL, force=False)


@pytest.mark.requirement("T2-smart")
def test_use_is_reported_and_acknowledged(world: World, portal: Portal, online: Agent) -> None:
    trust(online)
    online.set_count(tag_of(online), 3)
    online.flush()
    world.clock.advance(3600)
    result = online.sync(Scope.ALL)
    assert (result.sent, result.acknowledged, result.waiting) == (1, 1, False)
    assert [row.state for row in online.report_rows()] == ["ACK", "OPEN"]
    (measurement,) = portal.reports[0].payload.measurements
    assert (measurement.count, measurement.end - measurement.start) == (3, 3601)


def test_trust_by_token_brings_account_and_trust_code(online: Agent) -> None:
    trust(online)
    status = online.status()
    assert status.trust[0].origin == "cssm"
    assert status.account is not None
    assert str(status.account.account) == "example.com/DEFAULT"
    assert "SMART_LIC-6-TRUST_CODE_INSTALL_SUCCESS" in names(online)


def test_an_answer_that_is_polled_for_arrives(world: World, portal: Portal, online: Agent) -> None:
    trust(online)
    online.set_count(tag_of(online), 1)
    online.flush()
    world.clock.advance(60)
    portal.script.append(poll_later(30))
    assert online.sync(Scope.ALL).waiting
    assert online.status().reporting.next_ack_check == world.clock.wall + 30
    online.tick()
    assert [row.state for row in online.report_rows()] == ["PENDING", "OPEN"]
    world.clock.advance(31)
    online.tick()
    assert [row.state for row in online.report_rows()] == ["ACK", "OPEN"]


@pytest.mark.threat("B6", role="instance")
def test_a_lost_answer_is_fetched_again_by_the_identical_request(
    world: World, portal: Portal, online: Agent
) -> None:
    trust(online)
    online.set_count(tag_of(online), 1)
    online.flush()
    world.clock.advance(60)
    portal.script.append(withhold)
    with pytest.raises(Exception, match="comm-failed"):
        online.sync(Scope.ALL)
    world.clock.advance(120)
    online.tick()
    assert [row.state for row in online.report_rows()] == ["ACK", "OPEN"]
    sent = [item.body for item in portal.seen if decode_request(item.body).reports]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    log = names(online)
    assert log.count("SMART_LIC-3-COMM_FAILED") == 1
    assert log.count("SMART_LIC-5-COMM_RESTORED") == 1


def eventually(agent: Agent, state: str) -> None:
    """Wait for what the agent's own threads do; they look at the clock file now and then."""
    end = time.monotonic() + 30
    while agent.report_rows()[0].state != state:
        assert time.monotonic() < end
        threading.Event().wait(0.05)


@pytest.mark.requirement("PI-7")
def test_a_running_agent_reports_by_itself(world: World, portal: Portal, online: Agent) -> None:
    trust(online)
    online.set_count(tag_of(online, 3), 1)
    online.start()
    online.flush()
    world.clock.advance(31 * 86_400)
    eventually(online, "ACK")
    assert len(portal.reports) == 1


def test_a_round_that_fails_does_not_end_measuring(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    measure = device._engine.measure
    faults = [RuntimeError("a fault of ours")]

    def fail_once() -> None:
        if faults:
            raise faults.pop()
        measure()

    monkeypatch.setattr(device._engine, "measure", fail_once)
    device.start()
    device.set_count(tag_of(device), 1)
    end = time.monotonic() + 30
    while not device._engine.memory.tags:
        assert time.monotonic() < end
        world.clock.advance(1)
        threading.Event().wait(0.05)
    assert "A round failed" in caplog.text
