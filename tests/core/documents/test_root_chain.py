"""Root sets that an operator brings: in any order, all or none."""

import pytest

from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.root_chain import Standing, follow, read_material
from gauger.core.documents.trust_store import TrustStore
from tests.core.documents.material import declared, refused, root_set, signed_root


def numbered(number: int, **changes: object) -> Document:
    return signed_root(root_set(number=number, **changes))


def held(number: int) -> TrustStore:
    return TrustStore().pin(numbered(number))


@pytest.mark.threat("C3", role="core")
def test_they_are_followed_by_number_whatever_the_order() -> None:
    store, steps = follow(held(2), [numbered(10 - at) for at in range(10)])
    assert store.root_set is not None
    assert store.root_set.number == 10
    wanted = [Standing.OLDER, Standing.HELD, *[Standing.TAKEN] * 8]
    assert [step.standing for step in steps] == wanted
    assert [step.number for step in steps] == list(range(1, 11))
    assert steps[0].text == "root set 1 (epoch 1): older than the one held, nothing to do"


def test_the_same_one_twice_is_no_conflict() -> None:
    _, steps = follow(held(1), [numbered(2), numbered(2)])
    assert [step.standing for step in steps] == [Standing.TAKEN, Standing.HELD]


@pytest.mark.parametrize(
    ("brought", "code"),
    [
        ([numbered(3)], "root-skipped"),
        ([numbered(2), numbered(4)], "root-skipped"),
        ([numbered(1, expires_at=1_999_999_999)], "version-conflict"),
        ([numbered(2), numbered(2, expires_at=1_999_999_999)], "version-conflict"),
    ],
)
def test_what_does_not_follow_refuses_all(brought: list[Document], code: str) -> None:
    with refused(code):
        follow(held(1), brought)


def test_without_a_root_set_none_is_pinned_by_the_way() -> None:
    with refused("unknown-key"):
        follow(TrustStore(), [numbered(1)])


def test_a_file_shows_by_its_content_what_it_is() -> None:
    assert read_material(write_document(numbered(1))) == numbered(1)
    found = read_material(declared().to_json())
    assert isinstance(found, Manufacturer)
    other = Document(
        type="policy", version=1, body=b"{}", signature=numbered(1, keys=root_set().keys).signature
    )
    for text, code in (("[]", "malformed"), (write_document(other), "wrong-type")):
        with refused(code):
            read_material(text)
