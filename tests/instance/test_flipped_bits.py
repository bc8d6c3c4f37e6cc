"""A flipped bit in a device's store, its key or its anchor never passes `gauger fsck`."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gauger.tools.fsck_instance import check_instance

TABLES = ("meta", "record", "report", "item", "event", "sqlite_schema")


@pytest.fixture
def data(two_reports: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two_reports, tmp_path / "device"))


def said(path: Path) -> object:
    """Return all that a query could give, or the error that reading gives."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            queries = (f"SELECT * FROM {name}" for name in TABLES)  # noqa: S608 -- constants only
            rows = [db.execute(query).fetchall() for query in queries]
            return rows, db.execute("PRAGMA integrity_check").fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return str(error)


@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("part", ["schema", "anywhere"])
def test_a_flipped_bit_of_the_store_that_changes_anything_is_found(data: Path, part: str) -> None:
    """What is not found lies where nothing reads: free pages, slack, counters of the header."""
    store = data / "store.sqlite"
    content, whole = store.read_bytes(), said(store)
    chance = random.Random(f"17 {part}")  # noqa: S311 -- places to damage, no secret
    last = 4096 if part == "schema" else len(content)
    missed, changed = [], 0
    for _ in range(60):
        place, bit = chance.randrange(last), chance.randrange(8)
        damaged = bytearray(content)
        damaged[place] ^= 1 << bit
        store.write_bytes(damaged)
        is_changed = said(store) != whole
        changed += is_changed
        if is_changed and not check_instance(data):
            missed.append((place, bit))
    assert changed
    assert missed == []


@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("name", ["anchor", "store.key", "sudi.key.pem"])
def test_a_flipped_bit_of_a_key_or_the_anchor_is_found(data: Path, name: str) -> None:
    path = data / "keys" / name
    content = path.read_bytes()
    chance = random.Random(19)  # noqa: S311 -- places to damage, no secret
    first = 70 if name.endswith("pem") else 0  # in the header of the PEM form a bit says nothing
    for _ in range(12):
        damaged = bytearray(content)
        damaged[chance.randrange(first, len(content) - 30)] ^= 1 << chance.randrange(7)
        path.write_bytes(damaged)
        assert check_instance(data), damaged


@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE report SET state = 'nowhere'", "in no state that there is"),
        ("UPDATE report SET held = 1 - held", "do not say rightly"),
        ("UPDATE item SET kind = 'other'", "does not open"),
        ("UPDATE record SET family = 'forgotten' WHERE family = 'tag'", "does not open"),
        ("DROP INDEX report_state", "The index report_state: It is missing."),
        ("DROP TABLE event", "table event is missing"),
        ("ALTER TABLE report ADD COLUMN more", "other columns"),
    ],
)
def test_what_no_query_of_the_agent_returns_is_looked_at_too(
    data: Path, statement: str, detail: str
) -> None:
    with closing(sqlite3.connect(data / "store.sqlite", isolation_level=None)) as db:
        db.execute(statement)
    assert any(detail in finding.detail for finding in check_instance(data))


def test_a_store_of_no_known_form_has_its_own_name(data: Path) -> None:
    with closing(sqlite3.connect(data / "store.sqlite", isolation_level=None)) as db:
        db.execute("DROP TABLE item")
    assert [finding.code for finding in check_instance(data)] == ["store-unknown"]


def test_an_identity_that_does_not_fit_is_found(data: Path) -> None:
    (data / "keys" / "sudi.key.pem").unlink()
    assert [finding.where for finding in check_instance(data)] == ["identity"]
    shutil.rmtree(data / "identity")
    assert check_instance(data) == []


def test_a_root_set_that_was_altered_is_found(data: Path) -> None:
    path = min((data / "trust").glob("root-set-*.json"))
    path.write_text(path.read_text().replace("1", "2", 1))
    assert [finding.where for finding in check_instance(data)] == ["identity"]
