"""Make the test vectors of signatures, pages, root sets, signers and devices.

Keys are fixed and signing is deterministic, so the files come out the same each time; a test
compares them. They hold everything that a second implementation needs to check itself.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gauger.core.documents import keyring, merkle
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    PageSignature,
    ThresholdSignature,
    preimage,
    write_document,
)
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import (
    EarlierEpoch,
    Leaf,
    LedgerEpoch,
    Page,
    PageFacts,
    build_page,
)
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.trust_store import Delegation
from gauger.core.fields import encode_base64
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.strict_json import encode

FOLDER: Final = Path(__file__).resolve().parent.parent / "spec" / "vectors" / "trust"
NOW: Final = 1_790_000_000
LEDGER: Final = "a1" * 16
OTHER_LEDGER: Final = "b2" * 16
UDI: Final = Udi("C9800-CL-K9", "GGR0001")
ACCOUNT: Final = AccountRef("example.com", "DEFAULT")
OTHER_ACCOUNT: Final = AccountRef("other.example", "DEFAULT")
EPOCH: Final = LedgerEpoch(1, "e1" * 16)

Case = Mapping[str, object]


def key(name: str) -> keyring.PrivateKey:
    """Return the fixed key of a name: its seed is SHA-512 of the name, cut to 40 bytes."""
    return keyring.PrivateKey.from_seed(seed(name))


def seed(name: str) -> bytes:
    """Return the 40 bytes that a key is made of."""
    return hashlib.sha512(f"gauger vector key {name}".encode()).digest()[:40]


def terms(number: int, *, days: int = 1000) -> keyring.Terms:
    """Return the terms of a certificate."""
    return keyring.Terms(
        serial_number=number, not_before=NOW - 86_400, not_after=NOW + days * 86_400
    )


# Signatures.


def signatures() -> Case:
    """Return the vectors of keys and signatures."""
    one = key("one")
    message = b"gauger/ack/1\x00{}"
    value = keyring.sign(one, message)
    r, s = value[:32], value[32:]
    high = (keyring.ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    order, zero = keyring.ORDER.to_bytes(32, "big"), bytes(32)
    values = [
        ("good", value, "ok"),
        ("s in the upper half: the twin of a good signature", r + high, "signature-invalid"),
        ("r is zero", zero + s, "signature-invalid"),
        ("s is zero", r + zero, "signature-invalid"),
        ("r is n", order + s, "signature-invalid"),
        ("s is n", r + order, "signature-invalid"),
        ("all bits set", b"\xff" * 64, "signature-invalid"),
        ("one byte short", value[:-1], "signature-invalid"),
        ("one byte long", value + b"\0", "signature-invalid"),
        ("empty", b"", "signature-invalid"),
        ("r and s exchanged", s + r, "signature-invalid"),
        ("DER instead of r and s", _der(r, s), "signature-invalid"),
        ("one bit of s flipped", value[:-1] + bytes([value[-1] ^ 1]), "signature-invalid"),
    ]
    public = one.public_key
    cases = [
        _signature(name, public, message, each, expected=result) for name, each, result in values
    ]
    for name, other, result in _other_keys():
        cases.append(_signature(name, other, message, value, expected=result))
    other_domain, other_version = b"gauger/policy/1\x00{}", b"gauger/ack/2\x00{}"
    cases += [
        _signature("another domain", public, other_domain, value, expected="signature-invalid"),
        _signature("another version", public, other_version, value, expected="signature-invalid"),
    ]
    return {
        "about": "ES256 as in spec/signatures.md. Bytes in hexadecimal, keys as DER in hexadecimal.",
        "keys": [_key("one"), _key("two")],
        "signing": [_signing(name, text) for name in ("one", "two") for text in (b"", b"sample")],
        "verifying": cases,
    }


def _key(name: str) -> Case:
    private = key(name)
    scalar = int.from_bytes(seed(name), "big") % (keyring.ORDER - 1) + 1
    return {
        "name": name,
        "seed": seed(name).hex(),
        "private_scalar": scalar.to_bytes(32, "big").hex(),
        "public_key": private.public_key.hex(),
        "key_id": private.key_id,
    }


def _signing(name: str, message: bytes) -> Case:
    return {"key": name, "message": message.hex(), "value": keyring.sign(key(name), message).hex()}


def _signature(name: str, public: bytes, message: bytes, value: bytes, *, expected: str) -> Case:
    return {
        "name": name,
        "public_key": public.hex(),
        "message": message.hex(),
        "value": value.hex(),
        "expected": expected,
    }


def _other_keys() -> Sequence[tuple[str, bytes, str]]:
    native = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    compressed = header + native.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return [
        ("another key", key("two").public_key, "signature-invalid"),
        ("a key on P-384", _spki(ec.SECP384R1()), "algorithm-not-allowed"),
        ("a key on secp256k1", _spki(ec.SECP256K1()), "algorithm-not-allowed"),
        ("a compressed point", compressed, "malformed"),
        ("no key", b"\x30\x00", "malformed"),
    ]


def _spki(curve: ec.EllipticCurve) -> bytes:
    public = ec.derive_private_key(7, curve).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _der(r: bytes, s: bytes) -> bytes:
    parts = b"".join(_der_integer(number) for number in (r, s))
    return b"\x30" + bytes([len(parts)]) + parts


def _der_integer(number: bytes) -> bytes:
    short = number.lstrip(b"\0")
    padded = b"\0" + short if short[0] & 0x80 else short
    return b"\x02" + bytes([len(padded)]) + padded


# Trees and pages.


def pages() -> Case:
    """Return the vectors of trees, pages and continuations."""
    leaves = [b"leaf %d" % number for number in range(11)]
    frontier, nodes = merkle.tree(map(merkle.leaf_hash, leaves))

    def node(level: int, place: int) -> bytes:
        return nodes[level, place]

    root = frontier.root()
    inclusion = [_inclusion(leaves, index, node) for index in range(11)]
    consistency = [_consistency(first, 11, node) for first in range(12)]
    path = merkle.inclusion_path(4, 11, node)
    return {
        "about": "Trees of RFC 9162 and signed pages as in spec/pages.md. Hashes in hexadecimal.",
        "leaves": [leaf.hex() for leaf in leaves],
        "roots": [merkle.root_of(size, node).hex() for size in range(12)],
        "inclusion": [
            *({**case, "expected": "ok"} for case in inclusion),
            {**inclusion[4], "path": _hex(path[::-1]), **_bad("path in reverse")},
            {**inclusion[4], "path": _hex(path[:-1]), **_bad("path too short")},
            {**inclusion[4], "path": _hex([*path, bytes(32)]), **_bad("path too long")},
            {**inclusion[4], "index": 5, **_bad("another index")},
            {**inclusion[4], "index": 11, **_bad("index outside of the tree")},
            {**inclusion[4], "root": bytes(32).hex(), **_bad("another root")},
        ],
        "consistency": [
            *({**case, "expected": "ok"} for case in consistency),
            {**consistency[6], "first_root": root.hex(), **_bad("fork: another earlier root")},
            {**consistency[6], "path": [], **_bad("no proof")},
            {**consistency[6], "first": 12, **_bad("rollback: the later ledger is shorter")},
        ],
        "page": _page_case(),
        "epochs": _epochs_case(),
    }


def _hex(path: Sequence[bytes]) -> list[str]:
    return [each.hex() for each in path]


def _bad(name: str) -> Case:
    return {"name": name, "expected": "signature-invalid"}


def _inclusion(leaves: Sequence[bytes], index: int, node: merkle.Lookup) -> Case:
    size = len(leaves)
    return {
        "name": f"leaf {index} of {size}",
        "leaf": merkle.leaf_hash(leaves[index]).hex(),
        "index": index,
        "size": size,
        "path": _hex(merkle.inclusion_path(index, size, node)),
        "root": merkle.root_of(size, node).hex(),
    }


def _consistency(first: int, second: int, node: merkle.Lookup) -> Case:
    return {
        "name": f"from {first} to {second}",
        "first": first,
        "second": second,
        "path": _hex(merkle.consistency_path(first, second, node)),
        "first_root": merkle.root_of(first, node).hex(),
        "second_root": merkle.root_of(second, node).hex(),
    }


def page_of(documents: Sequence[tuple[str, bytes]], *, ledger: str = LEDGER) -> Page:
    """Return the page of some documents; salt i is 16 times the byte i + 1."""
    facts = _facts(ledger)
    leaves = [
        Leaf(bytes([at + 1] * 16), preimage(kind, 1, body))
        for at, (kind, body) in enumerate(documents)
    ]
    return build_page(facts, leaves)


def _facts(ledger: str) -> PageFacts:
    return PageFacts(
        ledger=ledger,
        epoch=EPOCH,
        page=0,
        previous_root=Digest(hashlib.sha256().hexdigest()),
        issued_at=NOW,
        signer=key("signer").key_id,
    )


def _page_case() -> Case:
    documents = [("ack", b"{}"), ("policy", b'{"n":1}'), ("verdict", b'{"n":2}')]
    page = page_of(documents)
    return {
        "documents": [
            {"type": kind, "version": 1, "body": body.decode()} for kind, body in documents
        ],
        "salts": [leaf.salt.hex() for leaf in page.leaves],
        "head": page.body.decode(),
        "head_preimage": page.preimage.hex(),
        "paths": [_hex(path) for path in page.paths],
    }


def _epochs_case() -> Case:
    second, twin = LedgerEpoch(2, "e2" * 16), LedgerEpoch(2, "d2" * 16)
    earlier = (EarlierEpoch(epoch=EPOCH, until=5), EarlierEpoch(epoch=second, until=5))
    facts = replace(_facts(LEDGER), epoch=LedgerEpoch(3, "e3" * 16), page=9, earlier=earlier)
    page = build_page(facts, [Leaf(bytes(16), preimage("ack", 1, b"{}"))])
    places = ((EPOCH, 4), (EPOCH, 5), (second, 5), (twin, 3), (facts.epoch, 9))
    return {
        "about": "Epoch 1 was ended by a restore, epoch 2 by a foreign head; an unknown epoch 2 too.",
        "head": page.body.decode(),
        "pages": [
            {"epoch": epoch.to_json(), "page": number, "stands": page.head.stands(epoch, number)}
            for epoch, number in places
        ],
    }


# Root sets.


def signer_certificate(name: str = "signer", *, days: int = 1000, delegates: bool = False) -> bytes:
    """Return the certificate of a signer."""
    return keyring.build_signer(
        key(name), f"Vector {name}", terms(9, days=days), delegates=delegates
    )


def root_set(number: int = 1, **changes: object) -> RootSet:
    """Return a root set with the keys root-1 to root-3, 2 of which must sign."""
    usual: dict[str, object] = {
        "issued_at": NOW - 1000,
        "number": number,
        "epoch": 1,
        "expires_at": NOW + 2000 * 86_400,
        "threshold": 2,
        "keys": root_keys("root-1", "root-2", "root-3"),
        "signers": (
            ListedSigner.of(signer_certificate()),
            ListedSigner.of(signer_certificate("bound"), ledger=OTHER_LEDGER),
            ListedSigner.of(signer_certificate("delegator", delegates=True), delegates=True),
            ListedSigner.of(signer_certificate("old", days=-1)),
        ),
        "revoked": (key("revoked").key_id,),
    }
    return RootSet(**(usual | changes))  # type: ignore[arg-type] # the dataclass checks the names


def root_keys(*names: str) -> tuple[RootKey, ...]:
    """Return root keys by their names."""
    return tuple(RootKey.of(key(name).public_key) for name in names)


def signed_root(root: RootSet, *names: str) -> Document:
    """Sign a root set with these keys."""
    body = root.encode()
    message = preimage(RootSet.TYPE, 1, body)
    values = tuple((key(name).key_id, keyring.sign(key(name), message)) for name in names)
    signature = ThresholdSignature(signatures=values)
    return Document(type=RootSet.TYPE, version=1, body=body, signature=signature)


def root_sets() -> Case:
    """Return the vectors of root sets that follow each other."""
    held = signed_root(root_set(5, epoch=3), "root-1", "root-2")
    both = ("root-1", "root-2", "root-4", "root-5")
    following = root_set(6, epoch=3)
    renewed = root_set(6, epoch=4, keys=root_keys("root-4", "root-5", "root-6"))
    twice = signed_root(following, "root-1", "root-1")
    damaged = signed_root(following, "root-1", "root-2")
    damaged = replace(damaged, body=damaged.body.replace(b'"number":6', b'"number":6 '))
    offers: list[tuple[str, Document, str]] = [
        ("the one that is held", held, "ok"),
        ("the next, signed by 2 of 3", signed_root(following, "root-3", "root-1"), "ok"),
        ("the next, with new keys, signed by both thresholds", signed_root(renewed, *both), "ok"),
        ("one of three keys", signed_root(following, "root-1"), "root-threshold"),
        ("one key twice", twice, "root-threshold"),
        ("one key and a stranger's", signed_root(following, "root-1", "thief"), "root-threshold"),
        ("new keys only", signed_root(renewed, *both[2:]), "root-threshold"),
        ("old keys only", signed_root(renewed, *both[:2]), "root-threshold"),
        ("bytes altered after signing", damaged, "root-threshold"),
        ("one skipped", signed_root(root_set(7, epoch=3), *both[:2]), "root-skipped"),
        ("an older one", signed_root(root_set(4, epoch=3), *both[:2]), "stale-version"),
        ("a lower epoch", signed_root(root_set(6, epoch=2), *both[:2]), "stale-version"),
        ("the same number, other content", signed_root(root_set(5, epoch=4), *both[:2]),
         "version-conflict"),
        ("a key twice", signed_root(replace(following, keys=following.keys[:1] * 2), *both[:2]),
         "malformed"),
        ("a threshold above the keys", signed_root(replace(following, threshold=4), *both[:2]),
         "malformed"),
        ("of a test clock", signed_root(replace(following, test_clock=True), *both[:2]),
         "test-clock"),
    ]  # fmt: skip
    return {
        "about": "Offered to one who holds `held`, as in spec/root-set.md.",
        "held": write_document(held),
        "cases": [
            {"name": name, "document": write_document(each), "expected": result}
            for name, each, result in offers
        ],
    }


# Documents and their signers.


def body_of(kind: str, **members: object) -> bytes:
    """Return the body of an answer, with the common fields only unless more are given."""
    common: dict[str, object] = {
        "type": kind,
        "version": 1,
        "issued_at": NOW,
        "issuer": LEDGER,
        "account": None,
    }
    return json.dumps(common | members, sort_keys=True, separators=(",", ":")).encode()


def direct(
    name: str, body: bytes, *, chain: tuple[bytes, ...] = (), kind: str = "policy"
) -> Document:
    """Sign a body directly with the key of a name."""
    value = keyring.sign(key(name), preimage(kind, 1, body))
    signature = DirectSignature(chain=chain or (signer_certificate(name),), value=value)
    return Document(type=kind, version=1, body=body, signature=signature)


def paged(bodies: Sequence[bytes], *, kind: str = "ack", ledger: str = LEDGER) -> list[Document]:
    """Sign bodies as leaves 1 and up of one page; leaf 0 is that of the ledger rows."""
    page = page_of([("ledger-rows", b"rows"), *((kind, body) for body in bodies)], ledger=ledger)
    value = keyring.sign(key("signer"), page.preimage)
    chain = (signer_certificate(),)
    return [
        Document(
            type=kind, version=1, body=body, signature=page.signature(at, chain=chain, value=value)
        )
        for at, body in enumerate(bodies, 1)
    ]


def delegated_certificate(*, ledger: str | None = None) -> bytes:
    """Return the certificate of a delegated signer that is bound to one account."""
    top = signer_certificate("delegator", delegates=True)
    issuer = keyring.Issuer(key=key("delegator"), certificate=keyring.load_certificate(top))
    text = Delegation(accounts=(ACCOUNT,), ledger=ledger).to_text()
    public = key("delegate").public_key
    return keyring.build_delegated(issuer, "Vector delegate", public, terms(11), delegation=text)


def documents() -> Case:
    """Return the vectors of documents, each to be verified under one root set."""
    cases = [*_page_documents(), *_direct_documents(), *_delegated_documents()]
    return {
        "about": "Each document, expected as `type`, verified at `now` under `root_set` alone.",
        "now": NOW,
        "root_set": write_document(signed_root(root_set(), "root-1", "root-2")),
        "cases": [
            {"name": name, "type": kind, "document": write_document(each), "expected": result}
            for name, kind, each, result in cases
        ],
    }


def _page_documents() -> Sequence[tuple[str, str, Document, str]]:
    good, second, third = paged([body_of("ack", n=number) for number in (1, 2, 3)])
    foreign = paged([body_of("ack")], ledger=OTHER_LEDGER)[0]
    block = good.signature
    if not isinstance(block, PageSignature):
        raise TypeError("a page signs by pages")
    altered = replace(block, path=(bytes(32), *block.path[1:]))
    head = replace(block, head=block.head.replace(b'"page":0', b'"page":1'))
    return [
        ("first answer of a page", "ack", good, "ok"),
        ("second answer of the page", "ack", second, "ok"),
        ("third answer of the page", "ack", third, "ok"),
        ("an ACK offered as a policy", "policy", good, "wrong-type"),
        ("an ACK renamed to a policy", "policy", replace(good, type="policy"), "wrong-type"),
        ("body altered", "ack", replace(good, body=good.body + b" "), "signature-invalid"),
        ("path altered", "ack", replace(good, signature=altered), "signature-invalid"),
        ("path of another leaf", "ack", replace(good, signature=second.signature),
         "signature-invalid"),
        ("salt altered", "ack", replace(good, signature=replace(block, salt=bytes(16))),
         "signature-invalid"),
        ("index altered", "ack", replace(good, signature=replace(block, index=2)),
         "signature-invalid"),
        ("head altered", "ack", replace(good, signature=head), "signature-invalid"),
        ("page of another ledger", "ack", foreign, "signature-invalid"),
    ]  # fmt: skip


def _direct_documents() -> Sequence[tuple[str, str, Document, str]]:
    body = body_of("policy")
    good = direct("signer", body)
    domain = direct("signer", body, kind="ack")
    tested = body_of("policy", test_clock=True)
    other = body_of("policy", issuer=OTHER_LEDGER)
    embedded = body_of("policy", jwk={"kty": "EC"}, jku="https://attacker.example/keys.json")
    longer = (signer_certificate(days=2000),)
    listed = (signer_certificate(),)
    return [
        ("signed directly", "policy", good, "ok"),
        ("signed for another domain", "policy", replace(domain, type="policy"),
         "signature-invalid"),
        ("an unknown signer", "policy", direct("thief", body), "unknown-key"),
        ("another certificate over a listed key", "policy", direct("signer", body, chain=longer),
         "unknown-key"),
        ("a listed certificate over another key", "policy", direct("thief", body, chain=listed),
         "signature-invalid"),
        ("a key inside the document", "policy", direct("thief", embedded, chain=listed),
         "signature-invalid"),
        ("a revoked signer", "policy", direct("revoked", body), "key-revoked"),
        ("an expired signer", "policy",
         direct("old", body, chain=(signer_certificate("old", days=-1),)), "signer-expired"),
        ("a signer of another ledger", "policy", direct("bound", body), "unknown-key"),
        ("a signer of its own ledger", "policy", direct("bound", other), "ok"),
        ("of a test clock", "policy", direct("signer", tested), "test-clock"),
    ]  # fmt: skip


def _delegated_documents() -> Sequence[tuple[str, str, Document, str]]:
    top = signer_certificate("delegator", delegates=True)
    chain = (delegated_certificate(), top)
    mine = body_of("policy", account=ACCOUNT.to_json())
    other = body_of("policy", account=OTHER_ACCOUNT.to_json())
    elsewhere = (delegated_certificate(ledger=OTHER_LEDGER), top)
    plain = (delegated_certificate(), signer_certificate())
    deep = (delegated_certificate(), *chain)
    return [
        ("a delegated signer", "policy", direct("delegate", mine, chain=chain), "ok"),
        ("a delegated signer for another account", "policy",
         direct("delegate", other, chain=chain), "not-permitted"),
        ("a delegated signer for no account", "policy",
         direct("delegate", body_of("policy"), chain=chain), "not-permitted"),
        ("a delegated signer for another ledger", "policy",
         direct("delegate", mine, chain=elsewhere), "unknown-key"),
        ("delegated by one that may not", "policy", direct("delegate", mine, chain=plain),
         "unknown-key"),
        ("delegated twice", "policy", direct("delegate", mine, chain=deep), "unknown-key"),
    ]  # fmt: skip


# Written forms that are refused before any cryptography.


def envelopes() -> Case:
    """Return texts that are no documents."""
    good = json.loads(write_document(direct("signer", body_of("policy"))))
    block = good["signature"]
    changed: list[tuple[str, Mapping[str, object], str]] = [
        ("good", {}, "ok"),
        ("no signature", {"signature": None}, "signature-missing"),
        ("a field beside what is signed", {"note": "x"}, "malformed"),
        ("a type in capitals", {"type": "POLICY"}, "malformed"),
        ("version 0", {"version": 0}, "malformed"),
        ("version as text", {"version": "1"}, "malformed"),
        ("a body that is an object", {"body": {}}, "malformed"),
        ("algorithm none", {"signature": block | {"algorithm": "none"}}, "algorithm-not-allowed"),
        ("algorithm HS256", {"signature": block | {"algorithm": "HS256"}}, "algorithm-not-allowed"),
        ("an unknown kind", {"signature": block | {"kind": "jws"}}, "upgrade-needed"),
        ("an empty chain", {"signature": block | {"chain": []}}, "malformed"),
        ("base64 without padding", {"signature": block | {"value": "AAA"}}, "malformed"),
    ]
    text = encode(good)
    twice = text[:-1] + ',"type":"ack"}'
    raw = [
        ("cut off", text[:-1], "truncated"),
        ("something behind", text + "{}", "trailing-data"),
        ("a key twice", twice, "duplicate-key"),
        ("a number that is none", text.replace('"version":1}', '"version":NaN}'),
         "number-not-allowed"),
        ("nested too deep", "[" * 40 + "]" * 40, "too-deep"),
    ]  # fmt: skip
    cases = [*((name, encode(good | change), result) for name, change, result in changed), *raw]
    return {
        "about": "Texts offered as a document's written form, as in spec/envelope.md.",
        "cases": [{"name": name, "text": text, "expected": result} for name, text, result in cases],
    }


# Devices.


def devices() -> Case:
    """Return the vectors of SUDI certificates under one pinned manufacturer."""
    maker, thief = _authority("maker", "Vector CA"), _authority("thief", "Vector CA")
    stranger = _authority("stranger", "Stranger CA")
    other = Udi("C9800-CL-K9", "GGR0002")
    undeclared = Udi("C9800-CL-K9", "FOC0001")
    good = _sudi(maker, UDI)
    cases = [
        ("its own SUDI", [good], UDI, "ok"),
        ("the SUDI of another device", [good], other, "wrong-subject"),
        ("a manufacturer that is not pinned", [_sudi(stranger, UDI), stranger.certificate.der],
         UDI, "unknown-key"),
        ("a manufacturer of the same name", [_sudi(thief, UDI), thief.certificate.der], UDI,
         "signature-invalid"),
        ("a serial number that is not declared", [_sudi(maker, undeclared)], undeclared,
         "unknown-key"),
        ("a revoked device", [_sudi(maker, other, "revoked")], other, "key-revoked"),
        ("a certificate without UDI", [maker.certificate.der], UDI, "malformed"),
        ("no certificate", [], UDI, "signature-missing"),
    ]  # fmt: skip
    manufacturer = Manufacturer(
        name="Vector Manufacturer",
        certificate=maker.certificate,
        pids=frozenset({"C9800-CL-K9"}),
        serial_prefixes=("GGR",),
        ledger="fa" * 16,
    )
    return {
        "about": "SUDI chains as in spec/sudi.md, under `manufacturer` and `root_set` alone.",
        "manufacturer": manufacturer.to_json(),
        "root_set": write_document(signed_root(root_set(), "root-1", "root-2")),
        "cases": [
            {
                "name": name,
                "chain": [encode_base64(der) for der in chain],
                "udi": udi.to_json(),
                "expected": result,
            }
            for name, chain, udi, result in cases
        ],
    }


def _authority(name: str, subject: str) -> keyring.Issuer:
    certificate = keyring.build_authority(key(name), subject, terms(3))
    return keyring.Issuer(key=key(name), certificate=keyring.load_certificate(certificate))


def _sudi(issuer: keyring.Issuer, udi: Udi, name: str = "device") -> bytes:
    return keyring.build_sudi(issuer, udi, key(name).public_key, terms(4))


FILES: Final[Mapping[str, Callable[[], Case]]] = {
    "signatures.json": signatures,
    "pages.json": pages,
    "root-sets.json": root_sets,
    "documents.json": documents,
    "envelopes.json": envelopes,
    "devices.json": devices,
}


def text_of(name: str) -> str:
    """Return the text of one vector file."""
    return json.dumps(FILES[name](), indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write all vector files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (FOLDER / name).write_text(text_of(name), encoding="ascii")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
