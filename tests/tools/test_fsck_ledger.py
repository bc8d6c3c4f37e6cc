"""`gauger fsck` on ledgers: whole ones pass, anything altered is found."""

import json
import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauger.cli.fsck import fsck
from gauger.core.authority.commands import DepositOrder, OrderLine
from gauger.core.problems import Problem
from gauger.tools.fsck import examine
from gauger.tools.fsck_findings import Examination, Fault
from gauger.tools.fsck_ledger import examine_ledger
from gauger.tools.fsck_replay import PROJECTIONS
from tests.support.builders import ACCOUNT, NOW, TAG, UDI, Bench, a_device, a_portal

TABLES = (*PROJECTIONS, "ledger", "heads", "signers", "nodes", "documents", "leaves")


def fill(portal: Bench) -> None:
    """Have something in most tables."""
    device, line = (
        a_device(),
        OrderLine(tag=TAG, name="N", quantity=1, term="perpetual", start=NOW, end=None),
    )
    order = DepositOrder(account=ACCOUNT, order_number="1", lines=(line,), devices=(UDI,), by="x")
    portal.authority.execute(order)
    token = portal.token()
    portal.trust(device.trust_request(token=token), token=token)
    for turn in range(3):
        device.install(
            portal.report(device.report(((NOW - 99 + turn * 9, NOW - 90 + turn * 9, 1),)))
        )
    portal.report(a_device(incarnation="77" * 16).report(((NOW - 50, NOW, 2),)))
    portal.report(a_device(incarnation="77" * 16).report(((NOW - 50, NOW, 3),)))
    portal.report(a_device("GGR0002").report(((NOW, NOW + 9999, 3),)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a filled ledger whose portal has stopped."""
    folder = tmp_path_factory.mktemp("whole")
    with a_portal(folder) as portal:
        fill(portal)
    return portal.path


@pytest.fixture
def ledger(whole: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copy(whole, tmp_path / "ledger.db"))


def change(path: Path, *statements: str) -> None:
    """Change the file as one who has it, past all triggers."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = db.execute(query).fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        for _, text in triggers:
            db.execute(text)


@pytest.mark.threat("G5", role="cssm")
def test_a_whole_ledger_passes_with_its_portal_at_work_or_not(whole: Path, tmp_path: Path) -> None:
    assert examine_ledger(whole).is_whole
    with a_portal(tmp_path) as portal:
        fill(portal)
        examination = examine_ledger(portal.path)
    assert examination.is_whole
    assert examination.counts["reports"] == 6


@pytest.mark.threat("G5", role="cssm")
def test_a_newest_page_that_is_not_signed_yet_is_noted(ledger: Path) -> None:
    # Made so and not hurried after: a portal stores the signature as soon as it is idle.
    change(ledger, "UPDATE heads SET signature = NULL WHERE page = (SELECT max(page) FROM heads)")
    examination = examine_ledger(ledger)
    assert examination.is_whole
    assert "not signed yet" in examination.notes[0]


def test_a_ledger_whose_writer_was_killed_amid_a_change_is_whole(
    ledger: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        # As while a migration begins, before the file has its log.
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA cache_size=2")
        db.execute("BEGIN")
        db.execute("CREATE TABLE new AS SELECT a.rowid FROM leaves a, leaves b, leaves c")
        copy = Path(shutil.copy(ledger, tmp_path / "copy.db"))
        shutil.copy(f"{ledger}-journal", f"{copy}-journal")
    assert examine_ledger(copy).is_whole
    assert not copy.with_name("copy.db-journal").exists()


@pytest.mark.threat("F18", role="cssm")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = replace(body, 'example.com', 'exbmple.com')",
        "UPDATE ledger SET kind = 'event' WHERE kind = 'smart-account'",
        "DELETE FROM ledger WHERE id = (SELECT max(id) FROM ledger)",
        "INSERT INTO ledger SELECT id + 1, kind, body FROM ledger ORDER BY id DESC LIMIT 1",
        "INSERT INTO ledger SELECT (1 << 40) + id, kind, body FROM ledger LIMIT 1",
        "DELETE FROM heads WHERE page = (SELECT max(page) FROM heads)",
        "DELETE FROM heads WHERE page = 3",
        "UPDATE heads SET body = replace(body, '\"leaf_count\":', '\"leaf_count\":1') WHERE page = 2",
        "UPDATE heads SET body = 'no head' WHERE page = 2",
        "UPDATE heads SET digest = zeroblob(32) WHERE page = 2",
        "UPDATE heads SET signature = zeroblob(64) WHERE page = 2",
        "UPDATE heads SET signature = NULL WHERE page = 2",
        "UPDATE heads SET signer = 'x' WHERE page = 2",
        "UPDATE signers SET chain = '[]'",
        "UPDATE heads SET body = 7 WHERE page = 2",
        "UPDATE signers SET key = 'x'",
        "UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND place = 0",
        "DELETE FROM nodes WHERE level = 1 AND place = 0",
        "INSERT INTO nodes VALUES (30, 0, zeroblob(32))",
        "UPDATE leaves SET salt = zeroblob(16) WHERE id = (SELECT max(id) FROM leaves)",
        "UPDATE leaves SET hash = zeroblob(32) WHERE document IS NULL",
        "UPDATE leaves SET document = 1 WHERE document = 2",
        "DELETE FROM leaves WHERE id = (SELECT max(id) FROM leaves)",
        "UPDATE documents SET version = 2 WHERE id = 1",
        "UPDATE documents SET type = 'policy' WHERE id = 1",
        "UPDATE documents SET answers = zeroblob(32) WHERE type = 'ack'",
        "UPDATE documents SET body = zeroblob(32) WHERE id = 1",
        "UPDATE documents SET digest = zeroblob(32) WHERE id = 1",
        "INSERT INTO documents SELECT 999, zeroblob(32), type, version, NULL, body FROM documents LIMIT 1",
        "UPDATE account_usage SET in_use = in_use + 1",
        "UPDATE segments SET count = count + 1",
        "UPDATE tokens SET used = 0",
        "UPDATE reports SET verdict = 'accepted' WHERE verdict = 'quarantined'",
        "UPDATE instances SET account = NULL WHERE serial = 'GGR0002'",
        "DELETE FROM events WHERE id = 4",
        "DELETE FROM reports WHERE id = 1",
    ],
)
def test_a_changed_past_is_found(ledger: Path, statement: str) -> None:
    change(ledger, statement)
    examination = examine_ledger(ledger)

    assert not examination.is_whole
    assert all(fault.what and fault.next_step for fault in examination.faults)


@pytest.mark.threat("F18", role="cssm")
def test_history_cannot_be_changed_through_sql_by_accident(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        for statement in (
            "UPDATE ledger SET kind = 'x'",
            "DELETE FROM ledger",
            "DELETE FROM heads",
            "UPDATE heads SET body = 'x'",
            "UPDATE heads SET signature = zeroblob(64)",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(statement)


def rows_of(path: Path) -> object:
    """Return all that a ledger says, schema and triggers too, or the error that reading gives."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            names = (*TABLES, "ledger_schema", "marks", "sqlite_schema")
            queries = (f"SELECT * FROM {name}" for name in names)  # noqa: S608 -- constants only
            said = [db.execute(query).fetchall() for query in queries]
            return said, db.execute("PRAGMA integrity_check").fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return str(error)


@pytest.mark.threat("G5", role="cssm")
@pytest.mark.parametrize("part", ["header", "schema", "anywhere"])
def test_a_flipped_bit_that_changes_anything_is_found(
    whole: Path, tmp_path: Path, part: str
) -> None:
    """Whatever a query could give otherwise is found; the rest is space that nothing reads.

    That rest is: pages and parts of pages that are free, what deleted rows left, and fields of the
    file's header that count changes or name the program that wrote it. A digest over the file would
    find those too, and would have to be written anew at each commit for nothing that anyone reads.
    """
    content, said = whole.read_bytes(), rows_of(whole)
    chance = random.Random(f"11 {part}")  # noqa: S311 -- places to damage, no secret
    first, last = {"header": (0, 100), "schema": (100, 4096)}.get(part, (4096, len(content)))
    path, missed, changed = tmp_path / "damaged.db", [], 0
    for _ in range(60):
        place, bit = chance.randrange(first, last), chance.randrange(8)
        damaged = bytearray(content)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        is_changed = rows_of(path) != said
        changed += is_changed
        if is_changed and _examined(path).is_whole:
            missed.append((place, bit))
    assert changed
    assert missed == []


def _examined(path: Path) -> Examination:
    try:
        return examine_ledger(path)
    except Problem as problem:
        examination = Examination(path=path, kind="x")
        examination.add(Fault(where="all", what=problem.detail))
        return examination


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET answers = zeroblob(32) WHERE type = 'ack'",
        "UPDATE documents SET body = zeroblob(32) WHERE type = 'ack'",
        "UPDATE ledger SET body = zeroblob(32) WHERE kind = 'report'",
    ],
)
def test_each_fault_of_a_page_says_since_when(ledger: Path, statement: str) -> None:
    change(ledger, statement)
    parts = ("page", "document ")
    faults = [one for one in examine_ledger(ledger).faults if one.where.startswith(parts)]
    assert faults
    assert {fault.since for fault in faults} == {NOW}


def test_a_head_that_tells_no_time_gives_none(ledger: Path) -> None:
    change(
        ledger,
        "UPDATE heads SET body = 'no head'",
        "UPDATE documents SET answers = zeroblob(32) WHERE type = 'ack'",
    )
    assert all(fault.since is None for fault in examine_ledger(ledger).faults)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE heads SET page = 4611686018427387904 WHERE page = (SELECT max(page) FROM heads)",
        'UPDATE heads SET body = replace(body, \'"issued_at":\', \'"issued_at":1e999,"x":\')',
    ],
)
def test_a_number_beyond_all_bounds_is_a_fault_and_no_crash(ledger: Path, statement: str) -> None:
    change(ledger, statement)
    assert not examine_ledger(ledger).is_whole


def test_a_newer_store_is_refused_by_name(ledger: Path) -> None:
    change(ledger, "UPDATE ledger_schema SET version = 99")

    with pytest.raises(Problem) as caught:
        examine_ledger(ledger)
    assert caught.value.code == "store-newer"


@pytest.mark.threat("G9", role="cssm")
@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("DROP TABLE gaps", "table gaps is missing"),
        ("ALTER TABLE reports DROP COLUMN pipes", "table reports has other columns"),
        ("DROP TABLE ledger_schema", "does not say its schema"),
        ("DELETE FROM ledger_schema", "does not say which schema"),
        ("UPDATE ledger_schema SET version = 'one'", "does not say which schema"),
        ("UPDATE ledger_schema SET version = 1", "cannot be brought to"),
    ],
)
def test_a_store_of_no_known_form_is_refused_by_name(
    ledger: Path, statement: str, detail: str
) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        db.execute(statement)
    with pytest.raises(Problem, match=detail) as caught:
        examine_ledger(ledger)
    assert caught.value.code == "store-unknown"
    assert "release that wrote it" in caught.value.kind.next_step


@pytest.mark.threat("F18", role="cssm")
@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("DROP TRIGGER ledger_no_update", "the trigger ledger_no_update"),
        ("DROP INDEX reports_due", "the index reports_due"),
    ],
)
def test_what_holds_history_fast_must_be_there(ledger: Path, statement: str, where: str) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        db.execute(statement)
    assert [fault.where for fault in examine_ledger(ledger).faults] == [where]


def test_the_command_says_what_when_and_what_to_do(ledger: Path) -> None:
    good = CliRunner().invoke(fsck, ["--data", str(ledger.parent)])
    assert (good.exit_code, "It is whole." in good.output) == (0, True)
    change(ledger, "UPDATE heads SET signature = zeroblob(64) WHERE page = 2")
    bad = CliRunner().invoke(fsck, ["--data", str(ledger)])
    as_json = CliRunner().invoke(fsck, ["--data", str(ledger), "--json"])

    assert bad.exit_code == as_json.exit_code == 4
    assert re.search(r"page 2: The signature.*\n  since: 20\d\d-.*\n  next: ", bad.output)
    assert json.loads(as_json.output)["stores"][0]["fault_count"] == 1


def test_a_folder_without_a_store_is_told_so(tmp_path: Path) -> None:
    for name in ("empty", "other.db"):
        (tmp_path / name).mkdir() if name == "empty" else sqlite3.connect(tmp_path / name).close()
    with pytest.raises(Problem) as caught:
        examine(tmp_path / "empty")
    assert caught.value.code == "store-missing"
    assert not _examined(tmp_path / "other.db").is_whole
    assert not _examined(tmp_path / "none.db").is_whole


def test_only_the_first_hundred_faults_are_shown() -> None:
    examination = Examination(path=Path("x"), kind="The ledger")
    for number in range(103):
        examination.add(Fault(where=str(number), what="wrong"))

    assert examination.fault_count == 103
    assert "3 more faults" in examination.to_text()
