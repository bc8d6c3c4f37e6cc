"""Keys, strict signatures and certificates."""

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents import keyring
from gauger.core.identity import Udi
from tests.core.documents.material import TERMS, key, manufacturer, refused

MESSAGE = b"sample"
SPKI = PublicFormat.SubjectPublicKeyInfo


def test_signing_is_the_published_deterministic_vector() -> None:
    # RFC 6979 A.2.5, P-256 with SHA-256, message "sample"; its s is high, so ours is n - s.
    scalar = int("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
    private = keyring.PrivateKey.from_seed((scalar - 1).to_bytes(40, "big"))
    r = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    s = int("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8", 16)
    value = keyring.sign(private, MESSAGE)
    assert value == bytes.fromhex(r) + (keyring.ORDER - s).to_bytes(32, "big")
    keyring.verify(private.public_key, MESSAGE, value)


@given(st.binary(max_size=200), st.binary(min_size=40, max_size=40))
def test_every_signature_verifies_and_is_low(message: bytes, seed: bytes) -> None:
    private = keyring.PrivateKey.from_seed(seed)
    value = keyring.sign(private, message)
    assert int.from_bytes(value[32:], "big") <= keyring.ORDER // 2
    assert keyring.sign(private, message) == value
    keyring.verify(private.public_key, message, value)


@pytest.mark.threat("C5")
def test_the_twin_of_a_signature_is_refused() -> None:
    value = keyring.sign(key(1), MESSAGE)
    twin = (keyring.ORDER - int.from_bytes(value[32:], "big")).to_bytes(32, "big")
    with refused("signature-invalid"):
        keyring.verify(key(1).public_key, MESSAGE, value[:32] + twin)


@pytest.mark.threat("C5")
@pytest.mark.parametrize("number", [0, keyring.ORDER, keyring.ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("half", ["r", "s"])
def test_a_number_out_of_range_is_refused(number: int, half: str) -> None:
    value = keyring.sign(key(1), MESSAGE)
    wrong = number.to_bytes(32, "big")
    altered = wrong + value[32:] if half == "r" else value[:32] + wrong
    with refused("signature-invalid"):
        keyring.verify(key(1).public_key, MESSAGE, altered)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    value = (keyring.sign(key(1), MESSAGE) * 2)[:length]
    with refused("signature-invalid"):
        keyring.verify(key(1).public_key, MESSAGE, value)


def test_another_key_or_message_is_refused() -> None:
    value = keyring.sign(key(1), MESSAGE)
    with refused("signature-invalid"):
        keyring.verify(key(2).public_key, MESSAGE, value)
    with refused("signature-invalid"):
        keyring.verify(key(1).public_key, MESSAGE + b"!", value)


@pytest.mark.threat("A9")
@pytest.mark.parametrize("kind", ["p384", "rsa", "ed25519"])
def test_a_public_key_of_another_algorithm_is_refused(kind: str) -> None:
    public = _foreign_key(kind).public_key().public_bytes(Encoding.DER, SPKI)
    with refused("algorithm-not-allowed"):
        keyring.check_public_key(public)


def _foreign_key(
    kind: str,
) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    if kind == "p384":
        return ec.derive_private_key(7, ec.SECP384R1())
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_a_public_key_has_one_spelling() -> None:
    public = key(1).public_key
    assert keyring.check_public_key(public) == hashlib.sha256(public).hexdigest()
    native = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    compressed = header + native.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    for spelling in (compressed, b"", b"junk", public + b"\0"):
        with refused("malformed"):
            keyring.check_public_key(spelling)


def test_a_key_survives_its_file_and_stays_hidden() -> None:
    private = key(1)
    again = keyring.PrivateKey.from_pem(private.to_pem())
    assert again.key_id == private.key_id == keyring.check_public_key(private.public_key)
    assert "EllipticCurve" not in repr(private)
    with pytest.raises(ValueError, match="40 bytes"):
        keyring.PrivateKey.from_seed(bytes(32))


@pytest.mark.parametrize(
    ("kind", "code"), [("p384", "algorithm-not-allowed"), ("rsa", "algorithm-not-allowed")]
)
def test_a_private_key_of_another_algorithm_is_refused(kind: str, code: str) -> None:
    pem = _foreign_key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with refused(code):
        keyring.PrivateKey.from_pem(pem)
    with refused("malformed"):
        keyring.PrivateKey.from_pem(b"no key")


def test_a_sudi_names_its_device_and_its_manufacturer() -> None:
    maker = manufacturer()
    udi = Udi("C9800-CL-K9", "GGR0001")
    der = keyring.build_sudi(maker, udi, key(2).public_key, TERMS)
    certificate = keyring.load_certificate(der)
    keyring.verify_issued(certificate, maker.certificate)
    assert keyring.sudi_udi(certificate) == udi
    assert certificate.key_id == key(2).key_id
    assert certificate.not_after == TERMS.not_after
    assert certificate.digest == hashlib.sha256(der).hexdigest()
    assert not certificate.may_certify


def test_certificates_survive_their_file() -> None:
    der = manufacturer().certificate.der
    pem = keyring.certificate_to_pem(der)
    assert keyring.certificates_from_pem(pem + pem) == (der, der)
    with refused("malformed"):
        keyring.certificates_from_pem(b"nothing")
    with refused("malformed"):
        keyring.certificate_to_pem(b"nothing")


def test_a_udi_that_no_certificate_can_hold_is_refused() -> None:
    with refused("invalid-argument"):
        keyring.build_sudi(manufacturer(), Udi("A_B@", "GGR1"), key(2).public_key, TERMS)


def test_a_subject_without_udi_is_refused() -> None:
    with refused("malformed"):
        keyring.sudi_udi(manufacturer().certificate)


@pytest.mark.threat("A5")
def test_a_certificate_of_another_authority_is_refused() -> None:
    maker, other = manufacturer(), manufacturer(seed=9, name="Other CA")
    der = keyring.build_sudi(other, Udi("P", "S"), key(2).public_key, TERMS)
    with refused("unknown-key"):
        keyring.verify_issued(keyring.load_certificate(der), maker.certificate)
    impostor = manufacturer(seed=9)  # the same name over another key
    with refused("signature-invalid"):
        forged = keyring.build_sudi(impostor, Udi("P", "S"), key(2).public_key, TERMS)
        keyring.verify_issued(keyring.load_certificate(forged), maker.certificate)


def test_an_end_entity_certifies_nobody() -> None:
    signer = keyring.load_certificate(keyring.build_signer(key(3), "Signer", TERMS))
    issuer = keyring.Issuer(key=key(3), certificate=signer)
    der = keyring.build_sudi(issuer, Udi("P", "S"), key(2).public_key, TERMS)
    with refused("unknown-key"):
        keyring.verify_issued(keyring.load_certificate(der), signer)


@pytest.mark.parametrize("length", [1, 127, 128, 255, 256, 4000])
def test_a_delegation_is_carried_whole(length: int) -> None:
    signer = keyring.build_signer(key(3), "Signer", TERMS, delegates=True)
    issuer = keyring.Issuer(key=key(3), certificate=keyring.load_certificate(signer))
    public = key(4).public_key
    der = keyring.build_delegated(issuer, "On-Prem", public, TERMS, delegation="x" * length)
    certificate = keyring.load_certificate(der)
    assert certificate.delegation == "x" * length
    assert certificate.common_name == "On-Prem"
    keyring.verify_issued(certificate, issuer.certificate)


def _certificate(
    *,
    hash_algorithm: SHA256 | SHA384 | None = None,
    extension: x509.ExtensionType | None = None,
    critical: bool = True,
    names: int = 1,
) -> bytes:
    native = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"n{number}") for number in range(names)]
    )
    moment = x509.load_der_x509_certificate(manufacturer().certificate.der).not_valid_before_utc
    builder = x509.CertificateBuilder(name, name, native.public_key(), 5, moment, moment)
    if extension is not None:
        builder = builder.add_extension(extension, critical)
    return builder.sign(native, hash_algorithm or SHA256()).public_bytes(Encoding.DER)


def _unrecognized(value: bytes, oid: x509.ObjectIdentifier | None = None) -> x509.ExtensionType:
    return x509.UnrecognizedExtension(oid or x509.ObjectIdentifier("1.2.3.4"), value)


@pytest.mark.threat("A9")
def test_a_certificate_signed_with_another_hash_is_refused() -> None:
    with refused("algorithm-not-allowed"):
        keyring.load_certificate(_certificate(hash_algorithm=SHA384()))


def test_an_unknown_extension_is_refused_where_it_is_critical() -> None:
    with refused("upgrade-needed"):
        keyring.load_certificate(_certificate(extension=_unrecognized(b"x")))
    extension = _unrecognized(b"x")
    der = _certificate(extension=extension, critical=False)
    assert keyring.load_certificate(der).der == der


def test_a_bad_delegation_or_subject_is_refused() -> None:
    bad = _unrecognized(b"\x0c\x05a", keyring.DELEGATION_OID)
    with refused("malformed"):
        keyring.load_certificate(_certificate(extension=bad))
    with refused("malformed"):
        keyring.load_certificate(_certificate(names=2))


def test_no_certificate_is_malformed_or_too_large() -> None:
    with refused("malformed"):
        keyring.load_certificate(b"junk")
    with refused("malformed"):
        keyring.load_certificate(manufacturer().certificate.der + b"\0")
    with refused("too-large"):
        keyring.load_certificate(bytes(16 * 1024 + 1))


def test_a_key_of_no_known_kind_is_refused() -> None:
    der = manufacturer().certificate.der
    curve = bytes.fromhex("06082a8648ce3d030107")
    unknown = bytes.fromhex("06082a8648ce3d03017f")
    with refused("algorithm-not-allowed"):
        keyring.load_certificate(der.replace(curve, unknown))
    algorithm = base64.b16decode("06072A8648CE3D0201")
    with refused("algorithm-not-allowed"):
        keyring.load_certificate(der.replace(algorithm, algorithm[:-1] + b"\x7f"))
