"""The agent: what surfaces and the library call, and the threads that do what is due."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gauger.core.documents.envelope import Document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode
from gauger.core.identity import Udi
from gauger.core.instance import trust as trust_decisions
from gauger.core.instance.answers import Pipe
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.sending import Occasion, after_ha_event
from gauger.core.problems import Problem
from gauger.core.profiles import Profile
from gauger.instance import events
from gauger.instance.answer_file import AnswerFile
from gauger.instance.config import ConfigChange, Configuration, apply_change
from gauger.instance.engine import Engine
from gauger.instance.exchanging import Answered
from gauger.instance.holdings import read_holdings
from gauger.instance.importing import joined
from gauger.instance.memory import Draft
from gauger.instance.meter import Meter, Use
from gauger.instance.ports import Batch, Store
from gauger.instance.saving import Saving
from gauger.instance.showing import Showing
from gauger.instance.surroundings import Surroundings
from gauger.instance.trusting import Presented, token_digest
from gauger.instance.views import (
    EventView,
    ImportResult,
    PurchaseView,
    ReportDetailView,
    ReportRow,
    ReportsSummaryView,
    Scope,
    Selection,
    SelectionKind,
    StatusView,
    SyncResult,
    UsageView,
)

_LOGGER: Final = logging.getLogger("gauger")

_COALESCE_SECONDS: Final = 0.5
"""Changes within it are stored together: at most two commits a second, each within one."""


class Agent:
    """The one writer of a store; every method is thread-safe."""

    def __init__(
        self, around: Surroundings, store: Store, release: Callable[[], None] = lambda: None
    ) -> None:
        """Begin a boot.

        Args:
            around: Identity and adapters.
            store: The open store; closed by `stop`.
            release: Called at the end of `stop`, to give the writer's lock back.

        Raises:
            Problem: ``store-damaged`` where the store cannot be read; ``entropy-failed``.
        """
        self._around = around
        self._meter = Meter(around.profile, around.clock.monotonic)
        self._engine = Engine(around, store, self._meter)
        self._saving = Saving(around, store)
        self._showing = Showing(around, self._engine.memory, self._meter)
        self._store = store
        self._release = release
        self._stopping = threading.Event()
        self._call = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def udi(self) -> Udi:
        """Who this product instance is."""
        return self._around.udi

    @property
    def profile(self) -> Profile:
        """The product profile."""
        return self._around.profile

    def now(self) -> int:
        """Return the wall time of the instance's clock, epoch seconds."""
        return self._around.clock.wall()

    def use(self, tag: str, count: int = 1) -> Use:
        """Count licences as in use while the context is entered; see `ports.Usage.use`."""
        return self._meter.use(tag, count)

    def set_count(self, tag: str, count: int) -> None:
        """State how many licences are in use from now on; see `ports.Usage.set_count`."""
        self._meter.set_count(tag, count)

    def join_access_point(self, udi: Udi) -> None:
        """Count an access point that joined."""
        self._meter.join(udi)

    def leave_access_point(self, udi: Udi) -> None:
        """Stop counting an access point."""
        self._meter.leave(udi)

    def flush(self) -> None:
        """Make every change durable now; see `ports.Usage.flush`."""
        self._engine.flush()

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
                if kind in engine.memory.documents:
                    continue
                draft = engine.memory.draft()
                if kind == TrustCode.TYPE and has_key:
                    engine.trusting.adopt_factory_key(draft, document)
                holdings = engine.holdings()
                taken = engine.importing.take(draft, holdings, [document], Pipe.FILE)
                if taken.refusal is not None:
                    draft.log(events.install_failed(self.now(), kind, taken.refusal))
                engine.memory.keep(draft)

    def start(self) -> None:
        """Do what is due in threads of its own, until `stop`."""
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._keep, name="gauger-measure", daemon=True),
            threading.Thread(target=self._talk, name="gauger-report", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads, store what is not stored yet, and release the store."""
        self._stopping.set()
        self._meter.wake.set()
        self._call.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        self._engine.measure()
        self._store.close()
        self._release()

    def tick(self) -> float:
        """Do all that is due now.

        Returns:
            Seconds of the instance's clock until something is due again by itself.
        """
        self._engine.measure()
        self._engine.communicate()
        return self._engine.pause()

    def sync(self, scope: Scope) -> SyncResult:
        """Send every report that has no ACK and fetch what is pending; see `ports.Operations`."""
        del scope  # the set has one member
        engine = self._engine
        with engine.wire:
            engine.require_way()
            if engine.memory.singles.trust_exchange is not None:
                _raise_problem(engine.talk("trust"))
            engine.require_direct()
            sent = acknowledged = 0
            for answered in self._sendings():
                sent += answered[0]
                acknowledged += len(answered[1].result.acknowledged)
            waiting = engine.memory.singles.usage_exchange is not None
            if waiting and engine.exchanging.has_unsent():
                # What this sending could not carry goes as soon as it is over.
                engine.change(self._push_soon)
        self._call.set()
        return SyncResult(sent=sent, acknowledged=acknowledged, waiting=waiting)

    def _sendings(self) -> Iterator[tuple[int, Answered]]:
        """Go on with the sending under way, then send what is left; stop where one waits."""
        engine = self._engine
        engine.close_reports(ReportInput.CLOSE_TO_REPORT)
        sent: set[int] = set()
        while True:
            before = engine.memory.singles.usage_exchange
            if before is None and not engine.put_under_way(Occasion.SYNC, sent):
                return
            exchange = engine.memory.singles.usage_exchange
            carried = exchange.report_ids if exchange is not None else ()
            sent.update(carried)
            answered = engine.talk("usage")
            _raise_problem(answered)
            if answered is None:
                return
            is_new = before is None or not before.handed_over
            yield len(carried) if is_new else 0, answered
            if not answered.is_over:
                return

    def _push_soon(self, draft: Draft) -> None:
        schedule = after_ha_event(draft.singles.schedule, self._engine.measuring.lived())
        draft.singles = replace(draft.singles, schedule=schedule)

    def establish_trust(self, token: str, scope: Scope, *, force: bool) -> None:
        """Ask for a trust code with an ID token; see `ports.Operations`."""
        del scope  # the set has one member
        engine = self._engine
        presented = Presented(token_digest=token_digest(token), force=force)

        def ask(draft: Draft) -> None:
            trust = engine.holdings().trust(draft.singles.trust)
            trust_decisions.require_token_trust(trust, force=force)
            document = engine.trusting.make(draft, presented)
            engine.exchanging.prepare_trust(draft, token, document)

        with engine.wire:
            engine.require_way()
            engine.change(ask)
            _raise_problem(engine.talk("trust"))
        self._call.set()

    def save_usage(self, selection: Selection, path: Path) -> int:
        """Write reports to a file and return how many; see `ports.Operations`."""
        engine = self._engine
        with engine.lock:
            engine.close_reports(ReportInput.CLOSE_TO_SAVE)
            draft = engine.memory.draft()
            report_ids = self._saving.choose(draft, selection)
            if not report_ids and selection.kind is SelectionKind.REPORT:
                message = f"There is no report {selection.number} to save."
                raise Problem("requested-item-not-found", message)
            request = None
            if engine.trusting.is_due(draft, engine.holdings()):
                request = engine.trusting.waiting_or_new(draft)
                engine.memory.commit(draft)
                draft = engine.memory.draft()
            if not report_ids and request is None:
                message = "There is no report to save for this selection."
                raise Problem("requested-item-not-found", message)
            self._saving.write(path, report_ids, request)
            self._saving.saved(draft, report_ids)
            engine.memory.commit(draft)
            return len(report_ids)

    def save_trust_request(self, path: Path) -> None:
        """Write a trust request to a file of its own; see `ports.Operations`."""
        engine = self._engine
        with engine.lock:
            draft = engine.memory.draft()
            request = engine.trusting.waiting_or_new(draft)
            engine.memory.commit(draft)
            self._saving.write(path, (), request)

    def import_file(self, path: Path) -> ImportResult:
        """Install what a file of the portal brings; see `ports.Operations`."""
        engine, file = self._engine, AnswerFile(path)
        with engine.lock:
            self._judge(file)
            results = [self._take(documents) for documents in file.slices()]
            engine.forget_keys()
        self._call.set()
        return joined(results)

    def _judge(self, file: AnswerFile) -> None:
        """Judge all of a file before any of it is taken; only root sets are taken even so.

        Raises:
            Problem: Why the file is refused.
        """
        engine = self._engine
        draft = engine.memory.draft()
        for documents in file.slices():
            holdings = read_holdings(draft.documents, self._around.pinned)
            taken = engine.importing.take(draft, holdings, documents, Pipe.FILE)
            draft.batch = Batch()
            if taken.refusal is not None:
                engine.change(partial(self._refused, documents, taken.refusal))
                raise taken.refusal

    def _refused(self, documents: Sequence[Document], refusal: Problem, draft: Draft) -> None:
        """Keep root sets of a refused file: they verify by themselves."""
        root_sets = [document for document in documents if document.type == RootSet.TYPE]
        if root_sets:
            self._engine.importing.take(draft, self._engine.holdings(), root_sets, Pipe.FILE)
        kind = documents[0].type if len(documents) == 1 else "answer"
        draft.log(events.install_failed(self.now(), kind, refusal))

    def _take(self, documents: Sequence[Document]) -> ImportResult:
        """Take one slice; it is judged again, in case the file was exchanged meanwhile."""
        engine = self._engine
        draft = engine.memory.draft()
        taken = engine.importing.take(draft, engine.holdings(), documents, Pipe.FILE)
        if taken.refusal is not None:
            raise taken.refusal
        engine.exchanging.drop_settled(draft)
        engine.memory.commit(draft)
        return taken.result

    def configure(self, changes: Sequence[ConfigChange]) -> None:
        """Apply all lines or none, and make them durable; see `ports.Operations`."""

        def apply(draft: Draft) -> None:
            configuration = draft.singles.configuration
            for change in changes:
                configuration = apply_change(configuration, change)
                draft.log(events.configured(self.now(), change.key.value))
            draft.singles = replace(draft.singles, configuration=configuration)

        self._engine.change(apply)
        self._call.set()

    def configuration(self) -> Configuration:
        """Return all settings."""
        return self._engine.memory.singles.configuration

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

    def events(self, days: int | None = None) -> tuple[EventView, ...]:
        """Return the event log, oldest first; of the last days only where given."""
        with self._engine.lock:
            return self._showing.events(days)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _keep(self) -> None:
        """Store changes within a second; what the disk refuses stays in memory."""
        clock = self._around.clock
        while not self._stopping.is_set():
            _guarded(self._engine.measure)
            self._stopping.wait(_COALESCE_SECONDS)
            clock.pause(self._meter.wake, self._engine.pause())

    def _talk(self) -> None:
        """Talk to the portal when something is due; the network never delays a measurement."""
        clock = self._around.clock
        while not self._stopping.is_set():
            self._call.clear()
            _guarded(self._engine.communicate)
            if not self._stopping.is_set():
                clock.pause(self._call, self._engine.pause())


def _guarded(step: Callable[[], None]) -> None:
    """Carry out one round of a thread: a fault of ours must not end measuring for good."""
    try:
        step()
    except Exception as error:
        _LOGGER.exception("A round failed with %s; the next one tries again.", type(error).__name__)


def _raise_problem(answered: Answered | None) -> None:
    if answered is not None and answered.problem is not None:
        raise answered.problem
