"""`fsck` of a device: whole stores pass, each kind of damage is found and named."""

import sqlite3
from pathlib import Path

import pytest

from gauger.instance.views import Scope
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal
from tests.instance.test_schedule import trusted
from tests.instance.world import World, go_smart


@pytest.fixture
def data(world: World, portal: Portal) -> Path:
    """The folder of a device that has reported twice."""
    agent = world.open(bundle=world.bundle(), ca=world.root / "tls.pem")
    go_smart(agent, portal.url)
    trusted(agent)
    for _ in range(3):
        world.clock.advance(60)
        agent.sync(Scope.ALL)
    agent.stop()
    return world.root / "device"


def damage(data: Path, statement: str) -> list[str]:
    store = sqlite3.connect(data / "store.sqlite")
    store.execute(statement)
    store.commit()
    store.close()
    return [str(finding) for finding in check_instance(data)]


@pytest.mark.requirement("PI-4")
def test_a_whole_store_is_clean_while_it_is_used_too(world: World, data: Path) -> None:
    assert check_instance(data) == []
    agent = world.open()
    assert check_instance(data) == []
    agent.stop()


@pytest.mark.threat("F18", role="instance")
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM event WHERE sequence = 3", "events: store-damaged"),
        ("UPDATE record SET sealed = x'00' WHERE family = 'document'", "records: store-damaged"),
        ("UPDATE report SET state = 'open'", "report"),
        ("DELETE FROM item WHERE kind = 'report'", "signed bytes are gone"),
        ("DELETE FROM item WHERE kind = 'ack'", "State and ACK do not agree"),
        ("DELETE FROM report WHERE id = (SELECT min(id) FROM report)", "does not follow"),
        ("UPDATE meta SET sealed = x'00'", "store: store-damaged"),
        ("PRAGMA user_version = 0", "store: store-damaged, The store is empty."),
    ],
)
def test_damage_is_found_and_named(data: Path, statement: str, found: str) -> None:
    findings = damage(data, statement)
    assert any(found in finding for finding in findings), findings


def test_an_older_store_is_found_by_its_anchor(world: World, data: Path) -> None:
    old = (data / "store.sqlite").read_bytes()
    world.open().stop()
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    (data / "store.sqlite").write_bytes(old)
    assert [finding.code for finding in check_instance(data)] == ["store-rolled-back"]


def test_what_is_not_there_is_named(tmp_path: Path, data: Path) -> None:
    assert [finding.code for finding in check_instance(tmp_path / "empty")] == ["store-missing"]
    (data / "keys" / "store.key").unlink()
    assert [finding.code for finding in check_instance(data)] == ["key-missing"]
