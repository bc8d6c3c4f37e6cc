"""The device's own disk: what lies there, and that nothing beside it is reached."""

import os
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.surfaces.console import disk
from gauger.surfaces.console.console import Console
from gauger.surfaces.console.session import Session
from gauger.surfaces.shell import Shell, Terminal
from tests.surfaces.console.scripted import ScriptedAgent
from tests.surfaces.shell.talk import OPERATOR, Talk


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "flash"
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_text("of the host")
    return folder


@pytest.fixture
def console(flash: Path) -> Console:
    return Console(ScriptedAgent(), folder=flash.parent.parent, flash=flash)


def at_terminal(flash: Path) -> Talk:
    written: list[bytes] = []
    agent, terminal = ScriptedAgent(), Terminal(rows=0)
    shell = Shell(agent, OPERATOR, terminal, written.append, folder=flash)
    shell.start()
    return Talk(agent=agent, shell=shell, written=written)


@pytest.mark.requirement("PI-10/exec")
def test_dir_lists_what_lies_there(console: Console, flash: Path) -> None:
    (flash / "usage.xml").write_text("x" * 12)
    (flash / "old").mkdir()
    os.utime(flash / "usage.xml", (1_637_119_892, 1_637_119_892))
    first, blank, *rows, last_blank, total = console.execute("dir").split("\n")
    assert (first, blank, last_blank) == ("Directory of flash:/", "", "")
    assert [row.split()[1:3] + row.split()[-1:] for row in rows][1] == ["-rw-", "12", "usage.xml"]
    assert "Nov 17 2021 03:31:32 +00:00  usage.xml" in rows[1]
    assert rows[0].split()[1::7] == ["drwx", "old"]
    assert " bytes total (" in total
    assert console.execute("dir bootflash:old").startswith(
        "Directory of flash:/old\n\nNo files in directory\n"
    )


@pytest.mark.requirement("PI-10/exec")
def test_more_shows_a_file_as_it_is(console: Console, flash: Path) -> None:
    (flash / "usage.xml").write_text("<a>\n<b/>\n")
    assert console.execute("more flash:usage.xml") == "<a>\n<b/>"
    assert console.execute("more /usage.xml | include b") == "<b/>"


def test_what_a_file_holds_moves_no_cursor(console: Console, flash: Path) -> None:
    (flash / "evil\x1b[2J").write_bytes(b"\x1b[2J\xff\n")
    assert "\x1b" not in console.execute("dir")
    (flash / "evil\x1b[2J").rename(flash / "evil")
    assert console.execute("more evil") == "\\x1b[2J\\xff"


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize("command", ["dir", "more", "delete"])
@pytest.mark.parametrize(
    "place", ["../../secret", "flash:../../secret", "flash:/../../secret", "usb0:secret"]
)
def test_nothing_beside_the_disk_is_reached(console: Console, command: str, place: str) -> None:
    with pytest.raises(Problem) as refused:
        console.execute(f"{command} {place}")
    assert refused.value.code in {"forbidden", "not-supported"}


def test_a_link_leads_nowhere(console: Console, flash: Path) -> None:
    (flash / "link").symlink_to(flash.parent.parent / "secret")
    assert len(console.execute("dir").split("\n")) == 5
    with pytest.raises(Problem, match="is no file"):
        console.execute("more link")
    console.execute("delete link")
    assert (flash.parent.parent / "secret").read_text() == "of the host"


@pytest.mark.parametrize("made", [os.mkfifo, os.mkdir])
def test_more_waits_for_no_pipe(console: Console, flash: Path, made: object) -> None:
    assert callable(made)
    made(flash / "odd")
    with pytest.raises(Problem, match="flash:/odd is no file"):
        console.execute("more odd")


def test_more_has_a_bound(console: Console, flash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST_SHOWN", 3)
    (flash / "long").write_text("four")
    with pytest.raises(Problem) as refused:
        console.execute("more long")
    assert refused.value.code == "too-large"


@pytest.mark.parametrize("line", ["dir none", "more none", "delete none"])
def test_what_is_not_there_is_told_by_its_own_name(console: Console, line: str) -> None:
    with pytest.raises(Problem) as refused:
        console.execute(line)
    # No path of the host: an operator in the network has no account of it.
    assert (refused.value.code, refused.value.detail) == (
        "file-not-found",
        "flash:/none is not there.",
    )


def test_a_folder_is_not_deleted(console: Console, flash: Path) -> None:
    (flash / "old").mkdir()
    with pytest.raises(Problem, match="flash:/old cannot be used"):
        console.execute("delete old")


def test_delete_asks_at_a_terminal(flash: Path) -> None:
    (flash / "a.xml").write_text("x")
    session = at_terminal(flash)
    session.type()
    assert session.type("delete a.xml\r").endswith("Delete flash:/a.xml? [confirm]")
    session.type("n")
    assert (flash / "a.xml").exists()
    session.type("delete a.xml\r", "y")
    assert not (flash / "a.xml").exists()


def test_the_disk_is_one_for_all_and_is_made_when_it_is_named(tmp_path: Path) -> None:
    session = Session(views=ScriptedAgent(), folder=tmp_path / "here", flash=tmp_path / "flash")
    assert session.path("a.xml") == tmp_path / "here" / "a.xml"
    assert session.path("BOOTFLASH:/a.xml") == tmp_path / "flash" / "a.xml"
    assert (tmp_path / "flash").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("path", ["usb0:u.xml", "usbflash1:u.xml", "nvram:u.xml", "c:u.xml"])
def test_no_file_is_believed_to_be_on_a_stick(path: str, tmp_path: Path) -> None:
    session = Session(views=ScriptedAgent(), folder=tmp_path)
    if path.startswith("c:"):
        assert session.path(path) == tmp_path / path
        return
    with pytest.raises(Problem, match=r"There is no .* here; the disk is `flash:`"):
        session.path(path)
