"""Someone else's copy of a document changes nothing about it, whatever stands about it by then."""

from dataclasses import replace

import pytest

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from tests.support.builders import ACCOUNT, ELSEWHERE, NOW, TAG, Bench, a_device


@pytest.mark.threat("A2", role="cssm")
def test_a_report_that_is_acknowledged_stays_so_when_it_is_uploaded_elsewhere(
    portal: Bench,
) -> None:
    item = a_device(account=ACCOUNT).report()
    first = portal.report(item, to=ACCOUNT)
    before = portal.verdicts()
    elsewhere = portal.report(item, to=ELSEWHERE)
    again = portal.report(item, to=ACCOUNT)

    assert (elsewhere.verdict, elsewhere.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert portal.verdicts() == before == [(first.digest, Verdict.ACCEPTED.value)]
    assert again.verdict is Verdict.SAME
    assert first.answer is not None
    assert again.answer is not None
    assert again.answer.documents[0].body == first.answer.documents[0].body


def test_the_device_still_fetches_its_ack_after_an_upload_elsewhere(portal: Bench) -> None:
    item = a_device(account=ACCOUNT).report()
    first = portal.report(item, to=ACCOUNT)
    portal.report(item, to=ELSEWHERE)
    answer = portal.authority.answer_for(first.digest)

    assert answer is not None
    assert answer.acknowledgments[0].type == Acknowledgment.TYPE


def test_a_case_stays_open_when_one_of_its_reports_is_uploaded_elsewhere(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report())
    rival = replace(device, last={}).report(((NOW - 900, NOW, 2),))
    portal.report(rival)
    portal.report(rival, to=ELSEWHERE)

    assert [verdict for _, verdict in portal.verdicts()] == [Verdict.QUARANTINED.value] * 2
    assert portal.balance()[TAG] == (0, 0, 0)


@pytest.mark.threat("F3", role="cssm")
def test_a_trust_request_that_was_granted_stays_so_when_it_is_uploaded_elsewhere(
    portal: Bench,
) -> None:
    token = portal.token(uses=2)
    request = a_device().trust_request(token=token)
    first = portal.trust(request, token=token)
    elsewhere = portal.trust(request, token=token, to=ELSEWHERE, pipe=Pipe.FILE)
    again = portal.trust(request, token=token)
    reader = portal.authority.reader()
    (row,) = reader.tokens(ACCOUNT, now=NOW)
    reader.close()

    assert (elsewhere.verdict, elsewhere.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert again.verdict is Verdict.SAME
    assert again.answer.documents[0].body == first.answer.documents[0].body
    assert row.used == 1
