"""The authority: one writer thread, group commit, one page and one signature a commit."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Final

from gauger.authority.authorizations import VerifiedAuthorization
from gauger.authority.books import AuthoritySettings
from gauger.authority.flood import DeviceBudgets
from gauger.authority.greeting import may_prove_loss, signed_head
from gauger.authority.ports import LedgerReader
from gauger.authority.ports.store import LedgerStore
from gauger.authority.preparing import Prepared, prepare
from gauger.authority.readers import Readers
from gauger.authority.refusals import Refusals
from gauger.authority.reports import VerifiedReport
from gauger.authority.rounds import Rounds
from gauger.authority.trust_requests import VerifiedRequest
from gauger.authority.turning_away import turned_away
from gauger.authority.writer import Writer
from gauger.core.authority.commands import (
    Command,
    FoundLedger,
    ImportRootSet,
    Pipe,
    ReceiveAuthorization,
    ReceiveReport,
    ReceiveTrustRequest,
    RenewAnswer,
    ShowHead,
)
from gauger.core.authority.outcomes import AnswerBundle, AnswerOutcome, Outcome
from gauger.core.documents.page import SignedHead
from gauger.core.documents.trust_store import TrustStore, expiry_time
from gauger.core.identity import Digest, Udi
from gauger.core.ports import Clock, Entropy, Signer
from gauger.core.problems import Problem

__all__ = ["Authority", "AuthoritySettings"]

# Short, since what falls due by time is only looked at between two waits.
_IDLE_SECONDS: Final = 0.25
_GATHER_SECONDS: Final = 0.004
"""How long a commit that has company waits for more: it ends once nothing came for so long."""

# A steady stream must not put the first one off: 20 ms in all.
_MOST_GATHERINGS: Final = 5


@dataclass(frozen=True, slots=True)
class _Job:
    prepared: Prepared
    future: "Future[Outcome]"


class Authority:
    """Decides commands one after another and answers when the decision is durable and signed.

    Every method may be called from any thread.
    """

    def __init__(
        self,
        *,
        store: LedgerStore,
        signer: Signer,
        clock: Clock,
        entropy: Entropy,
        settings: AuthoritySettings | None = None,
    ) -> None:
        """Put the parts together; nothing happens before `start`.

        Args:
            store: The ledger's store; the writer's thread is its only user from now on.
            signer: The key that signs pages.
            clock: Time.
            entropy: Where salts and ids come from.
            settings: What else it is told.
        """
        self._settings = settings or AuthoritySettings()
        self._store = store
        self._clock = clock
        self._writer = Writer(
            store=store, signer=signer, clock=clock, entropy=entropy, settings=self._settings
        )
        self._refusals = Refusals(
            listed=self._settings.refusals_listed,
            listed_of_all=self._settings.refusals_listed_of_all,
        )
        self._rounds = Rounds(clock)
        self._budgets = DeviceBudgets(
            clock, self._settings.device_documents, self._settings.device_burst
        )
        self._readers = Readers(self)
        # Bounded: beyond it a client is told to come back, rather than wait behind a line without
        # end.
        self._queue: Queue[_Job | None] = Queue(self._settings.waiting)
        # A daemon: a process that dies without `stop` must not hang; the last signature is remade.
        self._thread = threading.Thread(target=self._run, name="gauger-ledger", daemon=True)
        self._closed = threading.Event()
        # Makes "is it closed?" and "put it in" one step.
        self._gate = threading.Lock()
        self._had_company = False

    @property
    def ledger(self) -> str | None:
        """The ledger's id; None before it is founded."""
        return self._writer.ledger

    @property
    def trust(self) -> TrustStore:
        """What is trusted at this moment."""
        return self._writer.trust

    def start(self) -> None:
        """Bring the last page to its signature and start to work.

        Raises:
            Problem: ``unknown-key``, ``key-revoked`` or ``signer-expired`` where the signer is
                not one of the root set; ``store-damaged`` and others of the store.
        """
        self.open()
        # Only once the last page is signed: else new heads would go out before it.
        self._thread.start()

    def open(self, root_sets: Sequence[ImportRootSet] = ()) -> None:
        """Bring the last page to its signature; from then on `work` decides what waits.

        Args:
            root_sets: Root sets that list the signer, where those held do not; the newer ones are
                taken in at once.

        Raises:
            Problem: As `start`; of the root sets.
        """
        self._writer.open(root_sets)

    def work(self) -> None:
        """Decide all that waits or is due, in the caller's thread, where none was started."""
        while True:
            jobs: list[_Job] = []
            self._drain(jobs)
            self._serve(jobs)
            # Audit records of what was refused just now may have joined the line.
            if self._queue.empty():
                return

    def stop(self) -> None:
        """Finish what waits, store the last signature, and close the store."""
        with self._gate:
            if self._closed.is_set():
                return
            # Within the gate: no job may come in behind the end of the line.
            self._closed.set()
        # Before the end of the line, so that the last round still writes the counts down.
        self._refusals.finish()
        if self._thread.is_alive():
            # May wait where the line is full; the writer is still taking from it.
            self._queue.put(None)
            self._thread.join()
        # Before the store: an open reader would keep its last checkpoint from ending.
        self._readers.close()
        self._writer.close()

    def execute(self, command: Command) -> Outcome:
        """Carry out a command and wait for its outcome.

        Raises:
            Problem: Where it is refused without a signed answer.
        """
        waiting = self.enqueue(command)
        # Never started: in tests and simulations all of it runs in one thread, in a fixed order.
        if self._thread.ident is None and not waiting.done():
            self.work()  # nobody else would
        return waiting.result()

    def enqueue(self, command: Command) -> "Future[Outcome]":
        """Carry out a command with the next commit.

        Form and signature are checked at once, in the caller's thread.

        Returns:
            The outcome to come; its exception is a `Problem`.
        """
        return self.enqueue_all((command,))[0]

    def enqueue_all(self, commands: Iterable[Command]) -> "list[Future[Outcome]]":
        """Carry out many commands with the next commit, as one piece of work.

        Returns:
            The outcomes to come, in order.
        """
        # All of them are verified before the first is handed over. Else the writer would begin
        # with the first few, and the two threads would take the interpreter from each other at
        # every statement and every signature: that costs more than both of them do.
        prepared = [self._prepared(command) for command in commands]
        # After the signatures: else anybody could use up the budget of a device by naming it.
        floods = self._spend(prepared)
        return [
            self._begin(command, _refused(content, floods) if floods else content)
            for command, content in prepared
        ]

    def _prepared(self, command: Command) -> tuple[Command, Prepared | Problem]:
        try:
            # Taken once: should it change before the commit, the writer verifies again under the
            # new one.
            trust, build_date = self._writer.trust, self._settings.build_date
            return command, prepare(command, trust, self._clock.wall(), build_date)
        except Problem as problem:
            return command, problem

    def _begin(self, command: Command, prepared: Prepared | Problem) -> "Future[Outcome]":
        future: Future[Outcome] = Future()
        # From here on nobody can cancel it: an answer to a cancelled one would raise in the
        # writer.
        future.set_running_or_notify_cancel()
        if isinstance(prepared, Problem):
            self._refuse(command, prepared, future)
        else:
            self._submit(_Job(prepared, future))
        return future

    def _spend(self, prepared: Sequence[tuple[Command, Prepared | Problem]]) -> dict[Udi, Problem]:
        """Count what devices have judged; return whom nothing of it is judged, and why."""
        counts: dict[Udi, int] = {}
        for _, content in prepared:
            udi = _sender(content)
            if udi is not None:
                counts[udi] = counts.get(udi, 0) + 1
        floods: dict[Udi, Problem] = {}
        for udi, count in counts.items():
            try:
                self._budgets.spend(udi, count)
            except Problem as problem:
                floods[udi] = problem
        return floods

    def _refuse(self, command: Command, problem: Problem, future: "Future[Outcome]") -> None:
        """Refuse what could not be verified."""
        self._audit(command, problem, lambda: future.set_exception(problem))

    def _audit(
        self,
        command: Command,
        problem: Problem,
        answer: Callable[[], None],
        refused: Digest | None = None,
    ) -> None:
        """Answer once a refusal is recorded; repeats are counted, not all of them recorded."""
        record = None
        # Only documents are audited here: the refusal of a person's command is told to that
        # person.
        if isinstance(command, ReceiveReport | ReceiveTrustRequest | ReceiveAuthorization):
            record = self._refusals.note(command, problem, self._clock.wall(), refused=refused)
        if record is None:
            answer()
            return
        waiting: Future[Outcome] = Future()
        waiting.set_running_or_notify_cancel()
        # Recorded or not: a full disk must not keep the refusal itself from its sender.
        waiting.add_done_callback(lambda _: answer())
        self._submit(_Job(self._own(record), waiting))

    def _own(self, command: Command) -> Prepared:
        """Return a command of the authority itself: it brings no document to verify."""
        return Prepared(command=command, content=None, trust=self._writer.trust)

    def _submit(self, job: _Job) -> None:
        # As the future's exception and not raised: one of many must not lose the others.
        problem = self._put(job)
        if problem is not None:
            # Committed all the same; sent again, it gets the answer that stands.
            job.future.set_exception(problem)

    def _put(self, job: _Job) -> Problem | None:
        """Let a job wait; return why it cannot. None waits behind the end: nobody would answer."""
        with self._gate:
            if self._closed.is_set():
                return Problem("server-busy", "The authority is stopping.")
            try:
                # Never waits: it is called within the gate, and by the writer's own thread for
                # audits.
                self._queue.put_nowait(job)
            except Full:
                detail = f"{self._settings.waiting} commands wait already."
                return Problem("server-busy", detail)
        return None

    def reader(self) -> LedgerReader:
        """Return a reader with a connection of its own.

        Raises:
            Problem: ``store-failed``.
        """
        return self._store.reader(self._writer.unsaved)

    def answer_for(self, answers: Digest, udi: Udi | None = None) -> AnswerBundle | None:
        """Return the newest answer to a document, signed by one who is believed today.

        Raises:
            Problem: Of the store, or as `execute`.
        """
        # By a reader, past the writer: devices that ask again must not slow down those that
        # report.
        with self._readers.lend() as reader:
            bundle = reader.answer_for(answers, udi)
        # Kept answers are evidence; one whose signer has ended since is signed anew, not given out.
        if bundle is None or self._writer.is_current(bundle):
            return bundle
        # Only the writer signs, so this one has to wait for a commit.
        outcome = self.execute(RenewAnswer(answers=answers))
        return outcome.answer if isinstance(outcome, AnswerOutcome) else None

    def newest_head(self, shown: SignedHead | None = None) -> SignedHead | None:
        """Return the newest head that is signed, or None before the first.

        Args:
            shown: The head that the one who asks holds. Where it proves that pages were lost, an
                epoch opens first, as with a report that brings it along.

        Raises:
            Problem: Of the store, or as `execute`.
        """
        # As every verifier takes it, or a clock set back would let an ended signer prove a loss.
        now = expiry_time(self._settings.build_date, self.trust.root_set, self._clock.wall())
        with self._readers.lend() as reader:
            if shown is None or may_prove_loss(reader, shown, self.trust, now) is None:
                return signed_head(reader)
        # The writer looks again: the ledger may have gone on since the reader did.
        self.execute(ShowHead(head=shown))
        # Read after the epoch opened: the asker has to learn of it with this answer.
        with self._readers.lend() as reader:
            return signed_head(reader)

    def _run(self) -> None:
        while True:
            jobs, go_on = self._collect()
            self._serve(jobs)
            if not go_on:
                return

    def _serve(self, jobs: list[_Job]) -> None:
        try:
            self._process(jobs)
        except Exception as error:  # noqa: BLE001 -- the edge: every waiter gets an answer
            _fail(jobs, _unexpected(error))

    def _collect(self) -> tuple[list[_Job], bool]:
        """Wait for work; take along whatever else waits by then, or comes close behind."""
        jobs: list[_Job] = []
        with suppress(Empty):
            first = self._queue.get(timeout=_IDLE_SECONDS)
            # The end of the line; one more round follows, for counts that are not written down.
            if first is None:
                return jobs, False
            jobs.append(first)
            go_on = self._drain(jobs)
            # Whoever verifies documents shares this processor with us. To commit the moment the
            # first is there would make many small pages of what could be one: each with a
            # signature, a head and a sync of the disk. One that comes alone waits for nobody.
            if go_on and (len(jobs) > 1 or self._had_company):
                go_on = self._gather(jobs)
            # Remembered for the next: load comes in bursts, and its first job is often alone.
            self._had_company = len(jobs) > 1
            return jobs, go_on
        return jobs, True

    def _gather(self, jobs: list[_Job]) -> bool:
        go_on, before = True, 0
        for _ in range(_MOST_GATHERINGS):
            # Nothing came within the last wait: whoever is here should not wait on.
            if not go_on or len(jobs) in (before, self._settings.largest_page):
                break
            before = len(jobs)
            # Not a plain sleep: a stop ends the wait.
            self._closed.wait(_GATHER_SECONDS)
            go_on = self._drain(jobs)
        return go_on

    def _drain(self, jobs: list[_Job]) -> bool:
        """Take what waits, up to a page; return whether more will come."""
        with suppress(Empty):
            # The bound of one transaction: of what a failure undoes, and of what answers wait for.
            while len(jobs) < self._settings.largest_page:
                job = self._queue.get_nowait()
                if job is None:
                    return False
                jobs.append(job)
        return True

    def _process(self, jobs: list[_Job]) -> None:
        # Nothing to write a row into, not even one about the refusal.
        if self._writer.ledger is None and not any(_founds(job) for job in jobs):
            _fail(jobs, Problem("store-missing", "The ledger is not founded yet."))
            return
        # The authority's own work goes behind: what came in is answered from the same page anyway.
        prepared = [job.prepared for job in jobs]
        rounds = self._rounds.commands(has_due=self._writer.has_due())
        untold = self._refusals.untold(self._clock.wall())
        prepared.extend(self._own(command) for command in (*rounds, *untold))
        if not prepared:
            # An idle portal leaves no signature in memory only.
            self._writer.flush()
            return
        # Where it raises, `_serve` fails every waiter; sent again, each gets what stands by then.
        results = self._writer.write(prepared)
        self._rounds.done(results[len(jobs) : len(jobs) + len(rounds)])
        # By place from the end: jobs, rounds and counts went in one after another.
        recorded = zip(untold, results[len(results) - len(untold) :], strict=True)
        self._refusals.told(
            tuple(line for line, result in recorded if not isinstance(result, Problem))
        )
        # Not strict: behind the jobs stand the authority's own commands.
        for job, result in zip(jobs, results, strict=False):
            if isinstance(result, Problem):
                self._refuse(job.prepared.command, result, job.future)
            else:
                self._resolve(job, result)

    def _resolve(self, job: _Job, result: Callable[[], Outcome]) -> None:
        try:
            outcome = result()
        except Problem as problem:
            job.future.set_exception(problem)
            return
        # Decided without a row, so the audit entry is the only trace of it.
        away = turned_away(outcome)
        if away is None:
            job.future.set_result(outcome)
            return
        refused, reason = away
        self._audit(job.prepared.command, reason, lambda: job.future.set_result(outcome), refused)


def _sender(prepared: Prepared | Problem) -> Udi | None:
    """Return which device has sent a document online, as far as that is proved."""
    content = None if isinstance(prepared, Problem) else prepared.content
    # Not a vendor's: nothing proves its sender, so it could use up the budget of any device.
    if not isinstance(content, VerifiedReport | VerifiedRequest | VerifiedAuthorization):
        return None
    # Whoever uploads is logged in and has limits of the surface.
    if content.command.pipe is not Pipe.SMART:
        return None
    return content.claims.udi if isinstance(content, VerifiedReport) else content.request.udi


def _refused(prepared: Prepared | Problem, floods: Mapping[Udi, Problem]) -> Prepared | Problem:
    udi = _sender(prepared)
    return prepared if udi is None else floods.get(udi, prepared)


def _founds(job: _Job) -> bool:
    return isinstance(job.prepared.command, FoundLedger)


def _fail(jobs: list[_Job], problem: Problem) -> None:
    for job in jobs:
        # Some may have their answer already: the failure came behind them.
        if not job.future.done():
            job.future.set_exception(problem)


def _unexpected(error: Exception) -> Problem:
    # Of the store or the signer: it says itself what to do.
    if isinstance(error, Problem):
        return error
    # Only the type: a message may quote a document, or a path of this machine.
    problem = Problem("internal-error", f"The authority failed: {type(error).__name__}.")
    problem.__cause__ = error
    return problem
