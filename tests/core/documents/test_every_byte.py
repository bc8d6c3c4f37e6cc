"""No byte of a signed document can be altered: every one is flipped, every length is cut to."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.authorization_request import verify_authorization_request
from gauger.core.documents.authorization_return import verify_authorization_return
from gauger.core.documents.body import Answer, Body
from gauger.core.documents.envelope import Document, PageSignature, read_document, write_document
from gauger.core.documents.page import SignedHead
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import (
    ReportSignature,
    SigningType,
    read_report,
    verify_report,
    write_item,
)
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_request import verify_trust_request
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Verdict
from gauger.core.fields import Fields
from gauger.core.strict_json import decode
from tests.core.documents.material import (
    NOW,
    Authority,
    key,
    root_set,
    signed_root,
    sudi,
    trust_store,
)
from tests.core.documents.report_material import (
    LICENSING_KEY,
    PAYLOAD,
    direct,
    item,
    sudi_signature,
    trust_code,
)
from tests.core.documents.test_authorizations import REQUEST as AUTHORIZATION_REQUEST
from tests.core.documents.test_authorizations import RETURN as AUTHORIZATION_RETURN
from tests.core.documents.test_authorizations import signed as signed_authorization
from tests.core.documents.test_bodies import (
    ACCOUNT_INFO,
    ACK,
    AUTHORIZATION,
    POLICY,
    PURCHASE,
    READERS,
    VERDICT,
)
from tests.core.documents.test_trust_request import signed as signed_request
from tests.core.documents.test_trust_store import delegated, delegating_store, on_prem
from tests.support.figures import Figures
from tests.support.mutations import BITS, Tally, altered

STORE = trust_store()
DELEGATING = delegating_store()
NEXT = 12
UNDER_TRUST = "rum-report by trust code"
ALONG = "rum-report by trust code, SUDI along"
Reading = tuple[bytes, Callable[[bytes], object]]


def written(document: Document) -> bytes:
    return write_document(document).encode()


def in_a_page(body: Answer) -> Document:
    """Return an answer as the second leaf of three, so that its path has two nodes."""
    bodies = [VERDICT.to_json(), body.to_json(), VERDICT.to_json()]
    return Authority().paged(bodies, kind=body.TYPE)[1]


def read_answer(kind: str, data: bytes) -> object:
    """Return all that an answer says: its document to the byte, its body, who signed it."""
    document = read_document(data)
    verified = STORE.verify(document, expected=kind, now=NOW)
    return document, verified, READERS[kind](document)


def read_delegated(data: bytes) -> object:
    document = read_document(data)
    return document, DELEGATING.verify(document, expected=PolicyDocument.TYPE, now=NOW)


def read_request(data: bytes) -> object:
    document = read_document(data)
    return document, verify_trust_request(document, STORE, NOW)


def read_asked(
    verify: Callable[[Document, TrustStore, int], tuple[Body, object]], data: bytes
) -> object:
    return verify(read_document(data), STORE, NOW)[0]


def read_root_set(data: bytes) -> object:
    document = read_document(data)
    advanced = STORE.advance(document)
    return document.body, advanced.root_set, advanced.former


def read_head(data: bytes) -> object:
    signed = SignedHead.from_fields(Fields(decode(data, what="the head", cap=20_000), "the head"))
    return signed, STORE.verify_head(signed, now=NOW)


def read_rum(data: bytes) -> object:
    """Return all that a report says, but for the software id beside it, which nobody verifies."""
    report = read_report(data)
    signature = replace(report.signature, key="")
    return replace(report, signature=signature), verify_report(report, STORE, NOW)


def report_under_trust(*, with_sudi: bool) -> bytes:
    signed = encode_payload(PAYLOAD)
    signature: ReportSignature = replace(
        sudi_signature(signed, number=LICENSING_KEY),
        signing_type=SigningType.TRUST,
        chain=(sudi(),) if with_sudi else (),
        trust_code=write_document(in_a_page(trust_code())),
    )
    return write_item(signed, signature).encode()


def head_of_a_page() -> bytes:
    block = in_a_page(ACK).signature
    assert isinstance(block, PageSignature)
    return json.dumps(SignedHead.of(block).to_json()).encode()


def next_root_set() -> bytes:
    following = root_set(number=2, issued_at=NOW - 400, revoked=(key(NEXT).key_id,))
    return written(signed_root(following, 1, 3))


def answer(document: Document) -> Reading:
    return written(document), functools.partial(read_answer, document.type)


SIGNED: Mapping[str, Callable[[], Reading]] = {
    "rum-report by SUDI": lambda: (item().encode(), read_rum),
    UNDER_TRUST: lambda: (report_under_trust(with_sudi=False), read_rum),
    ALONG: lambda: (report_under_trust(with_sudi=True), read_rum),
    "trust-request": lambda: (written(signed_request()), read_request),
    "ack": lambda: answer(in_a_page(ACK)),
    "ack, signed alone": lambda: answer(direct(Acknowledgment.TYPE, ACK.encode())),
    "verdict": lambda: answer(in_a_page(VERDICT)),
    "policy": lambda: answer(in_a_page(POLICY)),
    "trust-code": lambda: answer(in_a_page(trust_code())),
    "authorization-code": lambda: answer(in_a_page(AUTHORIZATION)),
    "authorization-request": lambda: (
        written(signed_authorization(AUTHORIZATION_REQUEST)),
        functools.partial(read_asked, verify_authorization_request),
    ),
    "authorization-return": lambda: (
        written(signed_authorization(AUTHORIZATION_RETURN)),
        functools.partial(read_asked, verify_authorization_return),
    ),
    "account-info": lambda: answer(in_a_page(ACCOUNT_INFO)),
    "purchase-info": lambda: answer(in_a_page(PURCHASE)),
    "policy, by a delegated signer": lambda: (
        written(on_prem(delegated()).direct(POLICY.to_json())),
        read_delegated,
    ),
    "root-set": lambda: (next_root_set(), read_root_set),
    "page head": lambda: (head_of_a_page(), read_head),
}


def test_every_type_that_answers_is_among_them() -> None:
    types: set[type[Answer]]
    types = {AccountInfo, Acknowledgment, AuthorizationCode, PolicyDocument, PurchaseInfo}
    types |= {TrustCode, Verdict}
    assert {kind.TYPE for kind in types} == set(READERS) <= set(SIGNED)


def readings(name: str) -> tuple[bytes, Callable[[bytes], object], tuple[object, ...]]:
    """Return what is written, how it is read, and all that it may be read as."""
    data, read = SIGNED[name]()
    if name != ALONG:
        return data, read, (read(data),)
    # Where a trust code's key signs, the SUDI that comes along proves nothing more: without the
    # name of its field the report says the same.
    return data, read, (read(data), read(SIGNED[UNDER_TRUST]()[0]))


@pytest.mark.nightly
@pytest.mark.threat("A7", role="core")
@pytest.mark.threat("A8", role="core")
@pytest.mark.threat("B5", role="core")
@pytest.mark.threat("D1", role="core")
@pytest.mark.parametrize("name", SIGNED)
def test_no_altered_byte_of_a_signed_document_is_taken_for_another(
    name: str, figures: Figures
) -> None:
    data, read, good = readings(name)
    tally = Tally()
    for one in altered(data, name):
        tally.judge(one, read, good)
    figures.add("altered signed bytes tried", tally.trials)
    figures.add("altered signed bytes that say the same", tally.same)
    assert tally.trials >= 2 * len(data)
    # In an item the name of `header` and the software id are not signed: any pipe may rewrite them.
    unsigned = (
        BITS * len("header" + PAYLOAD.software_tag + "chain") if name.startswith("rum") else 0
    )
    assert tally.same <= unsigned
