"""Hours in which clocks are changed, numbers overflow and calendars end: an hour is an hour in UTC."""

import datetime as dt
import time
from collections.abc import Iterator

import pytest

from gauger.surfaces.console.console import Console
from gauger.tools.fsck_instance import check_instance
from tests.instance.test_measuring import told
from tests.instance.world import ESSENTIALS, World

HALF = 1800
SPRING = int(dt.datetime(2027, 3, 28, 1, tzinfo=dt.UTC).timestamp())
AUTUMN = int(dt.datetime(2027, 10, 31, 1, tzinfo=dt.UTC).timestamp())
LEAP_DAY = int(dt.datetime(2028, 2, 29, tzinfo=dt.UTC).timestamp())
END = int(dt.datetime(9999, 12, 31, 23, tzinfo=dt.UTC).timestamp())


@pytest.fixture
def abroad(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Live where the clocks are changed twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.threat("H5", role="instance")
@pytest.mark.usefixtures("abroad")
@pytest.mark.parametrize("middle", [SPRING, AUTUMN, LEAP_DAY, 2**31, 2**32, END])
def test_it_is_measured_in_full_and_told_in_utc(world: World, middle: int) -> None:
    bundle = world.bundle()
    world.clock.step(middle - HALF - world.clock.wall)
    agent = world.open(bundle=bundle)
    agent.set_count(ESSENTIALS, 2)
    agent.flush()
    world.clock.advance(2 * HALF)
    agent.tick()
    shown = Console(agent).execute("show license eventlog")
    assert Console(agent).execute("show license all")
    measured = [one for report in told(world, agent) for one in report]
    assert measured[0].start == middle - HALF
    assert sum(one.end - one.start for one in measured) == 2 * HALF + 1
    assert {one.count for one in measured} == {2}
    at = dt.datetime.fromtimestamp(middle - HALF, dt.UTC)
    assert f"{at:%Y-%m-%d %H:%M:%S}" in shown
    agent.stop()
    assert check_instance(world.root / "device") == []
