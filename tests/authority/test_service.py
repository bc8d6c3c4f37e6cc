"""The one writer: group commit, a bounded queue, errors that reach their waiters."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.authority.books import AuthoritySettings
from gauger.authority.service import Authority
from gauger.authority.writer import Writer
from gauger.core.authority.commands import (
    DecideDue,
    ImportManufacturer,
    ImportRootSet,
    Pipe,
    ReceiveReport,
    RecordEvent,
)
from gauger.core.authority.outcomes import DecisionOutcome, ReportOutcome, Verdict
from gauger.core.documents.envelope import PageSignature
from gauger.core.documents.page import PageHead
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem
from tests.authority.test_reports import ack_of
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    OTHER_ACCOUNT,
    TAG,
    UDI,
    Bench,
    CountedEntropy,
    ManualClock,
    a_device,
    a_factory,
    a_portal,
    an_authority,
)

EVENT = RecordEvent(kind="note", subject="s", detail="d", by="x")


def trust_of(portal: Bench) -> TrustStore:
    return portal.authority.trust


@pytest.mark.requirement("SSM-6/policy")
def test_many_reports_share_commits_and_every_ack_proves_itself(portal: Bench) -> None:
    before = portal.head().pages
    waiting = [
        portal.authority.enqueue(
            ReceiveReport(item=a_device(f"GGR{n:04}").report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
        )
        for n in range(60)
    ]
    outcomes = [one.result() for one in waiting]

    assert portal.head().pages - before < 60
    for outcome in outcomes:
        assert isinstance(outcome, ReportOutcome)
        assert outcome.answer is not None
        for document in outcome.answer.documents:
            verified = trust_of(portal).verify(document, expected=document.type, now=NOW)
            assert verified.issuer == portal.authority.ledger


@pytest.mark.requirement("BX-5")
def test_the_ledger_proves_inclusion_and_consistency(portal: Bench) -> None:
    for _ in range(5):
        portal.authority.execute(EVENT)
    reader = portal.authority.reader()
    count = portal.head().pages

    assert reader.head_at(count) is None
    assert reader.consistency_proof(2, count)
    assert reader.inclusion_proof(1)
    with pytest.raises(Problem) as caught:
        reader.inclusion_proof(count)
    assert caught.value.code == "not-found"
    with pytest.raises(Problem, match="no 99 pages"):
        reader.consistency_proof(1, 99)
    reader.close()


def test_a_replay_commits_nothing(portal: Bench) -> None:
    item = a_device().report()
    portal.report(item)
    before = portal.head().pages
    portal.report(item)

    assert portal.head().pages == before


def test_what_is_handed_over_together_shares_pages(portal: Bench) -> None:
    before, device = portal.head().pages, a_device()
    commands = [
        ReceiveReport(item=device.report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT) for _ in range(40)
    ]
    outcomes = [one.result(timeout=60) for one in portal.authority.enqueue_all(commands)]

    assert {type(one) for one in outcomes} == {ReportOutcome}
    assert portal.head().pages - before <= 3  # the writer may begin while the first are handed over


def test_what_waits_beyond_the_limit_is_told_to_come_again(tmp_path: Path) -> None:
    authority = an_authority(tmp_path / "ledger.db", ManualClock(), a_factory())
    authority._queue.maxsize = 1
    waiting = [authority.enqueue(EVENT) for _ in range(2)]

    with pytest.raises(Problem) as caught:
        waiting[1].result(timeout=5)
    assert caught.value.code == "server-busy"
    authority.stop()


def test_an_error_of_ours_reaches_every_waiter(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", fail)
        with pytest.raises(Problem) as caught:
            portal.authority.execute(EVENT)
    assert caught.value.code == "internal-error"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    portal.authority.execute(EVENT)


def test_an_error_within_a_page_leaves_nothing_of_it(
    portal: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = a_device()
    before = portal.head().pages
    with monkeypatch.context() as patch:
        patch.setattr(
            "gauger.authority.pager.build_page",
            lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("disk I/O error")),
        )
        with pytest.raises(Problem) as caught:
            portal.report(device.report())
    assert caught.value.code == "store-failed"
    assert portal.head().pages == before
    device.last.clear()
    assert portal.report(device.report()).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("missing", ["body", "answers"])
def test_an_answer_whose_document_is_missing_is_damage(
    portal: Bench, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    item = a_device().report()
    portal.report(item)
    portal.restart()
    pages_of = type(portal.authority._store.pages)
    for name in ("document", missing):
        monkeypatch.setattr(pages_of, name, lambda *_: None)

    with pytest.raises(Problem) as caught:
        portal.report(item)
    assert caught.value.code == "store-damaged"


def test_trust_that_changed_meanwhile_is_asked_again(portal: Bench) -> None:
    """A report waits while a root set revokes its device."""
    revoking = a_factory().following(signers=("portal",), revoked=(f"sudi {UDI}",))
    command = ReceiveReport(item=a_device().report(), pipe=Pipe.FILE, uploaded_to=ACCOUNT)
    writer = portal.authority._writer
    held = portal.authority.trust
    portal.authority.execute(ImportRootSet(document=revoking.texts[-1], by="x"))
    writer.trust = held
    waiting = portal.authority.enqueue(command)

    with pytest.raises(Problem) as caught:
        waiting.result()
    assert caught.value.code == "key-revoked"


@pytest.mark.threat("C1", role="cssm")
def test_a_revoked_device_is_refused(portal: Bench) -> None:
    revoking = a_factory().following(signers=("portal",), revoked=(f"sudi {UDI}",))
    portal.authority.execute(ImportRootSet(document=revoking.texts[-1], by="x"))

    with pytest.raises(Problem) as caught:
        portal.report(a_device().report())
    assert caught.value.code == "key-revoked"


@pytest.mark.threat("A5", role="cssm")
def test_a_device_of_an_unknown_manufacturer_is_refused_until_it_is_imported(
    portal: Bench,
) -> None:
    device = a_device("XYZ0001")
    with pytest.raises(Problem) as caught:
        portal.report(device.report())
    wider = replace(a_factory().manufacturer, serial_prefixes=("GGR", "XYZ"))
    portal.authority.execute(ImportManufacturer(file=wider.to_json(), by="x"))
    device.last.clear()

    assert caught.value.code == "unknown-key"
    assert portal.report(device.report()).verdict is Verdict.ACCEPTED
    portal.restart()
    assert portal.report(device.report(((NOW, NOW + 9, 1),))).verdict is Verdict.ACCEPTED
    reader = portal.authority.reader()
    held = reader.trust()
    assert (len(held.root_sets), held.manufacturers[0].file) == (1, wider.to_json())
    reader.close()


def test_deferred_reports_are_decided_without_being_asked_for(portal: Bench) -> None:
    item = a_device().report(((NOW, NOW + 7200, 4),))
    portal.report(item)
    portal.clock.now = NOW + 7200
    portal.authority.execute(EVENT)

    assert portal.balance() == {TAG: (0, 4, 0)}
    assert portal.authority.execute(DecideDue()) == DecisionOutcome(decided=())


def test_a_deferred_report_may_turn_out_to_be_superseded(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    device.install(portal.trust(device.trust_request(), pipe=Pipe.FILE))
    deferred = portal.report(device.report(((NOW, NOW + 7200, 1),)))
    other = replace(device, last={}, incarnation="ab" * 16)
    renewed = portal.trust(other.trust_request(key="licensing 2"), pipe=Pipe.FILE)
    other.install(renewed, "licensing 2")
    portal.report(other.report(((NOW, NOW + 3000, 1),)))
    portal.clock.now = NOW + 7200
    decided = portal.authority.execute(DecideDue())

    assert deferred.verdict is Verdict.DEFERRED
    assert isinstance(decided, DecisionOutcome)
    (outcome,) = decided.decided
    assert (outcome.verdict, outcome.code) == (Verdict.QUARANTINED, "superseded-key")
    assert outcome.answer is not None


def test_a_gap_that_is_flagged_in_a_deferred_report_is_asked_for_at_once(portal: Bench) -> None:
    device = a_device()
    device.report()
    outcome = portal.report(device.report(((NOW, NOW + 7200, 1),)))
    reader = portal.authority.reader()

    assert outcome.verdict is Verdict.DEFERRED
    assert "gap" in outcome.flags
    assert len(reader.gaps(ACCOUNT)) == 1
    assert not reader.gaps(OTHER_ACCOUNT)
    assert not reader.gaps(AccountRef("example.com", "Nowhere"))
    reader.close()


def test_cases_are_listed_by_account_and_state(portal: Bench) -> None:
    portal.report(a_device().report(((NOW - 900, NOW, 1),)))
    portal.report(a_device().report(((NOW - 900, NOW, 2),)))
    reader = portal.authority.reader()

    assert len(reader.cases(ACCOUNT, state="open")) == 1
    assert not reader.cases(OTHER_ACCOUNT)
    assert not reader.cases(state="accepted")
    assert reader.case(99) is None
    row = reader.instance(UDI)
    assert row is not None
    assert row.open_cases == 1
    reader.close()


def test_a_licence_of_the_catalogue_is_not_flagged(tmp_path: Path) -> None:
    with a_portal(tmp_path) as portal:
        portal.authority.stop()
        portal.authority = Authority(
            store=SqliteLedger(portal.path),
            signer=portal.factory.signer(),
            clock=portal.clock,
            entropy=CountedEntropy("second"),
            settings=AuthoritySettings(catalogue=frozenset({TAG})),
        )
        portal.authority.start()
        assert "unknown-entitlement" not in portal.report(a_device().report()).flags


def test_a_refusal_in_an_account_that_does_not_exist_is_the_vendors(portal: Bench) -> None:
    nowhere = AccountRef("example.com", "Nowhere")
    with pytest.raises(Problem):
        portal.report("{}", to=nowhere)
    reader = portal.authority.reader()

    (event,) = [row for row in reader.events() if row.kind == "refusal"]
    assert event.account is None
    reader.close()


def test_under_a_test_clock_what_is_signed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ManualClock, "is_test", True)
    with a_portal(tmp_path) as portal:
        outcome = portal.report(a_device().report())
        assert ack_of(outcome).test_clock
        assert outcome.answer is not None
        signature = outcome.answer.acknowledgments[0].signature
        assert isinstance(signature, PageSignature)
        assert b'"test_clock":true' in signature.head
        assert portal.authority.trust.accepts_test_clock


def test_the_answer_of_a_device_is_for_no_other(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    reader = portal.authority.reader()

    assert reader.answer_for(outcome.digest, UDI) == outcome.answer
    assert reader.answer_for(outcome.digest, Udi("C9800-CL-K9", "GGR0002")) is None
    assert reader.report(outcome.digest, UDI) is not None
    reader.close()


def test_heads_go_on_from_one_another(portal: Bench) -> None:
    portal.clock.now += DAY
    portal.authority.execute(EVENT)
    head = portal.head()

    assert (head.epoch, head.ledger, head.time) == (1, portal.authority.ledger, NOW + DAY)
    assert PageHead.TYPE == "page-head"


def damage(portal: Bench, statement: str) -> None:
    """Change the ledger's file behind the authority's back."""
    portal.authority.stop()
    with closing(sqlite3.connect(portal.path, isolation_level=None)) as db:
        db.execute(statement)
    portal.restart()


@pytest.mark.threat("G5", role="cssm")
def test_a_deferred_report_that_rotted_holds_up_nobody(portal: Bench) -> None:
    portal.report(a_device("GGR0002").report(((NOW, NOW + 7200, 1),)))
    portal.report(a_device("GGR0003").report(((NOW, NOW + 7200, 1),)))
    damage(portal, "UPDATE reports SET source = 0 WHERE id = 1")
    portal.clock.now = NOW + 7200
    for _ in range(3):
        portal.authority.execute(EVENT)

    assert portal.balance() == {TAG: (0, 1, 0)}
    reader = portal.authority.reader()
    (event,) = [row for row in reader.events() if row.kind == "refusal"]
    assert "store-damaged" in event.detail
    reader.close()


@pytest.mark.threat("G5", role="cssm")
def test_an_answer_that_rotted_concerns_its_device_only(portal: Bench) -> None:
    item = a_device().report()
    portal.report(item)
    damage(portal, "UPDATE documents SET body = 'x' WHERE type = 'ack'")
    waiting = [
        portal.authority.enqueue(ReceiveReport(item=text, pipe=Pipe.FILE, uploaded_to=ACCOUNT))
        for text in (item, a_device("GGR0002").report(), item)
    ]
    errors = [one.exception() for one in waiting]

    assert errors[1] is None
    for error in (errors[0], errors[2]):
        assert isinstance(error, Problem)
        assert error.code == "store-damaged"
