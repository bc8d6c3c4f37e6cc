"""SQLite files that are opened to be read, whatever a killed writer left beside them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gauger.adapters.storage.sqlite_read import connect_readonly


def killed_amid_a_change(file: Path) -> Path:
    """Return a file as a killed writer leaves it: half changed, with the journal that undoes it."""
    writer = sqlite3.connect(file.with_name("live.db"), isolation_level=None)
    with closing(writer) as db:
        db.execute("CREATE TABLE counts (n INTEGER, filler BLOB)")
        db.executemany("INSERT INTO counts VALUES (?, zeroblob(3000))", [(1,)] * 50)
        # No more than this in memory: changed pages go into the file before the commit.
        db.execute("PRAGMA cache_size=4")
        db.execute("BEGIN")
        db.execute("UPDATE counts SET n = 2")
        for suffix in ("", "-journal"):
            shutil.copy(file.with_name(f"live.db{suffix}"), file.with_name(f"{file.name}{suffix}"))
        db.execute("ROLLBACK")
    return file


@pytest.mark.threat("G1", role="cssm")
@pytest.mark.parametrize("alone", [False, True])
def test_a_change_that_was_cut_off_is_undone_before_anything_is_read(
    tmp_path: Path, *, alone: bool
) -> None:
    path = killed_amid_a_change(tmp_path / "store.db")
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as db:
        assert db.execute("SELECT count(*) FROM counts WHERE n = 2").fetchone() != (0,)
    with closing(connect_readonly(path, alone=alone)) as db:
        assert db.execute("SELECT sum(n), count(*) FROM counts").fetchone() == (50, 50)


def test_no_statement_writes_also_where_a_change_was_undone(tmp_path: Path) -> None:
    path = killed_amid_a_change(tmp_path / "store.db")
    with closing(connect_readonly(path)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("DELETE FROM counts")
