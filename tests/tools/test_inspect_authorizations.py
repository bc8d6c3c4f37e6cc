"""`gauger inspect` on authorization codes, requests and returns."""

from dataclasses import replace

import pytest

from checks import make_vectors_documents as vectors
from gauger.core.documents.authorization_code import AuthorizationOrigin
from gauger.core.documents.authorization_items import write_authorization_item
from gauger.core.documents.envelope import DirectSignature, Document, write_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.documents.trust_store import TrustStore
from gauger.tools.explain_document import explain_document
from gauger.tools.explain_file import explain_file
from gauger.tools.explain_report import Yardstick
from gauger.tools.finding import Seal

MAKER = Manufacturer(
    name="Vector Manufacturer",
    certificate=vectors.MAKER.certificate,
    pids=frozenset({vectors.UDI.pid}),
    serial_prefixes=("GGR",),
    ledger="fa" * 16,
)
TRUSTED = Yardstick(
    trust=TrustStore(manufacturers=(MAKER,)).pin(vectors.root_document()), now=vectors.NOW
)
NOBODY = Yardstick(trust=TrustStore(), now=vectors.NOW)
OTHERS = Yardstick(
    trust=TrustStore(manufacturers=(replace(MAKER, serial_prefixes=("XYZ",)),)), now=vectors.NOW
)
REQUEST = vectors.by_sudi(vectors.AUTHORIZATION_REQUEST)
RETURN = vectors.by_sudi(vectors.AUTHORIZATION_RETURN)
CODE = vectors.direct("authorization-code", vectors.AUTHORIZATION.encode())


@pytest.mark.parametrize("document", [REQUEST, RETURN], ids=lambda one: one.type)
def test_who_signed_is_told(document: Document) -> None:
    assert explain_document(document, TRUSTED).seal is Seal.HOLDS
    assert explain_document(document, NOBODY).seal is Seal.UNALTERED
    assert explain_document(document, OTHERS).seal is Seal.UNTRUSTED
    forged = DirectSignature(chain=(vectors.SUDI,), value=bytes(64))
    for yardstick in (TRUSTED, NOBODY):
        assert explain_document(replace(document, signature=forged), yardstick).seal is Seal.FAILS


def test_what_is_asked_and_given_is_told() -> None:
    asked = dict(explain_document(REQUEST, TRUSTED).facts)
    assert "beside what is authorized" in asked["Installed"]
    replaced = vectors.by_sudi(vectors.AUTHORIZATION_REQUEST, mode="replace", held=None)
    facts = dict(explain_document(replaced, TRUSTED).facts)
    assert facts["Installed"].startswith("nothing; the new code stands in the place of")
    returned = dict(explain_document(RETURN, TRUSTED).facts)
    assert returned["Return code"] == vectors.AUTHORIZATION_RETURN.return_code
    code = explain_document(CODE, TRUSTED)
    assert code.seal is Seal.HOLDS
    assert dict(code.facts)["Confirmation code"] == CODE.digest[:8]
    made = replace(vectors.AUTHORIZATION, epoch=0, origin=AuthorizationOrigin.FACTORY)
    factory = explain_document(vectors.direct(made.TYPE, made.encode()), TRUSTED)
    assert dict(factory.facts)["Origin"] == "installed at the factory"


def test_a_file_with_them_says_which_way_it_goes() -> None:
    to_portal = [Item(kind=ItemKind.AUTH_REQUEST, text=write_authorization_item(RETURN))]
    finding = explain_file(write_file(to_portal), TRUSTED, 5)
    assert (finding.is_sound, finding.title) == (
        True,
        "Authorization request or return file, for the portal",
    )
    to_device = [Item(kind=ItemKind.AUTH_CODE, text=write_document(CODE))]
    finding = explain_file(write_file(to_device), TRUSTED, 5)
    assert (finding.is_sound, finding.title) == (
        True,
        "Authorization code file, for a product instance",
    )
