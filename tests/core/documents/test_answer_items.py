"""The elements of an answer file and the documents in them."""

import pytest

from checks import make_vectors_documents as vectors
from gauger.core.documents.answer_items import TYPES, document_in
from gauger.core.documents.envelope import write_document
from gauger.core.documents.smart_license import TO_INSTANCE, Item, ItemKind
from tests.core.documents.material import refused

TEXTS = {
    body.TYPE: write_document(vectors.direct(body.TYPE, body.encode()))
    for body in (
        vectors.ACK,
        vectors.VERDICT,
        vectors.POLICY,
        vectors.TRUST_CODE,
        vectors.INFO,
        vectors.PURCHASE,
        vectors.AUTHORIZATION,
    )
} | {"root-set": write_document(vectors.root_document())}


def test_every_element_of_an_answer_file_is_for_some_type() -> None:
    assert TYPES.keys() == TO_INSTANCE
    assert {kind for kinds in TYPES.values() for kind in kinds} == TEXTS.keys()


@pytest.mark.threat("B8", role="instance")
@pytest.mark.parametrize("kind", sorted(TYPES))
@pytest.mark.parametrize("given", sorted(TEXTS))
def test_a_document_stands_under_the_element_of_its_type(kind: ItemKind, given: str) -> None:
    item = Item(kind=kind, text=TEXTS[given], name=kind.value)
    if given in TYPES[kind]:
        assert document_in(item).type == given
    else:
        with refused("wrong-type"):
            document_in(item)
