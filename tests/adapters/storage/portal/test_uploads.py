"""Uploaded files: streamed, measured, whole or not there, and nothing left behind."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gauger.adapters.storage.upload_files import UploadFiles
from gauger.core.problems import Problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def cut_off(files: UploadFiles, name: str) -> None:
    """Leave what a process leaves that ends in the middle of an upload."""
    writer = files.begin(name)
    writer.write(b"half")
    writer._file.close()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@given(pieces=st.lists(st.binary(max_size=50), max_size=6), number=st.uuids())
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_is_what_came_however_it_was_cut(
    tmp_path: Path, pieces: list[bytes], number: object
) -> None:
    files = UploadFiles(tmp_path / "uploads")
    writer = files.begin(str(number))
    for piece in pieces:
        writer.write(piece)
    whole = b"".join(pieces)

    assert writer.size == len(whole)
    assert writer.commit() == hashlib.sha256(whole).hexdigest()
    assert b"".join(files.read(str(number))) == whole


def test_a_large_file_is_read_in_pieces_of_bounded_size(folder: Path) -> None:
    files = UploadFiles(folder)
    writer = files.begin("large")
    for _ in range(11):
        writer.write(bytes(100_000))
    writer.commit()
    sizes = [len(piece) for piece in files.read("large")]

    assert sum(sizes) == 1_100_000
    assert max(sizes) <= 256 * 1024


@pytest.mark.threat("D11", role="cssm")
def test_what_was_discarded_or_cut_off_was_never_a_file(folder: Path) -> None:
    files = UploadFiles(folder)
    cut_off(files, "cut off")
    writer = files.begin("given up")
    writer.write(b"half")
    writer.discard()
    writer.discard()

    assert names(folder) == {"cut off.part"}
    for name in ("given up", "cut off"):
        with pytest.raises(Problem) as caught:
            list(files.read(name))
        assert caught.value.code == "file-not-found"


@pytest.mark.threat("G6", role="cssm")
def test_a_start_keeps_the_files_of_open_jobs_and_nothing_else(folder: Path) -> None:
    files = UploadFiles(folder)
    for name in ("open", "done"):
        writer = files.begin(name)
        writer.write(name.encode())
        writer.commit()
    cut_off(files, "third")
    again = UploadFiles(folder)
    again.keep_only(["open", "gone"])

    assert names(folder) == {"open"}
    assert b"".join(again.read("open")) == b"open"


def test_uploads_are_for_their_owner_only(folder: Path) -> None:
    files = UploadFiles(folder)
    files.begin("one").commit()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "one").stat().st_mode & 0o777 == 0o600


@pytest.mark.threat("C9", role="cssm")
def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)

    with pytest.raises(Problem) as caught:
        UploadFiles(folder)
    assert caught.value.code == "key-exposed"


@pytest.mark.threat("D5", role="cssm")
def test_two_writers_never_share_a_file(folder: Path) -> None:
    files = UploadFiles(folder)
    first = files.begin("one")
    first.write(b"first")
    with pytest.raises(Problem):
        files.begin("one")
    first.commit()

    assert b"".join(files.read("one")) == b"first"


def test_a_file_that_cannot_be_removed_is_told_by_name(folder: Path) -> None:
    uploads = UploadFiles(folder)
    (folder / "job").mkdir()
    with pytest.raises(Problem, match="store-failed"):
        uploads.remove("job")
    with pytest.raises(Problem, match="store-failed"):
        uploads.keep_only([])
