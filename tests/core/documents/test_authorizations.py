"""Authorization requests and returns: the SUDI key signs, and only the document decides."""

import json
from dataclasses import replace

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.authorization_items import (
    read_authorization_item,
    write_authorization_item,
)
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    Mode,
    WantedLicence,
    sign_authorization_request,
    verify_authorization_request,
)
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    make_return_code,
    sign_authorization_return,
    verify_authorization_return,
)
from gauger.core.documents.body import SentHead
from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.documents.rum_payload import encode_payload, read_payload
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest, Udi
from tests.core.documents.material import NOW, UDI, refused, sudi, trust_store
from tests.core.documents.report_material import (
    META,
    PAYLOAD,
    SUDI_KEY,
    KeySigner,
    changed,
    direct,
)
from tests.core.documents.test_trust_request import signed as trust_request

CODE = "ac" * 16
OTHER = Udi("C9800-CL-K9", "GGR0002")


def sent(counter: int, nonce: str) -> SentHead:
    return SentHead(
        issued_at=NOW,
        test_clock=False,
        udi=UDI,
        incarnation=META.incarnation,
        counter=counter,
        nonce=nonce,
        made_at=NOW,
    )


REQUEST = AuthorizationRequest(
    **sent(3, "0d" * 16),
    software_version="17.12.01",
    mode=Mode.ADD,
    licences=(WantedLicence(tag="regid.hsec"), WantedLicence(tag="regid.other", count=2)),
    held=HeldCode(code=CODE, epoch=0, document="{}"),
    mark=4,
)
RETURN = AuthorizationReturn(
    **sent(4, "0e" * 16),
    removed=HeldCode(code=CODE, epoch=4),
    return_code=make_return_code(CODE, "0e" * 16),
    mark=4,
)
DEVICE = KeySigner(SUDI_KEY, (sudi(),))
Asked = AuthorizationRequest | AuthorizationReturn


def signed(asked: Asked) -> Document:
    if isinstance(asked, AuthorizationRequest):
        return sign_authorization_request(asked, DEVICE)
    return sign_authorization_return(asked, DEVICE)


def verified(document: Document, trust: TrustStore | None = None) -> tuple[Asked, object]:
    store = trust or trust_store()
    if document.type == AuthorizationRequest.TYPE:
        return verify_authorization_request(document, store, NOW)
    return verify_authorization_return(document, store, NOW)


@pytest.mark.parametrize(
    "asked",
    [
        REQUEST,
        replace(REQUEST, mode=Mode.REPLACE, held=None, mark=None, software_version=None),
        replace(REQUEST, held=HeldCode(code=CODE, epoch=4)),
        RETURN,
        replace(RETURN, removed=HeldCode(code=CODE, epoch=0, document="{}"), mark=2**62),
    ],
)
def test_what_is_asked_verifies_and_comes_back(asked: Asked) -> None:
    received = read_document(write_document(signed(asked)))
    assert verified(received) == (asked, keyring.load_certificate(sudi()))


@pytest.mark.threat("B23", role="core")
@pytest.mark.parametrize("asked", [REQUEST, RETURN], ids=lambda asked: asked.TYPE)
def test_only_the_product_instance_itself_signs(asked: Asked) -> None:
    document = signed(asked)
    other = signed(replace(asked, counter=9))
    with refused("signature-invalid"):
        verified(replace(document, signature=other.signature))
    with refused("wrong-subject"):
        verified(signed(replace(asked, udi=OTHER)))
    with refused("signature-missing"):
        verified(replace(document, signature=trust_request().signature))
    with refused("unknown-key"):
        verified(document, TrustStore())
    with refused("malformed"):
        verified(direct(asked.TYPE, asked.encode()))


@pytest.mark.threat("B23", role="core")
def test_a_return_is_no_request_and_a_request_no_return() -> None:
    for one, other in ((REQUEST, RETURN), (RETURN, REQUEST)):
        with refused("wrong-type"):
            verified(replace(signed(one), type=other.TYPE))


@pytest.mark.parametrize("asked", [REQUEST, RETURN], ids=lambda asked: asked.TYPE)
def test_what_is_made_under_a_test_clock_is_for_test_systems(asked: Asked) -> None:
    document = signed(replace(asked, test_clock=True))
    with refused("test-clock"):
        verified(document)
    assert verified(document, trust_store().with_test_clock())[0] == replace(asked, test_clock=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"udi": None},
        {"incarnation": "x"},
        {"counter": -1},
        {"nonce": None},
        {"made_at": "now"},
        {"software_version": "1" * 65},
        {"mode": "take"},
        {"licences": []},
        {"licences": [{"tag": "a", "count": 1}, {"tag": "a", "count": 2}]},
        {"licences": [{"tag": "a", "count": 0}]},
        {"licences": [{"tag": "a"}]},
        {"licences": [{"tag": str(number), "count": 1} for number in range(65)]},
        {"held": {"code": CODE}},
        {"held": {"code": CODE, "epoch": 5}},
        {"mark": None},
        {"mark": 2**62 + 1},
        {"mark": -1},
    ],
    ids=str,
)
def test_a_request_that_is_not_as_it_should_be_is_refused(changes: dict[str, object]) -> None:
    with refused("malformed"):
        AuthorizationRequest.from_document(
            direct(REQUEST.TYPE, changed(REQUEST.encode(), **changes))
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"udi": None},
        {"removed": None},
        {"removed": {"code": CODE, "epoch": 5}},
        {"return_code": None},
        {"return_code": "O00000"},
        {"return_code": make_return_code(CODE, "0e" * 16) + "-111111"},
        {"mark": None},
        {"mark": 3},
        {"mark": 2**62 + 1},
    ],
    ids=str,
)
def test_a_return_that_is_not_as_it_should_be_is_refused(changes: dict[str, object]) -> None:
    with refused("malformed"):
        AuthorizationReturn.from_document(direct(RETURN.TYPE, changed(RETURN.encode(), **changes)))


def test_a_return_code_is_of_its_own_removal() -> None:
    codes = {
        make_return_code(code, nonce) for code in (CODE, "0" * 32) for nonce in ("1" * 32, CODE)
    }
    assert len(codes) == 4
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(6,) * 6}
    assert RETURN.return_code == "7F9GyS-aSmCQF-b5a2Ky-fSKtKZ-6hCire-8X7NKM"
    with refused("malformed"):
        verified(signed(replace(RETURN, nonce="0d" * 16)))


def test_the_element_is_the_published_list_with_the_document_in_it() -> None:
    (asked,) = json.loads(write_authorization_item(signed(REQUEST), installed=Digest("1f" * 32)))
    assert asked["sudi"] == UDI.to_json()
    assert asked["keys"] == [
        {"entitlement": "regid.hsec", "count": "1"},
        {"entitlement": "regid.other", "count": "2"},
    ]
    assert (asked["confirm_code"], asked["remove_code"]) == ("1f1f1f1f", None)
    (returned,) = json.loads(write_authorization_item(signed(RETURN)))
    assert (returned["keys"], returned["remove_code"]) == ([], RETURN.return_code)


@pytest.mark.parametrize("asked", [REQUEST, RETURN], ids=lambda asked: asked.TYPE)
def test_only_the_document_in_the_element_counts(asked: Asked) -> None:
    text = write_authorization_item(signed(asked))
    assert read_authorization_item(text) == signed(asked)
    (entry,) = json.loads(text)
    entry |= {"sudi": OTHER.to_json(), "keys": [], "remove_code": "anything"}
    assert read_authorization_item(json.dumps([entry])) == signed(asked)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "malformed"),
        ("{}", "malformed"),
        ("[[]]", "malformed"),
        ('[{"sudi":{},"keys":[],"remove_code":"x"}]', "signature-missing"),
        ('[{"document":null}]', "signature-missing"),
        ('[{"document":1}]', "malformed"),
        ('[{"document":"{}"}]', "malformed"),
        (
            f"[{{{json.dumps('document')}:{json.dumps(write_document(trust_request()))}}}]",
            "wrong-type",
        ),
    ],
)
def test_an_element_without_our_document_is_refused(text: str, code: str) -> None:
    with refused(code):
        read_authorization_item(text)


def test_two_entries_in_one_element_are_refused() -> None:
    (entry,) = json.loads(write_authorization_item(signed(REQUEST)))
    with refused("malformed"):
        read_authorization_item(json.dumps([entry, entry]))


def test_a_report_tells_the_code_that_is_installed() -> None:
    meta = replace(META, authorization=HeldCode(code=CODE, epoch=4))
    payload = replace(PAYLOAD, meta=meta)
    assert read_payload(encode_payload(payload)) == payload
    assert b"authorization" not in encode_payload(PAYLOAD)
