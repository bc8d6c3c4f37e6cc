"""Trust folders: what is written is read, and what is read is proven."""

import os
from pathlib import Path

import pytest

from gauger.adapters.keys.trust_folder import (
    read_manufacturer,
    read_newest_root_set,
    read_root_set,
    read_trust,
    write_manufacturer,
    write_root_sets,
)
from gauger.core.documents.envelope import write_document
from gauger.core.problems import Problem
from tests.core.documents.material import (
    NOW,
    UDI,
    Authority,
    declared,
    refused,
    root_set,
    signed_root,
    sudi,
)


def filled(folder: Path, *numbers: int) -> Path:
    write_root_sets(folder, [signed_root(root_set(number=number)) for number in numbers])
    write_manufacturer(folder, declared())
    return folder


def test_a_folder_becomes_a_store(tmp_path: Path) -> None:
    folder = read_trust(filled(tmp_path / "trust", 9, 10, 11))
    store = folder.store()
    assert store.root_set == root_set(number=11)
    assert store.manufacturers == (declared(),)
    assert len(folder.root_sets) == 3
    store.verify_sudi((sudi(),), UDI, NOW)


def test_an_absent_folder_trusts_nobody(tmp_path: Path) -> None:
    folder = read_trust(tmp_path / "none")
    assert folder.store().root_set is None


@pytest.mark.threat("C3")
def test_a_folder_that_skips_a_root_set_is_refused(tmp_path: Path) -> None:
    with refused("root-skipped"):
        read_trust(filled(tmp_path, 1, 3)).store()


def test_a_store_under_a_test_clock_takes_what_a_test_signed(tmp_path: Path) -> None:
    write_root_sets(tmp_path, [signed_root(root_set(test_clock=True))])
    with refused("test-clock"):
        read_trust(tmp_path).store()
    assert read_trust(tmp_path).store(accepts_test_clock=True).root_set


def test_a_manufacturer_is_read_from_its_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "manufacturer.json").write_text(declared().to_json())
    assert read_manufacturer(tmp_path) == read_manufacturer(tmp_path / "manufacturer.json")


def test_the_newest_root_set_of_a_folder_is_taken(tmp_path: Path) -> None:
    with refused("file-not-found"):
        read_newest_root_set(tmp_path)
    filled(tmp_path, 9, 10)
    newest = read_root_set(tmp_path / "root-set-10.json")
    assert read_newest_root_set(tmp_path) == newest
    assert read_newest_root_set(tmp_path / "root-set-9.json") != newest


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    with refused("file-not-found"):
        read_root_set(tmp_path / "root-set-1.json")
    (tmp_path / "root-set-1.json").write_text(write_document(Authority().direct({})))
    with refused("wrong-type"):
        read_trust(tmp_path)
    (tmp_path / "root-set-1.json").write_bytes(bytes(256 * 1024 + 1))
    with refused("too-large"):
        read_trust(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="cannot be made"):
        write_manufacturer(tmp_path / "file", declared())


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    os.mkfifo(tmp_path / "trust" / "root-set-9.json")
    assert len(read_trust(filled(tmp_path / "trust", 9)).root_sets) == 1
