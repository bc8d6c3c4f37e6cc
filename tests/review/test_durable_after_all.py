"""A commit that was reported as failed and is durable all the same harms nothing that follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.authority.outcomes import Verdict
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import NOW, Bench, a_device


@contextmanager
def failing_after_commit() -> Iterator[None]:
    """Let every transaction become durable and then say that it did not."""
    honest = SqliteLedger.transaction

    @contextmanager
    def transaction(self: SqliteLedger) -> Iterator[None]:
        with honest(self):
            yield
        raise Problem("store-failed", "The disk answers too late.")

    with patch.object(SqliteLedger, "transaction", transaction):
        yield


@pytest.mark.threat("G2", role="cssm")
def test_the_work_goes_on_and_the_ack_is_the_one_that_was_frozen(portal: Bench) -> None:
    device = a_device()
    first = device.report()
    portal.report(first)
    item = device.report(((NOW, NOW + 9, 1),))
    with failing_after_commit(), pytest.raises(Problem):
        portal.report(item)
    again = portal.report(item)
    portal.authority.stop()

    assert again.verdict is Verdict.SAME
    assert examine_ledger(portal.path).is_whole
