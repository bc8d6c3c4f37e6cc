"""Smart transport's use cases over a scripted authority: what waits, what is forgotten, what fails."""

from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from gauger.authority.ports import LedgerReader
from gauger.authority.readers import Readers
from gauger.core.authority.commands import Command, ReceiveReport
from gauger.core.authority.outcomes import Done, MoveOutcome, Outcome, ReportOutcome, Verdict
from gauger.core.documents.smart_transport import MessageType, Request, Status, UsageReport
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem
from gauger.cssm.commands import exchange as module
from gauger.cssm.commands.accounts import TokenTerms, expect, find_smart_account, issue_token
from gauger.cssm.commands.exchange import Exchange
from gauger.cssm.config import ServerSettings
from gauger.cssm.local import announce, local_access, withdraw
from tests.cssm.parts import NOW, Office, Randomness, Recorded

UDI = Udi("C9800-CL-K9", "GGR0001")
DIGEST = Digest("ab" * 32)


@pytest.fixture
def served(office: Office) -> Exchange:
    return Exchange(office.store, office.means, ServerSettings(poll_interval=7))


def asked(kind: MessageType = MessageType.REPORT_USAGE, **changes: object) -> Request:
    usual: dict[str, object] = {
        "type": kind,
        "udi": UDI,
        "timestamp": NOW * 1000,
        "nonce": "0d" * 16,
        "reports": (UsageReport(udi=UDI, usage=("{}",), trust_requests=("{}",)),),
    }
    return Request(**(usual | changes))  # type: ignore[arg-type]  # the dataclass checks the names


def poll(poll_id: str | None) -> Request:
    return asked(MessageType.POLL, reports=(), poll_id=poll_id)


def unverifiable(command: Command) -> Outcome:
    if isinstance(command, ReceiveReport):
        return ReportOutcome(
            verdict=Verdict.UNVERIFIABLE, detail="A vendor's.", digest=DIGEST, udi=UDI, answer=None
        )
    return Done()


@pytest.mark.threat("F1", role="cssm")
def test_id_tokens_at_one_moment_do_not_pass_the_limit_together(
    served: Exchange, office: Office
) -> None:
    office.authority.held = []
    for number in range(10):
        served.begin(asked(id_token=f"guess {number}"), "192.0.2.1")
    served.begin(asked(id_token="guess 3"), "192.0.2.1")  # no news: a crowd has one token
    with pytest.raises(Problem, match="too-many-requests"):
        served.begin(asked(id_token="guess 10"), "192.0.2.1")
    assert len(office.authority.held) == 22
    for waiting in office.authority.held:
        waiting.set_exception(Problem("malformed", "It is bad."))
    served.begin(asked(id_token="guess 10"), "192.0.2.1")


def test_a_request_that_is_under_way_is_asked_to_poll_again(
    served: Exchange, office: Office
) -> None:
    office.authority.held = []
    work = served.begin(asked(), "192.0.2.1")
    assert not work.is_done
    first = served.postpone(work)
    again = served.poll(poll(first.poll_id))
    assert (first.status, again.status) == (Status.OK_POLL, Status.OK_POLL)
    assert (first.poll_id, first.poll_interval) == (again.poll_id, 7)


def test_what_waits_for_a_poll_holds_no_document(served: Exchange, office: Office) -> None:
    office.authority.held = []
    served.postpone(served.begin(asked(), "192.0.2.1"))
    [kept] = served._under_way.values()
    assert (kept.sent, kept.request.reports) == ((), ())
    assert len(kept.waiting) == 2


def test_many_polls_take_bounded_memory(
    served: Exchange, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_UNDER_WAY", 3)
    office.authority.held = []
    ids = [served.postpone(served.begin(asked(), "x")).poll_id for _ in range(5)]
    assert len(served._under_way) == 3
    with pytest.raises(Problem, match="poll-unknown"):
        served.poll(poll(ids[0]))
    assert served.poll(poll(ids[4])).status is Status.OK_POLL


def test_a_report_without_a_signed_answer_fails_by_name(served: Exchange, office: Office) -> None:
    office.authority.rule = unverifiable
    report = UsageReport(udi=UDI, usage=("{}",))
    work = served.begin(asked(reports=(report,)), "x")
    with pytest.raises(Problem, match="signature-unverifiable: A vendor's"):
        served.answer(work)


def test_a_poll_gives_the_problem_of_what_was_refused(served: Exchange, office: Office) -> None:
    office.authority.rule = lambda _command: Problem("malformed", "It is bad.")
    first = served.postpone(served.begin(asked(), "x"))
    with pytest.raises(Problem, match="malformed"):
        served.poll(poll(first.poll_id))


def test_a_refusal_is_told_in_the_envelope(served: Exchange) -> None:
    told = served.refuse(asked(), Problem("server-busy", "Later."))
    assert (told.status, told.message_code, told.message) == (
        Status.FAILED,
        "server-busy",
        "Later.",
    )
    assert told.problem
    assert told.problem.retry == "later"


def test_an_outcome_of_another_kind_is_our_own_fault() -> None:
    with pytest.raises(Problem, match="internal-error"):
        expect(Done(), MoveOutcome)


@pytest.mark.parametrize(("days", "uses"), [(0, None), (366, None), (1, 0), (1, 101)])
def test_token_terms_out_of_range_are_refused(days: int, uses: int | None) -> None:
    terms = TokenTerms(days=days, uses=uses, export_controlled=False, description="")
    with pytest.raises(Problem, match="invalid-argument"):
        issue_token(Recorded(), Randomness(), AccountRef("a.example", "x"), terms=terms, by="x")


class Shelf:
    """A reader that only counts its closings."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    def smart_accounts(self, *, after: str, limit: int) -> list[object]:
        del after, limit
        return []


class Library(Recorded):
    """An authority that lends shelves."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Shelf] = []

    def reader(self) -> LedgerReader:
        self.made.append(Shelf())
        return cast("LedgerReader", self.made[-1])


def test_readers_are_used_again_and_closed_in_the_end() -> None:
    library = Library()
    readers = Readers(library)
    with ExitStack() as lent:
        shelves = [lent.enter_context(readers.lend()) for _ in range(20)]
        assert find_smart_account(shelves[0], "a.example") is None
        # The text below it would end in half a surrogate pair, which no database takes.
        assert find_smart_account(shelves[0], "a.example\ue000") is None
    assert sum(shelf.closed for shelf in library.made) == 4
    with readers.lend():
        assert len(library.made) == 20
    readers.close()
    assert all(shelf.closed == 1 for shelf in library.made)


def test_a_command_on_the_host_finds_the_portal(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="key-missing"):
        local_access(tmp_path)
    (tmp_path / "administrator.secret").write_text("secret\n")
    with pytest.raises(Problem, match="comm-failed"):
        local_access(tmp_path)
    announce(tmp_path, "https://127.0.0.1:1")
    found = local_access(tmp_path)
    assert (found.url, found.secret, found.ca) == ("https://127.0.0.1:1", "secret", None)
    withdraw(tmp_path)
    withdraw(tmp_path)
    with pytest.raises(Problem, match="comm-failed"):
        local_access(tmp_path)
