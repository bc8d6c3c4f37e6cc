"""`gauger instance exec … show …` without an agent: it only looks."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.storage.writer_lock import WriterLock
from gauger.cli import instance_place
from gauger.cli.instance_place import Place, execute
from gauger.core.identity import Udi
from gauger.core.problems import Problem
from gauger.instance.main import Options, last_known, open_agent
from gauger.instance.views import Selection, SelectionKind
from gauger.surfaces.agent_socket import AgentServer
from gauger.surfaces.console.commands import COMMANDS, files
from gauger.surfaces.console.console import only_shows, show
from gauger.surfaces.console.grammar import Mode
from gauger.tools.fsck_instance import check_instance
from tests.instance.world import ESSENTIALS, START, World

ALL = Selection(kind=SelectionKind.ALL)
LOOKS = [item for item in COMMANDS if item.only_shows and not item.needs_shell]
# Files are no part of the store.
SHOWS = [item.syntax for item in LOOKS if item not in files.COMMANDS]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def place(world: World) -> Place:
    """Return where a device lies that was used, and whose agent has ended in order."""
    agent = open_agent(
        Options(
            data=world.root / "device",
            clock_file=world.clock.path,
            bundle=world.bundle(),
            keeps_counts=True,
        )
    )
    agent.set_count(ESSENTIALS, 5)
    agent.flush()
    world.clock.advance(900)
    agent.save_usage(ALL, world.root / "usage.xml")
    world.clock.advance(100)
    agent.stop()
    return Place(data=world.root / "device", clock=world.clock.path)


def lines() -> Iterator[str]:
    """Return every command that shows, its arguments filled in."""
    for syntax in SHOWS:
        filled = syntax.replace("<report>", str(START)).replace("<days>", "7")
        filled = filled.replace("<feature>", ESSENTIALS)
        yield re.sub(r"[\[{]\w+:(\w+)[^\]}]*[\]}]", r"\1", filled)


def contents(folder: Path, *but: str) -> dict[str, str]:
    """Return what each file of a folder holds, so that any change is seen."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def refusal(place: Place, line: str) -> Problem:
    with pytest.raises(Problem) as refused:
        execute(place, line)
    return refused.value


def test_every_show_command_only_shows_and_no_other_does() -> None:
    first = [item for item in COMMANDS if item.syntax.split()[0] == "show" and not item.needs_shell]
    # The one that shows by another word is as old as the devices: it is `show running-config`.
    shown = [*first, *(item for item in COMMANDS if item.syntax == "write terminal")]
    assert len(shown) == len(SHOWS) >= 10
    assert all(item.mode is Mode.EXEC for item in shown)
    assert only_shows("sh lic st | include Type")
    assert not only_shows("license smart sync all")


@pytest.mark.requirement("PI-10/exec")
def test_to_look_changes_no_byte_of_the_store(place: Place) -> None:
    before = contents(place.data)
    for line in lines():
        assert execute(place, line), line
        assert contents(place.data) == before, line


def test_to_look_at_what_a_killed_agent_left_changes_no_row(place: Place, world: World) -> None:
    agent = open_agent(Options(data=place.data, clock_file=place.clock, keeps_counts=True))
    agent.set_count(ESSENTIALS, 9)
    agent.flush()
    killed = Place(data=world.root / "killed", clock=place.clock)
    shutil.copytree(place.data, killed.data)
    agent.stop()
    assert (killed.data / "store.sqlite-wal").stat().st_size
    before = contents(killed.data, "store.sqlite-shm")
    for line in lines():
        execute(killed, line)
        assert contents(killed.data, "store.sqlite-shm") == before, line
    assert "9 IN USE" in execute(killed, "show license summary"), "the newest rows are read"


@pytest.mark.requirement("PI-10/exec")
def test_what_was_last_known_is_shown_as_the_agent_would(place: Place) -> None:
    with last_known(Options(data=place.data, clock_file=place.clock)) as known:
        looked = [show(known, line) for line in lines()]
        rows = known.report_rows()
        assert known.configuration().transport.value == "cslu"
        assert known.now() == START + 1000
    assert "5 IN USE" in "\n".join(looked)
    assert [row.state for row in rows] == ["UNACK", "OPEN"]
    agent = open_agent(Options(data=place.data, clock_file=place.clock, keeps_counts=True))
    assert agent.report_rows()[0] == rows[0]
    assert agent.usage()[0].count == 5
    agent.stop()


def test_the_status_says_that_nothing_runs_and_since_when(place: Place, world: World) -> None:
    world.clock.advance(5000)
    status = execute(place, "show license status")
    assert "No agent runs on this store" in status
    assert "known at 2027-01-15 08:15:00 UTC" in status
    agent = open_agent(Options(data=place.data, clock_file=place.clock))
    assert not any("No agent runs" in notice for notice in agent.status().notices)
    agent.stop()


def test_to_look_closes_no_report(place: Place) -> None:
    for _ in range(3):
        execute(place, "show license rum id all")
    agent = open_agent(Options(data=place.data, clock_file=place.clock))
    # One that was saved, one that this very opening closed: none by those who looked.
    assert agent.reports_summary().total == 2
    agent.stop()


def test_what_changes_something_is_carried_out_without_an_agent(place: Place) -> None:
    file = place.data.parent / "again.xml"
    assert execute(place, f"license smart save usage all file {file}") == ""
    assert b"RUMReport" in file.read_bytes()
    with pytest.raises(Problem, match="only looked at"), last_known(_options(place)) as known:
        show(known, f"license smart save usage all file {file}")


def _options(place: Place) -> Options:
    return Options(data=place.data, clock_file=place.clock)


def test_a_wrong_line_is_refused_before_anything_is_opened(place: Place, tmp_path: Path) -> None:
    before = contents(place.data)
    assert refusal(place, "reloaded").code == "invalid-command"
    assert refusal(place, "show license status | includes").code == "invalid-command"
    assert contents(place.data) == before
    assert refusal(Place(data=tmp_path / "typo"), "show license udi").code == "store-missing"
    assert not (tmp_path / "typo").exists()


def test_several_may_look_at_once_and_a_writer_keeps_them_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_place, "_PATIENCE_SECONDS", 0.0)
    with last_known(_options(place)) as one, last_known(_options(place)) as other:
        assert one.udi == other.udi
        with pytest.raises(Problem, match="store-locked"):
            open_agent(_options(place))
    with WriterLock(place.data / "lock"):
        assert refusal(place, "show license udi").code == "store-locked"


def test_a_running_agent_is_asked_instead(place: Place) -> None:
    with open_agent(_options(place)) as agent, AgentServer(place.data, agent):
        agent.set_count(ESSENTIALS, 7)
        assert "7 IN USE" in execute(place, "show license summary")


def test_a_store_that_is_not_whole_is_named_and_not_mended(place: Place) -> None:
    (place.data / "store.sqlite").write_bytes(b"x" * 8192)
    before = contents(place.data)
    assert refusal(place, "show license status").code == "store-damaged"
    (place.data / "store.sqlite").write_bytes(b"")
    assert refusal(place, "show license status").code == "store-damaged"
    (place.data / "store.sqlite").write_bytes(b"x" * 8192)
    assert contents(place.data) == before


@pytest.mark.threat("A19", role="instance")
def test_a_store_copied_back_is_named_and_not_replaced(place: Place) -> None:
    old = (place.data / "store.sqlite").read_bytes()
    agent = open_agent(_options(place))
    agent.save_usage(ALL, place.data.parent / "more.xml")
    agent.stop()
    (place.data / "store.sqlite").write_bytes(old)
    assert refusal(place, "show license status").code == "store-rolled-back"
    assert not (place.data / "aside").exists()
    assert {finding.code for finding in check_instance(place.data)} == {"store-rolled-back"}


@pytest.mark.parametrize(
    ("file", "code"),
    [("store.sqlite", "store-missing"), ("keys/store.key", "key-missing")],
)
def test_what_is_gone_is_named_and_not_made(place: Place, file: str, code: str) -> None:
    (place.data / file).unlink()
    assert refusal(place, "show license status").code == code
    assert not (place.data / file).exists()


def test_a_folder_without_its_lock_file_can_be_looked_at(place: Place) -> None:
    (place.data / "lock").unlink()
    assert "GGR0001" in execute(place, "show license udi")
    assert not (place.data / "lock").exists()


def test_a_lock_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="store-failed"):
        WriterLock(tmp_path / "file" / "lock").share()


def test_enforced_licences_and_access_points_are_shown_as_last_counted(world: World) -> None:
    agent = world.device()
    agent.join_access_point(world_ap())
    agent.flush()
    agent.stop()
    with last_known(world.options()) as known:
        assert {view.count for view in known.usage()} == {1}
        assert known.purchases() == ()
        assert [view.installed_at for view in known.authorizations()] == [None]
        assert known.report_detail(known.report_rows()[0].report_id).state == "OPEN"


def world_ap() -> Udi:
    return Udi("C9130AXI-B", "FOC00000001")
