"""The final answer to what waited goes along with whatever the device asks next."""

import pytest

from gauger.core.authority.commands import DecideDue, Pipe
from gauger.core.authority.outcomes import TrustOutcome, Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, Bench, a_device


def answered(outcome: TrustOutcome) -> list[str]:
    """Return the digests that the ACKs of an answer are for."""
    found = outcome.answer.acknowledgments
    return [Acknowledgment.from_document(one).answers for one in found]


@pytest.mark.requirement("SSM-6/trust")
def test_the_answer_to_a_trust_request_brings_it_each_time(portal: Bench) -> None:
    device = a_device()
    deferred = portal.report(device.report(((NOW, NOW + 7200, 4),)))
    assert deferred.verdict is Verdict.DEFERRED
    portal.clock.now = NOW + 7200
    portal.authority.execute(DecideDue())

    request = device.trust_request()
    first = portal.trust(request, to=ACCOUNT, pipe=Pipe.FILE)
    again = portal.trust(request, to=ACCOUNT, pipe=Pipe.FILE)
    assert answered(first) == answered(again) == [first.digest, deferred.digest]


@pytest.mark.threat("F5", role="cssm")
def test_nobody_else_gets_it_with_a_refusal(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(((NOW, NOW + 7200, 4),)))
    portal.clock.now = NOW + 7200
    portal.authority.execute(DecideDue())
    token = portal.token(account=ELSEWHERE)
    refused = portal.trust(device.trust_request(token=token, made_at=NOW + 7200), token=token)

    assert (refused.verdict, refused.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert [one.type for one in refused.answer.acknowledgments] == ["verdict"]
