"""Root sets, page heads, proofs of one ledger, and device certificates."""

from collections.abc import Iterator
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import (
    ME,
    NOW,
    OTHER,
    ROOTS,
    page_of,
    root_keys,
    root_set,
    signed,
    signed_body,
    signed_head,
    signers,
    with_block,
)
from gauger.core.documents import keyring, merkle
from gauger.core.documents.envelope import Document
from gauger.core.documents.page import Page, head_leaf
from gauger.core.documents.root_set import RootKey
from gauger.core.fields import encode_base64
from gauger.core.identity import Digest, Udi
from gauger.core.strict_json import JsonValue


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _chains()
    yield from _root_forms()
    yield from _heads()
    yield from _proofs()
    yield from _devices()


def _root_case(name: str, *documents: Content, shows: str) -> Case:
    files = {f"{at + 1}-root-set.json": one for at, one in enumerate(documents)}
    return Case(
        name=f"root-{name}",
        kind="root-set",
        files=files,
        shows=shows,
        clause="spec/root-set.md",
        trust="fifth",
    )


def _sixth(**changes: object) -> Document:
    return signed(replace(root_set(6, epoch=3), **changes))  # type: ignore[arg-type] # the dataclass checks the names


def _chains() -> Iterator[Case]:
    held, nxt = signed(root_set(5, epoch=3)), root_set(6, epoch=3)
    renewed = root_set(6, epoch=4, keys=root_keys("root-4", "root-5", "root-6"))
    both = (*ROOTS[:2], "root-4", "root-5")
    seventh = signed(root_set(7, epoch=4, keys=renewed.keys), "root-4", "root-6")
    damaged = _sixth()
    damaged = replace(damaged, body=damaged.body.replace(b'"number":6', b'"number":6 '))
    for name, documents, code, threat, shows in (
        ("held", [held], None, None, "The root set that is held comes again."),
        ("held-signed-by-others", [signed(root_set(5, epoch=3), "root-2", "root-3")], None, None, "The root set that is held comes again, signed by others of its keys."),
        ("next", [signed(nxt, "root-3", "root-1")], None, "C3", "The next root set, signed by 2 of 3 keys in any order."),
        ("next-by-all", [signed(nxt, *ROOTS)], None, None, "The next root set, signed by all three keys."),
        ("next-and-garbage", [_with_garbage(nxt)], None, None, "Beside two good signatures stand a wrong one and one of a key that is not listed: they count for nothing."),
        ("rotation", [signed(renewed, *both)], None, "C3", "New root keys, signed by the thresholds of the old and of the new."),
        ("rotation-and-next", [signed(renewed, *both), seventh], None, "C3", "Two root sets one after another: the second is signed by the new keys only."),
        ("next-from-expired", [_sixth(expires_at=NOW - 1)], None, None, "A root set that has ended can still be followed: the next may mend it."),
        ("one-of-three", [signed(nxt, "root-1")], "root-threshold", "C4", "One of three root keys signed, two must."),
        ("one-key-twice", [signed(nxt, "root-1", "root-1")], "root-threshold", "C4", "One root key signed twice."),
        ("one-key-and-a-thief", [signed(nxt, "root-1", "thief")], "root-threshold", "C4", "One root key and one that is not listed signed."),
        ("thief-under-a-listed-id", [_under_listed_id(nxt)], "root-threshold", "C4", "A thief signed under the key id of the second root key."),
        ("unsigned", [signed_body(nxt.encode())], "root-threshold", "C4", "Nobody signed."),
        ("new-keys-only", [signed(renewed, *both[2:])], "root-threshold", "C3", "New root keys, signed by themselves only."),
        ("old-keys-only", [signed(renewed, *both[:2])], "root-threshold", "C3", "New root keys, signed by the old ones only."),
        ("altered", [damaged], "root-threshold", "A7", "A blank was added to the body after signing."),
        ("skipped", [signed(root_set(7, epoch=3))], "root-skipped", "C3", "Root set 7 comes where 5 is held."),
        ("skipped-in-a-chain", [_sixth(), signed(root_set(8, epoch=3))], "root-skipped", "C3", "Root set 8 comes after 6."),
        ("rolled-back", [signed(root_set(4, epoch=3))], "stale-version", "C3", "Root set 4 comes where 5 is held."),
        ("rolled-back-in-a-chain", [_sixth(), held], "stale-version", "C3", "Root set 5 comes again after 6 was taken."),
        ("epoch-lower", [_sixth(epoch=2)], "stale-version", "C3", "The next root set has a lower epoch."),
        ("conflict", [signed(root_set(5, epoch=4))], "version-conflict", "C3", "Another root set of the number that is held."),
        ("by-signers", [signed(nxt, "bound", "delegator")], "root-threshold", "C4", "Two listed signers signed, which are no root keys."),
        ("direct-block", [_direct(nxt.encode())], "root-threshold", "C4", "A listed signer signed the root set as answers are signed."),
    ):  # fmt: skip
        yield replace(_root_case(name, *documents, shows=shows), code=code, threat=threat)
    first = replace(_root_case("first", signed(root_set()), shows="Nothing is held: the first root set is pinned, signed by its own threshold."), trust="nothing")  # fmt: skip
    yield first
    one = root_set(1, keys=root_keys("root-1"), threshold=1)
    yield replace(first, name="root-first-one-of-one", files={"root-set.json": signed(one, "root-1")}, shows="A first root set of one key, whose threshold is 1.")  # fmt: skip
    few = signed(root_set(), "root-2")
    yield replace(first, name="root-first-unsigned", files={"root-set.json": few}, code="root-threshold", shows="Nothing is held: the first root set lacks a signature of its own threshold.")  # fmt: skip


def _direct(body: bytes) -> Document:
    return docs.direct("root-set", body)


def _with_garbage(root: object) -> str:
    if not isinstance(root, type(root_set())):
        raise TypeError("a root set is expected")
    good, thief = signed(root), signed(root, "thief", "root-3")
    body = [
        {"key_id": trust.key(name).key_id, "value": encode_base64(value)}
        for name, value in (
            ("root-3", bytes(64)),
            ("thief", keyring.sign(trust.key("thief"), thief.preimage)),
            *((name, keyring.sign(trust.key(name), good.preimage)) for name in ROOTS[:2]),
        )
    ]
    return with_block(good, signatures=body)


def _under_listed_id(root: object) -> str:
    document = signed(root)  # type: ignore[arg-type] # the caller's table holds root sets
    values = [
        {"key_id": trust.key(listed).key_id, "value": encode_base64(keyring.sign(trust.key(signer), document.preimage))}
        for listed, signer in (("root-1", "root-1"), ("root-2", "thief"))
    ]  # fmt: skip
    return with_block(document, signatures=values)


def _root_forms() -> Iterator[Case]:
    keys = root_keys(*ROOTS)
    wrong_id = RootKey(key_id=keys[1].key_id, public_key=keys[0].public_key)
    for name, changes, code, shows in (
        ("threshold-zero", {"threshold": 0}, "malformed", "The threshold is 0."),
        ("threshold-too-high", {"threshold": 4}, "malformed", "Four of three keys must sign."),
        ("no-keys", {"keys": ()}, "malformed", "It has no keys."),
        ("key-listed-twice", {"keys": (*keys, keys[0])}, "malformed", "A root key is listed twice."),
        ("seventeen-keys", {"keys": root_keys(*(f"root-{n}" for n in range(1, 18)))}, "malformed", "It lists 17 keys."),
        ("wrong-key-id", {"keys": (wrong_id, *keys[1:])}, "malformed", "A key id is not the digest of its key."),
        ("signer-is-root-key", {"keys": root_keys("bound", "root-1", "root-2")}, "malformed", "A key stands among the root keys and among the signers."),
        ("signer-revoked", {"revoked": (trust.key("bound").key_id,)}, "malformed", "A listed signer is revoked."),
        ("root-key-revoked", {"revoked": (trust.key("root-3").key_id,)}, "malformed", "A listed root key is revoked."),
        ("test-clock", {"test_clock": True}, "test-clock", "It was made under a test clock."),
        ("number-zero", {"number": 0}, "malformed", "Its number is 0."),
        ("epoch-zero", {"epoch": 0}, "malformed", "Its epoch is 0."),
        ("many-revoked", {"revoked": tuple(Digest(f"{n:064x}") for n in range(2500))}, None, "It revokes 2,500 keys, the most."),
        ("no-signers", {"signers": ()}, None, "It lists no signer: nobody is trusted, and that is a lawful state."),
        ("one-signer-fewer", {"signers": signers()[:1]}, None, "It drops the signers but one."),
    ):  # fmt: skip
        case = _root_case(name, _sixth(**changes), shows=f"The next root set, well signed. {shows}")
        yield replace(case, code=code)


def _heads() -> Iterator[Case]:
    page = page_of([("ack", docs.ACK.encode())])
    good = signed_head(page).to_json()
    tested = signed_head(page_of([], test_clock=True)).to_json()
    renamed = signed_head(page_of([], signer=docs.KEYS["licensing"].key_id)).to_json()
    stranger = [encode_base64(trust.signer_certificate("thief"))]
    ahead = str(good["head"]).replace('"page":0', '"page":9')
    for name, head, code, shows in (
        ("good", good, None, "The head of a page, as a product instance sends it back."),
        ("altered", {**good, "head": ahead}, "signature-invalid", "The number of the page was raised."),
        ("unknown-signer", {**good, "chain": stranger}, "unknown-key", "The certificate is one that the root set does not list."),
        ("no-certificate", {**good, "chain": []}, "signature-missing", "No certificate came along."),
        ("other-signature", {**good, "value": tested["value"]}, "signature-invalid", "The signature is that of another head."),
        ("test-clock", tested, "test-clock", "The head was made under a test clock."),
        ("another-signer-named", renamed, "signature-invalid", "The head names another signer than its certificate's."),
        ("no-leaves", _signed_text(page, '"leaf_count":2', '"leaf_count":0'), "malformed", "The head counts no leaf."),
        ("another-type", _signed_text(page, '"type":"page-head"', '"type":"ack"'), "wrong-type", "The signed body says that it is an ACK."),
        ("epoch-zero", _signed_text(page, '"number":1', '"number":0'), "malformed", "The epoch has number 0."),
    ):  # fmt: skip
        threat = "A7" if code == "signature-invalid" else None
        yield Case(
            name=f"head-{name}",
            kind="page-head",
            files={"head.json": head},
            shows=shows,
            clause="spec/pages.md: the head",
            code=code,
            threat=threat,
        )


def _signed_text(page: Page, old: str, new: str) -> dict[str, JsonValue]:
    """Return a signed head whose body was changed before it was signed."""
    body = page.body.decode().replace(old, new).encode()
    value = docs.sign("signer", b"gauger/page-head/1\x00" + body)
    return {**signed_head(page).to_json(), "head": body.decode(), "value": encode_base64(value)}


def _ledger(count: int, *, forked_at: int | None = None) -> list[Page]:
    """Return the pages of a ledger; from ``forked_at`` on they are those of a fork."""
    pages: list[Page] = []
    for number in range(count):
        is_forked = forked_at is not None and number >= forked_at
        body = docs.changed(docs.ACK, report_id=number + 1000 * is_forked)
        root = merkle.tree(head_leaf(page.body) for page in pages)[0].root()
        previous = Digest(root.hex())
        pages.append(page_of([("ack", body)], number=number, previous_root=previous))
    return pages


def _proof(pages: list[Page], first: int, second: int) -> dict[str, object]:
    """Return the proof that page ``second`` goes on from page ``first``."""
    _, nodes = merkle.tree(head_leaf(page.body) for page in pages[:second])

    def node(level: int, place: int) -> bytes:
        return nodes[level, place]

    inclusion = merkle.inclusion_path(first, second, node) if first < second else []
    consistency = merkle.consistency_path(first, second, node)
    return {
        "earlier": signed_head(pages[first]).to_json(),
        "later": signed_head(pages[second]).to_json(),
        "inclusion": [one.hex() for one in inclusion],
        "consistency": [one.hex() for one in consistency],
    }


def _proofs() -> Iterator[Case]:
    honest, forked = _ledger(12), _ledger(12, forked_at=5)
    good, fork = _proof(honest, 6, 11), _proof(forked, 6, 11)
    foreign = page_of([("ack", docs.ACK.encode())], ledger="2e" * 16, number=11)
    for name, proof, code, shows in (
        ("goes-on", good, None, "Page 11 goes on from page 6."),
        ("from-the-first", _proof(honest, 0, 11), None, "Page 11 goes on from page 0, before which there is nothing."),
        ("neighbours", _proof(honest, 7, 8), None, "Page 8 goes on from page 7."),
        ("same-page", _proof(honest, 6, 6), None, "The same head twice: nothing is to be proven."),
        ("forked", {**good, "later": fork["later"]}, "signature-invalid", "Page 11 is of a ledger that was forked at page 5."),
        ("forked-with-its-own-paths", {**fork, "earlier": good["earlier"]}, "signature-invalid", "The paths are those of the fork, whose page 6 is another one."),
        ("two-heads-of-one-page", {**_proof(honest, 6, 6), "later": fork["earlier"]}, "signature-invalid", "Two different heads of page 6."),
        ("rolled-back", {**good, "earlier": good["later"], "later": good["earlier"]}, "signature-invalid", "The later head is of a shorter ledger."),
        ("no-inclusion", {**good, "inclusion": []}, "signature-invalid", "The path of inclusion is not there."),
        ("no-consistency", {**good, "consistency": []}, "signature-invalid", "The path of consistency is not there."),
        ("another-ledger", {**good, "later": signed_head(foreign).to_json()}, "signature-invalid", "The later head is of another ledger."),
        ("unsigned", {**good, "later": {**dict(_heads_json(good)), "value": encode_base64(bytes(64))}}, "signature-invalid", "The later head is not signed."),
    ):  # fmt: skip
        yield Case(
            name=f"ledger-{name}",
            kind="ledger-proof",
            files={"proof.json": proof},
            shows=shows,
            clause="spec/pages.md: one unbroken ledger",
            code=code,
        )


def _heads_json(proof: dict[str, object]) -> dict[str, JsonValue]:
    later = proof["later"]
    if not isinstance(later, dict):
        raise TypeError("a head is an object")
    return later


def _devices() -> Iterator[Case]:
    maker = docs.MAKER
    thief = trust._authority("thief", docs.MAKER.certificate.common_name or "")  # noqa: SLF001 -- the vectors' own
    stranger = trust._authority("stranger", "Stranger CA")  # noqa: SLF001 -- the vectors' own
    key = docs.KEYS["sudi"].public_key
    other_serial = Udi(docs.UDI.pid, "FOC0001")
    other_pid = Udi("C9300-24T", "GGR0001")
    old = keyring.Terms(serial_number=5, not_before=NOW - 10**8, not_after=NOW - 10**7)
    pinned = (maker.certificate.der,)
    for name, chain, udi, code, folder, threat, shows in (
        ("good", (docs.SUDI,), ME, None, "usual", None, "The SUDI of a product instance."),
        ("with-its-maker", (docs.SUDI, *pinned), ME, None, "usual", None, "The certificate of the manufacturer came along, which is never needed nor used."),
        ("with-a-thief-above", (docs.SUDI, thief.certificate.der), ME, None, "usual", None, "Another CA came along: only the pinned one is asked."),
        ("past-its-dates", (keyring.build_sudi(maker, docs.UDI, key, old),), ME, None, "usual", None, "The certificate has ended, which is not judged: devices outlive their dates."),
        ("of-another", (docs.OTHER_SUDI,), ME, "wrong-subject", "usual", "A6", "The SUDI is that of another product instance."),
        ("other-expected", (docs.SUDI,), OTHER, "wrong-subject", "usual", "A6", "Another product instance is expected."),
        ("unknown-maker", (keyring.build_sudi(stranger, docs.UDI, key, docs.TERMS), stranger.certificate.der), ME, "unknown-key", "usual", "A5", "A CA that is not pinned issued it; that it came along is no help."),
        ("maker-of-the-same-name", (keyring.build_sudi(thief, docs.UDI, key, docs.TERMS), thief.certificate.der), ME, "signature-invalid", "usual", "A5", "A thief's CA has the name of the pinned one."),
        ("serial-not-declared", (keyring.build_sudi(maker, other_serial, key, docs.TERMS),), "C9800-CL-K9,FOC0001", "unknown-key", "usual", None, "The manufacturer does not declare this serial number."),
        ("pid-not-declared", (keyring.build_sudi(maker, other_pid, key, docs.TERMS),), "C9300-24T,GGR0001", "unknown-key", "usual", None, "The manufacturer does not declare this product id."),
        ("revoked", (docs.SUDI,), ME, "key-revoked", "revoking-sudi", "C1", "The root set revokes the SUDI's key."),
        ("a-signer", (docs.SIGNER,), ME, "malformed", "usual", None, "The certificate is that of a signer and names no UDI."),
        ("a-thief-signed-listed", (_resigned(docs.SUDI),), ME, "signature-invalid", "usual", "A7", "The last byte of the certificate's signature was changed."),
    ):  # fmt: skip
        pem = b"".join(map(keyring.certificate_to_pem, chain))
        yield Case(
            name=f"sudi-{name}",
            kind="sudi",
            files={"sudi.pem": pem},
            shows=shows,
            clause="spec/sudi.md",
            code=code,
            trust=folder,
            threat=threat,
            expect={"udi": udi},
        )
    yield Case(
        name="sudi-no-certificate",
        kind="sudi",
        files={"sudi.pem": "-----BEGIN NOTHING-----\n-----END NOTHING-----\n"},
        shows="The file holds no certificate.",
        clause="spec/sudi.md",
        code="malformed",
        expect={"udi": ME},
    )


def _resigned(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])
