"""The portal's own tables: people, sessions, upload jobs and polls, beside the ledger's."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gauger.adapters.storage import portal_rows as rows
from gauger.adapters.storage.ledger.connection import connect, translated
from gauger.core.identity import AccountRef, Digest
from gauger.core.problems import Problem
from gauger.cssm.ports import (
    CallerKind,
    Client,
    Grant,
    ItemVerdict,
    Job,
    Member,
    Scope,
    Session,
    User,
)

_POLLS_KEPT: Final = 7 * 86_400  # seconds; a product instance gives up polling long before


class PortalStore:
    """People, jobs and polls in one SQLite file; thread-safe, one connection, short transactions."""

    def __init__(self, path: Path) -> None:
        """Open the file and make the tables where they are missing.

        Raises:
            Problem: ``store-full``, ``store-damaged`` or ``store-failed``.
        """
        # All threads share one connection: no statement of one may fall into another's transaction.
        self._lock = threading.RLock()
        self._path = path
        # The ledger's writer commits to the same file: its turn is waited for.
        self._db = connect(path)
        self._db.row_factory = sqlite3.Row
        with translated(path):
            # Every statement says IF NOT EXISTS: an older file gets what came since.
            self._db.executescript(rows.SCHEMA)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    # People

    def add_user(self, user: User, grants: Iterable[Grant]) -> None:
        """Add a user with roles; `PeopleStore.add_user`."""
        with self._transaction() as db:
            values = (user.name, user.password, user.must_change, user.created_at)
            # Asked and made at once: two administrators cannot both have added the name.
            made = db.execute("INSERT OR IGNORE INTO portal_users VALUES (?, ?, ?, ?)", values)
            if not made.rowcount:
                raise Problem("conflict", f"There is a user {user.name!r} already.")
            _insert_grants(db, CallerKind.USER, user.name, grants)

    def user(self, name: str) -> User | None:
        """Return a user by name."""
        found = self._one("SELECT * FROM portal_users WHERE name = ?", (name,))
        return rows.user(found) if found else None

    def set_password(self, name: str, password: str, *, must_change: bool) -> None:
        """Set a password hash and end every session of the user."""
        with self._transaction() as db:
            db.execute(
                "UPDATE portal_users SET password = ?, must_change = ? WHERE name = ?",
                (password, must_change, name),
            )
            # Who changes a password that leaked expects the thief to be out.
            _end_sessions(db, CallerKind.USER, name)

    def add_client(self, client: Client, grants: Iterable[Grant]) -> None:
        """Add an API client with roles; `PeopleStore.add_client`."""
        with self._transaction() as db:
            values = (client.client_id, client.secret, client.description, client.created_at)
            made = db.execute("INSERT OR IGNORE INTO portal_clients VALUES (?, ?, ?, ?)", values)
            if not made.rowcount:
                raise Problem("conflict", f"There is a client {client.client_id!r} already.")
            _insert_grants(db, CallerKind.CLIENT, client.client_id, grants)

    def client(self, client_id: str) -> Client | None:
        """Return an API client by id."""
        found = self._one("SELECT * FROM portal_clients WHERE client_id = ?", (client_id,))
        return rows.client(found) if found else None

    def set_client_secret(self, client_id: str, secret: Digest) -> None:
        """Replace the secret of a client and end every session of it."""
        with self._transaction() as db:
            db.execute(
                "UPDATE portal_clients SET secret = ? WHERE client_id = ?", (secret, client_id)
            )
            _end_sessions(db, CallerKind.CLIENT, client_id)

    def remove_client(self, client_id: str) -> None:
        """Remove a client, its roles and its sessions."""
        with self._transaction() as db:
            db.execute("DELETE FROM portal_clients WHERE client_id = ?", (client_id,))
            db.execute(
                "DELETE FROM portal_grants WHERE kind = ? AND name = ?",
                (CallerKind.CLIENT, client_id),
            )
            _end_sessions(db, CallerKind.CLIENT, client_id)

    def grants(self, kind: CallerKind, name: str) -> tuple[Grant, ...]:
        """Return all roles of a caller."""
        query = "SELECT * FROM portal_grants WHERE kind = ? AND name = ? ORDER BY role"
        return tuple(rows.grant(row) for row in self._all(query, (kind, name)))

    def set_grants(
        self, kind: CallerKind, name: str, *, scope: Scope, grants: Iterable[Grant]
    ) -> None:
        """Replace the roles that a caller holds for exactly one scope."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM portal_grants WHERE kind = ? AND name = ?"
                " AND smart_account = ? AND virtual_account = ?",
                (kind, name, *rows.scope_key(scope)),
            )
            _insert_grants(db, kind, name, grants)

    def members(self, scope: Scope, *, after: str, limit: int) -> Sequence[Member]:
        """List who holds roles for a scope or within it, by kind and name."""
        smart, virtual = rows.scope_key(scope)
        kind, _, name = after.partition(":")
        # Only the conditions that hold: an index is of no use behind "this or anything".
        within = "".join(
            f" AND {column} = :{column}"
            for column, value in (("smart_account", smart), ("virtual_account", virtual))
            if value
        )
        query = f"""
            SELECT * FROM portal_grants WHERE (kind, name) IN (
                SELECT DISTINCT kind, name FROM portal_grants
                WHERE (kind, name) > (:kind, :name){within} ORDER BY kind, name LIMIT :limit)
              {within} ORDER BY kind, name, role, virtual_account"""  # noqa: S608 -- constants only
        values = {
            "kind": kind,
            "name": name,
            "smart_account": smart,
            "virtual_account": virtual,
            "limit": limit,
        }
        found: dict[tuple[str, str], list[Grant]] = {}
        for row in self._all(query, values):
            found.setdefault((row["kind"], row["name"]), []).append(rows.grant(row))
        return [
            Member(kind=CallerKind(kind), name=name, grants=tuple(grants))
            for (kind, name), grants in found.items()
        ]

    def add_session(self, token: Digest, session: Session, *, now: int) -> None:
        """Keep an access token by its digest and forget those that have expired."""
        with self._transaction() as db:
            db.execute("DELETE FROM portal_sessions WHERE expires_at <= ?", (now,))
            values = (token, session.kind, session.name, session.expires_at)
            db.execute("INSERT INTO portal_sessions VALUES (?, ?, ?, ?)", values)

    def session(self, token: Digest) -> Session | None:
        """Return whose a token is."""
        found = self._one("SELECT * FROM portal_sessions WHERE token = ?", (token,))
        return rows.session(found) if found else None

    # Jobs

    def add_job(self, job: Job) -> None:
        """Keep a new job."""
        with self._transaction() as db:
            db.execute(rows.INSERT_JOB, rows.job_values(job))

    def job(self, job_id: str) -> Job | None:
        """Return a job by id."""
        found = self._one("SELECT * FROM portal_jobs WHERE job_id = ?", (job_id,))
        return rows.job(found) if found else None

    def jobs(self, account: AccountRef, *, before: int | None, limit: int) -> Sequence[Job]:
        """List the jobs of an account, newest first, those before a number."""
        query = """SELECT * FROM portal_jobs WHERE smart_account = ? AND virtual_account = ?
                   AND number < ? ORDER BY number DESC LIMIT ?"""
        last = before if before is not None else 2**62
        values = (account.smart_account, account.virtual_account, last, limit)
        return [rows.job(row) for row in self._all(query, values)]

    def open_jobs(self) -> Sequence[Job]:
        """List the jobs that wait or were under way when the portal stopped, oldest first."""
        query = "SELECT * FROM portal_jobs WHERE finished_at IS NULL ORDER BY number"
        return [rows.job(row) for row in self._all(query, ())]

    def set_total(self, job_id: str, total: int) -> None:
        """Keep how many items a file holds."""
        with self._transaction() as db:
            query = "UPDATE portal_jobs SET state = 'working', total = ? WHERE job_id = ?"
            db.execute(query, (total, job_id))

    def progress(self, job_id: str, verdicts: Sequence[ItemVerdict]) -> None:
        """Keep verdicts of further items; one kept before stays as it is."""
        with self._transaction() as db:
            db.executemany(
                # A job that was cut off is judged anew; what was shown of it does not change.
                "INSERT OR IGNORE INTO portal_verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(job_id, *rows.verdict_values(one)) for one in verdicts],
            )
            db.execute(
                """UPDATE portal_jobs SET items =
                   (SELECT coalesce(max(position) + 1, 0) FROM portal_verdicts WHERE job_id = ?)
                   WHERE job_id = ?""",
                (job_id, job_id),
            )

    def finish(self, job_id: str, *, problem: tuple[str, str] | None, now: int) -> None:
        """End a job, well or with a problem."""
        code, detail = problem or (None, None)
        with self._transaction() as db:
            db.execute(
                """UPDATE portal_jobs SET state = ?, problem = ?, detail = ?, finished_at = ?
                   WHERE job_id = ?""",
                ("failed" if problem else "done", code, detail, now, job_id),
            )

    def verdicts(self, job_id: str, *, after: int, limit: int) -> Sequence[ItemVerdict]:
        """List the verdicts of a job by position."""
        query = """SELECT * FROM portal_verdicts WHERE job_id = ? AND position > ?
                   ORDER BY position LIMIT ?"""
        return [rows.verdict(row) for row in self._all(query, (job_id, after, limit))]

    # Polls

    def add_poll(self, poll_id: str, body: str, *, now: int) -> None:
        """Keep what a poll id stands for, and forget those of long ago."""
        with self._transaction() as db:
            # Cleared where they are made: the table needs no timer, and cannot grow for ever.
            db.execute("DELETE FROM portal_polls WHERE made_at < ?", (now - _POLLS_KEPT,))
            db.execute("INSERT INTO portal_polls VALUES (?, ?, ?)", (poll_id, now, body))

    def poll(self, poll_id: str) -> str | None:
        """Return what a poll id stands for."""
        found = self._one("SELECT body FROM portal_polls WHERE poll_id = ?", (poll_id,))
        return str(found["body"]) if found else None

    def _one(self, query: str, values: Sequence[object]) -> sqlite3.Row | None:
        with self._lock, translated(self._path):
            row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return row

    def _all(self, query: str, values: Sequence[object] | dict[str, object]) -> list[sqlite3.Row]:
        with self._lock, translated(self._path):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._path):
            # The right to write at once: of two that read first, SQLite would refuse one (BUSY).
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk ends it by itself
                    self._db.execute("ROLLBACK")
                raise


def _insert_grants(
    db: sqlite3.Connection, kind: CallerKind, name: str, grants: Iterable[Grant]
) -> None:
    db.executemany(
        # A role that is named twice is held once, and no fault.
        "INSERT OR IGNORE INTO portal_grants VALUES (?, ?, ?, ?, ?)",
        [(kind, name, one.role, *rows.scope_key(one.scope)) for one in grants],
    )


def _end_sessions(db: sqlite3.Connection, kind: CallerKind, name: str) -> None:
    db.execute("DELETE FROM portal_sessions WHERE kind = ? AND name = ?", (kind, name))
