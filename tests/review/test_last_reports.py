"""What a portal lost when it was set back comes back, also where no later report names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from tests.instance.world import ESSENTIALS, World
from tests.review.two_sides import ALL, Office, reopened

LOST = 2
DNA = "air-dna-essentials"


def _round(office: Office, tag: str = ESSENTIALS, hours: int = 1) -> None:
    """Let a device use a licence for a while and no more, and carry its file there and back."""
    agent, clock = office.agent, office.world.clock
    agent.set_count(tag, 1)
    agent.flush()
    clock.advance(3_600 * hours)
    agent.set_count(tag, 0)
    agent.flush()
    office.round_trip(agent)


def _copy(office: Office, name: str) -> Path:
    target = office.world.root / name
    backup(office.world.root / "ledger.db", target)
    return target


@contextmanager
def _set_back(office: Office, copy: Path) -> Iterator[Office]:
    """Run the portal from a backup."""
    office.authority.stop()
    for path in office.world.root.glob("ledger.db*"):
        path.unlink()
    restore(copy, office.world.root / "ledger.db")
    with reopened(office) as again:
        yield again


def _about(seconds: int) -> object:
    """Allow for the seconds in which a count changes: each counts the higher one, wherever it ends."""
    return pytest.approx(seconds, abs=20)


def _told(agent: Agent, name: str) -> list[str]:
    return [event.text for event in agent.events() if event.name == f"SMART_LIC-{name}"]


def _used_and_set_back(office: Office) -> tuple[Path, tuple[int, int]]:
    """Acknowledge reports before and after a backup; return it, and what is counted by then."""
    office.begin()
    _round(office)
    copy = _copy(office, "copy.db")
    for hours in range(LOST):
        _round(office, hours=hours + 1)
    return copy, office.totals()


@pytest.mark.threat("G10", role="cssm")
@pytest.mark.threat("G10", role="instance")
def test_the_last_reports_of_an_unused_licence_come_back(office: Office) -> None:
    copy, (reports, seconds) = _used_and_set_back(office)
    with _set_back(office, copy) as again:
        assert again.totals()[0] < reports
        _round(again, DNA)  # any answer tells; nothing of the licence before is in it
        assert _told(again.agent, "4-LEDGER_SET_BACK")
        answered = again.round_trip(again.agent)
        assert answered.acknowledged == ()
        found, counted = again.totals()
        assert found >= reports + 1
        assert counted == _about(seconds + 3_600)
        # What came back stands in pages of the new epoch: it is asked for no more.
        with pytest.raises(Problem, match="no report to save"):
            again.round_trip(again.agent)


@pytest.mark.threat("G10", role="instance")
def test_a_portal_may_be_set_back_again_and_again(office: Office) -> None:
    copy, (_, seconds) = _used_and_set_back(office)
    for number in range(1, 4):
        with _set_back(office, copy) as again:
            _round(again, DNA)
            again.round_trip(again.agent)
            _, counted = again.totals()
            assert counted == _about(seconds + 3_600 * number)
            office = again


@pytest.mark.threat("G10", role="instance")
def test_what_was_acknowledged_between_two_restores_comes_back(office: Office) -> None:
    oldest, _ = _used_and_set_back(office)
    newer = _copy(office, "newer.db")
    _round(office)
    with _set_back(office, newer) as second:
        _round(second)
        second.round_trip(second.agent)
        _, seconds = second.totals()
        # This backup knows of neither epoch, so its next one has the number of the second.
        with _set_back(second, oldest) as third:
            _round(third, DNA)
            _round(third, DNA)
            _, counted = third.totals()
            assert counted == _about(seconds + 2 * 3_600)


@pytest.mark.threat("G10", role="instance")
def test_an_old_answer_brought_again_changes_nothing(world: World, office: Office) -> None:
    copy, _ = _used_and_set_back(office)
    old = (world.root / "answer.xml").read_bytes()
    with _set_back(office, copy) as again:
        _round(again, DNA)
        again.round_trip(again.agent)
        before = again.agent.status()
        (world.root / "old.xml").write_bytes(old)
        again.agent.import_file(world.root / "old.xml")
        assert again.agent.status() == before
        with pytest.raises(Problem, match="no report to save"):
            again.round_trip(again.agent)


@pytest.mark.threat("G10", role="instance")
def test_an_ack_of_given_up_pages_that_comes_late_settles_nothing(
    world: World, office: Office
) -> None:
    office.begin()
    _round(office)
    copy = _copy(office, "copy.db")
    agent, clock = office.agent, world.clock
    agent.set_count(ESSENTIALS, 1)
    agent.flush()
    clock.advance(3_600)
    agent.set_count(ESSENTIALS, 0)
    agent.flush()
    late = office.answer(agent).rename(world.root / "late.xml")
    _, seconds = office.totals()
    with _set_back(office, copy) as again:
        again.agent.set_count(DNA, 1)
        again.agent.flush()
        clock.advance(3_600)
        again.agent.set_count(DNA, 0)
        again.agent.flush()
        saved = world.root / "usage.xml"
        assert again.agent.save_usage(ALL, saved) > 0
        again.agent.import_file(late)
        _round(again, DNA)
        again.round_trip(again.agent)
        assert again.totals()[1] >= seconds + 2 * 3_600


@pytest.mark.threat("G10", role="cssm")
def test_a_ledger_copied_back_by_hand_gets_everything_again(world: World, office: Office) -> None:
    office.begin()
    _round(office)
    office.authority.stop()
    files = {path: path.read_bytes() for path in world.root.glob("ledger.db*")}
    with reopened(office) as running:
        for _ in range(LOST):
            _round(running)
        _, seconds = running.totals()
    for path in world.root.glob("ledger.db*"):
        path.unlink()
    for path, content in files.items():
        path.write_bytes(content)
    with reopened(office) as again:
        _round(again, DNA)
        again.round_trip(again.agent)
        assert again.totals()[1] == _about(seconds + 3_600)
        with pytest.raises(Problem, match="no report to save"):
            again.round_trip(again.agent)
