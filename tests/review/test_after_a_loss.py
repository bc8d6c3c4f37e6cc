"""A device that lost its store, or got an old one back, takes what it lacks again."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from gauger.core.authority.commands import AssignPolicy
from gauger.core.policy.rules import Group, Rule, validate
from gauger.instance.agent import Agent
from tests.instance.test_offline import off
from tests.instance.world import ACCOUNT, ESSENTIALS, World
from tests.review.two_sides import Office


def assign(office: Office, name: str, days: int) -> None:
    """Have a custom policy assigned."""
    policy = validate(
        name=name, ack_required=True, rules={Group.SUBSCRIPTION: Rule(days, days, days)}
    )
    office.authority.execute(
        AssignPolicy(
            smart_account=ACCOUNT.smart_account,
            virtual_account=ACCOUNT.virtual_account,
            policy=policy,
            by="operator",
        )
    )


def report(office: Office, agent: Agent) -> None:
    """Use a licence for a minute and have it acknowledged."""
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    office.world.clock.advance(60)
    office.round_trip(agent)


def store_of(world: World) -> Path:
    return world.root / "device" / "store.sqlite"


def forget(world: World) -> None:
    """Lose the store; key and anchor stay."""
    for path in store_of(world).parent.glob("store.sqlite*"):
        path.unlink()


@pytest.mark.threat("A19", role="instance")
def test_a_device_that_lost_its_store_gets_account_and_policy_back(
    world: World, office: Office
) -> None:
    assign(office, "Weekly", 7)
    agent = world.device()
    off(agent)
    report(office, agent)
    agent.stop()
    forget(world)
    agent = world.open()
    off(agent)
    report(office, agent)

    status = agent.status()
    agent.stop()
    assert status.account is not None
    assert status.account.account == ACCOUNT
    assert status.policy.name == "Weekly"


@pytest.mark.threat("A19", role="instance")
@pytest.mark.threat("B9", role="instance")
def test_a_device_with_an_old_store_gets_the_newest_policy_back(
    world: World, office: Office
) -> None:
    assign(office, "Monthly", 30)
    agent = world.device()
    off(agent)
    report(office, agent)
    agent.stop()
    shutil.copy(store_of(world), world.root / "old.sqlite")
    agent = world.open()
    assign(office, "Weekly", 7)
    report(office, agent)
    newest = agent.status().policy.name
    agent.stop()
    shutil.copy(world.root / "old.sqlite", store_of(world))
    agent = world.open()
    report(office, agent)

    again = agent.status().policy.name
    agent.stop()
    assert (newest, again) == ("Weekly", "Weekly")


@pytest.mark.threat("A19", role="cssm")
@pytest.mark.threat("A19", role="instance")
def test_a_snapshot_of_the_whole_device_shows_in_its_chain(world: World, office: Office) -> None:
    """Store, keys and anchor go back together: nothing on the device can tell."""
    data, snapshot = world.root / "device", world.root / "snapshot"
    agent = world.device()
    off(agent)
    report(office, agent)
    agent.stop()
    shutil.copytree(data, snapshot)
    agent = world.open()
    report(office, agent)
    agent.stop()
    shutil.rmtree(data)
    shutil.copytree(snapshot, data)
    agent = world.open()
    agent.set_count(ESSENTIALS, 5)
    agent.flush()
    world.clock.advance(60)
    ((number, code),) = office.round_trip(agent).refused
    shown = agent.report_detail(number).verdict
    report(office, agent)
    states = [row.state for row in agent.report_rows()]
    agent.stop()

    assert code == "repeated-place"
    assert str(shown).startswith("quarantined: repeated-place")
    with closing(office.authority.reader()) as reader:
        verdicts = [row.verdict for row in reader.reports(ACCOUNT)]
        # The second is of the restart, which closes what was open.
        assert verdicts == ["accepted", "accepted", "quarantined", "quarantined", "accepted"]
        assert [case.code for case in reader.cases(ACCOUNT, state="open")] == ["repeated-place"]
        told = [event.kind for event in reader.events(ACCOUNT)]
    assert {"case-opened", "report-quarantined", "report-decided"} <= set(told)
    # What waits for a person stays on the device, and what it measured since counts.
    assert states == ["ACK", "ACK", "UNACK", "ACK", "OPEN"]
