"""Keys in files: made, kept, refused where others could read them."""

from pathlib import Path

import pytest

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.file import (
    FileSigner,
    generate_key,
    load_certificates,
    load_key,
    save_key,
)
from gauger.core.documents import keyring
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from tests.core.documents.material import key, refused, signer_certificate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FileSigner(key(11), (signer_certificate(),)).save(tmp_path / "signer")
    return tmp_path / "signer"


def test_a_signer_survives_its_folder(folder: Path) -> None:
    assert_signs(FileSigner.load(folder))


def assert_signs(signer: Signer) -> None:
    assert signer.key_id == key(11).key_id
    assert signer.chain == (signer_certificate(),)
    keyring.verify(key(11).public_key, b"message", signer.sign(b"message"))


def test_a_licensing_key_needs_no_certificate() -> None:
    signer = FileSigner(key(1))
    assert signer.chain == ()
    assert signer.public_key == key(1).public_key


def test_only_the_owner_reads_a_key(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.threat("C9")
@pytest.mark.parametrize(
    ("name", "mode"), [("key.pem", 0o640), ("key.pem", 0o604), (".", 0o750), (".", 0o701)]
)
def test_a_key_that_others_can_read_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with refused("key-exposed"):
        FileSigner.load(folder)


def test_a_key_is_never_overwritten(folder: Path) -> None:
    with refused("conflict"):
        save_key(folder / "key.pem", key(2))
    assert load_key(folder / "key.pem").key_id == key(11).key_id


def test_what_is_missing_is_named(folder: Path) -> None:
    with refused("key-missing"):
        load_key(folder / "other.pem")
    (folder / "certificate.pem").unlink()
    with refused("key-missing"):
        FileSigner.load(folder)


def test_a_file_that_is_no_certificate_is_refused(folder: Path) -> None:
    (folder / "certificate.pem").write_bytes(b"none")
    with refused("malformed"):
        load_certificates(folder / "certificate.pem")
    (folder / "certificate.pem").write_bytes(bytes(256 * 1024 + 1))
    with refused("too-large"):
        load_certificates(folder / "certificate.pem")


@pytest.mark.threat("C10")
def test_a_certificate_of_another_key_signs_nothing() -> None:
    with refused("key-store-failed"):
        FileSigner(key(12), (signer_certificate(11),))


def test_two_new_keys_differ() -> None:
    assert generate_key(SystemEntropy()).key_id != generate_key(SystemEntropy()).key_id


@pytest.mark.threat("C10")
def test_without_entropy_no_key_is_made() -> None:
    class Failing:
        def random_bytes(self, count: int) -> bytes:
            raise Problem("entropy-failed", f"No {count} bytes.")

    with refused("entropy-failed"):
        generate_key(Failing())
