"""An answer that was taken before takes nothing back: no wish, no date, no document of another."""

from dataclasses import replace

import pytest

from gauger.core.documents.versions import Order
from gauger.core.instance.answers import Holding, Pipe, SkipReason
from gauger.core.instance.install import decide
from tests.core.documents.material import NOW
from tests.core.instance.answering import (
    OTHER_LEDGER,
    REPORT,
    SECOND,
    SETTLED,
    ack,
    after,
    policy,
    refusal,
    took,
)


def acknowledged() -> Holding:
    """Return a device whose two reports are acknowledged."""
    return after(took(ack(REPORT), ack(SECOND)))


@pytest.mark.threat("B1", role="instance")
def test_an_old_ack_does_not_confirm_what_a_restored_portal_lost() -> None:
    held = acknowledged()
    assert took(ack(REPORT), holding=held).confirmed == frozenset()
    assert took(ack(REPORT, issued_at=NOW + 9), holding=held).confirmed == {REPORT}


@pytest.mark.threat("B1", role="instance")
def test_a_wish_is_heeded_unless_it_was_fulfilled_since() -> None:
    held = after(took(ack(REPORT, issued_at=NOW)))
    wishing = {"wanted": (REPORT,)}
    assert took(ack(SECOND, issued_at=NOW + 1, **wishing), holding=held).wanted == {REPORT}
    assert took(ack(SECOND, issued_at=NOW, **wishing), holding=held).wanted == frozenset()


def test_what_was_lost_is_installed_again_and_what_is_held_is_not() -> None:
    newest = policy(5)
    held = after(took(newest))
    lost = replace(held, held=frozenset())

    assert took(newest, holding=held).skipped[0].reason is SkipReason.HELD
    plan = took(newest, ack(REPORT, newest), holding=lost)
    assert [item.document for item in plan.installs] == [newest]
    assert plan.marks == lost.marks
    assert refusal(policy(4), holding=lost) == "stale-version"


def test_the_newest_document_of_a_ledger_that_is_obeyed_no_more_stays_out() -> None:
    first = policy(issuer=OTHER_LEDGER, account=None, order=Order(1, 1, 5))
    held = after(took(first, holding=replace(SETTLED, account=None, ledger=None)))
    moved = replace(held, account=SETTLED.account, ledger=SETTLED.ledger, held=frozenset())
    plan = decide(moved, [first], Pipe.FILE)

    assert plan.refusal is None
    assert not plan.installs
