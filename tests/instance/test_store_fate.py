"""What becomes of a device whose store, key or disk fails: use goes on, and it is said."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Selection, SelectionKind
from tests.instance.portal import Portal
from tests.instance.test_measuring import told
from tests.instance.test_offline import carried, off
from tests.instance.world import ESSENTIALS, World, go_smart, names

ALL = Selection(kind=SelectionKind.ALL)


def data(world: World) -> Path:
    return world.root / "device"


def incarnation(agent: Agent) -> str:
    return agent._store.incarnation


def used(world: World, agent: Agent) -> None:
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    world.clock.advance(60)
    agent.save_usage(ALL, world.root / "usage.xml")


def require_use_goes_on(agent: Agent) -> None:
    with agent.use(ESSENTIALS, 3):
        assert agent.usage()[0].count >= 3


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("A19", role="instance")
def test_a_store_copied_back_is_found_out_and_a_new_incarnation_begins(world: World) -> None:
    agent = world.device()
    used(world, agent)
    agent.stop()
    shutil.copy(data(world) / "store.sqlite", world.root / "old.sqlite")
    agent = world.open()
    first = incarnation(agent)
    used(world, agent)
    agent.stop()
    shutil.copy(world.root / "old.sqlite", data(world) / "store.sqlite")
    agent = world.open()
    assert incarnation(agent) != first
    assert "SMART_LIC-3-STORE_REPLACED" in names(agent)
    assert any("A new store was begun" in notice for notice in agent.status().notices)
    require_use_goes_on(agent)
    agent.stop()
    assert list((data(world) / "aside").glob("*/store.sqlite"))
    again = world.open()
    assert incarnation(again) == incarnation(agent)
    again.stop()


def test_settings_and_trust_are_taken_over_by_a_new_incarnation(
    world: World, portal: Portal
) -> None:
    agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
    off(agent)
    agent.import_file(carried(world, portal, agent))
    go_smart(agent, portal.url)
    agent.stop()
    anchor = data(world) / "keys" / "anchor"
    anchor.unlink()
    agent = world.open()
    assert agent.configuration().url_smart == portal.url
    assert agent.status().trust[0].origin == "cssm"
    used(world, agent)
    agent.stop()


@pytest.mark.threat("B24", role="instance")
def test_marks_outlive_the_store(world: World, portal: Portal) -> None:
    agent = world.device()
    off(agent)
    agent.import_file(carried(world, portal, agent))
    marks = dict(agent._engine.memory.marks)
    agent.stop()
    (data(world) / "store.sqlite").unlink()
    agent = world.open()
    assert marks
    assert dict(agent._engine.memory.marks) == marks
    agent.stop()


def test_a_lost_key_sets_the_store_aside(world: World) -> None:
    agent = world.device()
    used(world, agent)
    agent.stop()
    (data(world) / "keys" / "store.key").unlink()
    agent = world.open()
    assert agent.report_rows() == ()
    assert "SMART_LIC-3-STORE_REPLACED" in names(agent)
    require_use_goes_on(agent)
    agent.stop()


@pytest.mark.requirement("PI-5")
def test_without_its_sudi_key_a_device_measures_and_signs_nothing(world: World) -> None:
    world.device().stop()
    sudi = data(world) / "keys" / "sudi.key.pem"
    away = world.root / "away.pem"
    sudi.rename(away)
    agent = world.open()
    agent.set_count(ESSENTIALS, 2)
    agent.flush()
    world.clock.advance(60)
    with pytest.raises(Problem, match="key-missing"):
        agent.save_usage(ALL, world.root / "usage.xml")
    require_use_goes_on(agent)
    agent.stop()
    away.rename(sudi)
    agent = world.open()
    assert agent.save_usage(ALL, world.root / "usage.xml") >= 1
    agent.stop()


@pytest.mark.threat("C9", role="instance")
@pytest.mark.parametrize("name", ["store.key", "sudi.key.pem", "."])
def test_a_key_that_others_may_read_is_refused(world: World, name: str) -> None:
    world.device().stop()
    (data(world) / "keys" / name).chmod(0o755)
    with pytest.raises(Problem, match="key-exposed"):
        world.open()


@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("table", ["record", "meta", "event", "report", "item"])
def test_a_damaged_record_is_never_believed(world: World, table: str) -> None:
    agent = world.device()
    used(world, agent)
    agent.stop()
    store = sqlite3.connect(data(world) / "store.sqlite")
    store.execute(f"UPDATE {table} SET sealed = zeroblob(length(sealed))")  # noqa: S608 -- own names
    store.commit()
    store.close()
    agent = world.open()
    require_use_goes_on(agent)
    if table in {"record", "meta", "event"}:
        assert "SMART_LIC-3-STORE_REPLACED" in names(agent)
    elif table == "report":
        (row, *_) = agent.report_rows()
        assert (row.state, row.feature) == ("DAMAGED", "-")
        with pytest.raises(Problem, match="store-damaged"):
            agent.report_detail(row.report_id)
    agent.stop()


def test_a_file_that_is_no_store_is_set_aside(world: World) -> None:
    world.device().stop()
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (data(world) / name).unlink(missing_ok=True)
    (data(world) / "store.sqlite").write_bytes(b"x" * 8192)
    agent = world.open()
    require_use_goes_on(agent)
    agent.stop()


def test_a_newer_store_is_refused_by_name_and_left_alone(world: World) -> None:
    world.device().stop()
    store = sqlite3.connect(data(world) / "store.sqlite")
    store.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(Problem, match="store-newer"):
        world.open()
    assert not (data(world) / "aside").exists()


@pytest.mark.usefixtures("device")
def test_two_writers_never_meet(world: World) -> None:
    with pytest.raises(Problem, match="store-locked"):
        world.open()


def test_a_folder_without_a_device_asks_for_its_bundle(world: World) -> None:
    with pytest.raises(Problem, match="store-missing"):
        world.open("empty")


def test_the_bundle_of_another_device_is_refused(world: World) -> None:
    world.device().stop()
    with pytest.raises(Problem, match="store-exists"):
        world.open(bundle=world.bundle("other", serial="GGR0002"))
    world.open(bundle=world.root / "bundle").stop()


class FullDisk:
    """Makes every commit of a store fail as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, agent: Agent) -> None:
        self._store = agent._store
        self._monkeypatch = monkeypatch

    def begin(self) -> None:
        def refuse(_: object) -> None:
            raise Problem("store-full", "The disk is full.")

        self._monkeypatch.setattr(self._store, "commit", refuse)

    def end(self) -> None:
        self._monkeypatch.undo()


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("G3", role="instance")
def test_a_full_disk_delays_writing_and_nothing_else(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, device)
    disk.begin()
    device.set_count(ESSENTIALS, 5)
    for _ in range(10):
        device.tick()
        world.clock.advance(600)
    with pytest.raises(Problem, match="store-full"):
        device.flush()
    assert any("disk is full" in notice for notice in device.status().notices)
    assert device.usage()[0].count == 5
    with pytest.raises(Problem, match="store-full"):
        device.save_usage(ALL, world.root / "usage.xml")
    disk.end()
    device.tick()
    assert device.status().notices == (device.status().notices[0],)
    ((only,),) = told(world, device)
    assert (only.count, only.end - only.start) == (5, 6001)
    shown = device.report_detail(device.report_rows()[0].report_id)
    assert (shown.start, shown.end) == (only.start, world.clock.wall), "the last second is shown"


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("G3", role="instance")
def test_reports_that_close_while_the_disk_is_full_all_leave_later(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.set_count(ESSENTIALS, 5)
    device.flush()
    disk = FullDisk(monkeypatch, device)
    disk.begin()
    for _ in range(3):
        world.clock.advance(600)
        world.clock.step(-10_000)  # so far back that the open report is closed by it
        device.tick()
    disk.end()
    world.clock.advance(600)
    device.flush()
    rows = device.report_rows()
    assert [row.state for row in rows] == ["CLOSED", "CLOSED", "CLOSED", "OPEN"]
    ids = [row.report_id for row in rows]
    assert [device.report_detail(number).next_id for number in ids] == [*ids[1:3], 0, 0]
    assert device.save_usage(ALL, world.root / "usage.xml") == len(ids)
