"""Reports that rotted on the disk: told once by name, lost to nobody's eyes, in nobody's way."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import Request, Response
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.memory import Draft
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Answering, Portal, honest
from tests.instance.test_schedule import interval, live
from tests.instance.world import DAY, World, tag_of

ALL = Selection(kind=SelectionKind.ALL)
ROW, BYTES, GONE = (
    "UPDATE report SET sealed = x'00' WHERE id = ?",
    "UPDATE item SET sealed = x'00' WHERE report_id = ?",
    "DELETE FROM item WHERE report_id = ?",
)


def rot(world: World, damage: str, *report_ids: int) -> None:
    """Damage reports on the disk, under an agent that runs."""
    with closing(sqlite3.connect(world.root / "device" / "store.sqlite")) as db, db:
        for report_id in report_ids:
            db.execute(damage, (report_id,))


def told(agent: Agent) -> list[str]:
    """Return what the event log says of reports that cannot be read."""
    return [one.text for one in agent.events() if one.name == "SMART_LIC-2-REPORT_UNREADABLE"]


def states(agent: Agent) -> list[str]:
    """Return the states of all closed reports, oldest first."""
    return [row.state for row in agent.report_rows() if row.state != "OPEN"]


def close_one(world: World, agent: Agent) -> int:
    """Close one more report and return its number; it is saved to a file and not sent."""
    agent.set_count(tag_of(agent), 1)
    agent.flush()
    world.clock.advance(60)
    agent.save_usage(ALL, world.root / "usage.xml")
    return [row.report_id for row in agent.report_rows() if row.state != "OPEN"][-1]


@pytest.fixture
def agent(online: Agent) -> Agent:
    """A device that reports directly."""
    online.establish_trust("token", Scope.LOCAL, force=False)
    return online


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a message carry two reports, so that few can stand in the way of others."""
    monkeypatch.setattr("gauger.core.instance.sending.MOST", 2)
    monkeypatch.setattr("gauger.instance.choosing.MOST", 2)


@pytest.mark.usefixtures("few")
@pytest.mark.requirement("PI-5")
@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("damage", [ROW, BYTES, GONE], ids=["row", "bytes", "gone"])
def test_more_than_a_message_of_rotten_reports_starves_no_younger_one(
    world: World, portal: Portal, agent: Agent, damage: str
) -> None:
    rotten = [close_one(world, agent) for _ in range(5)]
    rot(world, damage, *rotten)
    interval(agent, 1)
    agent.set_count(tag_of(agent), 99)
    live(world, agent, 1.5)
    assert [report.payload.report_id for report in portal.reports] == [rotten[-1] + 1]
    assert len(told(agent)) == 5
    assert all(
        f"Report {number} " in text for number, text in zip(rotten, told(agent), strict=True)
    )
    live(world, agent, 3)
    assert agent.sync(Scope.ALL).sent == 1, "what was in use since, and nothing that rotted"
    assert len(told(agent)) == 5, "each once"


@pytest.mark.requirement("PI-5")
def test_a_rotten_report_is_shown_and_refused_by_name(world: World, agent: Agent) -> None:
    first, second = close_one(world, agent), close_one(world, agent)
    rot(world, ROW, first)
    assert states(agent) == ["DAMAGED", "UNACK"]
    with pytest.raises(Problem, match="store-damaged"):
        agent.report_detail(first)
    assert agent.report_detail(second).state == "UNACK"


def test_many_rotten_reports_do_not_push_all_else_out_of_the_log(
    world: World, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.unreadable._NAMED_AT_ONCE", 2)
    rot(world, ROW, *[close_one(world, agent) for _ in range(5)])
    agent.sync(Scope.ALL)
    assert len(told(agent)) == 3
    assert told(agent)[-1].startswith("3 more reports")


@pytest.mark.usefixtures("few")
def test_a_long_search_among_rotten_bytes_goes_on_with_the_next_round(
    world: World, portal: Portal, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.choosing._LOOKS", 1)
    rot(world, BYTES, *[close_one(world, agent) for _ in range(3)])
    interval(agent, 1)
    world.clock.advance(DAY + 60)
    agent.tick()
    assert portal.reports == []
    world.clock.advance(60)
    agent.tick()
    assert len(portal.reports) == 1


def rots_on_the_way(world: World, damage: str, numbers: list[int]) -> Answering:
    """Acknowledge everything, after the first report rotted on the device."""

    def act(portal: Portal, request: Request) -> Response:
        rot(world, damage, numbers[0])
        return honest(portal, request)

    return act


@pytest.mark.parametrize("damage", [ROW, BYTES], ids=["row", "bytes"])
def test_an_answer_about_a_rotten_report_brings_the_ack_of_the_others(
    world: World, portal: Portal, agent: Agent, damage: str
) -> None:
    numbers = [close_one(world, agent) for _ in range(2)]
    portal.script.append(rots_on_the_way(world, damage, numbers))
    agent.sync(Scope.ALL)
    # Its ACK is kept where its row is whole, whatever became of its bytes.
    is_known = damage == BYTES
    assert states(agent)[:2] == ["ACK" if is_known else "DAMAGED", "ACK"]
    assert len(told(agent)) == (not is_known)
    assert agent._engine.memory.singles.usage_exchange is None


@pytest.mark.parametrize("damage", [ROW, "DELETE FROM report WHERE id = ?"])
def test_a_wanted_report_that_rotted_is_looked_for_once(
    world: World, agent: Agent, damage: str
) -> None:
    number = close_one(world, agent)
    agent.sync(Scope.ALL)
    rot(world, damage, number)

    def want(draft: Draft) -> None:
        draft.singles = replace(
            draft.singles, course=replace(draft.singles.course, wanted=(number,))
        )

    agent._engine.change(want)
    agent.tick()
    assert agent._engine.memory.singles.course.wanted == ()
    assert len(told(agent)) == 1


def test_a_file_carries_all_that_is_well(world: World, agent: Agent) -> None:
    numbers = [close_one(world, agent) for _ in range(4)]
    rot(world, ROW, numbers[0])
    rot(world, BYTES, numbers[1])
    assert agent.save_usage(ALL, world.root / "usage.xml") == 2
    assert len(told(agent)) == 2
    single = Selection(kind=SelectionKind.REPORT, number=numbers[0])
    with pytest.raises(Problem, match="store-damaged"):
        agent.save_usage(single, world.root / "one.xml")


def test_a_licence_is_reported_on_behind_a_rotten_report(
    world: World, portal: Portal, agent: Agent
) -> None:
    rot(world, ROW, close_one(world, agent))
    second = close_one(world, agent)
    agent.sync(Scope.ALL)
    assert [report.payload.report_id for report in portal.reports] == [second]
    assert agent.status().notices == (agent.status().notices[0],), "nothing waits to be signed"


def test_rotten_rows_keep_no_other_bytes_for_ever(
    world: World, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.importing.KEPT", 0)
    monkeypatch.setattr("gauger.instance.importing._PURGED_AT_ONCE", 1)
    numbers = [close_one(world, agent) for _ in range(2)]
    agent.sync(Scope.ALL)
    rot(world, ROW, numbers[0])
    world.clock.advance(40 * DAY)
    close_one(world, agent)
    agent.sync(Scope.ALL)
    assert agent.report_detail(numbers[1]).storage == "DELETED"


@pytest.mark.parametrize("damage", [ROW, BYTES], ids=["row", "bytes"])
def test_a_ledger_that_was_set_back_is_surveyed_past_rotten_reports(
    world: World, portal: Portal, agent: Agent, damage: str
) -> None:
    numbers = [close_one(world, agent) for _ in range(2)]
    agent.sync(Scope.ALL)
    rot(world, damage, numbers[0])
    portal.lose(0)
    world.clock.advance(60)
    agent.sync(Scope.ALL)
    assert "SMART_LIC-4-LEDGER_SET_BACK" in {one.name for one in agent.events()}


def failing(_: object, __: object) -> bytes:
    """Fail as a disk does that is gone."""
    raise Problem("store-failed", "The disk is gone.")


def test_a_disk_that_fails_is_held_against_no_report(
    world: World, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_one(world, agent)
    with monkeypatch.context() as patched:
        patched.setattr(agent._store, "item", failing)
        with pytest.raises(Problem, match="store-failed"):
            agent.sync(Scope.ALL)
    assert told(agent) == []
    assert agent.sync(Scope.ALL).sent == 1
