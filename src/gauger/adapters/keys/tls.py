"""The portal's own TLS certificate: self-signed for this machine's names, made at its start."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gauger.adapters.storage.private_files import private_folder, replace_file, write_private

NAMES: Final = ("localhost", "127.0.0.1", "::1")
"""What the certificate is for where nothing else is named."""

_DAYS: Final = 825  # what clients accept at most


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Where the certificate and its key lie.

    Attributes:
        certificate: PEM; who connects trusts this file.
        key: PEM, mode 0600.
    """

    certificate: Path
    key: Path

    @classmethod
    def below(cls, folder: Path) -> "TlsFiles":
        """Return the paths within a folder."""
        return cls(certificate=folder / "certificate.pem", key=folder / "key.pem")


def make_tls_files(folder: Path, names: Sequence[str] = NAMES) -> TlsFiles:
    """Make a key and a self-signed certificate for these host names and addresses.

    The time is the machine's own: a peer's TLS library judges it by the true time, whatever
    clock a test gives to the portal.

    Raises:
        Problem: ``store-full``, ``store-failed`` or ``key-exposed``.
    """
    paths = TlsFiles.below(private_folder(folder))
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, names)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The key last: where it lies a certificate lies too, whatever cuts this off.
    replace_file(paths.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    write_private(paths.key, private)
    return paths


def _certificate(key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gauger CSSM")])
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A client whose clock is slow by less than a day gets in.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=False)
        # Who connects pins this one file as authority; it can certify no further one.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(issuer, critical=False)
    )
    return builder.sign(key, hashes.SHA256())


_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _name(text: str) -> x509.GeneralName:
    try:
        # As its own kind: clients that connect to an address do not look among the host names.
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
