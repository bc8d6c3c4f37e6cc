"""What is measured, and that neither clocks nor crashes invent or lose usage."""

from dataclasses import replace
from threading import Event, Thread

import pytest

from gauger import NotAuthorized, Problem
from gauger.core.documents.rum_payload import Measurement
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import ItemKind, read_items
from gauger.core.identity import Udi
from gauger.instance.agent import Agent
from gauger.instance.main import open_agent
from gauger.instance.meter import MAXIMUM_COUNT
from gauger.instance.views import Selection, SelectionKind
from tests.instance.world import DAY, ESSENTIALS, World, names, tag_of


def told(world: World, agent: Agent) -> list[list[Measurement]]:
    """Save everything and return the measurements of each report."""
    path = world.root / "all.xml"
    agent.save_usage(Selection(kind=SelectionKind.ALL), path)
    return [
        list(read_report(item.text).payload.measurements)
        for item in read_items([path.read_bytes()])
        if item.kind is ItemKind.RUM_REPORT
    ]


def counts(measurements: list[Measurement]) -> list[tuple[int, int]]:
    return [(item.count, item.end - item.start) for item in measurements]


@pytest.mark.requirement("PI-2")
def test_use_is_recorded_with_times_from_first_use(world: World, device: Agent) -> None:
    begun = world.clock.wall
    with device.use(ESSENTIALS, 2):
        device.flush()
        world.clock.advance(100)
    device.flush()
    world.clock.advance(50)
    ((first, rest),) = told(world, device)
    assert (first.start, first.end, first.count) == (begun, begun + 101, 2)
    assert (rest.count, rest.end) == (0, begun + 151)
    assert device.usage()[0].first_use == begun


@pytest.mark.requirement("PI-2")
def test_one_report_for_each_tag_and_a_measurement_for_each_day(
    world: World, device: Agent
) -> None:
    device.set_count(tag_of(device, 2), 1)
    device.set_count(tag_of(device, 3), 5)
    device.flush()
    for _ in range(12):
        world.clock.advance(DAY / 4)
        device.tick()
    reports = told(world, device)
    assert len(reports) == 2
    assert all(sum(length for _, length in counts(report)) == 3 * DAY + 1 for report in reports)
    assert [len(report) for report in reports] == [4, 4]


def test_the_shortest_use_leaves_a_trace(world: World, device: Agent) -> None:
    for _ in range(1000):
        with device.use(ESSENTIALS), device.use(ESSENTIALS, 2):
            pass
    device.flush()
    world.clock.advance(10)
    (report,) = told(world, device)
    assert counts(report)[0] == (3, 1)


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G1", role="instance")
def test_a_crash_invents_nothing(world: World, device: Agent) -> None:
    device.set_count(ESSENTIALS, 4)
    device.flush()
    world.clock.advance(1000)
    device.tick()
    world.clock.advance(600)
    device._release()  # as the kernel does when the process is killed
    world.clock.reboot(off=5000)
    again = world.open()
    (report,) = told(world, again)
    assert counts(report) == [(4, 1001)]
    assert report[0].close_reason == "ProductReload"
    again.stop()


@pytest.mark.requirement("PI-4")
def test_a_clean_stop_measures_up_to_the_stop(world: World, device: Agent) -> None:
    device.set_count(ESSENTIALS, 4)
    device.flush()
    world.clock.advance(500)
    assert device.stop() is None
    stopped = world.clock.wall
    world.clock.reboot(off=5000)
    again = world.open()
    ((measurement,),) = told(world, again)
    again.stop()
    assert (measurement.count, measurement.end) == (4, stopped + 1)
    assert measurement.end - measurement.start == 501


def test_use_within_the_second_of_the_stop_is_told(world: World, device: Agent) -> None:
    with device.use(ESSENTIALS, 3):
        pass
    device.stop()
    world.clock.advance(10)
    again = world.open()
    assert [counts(report) for report in told(world, again)] == [[(3, 1)]]
    again.stop()


def test_the_stop_stores_before_it_waits_for_the_network(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    talking, answered = Event(), Event()

    def talk() -> None:
        talking.set()
        answered.wait(30)

    monkeypatch.setattr(device._engine, "communicate", talk)
    stored = Event()
    monkeypatch.setattr(device._engine.measuring, "settle", lambda _: stored.set())
    device.start()
    assert talking.wait(30)
    stored.clear()
    stopping = Thread(target=device.stop)
    stopping.start()
    assert stored.wait(30)
    assert stopping.is_alive()
    answered.set()
    stopping.join(30)
    assert not stopping.is_alive()


def test_a_stop_that_cannot_store_says_so(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.set_count(ESSENTIALS, 4)
    device.flush()
    world.clock.advance(500)

    def refuse(_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    monkeypatch.setattr(device._store, "commit", refuse)
    trouble = device.stop()
    assert trouble is not None
    assert trouble.code == "store-full"


@pytest.mark.parametrize("count", [1.5, float("nan"), "3"])
def test_a_count_that_is_no_integer_never_reaches_the_store(
    world: World, device: Agent, count: int
) -> None:
    for count_with in (device.set_count, device.use):
        with pytest.raises(Problem, match="invalid-argument"):
            count_with(ESSENTIALS, count)
    device.set_count(ESSENTIALS, True)  # noqa: FBT003 -- what a program may well pass
    device.stop()
    assert "SMART_LIC-3-STORE_REPLACED" not in names(world.open())


def test_counts_of_a_sidecar_outlive_it_and_those_of_a_library_do_not(world: World) -> None:
    world.device().stop()
    for keeps, level in ((False, 0), (True, 0), (True, 7)):
        agent = open_agent(replace(world.options(), keeps_counts=keeps))
        assert sum(view.count for view in agent.usage()) == level
        agent.set_count(ESSENTIALS, 7)
        agent.flush()
        agent.stop()


@pytest.mark.parametrize("seconds", [-10 * 365 * DAY, -3600, -1, 1, 3600, 10 * 365 * DAY])
@pytest.mark.threat("H3", role="instance")
def test_a_moved_clock_neither_adds_nor_takes_usage(
    world: World, device: Agent, seconds: int
) -> None:
    device.set_count(ESSENTIALS, 1)
    device.flush()
    world.clock.advance(1000)
    device.tick()
    world.clock.step(seconds)
    device.tick()
    world.clock.advance(500)
    device.tick()
    measured = [item for report in told(world, device) for item in report]
    assert 1500 <= sum(item.end - item.start for item in measured) <= 1502
    assert ("SMART_LIC-5-SYSTEM_CLOCK_CHANGED" in names(device)) == (abs(seconds) > 2)


@pytest.mark.requirement("PI-4")
@pytest.mark.parametrize("seconds", [-86_400, 7200])
def test_a_report_says_by_how_much_the_clock_was_moved(
    world: World, device: Agent, seconds: int
) -> None:
    device.set_count(ESSENTIALS, 1)
    device.flush()
    for _ in range(2):
        world.clock.advance(600)
        world.clock.step(seconds)
        device.tick()
    world.clock.advance(60)
    changes = [item.clock_change for report in told(world, device) for item in report]
    assert list(filter(None, changes)) == [seconds, seconds]


def test_access_points_are_counted_and_named(world: World, device: Agent) -> None:
    points = [Udi("AIR-AP2802I-E-K9", f"FDW{number:04d}") for number in range(3)]
    for point in points:
        device.join_access_point(point)
    device.join_access_point(points[0])
    device.flush()
    world.clock.advance(60)
    device.leave_access_point(points[1])
    device.leave_access_point(Udi("AIR-AP2802I-E-K9", "NEVER"))
    device.flush()
    world.clock.advance(60)
    first, second = told(world, device)
    assert [count for count, _ in counts(first)] == [3, 2]
    assert set(first[0].added or ()) == set(points)
    assert first[1].removed == (points[1],)
    assert counts(first) == counts(second)


def test_a_product_that_counts_no_access_points_says_so(world: World) -> None:
    agent = world.device(profile="example-router")
    for act in (agent.join_access_point, agent.leave_access_point):
        with pytest.raises(Problem, match="not-supported: example-router counts no licence"):
            act(Udi("AIR-AP2802I-E-K9", "FDW0001"))
    agent.stop()


def test_a_closed_report_is_shown_to_end_with_its_last_second(world: World, device: Agent) -> None:
    device.set_count(ESSENTIALS, 1)
    device.flush()
    begun = world.clock.wall
    world.clock.advance(100)
    told(world, device)
    shown = device.report_detail(device.report_rows()[0].report_id)
    assert (shown.start, shown.end) == (begun, begun + 100)


@pytest.mark.requirement("PI-5")
def test_enforced_licences_are_refused_by_name(world: World) -> None:
    agent = world.device(profile="example-router")
    for feature in ("ring-redundancy", "hseck9"):
        with pytest.raises(NotAuthorized, match="no authorization code"):
            agent.use(feature)
        with pytest.raises(NotAuthorized):
            agent.set_count(feature, 1)
        agent.set_count(feature, 0)
    with agent.use("routing-base"):
        agent.flush()
    agent.stop()


@pytest.mark.parametrize("count", [0, -1, MAXIMUM_COUNT + 1])
def test_a_count_that_is_none_is_refused(device: Agent, count: int) -> None:
    with pytest.raises(Problem, match="invalid-argument"):
        device.use(ESSENTIALS, count)


def test_an_unknown_licence_is_refused(device: Agent) -> None:
    with pytest.raises(Problem, match="unknown-entitlement"):
        device.set_count("no-such-licence", 1)


def test_a_report_that_grows_large_is_closed(world: World, device: Agent) -> None:
    for number in range(230):
        device.set_count(ESSENTIALS, number % 2 + 1)
        device.flush()
        world.clock.advance(10)
    rows = device.report_rows()
    assert [row.state for row in rows] == ["CLOSED", "OPEN"]
    assert device.report_detail(rows[0].report_id).reason == "SIZE"


@pytest.mark.threat("H1", role="instance")
def test_a_clock_that_was_never_set_measures_seconds_of_the_boot(world: World) -> None:
    bundle = world.bundle()
    world.clock.step(1000 - world.clock.wall)
    agent = world.open(bundle=bundle)
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    world.clock.advance(100)
    (report,) = told(world, agent)
    assert report[0].relative
    assert report[0].end - report[0].start == 101
    agent.stop()
