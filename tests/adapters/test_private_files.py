"""Private files: mode 0600, replaced as a whole, failures by name."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from gauger.adapters.storage import private_files
from gauger.adapters.storage.private_files import (
    named_failure,
    private_folder,
    read_private,
    remove_database,
    require_private,
    require_writable,
    write_private,
)
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.problems import Problem


def test_a_private_file_is_written_and_read(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "keys")
    assert read_private(folder / "key") is None
    write_private(folder / "key", b"one")
    write_private(folder / "key", b"two")
    assert read_private(folder / "key") == b"two"
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_what_others_may_read_is_refused(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "keys")
    write_private(folder / "key", b"one")
    (folder / "key").chmod(0o640)
    with pytest.raises(Problem, match="key-exposed"):
        read_private(folder / "key")
    folder.chmod(0o750)
    with pytest.raises(Problem, match="key-exposed"):
        private_folder(folder)


ANOTHER, ROOT = 54_321, 0
IS_ROOT = os.geteuid() == ROOT
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private file."""
    path = private_folder(tmp_path / "keys") / "key"
    write_private(path, b"one")
    return path


def run_by(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program be run by another user, as far as it can see."""
    monkeypatch.setattr("os.geteuid", lambda: user)


@pytest.mark.threat("C9", role="instance")
@pytest.mark.parametrize("name", ["keys", "keys/key"])
def test_what_another_user_owns_is_refused(
    tmp_path: Path, key: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if IS_ROOT:
        os.chown(tmp_path / name, ANOTHER, -1)
    run_by(ANOTHER + 1, monkeypatch)
    with pytest.raises(Problem, match=r"key-exposed: .* is owned by user"):
        read_private(key)
    with pytest.raises(Problem, match=r"key-exposed: .* is owned by user"):
        require_private(tmp_path / name)


@only_root
def test_what_root_owns_is_good_for_everybody_who_can_read_it(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by(ANOTHER, monkeypatch)
    assert read_private(key) == b"one"


@only_root
@pytest.mark.threat("C9", role="instance")
def test_root_refuses_a_file_of_another_in_its_own_folder(key: Path) -> None:
    os.chown(key, ANOTHER, -1)
    with pytest.raises(Problem, match=f"owned by user {ANOTHER}"):
        read_private(key)


def test_root_looks_after_the_folder_of_another(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if IS_ROOT:
        for path in (key, key.parent):
            os.chown(path, ANOTHER, -1)
    run_by(ROOT, monkeypatch)
    assert read_private(key) == b"one"
    assert private_folder(key.parent) == key.parent


def test_what_others_may_use_is_refused_without_reading_it(tmp_path: Path) -> None:
    require_private(private_folder(tmp_path / "data"))
    (tmp_path / "data").chmod(0o701)
    with pytest.raises(Problem, match="key-exposed"):
        require_private(tmp_path / "data")
    with pytest.raises(Problem, match="store-failed"):
        require_private(tmp_path / "none")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="file-not-written"):
        private_folder(tmp_path / "file" / "keys")
    with pytest.raises(Problem, match="store-failed"):
        write_private(tmp_path / "none" / "key", b"x")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "keys")
    (folder / "key").mkdir(mode=0o700)
    with pytest.raises(Problem, match="store-failed"):
        read_private(folder / "key")


def test_a_full_disk_has_its_own_name(tmp_path: Path) -> None:
    assert named_failure(OSError(28, "No space left on device"), tmp_path).code == "store-full"
    assert named_failure(OSError(5, "Input/output error"), tmp_path).code == "store-failed"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with WriterLock(path):
        second = WriterLock(path)
        with pytest.raises(Problem, match="store-locked"):
            second.acquire()
        second.release()
    with WriterLock(path):
        pass
    with pytest.raises(Problem, match="store-failed"):
        WriterLock(tmp_path / "none" / "lock").acquire()


def test_a_lock_that_the_file_system_cannot_take_is_not_held_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(Problem, match=r"store-failed.*No locks available"):
        WriterLock(tmp_path / "lock").acquire()


def test_every_folder_that_is_made_is_durable_in_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(private_files, "sync_folder", synced.append)
    private_folder(tmp_path / "a" / "b")
    private_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path / "a", tmp_path]


def test_what_lies_under_the_name_of_a_new_file_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "another's").write_bytes(b"kept")
    (tmp_path / ".key.new").symlink_to(tmp_path / "another's")
    write_private(tmp_path / "key", b"one")
    assert (tmp_path / "another's").read_bytes() == b"kept"
    assert not (tmp_path / "key").is_symlink()


def test_half_a_file_is_not_left_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(Problem, match="store-full"):
        write_private(tmp_path / "key", b"one")
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_is_not_writable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_writable(tmp_path)
    require_writable(tmp_path / "none")
    # Whoever runs this may be root, to whom no mode says no.
    monkeypatch.setattr("os.access", lambda *_: False)
    require_writable(tmp_path / "none")
    with pytest.raises(Problem, match="is not writable for the user who runs this") as caught:
        require_writable(tmp_path)
    assert (caught.value.code, str(tmp_path) in caught.value.detail) == ("store-failed", True)


def test_a_database_goes_with_all_that_sqlite_keeps_beside_it(tmp_path: Path) -> None:
    gone = [tmp_path / f"store{suffix}" for suffix in ("", "-wal", "-shm", "-journal")]
    other = tmp_path / "store-wal-of-another"
    for path in (*gone, other):
        path.touch()
    remove_database(tmp_path / "store")
    assert list(tmp_path.iterdir()) == [other]
    remove_database(tmp_path / "store")
