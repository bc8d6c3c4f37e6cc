"""When a product instance reports by itself, how often at most, and what it does when it cannot."""

from dataclasses import replace

import pytest

from gauger.core.documents.smart_transport import Status, WireProblem, decode_request
from gauger.core.documents.verdict import Ruling
from gauger.core.instance.sending import after_ha_event
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.memory import Draft
from gauger.instance.views import Scope, Selection, SelectionKind
from tests.instance.portal import Portal, judge, refuse, response, say, withhold
from tests.instance.test_store_fate import FullDisk
from tests.instance.world import DAY, World, names, tag_of

SUBSCRIPTION = 3


def interval(agent: Agent, days: int) -> None:
    agent.configure([ConfigChange(key=ConfigKey.USAGE_INTERVAL, value=str(days))])


def trusted(agent: Agent, tag: int = SUBSCRIPTION) -> None:
    agent.establish_trust("token", Scope.LOCAL, force=False)
    agent.set_count(tag_of(agent, tag), 1)
    agent.flush()


def sendings(portal: Portal) -> int:
    return sum(bool(decode_request(item.body).reports) for item in portal.seen)


def live(world: World, agent: Agent, days: float, step: float = 0.25) -> None:
    """Let days pass, with a tick every quarter of one."""
    for _ in range(round(days / step)):
        world.clock.advance(step * DAY)
        agent.tick()


@pytest.mark.requirement("PI-7")
def test_it_reports_by_itself_after_thirty_days(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    live(world, online, 29.75)
    assert sendings(portal) == 0
    live(world, online, 0.5)
    assert sendings(portal) == 1
    assert online.report_rows()[0].state == "ACK"


def test_a_fault_of_our_own_asks_the_portal_less_and_less_often(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(online)
    world.clock.advance(31 * DAY)
    asked: list[str] = []

    def fail(_: str, request: bytes, **__: object) -> bytes:
        asked.append("once more")
        if len(asked) > 1:
            online._stopping.set()
        raise ZeroDivisionError(request)

    def pause(_: object, seconds: float) -> None:
        world.clock.advance(min(seconds, 1))
        if world.clock.monotonic > limit:
            online._stopping.set()

    limit = world.clock.monotonic + 5
    monkeypatch.setattr(online._engine.around.transport, "exchange", fail)
    monkeypatch.setattr(online._engine.around.clock, "pause", pause)
    online._talk()
    assert asked == ["once more"]
    assert "SMART_LIC-3-COMM_FAILED" in names(online)
    assert sendings(portal) == 0


@pytest.mark.requirement("PI-7")
def test_the_shorter_of_configured_and_policy_counts(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = {Group.SUBSCRIPTION: Rule(90, 10, 90)}
    trusted(online)
    assert online.status().reporting.push_interval_days == 10
    interval(online, 4)
    assert online.status().reporting.push_interval_days == 4
    interval(online, 20)
    assert online.status().reporting.push_interval_days == 10
    live(world, online, 20.5)
    assert sendings(portal) == 2


@pytest.mark.requirement("PI-7")
def test_interval_zero_and_perpetual_alone_send_nothing(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online, tag=2)
    status = online.status().reporting
    assert (status.push_interval_days, status.next_push) == (0, None)
    live(world, online, 40, step=1)
    assert sendings(portal) == 0


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.threat("A23", role="instance")
def test_one_sending_a_day_and_sync_overrides_it(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    interval(online, 1)
    live(world, online, 1.25)
    assert sendings(portal) == 1
    for _ in range(2):
        world.clock.advance(3600)
        online.sync(Scope.ALL)
    assert sendings(portal) == 3
    live(world, online, 10)
    assert sendings(portal) == 13
    told = [item for report in portal.reports for item in report.payload.measurements]
    assert sum(item.end - item.start for item in told) == told[-1].end - told[0].start


def push_soon(agent: Agent) -> None:
    """Have an event ask for a sending now, as one of high availability does."""

    def move(draft: Draft) -> None:
        schedule = after_ha_event(draft.singles.schedule, agent._engine.measuring.lived())
        draft.singles = replace(draft.singles, schedule=schedule)

    agent._engine.change(move)


@pytest.mark.requirement("PI-8/direct")
@pytest.mark.threat("A23", role="instance")
def test_an_event_sends_at_once_and_the_next_one_waits_for_the_day(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    world.clock.advance(60)
    push_soon(online)
    online.tick()
    assert sendings(portal) == 1
    for _ in range(3):
        push_soon(online)
        live(world, online, 0.25)
    assert sendings(portal) == 1
    live(world, online, 0.5)
    assert sendings(portal) == 2
    assert {row.state for row in online.report_rows()} == {"ACK", "OPEN"}


@pytest.mark.requirement("PI-8/direct")
def test_a_moved_wall_clock_does_not_open_the_throttle(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    interval(online, 1)
    live(world, online, 1.25)
    world.clock.step(5 * DAY)
    online.tick()
    assert sendings(portal) == 1


def test_while_the_portal_is_gone_nothing_is_lost_and_it_is_told_once(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    interval(online, 1)
    portal.script += [withhold] * 20
    live(world, online, 5)
    assert names(online).count("SMART_LIC-3-COMM_FAILED") == 1
    portal.script.clear()
    live(world, online, 3)
    assert names(online).count("SMART_LIC-5-COMM_RESTORED") == 1
    states = {row.state for row in online.report_rows()}
    assert states == {"ACK", "OPEN"}


def test_tries_are_backed_off(world: World, portal: Portal, online: Agent) -> None:
    trusted(online)
    interval(online, 1)
    portal.script += [withhold] * 200
    live(world, online, 3, step=1 / 1440)
    tries = sendings(portal)
    assert 12 <= tries <= 40


@pytest.mark.threat("G3", role="instance")
def test_a_full_disk_does_not_make_a_device_ask_every_second(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(online)
    portal.script += [withhold] * 200
    live(world, online, 30.25)
    before = len(portal.seen)
    with monkeypatch.context() as patch:
        FullDisk(patch, online).begin()
        for _ in range(60):
            world.clock.advance(online.tick())
    assert len(portal.seen) - before <= 15


def test_an_unsigned_refusal_changes_no_report_and_is_tried_again(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    world.clock.advance(60)
    portal.script.append(refuse("server-busy"))
    with pytest.raises(Exception, match="server-busy"):
        online.sync(Scope.ALL)
    assert [row.state for row in online.report_rows()] == ["PENDING", "OPEN"]
    live(world, online, 1)
    assert [row.state for row in online.report_rows()] == ["ACK", "OPEN"]


@pytest.mark.parametrize("code", ["too-many-requests", "a-code-of-a-later-release"])
def test_a_portal_that_asks_to_wait_is_left_alone_for_so_long(
    world: World, portal: Portal, online: Agent, code: str
) -> None:
    trusted(online)
    world.clock.advance(60)
    said = WireProblem.of(Problem("too-many-requests", "as the test says", retry_after=7200))
    portal.script.append(
        lambda _, request: replace(
            response(request, Status.FAILED), problem=replace(said, code=code)
        )
    )
    with pytest.raises(Problem, match="as the test says"):
        online.sync(Scope.ALL)
    before = len(portal.seen)
    world.clock.advance(7199)
    online.tick()
    assert len(portal.seen) == before
    world.clock.advance(2)
    online.tick()
    assert len(portal.seen) > before


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"status": "OK"}', b"not json", b'{"status": "OK", "nonce": "x"}']
)
@pytest.mark.threat("E13", role="instance")
def test_an_answer_that_is_none_is_a_failed_sending(
    world: World, portal: Portal, online: Agent, answer: bytes
) -> None:
    trusted(online)
    world.clock.advance(60)
    portal.script.append(say(answer))
    with pytest.raises(Exception, match="bad-answer"):
        online.sync(Scope.ALL)
    assert online.report_rows()[0].state == "PENDING"
    assert "SMART_LIC-3-COMM_FAILED" in names(online)
    before = len(portal.seen)
    portal.script += [say(answer)] * 1000
    live(world, online, 1)
    # It tries again, and ever more seldom: not at each of the 86,400 seconds.
    assert 1 <= len(portal.seen) - before <= 40
    portal.script.clear()
    live(world, online, 1)
    assert online.report_rows()[0].state == "ACK"


@pytest.mark.threat("A16", role="instance")
@pytest.mark.parametrize("ruling", [Ruling.DEFERRED, Ruling.QUARANTINED])
def test_deferred_and_quarantined_reports_wait(
    world: World, portal: Portal, online: Agent, ruling: Ruling
) -> None:
    trusted(online)
    world.clock.advance(60)
    portal.script.append(judge(ruling, "not-yet"))
    online.sync(Scope.ALL)
    row = online.report_rows()[0]
    assert (row.state, row.flag) == ("PENDING", "N")
    assert "not-yet" in str(online.report_detail(row.report_id).verdict)
    assert online.status().reporting.last_ack is None
    before = sendings(portal)
    live(world, online, 2)
    assert sendings(portal) == before
    path = world.root / "kept.xml"
    kept = Selection(kind=SelectionKind.REPORT, number=row.report_id)
    assert online.save_usage(kept, path) == 1


def test_a_rejected_report_is_flagged_and_judged_anew_by_sync(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    world.clock.advance(60)
    portal.script.append(judge(Ruling.REJECTED, "malformed"))
    online.sync(Scope.ALL)
    assert (online.report_rows()[0].state, online.report_rows()[0].flag) == ("PENDING", "E")
    world.clock.advance(60)
    online.sync(Scope.ALL)
    assert {row.state for row in online.report_rows()} == {"ACK", "OPEN"}
    assert {row.flag for row in online.report_rows()} == {"N"}


@pytest.mark.threat("B13", role="instance")
def test_a_policy_whose_time_is_long_over_stays_and_stops_nothing(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = {Group.SUBSCRIPTION: Rule(30, 30, 30)}
    trusted(online)
    online.sync(Scope.ALL)
    before, told = online.status().policy, set(names(online))
    portal.script += [withhold] * 5000
    live(world, online, 400, step=5)
    log = names(online)

    assert online.status().policy == before
    assert "SMART_LIC-4-REPORTING_OVERDUE" in set(log) - told
    with online.use(tag_of(online, SUBSCRIPTION)):
        assert next(row for row in online.usage() if row.tag == tag_of(online, SUBSCRIPTION)).count


@pytest.mark.requirement("PI-3")
@pytest.mark.threat("A22", role="instance")
def test_a_freeze_is_told_before_and_after_the_deadline(
    world: World, portal: Portal, online: Agent
) -> None:
    trusted(online)
    portal.script += [withhold] * 500
    live(world, online, 125, step=1)
    log = names(online)
    assert log.count("SMART_LIC-6-REPORTING_REQUIRED") >= 6
    assert log.count("SMART_LIC-4-REPORTING_OVERDUE") == 35  # each day
    with online.use(tag_of(online)):
        assert online.usage()[0].count == 1
