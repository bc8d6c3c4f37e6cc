"""Reports of a key that was replaced: late ones count, later ones do not."""

from dataclasses import replace

import pytest

from gauger.core.authority.commands import DecideCase, DecideDue, Pipe
from gauger.core.authority.outcomes import DecisionOutcome, Verdict
from gauger.core.identity import Digest
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    OTHER_TAG,
    TAG,
    Bench,
    Device,
    a_device,
)

SUPERSEDED = (Verdict.QUARANTINED, "superseded-key")
Span = tuple[int, int, int]


def renewed(portal: Bench) -> tuple[Device, Device]:
    """Return a device under its second key, and itself as it was under the first one."""
    device = a_device()
    device.install(portal.trust(device.trust_request(), to=ACCOUNT, pipe=Pipe.FILE))
    old = replace(device, last=dict(device.last))
    answer = portal.trust(device.trust_request(key="licensing 2"), pipe=Pipe.FILE)
    device.install(answer, "licensing 2")
    return device, old


def use_new_key(portal: Bench, device: Device, at: int = NOW) -> None:
    portal.report(device.report(((at - 900, at, 1),), tag=OTHER_TAG))


def old_then_new(device: Device, old: Device, old_span: Span, new_span: Span) -> tuple[str, str]:
    """Return two reports of one chain: the first of the old key, the second of the new."""
    first = old.report((old_span,))
    device.last[TAG] = old.last[TAG]
    device.report_id = old.report_id
    return first, device.report((new_span,))


def verdict_on(portal: Bench, digest: Digest) -> str:
    reader = portal.authority.reader()
    row = reader.report(digest)
    reader.close()
    assert row is not None
    return row.verdict


@pytest.mark.threat("C2", role="cssm")
def test_a_late_report_counts_though_its_key_was_replaced_long_ago(portal: Bench) -> None:
    device, old = renewed(portal)
    late = old.report(((NOW - 3000, NOW - 2000, 4),))
    use_new_key(portal, device)
    portal.clock.now += 400 * DAY

    assert portal.report(late).verdict is Verdict.ACCEPTED
    assert portal.balance(ACCOUNT)[TAG][1] == 4


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_clock_that_was_set_back_costs_no_report(portal: Bench, order: tuple[int, int]) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device)
    items = old_then_new(device, old, (NOW, NOW + 1800, 4), (NOW + 2000, NOW + 2100, 2))
    outcomes = [portal.report(items[place]) for place in order]

    if order == (0, 1):
        assert (outcomes[0].verdict, outcomes[0].code) == SUPERSEDED
    assert outcomes[1].verdict is Verdict.ACCEPTED
    assert [verdict_on(portal, one.digest) for one in outcomes] == ["accepted", "accepted"]
    assert examine_ledger(portal.path).is_whole


def test_the_answer_to_the_successor_brings_the_ack_of_what_it_releases(portal: Bench) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device)
    first, second = old_then_new(device, old, (NOW, NOW + 1800, 4), (NOW + 2000, NOW + 2100, 2))
    waits = portal.report(first)
    answer = portal.report(second).answer

    assert answer is not None
    assert len(answer.acknowledgments) == 2
    reader = portal.authority.reader()
    case = reader.case(waits.case or 0)
    reader.close()
    assert case is not None
    assert case.state == "released"


def test_a_whole_chain_is_released_by_its_newest_report(portal: Bench) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device)
    waits = [
        portal.report(old.report(((NOW + k * 300, NOW + k * 300 + 300, 1),))) for k in range(4)
    ]
    device.last[TAG] = old.last[TAG]
    device.report_id = old.report_id
    portal.report(device.report(((NOW + 2000, NOW + 2100, 2),)))

    assert {(one.verdict, one.code) for one in waits} == {SUPERSEDED}
    assert {verdict_on(portal, one.digest) for one in waits} == {"accepted"}


@pytest.mark.threat("B15", role="cssm")
def test_an_old_key_that_goes_on_after_the_newer_one_is_rejected(portal: Bench) -> None:
    device, old = renewed(portal)
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    old.last = dict(device.last)
    back = portal.report(old.report(((NOW - 800, NOW - 10, 9),)))

    assert (back.verdict, back.code) == (Verdict.REJECTED, "superseded-key")
    assert portal.balance(ACCOUNT)[TAG][1] == 1
    # What is rejected takes no place: the device itself goes on there.
    assert portal.report(device.report(((NOW, NOW + 9, 1),))).verdict is Verdict.ACCEPTED


@pytest.mark.threat("C2", role="cssm")
@pytest.mark.threat("B19", role="cssm")
def test_a_copied_old_key_in_a_store_of_its_own_counts_for_nothing(portal: Bench) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device, NOW - 5000)
    thief = replace(old, last={}, incarnation="77" * 16)
    outcome = portal.report(thief.report(((NOW - 900, NOW, 1_000_000),)))
    second = portal.report(thief.report(((NOW, NOW + 60, 1_000_000),)))

    assert (outcome.verdict, outcome.code) == (second.verdict, second.code) == SUPERSEDED
    assert "store-replaced" in outcome.flags
    assert TAG not in portal.balance(ACCOUNT)


@pytest.mark.threat("C2", role="cssm")
def test_a_rival_at_the_place_is_not_released_along(portal: Bench) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device)
    rival = replace(old, last={})
    first, second = old_then_new(device, old, (NOW, NOW + 1800, 4), (NOW + 2000, NOW + 2100, 2))
    waits = portal.report(first)
    other = portal.report(rival.report(((NOW, NOW + 1700, 9),)))
    portal.report(second)

    assert (other.code, other.case) == ("repeated-place", waits.case)
    assert verdict_on(portal, waits.digest) == "accepted"
    assert verdict_on(portal, other.digest) == "quarantined"


@pytest.mark.parametrize("wait", [6 * DAY, 40 * DAY])
def test_deferred_reports_that_are_due_together_vouch_for_each_other(
    portal: Bench, wait: int
) -> None:
    device, old = renewed(portal)
    ahead = NOW + 5 * DAY
    items = old_then_new(device, old, (ahead, ahead + 60, 4), (ahead + 60, ahead + 90, 2))
    use_new_key(portal, device)
    deferred = [portal.report(item) for item in items]
    portal.clock.now = NOW + wait
    for _ in range(3):
        assert isinstance(portal.authority.execute(DecideDue()), DecisionOutcome)

    assert {one.verdict for one in deferred} == {Verdict.DEFERRED}
    assert {verdict_on(portal, one.digest) for one in deferred} == {"accepted"}


def test_a_person_who_accepts_one_accepts_what_it_names(portal: Bench) -> None:
    device, old = renewed(portal)
    use_new_key(portal, device)
    first = portal.report(old.report(((NOW, NOW + 60, 1),)))
    second = portal.report(old.report(((NOW + 60, NOW + 90, 1),)))
    portal.authority.execute(DecideCase(case=second.case or 0, accept=True, by="ann"))

    assert verdict_on(portal, first.digest) == "accepted"
