"""A device whose store another holds or that became read-only, and one without randomness."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.views import Scope, Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal
from tests.instance.test_measuring import told
from tests.instance.world import ESSENTIALS, World

ALL = Selection(kind=SelectionKind.ALL)


def connection(agent: Agent) -> sqlite3.Connection:
    found = agent._store._connection  # type: ignore[attr-defined]  # the adapter behind the port
    assert isinstance(found, sqlite3.Connection)
    return found


@contextmanager
def locked(world: World, agent: Agent) -> Iterator[None]:
    """Let another process write to the store for the time of the block."""
    connection(agent).execute("PRAGMA busy_timeout = 50")  # thirty seconds otherwise
    with closing(sqlite3.connect(store(world), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def read_only(_: World, agent: Agent) -> Iterator[None]:
    """Let each write fail as on a file system that became read-only."""
    connection(agent).execute("PRAGMA query_only = 1")
    yield
    connection(agent).execute("PRAGMA query_only = 0")


def store(world: World) -> Path:
    return world.root / "device" / "store.sqlite"


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("G8", role="instance")
@pytest.mark.parametrize("hindered", [locked, read_only])
def test_use_goes_on_what_must_be_stored_is_refused_by_name_and_nothing_is_lost(
    world: World, device: Agent, hindered: object
) -> None:
    assert callable(hindered)
    device.set_count(ESSENTIALS, 5)
    device.flush()
    world.clock.advance(600)
    with hindered(world, device):
        device.tick()
        with pytest.raises(Problem, match="store-"):
            device.save_usage(ALL, world.root / "usage.xml")
        assert device.usage()[0].count == 5
        assert "Check the disk" in device.status().notices[1]
        world.clock.advance(600)
    device.tick()
    ((only,),) = told(world, device)
    assert (only.count, only.end - only.start) == (5, 1201)
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("C10", role="instance")
def test_without_randomness_no_key_is_made_and_no_trust_asked_for(
    world: World, portal: Portal, online: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> bytes:
        raise OSError(5, "Input/output error")

    def made() -> list[str]:
        return sorted(path.name for path in (world.root / "device" / "keys").iterdir())

    before = made()
    with monkeypatch.context() as without:
        without.setattr("os.urandom", fail)
        with pytest.raises(Problem, match="entropy-failed"):
            online.establish_trust("token", Scope.LOCAL, force=False)
    assert made() == before
    assert portal.seen == []
    online.establish_trust("token", Scope.LOCAL, force=False)
    assert len(made()) > len(before)
    assert portal.seen
