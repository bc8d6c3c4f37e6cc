"""The written form of a document: read strictly, written back unchanged."""

import json

import pytest

from gauger.core.documents.envelope import (
    BODY_CAPS,
    DirectSignature,
    Document,
    PageSignature,
    PairSignature,
    SignatureBlock,
    ThresholdSignature,
    preimage,
    read_document,
    write_document,
)
from gauger.core.fields import encode_base64
from gauger.core.identity import digest
from tests.core.documents.material import refused

BODY = '{"type":"ack","größe":1}'
VALUE = bytes(range(64))
BLOCKS: list[SignatureBlock] = [
    DirectSignature(chain=(b"leaf", b"ca"), value=VALUE),
    PageSignature(
        head=b'{"page":3}',
        chain=(b"leaf",),
        value=VALUE,
        salt=bytes(16),
        index=2,
        path=(bytes(32), b"\xff" * 32),
    ),
    ThresholdSignature(signatures=((digest(b"1"), VALUE), (digest(b"2"), VALUE))),
    PairSignature(chain=(b"sudi",), sudi=VALUE, key=VALUE),
]


def written(**changes: object) -> str:
    signature = {
        "kind": "direct",
        "algorithm": "ES256",
        "chain": [encode_base64(b"leaf")],
        "value": encode_base64(VALUE),
    }
    document = {"type": "ack", "version": 1, "body": BODY, "signature": signature}
    return json.dumps(document | changes)


def altered(**changes: object) -> str:
    signature = json.loads(written())["signature"] | changes
    return written(signature={k: v for k, v in signature.items() if v != "absent"})


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_a_document_is_read_as_it_was_written(block: SignatureBlock) -> None:
    document = Document(type="ack", version=1, body=BODY.encode(), signature=block)
    text = write_document(document)
    assert read_document(text) == document == read_document(text.encode())
    assert text.isascii()


def test_the_signature_is_no_part_of_a_documents_identity() -> None:
    documents = [Document(type="ack", version=1, body=b"{}", signature=block) for block in BLOCKS]
    assert {document.digest for document in documents} == {digest(b"{}")}


@pytest.mark.threat("B8")
def test_type_and_version_stand_in_what_is_signed() -> None:
    document = read_document(written())
    assert document.preimage == b"gauger/ack/1\x00" + BODY.encode()
    assert preimage("ack", 11, b"") != preimage("ack", 1, b"1")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (written(signature=None), "signature-missing"),
        (json.dumps({"type": "ack", "version": 1, "body": "{}"}), "signature-missing"),
        (written(type="ACK"), "malformed"),
        (written(type="a" * 33), "malformed"),
        (written(version=0), "malformed"),
        (written(version="1"), "malformed"),
        (written(body=""), "malformed"),
        (written(body={}), "malformed"),
        (written(note="unsigned"), "malformed"),
        (written(signature=[]), "malformed"),
        ("[]", "malformed"),
        (written() + "x", "trailing-data"),
        (written()[:-1], "truncated"),
        (written(body="x" * (256 * 1024)), "too-large"),
        (written(type="policy", body="x" * (BODY_CAPS["policy"] + 1)), "too-large"),
    ],
)
def test_another_form_is_refused_by_name(text: str, code: str) -> None:
    with refused(code):
        read_document(text)


@pytest.mark.threat("A4")
def test_a_document_without_signature_is_refused() -> None:
    with refused("signature-missing"):
        read_document(written(signature=None))


@pytest.mark.threat("A9")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "RS256", "es256", "", "absent"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    with refused("algorithm-not-allowed"):
        read_document(altered(algorithm=algorithm))


def test_a_kind_of_signature_that_is_not_known_needs_an_upgrade() -> None:
    with refused("upgrade-needed"):
        read_document(altered(kind="lattice"))


@pytest.mark.parametrize(
    "changes",
    [
        {"chain": []},
        {"chain": "absent"},
        {"chain": ["####"]},
        {"chain": [encode_base64(b"c")] * 5},
        {"value": encode_base64(bytes(129))},
        {"value": "AAA"},
        {"value": "absent"},
        {"kind": "absent"},
    ],
)
def test_a_signature_block_of_another_form_is_refused(changes: dict[str, object]) -> None:
    with refused("malformed"):
        read_document(altered(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"path": [encode_base64(bytes(31))]},
        {"path": [encode_base64(bytes(32))] * 65},
        {"salt": encode_base64(bytes(15))},
        {"index": -1},
        {"head": ""},
    ],
)
def test_a_page_signature_of_another_form_is_refused(changes: dict[str, object]) -> None:
    document = Document(type="ack", version=1, body=b"{}", signature=BLOCKS[1])
    signature = json.loads(write_document(document))["signature"] | changes
    with refused("malformed"):
        read_document(written(signature=signature))
