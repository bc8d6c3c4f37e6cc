"""A store that another holds or that cannot be written, and a failing source of randomness."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from gauger.core.authority.commands import Pipe, ReceiveReport
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import ACCOUNT, TAG, Bench, CountedEntropy, a_device


@contextmanager
def locked(portal: Bench) -> Iterator[None]:
    """Let another process write to the ledger for the time of the block."""
    portal.authority._store._db.execute("PRAGMA busy_timeout = 50")  # type: ignore[attr-defined]  # thirty seconds otherwise
    with closing(sqlite3.connect(portal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def read_only(portal: Bench) -> Iterator[None]:
    """Let each write fail as on a file system that became read-only."""
    db = portal.authority._store._db  # type: ignore[attr-defined]  # the disk of this test
    db.execute("PRAGMA query_only = 1")
    yield
    db.execute("PRAGMA query_only = 0")


def codes(portal: Bench, items: list[str]) -> set[str]:
    """Hand in reports at once; returns how they end, all of which fail."""
    waiting = [
        portal.authority.enqueue(ReceiveReport(item=one, pipe=Pipe.FILE, uploaded_to=ACCOUNT))
        for one in items
    ]
    found = set()
    for one in waiting:
        error = one.exception(timeout=60)
        assert isinstance(error, Problem)
        found.add(error.code)
    return found


@pytest.mark.threat("G8", role="cssm")
@pytest.mark.parametrize("hindered", [locked, read_only])
def test_each_command_ends_by_name_none_piles_up_and_all_goes_on_afterwards(
    portal: Bench, hindered: object
) -> None:
    assert callable(hindered)
    items = [a_device(f"GGR1{number:03}").report() for number in range(30)]
    began = time.monotonic()
    with hindered(portal):
        assert codes(portal, items) == {"store-failed"}
        assert portal.verdicts() == []
    assert time.monotonic() - began < 30

    outcomes = [portal.report(one) for one in items]
    assert {one.verdict for one in outcomes} == {Verdict.ACCEPTED}
    assert portal.balance()[TAG] == (0, len(items), 0)
    portal.authority.stop()
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("C10", role="cssm")
def test_without_randomness_nothing_is_signed_and_nothing_stands_for_it(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = a_device().report()
    head = portal.head()

    def fail(_: CountedEntropy, count: int) -> bytes:
        raise Problem("entropy-failed", f"No {count} bytes.")

    with monkeypatch.context() as without:
        without.setattr(CountedEntropy, "random_bytes", fail)
        with pytest.raises(Problem) as caught:
            portal.report(item)
        assert caught.value.code == "entropy-failed"
        assert portal.head().pages == head.pages
        assert portal.verdicts() == []
    outcome = portal.report(item)
    assert isinstance(outcome, ReportOutcome)
    assert outcome.verdict is Verdict.ACCEPTED
    assert examine_ledger(portal.path).is_whole
