"""The portal's own tables and files: whole or not there, failures with a name."""

import sqlite3
from pathlib import Path

import pytest

from gauger.adapters.storage.portal_sqlite import PortalStore
from gauger.adapters.storage.upload_files import UploadFiles
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem
from gauger.cssm.access import CallerKind, Grant, Role, Scope
from gauger.cssm.ports import Client, ItemVerdict, Job, Session, User

ACCOUNT = AccountRef("a.example", "one")
SMART = Scope(smart_account="a.example")
GRANT = Grant(role=Role.SMART_USER, scope=SMART)
JOB = Job(
    job_id="ab" * 16,
    account=ACCOUNT,
    file_name="usage.xml",
    size=7,
    digest=Digest("cd" * 32),
    by="user:ann",
    made_at=100,
)


@pytest.fixture
def store(tmp_path: Path) -> PortalStore:
    return PortalStore(tmp_path / "portal.sqlite")


def verdict(position: int, word: str = "accepted") -> ItemVerdict:
    return ItemVerdict(
        position=position,
        kind="report",
        udi="PID:X,SN:1",
        digest=Digest("ef" * 32),
        verdict=word,
        code=None,
        detail=None,
        flags=("gap",),
    )


def test_a_name_is_taken_once_and_a_refused_addition_leaves_no_role(store: PortalStore) -> None:
    user = User(name="ann", password="x", must_change=True, created_at=1)
    store.add_user(user, [])
    with pytest.raises(Problem, match="conflict"):
        store.add_user(user, [GRANT])
    assert store.grants(CallerKind.USER, "ann") == ()
    client = Client(client_id="c", secret=Digest("00" * 32), description="", created_at=1)
    store.add_client(client, [GRANT])
    with pytest.raises(Problem, match="conflict"):
        store.add_client(client, [])
    assert store.client("c") == client
    store.close()


def test_expired_sessions_are_forgotten(store: PortalStore) -> None:
    for number, expires in enumerate((10, 20, 30)):
        session = Session(kind=CallerKind.USER, name="ann", expires_at=expires)
        store.add_session(Digest(f"{number}" * 64), session, now=expires - 10)
    assert store.session(Digest("0" * 64)) is None
    assert store.session(Digest("2" * 64))
    store.close()


def test_a_verdict_that_was_kept_stays_as_it_is(store: PortalStore) -> None:
    store.add_job(JOB)
    store.set_total(JOB.job_id, 3)
    store.progress(JOB.job_id, [verdict(0), verdict(1)])
    store.progress(JOB.job_id, [verdict(1, "same"), verdict(2)])
    kept = store.verdicts(JOB.job_id, after=-1, limit=9)
    assert [one.verdict for one in kept] == ["accepted"] * 3
    assert kept[0] == verdict(0)
    found = store.job(JOB.job_id)
    assert found
    assert (found.items, found.total, found.state, found.number) == (3, 3, "working", 1)
    store.close()


def test_a_job_is_open_until_it_ends(store: PortalStore) -> None:
    store.add_job(JOB)
    assert [one.job_id for one in store.open_jobs()] == [JOB.job_id]
    store.finish(JOB.job_id, problem=("truncated", "It ends early."), now=200)
    assert store.open_jobs() == []
    found = store.job(JOB.job_id)
    assert found
    assert (found.state, found.problem, found.finished_at) == (
        "failed",
        ("truncated", "It ends early."),
        200,
    )
    store.close()


def test_polls_of_long_ago_are_forgotten(store: PortalStore) -> None:
    store.add_poll("old", "x", now=1000)
    store.add_poll("new", "y", now=1000 + 8 * 86_400)
    assert (store.poll("old"), store.poll("new")) == (None, "y")
    store.close()


def test_a_store_that_fails_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "portal.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(Problem, match="store-damaged"):
        PortalStore(tmp_path / "portal.sqlite")


def test_a_full_disk_has_a_name_and_changes_nothing(store: PortalStore) -> None:
    store._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Problem, match="store-full"):
        store.add_poll("large", "x" * 400_000, now=1000)
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.add_poll("after", "y", now=1000)
    assert store.poll("after") == "y"
    store.close()


def test_the_store_shares_a_file_with_another_writer(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite"
    store = PortalStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE ledger (x)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO ledger VALUES (1)")
    other.execute("COMMIT")
    store.add_poll("p", "x", now=1)
    assert store.poll("p") == "x"
    other.close()
    store.close()


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    files = UploadFiles(tmp_path / "uploads")
    writer = files.begin("one")
    writer.write(b"abc")
    assert not (tmp_path / "uploads" / "one").exists()
    digest = writer.commit()
    assert b"".join(files.read("one")) == b"abc"
    assert len(digest) == 64
    files.remove("one")
    files.remove("one")
    with pytest.raises(Problem, match="file-not-found"):
        next(files.read("one"))


def test_a_file_that_cannot_be_written_has_a_name(tmp_path: Path) -> None:
    files = UploadFiles(tmp_path / "uploads")
    writer = files.begin("one")
    with pytest.raises(Problem, match="store-failed"):
        files.begin("one")
    writer.write(b"abc")
    writer._part.unlink()
    with pytest.raises(Problem, match="store-failed"):
        writer.commit()


def test_a_disk_that_is_full_has_a_name(tmp_path: Path) -> None:
    files = UploadFiles(tmp_path / "uploads")
    writer = files.begin("one")
    writer._file.close()
    writer._file = open("/dev/full", "wb", buffering=0)  # type: ignore[assignment]  # noqa: SIM115, PTH123 -- discard closes it
    with pytest.raises(Problem, match="store-full"):
        writer.write(b"abc")
    writer.discard()
