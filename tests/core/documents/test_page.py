"""Pages: one head for many answers, and a chain of heads."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents import merkle
from gauger.core.documents.envelope import DirectSignature, Document, PageSignature, preimage
from gauger.core.documents.page import (
    MOST_EARLIER,
    EarlierEpoch,
    Leaf,
    LedgerEpoch,
    Page,
    PageHead,
    SignedHead,
    after_epoch,
    build_page,
    head_leaf,
    verify_continuation,
    verify_leaf,
)
from gauger.core.fields import Fields
from gauger.core.identity import Digest, digest
from tests.core.documents.material import document, page_facts, refused


def page_of(count: int, **facts: object) -> Page:
    leaves = [Leaf(bytes([at] * 16), preimage("ack", 1, b"%d" % at)) for at in range(count)]
    return build_page(page_facts(**facts), leaves)


def answer(page: Page, index: int) -> tuple[Document, PageSignature]:
    block = page.signature(index, chain=(b"c",), value=bytes(64))
    return document("ack", b"%d" % index, block), block


def head_document(page: Page) -> Document:
    return SignedHead(head=page.body, chain=(b"c",), value=bytes(64)).document


@given(st.integers(1, 60), st.data())
def test_every_answer_proves_itself(count: int, data: st.DataObject) -> None:
    page = page_of(count)
    index = data.draw(st.integers(0, count - 1))
    head = PageHead.from_document(head_document(page))
    assert head == page.head
    assert head.leaf_count == count
    verify_leaf(*answer(page, index), head)


def test_another_salt_index_or_body_is_not_in_the_page() -> None:
    page = page_of(5)
    paper, block = answer(page, 2)
    others = [
        dataclasses.replace(block, salt=bytes(16)),
        dataclasses.replace(block, index=3),
        dataclasses.replace(block, path=block.path[::-1]),
    ]
    for other in others:
        with refused("signature-invalid"):
            verify_leaf(paper, other, page.head)
    with refused("signature-invalid"):
        verify_leaf(dataclasses.replace(paper, body=b"3"), block, page.head)


@pytest.mark.threat("B8")
def test_a_leaf_of_one_type_is_no_leaf_of_another() -> None:
    page = page_of(2)
    paper, block = answer(page, 1)
    with refused("signature-invalid"):
        verify_leaf(dataclasses.replace(paper, type="policy"), block, page.head)


def test_a_page_without_leaves_or_salt_is_not_made() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        page_of(0)
    with pytest.raises(ValueError, match="salt of 16 bytes"):
        Leaf(b"short", b"")


def test_a_head_survives_its_written_forms() -> None:
    page = page_of(3, abandons=(Digest("ab" * 32),), test_clock=True)
    head = PageHead.from_document(head_document(page))
    assert head == page.head
    assert head.test_clock
    block = page.signature(0, chain=(b"c", b"d"), value=bytes(64))
    signed = SignedHead.of(block)
    assert SignedHead.from_fields(Fields(signed.to_json(), "the head")) == signed
    assert page.preimage == signed.document.preimage == b"gauger/page-head/1\x00" + page.body


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "ack"}, "wrong-type"),
        ({"leaf_count": 0}, "malformed"),
        ({"page": -1}, "malformed"),
        ({"epoch": {"number": 0, "id": "ee" * 16}}, "malformed"),
        ({"previous_root": "x"}, "malformed"),
        ({"critical": ["quorum"]}, "upgrade-needed"),
    ],
)
def test_a_head_of_another_form_is_refused(changes: dict[str, object], code: str) -> None:
    body = json.dumps(json.loads(page_of(1).body) | changes).encode()
    block = DirectSignature(chain=(b"c",), value=bytes(64))
    with refused(code):
        PageHead.from_document(document("page-head", body, block))


class Ledger:
    """Heads that follow each other."""

    def __init__(self) -> None:
        self.frontier = merkle.Frontier()
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.heads: list[Document] = []

    def add(self, leaves: int) -> None:
        root = Digest(self.frontier.root().hex())
        page = page_of(leaves, page=len(self.heads), previous_root=root)
        self.heads.append(head_document(page))
        for level, place, value in self.frontier.append(head_leaf(page.body)):
            self.nodes[level, place] = value

    def node(self, level: int, place: int) -> bytes:
        return self.nodes[level, place]

    def continuation(self, first: int, second: int) -> dict[str, list[bytes]]:
        inclusion = merkle.inclusion_path(first, second, self.node) if first < second else []
        consistency = merkle.consistency_path(first, second, self.node)
        return {"inclusion": inclusion, "consistency": consistency}


def ledger_of(*pages: int) -> Ledger:
    ledger = Ledger()
    for leaves in pages:
        ledger.add(leaves)
    return ledger


def test_any_two_heads_of_one_ledger_are_proven_to_be() -> None:
    ledger = ledger_of(*range(1, 14))
    for second in range(13):
        for first in range(second + 1):
            proofs = ledger.continuation(first, second)
            verify_continuation(ledger.heads[first], ledger.heads[second], **proofs)


def test_a_fork_shows_where_two_heads_meet() -> None:
    ledger, fork = ledger_of(1, 2, 3, 4), ledger_of(1, 2, 5, 4)
    for first in (2, 3):
        with refused("signature-invalid"):
            proofs = ledger.continuation(first, 3)
            verify_continuation(fork.heads[first], ledger.heads[3], **proofs)


def test_a_rollback_shows_where_a_longer_ledger_is_held() -> None:
    ledger, rolled_back = ledger_of(1, 2, 3, 4), ledger_of(1, 2, 9)
    with refused("signature-invalid"):
        verify_continuation(ledger.heads[3], rolled_back.heads[2], inclusion=[], consistency=[])


def test_heads_of_two_ledgers_do_not_compare() -> None:
    other = head_document(page_of(1, ledger="bb" * 16))
    with refused("signature-invalid"):
        verify_continuation(ledger_of(1).heads[0], other, inclusion=[], consistency=[])


def test_a_head_is_bounded() -> None:
    signed = SignedHead(head=b"{" + b" " * (8 * 1024), chain=(b"c",), value=b"")
    with refused("too-large"):
        signed.read()


def test_the_digest_of_a_head_is_that_of_its_body() -> None:
    page = page_of(1)
    assert head_document(page).digest == digest(page.body)


FIRST, SECOND, TWIN = (
    LedgerEpoch(number, name * 32) for number, name in ((1, "a"), (2, "b"), (2, "c"))
)


def test_a_head_names_what_stands_of_earlier_epochs() -> None:
    earlier = (EarlierEpoch(epoch=FIRST, until=5),)
    page = page_of(1, epoch=SECOND, earlier=earlier)
    head = PageHead.from_document(head_document(page))
    assert head.earlier == earlier
    assert json.loads(page.body)["earlier_epochs"] == [{"id": "a" * 32, "number": 1, "until": 5}]
    assert [head.stands(FIRST, number) for number in (0, 4, 5, 9)] == [True, True, False, False]
    assert head.stands(SECOND, 7)
    # Of two epochs of one number only the one of the ledger's own history stands.
    assert head.stands(TWIN, 0) is False


def test_earlier_epochs_are_understood_and_may_be_called_critical() -> None:
    body = json.loads(page_of(1, earlier=(EarlierEpoch(epoch=FIRST, until=5),)).body)
    assert body.keys() <= PageHead.known()
    called = json.dumps(body | {"critical": ["earlier_epochs"]}).encode()
    block = DirectSignature(chain=(b"c",), value=bytes(64))
    head = PageHead.from_document(document("page-head", called, block))
    assert head.earlier == (EarlierEpoch(epoch=FIRST, until=5),)


def test_a_head_of_the_first_release_says_nothing_of_earlier_epochs() -> None:
    head = page_of(1, epoch=SECOND).head
    assert b"earlier_epochs" not in page_of(1, epoch=SECOND).body
    assert head.stands(FIRST, 3) is None


def test_of_an_epoch_that_a_foreign_head_ends_nothing_is_vouched_for() -> None:
    restored = after_epoch((), FIRST, pages=range(5), is_met=False)
    assert restored == (EarlierEpoch(epoch=FIRST, until=5),)
    met = after_epoch(restored, SECOND, pages=range(5, 9), is_met=True)
    assert met == (*restored, EarlierEpoch(epoch=SECOND, until=5))


def test_only_the_newest_earlier_epochs_are_named() -> None:
    earlier: tuple[EarlierEpoch, ...] = ()
    for number in range(1, MOST_EARLIER + 3):
        epoch = LedgerEpoch(number, f"{number:032x}")
        earlier = after_epoch(earlier, epoch, pages=range(number, number + 1), is_met=False)
    assert len(earlier) == MOST_EARLIER
    assert earlier[-1].epoch.number == MOST_EARLIER + 2
    abandons = tuple(Digest(f"{at:064x}") for at in range(64))
    head = page_of(1, earlier=earlier, abandons=abandons, epoch=LedgerEpoch(99, "e" * 32))
    assert PageHead.from_document(head_document(head)).earlier == earlier
