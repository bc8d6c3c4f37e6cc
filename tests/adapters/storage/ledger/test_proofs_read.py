"""What a reader proves: heads, paths between them, and answers under the signature they have."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from gauger.adapters.storage.ledger.reader import SqliteReader
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.ports import LedgerReader
from gauger.core.documents import merkle
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.page import head_leaf
from gauger.core.identity import digest
from gauger.core.problems import Problem
from tests.support.builders import UDI, Bench, a_device


@pytest.fixture
def reader(portal: Bench) -> Iterator[LedgerReader]:
    opened = portal.authority.reader()
    yield opened
    opened.close()


@pytest.mark.requirement("BX-5")
def test_every_earlier_head_is_proven_in_the_newest(portal: Bench, reader: LedgerReader) -> None:
    device = a_device()
    for _ in range(3):
        device.install(portal.report(device.report()))
    newest = reader.head()
    assert newest is not None
    count = newest.pages - 1
    root = bytes.fromhex(json.loads(newest.body)["previous_root"])

    for page in range(count):
        head = reader.head_at(page)
        assert head is not None
        path = reader.inclusion_proof(page)
        leaf = head_leaf(head.body)
        merkle.verify_inclusion(leaf, page, count, path=path, root=root)
        with pytest.raises(Problem):
            merkle.verify_inclusion(leaf, page + 1, count, path=path, root=root)


@pytest.mark.requirement("BX-5")
@pytest.mark.parametrize("page", [-1, 10**6])
def test_a_page_that_the_newest_head_does_not_close_over_has_no_proof(
    reader: LedgerReader, page: int
) -> None:
    with pytest.raises(Problem) as caught:
        reader.inclusion_proof(page)
    assert caught.value.code == "not-found"
    assert reader.head_at(page) is None


@pytest.mark.parametrize(("first", "second"), [(-1, 1), (2, 1), (1, 10**6)])
def test_no_ledger_goes_on_from_one_that_is_longer(
    reader: LedgerReader, first: int, second: int
) -> None:
    with pytest.raises(Problem) as caught:
        reader.consistency_proof(first, second)
    assert caught.value.code == "not-found"


@pytest.mark.threat("B3", role="cssm")
def test_an_answer_is_found_for_its_device_only(portal: Bench, reader: LedgerReader) -> None:
    outcome = portal.report(a_device().report())
    assert outcome.answer is not None
    found = reader.answer_for(outcome.digest)

    assert found is not None
    assert found.acknowledgments[0].body == outcome.answer.acknowledgments[0].body
    listed = Acknowledgment.from_document(found.acknowledgments[0]).companions
    assert [item.digest for item in listed] == [document.digest for document in found.companions]
    assert reader.answer_for(outcome.digest, UDI) == found
    assert reader.answer_for(outcome.digest, a_device("GGR0009").udi) is None
    assert reader.answer_for(digest(b"none")) is None


@pytest.mark.threat("G6", role="cssm")
def test_an_answer_whose_page_is_not_signed_is_not_given_out(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    portal.authority.stop()
    store = SqliteLedger(portal.path)
    store._db.execute("DROP TRIGGER heads_signed_once")
    store._db.execute("UPDATE heads SET signature = NULL")
    last = store.pages.count() - 1
    with closing(store.reader(lambda: None)) as blind:
        assert blind.answer_for(outcome.digest) is None
        head = blind.head()
        assert head is not None
        assert head.signature is None
    with closing(store.reader(lambda: (last, b"v" * 64))) as seeing:
        head_now = seeing.head()
        assert head_now is not None
        assert head_now == replace(head, signature=b"v" * 64)
        earlier = seeing.head_at(0)
        assert earlier is not None
        assert earlier.signature is None  # that signature is of the last page only
    store.close()


def test_trust_material_is_told_as_it_was_taken_in(portal: Bench, reader: LedgerReader) -> None:
    trust = reader.trust()

    assert [document.body for document in trust.root_sets] == [
        document.body for document in portal.factory.root_sets
    ]
    assert [row.file for row in trust.manufacturers] == [portal.factory.manufacturer.to_json()]


@pytest.mark.threat("F14", role="cssm")
def test_the_tree_of_a_page_is_built_once_for_all_its_answers(
    portal: Bench, reader: LedgerReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, built = portal.report(a_device().report()), []
    tree = merkle.tree

    def counted(leaves: Iterable[bytes]) -> tuple[merkle.Frontier, dict[tuple[int, int], bytes]]:
        built.append(1)
        return tree(leaves)

    monkeypatch.setattr(merkle, "tree", counted)
    for _ in range(5):
        assert reader.answer_for(outcome.digest) == outcome.answer
    assert len(built) == 1


@pytest.mark.threat("F14", role="cssm")
def test_pages_beyond_the_last_few_are_forgotten(portal: Bench) -> None:
    device = a_device()
    outcomes = [portal.report(device.report()) for _ in range(8)]
    with closing(portal.authority.reader()) as reader:
        for outcome in (*outcomes, *outcomes):
            assert reader.answer_for(outcome.digest) == outcome.answer
        assert isinstance(reader, SqliteReader)
        assert len(reader._pages._known) == 4


def test_answers_are_read_on_connections_that_are_used_again(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, opened = portal.report(a_device().report()), []
    reader = portal.authority.reader

    def counted() -> LedgerReader:
        opened.append(1)
        return reader()

    monkeypatch.setattr(portal.authority, "reader", counted)
    for _ in range(5):
        assert portal.authority.answer_for(outcome.digest) == outcome.answer
    assert len(opened) == 1
