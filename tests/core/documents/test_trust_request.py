"""Trust requests: two keys over the same bytes."""

from dataclasses import replace

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.envelope import Document, PairSignature, read_document, write_document
from gauger.core.documents.trust_request import (
    TrustRequest,
    sign_trust_request,
    verify_trust_request,
)
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest, Udi
from tests.core.documents.material import NOW, UDI, key, refused, sudi, trust_store
from tests.core.documents.report_material import (
    LICENSING_KEY,
    META,
    SUDI_KEY,
    KeySigner,
    changed,
    direct,
)

REQUEST = TrustRequest(
    issued_at=NOW,
    udi=UDI,
    members=(Udi("C9800-CL-K9", "GGR0009"),),
    incarnation=META.incarnation,
    counter=3,
    public_key=key(LICENSING_KEY).public_key,
    made_at=NOW,
    nonce="0d" * 16,
    token_digest=Digest("7c" * 32),
)


def signed(request: TrustRequest = REQUEST, *, number: int = LICENSING_KEY) -> Document:
    device = KeySigner(SUDI_KEY, (sudi(),))
    return sign_trust_request(request, sudi=device, key=KeySigner(number))


def pair(document: Document) -> PairSignature:
    assert isinstance(document.signature, PairSignature)
    return document.signature


def test_a_request_verifies_and_comes_back() -> None:
    received = read_document(write_document(signed()))
    request, certificate = verify_trust_request(received, trust_store(), NOW)
    assert request == REQUEST
    assert certificate == keyring.load_certificate(sudi())


def test_a_request_without_token_and_members_comes_back() -> None:
    request = replace(REQUEST, members=(), token_digest=None)
    assert verify_trust_request(signed(request), trust_store(), NOW)[0] == request


@pytest.mark.parametrize("part", ["sudi", "key"])
def test_both_signatures_are_needed(part: str) -> None:
    document = signed()
    other = pair(signed(replace(REQUEST, counter=4)))
    for value in (bytes(64), getattr(other, part)):
        both = pair(document)
        block = replace(both, sudi=value) if part == "sudi" else replace(both, key=value)
        with refused("signature-invalid"):
            verify_trust_request(replace(document, signature=block), trust_store(), NOW)


def test_the_requester_must_hold_the_new_key() -> None:
    with refused("signature-invalid"):
        verify_trust_request(signed(number=61), trust_store(), NOW)


@pytest.mark.threat("A26", role="core")
def test_nobody_asks_for_another_device() -> None:
    with refused("wrong-subject"):
        verify_trust_request(
            signed(replace(REQUEST, udi=Udi("C9800-CL-K9", "GGR0002"))), trust_store(), NOW
        )


def test_a_request_is_signed_as_a_pair_only() -> None:
    with refused("signature-missing"):
        verify_trust_request(direct("trust-request", REQUEST.encode()), trust_store(), NOW)


@pytest.mark.threat("A5", role="core")
def test_a_device_of_an_unknown_manufacturer_is_refused() -> None:
    with refused("unknown-key"):
        verify_trust_request(signed(), TrustStore(), NOW)


def test_a_request_under_a_test_clock_is_for_test_systems() -> None:
    document = signed(replace(REQUEST, test_clock=True))
    with refused("test-clock"):
        verify_trust_request(document, trust_store(), NOW)
    assert verify_trust_request(document, trust_store().with_test_clock(), NOW)[0].test_clock


def test_a_key_that_is_none_is_refused() -> None:
    with refused("malformed"):
        verify_trust_request(signed(replace(REQUEST, public_key=b"x")), trust_store(), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": -1},
        {"nonce": "x"},
        {"incarnation": None},
        {"public_key": 1},
        {"made_at": "now"},
        {"token_digest": "x"},
        {"members": [1]},
        {"udi": None},
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(changes: dict[str, object]) -> None:
    with refused("malformed"):
        TrustRequest.from_document(direct("trust-request", changed(REQUEST.encode(), **changes)))
