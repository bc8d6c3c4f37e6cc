"""What was bought for a device fits into the document that tells it."""

import pytest

from gauger.core.authority.commands import DepositOrder, OrderLine
from gauger.core.authority.outcomes import ReportOutcome
from gauger.core.documents.envelope import DOCUMENT_CAP, read_document, write_document
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo, fits
from gauger.core.problems import Problem
from tests.support.builders import ACCOUNT, NOW, UDI, Bench, a_device


def order(number: int, *, lines: int, start: int = NOW) -> DepositOrder:
    """Return an order of licences with long names for the device."""
    made = tuple(
        OrderLine(
            tag=f"regid.2018-06.com.example.{line:04d}{'X' * 400}",
            name=f"{line:04d}{'é' * 120}",
            quantity=1,
            term="perpetual",
            start=start,
            end=None,
        )
        for line in range(lines)
    )
    return DepositOrder(
        account=ACCOUNT, order_number=f"SO-{number}", lines=made, devices=(UDI,), by="operator"
    )


def companions(outcome: ReportOutcome) -> list[str]:
    """Return the companions of an answer, each read as a device reads it."""
    assert outcome.answer is not None
    for document in outcome.answer.companions:
        text = write_document(document)
        assert len(text) <= DOCUMENT_CAP
        if document.type == PurchaseInfo.TYPE:
            PurchaseInfo.from_document(read_document(text))
    return [document.type for document in outcome.answer.companions]


def test_an_order_too_large_for_its_device_is_refused_and_leaves_nothing(portal: Bench) -> None:
    with pytest.raises(Problem) as caught:
        portal.authority.execute(order(1, lines=1000))
    assert caught.value.code == "invalid-argument"
    portal.authority.execute(order(1, lines=60))
    assert "purchase-info" in companions(portal.report(a_device().report()))


def test_orders_that_are_too_many_together_are_refused(portal: Bench) -> None:
    for number in range(5):
        portal.authority.execute(order(number, lines=30))
    with pytest.raises(Problem) as caught:
        portal.authority.execute(order(5, lines=100))
    assert caught.value.code == "invalid-argument"
    assert "purchase-info" in companions(portal.report(a_device().report()))


@pytest.mark.parametrize("start", [-1, 253_402_300_800, 2**70])
def test_a_term_that_no_document_can_tell_is_refused(portal: Bench, start: int) -> None:
    with pytest.raises(Problem) as caught:
        portal.authority.execute(order(1, lines=1, start=start))
    assert caught.value.code == "invalid-argument"


def test_a_document_tells_of_so_many_lines_and_no_more() -> None:
    line = Purchase(tag="t", name="n", quantity=1, term="perpetual")

    assert fits([line] * 1024)
    assert not fits([line] * 1025)
