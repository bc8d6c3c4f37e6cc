"""Signing keys in files that only their owner reads."""

from pathlib import Path
from typing import Final

from gauger.adapters.storage.private_files import (
    private_folder,
    read_private,
    replace_file,
    sync_folder,
    write_private,
)
from gauger.core.documents import keyring
from gauger.core.documents.keyring import PrivateKey
from gauger.core.identity import Digest
from gauger.core.ports import Entropy
from gauger.core.problems import Problem

KEY_FILE: Final = "key.pem"
CERTIFICATE_FILE: Final = "certificate.pem"
_CERTIFICATE_CAP: Final = 256 * 1024


def generate_key(entropy: Entropy) -> PrivateKey:
    """Make a new key.

    Raises:
        Problem: ``entropy-failed``; nothing weaker is used instead.
    """
    return PrivateKey.from_seed(entropy.random_bytes(keyring.SEED_BYTES))


def save_key(path: Path, key: PrivateKey) -> None:
    """Write a key durably, file 0600 in a folder 0700; an existing key is never overwritten.

    Raises:
        Problem: ``conflict`` where there is a file; ``key-exposed``, ``file-not-written``,
            ``store-full`` or ``store-failed``.
    """
    private_folder(path.parent)
    # A SUDI's or signer's key that is written over can never be made again.
    if path.exists():
        raise Problem("conflict", f"There is a key at {path}; a key is never overwritten.")
    write_private(path, key.to_pem())


def load_key(path: Path) -> PrivateKey:
    """Read a key.

    Raises:
        Problem: ``key-missing``; ``key-exposed`` where others may read the file or its folder;
            ``malformed`` or ``algorithm-not-allowed`` where it is no P-256 key.
    """
    pem = read_private(path)
    if pem is None:
        raise Problem("key-missing", f"There is no key at {path}.")
    return PrivateKey.from_pem(pem)


def load_certificates(path: Path) -> tuple[bytes, ...]:
    """Read the certificates (DER) of a PEM file.

    Raises:
        Problem: ``key-missing``, ``too-large`` or ``malformed``.
    """
    try:
        with path.open("rb") as file:
            # One byte more tells what is too long from what just fits, without reading it all.
            data = file.read(_CERTIFICATE_CAP + 1)
    except OSError as error:
        raise Problem("key-missing", f"There is no certificate at {path}.") from error
    if len(data) > _CERTIFICATE_CAP:
        raise Problem("too-large", f"{path} is over {_CERTIFICATE_CAP} bytes.")
    return keyring.certificates_from_pem(data)


class FileSigner:
    """A signer whose key lies in a file; it implements `gauger.core.ports.Signer`."""

    def __init__(self, key: PrivateKey, chain: tuple[bytes, ...] = ()) -> None:
        """Take a key and the certificates that speak for it.

        Args:
            key: The key.
            chain: DER certificates, the key's own first; none for a licensing key, for which a
                trust code speaks.

        Raises:
            Problem: ``key-store-failed`` where the first certificate is for another key: it would
                sign what nobody can verify.
        """
        if chain and keyring.load_certificate(chain[0]).key_id != key.key_id:
            raise Problem("key-store-failed", "The certificate beside the key is for another key.")
        self._key = key
        self._chain = chain

    @classmethod
    def load(cls, folder: Path) -> "FileSigner":
        """Read a signer's folder: ``key.pem`` and ``certificate.pem``.

        Raises:
            Problem: As `load_key` and `load_certificates`; ``key-store-failed``.
        """
        return cls(load_key(folder / KEY_FILE), load_certificates(folder / CERTIFICATE_FILE))

    def save(self, folder: Path) -> None:
        """Write a signer's folder durably; one that holds a key is never overwritten.

        Raises:
            Problem: As `save_key`.
        """
        save_key(folder / KEY_FILE, self._key)
        # The certificate last: by it `SignerPlace` tells a whole folder from half of one.
        pem = b"".join(map(keyring.certificate_to_pem, self._chain))
        replace_file(folder / CERTIFICATE_FILE, pem)
        sync_folder(folder.parent)

    @property
    def key_id(self) -> Digest:
        """SHA-256 of the public key."""
        return self._key.key_id

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._key.public_key

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER certificates, the signer's own first."""
        return self._chain

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over a message."""
        return keyring.sign(self._key, message)
