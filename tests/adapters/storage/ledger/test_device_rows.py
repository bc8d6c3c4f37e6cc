"""What the projections of product instances hold: reports, cases, gaps, trust, whose they are."""

from dataclasses import replace

import pytest

from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from tests.adapters.storage.ledger.book import (
    DECIDED,
    ORDER,
    OTHER_UDI,
    OWNED,
    REPORT,
    REQUEST,
    Book,
    a_report,
    named,
)
from tests.support.builders import ACCOUNT, NOW, OTHER_ACCOUNT, OTHER_TAG, TAG, UDI

QUARANTINED = replace(REPORT, verdict=Verdict.QUARANTINED, code="repeated-place", case=1)
CASE = rows.CaseOpened(at=NOW, case=1, code="repeated-place", udi=UDI, account=ACCOUNT)
CODE = rows.TrustCodeIssued(
    at=NOW, udi=UDI, generation=1, key=named("key"), incarnation="11" * 16, document=named("code")
)
GAP = rows.GapOpened(at=NOW, udi=UDI, report=named("lost"), named_by=REPORT.digest)
MOVED = replace(OWNED, origin=ACCOUNT, account=OTHER_ACCOUNT, cause="move", by="admin")


def totals(book: Book, account: AccountRef = ACCOUNT) -> dict[str, int]:
    with book.reader() as reader:
        return {row.tag: row.in_use for row in reader.balance(account, now=NOW)}


def members_of(book: Book) -> dict[str, int]:
    with book.reader() as reader:
        rows_of = reader.virtual_accounts("example.com")
    return {row.account.virtual_account: row.instances for row in rows_of}


def test_a_device_is_shown_as_its_newest_report_describes_it(book: Book) -> None:
    later = replace(a_report("b", ((NOW, NOW + 60, 4),)), at=NOW + 60, flags=("gap",))
    book.put(OWNED, REPORT, replace(later, software_version="17.15.01", members=(OTHER_UDI,)))

    with book.reader() as reader:
        shown = reader.instance(UDI)
    facts = book.ledger.facts.instance(UDI)
    assert shown is not None
    assert facts is not None
    assert (shown.first_seen_at, shown.last_report_at) == (NOW, NOW + 60)
    assert (shown.software_version, shown.flags, shown.verified) == ("17.15.01", ("gap",), True)
    assert facts.members == (OTHER_UDI,)
    assert [(use.tag, use.in_use, use.count_seconds) for use in shown.usage] == [(TAG, 4, 1140)]


def test_the_root_set_that_a_device_holds_never_falls(book: Book) -> None:
    book.put(OWNED, replace(REPORT, root_number=4), replace(a_report("b"), root_number=2))
    facts = book.ledger.facts.instance(UDI)

    assert facts is not None
    assert facts.root_number == 4


def test_a_rejected_report_tells_nothing_of_its_sender(book: Book) -> None:
    book.put(OWNED, replace(REPORT, verdict=Verdict.REJECTED, code="not-active"))

    with book.reader() as reader:
        shown = reader.instance(UDI)
    assert shown is not None
    assert (shown.last_report_at, shown.software_version, shown.usage) == (None, None, ())
    assert shown.verified
    assert book.ask("SELECT count(*) FROM lives") == [(0,)]


def test_a_rejected_report_that_comes_again_keeps_its_place_in_the_list(book: Book) -> None:
    book.put(OWNED, replace(REPORT, verdict=Verdict.REJECTED, code="not-active"), a_report("b"))
    page = book.put(replace(REPORT, at=NOW + 9))

    with book.reader() as reader:
        listed = [(row.digest, row.verdict, row.received_at) for row in reader.reports()]
        shown = reader.report(REPORT.digest)
    assert listed == [
        (REPORT.digest, "accepted", NOW + 9),
        (named("b"), "accepted", NOW),
    ]
    assert shown is not None
    assert (shown.page, shown.item) == (page, "{}")


def test_another_way_is_noted_beside_a_report_a_bounded_number_of_times(book: Book) -> None:
    seen = rows.ReportSeen(at=NOW, udi=UDI, digest=REPORT.digest, pipe="api", path="")
    book.put(OWNED, REPORT, seen)
    known = book.ledger.facts.known_report(UDI, REPORT.digest)
    assert known is not None
    assert known.pipes == ("file", "api")
    book.put(*[seen] * 40)
    again = book.ledger.facts.known_report(UDI, REPORT.digest)

    assert again is not None
    assert len(again.pipes) == 16


def test_reports_are_found_by_account_device_and_verdict(book: Book) -> None:
    other = replace(a_report("o"), udi=OTHER_UDI, account=OTHER_ACCOUNT)
    book.put(OWNED, REPORT, replace(QUARANTINED, digest=named("q")), other)

    with book.reader() as reader:
        found = [
            [row.digest for row in rows_found]
            for rows_found in (
                reader.reports(ACCOUNT),
                reader.reports(udi=OTHER_UDI),
                reader.reports(verdict="quarantined"),
                reader.reports(AccountRef("example.com", "none")),
            )
        ]
    assert found == [[REPORT.digest, named("q")], [named("o")], [named("q")], []]


def test_a_report_of_one_device_is_not_shown_for_another(book: Book) -> None:
    book.put(OWNED, REPORT)

    with book.reader() as reader:
        assert reader.report(REPORT.digest, UDI) is not None
        assert reader.report(REPORT.digest, OTHER_UDI) is None
        assert reader.report(named("none")) is None


def test_what_is_quarantined_does_not_count_until_it_is_accepted(book: Book) -> None:
    book.put(OWNED, CASE, QUARANTINED)
    before = totals(book)
    book.put(DECIDED)

    assert (before, totals(book)) == ({}, {TAG: 1})


@pytest.mark.threat("A11", role="cssm")
def test_an_accepted_report_drawn_into_a_case_no_longer_counts(book: Book) -> None:
    book.put(OWNED, REPORT, a_report("b", ((NOW - 900, NOW - 800, 9),)))
    book.put(CASE, replace(DECIDED, verdict=Verdict.QUARANTINED, case=1, by=None))

    with book.reader() as reader:
        shown = reader.instance(UDI)
    assert shown is not None
    assert [(use.in_use, use.count_seconds) for use in shown.usage] == [(9, 900)]
    assert totals(book) == {TAG: 9}


def test_a_later_decision_is_owed_to_the_device_once_for_each_report(book: Book) -> None:
    book.put(OWNED, CASE, QUARANTINED, replace(QUARANTINED, digest=named("q2")))
    book.put(replace(DECIDED, at=NOW + 1), replace(DECIDED, at=NOW + 2, digest=named("q2")))
    facts = book.ledger.facts.instance(UDI)
    late = book.ledger.lookups.late

    assert facts is not None
    assert facts.late == 2
    assert late(UDI, NOW, 9) == (named("q2"), REPORT.digest)
    assert late(UDI, NOW + 2, 9) == (named("q2"),)
    assert late(UDI, NOW, 1) == (named("q2"),)
    assert late(OTHER_UDI, NOW, 9) == ()


def test_a_case_counts_as_open_until_it_is_closed(book: Book) -> None:
    book.put(OWNED, CASE, QUARANTINED, replace(CASE, case=2, code="back-dated"))
    closed = rows.CaseClosed(
        at=NOW + 7, case=2, state="released", udi=UDI, account=ACCOUNT, by=None
    )
    book.put(closed)

    with book.reader() as reader:
        shown = reader.instance(UDI)
        one = reader.case(2)
        by_state = [[row.case for row in reader.cases(state=s)] for s in ("open", "released")]
        by_account = [[r.case for r in reader.cases(a)] for a in (ACCOUNT, OTHER_ACCOUNT)]
        assert reader.case(3) is None
    assert shown is not None
    assert one is not None
    assert shown.open_cases == 1
    assert (one.state, one.decided_at, one.decided_by, one.reports) == (
        "released",
        NOW + 7,
        None,
        (),
    )
    assert (by_state, by_account) == ([[1], [2]], [[1, 2], []])
    assert book.ledger.lookups.highest("case") == 2


def test_a_case_knows_the_reports_that_still_wait_in_it(book: Book) -> None:
    book.put(OWNED, CASE, QUARANTINED, replace(QUARANTINED, digest=named("q2")))
    book.put(replace(DECIDED, case=1))
    facts = book.ledger.lookups.case(1)

    assert facts is not None
    assert (facts.udi, facts.account, facts.is_open) == (UDI, ACCOUNT, True)
    assert facts.reports == (named("q2"),)
    assert book.ledger.lookups.case(9) is None


def test_a_missing_report_is_counted_once_however_many_name_it(book: Book) -> None:
    book.put(OWNED, REPORT, GAP, replace(GAP, named_by=named("b")))

    with book.reader() as reader:
        shown = reader.instance(UDI)
        (gap,) = reader.gaps()
    assert shown is not None
    assert shown.gaps == 1
    assert (gap.report, gap.named_by, gap.since) == (named("lost"), REPORT.digest, NOW)
    assert book.ledger.lookups.gap_is_open(UDI, named("lost"))


@pytest.mark.threat("A12", role="cssm")
@pytest.mark.parametrize("by", [None, "admin"])
def test_a_gap_is_closed_once_and_not_asked_for_any_more(book: Book, by: str | None) -> None:
    book.put(OWNED, REPORT, GAP)
    closed = rows.GapClosed(at=NOW + 3, udi=UDI, report=named("lost"), by=by)
    book.put(closed, closed)

    with book.reader() as reader:
        shown = reader.instance(UDI)
        assert reader.gaps() == []
    assert shown is not None
    assert shown.gaps == 0
    assert not book.ledger.lookups.gap_is_open(UDI, named("lost"))
    assert book.ask("SELECT closed_at, closed_by FROM gaps") == [(NOW + 3, by)]


def test_old_gaps_are_told_apart_by_age_and_account(book: Book) -> None:
    book.put(OWNED, REPORT, GAP, replace(GAP, at=NOW + 9, report=named("newer")))

    with book.reader() as reader:
        old = [row.report for row in reader.gaps(since=NOW + 9)]
        mine = [row.report for row in reader.gaps(ACCOUNT)]
        theirs = reader.gaps(OTHER_ACCOUNT)
    assert (old, mine, theirs) == ([named("lost")], [named("lost"), named("newer")], [])


@pytest.mark.threat("F16", role="cssm")
def test_a_moved_device_takes_usage_reports_and_cases_along(book: Book) -> None:
    book.put(OWNED, REPORT, CASE, replace(QUARANTINED, digest=named("q")))
    book.put(MOVED)

    with book.reader() as reader:
        reports = [[row.digest for row in reader.reports(a)] for a in (ACCOUNT, OTHER_ACCOUNT)]
        cases = [[row.case for row in reader.cases(a)] for a in (ACCOUNT, OTHER_ACCOUNT)]
    assert (totals(book), totals(book, OTHER_ACCOUNT)) == ({TAG: 0}, {TAG: 1})
    assert (reports, cases) == ([[], [REPORT.digest, named("q")]], [[], [1]])
    assert members_of(book) == {"Branch": 1, "DEFAULT": 0}


def test_a_move_to_where_it_is_changes_no_count(book: Book) -> None:
    book.put(replace(OWNED, provisional=True, cause="upload"), REPORT)
    book.put(OWNED)
    facts = book.ledger.facts.instance(UDI)

    assert facts is not None
    assert (facts.account, facts.provisional) == (ACCOUNT, False)
    assert (totals(book), members_of(book)) == ({TAG: 1}, {"Branch": 0, "DEFAULT": 1})


def test_usage_reported_before_there_was_an_owner_counts_for_the_first(book: Book) -> None:
    book.put(replace(REPORT, account=None))
    assert totals(book) == {}
    book.put(OWNED)

    assert totals(book) == {TAG: 1}


def test_what_cannot_be_verified_stands_apart_from_the_device_itself(book: Book) -> None:
    vendor = replace(
        REPORT,
        verdict=Verdict.UNVERIFIABLE,
        incarnation=None,
        boot=None,
        closed_at=None,
        digest=named("vendor"),
        absolute=((NOW - 900, NOW, 50),),
    )
    book.put(OWNED, REPORT, vendor)

    with book.reader() as reader:
        shown = reader.instance(UDI)
        listed = [(row.verified, row.account) for row in reader.instances()]
    assert shown is not None
    assert [use.in_use for use in shown.usage] == [1]
    assert listed == [(True, ACCOUNT), (False, ACCOUNT)]
    assert totals(book) == {TAG: 1}
    number = book.ledger.lookups.account_number(ACCOUNT)
    known = book.ledger.facts.known_report(UDI, named("vendor"), number)
    assert known is not None
    assert known.verdict is Verdict.UNVERIFIABLE
    assert book.ledger.facts.known_report(UDI, named("vendor")) is None


@pytest.mark.parametrize(("on", "unverified"), [(False, 0), (True, 50)])
def test_unverified_use_is_shown_only_where_the_account_wants_it(
    book: Book, *, on: bool, unverified: int
) -> None:
    vendor = replace(REPORT, verdict=Verdict.UNVERIFIABLE, absolute=((NOW - 900, NOW, 50),))
    option = rows.AccountOptionSet(
        at=NOW, account=ACCOUNT, option="count-unverified", value=on, by="admin"
    )
    book.put(vendor, option)

    with book.reader() as reader:
        found = [(r.in_use, r.unverified_in_use) for r in reader.balance(ACCOUNT, now=NOW)]
    assert found == ([(0, unverified)] if on else [])


def test_a_trust_code_is_the_newest_of_its_device_and_first_used_earliest(book: Book) -> None:
    later = replace(a_report("late", ((NOW, NOW + 50, 1),)), generation=1)
    early = replace(a_report("early", ((NOW, NOW + 20, 1),)), generation=1)
    book.put(OWNED, CODE, replace(CODE, generation=2, key=named("key 2")), later, early)
    facts = book.ledger.facts.instance(UDI)

    assert facts is not None
    assert facts.generation == 2
    assert book.ask("SELECT generation, first_used FROM trust_codes") == [(1, NOW + 20), (2, None)]


def test_a_generation_is_given_once(book: Book) -> None:
    book.put(OWNED, CODE)

    with pytest.raises(Problem) as caught:
        book.put(replace(CODE, key=named("key 2")))
    assert caught.value.code == "store-failed"


def test_a_request_judged_anew_keeps_its_newest_verdict(book: Book) -> None:
    refused = replace(REQUEST, verdict=Verdict.REJECTED, code="no-account", account=None)
    book.put(refused, OWNED, replace(REQUEST, at=NOW + 9, flags=("not-permitted",)))

    assert book.ask("SELECT verdict, code, flags, received_at FROM trust_requests") == [
        ("accepted", None, "not-permitted", NOW + 9)
    ]
    assert book.ledger.lookups.answered_udi(REQUEST.digest) == UDI


def test_whose_an_answer_is_follows_from_what_it_answers(book: Book) -> None:
    vendor = replace(REPORT, digest=named("vendor"), verdict=Verdict.UNVERIFIABLE)
    book.put(OWNED, REPORT, vendor)
    whose = book.ledger.lookups.answered_udi

    assert whose(REPORT.digest) == UDI
    assert whose(named("vendor")) is None
    assert whose(named("none")) is None


def test_purchase_information_is_due_from_its_issue_until_it_was_sent(book: Book) -> None:
    issued = rows.InstanceDocumentIssued(
        at=NOW,
        udi=UDI,
        type="purchase-info",
        account=ACCOUNT,
        order=ORDER,
        document=named("bought"),
    )
    due = []
    for row in (OWNED, issued, REPORT, replace(a_report("b"), sent=("purchase-info",))):
        book.put(row)
        facts = book.ledger.facts.instance(UDI)
        due.append(facts is not None and facts.purchase_due)

    assert due == [False, True, True, False]


def test_deferred_reports_are_due_in_order_of_their_time(book: Book) -> None:
    deferred = replace(REPORT, verdict=Verdict.DEFERRED, code="not-yet")
    for name, until in (("c", NOW + 30), ("a", NOW + 10), ("b", NOW + 10)):
        book.put(replace(deferred, digest=named(name), until=until))
    lookups = book.ledger.lookups

    assert lookups.next_due() == NOW + 10
    assert [found for _, found in lookups.due(NOW + 29, 9)] == [named("a"), named("b")]
    assert lookups.due(NOW + 30, 1) == ((UDI, named("a")),)
    assert lookups.due(NOW + 9, 9) == ()
    book.put(
        *(replace(DECIDED, digest=named(name)) for name in "abc"),
    )
    assert lookups.next_due() is None


def test_relative_usage_belongs_to_one_boot_and_the_newest_told_is_shown(book: Book) -> None:
    first = replace(REPORT, absolute=(), relative=((0, 100, 3),), at=NOW)
    second = replace(first, boot="33" * 16, digest=named("b"), relative=((0, 100, 5),), at=NOW + 9)
    book.put(OWNED, first, second)

    with book.reader() as reader:
        shown = reader.instance(UDI)
    assert shown is not None
    assert [(use.in_use, use.count_seconds) for use in shown.usage] == [(5, 800)]
    assert book.ask("SELECT count(*) FROM timelines") == [(2,)]


def test_a_licence_no_longer_used_is_shown_with_none_in_use(book: Book) -> None:
    stopped = ((NOW - 900, NOW - 100, 2), (NOW - 100, NOW, 0))
    book.put(OWNED, replace(REPORT, absolute=stopped), replace(a_report("o"), tag=OTHER_TAG))

    assert totals(book) == {TAG: 0, OTHER_TAG: 1}
