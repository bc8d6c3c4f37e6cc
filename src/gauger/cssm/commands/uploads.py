"""Usage files: taken in as they stream, listed with their verdicts, answered by an ACK file."""

from collections.abc import Iterator, Sequence
from typing import Final

from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.identity import AccountRef
from gauger.core.problems import Problem
from gauger.cssm.audit import printable
from gauger.cssm.commands.answers import write_answers
from gauger.cssm.commands.working import JobRunner
from gauger.cssm.config import Limits
from gauger.cssm.means import Means
from gauger.cssm.ports import ItemVerdict, Job, JobStore, UploadFiles, UploadWriter
from gauger.cssm.secrets import new_id

_ROWS: Final = 1000


class Incoming:
    """One upload under way; nothing of it is visible before it is whole."""

    def __init__(self, writer: UploadWriter, job_id: str, cap: int) -> None:
        """Start it."""
        self.job_id = job_id
        self.writer = writer
        self._cap = cap

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            Problem: ``too-large``, ``store-full`` or ``store-failed``.
        """
        # Counted as it comes: what a sender announces may be wrong, or missing.
        if self.writer.size + len(data) > self._cap:
            raise Problem("too-large", f"The file is over {self._cap} bytes.", cap=self._cap)
        self.writer.write(data)


class Uploads:
    """Use cases on usage files and their jobs."""

    def __init__(
        self,
        store: JobStore,
        files: UploadFiles,
        runner: JobRunner,
        *,
        means: Means,
        limits: Limits,
    ) -> None:
        """Put the parts together."""
        self._store = store
        self._files = files
        self._runner = runner
        self._authority = means.authority
        self._audit = means.audit
        self._clock = means.clock
        self._entropy = means.entropy
        self._limits = limits

    def begin(self) -> Incoming:
        """Start taking in a file.

        Raises:
            Problem: ``server-busy`` where too many wait; ``store-full`` or ``store-failed``.
        """
        waiting = len(self._store.open_jobs())
        # Before a byte is read. What streams in at this moment comes on top: one file a connection.
        if waiting >= self._limits.uploads_waiting:
            raise Problem("server-busy", f"{waiting} uploads wait for their turn.")
        job_id = new_id(self._entropy)
        return Incoming(self._files.begin(job_id), job_id, self._limits.upload_bytes)

    def finish(self, incoming: Incoming, *, account: AccountRef, file_name: str, by: str) -> Job:
        """Make an upload durable and have it worked through; returns its job."""
        name = printable(file_name)
        job = Job(
            job_id=incoming.job_id,
            account=account,
            file_name=name,
            # The file before its job: a job without file can only fail, a file without job is
            # cleared away at the next start.
            digest=incoming.writer.commit(),
            size=incoming.writer.size,
            by=by,
            made_at=self._clock.wall(),
        )
        self._store.add_job(job)
        detail = f"{job.size} bytes, SHA-256 {job.digest}."
        try:
            self._audit.change("file-uploaded", name, detail, by=by, account=account)
        finally:
            # The job stands by now: unless it is woken, the thread would sleep over it.
            self._runner.wake()
        return job

    def job(self, account: AccountRef, job_id: str) -> Job:
        """Return a job of an account.

        Raises:
            Problem: ``not-found``, also where it is another account's.
        """
        job = self._store.job(job_id)
        if job is None or job.account != account:
            raise Problem("not-found", f"{account} has no upload {job_id[:64]}.")
        return job

    def jobs(self, account: AccountRef, *, before: int | None, limit: int) -> Sequence[Job]:
        """List the jobs of an account, newest first."""
        return self._store.jobs(account, before=before, limit=limit)

    def verdicts(self, job: Job, *, after: int, limit: int) -> Sequence[ItemVerdict]:
        """List the verdicts of a job's items, as they were when it was worked through."""
        return self._store.verdicts(job.job_id, after=after, limit=limit)

    def answer_file(self, job: Job) -> Iterator[bytes]:
        """Write the ACK file of a finished job from the answers as they stand now.

        A report that was deferred or quarantined and has been decided since has its final answer
        in the file.

        Raises:
            Problem: ``not-found`` where the job is not done or nothing in it was answered.
        """
        if job.state != "done":
            message = f"The upload {job.job_id} is {job.state}; its ACK file comes when it is done."
            raise Problem("not-found", message)
        # Before the first byte goes out: after that no refusal can be told any more.
        if not any(self._answered(job)):
            raise Problem("not-found", f"Nothing in the upload {job.job_id} was answered.")
        return write_answers(self._answers(job))

    def _answered(self, job: Job) -> Iterator[ItemVerdict]:
        after = -1
        while rows := self._store.verdicts(job.job_id, after=after, limit=_ROWS):
            yield from (row for row in rows if row.digest is not None and row.udi is not None)
            # By position, never by count: verdicts may be added while somebody reads.
            after = rows[-1].position

    def _answers(self, job: Job) -> Iterator[AnswerBundle]:
        for row in self._answered(job):
            answer = self._authority.answer_for(row.digest) if row.digest else None
            if answer is not None:
                yield answer
