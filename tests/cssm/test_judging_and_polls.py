"""Items become commands, outcomes become verdicts; a poll id stands for digests."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from gauger.core.authority.commands import Pipe, ReceiveReport, ReceiveTrustRequest
from gauger.core.authority.outcomes import (
    AnswerBundle,
    Done,
    Outcome,
    ReportOutcome,
    TrustOutcome,
    Verdict,
)
from gauger.core.documents.envelope import read_document
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import Item, ItemKind, read_items
from gauger.core.identity import AccountRef, Udi, digest
from gauger.core.problems import Problem
from gauger.cssm.commands.answers import answer_bytes, write_answers
from gauger.cssm.commands.judging import Sender, command_of, refusal_of, settle, verdict_of
from gauger.cssm.commands.polls import recall, remember
from tests.support.builders import a_device, a_factory

ACCOUNT = AccountRef("a.example", "one")
UDI = Udi("C9800-CL-K9", "GGR0001")
DIGEST = digest(b"x")
ITEM = Item(kind=ItemKind.RUM_REPORT, text="x", index=7)
SENDER = Sender(pipe=Pipe.SMART, path="192.0.2.1", uploaded_to=ACCOUNT, by="user:ann")
ANSWER = AnswerBundle(udi=UDI, answers=DIGEST)
ROOTS = a_factory().following(signers=("portal",)).root_sets


def a_report(verdict: Verdict, *, code: str | None = None, answered: bool = True) -> ReportOutcome:
    return ReportOutcome(
        verdict=verdict,
        code=code,
        detail="" if code is None else "Why.",
        flags=("gap",),
        digest=DIGEST,
        udi=UDI,
        answer=ANSWER if answered else None,
    )


def answered_by(outcome: Outcome | Problem) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    if isinstance(outcome, Problem):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


def test_a_report_is_handed_over_as_it_came() -> None:
    command = command_of(ItemKind.RUM_REPORT, " exact\ttext ", SENDER)
    assert command == ReceiveReport(
        item=" exact\ttext ",
        pipe=Pipe.SMART,
        uploaded_to=ACCOUNT,
        path="192.0.2.1",
        by="user:ann",
    )


def test_a_trust_request_takes_the_digest_of_its_token_along() -> None:
    sender = Sender(pipe=Pipe.SMART, path="192.0.2.1", token_digest=DIGEST)
    command = command_of(ItemKind.TRUST_REQUEST, "text", sender)
    assert isinstance(command, ReceiveTrustRequest)
    assert (command.document, command.token_digest) == ("text", DIGEST)


def test_a_refusal_comes_as_a_value() -> None:
    problem = Problem("malformed", "It is bad.")
    assert settle(answered_by(problem)) is problem


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_of_any_kind_comes_as_it_is(verdict: Verdict) -> None:
    outcome = a_report(verdict)
    assert settle(answered_by(outcome)) is outcome


def test_an_outcome_of_another_kind_is_our_own_fault() -> None:
    with pytest.raises(Problem, match=r"^internal-error: .*Done"):
        settle(answered_by(Done()))


def test_what_has_a_signed_answer_is_no_plain_refusal() -> None:
    assert refusal_of(a_report(Verdict.REJECTED, code="malformed")) is None
    trusted = TrustOutcome(verdict=Verdict.ACCEPTED, digest=DIGEST, udi=UDI, answer=ANSWER)
    assert refusal_of(trusted) is None


def test_what_has_none_is_refused_by_its_code() -> None:
    problem = Problem("malformed", "It is bad.")
    assert refusal_of(problem) is problem
    bare = refusal_of(a_report(Verdict.REJECTED, code="repeated-place", answered=False))
    assert bare is not None
    assert (bare.code, bare.detail) == ("repeated-place", "Why.")


def test_a_report_that_cannot_be_verified_is_refused_by_its_verdict() -> None:
    bare = refusal_of(a_report(Verdict.UNVERIFIABLE, answered=False))
    assert bare is not None
    assert bare.code == "signature-unverifiable"


@pytest.mark.parametrize("code", [None, "repeated-place"])
def test_a_verdict_is_kept_with_its_place_in_the_file(code: str | None) -> None:
    kept = verdict_of(ITEM, a_report(Verdict.QUARANTINED, code=code))
    assert (kept.position, kept.kind, kept.verdict) == (7, "report", "quarantined")
    assert (kept.udi, kept.digest, kept.flags) == (str(UDI), DIGEST, ("gap",))
    assert (kept.code, kept.detail) == (code, None if code is None else "Why.")


def test_a_plain_refusal_names_no_sender() -> None:
    # What could not be verified says nothing about who sent it.
    kept = verdict_of(ITEM, Problem("malformed", "It is bad."))
    assert (kept.udi, kept.digest, kept.verdict) == (None, None, "refused")
    assert (kept.code, kept.detail) == ("malformed", "It is bad.")


def test_a_poll_is_remembered_by_digests_and_holds_no_document() -> None:
    device = a_device()
    report, request = device.report(), device.trust_request()
    kept = remember([(ItemKind.RUM_REPORT, report), (ItemKind.TRUST_REQUEST, request)])
    assert recall(kept) == [read_report(report).digest, read_document(request).digest]
    assert len(kept) == 129


@pytest.mark.parametrize("kind", [ItemKind.RUM_REPORT, ItemKind.TRUST_REQUEST])
@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", '{"payload":1}'])
def test_what_cannot_be_read_is_never_asked_for(kind: ItemKind, text: str) -> None:
    assert recall(remember([(kind, text)])) == []


def test_one_that_cannot_be_read_hides_no_other() -> None:
    report = a_device().report()
    kept = remember([(ItemKind.RUM_REPORT, "nonsense"), (ItemKind.RUM_REPORT, report)])
    assert recall(kept) == [read_report(report).digest]


def test_nothing_is_remembered_of_nothing() -> None:
    assert recall(remember([])) == []


def test_a_document_that_many_answers_hold_stands_in_the_file_once() -> None:
    answers = [AnswerBundle(udi=UDI, answers=DIGEST, root_sets=ROOTS)] * 50
    for content in (b"".join(write_answers(answers)), answer_bytes(answers)):
        items = list(read_items([content]))
        assert [item.kind for item in items] == [ItemKind.ROOT_SET] * len(ROOTS)
        assert [read_document(item.text).digest for item in items] == [r.digest for r in ROOTS]


def test_an_answer_file_of_nothing_is_a_file() -> None:
    assert list(read_items([b"".join(write_answers([]))])) == []


def test_root_sets_stand_before_what_they_verify() -> None:
    late = AnswerBundle(udi=UDI, answers=DIGEST, companions=ROOTS[:1])
    early = AnswerBundle(udi=UDI, answers=DIGEST, root_sets=ROOTS[1:])
    items = list(read_items([b"".join(write_answers([late, early]))]))
    assert len(items) == len(ROOTS)
    assert read_document(items[-1].text).digest == ROOTS[0].digest


def test_whoever_downloads_a_long_answer_file_hears_that_it_goes_on() -> None:
    read: list[int] = []

    def answers() -> Iterator[AnswerBundle]:
        for number in range(1200):
            read.append(number)
            yield AnswerBundle(udi=UDI, answers=DIGEST, root_sets=ROOTS)

    file = write_answers(answers())
    first = next(file)
    assert first.startswith(b"<?xml")
    assert not read
    signs = [(next(file), len(read)) for _ in range(2)]
    assert signs == [(b"\n", 500), (b"\n", 1000)]
    items = list(read_items([first, *(sign for sign, _ in signs), *file]))
    assert [item.kind for item in items] == [ItemKind.ROOT_SET] * len(ROOTS)
