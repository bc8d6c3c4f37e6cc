"""A flood of what cannot be verified: each source has a budget, the rest is counted."""

import pytest

from gauger.authority import refusals as module
from gauger.authority.refusals import Refusals
from gauger.authority.service import Authority
from gauger.core.authority.commands import Pipe, ReceiveReport, ReceiveTrustRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    ELSEWHERE,
    NOW,
    OTHER_ACCOUNT,
    Bench,
    a_device,
    an_authority,
)

HOUR = 3600
PROBLEM = Problem("malformed", "x")


def junk(
    number: int,
    path: str = "10.0.0.1",
    *,
    account: AccountRef | None = None,
    pipe: Pipe = Pipe.SMART,
) -> ReceiveReport:
    return ReceiveReport(item=f"{number} {path}", pipe=pipe, path=path, uploaded_to=account)


def listed(refusals: Refusals, *commands: ReceiveReport, now: int = NOW) -> int:
    return sum(refusals.note(command, PROBLEM, now) is not None for command in commands)


def events(portal: Bench, kind: str) -> list[tuple[str, str, AccountRef | None]]:
    reader = portal.authority.reader()
    found, after = [], 0
    while rows := reader.events(after=after, limit=500):
        found += [(row.subject, row.detail, row.account) for row in rows if row.kind == kind]
        after = rows[-1].event_id
    reader.close()
    return found


def refuse(authority: Authority, *commands: ReceiveReport) -> None:
    waiting = [authority.enqueue(command) for command in commands]
    assert all(isinstance(one.exception(), Problem) for one in waiting)


def test_only_some_repeats_are_recorded() -> None:
    refusals = Refusals()
    command = ReceiveTrustRequest(document="\ud800", token_digest=None, pipe=Pipe.SMART)
    found = [refusals.note(command, PROBLEM, NOW) for _ in range(120)]

    assert [one.count for one in found if one is not None] == [1, 10, 100]


@pytest.mark.threat("A24", role="cssm")
def test_a_source_has_a_budget_an_hour_and_the_rest_is_counted() -> None:
    refusals = Refusals(listed=5)
    assert listed(refusals, *(junk(number) for number in range(1000))) == 5
    assert refusals.untold(NOW + HOUR - 1) == ()
    (line,) = refusals.untold(NOW + HOUR)

    assert (line.count, line.source, line.since) == (995, "smart-transport 10.0.0.1", NOW)
    refusals.told((line,))
    assert refusals.untold(NOW + 2 * HOUR) == ()


def test_the_next_hour_lists_again_what_was_only_counted() -> None:
    refusals = Refusals(listed=1)
    assert listed(refusals, junk(1), junk(2), junk(2)) == 1
    again = refusals.note(junk(2), PROBLEM, NOW + HOUR)

    assert again is not None
    assert again.count == 1


@pytest.mark.threat("A24", role="cssm")
@pytest.mark.parametrize(
    "other",
    [
        junk(999, "10.0.0.2"),
        junk(999, account=ACCOUNT, pipe=Pipe.FILE),
        junk(999, account=OTHER_ACCOUNT, pipe=Pipe.FILE),
        junk(999, pipe=Pipe.API),
    ],
)
def test_a_flood_hides_nobody_elses_refusals(other: ReceiveReport) -> None:
    refusals = Refusals(listed=2)
    listed(refusals, *(junk(number) for number in range(50)))
    listed(refusals, *(junk(n, account=ELSEWHERE, pipe=Pipe.FILE) for n in range(50)))

    assert listed(refusals, other) == 1


def test_an_uploader_gets_no_further_by_new_file_names() -> None:
    refusals = Refusals(listed=3)
    files = (junk(n, f"{n}.xml", account=ACCOUNT, pipe=Pipe.FILE) for n in range(50))

    assert listed(refusals, *files) == 3


@pytest.mark.threat("A24", role="cssm")
def test_many_addresses_share_a_budget_and_take_no_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SOURCES", 10)
    monkeypatch.setattr(module, "_REMEMBERED", 30)
    monkeypatch.setattr(module, "_ACCOUNTS", 2)
    refusals = Refusals(listed=5, listed_of_all=40)
    crowd = [junk(number, f"10.0.{number % 200}.1") for number in range(5000)]

    assert listed(refusals, *crowd) == 40
    assert len(refusals._budgets) == 11
    assert len(refusals._counts) == 30
    assert listed(refusals, junk(9, account=ACCOUNT, pipe=Pipe.FILE)) == 1
    lines = refusals.untold(NOW + HOUR)
    assert sum(line.count for line in lines) == 5000 - 40
    assert "many sources" in {line.source for line in lines}


def test_lines_that_cannot_be_recorded_for_hours_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SOURCES", 1)
    monkeypatch.setattr(module, "_ACCOUNTS", 1)
    refusals = Refusals(listed=0)
    for hour in range(9):
        listed(refusals, junk(1), junk(2, "10.0.0.2"), now=NOW + hour * HOUR)

    assert len(refusals.untold(NOW + 10 * HOUR)) == 4


def test_a_clock_that_is_set_back_ends_the_hour() -> None:
    refusals = Refusals(listed=1)
    listed(refusals, junk(1), junk(2))

    assert listed(refusals, junk(3), now=NOW - 9) == 1
    assert [line.count for line in refusals.untold(NOW - 9)] == [1]


@pytest.mark.threat("A24", role="cssm")
def test_the_ledger_grows_by_the_budget_and_one_line(portal: Bench) -> None:
    flood = [junk(n, f"{n}.xml", account=ACCOUNT, pipe=Pipe.FILE) for n in range(700)]
    refuse(portal.authority, *flood)
    portal.clock.now += HOUR
    portal.report(a_device().report())

    assert len(events(portal, "refusal")) == 100
    ((source, detail, account),) = events(portal, "refusals-not-listed")
    assert (source, account) == (f"file {ACCOUNT}", ACCOUNT)
    assert detail.startswith("600 more refusals within an hour from ")
    assert examine_ledger(portal.path).is_whole


def test_an_account_that_does_not_exist_is_the_vendors(portal: Bench) -> None:
    nowhere = AccountRef("example.com", "Nowhere")
    refuse(portal.authority, *(junk(n, account=nowhere, pipe=Pipe.FILE) for n in range(101)))
    portal.clock.now += HOUR
    portal.report(a_device().report())

    ((_, detail, account),) = events(portal, "refusals-not-listed")
    assert (detail.split()[0], account) == ("1", None)


def test_a_portal_that_stops_within_the_hour_says_what_it_counted(portal: Bench) -> None:
    refuse(portal.authority, *(junk(number) for number in range(130)))
    portal.authority.stop()
    again = an_authority(portal.path, portal.clock, portal.factory)
    again.start()
    later = Bench(path=portal.path, authority=again, clock=portal.clock, factory=portal.factory)
    try:
        assert [detail.split()[0] for _, detail, _ in events(later, "refusals-not-listed")] == [
            "30"
        ]
    finally:
        again.stop()


@pytest.mark.threat("F5", role="cssm")
def test_a_document_in_a_foreign_account_is_audited_there_and_nowhere_else(portal: Bench) -> None:
    item = a_device().report()
    digest = portal.report(item).digest
    for account in (OTHER_ACCOUNT, ELSEWHERE, OTHER_ACCOUNT):
        outcome = portal.report(item, to=account)
        assert (outcome.code, outcome.answer) == ("belongs-elsewhere", None)
        assert str(ACCOUNT) not in outcome.detail

    found = events(portal, "refusal")
    assert {digest for digest, _, _ in found} == {digest}
    assert [account for _, _, account in found] == [OTHER_ACCOUNT, ELSEWHERE]
    assert portal.report(item).verdict is Verdict.SAME


@pytest.mark.threat("F5", role="cssm")
def test_a_trust_request_in_a_foreign_account_gives_nobody_a_paper(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report())
    outcome = portal.trust(device.trust_request(), to=ELSEWHERE, pipe=Pipe.FILE)

    assert (outcome.code, outcome.answer.documents) == ("belongs-elsewhere", ())
    assert [account for *_, account in events(portal, "refusal")] == [ELSEWHERE]
    assert portal.authority.answer_for(outcome.digest) is None


@pytest.mark.threat("F5", role="cssm")
def test_the_devices_own_word_gets_a_signed_verdict(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(), to=None)
    device.account = ELSEWHERE
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)), to=None)

    assert outcome.code == "belongs-elsewhere"
    assert outcome.answer is not None
    assert [one.type for one in outcome.answer.documents] == ["verdict"]
    assert not events(portal, "refusal")
