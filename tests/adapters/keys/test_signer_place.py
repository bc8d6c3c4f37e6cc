"""A portal's signer is begun and replaced whole, whatever cuts the change off."""

from pathlib import Path

import pytest

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.signer_place import SignerPlace
from gauger.core.problems import Problem
from tests.support.builders import a_key, signer_certificate


def signer_named(name: str) -> FileSigner:
    return FileSigner(a_key(name), (signer_certificate(name),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "signer"


def saved(folder: Path) -> FileSigner:
    signer = signer_named("old")
    SignerPlace(folder).begin(signer)
    return signer


def key_of(folder: Path) -> str:
    return FileSigner.load(folder).key_id


def test_a_signer_is_begun_once(folder: Path) -> None:
    signer = saved(folder)
    SignerPlace(folder).begin(signer)
    assert key_of(folder) == signer.key_id
    with pytest.raises(Problem, match="another key"):
        SignerPlace(folder).begin(signer_named("new"))


def test_a_replaced_signer_lies_beside_the_new_one(folder: Path) -> None:
    old, new = saved(folder), signer_named("new")
    for signer in (new, new, old, new):
        SignerPlace(folder).replace(signer)
        assert key_of(folder) == signer.key_id
    beside = [key_of(path) for path in folder.parent.iterdir() if path != folder]
    assert sorted(beside) == sorted([old.key_id, new.key_id, old.key_id])


@pytest.mark.threat("G1", role="cssm")
def test_a_change_cut_off_between_its_two_renames_is_completed(folder: Path) -> None:
    old, new = saved(folder), signer_named("new")
    new.save(folder.with_name(".signer.next"))
    folder.rename(folder.with_name("signer-old"))
    place = SignerPlace(folder)
    assert place.is_there()
    assert place.load().key_id == new.key_id
    place.replace(old)
    assert key_of(folder) == old.key_id


@pytest.mark.threat("G1", role="cssm")
def test_half_of_a_next_signer_is_written_anew(folder: Path) -> None:
    old, new = saved(folder), signer_named("new")
    folder.with_name(".signer.next").mkdir(mode=0o700)
    place = SignerPlace(folder)
    assert place.is_there()
    assert place.load().key_id == old.key_id
    place.replace(new)
    assert key_of(folder) == new.key_id


def test_a_replacement_begins_where_there_is_none(folder: Path) -> None:
    assert not SignerPlace(folder).is_there()
    signer = signer_named("old")
    SignerPlace(folder).replace(signer)
    assert key_of(folder) == signer.key_id
