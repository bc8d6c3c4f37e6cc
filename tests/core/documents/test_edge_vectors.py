"""Edges of the algorithms in use: numbers at their bounds, keys that are none, answers known since.

The signatures are made backwards: for a nonce and an ``s`` that is wanted there is one key under
which they are good, so the strict verifier is tried with good ones at each bound.
"""

import hashlib
import hmac
from typing import Final

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gauger.core.documents.keyring import ORDER, check_public_key, verify
from tests.core.documents.material import key, refused
from tests.support.figures import Figures

MESSAGE: Final = b"gauger/edge/1\x00{}"
HALF: Final = ORDER // 2
PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
GOOD: Final = key(1).public_key
HEADER, POINT = GOOD[:-65], GOOD[-65:]
X, Y = int.from_bytes(POINT[1:33], "big"), int.from_bytes(POINT[33:], "big")


def derived(scalar: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(scalar % ORDER, ec.SECP256R1())


def made_backwards(nonce: int, s: int) -> tuple[bytes, int]:
    """Return the key and the ``r`` of a good signature of this nonce with this ``s``."""
    r = derived(nonce).public_key().public_numbers().x % ORDER
    z = int.from_bytes(hashlib.sha256(MESSAGE).digest(), "big")
    public = derived((s * nonce - z) * pow(r, -1, ORDER)).public_key()
    public.verify(utils.encode_dss_signature(r, s), MESSAGE, ec.ECDSA(SHA256()))
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), r


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.threat("C5")
@pytest.mark.parametrize("nonce", [1, 2, 3, HALF, ORDER - 1])
@pytest.mark.parametrize("s", [1, 2, 255, 2**128, HALF - 1, HALF])
def test_a_good_signature_at_a_bound_holds(nonce: int, s: int) -> None:
    public, r = made_backwards(nonce, s)
    verify(public, MESSAGE, raw(r, s))
    with refused("signature-invalid"):
        verify(public, MESSAGE, raw(r, ORDER - s))


@pytest.mark.threat("C5")
@pytest.mark.parametrize("nonce", [1, 2, ORDER - 1])
@pytest.mark.parametrize("s", [HALF + 1, HALF + 2, ORDER - 2, ORDER - 1])
def test_a_good_signature_with_a_high_s_is_refused(nonce: int, s: int) -> None:
    public, r = made_backwards(nonce, s)
    with refused("signature-invalid"):
        verify(public, MESSAGE, raw(r, s))


@pytest.mark.threat("C5")
def test_leading_zeros_stay(figures: Figures) -> None:
    """A short number fills its 32 bytes; without its zeros, or with one more, it is none."""
    short = [n for n in range(1, 1500) if derived(n).public_key().public_numbers().x >> 248 == 0]
    assert short
    for nonce in short:
        public, r = made_backwards(nonce, 5)
        verify(public, MESSAGE, raw(r, 5))
        for spelt in (
            raw(r, 5)[1:],
            raw(r, 5).lstrip(b"\0"),
            r.to_bytes(31, "big") + (5).to_bytes(33, "big"),
            b"\0" + raw(r, 5),
            utils.encode_dss_signature(r, 5),
        ):
            with refused("signature-invalid"):
                verify(public, MESSAGE, spelt)
    figures.add("signatures with leading zeros", len(short))


@pytest.mark.threat("C5")
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, PRIME, 2**255, 2**256 - 1])
def test_a_number_beyond_its_range_is_refused(number: int, half: int) -> None:
    public, r = made_backwards(7, 9)
    for other in (1, 9, r, HALF, 0):
        pair = (number, other) if half == 0 else (other, number)
        with refused("signature-invalid"):
            verify(public, MESSAGE, raw(*pair))


@pytest.mark.threat("C5")
@pytest.mark.parametrize("length", [*range(64), *range(65, 73), 96, 128, 132])
def test_a_signature_cut_or_grown_is_refused(length: int) -> None:
    public, r = made_backwards(7, 9)
    with refused("signature-invalid"):
        verify(public, MESSAGE, (raw(r, 9) * 3)[:length])


BAD_POINTS: Final = {
    "the point at infinity": b"\x00",
    "infinity, filled up": bytes(65),
    "off the curve": b"\x04" + POINT[1:64] + bytes([POINT[64] ^ 1]),
    "x and y exchanged": b"\x04" + POINT[33:] + POINT[1:33],
    "zero and zero": b"\x04" + bytes(64),
    "x beyond the field": b"\x04" + PRIME.to_bytes(32, "big") + POINT[33:],
    "y beyond the field": b"\x04" + POINT[1:33] + b"\xff" * 32,
    "hybrid, even": b"\x06" + POINT[1:],
    "hybrid, odd": b"\x07" + POINT[1:],
    "compressed, even": b"\x02" + POINT[1:33],
    "compressed, odd": b"\x03" + POINT[1:33],
    "no form at all": b"\x05" + POINT[1:],
    "one byte short": POINT[:-1],
    "one byte long": POINT + b"\x00",
    "nothing": b"",
}


def in_der(point: bytes) -> bytes:
    """Return a SubjectPublicKeyInfo of P-256 around any point, with right lengths."""
    algorithm = HEADER[2:23]
    bits = b"\x03" + bytes([len(point) + 1]) + b"\x00" + point
    return b"\x30" + bytes([len(algorithm) + len(bits)]) + algorithm + bits


def test_a_point_is_wrapped_as_every_key_is() -> None:
    assert in_der(POINT) == GOOD


@pytest.mark.threat("C6")
@pytest.mark.parametrize("name", BAD_POINTS)
def test_a_key_that_is_no_point_of_the_curve_is_refused(name: str) -> None:
    public = in_der(BAD_POINTS[name])
    with refused("malformed"):
        check_public_key(public)
    with refused("malformed"):
        verify(public, MESSAGE, raw(X % ORDER, 1))


@pytest.mark.threat("C6")
@pytest.mark.parametrize("curve", [ec.SECP192R1, ec.SECP224R1, ec.SECP256K1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1])  # fmt: skip
def test_a_key_of_another_curve_is_refused(curve: type[ec.EllipticCurve]) -> None:
    other = ec.derive_private_key(12345, curve()).public_key()
    public = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with refused("algorithm-not-allowed"):
        verify(public, MESSAGE, raw(1, 1))


@pytest.mark.threat("C6")
@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_key_cut_short_is_refused(length: int) -> None:
    with refused("malformed"):
        check_public_key(GOOD[:length])


KNOWN_DIGESTS: Final = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    b"a" * 1_000_000: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}
"""FIPS 180-4, its published examples."""


@pytest.mark.threat("C6")
@pytest.mark.parametrize("message", KNOWN_DIGESTS, ids=len)
def test_sha_256_gives_the_published_digests(message: bytes) -> None:
    assert hashlib.sha256(message).hexdigest() == KNOWN_DIGESTS[message]


@pytest.mark.threat("C6")
def test_hmac_gives_the_published_codes() -> None:
    """RFC 4231, cases 1, 2 and 6."""
    first = hmac.digest(b"\x0b" * 20, b"Hi There", "sha256").hex()
    second = hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex()
    text = b"Test Using Larger Than Block-Size Key - Hash Key First"
    sixth = hmac.digest(b"\xaa" * 131, text, "sha256").hex()
    assert first == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert second == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sixth == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


ZERO_KEY: Final = AESGCM(bytes(32))


@pytest.mark.threat("C6")
@pytest.mark.parametrize(
    ("plain", "sealed"),
    [
        (b"", "530f8afbc74536b9a963b4f1c4cb738b"),
        (bytes(16), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ],
    ids=["nothing", "one block"],
)
def test_aes_gcm_gives_the_published_bytes(plain: bytes, sealed: str) -> None:
    """The cases 13 and 14 of the mode's own specification."""
    assert ZERO_KEY.encrypt(bytes(12), plain, None).hex() == sealed
    assert ZERO_KEY.decrypt(bytes(12), bytes.fromhex(sealed), None) == plain


@pytest.mark.parametrize("plain", [b"", bytes(1), bytes(15), bytes(16), bytes(17), b"x" * 4096])
def test_an_altered_tag_nonce_or_name_opens_nothing(plain: bytes) -> None:
    sealed = ZERO_KEY.encrypt(bytes(12), plain, b"name")
    tries = [
        (bytes(12), sealed[:length], b"name") for length in range(len(sealed) - 16, len(sealed))
    ]
    tries += [(bytes(12), sealed + b"\x00", b"name"), (b"\xff" * 12, sealed, b"name")]
    tries += [(bytes(12), sealed, b""), (bytes(12), sealed, b"name\x00")]
    for nonce, text, name in tries:
        with pytest.raises((InvalidTag, ValueError)):
            ZERO_KEY.decrypt(nonce, text, name)
