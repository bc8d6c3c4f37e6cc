"""`gauger fsck` on whole folders: leftovers, ledgers of older releases, backups that are refused."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger import connection
from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.core.problems import Problem
from gauger.cssm.main import NewPortal, initialise
from gauger.tools.fsck import examine
from gauger.tools.fsck_ledger import examine_ledger
from tests.instance.world import World
from tests.support.builders import a_portal


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a backup of a ledger that is hardly filled."""
    with a_portal(tmp_path) as portal:
        backup(portal.path, tmp_path / "copy.db")
    return tmp_path / "copy.db"


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)


def test_what_was_not_finished_is_told_and_is_no_fault(copy: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "uploads").mkdir(parents=True)
    (data / "aside" / "abcd").mkdir(parents=True)
    shutil.copy(copy, data / "cssm.sqlite")
    (data / ".cssm.sqlite.part").touch()
    (data / "uploads" / "77.part").touch()
    (examination,) = examine(data)
    assert examination.is_whole
    text = examination.to_text()
    for words in (".cssm.sqlite.part was not", "77.part was not", "abcd is an earlier store"):
        assert words in text


@pytest.mark.threat("G9", role="cssm")
def test_a_ledger_of_an_older_schema_is_examined_as_the_next_start_makes_it(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(connection.__file__).parent / "migrations", tmp_path / "scripts")
    newest = connection.SCHEMA_VERSION + 1
    script = tmp_path / "scripts" / f"{newest:04}.sql"
    script.write_text("ALTER TABLE marks ADD COLUMN noted_at INTEGER;")
    monkeypatch.setattr(connection, "SCHEMA_VERSION", newest)
    monkeypatch.setattr("gauger.tools.fsck_open.SCHEMA_VERSION", newest)
    monkeypatch.setattr(connection, "files", lambda _: tmp_path / "scripts")
    before = copy.read_bytes()
    examination = examine_ledger(copy)
    assert examination.is_whole, examination.to_text()
    assert f"schema {newest - 1}" in examination.notes[0]
    assert copy.read_bytes() == before


@pytest.mark.threat("G9", role="cssm")
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE ledger_schema SET version = 99", "store-newer"),
        ("DROP TABLE ledger_schema", "store-missing"),
        ("DROP TABLE marks", "store-failed"),
    ],
)
def test_a_backup_that_is_refused_leaves_nothing_behind(
    copy: Path, tmp_path: Path, statement: str, code: str
) -> None:
    change(copy, statement)
    place = tmp_path / "new" / "cssm.sqlite"
    place.parent.mkdir()
    with pytest.raises(Problem) as caught:
        restore(copy, place)
    assert caught.value.code == code
    assert list(place.parent.iterdir()) == []


@pytest.mark.threat("F18", role="cssm")
@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("INSERT INTO marks VALUES ('rdstored', 'x')", "the marks"),
        ("INSERT INTO signers VALUES ('x', '[]')", "the signers"),
    ],
)
def test_what_no_page_proves_is_looked_at_too(copy: Path, statement: str, where: str) -> None:
    change(copy, statement)
    assert [fault.where for fault in examine_ledger(copy).faults] == [where]


@pytest.fixture
def portal(tmp_path: Path) -> Path:
    """Return the data folder of a portal that was never started."""
    world = World(tmp_path, real=True)
    root, maker = world.factory / "root", world.factory / "manufacturer"
    signer = world.factory / "signers" / "cssm"
    data = tmp_path / "cssm"
    initialise(NewPortal(data=data, root=root, signer=signer, manufacturers=(maker,)))
    return data


def test_a_portal_is_whole_with_all_that_lies_beside_its_ledger(portal: Path) -> None:
    (examination,) = examine(portal)
    assert examination.is_whole, examination.to_text()


def test_what_lies_beside_the_ledger_is_looked_at_too(portal: Path) -> None:
    (portal / "signer" / "key.pem").chmod(0o644)
    trust = portal / "trust" / "root-set-1.json"
    trust.write_text(trust.read_text().replace("1", "2", 1))
    change(
        portal / "cssm.sqlite",
        "INSERT INTO portal_jobs (job_id, smart_account, virtual_account, file_name, size, digest,"
        " uploaded_by, made_at, state, items) VALUES ('7', 'a', 'b', 'x.xml', 1, 'd', 'u', 1, 's', 0)",
    )
    (examination,) = examine(portal)
    wheres = [fault.where for fault in examination.faults]
    assert wheres == ["the trust folder", "the signer", "the uploads"]
    assert all(fault.next_step for fault in examination.faults)
    change(portal / "cssm.sqlite", "DROP TABLE portal_jobs")
    assert len(examine(portal)[0].faults) == 2
