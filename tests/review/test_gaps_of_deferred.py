"""A report that is missing is asked for, also where its successor was accepted only later."""

from dataclasses import replace

import pytest

from gauger.core.authority.commands import DecideCase, DecideDue
from gauger.core.authority.outcomes import DecisionOutcome, Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from tests.support.builders import DAY, NOW, TAG, Bench, a_device


def wanted_by(outcome: object) -> list[str]:
    """Return what the one ACK of a decision asks for."""
    assert isinstance(outcome, DecisionOutcome)
    (decided,) = outcome.decided
    assert decided.verdict is Verdict.ACCEPTED
    assert decided.answer is not None
    return list(Acknowledgment.from_document(decided.answer.acknowledgments[0]).wanted)


@pytest.mark.threat("A12", role="cssm")
def test_the_ack_of_a_deferred_report_asks_for_what_is_missing_before_it(portal: Bench) -> None:
    device = a_device()
    device.report()
    missing = device.last[TAG]
    portal.report(device.report(((NOW, NOW + 7200, 1),)))
    portal.clock.now = NOW + 7200

    assert wanted_by(portal.authority.execute(DecideDue())) == [missing]


@pytest.mark.threat("A12", role="cssm")
def test_the_ack_of_a_released_case_asks_for_what_is_missing_before_it(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    portal.clock.now = NOW + 40 * DAY
    portal.report(device.report(((NOW + 39 * DAY, NOW + 40 * DAY, 1),)))
    other = replace(device, incarnation="ab" * 16, last={})
    other.report(((NOW - 9000, NOW - 8000, 1),))
    missing = other.last[TAG]
    quarantined = portal.report(other.report(((NOW - 8000, NOW - 7000, 1),)))
    assert quarantined.case is not None
    decision = DecideCase(case=quarantined.case, accept=True, by="admin")

    assert wanted_by(portal.authority.execute(decision)) == [missing]


@pytest.mark.threat("A12", role="cssm")
def test_what_came_meanwhile_is_not_asked_for(portal: Bench) -> None:
    device = a_device()
    late = device.report()
    portal.report(device.report(((NOW, NOW + 7200, 1),)))
    portal.report(late)
    portal.clock.now = NOW + 7200

    assert wanted_by(portal.authority.execute(DecideDue())) == []
