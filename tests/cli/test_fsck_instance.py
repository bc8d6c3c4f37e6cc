"""`gauger fsck` on a product instance: what is wrong, where, what to do, and the exit code."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauger.cli.main import root
from gauger.core.problems import TABLE, Problem
from tests.instance.world import START

NOT_WHOLE = 4


@pytest.fixture
def data(two_reports: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two_reports, tmp_path / "device"))


def fsck(*words: str | Path) -> Result:
    return CliRunner().invoke(root, ["fsck", *map(str, words)])


def change(data: Path, statement: str) -> None:
    store = sqlite3.connect(data / "store.sqlite")
    store.execute(statement)
    store.commit()
    store.close()


def faults(data: Path, *more: str | Path) -> list[dict[str, str]]:
    told = fsck("--data", data, "--json", *more)
    assert told.exit_code == NOT_WHOLE
    found = json.loads(told.output)
    assert found["whole"] is False
    listed: list[dict[str, str]] = found["stores"][0]["faults"]
    return listed


@pytest.mark.requirement("PI-4")
def test_a_whole_store_is_said_to_be_whole(data: Path) -> None:
    told = fsck("--data", data)
    assert told.exit_code == 0
    assert "product instance's store" in told.output
    assert str(data / "store.sqlite") in told.output
    found = json.loads(fsck("--data", data, "--json").output)
    assert found["whole"] is True
    assert found["stores"][0]["faults"] == []


def test_nothing_is_changed_by_looking(data: Path) -> None:
    before = (data / "store.sqlite").read_bytes()
    fsck("--data", data)
    fsck("--data", data, "--json")
    assert (data / "store.sqlite").read_bytes() == before


@pytest.mark.threat("F18", role="instance")
@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        ("DELETE FROM event WHERE sequence = 2", "events", "breaks at event 2"),
        ("DELETE FROM event WHERE sequence > 4", "events", "too early"),
        ("UPDATE item SET sealed = x'00'", "report", "does not open with its key"),
        ("UPDATE record SET key = 'moved' WHERE family = 'tag'", "records", "does not open"),
        ("UPDATE report SET acked_at = 5", "report", "altered beside its seal"),
        ("UPDATE meta SET incarnation = 'another'", "store", "does not open with its key"),
    ],
)
def test_each_fault_says_where_and_what_and_what_to_do(
    data: Path, statement: str, where: str, what: str
) -> None:
    change(data, statement)
    found = faults(data)
    assert any(one["where"].startswith(where) and what in one["what"] for one in found), found
    assert {one["next_step"] for one in found} <= {kind.next_step for kind in TABLE.values()}
    told = fsck("--data", data)
    assert told.exit_code == NOT_WHOLE
    assert what in told.output
    assert "gauger fsck" in told.output or "Next" in told.output


def test_a_broken_log_says_since_when(data: Path) -> None:
    change(data, "DELETE FROM event WHERE sequence = 2")
    (fault,) = (one for one in faults(data) if one["where"] == "events")
    assert str(fault["since"]) == str(START)
    change(data, "DELETE FROM event")
    (fault,) = (one for one in faults(data) if one["where"] == "events")
    assert str(fault["since"]) == "None"


def test_every_report_is_looked_at_though_one_is_damaged(data: Path) -> None:
    change(data, "DELETE FROM item WHERE kind = 'report'")
    found = [one["where"] for one in faults(data)]
    assert len(found) == len(set(found)) == 3
    assert sum(where.startswith("report ") for where in found) == 2


def test_two_items_that_changed_places_are_found(data: Path) -> None:
    store = sqlite3.connect(data / "store.sqlite")
    ids = [row[0] for row in store.execute("SELECT report_id FROM item ORDER BY report_id")]
    store.close()
    assert len(ids) == 2
    for old, new in ((ids[0], 1), (ids[1], ids[0]), (1, ids[1])):
        change(data, f"UPDATE item SET report_id = {new} WHERE report_id = {old}")  # noqa: S608 -- own numbers
    assert len(faults(data)) == 2


def test_an_anchor_that_was_altered_is_found(data: Path) -> None:
    anchor = data / "keys" / "anchor"
    sealed = anchor.read_bytes()
    anchor.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert [one["where"] for one in faults(data)] == ["anchor"]


def test_an_anchor_that_is_gone_is_found(data: Path) -> None:
    (data / "keys" / "anchor").unlink()
    (fault,) = faults(data)
    assert "anchor of the store is gone" in fault["what"]


@pytest.mark.threat("C9", role="instance")
def test_an_exposed_key_is_a_fault_too(data: Path) -> None:
    (data / "keys" / "store.key").chmod(0o644)
    (fault,) = faults(data)
    assert fault["next_step"] == TABLE["key-exposed"].next_step


def test_keys_in_another_folder_are_found_where_they_are_named(data: Path, tmp_path: Path) -> None:
    (data / "keys").rename(tmp_path / "elsewhere")
    (fault,) = faults(data)
    assert "There is no key" in fault["what"]
    assert fsck("--data", data, "--keys", tmp_path / "elsewhere").exit_code == 0


def test_a_file_that_is_no_database_is_told(data: Path) -> None:
    (data / "store.sqlite").write_bytes(b"no database at all" * 400)
    (fault,) = faults(data)
    assert fault["where"] == "store"
    assert "not a database" in fault["what"]


def test_a_page_that_was_overwritten_is_told(data: Path) -> None:
    content = bytearray((data / "store.sqlite").read_bytes())
    content[4096:8192] = bytes(4096)
    (data / "store.sqlite").write_bytes(bytes(content))
    assert faults(data)


def test_a_folder_without_a_store_is_a_refusal(tmp_path: Path) -> None:
    told = fsck("--data", tmp_path)
    assert isinstance(told.exception, Problem)
    assert told.exception.code == "store-missing"
    assert fsck("--data", tmp_path / "none").exit_code == 2
