"""The order of versioned documents, and marks that never go down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.documents.versions import Mark, Marks, Order, Standing
from gauger.core.fields import Fields
from gauger.core.identity import Digest
from tests.core.documents.material import LEDGER, refused

A, B = Digest("aa" * 32), Digest("bb" * 32)
SMALL = st.integers(0, 3)
ORDERS = st.builds(Order, SMALL, SMALL, SMALL)


def mark(*numbers: int, digest: Digest = A) -> Mark:
    return Mark(Order(*numbers), digest)


@given(ORDERS)
def test_an_order_is_read_as_it_is_written(order: Order) -> None:
    assert Order.from_fields(Fields(order.to_json(), "the order")) == order
    assert str(order) == f"{order.root_epoch}.{order.ledger_epoch}.{order.version}"


@pytest.mark.threat("B10", role="core")
def test_a_new_root_epoch_stands_above_the_highest_version() -> None:
    assert Order(1, 2**63 - 1, 2**63 - 1) < Order(2, 1, 1)
    assert Order(2, 1, 9) < Order(2, 2, 1)


def test_a_document_is_newer_the_same_or_older() -> None:
    marks = Marks().raised(LEDGER, "policy", mark(1, 1, 5))
    assert marks.judge(LEDGER, "policy", mark(1, 1, 6)) is Standing.NEWER
    assert marks.judge(LEDGER, "policy", mark(1, 1, 5)) is Standing.SAME
    assert marks.judge(LEDGER, "policy", mark(1, 1, 4)) is Standing.OLDER
    assert marks.judge(LEDGER, "account-info", mark(1, 1, 1)) is Standing.NEWER
    assert marks.judge("bb" * 16, "policy", mark(1, 1, 1)) is Standing.NEWER


def test_one_version_never_has_two_contents() -> None:
    marks = Marks().raised(LEDGER, "policy", mark(1, 1, 5))
    with refused("version-conflict"):
        marks.judge(LEDGER, "policy", mark(1, 1, 5, digest=B))
    with refused("version-conflict"):
        marks.raised(LEDGER, "policy", mark(1, 1, 5, digest=B))


@pytest.mark.threat("B9", role="core")
@pytest.mark.threat("D6", role="core")
def test_an_older_document_that_comes_alone_is_refused() -> None:
    marks = Marks().raised(LEDGER, "policy", mark(1, 1, 5))
    with refused("stale-version"):
        marks.require_newer(LEDGER, "policy", mark(1, 1, 4))
    assert marks.require_newer(LEDGER, "policy", mark(1, 1, 5)) is Standing.SAME
    assert marks.require_newer(LEDGER, "policy", mark(1, 2, 0)) is Standing.NEWER


@pytest.mark.threat("B9", role="core")
@given(st.lists(ORDERS, min_size=1))
def test_marks_only_go_up(orders: list[Order]) -> None:
    marks = Marks()
    for order in orders:
        marks = marks.raised(LEDGER, "policy", Mark(order, A))
    assert marks.marks[LEDGER, "policy"].order == max(orders)
