"""The key by which a product instance proves itself to SSH clients: made once, then kept."""

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gauger.adapters.storage.private_files import private_folder, read_private, write_private
from gauger.core.ports import Entropy
from gauger.core.problems import Problem

NAME: Final = "ssh-host.pem"
_SEED_BYTES: Final = 32


def ssh_host_key(folder: Path, entropy: Entropy) -> bytes:
    """Return the host key of a key folder, PEM; the first time it is made.

    Args:
        folder: The key folder.
        entropy: Where a new key comes from.

    Raises:
        Problem: ``key-exposed`` where others may read it, ``key-store-failed`` where the file
            holds no Ed25519 key, ``entropy-failed``, ``store-full`` or ``store-failed``.
    """
    path = private_folder(folder) / NAME
    kept = read_private(path)
    if kept is not None:
        _require_ed25519(path, kept)
        return kept
    key = Ed25519PrivateKey.from_private_bytes(entropy.random_bytes(_SEED_BYTES))
    made = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Durable before anybody sees it: clients remember a host key, and take another for an attack.
    write_private(path, made)
    return made


def _require_ed25519(path: Path, pem: bytes) -> None:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path)


def _no_key(path: Path) -> Problem:
    # Never replaced by itself: whoever spoils the file would have clients accept a new key.
    message = (
        f"{path} holds no Ed25519 key. Put it back from a backup, or remove it: a new one is made,"
        " and every client has to be told."
    )
    return Problem("key-store-failed", message)
