"""Carry out what operators ask: talk now, save, import, look.

It loads with the first order. A product instance measures from its first second, while people
look at it once a quarter.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.envelope import Document
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode
from gauger.core.instance import trust as trust_decisions
from gauger.core.instance.answers import Pipe
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.sending import Occasion, after_ha_event
from gauger.core.problems import Problem
from gauger.instance import events, unreadable
from gauger.instance.answer_file import AnswerFile
from gauger.instance.engine import Engine
from gauger.instance.exchanging import Answered
from gauger.instance.greeting import HELLO, is_worth_it
from gauger.instance.history import taken_in
from gauger.instance.holdings import read_holdings
from gauger.instance.importing import joined
from gauger.instance.insight import Insight
from gauger.instance.memory import Draft, read_detail
from gauger.instance.polling import POLLS, ask_now
from gauger.instance.ports import Batch
from gauger.instance.records import Past
from gauger.instance.saving import Saving, batches
from gauger.instance.showing import Showing
from gauger.instance.tech_views import SystemView, TechView
from gauger.instance.trust_files import read_root_set_files, take_in, trust_view
from gauger.instance.trusting import Presented, token_digest
from gauger.instance.views import (
    AuthorizationView,
    EventView,
    HistoryView,
    ImportResult,
    PurchaseView,
    ReportDetailView,
    ReportRow,
    ReportsSummaryView,
    RootView,
    Scope,
    Selection,
    SelectionKind,
    StatusView,
    SyncResult,
    UsageView,
)

if TYPE_CHECKING:
    from gauger.instance.talking import Talking

_MARKED_AT_ONCE: Final = 200
_FORGOTTEN: Final = frozenset(
    {AccountInfo.TYPE, PolicyDocument.TYPE, PurchaseInfo.TYPE, TrustCode.TYPE}
)
"""What `license smart factory reset` forgets."""


class Orders:
    """Orders to one engine; they are thread-safe as its locks make them.

    An order on a file may be long. It holds the engine's lock for a bounded part at a time, so a
    change made meanwhile is as durable as ever; and a lock of its own, so two never meet.
    """

    def __init__(self, engine: Engine) -> None:
        """Take the engine."""
        self._engine = engine
        self._carrying = threading.Lock()
        self._noted: Problem | None = None
        self._saving = Saving(engine.around, engine.memory, engine.portion)
        self._showing = Showing(engine.around, engine.memory, engine.meter)
        self._insight = Insight(engine.around, engine.memory)

    def adopt_factory(self, documents: Mapping[str, Document], *, has_key: bool) -> None:
        """Install what the factory made from the order, where nothing is installed yet.

        What is refused is told in the event log: a device works without any of it.

        Args:
            documents: Policy, trust code and purchase information, by type.
            has_key: Whether the key of the factory trust code is there.
        """
        engine = self._engine
        with engine.lock:
            for kind, document in documents.items():
                # At a later start the bundle is old: what the portal has sent since is in force.
                if kind in engine.memory.documents or self._had_code(kind):
                    continue
                draft = engine.memory.draft()
                # Without its key among our own the code is refused below.
                if kind == TrustCode.TYPE and has_key:
                    engine.trusting.adopt_factory_key(draft, document)
                holdings = engine.holdings()
                taken = engine.talking.importing.take(draft, holdings, [document], Pipe.FILE)
                if taken.refusal is not None:
                    draft.log(
                        events.install_failed(engine.around.clock.wall(), kind, taken.refusal)
                    )
                engine.memory.keep(draft)
                engine.authorize()

    def _had_code(self, kind: str) -> bool:
        """Return whether a document is an authorization code, and there ever was one here."""
        # The bundle keeps it for ever: given back, it would be refused anew at each start.
        floor = self._engine.memory.singles.code_floor
        return kind == AuthorizationCode.TYPE and floor is not None

    def sync(self, scope: Scope) -> SyncResult:
        """Send every report that has no ACK and fetch what is pending; see `ports.Operations`."""
        del scope  # the set has one member
        engine = self._engine
        with engine.wire:
            engine.require_way()
            if engine.memory.singles.trust_exchange is not None:
                _raise_problem(engine.talking.talk("trust"))
            if engine.memory.singles.authorization.waiting:
                if engine.memory.singles.authorization_exchange is None:
                    engine.talking.ask_for_code()
                _raise_problem(engine.talking.talk("authorization"))
            engine.require_direct()
            sent: set[int] = set()
            results = list(self._fetched())
            for carried, answered in self._sent_or_greeted():
                sent.update(carried)
                results.append(answered.result)
            # Answered in part: the portal judges some of it later, and is asked again by itself.
            waiting = engine.memory.singles.usage_exchange is not None
            if waiting and engine.talking.exchanging.has_unsent(engine.memory.draft()):
                # What this sending could not carry goes as soon as it is over.
                engine.change(self._push_soon)
            waiting = waiting or bool(engine.memory.singles.course.polls)
            return self._synchronised(sent, joined(results), waiting=waiting)

    def _synchronised(self, sent: set[int], result: ImportResult, *, waiting: bool) -> SyncResult:
        """Tell what became of every report that left, so that no number has to be guessed at."""
        store = self._engine.memory.store
        rows = filter(None, map(store.report, sorted(sent)))
        # One that rotted since it left: nothing is known of it but that it went.
        details = {row.report_id: read_detail(row) for row in rows if row.fault is None}
        open_ids = {number for number, it in details.items() if not it.life.is_acknowledged}
        return SyncResult(
            sent=len(sent),
            acknowledged=len(result.acknowledged),
            waiting=waiting,
            again=len(sent.difference(open_ids, result.acknowledged)),
            refused=result.refused,
            awaited=tuple(sorted(open_ids.difference(number for number, _ in result.refused))),
        )

    def _fetched(self) -> Iterator[ImportResult]:
        """Ask for the verdicts that the portal owes."""
        engine = self._engine
        if engine.memory.singles.course.polls:
            engine.change(ask_now)
        for _ in engine.memory.singles.course.polls:
            answered = engine.talking.talk(POLLS)
            if answered is None:
                return
            # What the portal has forgotten goes with the sending that follows.
            if answered.problem is None or answered.problem.code != "poll-unknown":
                _raise_problem(answered)
            yield answered.result

    def _sent_or_greeted(self) -> Iterator[tuple[tuple[int, ...], Answered]]:
        """Send what is to be sent; where that is nothing, ask whether the portal lost anything."""
        engine, is_idle = self._engine, True
        for carried, answered in self._sendings():
            is_idle = False
            yield carried, answered
        if is_idle and is_worth_it(engine.memory.draft()):
            _raise_problem(engine.talking.talk(HELLO))
            yield from self._sendings()

    def _sendings(self) -> Iterator[tuple[tuple[int, ...], Answered]]:
        """Go on with the sending under way, then send what is left; stop where one waits."""
        engine = self._engine
        engine.close_reports(ReportInput.CLOSE_TO_REPORT)
        sent: set[int] = set()
        while True:
            before = engine.memory.singles.usage_exchange
            if before is None and not engine.talking.put_under_way(Occasion.SYNC, sent):
                return
            exchange = engine.memory.singles.usage_exchange
            carried = exchange.report_ids if exchange is not None else ()
            sent.update(carried)
            answered = engine.talking.talk("usage")
            _raise_problem(answered)
            if answered is None:
                return
            # One that the portal had before is not sent once more, and not counted so.
            is_new = before is None or not before.handed_over
            yield carried if is_new else (), answered
            if not answered.is_over:
                return

    def _push_soon(self, draft: Draft) -> None:
        schedule = after_ha_event(draft.singles.schedule, self._engine.measuring.lived())
        draft.singles = replace(draft.singles, schedule=schedule)

    def establish_trust(self, token: str, scope: Scope, *, force: bool) -> None:
        """Ask for a trust code with an ID token; see `ports.Operations`."""
        del scope  # the set has one member
        engine = self._engine
        # Before any lock or message: a mistyped token is told at once.
        presented = Presented(token_digest=token_digest(token), force=force)

        def ask(draft: Draft) -> None:
            trust = engine.holdings().trust(draft.singles.trust)
            trust_decisions.require_token_trust(trust, force=force)
            document = engine.trusting.make(draft, presented)
            engine.talking.exchanging.prepare_trust(draft, token, document)

        with engine.wire:
            engine.require_way()
            # Durable before it leaves: a token may be good once, and these bytes fetch its answer.
            engine.change(ask)
            with engine.lock:
                # Here and not only with an answer: while none comes each try makes a key.
                engine.forget_keys()
            _raise_problem(engine.talking.talk("trust"))

    def save_usage(self, selection: Selection, path: Path) -> int:
        """Write reports to a file and return how many; see `ports.Operations`."""
        engine = self._engine
        with self._carrying:
            # A person carries the file weeks later: it tells of use up to this moment.
            engine.close_reports(ReportInput.CLOSE_TO_SAVE)
            wanted = set(engine.memory.singles.course.wanted)
            report_ids = self._saving.choose(wanted, selection)
            if not report_ids and selection.kind is SelectionKind.REPORT:
                message = f"There is no report {selection.number} to save."
                raise Problem("requested-item-not-found", message)
            request = self._request_due()
            if not report_ids and request is None:
                self._change_in_part(self._saving.tell)
                message = "There is no report to save for this selection."
                raise Problem("requested-item-not-found", message)
            written = self._saving.write(path, report_ids, request)
            self._change_in_part(self._saving.tell)
            # Marked only once the file is whole: none is taken for saved that is in no file.
            for batch in batches(written, _MARKED_AT_ONCE):
                self._change_in_part(partial(self._saving.mark, report_ids=batch))
            self._change_in_part(partial(self._saving.finish, count=len(written)))
            return len(written)

    def _request_due(self) -> str | None:
        """Return the trust request that goes along with a saved file, where one is due."""
        engine = self._engine
        with engine.lock:
            draft = engine.memory.draft()
            if not engine.trusting.is_due(draft, engine.holdings()):
                return None
            request = engine.trusting.waiting_or_new(draft)
            engine.memory.commit(draft)
            return request

    def _change_in_part(self, act: Callable[[Draft], None]) -> None:
        with self._engine.portion():
            self._engine.change(act)

    def save_trust_request(self, path: Path) -> None:
        """Write a trust request to a file of its own; see `ports.Operations`."""
        engine = self._engine
        with self._carrying:
            with engine.lock:
                draft = engine.memory.draft()
                request = engine.trusting.waiting_or_new(draft)
                engine.memory.commit(draft)
            self._saving.write(path, (), request)

    def import_file(self, path: Path) -> ImportResult:
        """Install what a file of the portal brings; see `ports.Operations`."""
        with self._carrying, self._told():
            return self._import(AnswerFile(path))

    def _import(self, file: AnswerFile) -> ImportResult:
        engine = self._engine
        # Two passes: a signature that fails in the last slice must keep the first from being taken.
        judged = self._judge(file)
        results: list[ImportResult] = []
        for documents in file.slices():
            # A file exchanged between judging and taking would bring in what nobody has judged.
            if _fingerprint(documents) not in judged[len(results) : len(results) + 1]:
                raise _exchanged(file.path)
            with engine.portion():
                results.append(self._take(documents))
        with engine.lock:
            engine.forget_keys()
        if len(results) != len(judged):
            raise _exchanged(file.path)
        return joined(results)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Write down why a file is refused, also where it cannot even be read."""
        self._noted = None
        try:
            yield
        except Problem as problem:
            # Refused by judgement it is in the log already, with the root sets that were kept.
            if problem is not self._noted:
                at = self._engine.around.clock.wall()
                failed = events.install_failed(at, "answer", problem)
                # What cannot be written down, on a full disk say, is raised all the same.
                with suppress(Problem):
                    self._engine.change(lambda draft: draft.log(failed))
            raise

    def _judge(self, file: AnswerFile) -> list[bytes]:
        """Judge all of a file before any of it is taken; only root sets are taken even so.

        Returns:
            The fingerprint of each slice.

        Raises:
            Problem: Why the file is refused.
        """
        engine = self._engine
        # What changes between two slices does not meet this draft, and none of it becomes the
        # present state: each slice is judged again when it is taken, by what is held then.
        with engine.lock:
            draft, holdings = engine.memory.draft(), engine.holdings()
        judged: list[bytes] = []
        for documents in file.slices():
            with engine.portion():
                # A file may have hundreds of slices, and few of them bring what is in force.
                holdings = read_holdings(draft.documents, engine.around.pinned, holdings)
                taken = engine.talking.importing.take(draft, holdings, documents, Pipe.FILE)
                # Documents and marks go on to the next slice; the rows of all would be too many.
                draft.batch = Batch()
                if taken.refusal is not None:
                    engine.change(partial(self._refused, documents, taken.refusal))
                    self._noted = taken.refusal
                    raise taken.refusal
            judged.append(_fingerprint(documents))
        return judged

    def _refused(self, documents: Sequence[Document], refusal: Problem, draft: Draft) -> None:
        """Keep root sets of a refused file: they verify by themselves."""
        root_sets = [document for document in documents if document.type == RootSet.TYPE]
        if root_sets:
            self._engine.talking.importing.take(
                draft, self._engine.holdings(), root_sets, Pipe.FILE
            )
        # Operators know some documents by a message of their own (`events.install_failed`). A code
        # was asked for by hand, and their filters wait for it, whatever came in the same file.
        kinds = {document.type for document in documents}
        kind = "answer" if len(documents) > 1 else documents[0].type
        kind = AuthorizationCode.TYPE if AuthorizationCode.TYPE in kinds else kind
        at = self._engine.around.clock.wall()
        draft.log(events.install_failed(at, kind, refusal))
        outcome = f"{refusal.code}: {refusal.detail}"
        taken_in(draft, [kind], 0, Past(at=at, what="by file", outcome=outcome))

    def _take(self, documents: Sequence[Document]) -> ImportResult:
        """Take one slice; it is judged again, by what an answer of the portal changed meanwhile."""
        engine = self._engine
        draft = engine.memory.draft()
        taken = engine.talking.importing.take(draft, engine.holdings(), documents, Pipe.FILE)
        if taken.refusal is not None:
            raise taken.refusal
        engine.talking.exchanging.drop_settled(draft)
        engine.memory.commit(draft)
        engine.rooting.show(engine.memory)
        engine.authorize()
        return taken.result

    def import_trust(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Take in root sets that an operator brings; see `ports.Operations`."""
        engine, said = self._engine, list[str]()

        def take(draft: Draft) -> None:
            steps = take_in(engine.around, draft, read_root_set_files(paths))
            said.extend(step.text for step in steps)

        try:
            engine.change(take)
        except Problem as problem:
            refused = events.install_failed(engine.around.clock.wall(), RootSet.TYPE, problem)
            # A change of its own: the refused one takes its events with it.
            engine.change(lambda draft: draft.log(refused))
            raise
        return tuple(said)

    def trust(self) -> RootView:
        """Return whom the product instance trusts."""
        memory = self._engine.memory
        return trust_view(memory.documents, memory.singles.root_floor)

    def status(self) -> StatusView:
        """Return what `show license status` prints."""
        engine = self._engine
        with engine.lock:
            engine.measure()
            return self._showing.status(engine.holdings(), engine.measuring, engine.troubles())

    def usage(self) -> tuple[UsageView, ...]:
        """Return the licences in use, in the order of the profile."""
        with self._engine.lock:
            self._engine.measure()
            return self._showing.usage()

    def reports_summary(self) -> ReportsSummaryView:
        """Return how many reports are in which state."""
        with self._engine.lock:
            self._engine.measure()
            return self._showing.reports_summary()

    def report_rows(self) -> tuple[ReportRow, ...]:
        """Return a line for each report, lowest id first."""
        with self._engine.lock:
            self._engine.measure()
            return self._showing.report_rows()

    def report_detail(self, report_id: int) -> ReportDetailView:
        """Return one report; see `ports.Operations`."""
        with self._engine.lock:
            return self._showing.report_detail(report_id)

    def purchases(self) -> tuple[PurchaseView, ...]:
        """Return what was bought with the product instance."""
        with self._engine.lock:
            return self._showing.purchases(self._engine.holdings())

    def authorizations(self) -> tuple[AuthorizationView, ...]:
        """Return the authorization codes, one entry for each device of the set."""
        with self._engine.lock:
            return self._showing.authorizations(self._engine.holdings())

    def system(self) -> SystemView:
        """Return the device as a machine."""
        with self._engine.lock:
            return self._insight.system(self._engine.measuring.began, self._engine.booted)

    def tech(self) -> TechView:
        """Return what `show license tech support` prints beside what other commands print."""
        engine = self._engine
        with engine.lock:
            engine.measure()
            # Not by the attribute: to look must not load what talks.
            talking: Talking | None = vars(engine).get("talking")
            tallies = None if talking is None else talking.tallies
            return self._insight.tech(engine.holdings(), engine.measuring, tallies)

    def events(self, days: int | None = None) -> tuple[EventView, ...]:
        """Return the event log, oldest first; of the last days only where given."""
        with self._engine.lock:
            return self._showing.events(days)

    def message_history(self) -> tuple[HistoryView, ...]:
        """Return the message history: always its 12 headings, in order."""
        with self._engine.lock:
            return self._showing.message_history()

    def report_text(self, report_id: int) -> str:
        """Return a report as it was signed; see `ports.Operations`."""
        with self._engine.lock:
            store = self._engine.memory.store
            item = unreadable.item_of(store, report_id, "report")
        if item is None:
            message = f"There are no signed bytes of a report {report_id} in this store."
            raise Problem("requested-item-not-found", message)
        return item.decode()

    def reset_licensing(self) -> None:
        """Forget what the portal installed; see `ports.Operations`."""
        engine = self._engine

        def reset(draft: Draft) -> None:
            # Neither the root set, or anybody could bring another; nor the authorization code,
            # which has to be given back; nor any report: use is told whatever is reset.
            wall = engine.around.clock.wall()
            if PolicyDocument.TYPE in draft.documents:
                draft.log(events.policy_removed(wall))
            if TrustCode.TYPE in draft.documents:
                draft.log(events.trust_code_removed(wall, engine.around.udi))
            for kind in _FORGOTTEN & draft.documents.keys():
                del draft.documents[kind]
            engine.trusting.give_up(draft)
            draft.singles = replace(draft.singles, trust_exchange=None)
            draft.batch.anchored = True
            draft.log(events.event(wall, "FACTORY_RESET"))

        with engine.wire:
            engine.change(reset)
            with engine.lock:
                engine.forget_keys()

    def clear_events(self) -> None:
        """Empty the event log; see `ports.Operations`."""

        def clear(draft: Draft) -> None:
            draft.batch.clears_events = True
            draft.batch.anchored = True
            draft.log(events.events_cleared(self._engine.around.clock.wall()))

        self._engine.change(clear)


def _fingerprint(documents: Sequence[Document]) -> bytes:
    """Return by what a slice is known again when the file is read a second time."""
    return hashlib.sha256("".join(document.digest for document in documents).encode()).digest()


def _exchanged(path: Path) -> Problem:
    return Problem("file-changed", f"{path} is no longer the file that was judged.")


def _raise_problem(answered: Answered | None) -> None:
    if answered is not None and answered.problem is not None:
        raise answered.problem
