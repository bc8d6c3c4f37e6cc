"""The shape of the portal's tables and the values that stand in their rows."""

import json
import sqlite3
from typing import Final

from gauger.core.identity import AccountRef, Digest
from gauger.cssm.ports import (
    CallerKind,
    Client,
    Grant,
    ItemVerdict,
    Job,
    Role,
    Scope,
    Session,
    User,
)

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS portal_users (
    name TEXT PRIMARY KEY, password TEXT NOT NULL, must_change INTEGER NOT NULL,
    created_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS portal_clients (
    client_id TEXT PRIMARY KEY, secret TEXT NOT NULL, description TEXT NOT NULL,
    created_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS portal_grants (
    kind TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
    smart_account TEXT NOT NULL, virtual_account TEXT NOT NULL,
    PRIMARY KEY (kind, name, smart_account, virtual_account, role)) STRICT;
CREATE INDEX IF NOT EXISTS portal_grants_by_account
    ON portal_grants (smart_account, virtual_account, kind, name);
CREATE TABLE IF NOT EXISTS portal_sessions (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    expires_at INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS portal_sessions_by_time ON portal_sessions (expires_at);
CREATE INDEX IF NOT EXISTS portal_sessions_by_name ON portal_sessions (kind, name);
CREATE TABLE IF NOT EXISTS portal_jobs (
    number INTEGER PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, smart_account TEXT NOT NULL,
    virtual_account TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL,
    digest TEXT NOT NULL, uploaded_by TEXT NOT NULL, made_at INTEGER NOT NULL,
    state TEXT NOT NULL, total INTEGER, items INTEGER NOT NULL,
    problem TEXT, detail TEXT, finished_at INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS portal_jobs_by_account
    ON portal_jobs (smart_account, virtual_account, number);
CREATE INDEX IF NOT EXISTS portal_jobs_open ON portal_jobs (number) WHERE finished_at IS NULL;
CREATE TABLE IF NOT EXISTS portal_verdicts (
    job_id TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, udi TEXT, digest TEXT,
    verdict TEXT NOT NULL, code TEXT, detail TEXT, flags TEXT NOT NULL,
    PRIMARY KEY (job_id, position)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS portal_polls (
    poll_id TEXT PRIMARY KEY, made_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS portal_polls_by_time ON portal_polls (made_at);
"""
"""Every table of the portal; each starts with `portal_`, apart from those of the ledger."""

INSERT_JOB: Final = """
INSERT INTO portal_jobs (job_id, smart_account, virtual_account, file_name, size, digest,
    uploaded_by, made_at, state, items) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def scope_key(scope: Scope) -> tuple[str, str]:
    """Return a scope as two columns; what it does not name is empty."""
    # Empty, never NULL: no NULL equals another, so a primary key would hold the same role twice.
    return (scope.smart_account or "", scope.virtual_account or "")


def user(row: sqlite3.Row) -> User:
    """Read a row of users."""
    return User(
        name=row["name"],
        password=row["password"],
        must_change=bool(row["must_change"]),
        created_at=row["created_at"],
    )


def client(row: sqlite3.Row) -> Client:
    """Read a row of API clients."""
    return Client(
        client_id=row["client_id"],
        secret=Digest(row["secret"]),
        description=row["description"],
        created_at=row["created_at"],
    )


def grant(row: sqlite3.Row) -> Grant:
    """Read a row of roles."""
    scope = Scope(
        smart_account=row["smart_account"] or None,
        virtual_account=row["virtual_account"] or None,
    )
    return Grant(role=Role(row["role"]), scope=scope)


def session(row: sqlite3.Row) -> Session:
    """Read a row of sessions."""
    return Session(kind=CallerKind(row["kind"]), name=row["name"], expires_at=row["expires_at"])


def job_values(job: Job) -> tuple[object, ...]:
    """Return the values of a new job."""
    account = (job.account.smart_account, job.account.virtual_account)
    what = (job.file_name, job.size, job.digest, job.by, job.made_at)
    return (job.job_id, *account, *what, job.state, job.items)


def job(row: sqlite3.Row) -> Job:
    """Read a row of jobs."""
    return Job(
        job_id=row["job_id"],
        account=AccountRef(row["smart_account"], row["virtual_account"]),
        file_name=row["file_name"],
        size=row["size"],
        digest=Digest(row["digest"]),
        by=row["uploaded_by"],
        made_at=row["made_at"],
        state=row["state"],
        total=row["total"],
        items=row["items"],
        problem=(row["problem"], row["detail"]) if row["problem"] else None,
        finished_at=row["finished_at"],
        number=row["number"],
    )


def verdict_values(one: ItemVerdict) -> tuple[object, ...]:
    """Return the values of one verdict, without the job's id."""
    who = (one.position, one.kind, one.udi, one.digest)
    return (*who, one.verdict, one.code, one.detail, json.dumps(one.flags))


def verdict(row: sqlite3.Row) -> ItemVerdict:
    """Read a row of verdicts."""
    return ItemVerdict(
        position=row["position"],
        kind=row["kind"],
        udi=row["udi"],
        digest=Digest(row["digest"]) if row["digest"] else None,
        verdict=row["verdict"],
        code=row["code"],
        detail=row["detail"],
        flags=tuple(json.loads(row["flags"])),
    )
