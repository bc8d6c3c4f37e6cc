"""Device bundles: whole or not at all, and all of one device."""

import dataclasses
import json
from pathlib import Path

import pytest

from gauger import profiles
from gauger.adapters.keys.bundle import Bundle, read_bundle, write_bundle
from gauger.adapters.keys.trust_folder import TrustFolder
from gauger.core.problems import Problem
from tests.core.documents.material import (
    NOW,
    UDI,
    Authority,
    declared,
    key,
    refused,
    root_set,
    signed_root,
    sudi,
)

BUNDLE = Bundle(
    udi=UDI,
    profile=profiles.builtin("c9800-cl"),
    made_at=NOW,
    sudi_key=key(50),
    sudi=sudi(),
    trust=TrustFolder((signed_root(root_set()),), (declared(),)),
    documents={"policy": Authority().direct({})},
    trust_key=key(51),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "made" / "B", BUNDLE)
    return tmp_path / "made" / "B"


def test_a_bundle_is_read_as_it_was_written(folder: Path) -> None:
    again = read_bundle(folder)
    kept = dataclasses.replace(again, sudi_key=BUNDLE.sudi_key, trust_key=BUNDLE.trust_key)
    assert kept == BUNDLE
    assert again.sudi_key.key_id == key(50).key_id
    assert again.trust_key is not None
    assert again.trust_key.key_id == key(51).key_id


def test_what_an_interrupted_mint_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".B.new" / "trust").mkdir(parents=True)
    (tmp_path / ".B.new" / "trust" / "old.json").write_text("")
    write_bundle(tmp_path / "B", BUNDLE)
    assert not (tmp_path / ".B.new").exists()
    assert read_bundle(tmp_path / "B").udi == UDI


def test_a_bundle_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match=r"cannot be"):
        write_bundle(tmp_path / "file" / "B", BUNDLE)


@pytest.mark.threat("C9")
@pytest.mark.parametrize("name", ["sudi.key.pem", "trust.key.pem"])
def test_a_bundle_whose_keys_others_can_read_is_refused(folder: Path, name: str) -> None:
    (folder / name).chmod(0o644)
    with refused("key-exposed"):
        read_bundle(folder)


def test_a_folder_that_holds_no_bundle_is_not_found(folder: Path) -> None:
    (folder / "bundle.json").unlink()
    for wrong in (folder, folder / "misspelt"):
        with refused("file-not-found"):
            read_bundle(wrong)


def test_a_part_that_cannot_be_listed_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("gauger.adapters.keys.bundle.read_trust", refuse)
    with pytest.raises(Problem, match="trust cannot be read: Permission denied") as caught:
        read_bundle(folder)
    assert caught.value.code == "file-not-found"


@pytest.mark.parametrize("name", ["sudi.key.pem", "sudi.cert.pem"])
def test_a_bundle_that_lacks_a_part_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with refused("bundle-invalid"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"udi": {"udi_pid": "C9800-CL-K9", "udi_serial_number": "GGR2"}}, "bundle-invalid"),
        ({"profile": None}, "bundle-invalid"),
        ({"profile": profiles.builtin("c9800-80").to_json()}, "bundle-invalid"),
        ({"format": 2}, "upgrade-needed"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(
    folder: Path, changes: dict[str, object], code: str
) -> None:
    facts = json.loads((folder / "bundle.json").read_text()) | changes
    (folder / "bundle.json").write_text(json.dumps(facts))
    with refused(code):
        read_bundle(folder)


def test_the_key_of_another_device_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path / "B", dataclasses.replace(BUNDLE, sudi_key=key(52)))
    with refused("bundle-invalid"):
        read_bundle(tmp_path / "B")


def test_a_document_under_another_name_is_refused(folder: Path) -> None:
    (folder / "policy.json").rename(folder / "trust-code.json")
    with refused("bundle-invalid"):
        read_bundle(folder)
