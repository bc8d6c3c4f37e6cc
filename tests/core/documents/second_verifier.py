"""A second verifier, written from `spec/` alone: nothing of the project is imported.

It shares no line with the first one; even the curve is computed here. Where the two disagree on a
vector, the specification is not good enough.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
DELEGATION = "2.25.147319914922137126682188725932073323485"

Point = tuple[int, int] | None
Json = Any  # decoded JSON


class RefusedError(Exception):
    """A refusal; its text is the problem's code."""


def require(held: bool, code: str) -> None:  # noqa: FBT001 -- the condition is the statement
    if not held:
        raise RefusedError(code)


def add(a: Point, b: Point) -> Point:
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar: int, point: Point) -> Point:
    total: Point = None
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def point_of(key: bytes) -> tuple[int, int]:
    require(key.startswith(SPKI) and len(key) == len(SPKI) + 64, "key")
    x, y = int.from_bytes(key[-64:-32], "big"), int.from_bytes(key[-32:], "big")
    require((y * y - x * x * x + 3 * x - B) % P == 0, "key")
    return x, y


def verify_value(key: bytes, message: bytes, value: bytes) -> None:
    require(len(value) == 64, "signature-invalid")
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    require(0 < r < N and 0 < s <= N // 2, "signature-invalid")
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, N)
    found = add(times(digest * inverse % N, G), times(r * inverse % N, point_of(key)))
    require(found is not None and found[0] % N == r, "signature-invalid")


def preimage(kind: str, version: int, body: str) -> bytes:
    return f"gauger/{kind}/{version}".encode() + b"\0" + body.encode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Follow RFC 9162, 2.1.3.2."""
    place, last, found = index, size - 1, leaf
    require(index < size, "signature-invalid")
    for node in path:
        require(last > 0, "signature-invalid")
        if place % 2 or place == last:
            found = sha256(b"\x01" + node + found)
            while place and place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            found = sha256(b"\x01" + found + node)
        place, last = place // 2, last // 2
    require(last == 0, "signature-invalid")
    return found


def spki_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed_root(document: Mapping[str, Json]) -> dict[str, Json]:
    """Check a pinned root set by its own threshold and return its body."""
    body: dict[str, Json] = json.loads(document["body"])
    keys = {item["key_id"]: base64.b64decode(item["public_key"]) for item in body["keys"]}
    message = preimage("root-set", 1, document["body"])
    holders = set()
    for item in document["signature"]["signatures"]:
        verify_value(keys[item["key_id"]], message, base64.b64decode(item["value"]))
        holders.add(item["key_id"])
    require(len(holders) >= body["threshold"], "root-threshold")
    return body


def authorise(
    chain: Sequence[str], root: Mapping[str, Json], now: int
) -> tuple[bytes, str | None, list[Json] | None]:
    """Return the signer's key, the ledger it is bound to, and its accounts."""
    require(now <= root["expires_at"], "root-expired")
    ders = [base64.b64decode(item) for item in chain]
    certificates = [x509.load_der_x509_certificate(der) for der in ders]
    ids = [hashlib.sha256(spki_of(each)).hexdigest() for each in certificates]
    require(not set(ids) & set(root["revoked"]), "key-revoked")
    signers: dict[str, Json] = {item["key_id"]: item for item in root["signers"]}
    listed = signers.get(ids[-1], {"certificate": None})
    require(listed["certificate"] == chain[-1], "unknown-key")
    ends = [each.not_valid_after_utc.timestamp() for each in certificates]
    require(all(now <= end for end in ends), "signer-expired")
    if len(certificates) == 1:
        return spki_of(certificates[0]), listed["ledger"], None
    require(len(certificates) == 2 and listed["delegates"], "unknown-key")
    certificates[0].verify_directly_issued_by(certificates[1])
    oid = x509.ObjectIdentifier(DELEGATION)
    found = certificates[0].extensions.get_extension_for_oid(oid).value
    require(isinstance(found, x509.UnrecognizedExtension), "unknown-key")
    raw = found.public_bytes()
    bound = json.loads(raw[raw.index(b"{") :])
    return spki_of(certificates[0]), bound["ledger"], bound["accounts"]


def verify_document(text: str, expected: str, root: Mapping[str, Json], now: int) -> None:
    """Verify a document as `spec/envelope.md`, `pages.md` and `signers.md` say."""
    document = json.loads(text)
    body, block = json.loads(document["body"]), document["signature"]
    require(document["type"] == expected == body["type"], "wrong-type")
    key, ledger, accounts = authorise(block["chain"], root, now)
    value = base64.b64decode(block["value"])
    message = preimage(expected, document["version"], document["body"])
    if block["kind"] == "direct":
        verify_value(key, message, value)
    else:
        verify_page(block, message, key, body)
    require(ledger in {None, body["issuer"]}, "unknown-key")
    require(accounts is None or body["account"] in accounts, "not-permitted")
    require(not body.get("test_clock"), "test-clock")


def verify_page(
    block: Mapping[str, Json], message: bytes, key: bytes, body: Mapping[str, Json]
) -> None:
    head = json.loads(block["head"])
    verify_value(key, preimage("page-head", 1, block["head"]), base64.b64decode(block["value"]))
    require(head["signer"] == hashlib.sha256(key).hexdigest(), "signature-invalid")
    leaf = sha256(b"\0" + base64.b64decode(block["salt"]) + message)
    path = [base64.b64decode(node) for node in block["path"]]
    root = root_from_path(leaf, block["index"], head["leaf_count"], path)
    require(root.hex() == head["page_root"], "signature-invalid")
    require(head["ledger"] == body["issuer"], "signature-invalid")
