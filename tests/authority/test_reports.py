"""Verdicts on reports, by the whole engine on real SQLite."""

from contextlib import closing
from dataclasses import replace

import pytest

from gauger.core.authority.commands import CloseGap, DecideCase, DecideDue, Pipe, ReceiveReport
from gauger.core.authority.outcomes import DecisionOutcome, ReportOutcome, Verdict
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.rum_payload import HaMember, Payload, encode_payload
from gauger.core.documents.rum_report import ReportSignature, SigningType, write_item
from gauger.core.documents.verdict import Verdict as VerdictDocument
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.authority.test_every_byte import what_counts
from tests.support.builders import (
    ACCOUNT,
    DAY,
    ELSEWHERE,
    NOW,
    OTHER_TAG,
    SOFTWARE,
    TAG,
    UDI,
    Bench,
    a_device,
)


def ack_of(outcome: ReportOutcome) -> Acknowledgment:
    assert outcome.answer is not None
    return Acknowledgment.from_document(outcome.answer.acknowledgments[0])


def number_of(portal: Bench, report: str) -> int | None:
    with closing(portal.authority.reader()) as reader:
        row = reader.report(Digest(report))
        return None if row is None else row.report_id


@pytest.mark.requirement("SSM-6/policy")
def test_an_honest_report_is_accepted_and_counted(portal: Bench) -> None:
    device = a_device()
    item = device.report(((NOW - 900, NOW, 3),))
    outcome = portal.report(item)

    assert outcome.verdict is Verdict.ACCEPTED
    assert portal.balance(ACCOUNT) == {TAG: (0, 3, 0)}
    ack = ack_of(outcome)
    assert (ack.answers, ack.report_id, ack.udi) == (device.last[TAG], 1000, device.udi)


@pytest.mark.threat("A1", role="cssm")
def test_a_replay_gets_the_identical_ack_and_changes_nothing(portal: Bench) -> None:
    item = a_device().report(((NOW - 900, NOW, 3),))
    first = portal.report(item)
    before, head = what_counts(portal), portal.head()
    portal.clock.now += DAY
    again = portal.report(item)

    assert again.verdict is Verdict.SAME
    assert again.answer == first.answer
    assert portal.balance(ACCOUNT) == {TAG: (0, 3, 0)}
    assert (what_counts(portal), portal.head()) == (before, head)


@pytest.mark.threat("A2", role="cssm")
def test_a_second_path_is_noted_and_answered_the_same(portal: Bench) -> None:
    device = a_device()
    item = device.report()
    first = portal.report(item, pipe=Pipe.FILE)
    again = portal.report(item, pipe=Pipe.SMART, to=None)
    third = portal.report(item, pipe=Pipe.SMART, to=None)

    assert first.answer == again.answer == third.answer
    reader = portal.authority.reader()
    row = reader.report(device.last[TAG])
    assert row is not None
    assert row.pipes == ("file", "smart-transport")
    assert row.item == item
    reader.close()
    assert portal.verdicts() == [(first.digest, "accepted")]
    assert portal.balance(ACCOUNT) == {TAG: (0, 1, 0)}


@pytest.mark.threat("A2", role="cssm")
def test_the_same_report_twice_in_one_commit_has_one_ack(portal: Bench) -> None:
    command = ReceiveReport(item=a_device().report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
    waiting = [portal.authority.enqueue(command) for _ in range(8)]
    answers = [one.result() for one in waiting]

    verdicts = [one.verdict for one in answers if isinstance(one, ReportOutcome)]
    assert verdicts.count(Verdict.ACCEPTED) == 1
    assert (
        len(
            {one.answer.answers for one in answers if isinstance(one, ReportOutcome) and one.answer}
        )
        == 1
    )
    bodies = {
        one.answer.acknowledgments[0].body
        for one in answers
        if isinstance(one, ReportOutcome) and one.answer
    }
    assert len(bodies) == 1


@pytest.mark.threat("A3", role="cssm")
@pytest.mark.threat("A11", role="cssm")
@pytest.mark.threat("A19", role="cssm")
def test_two_reports_at_one_place_are_both_quarantined(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 2000, NOW - 900, 1),)))
    restored = replace(device, last=dict(device.last), boot="33" * 16)
    first = portal.report(device.report(((NOW - 900, NOW, 3),)))
    second = portal.report(restored.report(((NOW - 900, NOW, 5),)))

    assert first.verdict is Verdict.ACCEPTED
    assert (second.verdict, second.code) == (Verdict.QUARANTINED, "repeated-place")
    assert portal.balance(ACCOUNT) == {TAG: (0, 1, 0)}
    reader = portal.authority.reader()
    case = reader.case(second.case or 0)
    assert case is not None
    assert set(case.reports) == {first.digest, second.digest}
    assert portal.report(device.report(((NOW, NOW + 9, 3),))).verdict is Verdict.ACCEPTED
    reader.close()


@pytest.mark.threat("A24", role="cssm")
def test_a_place_that_is_claimed_a_hundred_times_is_one_case_that_can_be_read(
    portal: Bench,
) -> None:
    device = a_device()
    items = [replace(device, last={}).report(((NOW - 900, NOW, count),)) for count in range(1, 101)]
    first, *others = [portal.report(item) for item in items[:99]]
    case = others[0].case or 0
    assert (first.verdict, {one.case for one in others}) == (Verdict.ACCEPTED, {case})
    assert others[-1].answer is not None
    said = VerdictDocument.from_document(others[-1].answer.acknowledgments[0])
    assert said.detail.endswith(" and more.")

    portal.authority.execute(DecideCase(case=case, accept=False, by="admin"))
    later = portal.report(items[99])
    assert later.case not in (None, case)
    latest = portal.report(replace(device, last={}).report(((NOW - 900, NOW, 999),)))
    assert latest.case == later.case
    assert examine_ledger(portal.path).is_whole


def quarantined(portal: Bench) -> tuple[ReportOutcome, ReportOutcome, str]:
    device = a_device()
    clone = replace(device, last={})
    first = portal.report(device.report(((NOW - 900, NOW, 3),)))
    item = clone.report(((NOW - 900, NOW, 5),))
    return first, portal.report(item), item


@pytest.mark.threat("A3", role="cssm")
def test_one_number_with_two_contents_is_told_of_both(portal: Bench) -> None:
    first, second, _ = quarantined(portal)
    (told,), (drawn_in,) = portal.events("report-quarantined"), portal.events("report-decided")

    assert {number_of(portal, one.digest) for one in (first, second)} == {1000}
    assert first.digest in told.detail
    assert f"{first.digest} is quarantined" in drawn_in.detail
    assert [event.subject for event in portal.events("case-opened")] == [str(UDI)]


def test_a_third_report_at_the_place_joins_the_case(portal: Bench) -> None:
    _, second, _ = quarantined(portal)
    third = portal.report(a_device().report(((NOW - 900, NOW, 7),)))

    assert (third.verdict, third.case) == (Verdict.QUARANTINED, second.case)


def test_a_person_accepts_one_of_two_and_it_counts(portal: Bench) -> None:
    first, second, item = quarantined(portal)
    case = second.case or 0
    run = portal.authority.execute
    outcome = run(DecideCase(case=case, accept=True, reports=(second.digest,), by="admin"))
    run(DecideCase(case=case, accept=False, by="admin"))

    assert isinstance(outcome, DecisionOutcome)
    assert outcome.decided[0].verdict is Verdict.ACCEPTED
    assert portal.balance(ACCOUNT) == {TAG: (0, 5, 0)}
    again = portal.report(item)
    assert again.verdict is Verdict.SAME
    assert ack_of(again).answers == second.digest
    reader = portal.authority.reader()
    settled = reader.case(case)
    row = reader.report(first.digest)
    assert settled is not None
    assert settled.state == "rejected"
    assert row is not None
    assert row.verdict == "rejected"
    reader.close()


def test_what_a_person_rejected_stays_rejected(portal: Bench) -> None:
    _, second, item = quarantined(portal)
    portal.authority.execute(DecideCase(case=second.case or 0, accept=False, by="admin"))
    again = portal.report(item)

    assert again.verdict is Verdict.SAME
    assert again.answer is not None
    said = VerdictDocument.from_document(again.answer.acknowledgments[0])
    assert (said.verdict, said.code) == ("rejected", "repeated-place")
    assert portal.balance(ACCOUNT) == {TAG: (0, 0, 0)}


def test_a_report_that_is_named_twice_is_decided_once(portal: Bench) -> None:
    _, second, _ = quarantined(portal)
    twice = (second.digest, second.digest)
    decide = DecideCase(case=second.case or 0, accept=True, reports=twice, by="admin")
    outcome = portal.authority.execute(decide)

    assert isinstance(outcome, DecisionOutcome)
    assert [one.digest for one in outcome.decided] == [second.digest]
    with closing(portal.authority.reader()) as reader:
        found = [event for event in reader.events() if event.kind == "report-decided"]
    # One for the rival that was drawn into the case, one for the decision.
    assert len(found) == 2


def test_no_more_reports_are_decided_at_once_than_a_page_takes(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, _ = quarantined(portal)
    monkeypatch.setattr("gauger.authority.cases.MOST_DECIDED", 1)
    decide = DecideCase(case=second.case or 0, accept=False, by="admin")
    with pytest.raises(Problem, match="invalid-argument"):
        portal.authority.execute(decide)
    portal.authority.execute(replace(decide, reports=(second.digest,)))


@pytest.mark.parametrize("change", ["unknown", "settled", "foreign"])
def test_a_case_that_cannot_be_decided_is_refused(portal: Bench, change: str) -> None:
    _, second, _ = quarantined(portal)
    case = second.case or 0
    decide = DecideCase(case=case, accept=True, by="admin")
    if change == "settled":
        portal.authority.execute(decide)
    if change == "unknown":
        decide = replace(decide, case=99)
    if change == "foreign":
        decide = replace(decide, reports=(digest(b"other"),))

    with pytest.raises(Problem) as caught:
        portal.authority.execute(decide)
    assert caught.value.code == ("conflict" if change == "settled" else "not-found")


@pytest.mark.threat("A12", role="cssm")
@pytest.mark.threat("A21", role="cssm")
def test_a_gap_is_flagged_asked_for_and_closed(portal: Bench) -> None:
    device = a_device()
    items = [device.report(((NOW - 900 * k, NOW - 900 * (k - 1), 1),)) for k in (3, 2, 1)]
    portal.report(items[0])
    later = portal.report(items[2])
    reader = portal.authority.reader()
    missing = [row.report for row in reader.gaps(ACCOUNT)]

    assert later.verdict is Verdict.ACCEPTED
    assert "gap" in later.flags
    assert list(ack_of(later).wanted) == missing
    filled = portal.report(items[1])
    assert filled.verdict is Verdict.ACCEPTED
    assert filled.digest == missing[0]
    assert not reader.gaps(ACCOUNT)
    reader.close()


def test_a_gap_is_given_up_by_a_person(portal: Bench) -> None:
    device = a_device()
    device.report()
    portal.report(device.report(((NOW, NOW + 9, 1),)))
    reader = portal.authority.reader()
    (gap,) = reader.gaps(since=NOW + 1)
    give_up = CloseGap(udi=UDI, report=gap.report, by="admin")
    portal.authority.execute(give_up)

    assert not reader.gaps()
    assert any(row.kind == "gap-closed" and row.by == "admin" for row in reader.events())
    with pytest.raises(Problem, match="is missed"):
        portal.authority.execute(give_up)
    reader.close()


def count_seconds(portal: Bench) -> int:
    with closing(portal.authority.reader()) as reader:
        row = reader.instance(UDI)
        assert row is not None
        return row.usage[0].count_seconds


@pytest.mark.threat("A14", role="cssm")
def test_overlapping_usage_counts_once_and_is_flagged(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 900, NOW, 3),)))
    outcome = portal.report(device.report(((NOW - 450, NOW + 450, 2),)))

    assert "overlap" in outcome.flags
    assert count_seconds(portal) == 900 * 3 + 450 * 2


@pytest.mark.threat("A15", role="cssm")
def test_usage_added_to_a_settled_time_waits_for_a_person(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    portal.clock.now += 31 * DAY
    forged = a_device(incarnation="77" * 16).report(((NOW - 900, NOW, 9),))
    outcome = portal.report(forged)

    assert (outcome.verdict, outcome.code) == (Verdict.QUARANTINED, "back-dated")
    assert portal.balance(ACCOUNT) == {TAG: (0, 1, 0)}
    assert count_seconds(portal) == 900
    assert len(portal.events("report-quarantined")) == len(portal.events("case-opened")) == 1
    decided = DecideCase(case=outcome.case or 0, accept=True, by="admin")
    portal.authority.execute(decided)
    assert portal.balance(ACCOUNT) == {TAG: (0, 9, 0)}
    assert count_seconds(portal) == 900 * 9


def test_what_adds_nothing_to_a_settled_time_is_accepted(portal: Bench) -> None:
    portal.report(a_device().report(((NOW - 900, NOW, 3),)))
    portal.clock.now += 31 * DAY
    late = a_device(incarnation="77" * 16).report(((NOW - 900, NOW, 2),))

    assert portal.report(late).verdict is Verdict.ACCEPTED


def test_a_late_report_before_all_that_is_settled_is_back_dated_too(portal: Bench) -> None:
    portal.report(a_device().report(((NOW - 900, NOW, 3),)))
    portal.clock.now += 31 * DAY
    item = a_device(incarnation="77" * 16).report(((NOW - 90 * DAY, NOW - 80 * DAY, 1),))

    assert portal.report(item).code == "back-dated"


@pytest.mark.threat("A11", role="cssm")
def test_a_report_that_a_successor_names_is_never_back_dated(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 900, NOW - 800, 1),)))
    missing = device.report(((NOW - 800, NOW - 700, 9),))
    portal.report(device.report(((NOW - 700, NOW, 1),)))
    portal.clock.now += 40 * DAY

    assert portal.report(missing).verdict is Verdict.ACCEPTED


def test_a_successor_that_comes_later_releases_a_back_dated_report(portal: Bench) -> None:
    portal.report(a_device().report(((NOW - 900, NOW, 1),)))
    portal.clock.now += 40 * DAY
    device = a_device(incarnation="77" * 16)
    held = portal.report(device.report(((NOW - 900, NOW, 9),)))
    later = portal.report(device.report(((NOW + 39 * DAY, NOW + 40 * DAY, 2),)))

    assert held.verdict is Verdict.QUARANTINED
    assert later.verdict is Verdict.ACCEPTED
    assert later.answer is not None
    answered = [Acknowledgment.from_document(one).answers for one in later.answer.acknowledgments]
    assert answered == [later.digest, held.digest]
    reader = portal.authority.reader()
    case = reader.case(held.case or 0)
    assert case is not None
    assert case.state == "released"
    reader.close()


@pytest.mark.threat("A16", role="cssm")
def test_a_report_from_the_future_is_kept_and_decided_by_itself(portal: Bench) -> None:
    device = a_device()
    item = device.report(((NOW, NOW + 7200, 4),))
    outcome = portal.report(item)

    assert (outcome.verdict, outcome.until) == (Verdict.DEFERRED, NOW + 3600)
    assert "2026" in outcome.detail
    assert outcome.detail.count("UTC") == 2
    assert [event.subject for event in portal.events("report-deferred")] == [str(UDI)]
    assert portal.report(item).answer == outcome.answer
    assert portal.balance(ACCOUNT) == {}
    portal.clock.now = NOW + 3600
    decided = portal.authority.execute(DecideDue())
    assert isinstance(decided, DecisionOutcome)
    assert portal.balance(ACCOUNT) == {TAG: (0, 4, 0)}
    again = portal.report(item)
    assert ack_of(again).answers == outcome.digest


def test_a_final_answer_goes_along_with_the_next_one(portal: Bench) -> None:
    device = a_device()
    deferred = portal.report(device.report(((NOW, NOW + 7200, 4),)))
    portal.clock.now = NOW + 7200
    portal.authority.execute(DecideDue())
    later = portal.report(device.report(((NOW + 7200, NOW + 7300, 4),)))

    assert later.answer is not None
    answered = [Acknowledgment.from_document(one).answers for one in later.answer.acknowledgments]
    assert answered == [later.digest, deferred.digest]
    reader = portal.authority.reader()
    assert [one.answers for one in reader.late_answers(UDI)] == [deferred.digest]
    reader.close()


def test_a_deferred_report_whose_place_is_taken_meanwhile_is_quarantined(portal: Bench) -> None:
    clone = a_device()
    deferred = portal.report(a_device().report(((NOW, NOW + 7200, 4),)))
    rival = portal.report(clone.report(((NOW - 900, NOW, 5),)))

    assert rival.verdict is Verdict.QUARANTINED
    portal.clock.now = NOW + 7200
    portal.authority.execute(DecideDue())
    reader = portal.authority.reader()
    row = reader.report(deferred.digest)
    assert row is not None
    assert row.verdict == "quarantined"
    reader.close()


@pytest.mark.threat("A18", role="cssm")
def test_an_unknown_licence_is_accepted_and_flagged(portal: Bench) -> None:
    outcome = portal.report(a_device().report(tag=OTHER_TAG))

    assert outcome.verdict is Verdict.ACCEPTED
    assert "unknown-entitlement" in outcome.flags
    assert portal.balance(ACCOUNT)[OTHER_TAG] == (0, 1, 0)


@pytest.mark.threat("A20", role="cssm")
def test_two_stores_that_alternate_are_a_duplicate_identity(portal: Bench) -> None:
    one, two = a_device(), a_device(incarnation="99" * 16)
    flags = []
    for turn in range(4):
        device = (one, two)[turn % 2]
        start = NOW - 3600 + 900 * turn
        flags.append(portal.report(device.report(((start, start + 900, 1),))).flags)

    assert "store-replaced" not in flags[0]
    assert "store-replaced" in flags[1]
    assert "duplicate-identity" not in flags[1]
    assert "duplicate-identity" in flags[2]
    assert "duplicate-identity" in flags[3]


@pytest.mark.threat("A25", role="cssm")
def test_a_standby_does_not_report(portal: Bench) -> None:
    device = a_device(ha=(HaMember(role="Standby", udi=UDI),))
    outcome = portal.report(device.report())

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "not-active")
    assert portal.balance(ACCOUNT) == {}
    (told,) = portal.events("report-rejected")
    assert told.subject == str(UDI)
    assert "not the active member" in told.detail
    device.last.clear()
    device.ha = (HaMember(role="Active", udi=UDI),)
    assert portal.report(device.report()).verdict is Verdict.ACCEPTED


def test_usage_of_a_clock_that_was_never_set_counts_by_boot(portal: Bench) -> None:
    device = a_device()
    first = portal.report(device.report(((0, 600, 2),), relative=True, closed_at=600))
    device.boot = "44" * 16
    second = portal.report(device.report(((0, 600, 3),), relative=True, closed_at=600))

    assert "clock-not-set" in first.flags
    assert "clock-not-set" in second.flags
    assert "overlap" not in second.flags
    reader = portal.authority.reader()
    row = reader.instance(UDI)
    assert row is not None
    assert (row.usage[0].in_use, row.usage[0].count_seconds) == (3, 600 * 5)
    reader.close()


def test_a_rejected_report_is_judged_anew(portal: Bench) -> None:
    item = a_device().report()
    refused = portal.report(item, to=None)
    again = portal.report(item, to=None)

    assert (refused.verdict, refused.code) == (Verdict.REJECTED, "no-account")
    assert again.verdict is Verdict.REJECTED
    assert again.answer == refused.answer
    assert portal.report(item, to=ACCOUNT).verdict is Verdict.ACCEPTED


def vendor_item(payload: Payload) -> str:
    signature = ReportSignature(
        udi=payload.udi, signing_type="builtin", key=SOFTWARE, value=b"v" * 32, chain=()
    )
    return write_item(encode_payload(replace(payload, meta=None)), signature)


def test_a_vendors_report_is_kept_apart_and_counted_only_on_wish(portal: Bench) -> None:
    payload = a_device("9NTUEA8FIIH").payload(((NOW - 900, NOW, 2),))
    outcome = portal.report(vendor_item(payload))
    again = portal.report(vendor_item(payload))

    assert outcome.verdict is again.verdict is Verdict.UNVERIFIABLE
    assert outcome.answer is None
    assert portal.balance(ACCOUNT) == {}
    portal.switch(count_unverified=True)
    assert portal.balance(ACCOUNT) == {TAG: (0, 0, 2)}
    portal.switch(count_unverified=False)
    assert portal.balance(ACCOUNT) == {}


@pytest.mark.parametrize("verified_before", [True, False])
def test_who_signs_verifiably_is_not_believed_otherwise(
    portal: Bench,
    *,
    verified_before: bool,
) -> None:
    device = a_device()
    if verified_before:
        portal.report(device.report())

    with pytest.raises(Problem) as caught:
        portal.report(vendor_item(device.payload(((NOW - 900, NOW, 9),))))
    assert caught.value.code == "algorithm-not-allowed"


def test_a_vendors_report_needs_an_account(portal: Bench) -> None:
    item = vendor_item(a_device("9NTUEA8FIIH").payload(((NOW - 900, NOW, 2),)))

    with pytest.raises(Problem) as caught:
        portal.report(item, to=None)
    assert caught.value.code == "no-account"


def test_what_is_not_verified_gets_no_verdict_and_is_audited_once(portal: Bench) -> None:
    device = a_device()
    payload = device.payload(((NOW - 900, NOW, 2),))
    other = a_device("GGR0002")
    forged = replace(other, udi=device.udi).sign(payload)
    codes = []
    for item in (forged.replace('"value":"', '"value":"AAAA'), "{}", *["{}"] * 8):
        with pytest.raises(Problem) as caught:
            portal.report(item)
        codes.append(caught.value.code)

    assert codes[0] == "signature-invalid"
    reader = portal.authority.reader()
    refusals = [row for row in reader.events(ACCOUNT) if row.kind == "refusal"]
    assert len(refusals) == 2
    assert portal.balance(ACCOUNT) == {}
    reader.close()


@pytest.mark.threat("A6", role="cssm")
def test_signing_type_stands_for_a_key(portal: Bench) -> None:
    device = a_device()
    payload = device.payload(((NOW - 900, NOW, 2),))
    wrong = ReportSignature(
        udi=device.udi,
        signing_type=SigningType.SUDI,
        key=SOFTWARE,
        value=b"\x01" * 64,
        chain=a_device("GGR0002").sudi.chain,
    )

    with pytest.raises(Problem) as caught:
        portal.report(write_item(encode_payload(payload), wrong))
    assert caught.value.code == "wrong-subject"


def test_another_account_learns_no_more_than_that_it_is_not_theirs(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(), to=ACCOUNT)
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)), to=ELSEWHERE)

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "belongs-elsewhere")
    assert outcome.answer is None
    assert "example.com" not in outcome.detail
