"""The thread that works through uploaded files: look through, judge in batches, go on after a crash."""

import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gauger.core.authority.commands import Pipe
from gauger.core.documents.smart_license import TO_PORTAL, Caps, Item, ItemKind, read_items
from gauger.core.problems import Problem, Retry
from gauger.cssm.commands.judging import JUDGED, Sender, command_of, settle, verdict_of
from gauger.cssm.config import Limits
from gauger.cssm.means import Means
from gauger.cssm.ports import ItemVerdict, Job, JobStore, UploadFiles

_BATCH: Final = 512  # items handed to the authority at once: they share commits and signatures
_ATTEMPTS: Final = 10
"""Attempts in which nothing more of a job is judged; then it has failed."""

_PAUSE: Final = 5.0  # seconds before a job goes on that the portal itself could not serve
_LONGEST: Final = 600.0  # each pause is twice the one before, up to this: half an hour in all
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tries:
    """How often a job was tried since it last came on, and when it is tried again.

    Attributes:
        count: Attempts.
        items: How far it was at the last of them.
        due: Monotonic time of the next one.
    """

    count: int = 0
    items: int = 0
    due: float = 0.0


class JobRunner:
    """Works through open jobs, one after another, in the order in which they came."""

    def __init__(
        self,
        store: JobStore,
        files: UploadFiles,
        *,
        means: Means,
        limits: Limits,
    ) -> None:
        """Put the parts together; `start` begins the work."""
        self._store = store
        self._files = files
        self._authority = means.authority
        self._audit = means.audit
        self._clock = means.clock
        self._caps = Caps(
            total=limits.upload_bytes, item=limits.report_bytes, items=limits.upload_entries
        )
        self._wake = threading.Event()
        self._stopping = threading.Event()
        # A daemon: what it is at goes on at the next start, so nothing has to wait for it.
        self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)
        self._tries: dict[str, _Tries] = {}

    def start(self) -> None:
        """Clear away what was cut off, take up what was under way, and go on."""
        self._files.keep_only({job.job_id for job in self._store.open_jobs()})
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is under way; an open job goes on at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Say that there is a new job."""
        self._wake.set()

    def run_open_jobs(self) -> None:
        """Work through every job that is open now."""
        for job in self._store.open_jobs():
            if self._stopping.is_set():
                return
            self._attempt(job)

    def _run(self) -> None:
        while True:
            # Before the look: an upload that comes during it sets the event again. Before the question
            # too: a stop between that and here would be slept over, and whoever stops waits for us.
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                self.run_open_jobs()
            except Exception as error:  # noqa: BLE001 -- the edge of this thread, see below
                # One job must not end the work on all that follow.
                _LOG.error("An upload could not be worked through.", exc_info=error)
                self._stopping.wait(_PAUSE)
                continue
            self._wake.wait(_PAUSE if self._tries else None)

    def _attempt(self, job: Job) -> None:
        """Work through a job; what the portal itself cannot do now is tried again later."""
        tries = self._tries.setdefault(job.job_id, _Tries(items=job.items))
        # Each upload wakes the thread: a crowd of them must not use up in a moment the attempts of
        # a job that waits for a disk to have room again.
        if tries.count and self._clock.monotonic() < tries.due:
            return
        # A large file may meet many short troubles, and come on between them.
        if job.items > tries.items:
            tries.count, tries.items = 0, job.items
        # Counted before, whatever becomes of it: the oldest job comes first each time, and one
        # that fails in a way nobody thought of would hold up all that follow for ever.
        tries.count += 1
        try:
            self._try(job, tries.count)
        finally:
            pause = min(_PAUSE * 2 ** (tries.count - 1), _LONGEST)
            # From its end on: an attempt may take longer than the pause.
            tries.due = self._clock.monotonic() + pause

    def _try(self, job: Job, tried: int) -> None:
        if tried > _ATTEMPTS:
            message = f"It could not be worked through, {_ATTEMPTS} times; the log says why."
            self._end(job, ("internal-error", message))
            return
        try:
            if not self._work(job):
                return
        except Problem as problem:
            if problem.kind.retry is Retry.LATER and tried < _ATTEMPTS:
                return
            self._end(job, (problem.code, problem.detail))
            return
        self._end(job, None)

    def _end(self, job: Job, problem: tuple[str, str] | None) -> None:
        self._tries.pop(job.job_id, None)
        # The end before the file: an open job whose file is gone could only fail.
        self._store.finish(job.job_id, problem=problem, now=self._clock.wall())
        self._files.remove(job.job_id)
        if problem is not None:
            detail = f"{problem[0]}: {problem[1]} SHA-256 {job.digest}."
            name, by = job.file_name, job.by
            self._audit.change("file-refused", name, detail, by=by, account=job.account)

    def _work(self, job: Job) -> bool:
        """Judge every item of a job; False where the portal stops before its end."""
        if job.total is None:
            # Whether a file is whole shows only at its end: nothing is judged before.
            judged = (
                item.index for item in self._items(job) if item.kind in JUDGED or _is_odd(item)
            )
            total = max(judged, default=-1) + 1
            self._store.set_total(job.job_id, total)
        # Verdicts are kept batch by batch: what was judged before a stop is not handed over again.
        left = (item for item in self._items(job) if item.index >= job.items)
        while batch := list(islice(left, _BATCH)):
            if self._stopping.is_set():
                return False
            self._store.progress(job.job_id, self._judge(job, batch))
        return True

    def _items(self, job: Job) -> Iterator[Item]:
        return read_items(self._same(job), caps=self._caps, wanted=TO_PORTAL)

    def _same(self, job: Job) -> Iterator[bytes]:
        """Read a job's file, and refuse it at its end where it is not the one that was uploaded.

        The first look reads it to its end before anything is judged. A file that is exchanged
        after that ends its job by name; what it brings stands for itself by its signatures.
        """
        found = hashlib.sha256()
        for piece in self._files.read(job.job_id):
            found.update(piece)
            yield piece
        if found.hexdigest() != job.digest:
            raise Problem("file-changed", f"{job.file_name} is no longer the file of its upload.")

    def _judge(self, job: Job, batch: list[Item]) -> list[ItemVerdict]:
        sender = Sender(pipe=Pipe.FILE, path=job.file_name, by=job.by, uploaded_to=job.account)
        judgeable = [item for item in batch if item.kind in JUDGED]
        # All at once, then waited for: one by one, each would cost a commit of its own.
        commands = (command_of(item.kind, item.text, sender) for item in judgeable)
        waiting = zip(judgeable, self._authority.enqueue_all(commands), strict=True)
        judged: list[ItemVerdict] = []
        for item, future in waiting:
            outcome = settle(future)
            if isinstance(outcome, Problem) and outcome.kind.retry is Retry.LATER:
                raise outcome  # it says nothing about the item: the portal cannot judge now
            judged.append(verdict_of(item, outcome))
        return judged + [_not_judged(item) for item in batch if _is_odd(item)]


def _is_odd(item: Item) -> bool:
    return item.kind not in JUDGED and item.kind is not ItemKind.SYSTEM_INFO


def _not_judged(item: Item) -> ItemVerdict:
    message = f"Element {item.name!r} is not one that this release judges."
    return verdict_of(item, Problem("not-supported", message))
