"""Two stores under one identity: a clone is flagged, a store that was replaced is not."""

from dataclasses import replace

import pytest

from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import NOW, Bench, Device, a_device

OTHER = "99" * 16
CLONE = "duplicate-identity"


def report_untimed(portal: Bench, device: Device, end: int) -> ReportOutcome:
    """Let a device without a clock report, and take in what comes back."""
    span = (end - 900, end, 1)
    outcome = portal.report(device.report((span,), relative=True, closed_at=end))
    device.install(outcome)
    return outcome


@pytest.mark.threat("H1", role="cssm")
def test_a_replaced_store_whose_clock_was_lost_is_no_clone(portal: Bench) -> None:
    old, new = a_device(), a_device(incarnation=OTHER)
    portal.report(old.report(((NOW - 9000, NOW - 8000, 1),)))
    late = old.report(((NOW - 8000, NOW - 7000, 1),))
    first = report_untimed(portal, new, 900)
    outcomes = [
        first,
        portal.report(new.report(((NOW - 1000, NOW - 100, 1),))),
        portal.report(late),
        portal.report(new.report(((NOW - 100, NOW, 1),))),
    ]

    assert "store-replaced" in first.flags
    assert not [one for one in outcomes if CLONE in one.flags]


@pytest.mark.threat("A20", role="cssm")
def test_clones_without_clocks_betray_themselves_by_the_pages_they_know(portal: Bench) -> None:
    one, two = a_device(), a_device(incarnation=OTHER)
    flags = [
        report_untimed(portal, one if turn % 2 else two, 900 + 900 * turn).flags
        for turn in range(6)
    ]

    assert [CLONE in found for found in flags] == [False] * 4 + [True] * 2


@pytest.mark.threat("A20", role="cssm")
def test_clones_are_flagged_when_one_file_brings_one_after_the_other(portal: Bench) -> None:
    one, two = a_device(), a_device(incarnation=OTHER)
    spans = [(NOW - 900 * k, NOW - 900 * k + 900, 1) for k in range(6, 0, -1)]
    first = [one.report((span,)) for span in spans[::2]]
    second = [two.report((span,)) for span in spans[1::2]]
    flags = [portal.report(item).flags for item in (*first, *second)]

    assert CLONE in flags[3]
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("H1", role="cssm")
def test_untimed_reports_of_a_dead_store_that_come_late_are_no_clone(portal: Bench) -> None:
    old, new = a_device(), a_device(incarnation=OTHER)
    report_untimed(portal, old, 900)
    late = old.report(((900, 1800, 1),), relative=True, closed_at=1800)
    for turn in range(3):
        report_untimed(portal, new, 900 + 900 * turn)

    assert CLONE not in portal.report(late).flags
    assert CLONE not in report_untimed(portal, new, 9000).flags


def many_stores(portal: Bench, monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    """Let more stores of one device report than a report is compared with."""
    monkeypatch.setattr("gauger.adapters.storage.ledger.lives.MOST_LIVES", 3)
    stores = [a_device(incarnation=f"{number:032x}") for number in range(1, 9)]
    flags = [portal.report(store.report(((NOW - 900, NOW, 1),))).flags for store in stores]
    assert ["store-replaced" in one for one in flags] == [False] + [True] * 7
    assert [CLONE in one for one in flags] == [False] + [True] * 7
    return stores


@pytest.mark.threat("A24", role="cssm")
def test_a_report_is_compared_with_the_newest_stores_and_its_own(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = many_stores(portal, monkeypatch)[0]
    twin = replace(oldest, last={})
    rival = portal.report(twin.report(((NOW - 900, NOW, 2),)))
    after = portal.report(oldest.report(((NOW, NOW + 9, 1),)))

    # Of old, yet known: neither a new store, nor without its own reports.
    assert "store-replaced" not in after.flags
    assert (rival.code, after.verdict) == ("repeated-place", Verdict.ACCEPTED)
    assert examine_ledger(portal.path).is_whole


def test_the_newest_stores_are_the_same_after_a_restart(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_stores(portal, monkeypatch)
    known = portal.authority._store.facts._lives  # type: ignore[attr-defined]  # the real one
    held = list(known.of(1).items())
    known.forget()
    assert list(known.of(1).items()) == held
    assert [life.id for _, life in held] == [6, 7, 8]
