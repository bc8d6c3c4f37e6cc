"""The SSH host key: made once, its owner's alone, never replaced by itself."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.ssh_host import NAME, ssh_host_key
from tests.core.documents.material import refused


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = ssh_host_key(folder, SystemEntropy())
    key = serialization.load_pem_private_key(made, password=None)
    assert isinstance(key, Ed25519PrivateKey)
    assert ssh_host_key(folder, SystemEntropy()) == made
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ssh_host_key(folder, SystemEntropy())
    (folder / NAME).chmod(0o640)
    with refused("key-exposed"):
        ssh_host_key(folder, SystemEntropy())


def _p256() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize("content", [b"", b"no key\n", _p256()], ids=["empty", "text", "P-256"])
def test_what_is_no_ed25519_key_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "keys"
    ssh_host_key(folder, SystemEntropy())
    (folder / NAME).write_bytes(content)
    with refused("key-store-failed"):
        ssh_host_key(folder, SystemEntropy())
    assert (folder / NAME).read_bytes() == content
