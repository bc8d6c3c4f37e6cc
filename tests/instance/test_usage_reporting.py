"""The lines of "Usage Reporting", as a device and its portal come to them in days of use.

Each case is one that the printed pages of real product instances show.
"""

import pytest

from gauger.core.policy.rules import Group, Rule
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.views import ReportingView, Scope, Selection, SelectionKind
from tests.instance.portal import Portal, answer_file, poll_later
from tests.instance.world import DAY, World

PERPETUAL, SUBSCRIPTION = 0, 1
SLE = {
    Group.PERPETUAL: Rule(30, 60, 60),
    Group.SUBSCRIPTION: Rule(120, 111, 111),
    Group.ENFORCED: Rule(30, 90, 60),
    Group.EXPORT: Rule(30, 30, 30),
}
HOUR = 3600


def lines(agent: Agent) -> ReportingView:
    """Return what is printed."""
    return agent.status().reporting


def use(world: World, agent: Agent, *kinds: int, count: int = 1) -> int:
    """Use licences of these kinds and return since when."""
    wanted = ("perpetual", "subscription")
    for kind in kinds:
        tag = next(item.tag for item in agent.profile.licences if item.group == wanted[kind])
        agent.set_count(tag, count)
    agent.flush()
    return world.clock.wall


def trust(agent: Agent) -> None:
    agent.establish_trust("token", Scope.LOCAL, force=False)


def acknowledged(world: World, agent: Agent) -> int:
    """Let an hour pass, synchronise, and return when the ACK came."""
    world.clock.advance(HOUR)
    agent.sync(Scope.ALL)
    return world.clock.wall


def required(agent: Agent) -> list[str]:
    """Return in how many days the messages say that an ACK is required."""
    told = [event for event in agent.events() if event.name.endswith("REPORTING_REQUIRED")]
    return [event.text for event in told]


def test_a_device_that_used_nothing_owes_nothing(device: Agent) -> None:
    assert lines(device) == ReportingView(
        last_ack=None,
        next_ack_deadline=None,
        push_interval_days=0,
        next_ack_check=None,
        next_push=None,
        last_push=None,
        last_file_write=None,
    )


@pytest.mark.requirement("PI-7")
@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ((PERPETUAL,), (365, 0)),
        ((SUBSCRIPTION,), (90, 30)),
        ((PERPETUAL, SUBSCRIPTION), (90, 30)),
    ],
)
def test_the_default_policy_counts_from_first_use(
    world: World, device: Agent, kinds: tuple[int, ...], wanted: tuple[int, int]
) -> None:
    first = use(world, device, *kinds)
    world.clock.advance(5 * DAY)
    device.tick()
    deadline, interval = wanted
    assert lines(device).next_ack_deadline == first + deadline * DAY
    assert lines(device).push_interval_days == interval


@pytest.mark.parametrize(("kind", "days"), [(PERPETUAL, 364), (SUBSCRIPTION, 89)])
def test_a_boot_says_how_many_whole_days_are_left(
    world: World, device: Agent, kind: int, days: int
) -> None:
    use(world, device, kind)
    world.clock.advance(600)
    device.stop()
    world.clock.reboot(off=60)
    again = world.open()
    assert f" {days} days" in required(again)[-1]
    again.stop()


@pytest.mark.requirement("PI-7")
def test_right_after_trust_the_first_report_counts_still(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = SLE
    first = use(world, online, PERPETUAL, SUBSCRIPTION)
    world.clock.advance(DAY)
    trust(online)
    assert lines(online).next_ack_deadline == first + 30 * DAY
    assert lines(online).push_interval_days == 30
    assert lines(online).last_ack is None


@pytest.mark.requirement("PI-7")
def test_after_an_ack_the_smallest_frequency_counts(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = SLE
    trust(online)
    use(world, online, PERPETUAL, SUBSCRIPTION)
    acked = acknowledged(world, online)
    shown = lines(online)
    assert (shown.last_ack, shown.last_push) == (acked, acked)
    assert shown.next_ack_deadline == acked + 60 * DAY
    # The interval is the 30 days of a fresh device, since the policy's 60 are longer.
    assert (shown.push_interval_days, shown.next_push) == (30, acked + 30 * DAY)


@pytest.mark.requirement("PI-7")
def test_perpetual_licences_alone_owe_nothing_after_an_ack(world: World, online: Agent) -> None:
    trust(online)
    use(world, online, PERPETUAL)
    acked = acknowledged(world, online)
    shown = lines(online)
    assert (shown.last_ack, shown.next_ack_deadline) == (acked, None)
    assert (shown.push_interval_days, shown.next_push) == (0, None)


@pytest.mark.requirement("PI-7")
@pytest.mark.parametrize("kind", [PERPETUAL, SUBSCRIPTION])
def test_a_change_in_use_starts_a_clock_and_the_earliest_is_the_deadline(
    world: World, online: Agent, kind: int
) -> None:
    trust(online)
    use(world, online, kind)
    acked = acknowledged(world, online)
    world.clock.advance(10 * DAY)
    changed = use(world, online, kind, count=2)
    deadlines = {PERPETUAL: changed + 90 * DAY, SUBSCRIPTION: acked + 90 * DAY}
    assert lines(online).next_ack_deadline == deadlines[kind]
    again = acknowledged(world, online)
    # The ACK tells the change: its clock stops, that of the frequency begins anew.
    assert lines(online).next_ack_deadline == {0: None, 1: again + 90 * DAY}[kind]


@pytest.mark.requirement("PI-7")
@pytest.mark.parametrize("intervals", [(None, 30), (1, 1), (45, 45), (365, 60), (0, 0)])
def test_the_next_push_is_the_last_push_and_the_interval(
    world: World, portal: Portal, online: Agent, intervals: tuple[int | None, int]
) -> None:
    portal.policy = SLE
    configured, days = intervals
    trust(online)
    use(world, online, PERPETUAL)
    if configured is not None:
        online.configure([ConfigChange(key=ConfigKey.USAGE_INTERVAL, value=str(configured))])
    pushed = acknowledged(world, online)
    world.clock.advance(HOUR)
    online.tick()
    shown = lines(online)
    assert (shown.push_interval_days, shown.last_push) == (days, pushed)
    assert shown.next_push == (pushed + days * DAY if days else None)


def test_an_operators_interval_holds_where_the_policy_asks_for_no_reports(
    world: World, online: Agent
) -> None:
    trust(online)
    use(world, online, PERPETUAL)
    online.configure([ConfigChange(key=ConfigKey.USAGE_INTERVAL, value="7")])
    pushed = acknowledged(world, online)
    assert lines(online).next_push == pushed + 7 * DAY


@pytest.mark.parametrize("pause", [300, DAY])
def test_the_next_ack_check_is_the_next_poll(
    world: World, portal: Portal, online: Agent, pause: int
) -> None:
    trust(online)
    use(world, online, SUBSCRIPTION)
    world.clock.advance(HOUR)
    portal.script.append(poll_later(pause))
    online.sync(Scope.ALL)
    sent = world.clock.wall
    assert (lines(online).last_push, lines(online).last_ack) == (sent, None)
    assert lines(online).next_ack_check == sent + pause
    world.clock.advance(pause + 1)
    online.tick()
    assert (lines(online).next_ack_check, lines(online).last_ack) == (None, sent + pause + 1)


def test_a_file_and_its_ack_have_lines_of_their_own(
    world: World, portal: Portal, device: Agent
) -> None:
    use(world, device, PERPETUAL)
    world.clock.advance(HOUR)
    path = world.root / "usage.xml"
    device.save_usage(Selection(kind=SelectionKind.UNREPORTED), path)
    written = world.clock.wall
    assert (lines(device).last_file_write, lines(device).last_push) == (written, None)
    answer = world.root / "ack.xml"
    answer.write_bytes(portal.usage_file(path))
    world.clock.advance(DAY)
    device.import_file(answer)
    assert lines(device).last_ack == written + DAY
    assert lines(device).last_push is None


@pytest.mark.requirement("PI-6/policy")
def test_a_policy_that_leaves_groups_open_is_merged_with_the_default(
    world: World, portal: Portal, online: Agent
) -> None:
    portal.policy = {Group.SUBSCRIPTION: Rule(20, 10, 5)}
    trust(online)
    first = use(world, online, PERPETUAL)
    groups = {item.group: item for item in online.status().policy.groups}
    assert (groups["subscription"].source, groups["subscription"].frequency) == (
        "Customer Policy",
        10,
    )
    assert (groups["perpetual"].source, groups["perpetual"].first_report) == ("CISCO default", 365)
    # What nobody uses asks for nothing.
    assert lines(online).next_ack_deadline == first + 365 * DAY
    use(world, online, SUBSCRIPTION)
    assert lines(online).next_ack_deadline == first + 20 * DAY


def test_a_policy_that_wants_no_acks_has_no_deadline_and_a_new_one_brings_it_back(
    world: World, portal: Portal, online: Agent
) -> None:
    trust(online)
    use(world, online, SUBSCRIPTION)
    acked = acknowledged(world, online)
    path = world.root / "policy.xml"
    for rules, days in ((SLE, 111), ({Group.SUBSCRIPTION: Rule(0, 0, 0)}, None)):
        path.write_bytes(answer_file([portal.policy_document(rules)]))
        online.import_file(path)
        wanted = None if days is None else acked + days * DAY
        assert lines(online).next_ack_deadline == wanted


def test_what_the_trust_line_says_is_when_its_code_came(world: World, online: Agent) -> None:
    assert online.status().trust[0].installed_at is None
    world.clock.advance(HOUR)
    trust(online)
    assert online.status().trust[0].installed_at == world.clock.wall


@pytest.mark.requirement("PI-7")
def test_licences_that_are_no_longer_used_stop_asking(world: World, online: Agent) -> None:
    trust(online)
    use(world, online, SUBSCRIPTION, PERPETUAL)
    acked = acknowledged(world, online)
    world.clock.advance(DAY)
    stopped = use(world, online, SUBSCRIPTION, PERPETUAL, count=0)
    assert lines(online).push_interval_days == 30
    assert lines(online).next_ack_deadline == acked + 90 * DAY < stopped + 90 * DAY
    acknowledged(world, online)
    assert lines(online).next_ack_deadline is None
    assert (lines(online).push_interval_days, lines(online).next_push) == (0, None)


@pytest.mark.requirement("PI-2")
@pytest.mark.requirement("PI-7")
def test_use_that_ended_is_reported_all_the_same(world: World, online: Agent) -> None:
    trust(online)
    first = use(world, online, SUBSCRIPTION)
    world.clock.advance(DAY)
    online.stop()
    world.clock.reboot(off=HOUR)
    again = world.open(ca=world.root / "tls.pem")
    # Closed by the restart; the program uses nothing any more.
    assert [row.state for row in again.report_rows()] == ["CLOSED"]
    assert lines(again).next_ack_deadline == first + 90 * DAY
    for _ in range(31):
        world.clock.advance(DAY)
        again.tick()
    assert [row.state for row in again.report_rows()] == ["ACK"]
    assert (lines(again).next_ack_deadline, lines(again).next_push) == (None, None)
    again.stop()
