"""A read connection to the ledger: what people and surfaces see, keyset-paged in SQL."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gauger.adapters.storage.ledger import reader_rows as shapes
from gauger.adapters.storage.ledger.connection import unpack
from gauger.adapters.storage.ledger.lookups import Lookups
from gauger.adapters.storage.ledger.names import Names
from gauger.adapters.storage.ledger.pages import Pages
from gauger.adapters.storage.ledger.projector import policy_scope
from gauger.adapters.storage.ledger.reader_answers import Answers
from gauger.adapters.storage.ledger.reader_authorizations import AuthorizationLists
from gauger.adapters.storage.ledger.reader_lists import InstanceFilter, Lists
from gauger.authority.ports.views import (
    AuthorizationRow,
    BalanceRow,
    CaseRow,
    EventRow,
    GapRow,
    HeadRow,
    InstanceRow,
    OrderRow,
    PolicyRow,
    PoolRow,
    ReportRow,
    SmartAccountRow,
    TokenRow,
    TrustRow,
    UsageRow,
    VirtualAccountRow,
)
from gauger.core.authority.entitlement import Purchased, balance_of
from gauger.core.authority.outcomes import AnswerBundle
from gauger.core.authority.rows import ReportReceived, decode_row
from gauger.core.documents import merkle
from gauger.core.documents.envelope import Document, read_document
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.problems import Problem

_LAST: Final = 2**62


class SqliteReader:
    """A `LedgerReader`; one thread at a time."""

    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path,
        unsaved: Callable[[], tuple[int, bytes] | None],
    ) -> None:
        """Read from a connection that nobody else uses."""
        self._db = db
        self._path = path
        self._pages = Pages(db)
        self._names = Names(db)
        self._lookups = Lookups(db, self._names)
        self._unsaved = unsaved
        self._lists = Lists(db, self._names)
        self._answers = Answers(self._pages, self._lookups, unsaved)
        self._authorizations = AuthorizationLists(db, self._names)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _all(self, query: str, *values: object) -> list[shapes.Row]:
        return self._db.execute(query, values).fetchall()

    # Accounts

    def smart_accounts(self, *, after: str = "", limit: int = 100) -> Sequence[SmartAccountRow]:
        """Return Smart Accounts by domain."""
        rows = self._all(
            "SELECT domain, name, opened_at, virtual_accounts FROM smart_accounts"
            " WHERE domain > ? ORDER BY domain LIMIT ?",
            after,
            limit,
        )
        return [shapes.smart_account(row) for row in rows]

    def virtual_accounts(
        self, domain: str, *, after: str = "", limit: int = 100
    ) -> Sequence[VirtualAccountRow]:
        """Return the Virtual Accounts of a Smart Account by name."""
        rows = self._all(
            f"SELECT {shapes.VIRTUAL_ACCOUNT} FROM accounts"  # noqa: S608 -- constants only
            " WHERE domain = ? AND name > ? ORDER BY name LIMIT ?",
            domain,
            after,
            limit,
        )
        return [shapes.virtual_account(row) for row in rows]

    def virtual_account(self, account: AccountRef) -> VirtualAccountRow | None:
        """Return one Virtual Account."""
        rows = self._all(
            f"SELECT {shapes.VIRTUAL_ACCOUNT} FROM accounts WHERE domain = ? AND name = ?",  # noqa: S608 -- constants only
            account.smart_account,
            account.virtual_account,
        )
        return shapes.virtual_account(rows[0]) if rows else None

    def authorization_pools(
        self, account: AccountRef, *, after: str = "", limit: int = 100
    ) -> Sequence[PoolRow]:
        """Return what an account has to give out, by entitlement tag."""
        return self._authorizations.pools(account, after=after, limit=limit)

    def authorizations(
        self, account: AccountRef, udi: Udi | None = None, *, after: int = 0, limit: int = 100
    ) -> Sequence[AuthorizationRow]:
        """Return the authorization codes of an account, of one product instance or of all."""
        return self._authorizations.codes(account, udi, after=after, limit=limit)

    def tokens(
        self, account: AccountRef, *, now: int, after: int = 0, limit: int = 100
    ) -> Sequence[TokenRow]:
        """Return the ID tokens of an account by number."""
        rows = self._all(
            "SELECT id, hint, description, issued_at, expires_at, uses, used, export_controlled,"
            " revoked, by FROM tokens WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
            self._names.account(account),
            after,
            limit,
        )
        return [shapes.token(account, row, now) for row in rows]

    def orders(
        self, account: AccountRef, *, after: int = 0, limit: int = 100
    ) -> Sequence[OrderRow]:
        """Return the orders of an account, oldest first."""
        rows = self._all(
            "SELECT id, number, deposited_at, by FROM orders"
            " WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
            self._names.account(account),
            after,
            limit,
        )
        return [self._order(account, row) for row in rows]

    def _order(self, account: AccountRef, row: shapes.Row) -> OrderRow:
        lines = self._all(
            'SELECT t.tag, l.name, l.quantity, l.term, l.start, l."end" FROM order_lines l'
            " JOIN tags t ON t.id = l.tag WHERE l.deposit = ? ORDER BY l.id",
            row[0],
        )
        devices = self._all(
            "SELECT i.pid, i.serial FROM order_devices d JOIN instances i ON i.id = d.instance"
            " WHERE d.deposit = ? ORDER BY i.id",
            row[0],
        )
        return shapes.order(account, row, lines, devices)

    def policies(self, account: AccountRef | None) -> Sequence[PolicyRow]:
        """Return the assignments that concern an account, the one in force first."""
        # Put before one another, so that the one in force comes first.
        scopes = [policy_scope(None, None)]
        if account is not None:
            scopes.insert(0, policy_scope(account.smart_account, None))
            scopes.insert(0, policy_scope(account.smart_account, account.virtual_account))
        found: list[PolicyRow] = []
        for scope in scopes:
            rows = self._all(
                "SELECT p.scope, p.assignment, p.name, p.ack_required, p.rules, p.assigned_at,"
                " p.by, d.version FROM policies p LEFT JOIN policy_documents d"
                " ON d.assignment = p.assignment AND d.account = ? WHERE p.scope = ?",
                None if account is None else self._names.account(account),
                scope,
            )
            found.extend(shapes.policy(row) for row in rows)
        return found

    def policy_document(self, account: AccountRef) -> Document | None:
        """Return the newest signed policy document made for an account."""
        rows = self._all(
            "SELECT digest FROM policy_documents WHERE account = ?", self._names.account(account)
        )
        return self._answers.document(Digest(str(rows[0][0]))) if rows else None

    def balance(
        self, account: AccountRef, *, now: int, after: str = "", limit: int = 100
    ) -> Sequence[BalanceRow]:
        """Return purchased, in use and balance of each licence of an account, by tag."""
        number = self._names.account(account)
        rows = self._all(
            "SELECT t.id, t.tag, t.name, coalesce(v.in_use, 0),"
            " CASE WHEN a.count_unverified THEN coalesce(u.in_use, 0) ELSE 0 END"
            # From what is used and what was bought: a licence may have only one of both.
            " FROM (SELECT tag FROM account_usage WHERE account = ?1"
            " UNION SELECT tag FROM order_lines WHERE account = ?1) own"
            " JOIN tags t ON t.id = own.tag JOIN accounts a ON a.id = ?1"
            " LEFT JOIN account_usage v ON v.account = ?1 AND v.tag = t.id AND v.verified = 1"
            " LEFT JOIN account_usage u ON u.account = ?1 AND u.tag = t.id AND u.verified = 0"
            " WHERE t.tag > ?2 AND (v.tag IS NOT NULL OR (u.tag IS NOT NULL AND a.count_unverified)"
            " OR EXISTS (SELECT 1 FROM order_lines l WHERE l.account = ?1 AND l.tag = t.id))"
            " ORDER BY t.tag LIMIT ?3",
            number,
            after,
            limit,
        )
        return [self._balance(number, row, now) for row in rows]

    def _balance(self, account: int | None, row: shapes.Row, now: int) -> BalanceRow:
        lines = self._all(
            'SELECT quantity, start, "end" FROM order_lines WHERE account = ? AND tag = ?',
            account,
            row[0],
        )
        purchased = [
            Purchased(quantity=quantity, start=start, end=end) for quantity, start, end in lines
        ]
        return shapes.balance(row, balance_of(purchased, in_use=row[3], now=now))

    # Product instances

    def instances(
        self,
        account: AccountRef | None = None,
        *,
        smart_account: str | None = None,
        search: str = "",
        silent: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[InstanceRow]:
        """Return product instances, of an account, a Smart Account or all, by first sight."""
        asked = InstanceFilter(search=search, silent=silent, after=after, limit=limit)
        rows = self._lists.instances(account, smart_account, asked)
        return [shapes.instance(row) for row in rows]

    def instance(self, udi: Udi) -> InstanceRow | None:
        """Return one product instance with what it uses; the verified one where there are two."""
        rows = self._all(
            # Home 0 sorts first: the verified one hides whatever only claims its name.
            f"SELECT {shapes.INSTANCE} FROM instances i LEFT JOIN accounts a ON a.id = i.account"  # noqa: S608 -- constants only
            " WHERE i.serial = ? AND i.pid = ? ORDER BY i.home LIMIT 1",
            udi.serial,
            udi.pid,
        )
        return shapes.instance(rows[0], self._usage(rows[0])) if rows else None

    def _usage(self, instance: shapes.Row) -> tuple[UsageRow, ...]:
        rows = self._all(
            "SELECT t.tag, coalesce(t.name, t.tag), u.in_use, max(l.observed_until),"
            # In halves, because a sum over many boots may pass what SQLite adds.
            " sum(l.count_seconds >> 32), sum(l.count_seconds & 4294967295), i.home = 0"
            " FROM instance_usage u"
            " JOIN tags t ON t.id = u.tag JOIN instances i ON i.id = u.instance"
            " JOIN timelines l ON l.instance = u.instance AND l.tag = u.tag"
            " WHERE u.instance = ? GROUP BY u.tag ORDER BY t.tag",
            instance[0],
        )
        return tuple(shapes.usage(row) for row in rows)

    # Reports, cases, gaps

    def reports(
        self,
        account: AccountRef | None = None,
        *,
        udi: Udi | None = None,
        verdict: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[ReportRow]:
        """Return reports in order of arrival, without their items."""
        rows = self._lists.reports(account, udi, verdict, after=after, limit=limit)
        return [shapes.report(row) for row in rows]

    def report(self, digest: Digest, udi: Udi | None = None) -> ReportRow | None:
        """Return one report with its item.

        Raises:
            Problem: ``store-damaged`` where the item is not the one that was reported.
        """
        rows = self._all(
            f"SELECT {shapes.REPORT}, l.kind, l.body FROM {shapes.REPORT_TABLES}"  # noqa: S608 -- constants only
            " JOIN ledger l ON l.id = r.source WHERE r.digest = ?1"
            " AND (?2 IS NULL OR (i.serial = ?2 AND i.pid = ?3)) ORDER BY i.home LIMIT 1",
            digest,
            None if udi is None else udi.serial,
            None if udi is None else udi.pid,
        )
        if not rows:
            return None
        # The item is served only if its row is the report's own; lists carry no items.
        *shown, kind, body = rows[0]
        received = decode_row(str(kind), unpack(body))
        if not isinstance(received, ReportReceived) or received.digest != digest:
            raise Problem("store-damaged", f"The row of report {digest} holds something else.")
        return shapes.report(tuple(shown), received.item)

    def cases(
        self,
        account: AccountRef | None = None,
        *,
        state: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[CaseRow]:
        """Return quarantine cases by number."""
        rows = self._lists.cases(account, state, after=after, limit=limit)
        return [self._case(row) for row in rows]

    def case(self, number: int) -> CaseRow | None:
        """Return one quarantine case."""
        rows = self._all(
            f"SELECT {shapes.CASE} FROM {shapes.CASE_TABLES} WHERE c.id = ?",  # noqa: S608 -- constants only
            number,
        )
        return self._case(rows[0]) if rows else None

    def _case(self, row: shapes.Row) -> CaseRow:
        reports = self._all('SELECT digest FROM reports WHERE "case" = ? ORDER BY id', row[0])
        return shapes.case(row, reports)

    def gaps(
        self,
        account: AccountRef | None = None,
        *,
        since: int | None = None,
        overdue: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[GapRow]:
        """Return missing reports.

        Args:
            account: Of product instances of this account; of all where None.
            since: Only those missed before that time.
            overdue: Only those that people were told of.
            after: Keyset: the ``gap_id`` of the last row of the page before.
            limit: Most rows.
        """
        rows = self._lists.gaps(account, since, overdue=overdue, after=after, limit=limit)
        return [shapes.gap(row) for row in rows]

    # Events

    def events(
        self,
        account: AccountRef | None = None,
        *,
        smart_account: str | None = None,
        after: int = 0,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[EventRow]:
        """Return audited events; with ``newest_first``, ``after`` is where to go down from."""
        # Words of the query and never of the caller: only constants are put into its text.
        start, direction, sign = (
            (after or _LAST, "DESC", "<") if newest_first else (after, "ASC", ">")
        )
        where, values = "", list[object]()
        if account is not None:
            where, values = "AND e.account = ?", [self._names.account(account) or -1]
        elif smart_account is not None:
            where, values = "AND e.domain = ?", [smart_account]
        rows = self._all(
            f"SELECT {shapes.EVENT} FROM events e LEFT JOIN accounts a ON a.id = e.account"  # noqa: S608 -- constants only
            f" WHERE e.id {sign} ? {where} ORDER BY e.id {direction} LIMIT ?",
            start,
            *values,
            limit,
        )
        return [shapes.event(row) for row in rows]

    # Answers, trust, proofs

    def answer_for(self, answers: Digest, udi: Udi | None = None) -> AnswerBundle | None:
        """Return the newest answer to a document of a device, its signature as stored."""
        return self._answers.answer_for(answers, udi)

    def late_answers(self, udi: Udi) -> Sequence[AnswerBundle]:
        """Return final answers to documents that had been deferred or quarantined."""
        # Bounded: what a device was owed over years would else make one list of any size.
        found = (self.answer_for(digest, udi) for digest in self._lookups.late(udi, 0, 1000))
        return [answer for answer in found if answer is not None]

    def trust(self) -> TrustRow:
        """Return the trust material that the ledger holds."""
        makers = self._all("SELECT name, file, imported_at FROM manufacturers ORDER BY name")
        return TrustRow(
            root_sets=tuple(map(read_document, self._lookups.root_sets())),
            manufacturers=tuple(shapes.manufacturer(row) for row in makers),
        )

    def head(self) -> HeadRow | None:
        """Return the newest head; null before the first page."""
        return self.head_at(self._pages.count() - 1)

    def head_at(self, page: int) -> HeadRow | None:
        """Return the head of one page."""
        record = self._pages.head(page)
        return None if record is None else shapes.head(record, self._unsaved())

    def inclusion_proof(self, page: int) -> tuple[bytes, ...]:
        """Return the path that proves a head in the tree that the newest head closes over.

        Raises:
            Problem: ``not-found`` where the newest head does not close over this page.
        """
        # The newest head covers those before it and not itself: its own proof is its signature.
        newest = self._pages.count() - 1
        if not 0 <= page < newest:
            raise Problem("not-found", f"The newest head closes over {newest} pages, not {page}.")
        return tuple(merkle.inclusion_path(page, newest, self._pages.node))

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Return the path that proves that the ledger of ``second`` pages goes on from ``first``.

        Raises:
            Problem: ``not-found`` where there are not so many pages.
        """
        if not 0 <= first <= second <= self._pages.count():
            raise Problem("not-found", f"There are no {second} pages that go on from {first}.")
        return tuple(merkle.consistency_path(first, second, self._pages.node))
