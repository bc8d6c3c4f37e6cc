"""Whatever is refused is recorded, and whoever waits gets an answer."""

import threading

import pytest

from gauger.core.authority.commands import RecordEvent
from gauger.core.problems import Problem
from tests.review.test_numbers_at_the_edge import builtin
from tests.support.builders import ACCOUNT, Bench

EVENT = RecordEvent(kind="test", subject="s", detail="d", by="admin")


def refusals(portal: Bench) -> list[str]:
    """Return the details of all refusals in the account's log."""
    reader = portal.authority.reader()
    try:
        return [event.detail for event in reader.events(ACCOUNT) if event.kind == "refusal"]
    finally:
        reader.close()


def test_an_unverifiable_report_of_a_declared_device_is_refused_and_recorded(
    portal: Bench,
) -> None:
    item = builtin("GGR0001", 1).replace("ISR4331", "C9800-CL-K9")
    for _ in range(3):
        with pytest.raises(Problem, match="algorithm-not-allowed"):
            portal.report(item)

    (detail,) = refusals(portal)
    assert detail.startswith("algorithm-not-allowed")


def test_nobody_waits_for_an_authority_that_has_stopped(portal: Bench) -> None:
    found: list[object] = []
    begun = threading.Event()

    def ask() -> None:
        while True:
            future = portal.authority.enqueue(EVENT)
            begun.set()
            found.append(future.exception(timeout=20))
            if found[-1] is not None:
                return

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    begun.wait(timeout=5)
    portal.authority.stop()
    for thread in asking:
        thread.join(timeout=30)

    ends = [item for item in found if item is not None]
    assert len(ends) == len(asking)
    assert {getattr(item, "code", repr(item)) for item in ends} == {"server-busy"}
