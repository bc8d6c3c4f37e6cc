"""Keys, signatures and certificates: the only module that knows the crypto library.

One algorithm is on the list: ECDSA on P-256 with SHA-256. A signature is 64 bytes, r then s, big
endian, with s in the lower half of the group order (`spec/signatures.md`). Signing is
deterministic (RFC 6979), so a weak random source at run time cannot leak a key.
"""

import functools
import re
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from gauger.core.identity import Digest, Udi, digest
from gauger.core.problems import Problem

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order n of the group of P-256 (FIPS 186-5)."""

SIGNATURE_BYTES: Final = 64
SEED_BYTES: Final = 40
"""Random bytes that make a key: 64 bits more than the order, so the bias is below 2^-64."""

DELEGATION_OID: Final = x509.ObjectIdentifier("2.25.147319914922137126682188725932073323485")
"""The certificate extension that binds a delegated signer (`spec/signers.md`)."""

NO_EXPIRY: Final = 253402300799
"""9999-12-31 23:59:59 UTC, which IEEE 802.1AR sets as the end of a device identity."""

# Each one costs a parse in C before anything about its sender is known.
_CERTIFICATE_CAP: Final = 16 * 1024
_ECDSA: Final = ec.ECDSA(SHA256())
_ECDSA_DETERMINISTIC: Final = ec.ECDSA(SHA256(), deterministic_signing=True)
_FORM_ERRORS: Final = (
    ValueError,
    TypeError,
    CryptographyDeprecationWarning,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_UDI_SUBJECT: Final = re.compile(r"PID:(\S+) SN:(\S+)")


@dataclass(frozen=True, slots=True, eq=False)
class PrivateKey:
    """A P-256 private key; it never shows itself in text.

    Attributes:
        public_key: DER SubjectPublicKeyInfo of the public half.
        key_id: SHA-256 of that DER.
    """

    _key: ec.EllipticCurvePrivateKey = field(repr=False)
    public_key: bytes = field(repr=False)
    key_id: Digest

    @classmethod
    def from_seed(cls, seed: bytes) -> "PrivateKey":
        """Make a key from random bytes (FIPS 186-5 A.2.1, extra random bits).

        Args:
            seed: 40 bytes that nobody can predict.

        Raises:
            ValueError: Where the seed has another length; a shorter one would make a weak key.
        """
        if len(seed) != SEED_BYTES:
            message = f"a key needs a seed of {SEED_BYTES} bytes, not {len(seed)}"
            raise ValueError(message)
        # 64 bits more than the order has: the remainder favours no key that anybody could search.
        scalar = int.from_bytes(seed, "big") % (ORDER - 1) + 1
        return _wrap(ec.derive_private_key(scalar, ec.SECP256R1()))

    @classmethod
    def from_pem(cls, data: bytes) -> "PrivateKey":
        """Read an unencrypted PKCS#8 PEM key.

        Raises:
            Problem: ``malformed`` where it is none; ``algorithm-not-allowed`` where it is a key of
                another kind or curve.
        """
        try:
            # No password: asking for one would stop a service that starts by itself.
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Problem("malformed", "The private key is no unencrypted PEM key.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Problem("algorithm-not-allowed", "The private key is not one of P-256.")
        _require_p256(key.curve)
        return _wrap(key)

    def to_pem(self) -> bytes:
        """Return the unencrypted PKCS#8 PEM form, for a file that only its owner reads."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _wrap(key: ec.EllipticCurvePrivateKey) -> PrivateKey:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PrivateKey(key, public, digest(public))


def _require_p256(curve: ec.EllipticCurve) -> None:
    if not isinstance(curve, ec.SECP256R1):
        raise Problem("algorithm-not-allowed", f"A key on the curve {curve.name} is not P-256.")


def sign(private_key: PrivateKey, message: bytes) -> bytes:
    """Return the 64-byte signature of a message: deterministic, s low."""
    der = private_key._key.sign(message, _ECDSA_DETERMINISTIC)  # noqa: SLF001 -- this module is the wrapper
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


def verify(public_key: bytes, message: bytes, value: bytes) -> None:
    """Check a signature strictly.

    Args:
        public_key: DER SubjectPublicKeyInfo.
        message: The exact bytes that were signed.
        value: 64 bytes, r then s.

    Raises:
        Problem: ``signature-invalid`` where the length, the range or the signature is wrong: the
            twin (r, n - s) of a good signature is refused too, so nobody can make a second one;
            ``algorithm-not-allowed`` or ``malformed`` for a bad key.
    """
    if len(value) != SIGNATURE_BYTES:
        message_text = f"A signature has {SIGNATURE_BYTES} bytes; this one has {len(value)}."
        raise Problem("signature-invalid", message_text)
    # Judged here and not by the library, which takes both s and its twin.
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    if not (0 < r < ORDER and 0 < s <= ORDER // 2):
        raise Problem("signature-invalid", "A number of the signature is out of its range.")
    key = _public_key(public_key)
    try:
        key.verify(utils.encode_dss_signature(r, s), message, _ECDSA)
    except InvalidSignature as error:
        detail = "The signature was not made over these bytes by this key."
        raise Problem("signature-invalid", detail, key_id=digest(public_key)) from error


def check_public_key(public_key: bytes) -> Digest:
    """Return the key id of a DER public key after checking that it is one.

    Raises:
        Problem: ``malformed`` where it is no canonical DER; ``algorithm-not-allowed`` where it is
            not on P-256.
    """
    _public_key(public_key)
    return digest(public_key)


# Refusals are not remembered, so garbage displaces no key that is in use.
@functools.lru_cache(maxsize=4096)
def _public_key(der: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Problem("malformed", "The public key is not a DER SubjectPublicKeyInfo.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Problem("algorithm-not-allowed", "The public key is not one of P-256.")
    _require_p256(key.curve)
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        # A compressed point is another spelling of the same key: it would have a second key id.
        raise Problem("malformed", "The public key is not in its one canonical form.")
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What this system uses of an X.509 certificate.

    Attributes:
        der: The exact bytes.
        public_key: DER SubjectPublicKeyInfo, on P-256.
        key_id: SHA-256 of the public key.
        common_name: Common name of the subject, or null.
        subject_serial: Attribute ``serialNumber`` of the subject, or null.
        serial_number: The certificate's own number.
        not_before: First second of its validity.
        not_after: Last second of its validity.
        may_certify: Whether it may certify others (a CA that may sign certificates).
        delegation: Text of the delegation extension, or null.
        subject_name: DER of the subject's name.
        issuer_name: DER of the issuer's name.
    """

    der: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    key_id: Digest
    common_name: str | None
    subject_serial: str | None
    serial_number: int
    not_before: int
    not_after: int
    may_certify: bool
    delegation: str | None
    subject_name: bytes = field(repr=False)
    issuer_name: bytes = field(repr=False)
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @property
    def digest(self) -> Digest:
        """SHA-256 of the exact bytes."""
        return digest(self.der)

    def names_issuer(self, issuer: "Certificate") -> bool:
        """Tell whether another certificate's subject is what this one names as its issuer."""
        return self.issuer_name == issuer.subject_name


@functools.lru_cache(maxsize=2048)
def load_certificate(der: bytes) -> Certificate:
    """Read a certificate; the newest 2048 are remembered.

    Args:
        der: The exact DER bytes.

    Raises:
        Problem: ``too-large`` over 16 kB; ``malformed`` where it is no certificate;
            ``algorithm-not-allowed`` where its key or signature is not ECDSA P-256 / SHA-256;
            ``upgrade-needed`` where it holds a critical extension that is not known.
    """
    if len(der) > _CERTIFICATE_CAP:
        raise Problem("too-large", f"A certificate of {len(der)} bytes is over {_CERTIFICATE_CAP}.")
    try:
        # What the library only warns of (a serial number that is not positive) is refused here.
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            return _read_certificate(x509.load_der_x509_certificate(der))
    except UnsupportedAlgorithm as error:
        raise Problem(
            "algorithm-not-allowed", "The certificate's key is of no kind known here."
        ) from error
    except _FORM_ERRORS as error:
        raise Problem("malformed", "A certificate is not valid DER X.509.") from error


def _read_certificate(certificate: x509.Certificate) -> Certificate:
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise Problem("algorithm-not-allowed", "A certificate is not signed by ECDSA with SHA-256.")
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # Here already: a chain with a key of another curve ends before any signature is checked.
    _public_key(public)
    may_certify, delegation = _read_extensions(certificate)
    return Certificate(
        der=certificate.public_bytes(Encoding.DER),
        public_key=public,
        key_id=digest(public),
        common_name=_attribute(certificate.subject, NameOID.COMMON_NAME),
        subject_serial=_attribute(certificate.subject, NameOID.SERIAL_NUMBER),
        serial_number=certificate.serial_number,
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
        may_certify=may_certify,
        delegation=delegation,
        subject_name=certificate.subject.public_bytes(),
        issuer_name=certificate.issuer.public_bytes(),
        _signed=certificate.tbs_certificate_bytes,
        _signature=certificate.signature,
    )


def _read_extensions(certificate: x509.Certificate) -> tuple[bool, str | None]:
    authority, may_sign, delegation = False, True, None
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            authority = value.ca
        elif isinstance(value, x509.KeyUsage):
            may_sign = value.key_cert_sign
        elif extension.oid == DELEGATION_OID and isinstance(value, x509.UnrecognizedExtension):
            delegation = _read_utf8_string(value.value)
        elif isinstance(value, x509.UnrecognizedExtension) and extension.critical:
            oid = extension.oid.dotted_string
            raise Problem("upgrade-needed", f"The critical extension {oid} is not known here.")
    # Without a statement about key usage it may sign (RFC 5280, 4.2.1.3); a CA it must say to be.
    return authority and may_sign, delegation


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    values = name.get_attributes_for_oid(oid)
    # One reader would take the first for the device, another the last.
    if len(values) > 1:
        raise Problem("malformed", "A certificate names its subject twice.")
    return str(values[0].value) if values else None


def _read_utf8_string(der: bytes) -> str:
    """Read a DER UTF8String that fills the bytes exactly."""
    # Written again and compared: another spelling of the length would be another delegation.
    for header in (2, 3, 4):
        content = der[header:]
        if der == _utf8_string(content):
            return content.decode()
    raise ValueError("not a DER UTF8String")


def _utf8_string(content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return b"\x0c" + bytes([length]) + content
    width = (length.bit_length() + 7) // 8
    return b"\x0c" + bytes([0x80 | width]) + length.to_bytes(width, "big") + content


def verify_issued(certificate: Certificate, issuer: Certificate) -> None:
    """Check that one certificate was issued by another that may certify.

    Raises:
        Problem: ``unknown-key`` where the issuer's name is not the one given or the issuer may not
            certify; ``signature-invalid`` where the issuer did not sign it.
    """
    if not certificate.names_issuer(issuer) or not issuer.may_certify:
        detail = "The certificate was not issued by the authority that is trusted for it."
        raise Problem("unknown-key", detail, key_id=certificate.key_id)
    key = _public_key(issuer.public_key)
    try:
        key.verify(certificate._signature, certificate._signed, _ECDSA)  # noqa: SLF001 -- same module
    except InvalidSignature as error:
        detail = "The authority that the certificate names did not sign it."
        raise Problem("signature-invalid", detail, key_id=certificate.key_id) from error


def sudi_udi(certificate: Certificate) -> Udi:
    """Return the UDI in a SUDI certificate's subject, ``serialNumber="PID:… SN:…"``.

    Raises:
        Problem: ``malformed`` where the subject holds no UDI.
    """
    # The whole text: something after the serial number could be read as part of it elsewhere.
    found = _UDI_SUBJECT.fullmatch(certificate.subject_serial or "")
    if found is None:
        raise Problem("malformed", "The subject of the certificate names no product instance.")
    return Udi(found[1], found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Number and validity of a certificate that is to be made.

    Attributes:
        serial_number: Positive, at most 159 bits, unique for the issuer.
        not_before: First second of its validity.
        not_after: Last second of its validity.
    """

    serial_number: int
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A certificate that may certify, with its key."""

    key: PrivateKey
    certificate: Certificate


def build_authority(key: PrivateKey, name: str, terms: Terms) -> bytes:
    """Return a self-signed CA certificate (DER) that certifies end entities only."""
    subject = _name(name)
    return _build(_Plan(subject, key.public_key, terms, authority=True), subject, key)


def build_signer(key: PrivateKey, name: str, terms: Terms, *, delegates: bool = False) -> bytes:
    """Return a self-signed signer certificate (DER); the root set that lists it makes it trusted.

    Args:
        key: The signer's key.
        name: Common name, for people.
        terms: Number and validity.
        delegates: Whether it may certify signers of named accounts.
    """
    subject = _name(name)
    return _build(_Plan(subject, key.public_key, terms, authority=delegates), subject, key)


def build_delegated(
    issuer: Issuer, name: str, public_key: bytes, terms: Terms, *, delegation: str
) -> bytes:
    """Return a certificate (DER) for a signer that is bound to what ``delegation`` says."""
    # Critical below: who does not know the bound must not trust the certificate without it.
    extension = x509.UnrecognizedExtension(DELEGATION_OID, _utf8_string(delegation.encode()))
    plan = _Plan(_name(name), public_key, terms, extensions=((extension, True),))
    return _issue(plan, issuer)


def build_sudi(issuer: Issuer, udi: Udi, public_key: bytes, terms: Terms) -> bytes:
    """Return a SUDI certificate (DER) for one product instance (IEEE 802.1AR style).

    Raises:
        Problem: ``invalid-argument`` where a character of the UDI cannot stand in a certificate.
    """
    try:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.SERIAL_NUMBER, f"PID:{udi.pid} SN:{udi.serial}"),
                x509.NameAttribute(NameOID.COMMON_NAME, udi.pid),
            ]
        )
        return _issue(_Plan(subject, public_key, terms), issuer)
    except ValueError as error:
        detail = f"The UDI {udi} has characters that cannot stand in a certificate."
        raise Problem("invalid-argument", detail) from error


@dataclass(frozen=True, slots=True)
class _Plan:
    subject: x509.Name
    public_key: bytes
    terms: Terms
    authority: bool = False
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()


def _issue(plan: _Plan, issuer: Issuer) -> bytes:
    parsed = x509.load_der_x509_certificate(issuer.certificate.der)
    return _build(plan, parsed.subject, issuer.key)


def _build(plan: _Plan, issuer: x509.Name, key: PrivateKey) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(plan.subject)
        .issuer_name(issuer)
        .public_key(_public_key(plan.public_key))
        .serial_number(plan.terms.serial_number)
        .not_valid_before(datetime.fromtimestamp(plan.terms.not_before, UTC))
        .not_valid_after(datetime.fromtimestamp(plan.terms.not_after, UTC))
        .add_extension(
            # Path length 0: whoever is certified by it can never certify others in turn.
            x509.BasicConstraints(ca=plan.authority, path_length=0 if plan.authority else None),
            critical=True,
        )
        .add_extension(_key_usage(authority=plan.authority), critical=True)
    )
    for extension, critical in plan.extensions:
        builder = builder.add_extension(extension, critical=critical)
    # Deterministic, as every signature here: a weak random source must not leak the key.
    signed = builder.sign(key._key, SHA256(), ecdsa_deterministic=True)  # noqa: SLF001 -- same module
    return signed.public_bytes(Encoding.DER)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate_to_pem(der: bytes) -> bytes:
    """Return the PEM form of a certificate.

    Raises:
        Problem: ``malformed`` where the bytes are no certificate.
    """
    try:
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    except ValueError as error:
        raise Problem("malformed", "A certificate is not valid DER X.509.") from error


def certificates_from_pem(data: bytes) -> tuple[bytes, ...]:
    """Return the DER certificates of a PEM file, in order.

    Raises:
        Problem: ``malformed`` where it holds none, or something that is none.
    """
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise Problem("malformed", "The file holds no PEM certificate.") from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)
