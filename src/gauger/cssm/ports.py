"""What the portal needs of the outside: stores for people and for jobs."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from gauger.authority.ports import LedgerReader
from gauger.core.authority.commands import Command
from gauger.core.authority.outcomes import AnswerBundle, Outcome
from gauger.core.documents.envelope import Document
from gauger.core.documents.page import SignedHead
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.cssm.access import CallerKind, Grant, Role, Scope

__all__ = [
    "AuthorityPort",
    "CallerKind",
    "Client",
    "Grant",
    "ItemVerdict",
    "Job",
    "JobStore",
    "Member",
    "PeopleStore",
    "PollStore",
    "Role",
    "Scope",
    "Session",
    "UploadFiles",
    "UploadWriter",
    "User",
]


class AuthorityPort(Protocol):
    """The engine that decides, keeps and signs."""

    def execute(self, command: Command) -> Outcome:
        """Carry out a command; returns when it is durable and signed."""

    def enqueue(self, command: Command) -> Future[Outcome]:
        """Carry out a command with the next commit."""

    def enqueue_all(self, commands: Iterable[Command]) -> list[Future[Outcome]]:
        """Carry out many commands, handed over together: they share commits."""

    def reader(self) -> LedgerReader:
        """Return a read connection of its own."""

    def answer_for(self, answers: Digest, udi: Udi | None = None) -> AnswerBundle | None:
        """Return the newest answer to a document, under a signature that verifies today."""

    def newest_head(self, shown: SignedHead | None = None) -> SignedHead | None:
        """Return the newest signed head, after a look at the one that a device shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who logs in by name and password.

    Attributes:
        name: Unique name, often an e-mail address.
        password: The password's argon2 hash.
        must_change: Whether the password is a one-time one, good only to set another.
        created_at: Epoch seconds.
    """

    name: str
    password: str
    must_change: bool
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that gets access tokens by OAuth2 client credentials.

    Attributes:
        client_id: Its public name.
        secret: SHA-256 of its secret, which has 256 random bits.
        description: What it is for.
        created_at: Epoch seconds.
    """

    client_id: str
    secret: Digest
    description: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Whose an access token is, and until when."""

    kind: CallerKind
    name: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person or program with the roles it holds in one scope."""

    kind: CallerKind
    name: str
    grants: tuple[Grant, ...]


class PeopleStore(Protocol):
    """Users, API clients, roles and sessions; every call is one transaction."""

    def add_user(self, user: User, grants: Iterable[Grant]) -> None:
        """Add a user.

        Raises:
            Problem: ``conflict`` where the name is taken.
        """

    def user(self, name: str) -> User | None:
        """Return a user by name."""

    def set_password(self, name: str, password: str, *, must_change: bool) -> None:
        """Set a password hash and end every session of the user."""

    def add_client(self, client: Client, grants: Iterable[Grant]) -> None:
        """Add an API client.

        Raises:
            Problem: ``conflict`` where the id is taken.
        """

    def client(self, client_id: str) -> Client | None:
        """Return an API client by id."""

    def set_client_secret(self, client_id: str, secret: Digest) -> None:
        """Replace the secret of a client and end every session of it."""

    def remove_client(self, client_id: str) -> None:
        """Remove a client, its roles and its sessions."""

    def grants(self, kind: CallerKind, name: str) -> tuple[Grant, ...]:
        """Return all roles of a caller."""

    def set_grants(
        self, kind: CallerKind, name: str, *, scope: Scope, grants: Iterable[Grant]
    ) -> None:
        """Replace the roles that a caller holds for exactly one scope."""

    def members(self, scope: Scope, *, after: str, limit: int) -> Sequence[Member]:
        """List who holds roles for a scope or within it, by kind and name."""

    def add_session(self, token: Digest, session: Session, *, now: int) -> None:
        """Keep an access token by its digest and forget those that have expired."""

    def session(self, token: Digest) -> Session | None:
        """Return whose a token is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The processing of one uploaded file.

    Attributes:
        job_id: 128 random bits, hexadecimal.
        account: The account that it was uploaded to.
        file_name: Name that the sender gave it, for people only.
        size: Bytes.
        digest: SHA-256 of the file.
        by: Who uploaded it.
        made_at: Epoch seconds.
        state: ``waiting``, ``working``, ``done`` or ``failed``.
        total: Items in the file; null until it has been looked through.
        items: Items judged so far.
        problem: Problem code and detail of a failed job.
        finished_at: Epoch seconds.
        number: Place in the order of arrival, given by the store.
    """

    job_id: str
    account: AccountRef
    file_name: str
    size: int
    digest: Digest
    by: str
    made_at: int
    state: str = "waiting"
    total: int | None = None
    items: int = 0
    problem: tuple[str, str] | None = None
    finished_at: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemVerdict:
    """What became of one item of an uploaded file.

    Attributes:
        position: Number of the item in the file, from 0.
        kind: ``report`` or ``trust-request``, or what else was found.
        udi: The product instance, where it could be read.
        digest: Digest of the signed bytes, where it could be read.
        verdict: ``accepted``, ``same``, ``deferred``, ``quarantined``, ``rejected``,
            ``signature-unverifiable`` or ``refused`` (no signed answer).
        code: Problem code, where it is not accepted.
        detail: What was refused and why.
        flags: Flags of an accepted report.
    """

    position: int
    kind: str
    udi: str | None
    digest: Digest | None
    verdict: str
    code: str | None
    detail: str | None
    flags: tuple[str, ...]


class JobStore(Protocol):
    """Upload jobs and the verdicts of their items; every call is one transaction."""

    def add_job(self, job: Job) -> None:
        """Keep a new job."""

    def job(self, job_id: str) -> Job | None:
        """Return a job by id."""

    def jobs(self, account: AccountRef, *, before: int | None, limit: int) -> Sequence[Job]:
        """List the jobs of an account, newest first, those before a number."""

    def open_jobs(self) -> Sequence[Job]:
        """List the jobs that wait or were under way when the portal stopped, oldest first."""

    def set_total(self, job_id: str, total: int) -> None:
        """Keep how many items a file holds."""

    def progress(self, job_id: str, verdicts: Sequence[ItemVerdict]) -> None:
        """Keep verdicts of further items; one kept before stays as it is."""

    def finish(self, job_id: str, *, problem: tuple[str, str] | None, now: int) -> None:
        """End a job, well or with a problem."""

    def verdicts(self, job_id: str, *, after: int, limit: int) -> Sequence[ItemVerdict]:
        """List the verdicts of a job by position."""


class PollStore(Protocol):
    """What was asked by smart transport and is answered by a later poll."""

    def add_poll(self, poll_id: str, body: str, *, now: int) -> None:
        """Keep what a poll id stands for, and forget those of long ago."""

    def poll(self, poll_id: str) -> str | None:
        """Return what a poll id stands for."""


class UploadWriter(Protocol):
    """A file that is being uploaded; not visible until it is whole."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            Problem: ``store-full`` or ``store-failed``.
        """

    def commit(self) -> Digest:
        """Make the file durable and visible; returns its digest."""

    def discard(self) -> None:
        """Forget what came so far."""


class UploadFiles(Protocol):
    """Uploaded files, by job id."""

    def begin(self, job_id: str) -> UploadWriter:
        """Start a new file."""

    def read(self, job_id: str) -> Iterator[bytes]:
        """Yield a file in pieces.

        Raises:
            Problem: ``file-not-found``.
        """

    def remove(self, job_id: str) -> None:
        """Remove a file that has been processed."""

    def keep_only(self, job_ids: Iterable[str]) -> None:
        """Remove every other file: cut off, or processed and not yet removed."""


class TrustFiles(Protocol):
    """``DATA/trust``: public files that show whom the portal trusts; the ledger decides."""

    def show(self, root_sets: Sequence[Document], manufacturers: Sequence[str]) -> None:
        """Make the files show these and no others, durably.

        Args:
            root_sets: Every root set held.
            manufacturers: Texts of the manufacturer files held.

        Raises:
            Problem: ``store-full``, ``store-failed`` or ``file-not-written``.
        """
