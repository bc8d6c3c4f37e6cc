"""Alerts come at the moment at which what they tell begins to hold, and name it (PI-3)."""

from collections.abc import Iterator

import pytest

from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import EventView, Scope
from tests.instance.portal import Portal, answer_file, withhold
from tests.instance.test_authorization import EXPORT, carry, code_for, is_on
from tests.instance.world import DAY, START, World, go_smart, tag_of

SUBSCRIPTION = 3


@pytest.fixture
def router(world: World, portal: Portal) -> Iterator[Agent]:
    agent = world.open(bundle=world.bundle(profile="example-router"), ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    yield agent
    agent.stop()


def alerts(agent: Agent, mnemonic: str) -> list[EventView]:
    """Return the events of a system message; each also stands in the log buffer."""
    found = [event for event in agent.events() if event.name.endswith(f"-{mnemonic}")]
    lines = [line for line in agent.logging().lines if f"-{mnemonic}: " in line]
    assert len(lines) == len(found)
    return found


def live(world: World, agent: Agent, days: int) -> None:
    for _ in range(days * 4):
        world.clock.advance(DAY // 4)
        agent.tick()


@pytest.fixture
def counted(device: Agent) -> Agent:
    """A device that uses a subscription: the default policy wants an ACK within 90 days."""
    device.configure([ConfigChange(key=ConfigKey.LOGGING_BUFFERED, value="64000")])
    device.set_count(tag_of(device, SUBSCRIPTION), 1)
    device.tick()
    return device


@pytest.mark.requirement("PI-3")
def test_that_a_report_is_required_is_told_so_many_days_before(
    world: World, counted: Agent
) -> None:
    deadline = counted.status().reporting.next_ack_deadline
    assert deadline == START + 90 * DAY
    live(world, counted, 95)
    told = alerts(counted, "REPORTING_REQUIRED")
    # To the quarter of a day in which the distance was reached, and with that very number.
    assert [event.at for event in told] == [deadline - days * DAY for days in (30, 14, 7, 3, 2, 1)]
    for event, days in zip(told, (30, 14, 7, 3, 2, 1), strict=True):
        assert f" {days} day" in event.text


@pytest.mark.requirement("PI-3")
def test_that_a_report_is_overdue_is_told_from_the_deadline_on_daily(
    world: World, counted: Agent
) -> None:
    deadline = counted.status().reporting.next_ack_deadline
    assert deadline is not None
    live(world, counted, 90)
    assert alerts(counted, "REPORTING_OVERDUE") == [], "not on the last second of the deadline"
    live(world, counted, 5)
    times = [event.at for event in alerts(counted, "REPORTING_OVERDUE")]
    # With the first look after it, and then with each whole day.
    assert times == [deadline + DAY // 4, *(deadline + day * DAY for day in range(1, 6))]


@pytest.mark.requirement("PI-3")
def test_an_ack_ends_what_is_overdue(world: World, portal: Portal, online: Agent) -> None:
    online.configure([ConfigChange(key=ConfigKey.LOGGING_BUFFERED, value="64000")])
    online.establish_trust("token", Scope.LOCAL, force=False)
    online.set_count(tag_of(online, SUBSCRIPTION), 1)
    online.tick()
    portal.script += [withhold] * 500
    live(world, online, 92)
    overdue = alerts(online, "REPORTING_OVERDUE")
    assert overdue
    portal.script.clear()
    online.sync(Scope.ALL)
    deadline = online.status().reporting.next_ack_deadline
    assert deadline is not None
    assert deadline > world.clock.wall
    live(world, online, 3)
    assert alerts(online, "REPORTING_OVERDUE") == overdue


@pytest.mark.requirement("PI-3")
def test_communication_is_told_when_it_fails_and_when_it_works(
    world: World, portal: Portal, online: Agent
) -> None:
    online.establish_trust("token", Scope.LOCAL, force=False)
    online.set_count(tag_of(online), 1)
    world.clock.advance(60)
    portal.script.append(withhold)
    failed_at = world.clock.wall
    with pytest.raises(Problem, match="comm-failed") as failed:
        online.sync(Scope.ALL)
    assert [event.at for event in alerts(online, "COMM_FAILED")] == [failed_at]
    assert failed.value.detail in alerts(online, "COMM_FAILED")[0].text
    assert online._engine.memory.singles.backoff.failures == 1
    assert alerts(online, "COMM_RESTORED") == [], "nobody has answered yet"
    world.clock.advance(5 * 3600)
    online.tick()
    assert [event.at for event in alerts(online, "COMM_RESTORED")] == [world.clock.wall]
    assert online._engine.memory.singles.backoff.failures == 0


@pytest.mark.requirement("PI-3")
def test_a_policy_is_told_as_it_begins_and_ends_to_hold(
    world: World, portal: Portal, device: Agent
) -> None:
    path = world.root / "policy.xml"
    path.write_bytes(
        answer_file([portal.policy_document({Group.PERPETUAL: Rule(60, 14, 7)}, "Yearly")])
    )
    world.clock.advance(60)
    device.import_file(path)
    (installed,) = alerts(device, "POLICY_INSTALL_SUCCESS")
    assert installed.at == world.clock.wall
    assert device.status().policy.name == "Yearly"
    assert alerts(device, "POLICY_REMOVED") == []
    world.clock.advance(60)
    device.reset_licensing()
    (removed,) = alerts(device, "POLICY_REMOVED")
    assert removed.at == world.clock.wall
    assert device.status().policy.name != "Yearly"


@pytest.mark.requirement("PI-3")
def test_a_trust_code_is_told_as_it_is_installed(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.script.append(withhold)
    with pytest.raises(Problem):
        online.establish_trust("token", Scope.LOCAL, force=False)
    assert alerts(online, "TRUST_CODE_INSTALL_SUCCESS") == []
    world.clock.advance(60)
    online.establish_trust("token", Scope.LOCAL, force=False)
    (installed,) = alerts(online, "TRUST_CODE_INSTALL_SUCCESS")
    assert online.status().trust[0].installed_at == installed.at == world.clock.wall
    assert str(online.udi) in installed.text


@pytest.mark.requirement("PI-3")
def test_an_authorization_is_told_as_its_licence_goes_on_and_off(
    world: World, portal: Portal, router: Agent
) -> None:
    world.clock.advance(60)
    path = carry(world, router, code_for(portal, router, EXPORT))
    (installed,) = alerts(router, "AUTHORIZATION_INSTALL_SUCCESS")
    assert router.authorizations()[0].installed_at == installed.at == world.clock.wall
    assert is_on(router, EXPORT)
    world.clock.advance(60)
    router.codes.give_back(online=True, path=None)
    (removed,) = alerts(router, "AUTHORIZATION_REMOVED")
    assert removed.at == world.clock.wall
    assert not is_on(router, EXPORT)
    world.clock.advance(60)
    with pytest.raises(Problem, match="epoch-dead") as refused:
        router.import_file(path)
    (failed,) = alerts(router, "AUTHORIZATION_INSTALL_FAILED")
    assert failed.at == world.clock.wall
    assert refused.value.code in failed.text or refused.value.detail in failed.text
    assert not is_on(router, EXPORT)


@pytest.mark.requirement("PI-3")
def test_a_clock_that_was_set_is_told_with_the_new_time(world: World, device: Agent) -> None:
    world.clock.advance(60)
    device.tick()
    assert alerts(device, "SYSTEM_CLOCK_CHANGED") == []
    world.clock.step(7200)
    device.tick()
    (told,) = alerts(device, "SYSTEM_CLOCK_CHANGED")
    assert told.at == world.clock.wall
    assert "7200" in told.text
