"""Looks up single things that commands are about."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import PLACES, unpack
from gauger.adapters.storage.ledger.facts import KNOWN_COLUMNS, KNOWN_TABLES, known_report
from gauger.adapters.storage.ledger.names import Names, account_named
from gauger.adapters.storage.ledger.projector import policy_scope
from gauger.core.authority.facts import CaseFacts, GapFacts, Issued, PolicyFacts, StoredReport
from gauger.core.authority.judgement import GAP_PATIENCE, RELEASABLE
from gauger.core.authority.rows import Purchase, ReportReceived, decode_row
from gauger.core.authority.silence import SILENCE_GRACE, QuietFacts, groups_of
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.policy.rules import DEFAULT, Group, Policy, Rule, validate
from gauger.core.problems import Problem

_PART: Final = 1024
"""Product instances of which one look for silent ones takes in."""


class Lookups:
    """Looks up accounts, policies, orders, cases and stored reports on one connection."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Work on a connection."""
        self._db = db
        self._names = names

    def state(self, name: str) -> str | int | None:
        """Return a value of the ledger's state, or None."""
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def highest(self, what: str) -> int:
        """Return the highest number in use: of a ``token`` or a ``case``."""
        query = {
            "token": "SELECT coalesce(max(id), 0) FROM tokens",
            "case": "SELECT coalesce(max(id), 0) FROM cases",
        }[what]
        return int(self._db.execute(query).fetchone()[0])

    def smart_account_exists(self, domain: str) -> bool:
        """Tell whether a Smart Account exists."""
        query = "SELECT 1 FROM smart_accounts WHERE domain = ?"
        return self._db.execute(query, (domain,)).fetchone() is not None

    def account_exists(self, account: AccountRef) -> bool:
        """Tell whether a Virtual Account exists."""
        return self._names.account(account) is not None

    def account_number(self, account: AccountRef) -> int:
        """Return the number of a Virtual Account that exists.

        Raises:
            Problem: ``store-damaged``.
        """
        return self._names.require_account(account)

    def order_exists(self, number: str) -> bool:
        """Tell whether an order of this number was deposited."""
        query = "SELECT 1 FROM orders WHERE number = ?"
        return self._db.execute(query, (number,)).fetchone() is not None

    def purchases(self, udi: Udi) -> tuple[Purchase, ...]:
        """Return what was bought for a product instance by name, oldest order first."""
        instance = self._names.instance(udi)
        rows = self._db.execute(
            'SELECT t.tag, l.name, l.quantity, l.term, l.start, l."end" FROM order_devices d'
            " JOIN order_lines l ON l.deposit = d.deposit JOIN tags t ON t.id = l.tag"
            " WHERE d.instance = ? ORDER BY l.id",
            (instance,),
        )
        return tuple(
            Purchase(tag=tag, name=name, quantity=quantity, term=term, start=start, end=end)
            for tag, name, quantity, term, start, end in rows
        )

    def policy(self, account: AccountRef) -> PolicyFacts:
        """Return the policy in force: of the Virtual Account, its Smart Account, or all."""
        number = self._names.require_account(account)
        # The nearest first: an account's own policy goes before its Smart Account's, and that
        # before all's.
        scopes = (
            policy_scope(account.smart_account, account.virtual_account),
            policy_scope(account.smart_account, None),
            policy_scope(None, None),
        )
        # Whichever assignment it was made from: the issuer compares, and makes a new one where it
        # differs.
        issued, issued_from = self._policy_document(number, account)
        for scope in scopes:
            row = self._db.execute(
                "SELECT assignment, name, ack_required, rules, assigned_at FROM policies"
                " WHERE scope = ?",
                (scope,),
            ).fetchone()
            if row is not None:
                policy = _policy(row[1], ack_required=bool(row[2]), rules=row[3])
                return PolicyFacts(
                    assignment=row[0],
                    policy=policy,
                    issued=issued,
                    issued_from=issued_from,
                    assigned_at=row[4],
                )
        return PolicyFacts(assignment=0, policy=DEFAULT, issued=issued, issued_from=issued_from)

    def _policy_document(
        self, number: int, account: AccountRef
    ) -> tuple[Issued | None, int | None]:
        row = self._db.execute(
            "SELECT root_epoch, ledger_epoch, version, digest, assignment FROM policy_documents"
            " WHERE account = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None, None
        issued = Issued(order=Order(*row[:3]), digest=Digest(row[3]), account=account)
        return issued, int(row[4])

    def instance_document(self, udi: Udi, kind: str) -> Issued | None:
        """Return the newest versioned document of a type for one product instance, or None."""
        row = self._db.execute(
            "SELECT d.root_epoch, d.ledger_epoch, d.version, d.digest, a.domain, a.name"
            " FROM instance_documents d JOIN accounts a ON a.id = d.account"
            " WHERE d.instance = ? AND d.type = ?",
            (self._names.instance(udi), kind),
        ).fetchone()
        if row is None:
            return None
        account = AccountRef(row[4], row[5])
        return Issued(order=Order(*row[:3]), digest=Digest(row[3]), account=account)

    def case(self, number: int) -> CaseFacts | None:
        """Return a quarantine case, or None."""
        row = self._db.execute(
            "SELECT c.code, i.pid, i.serial, a.domain, a.name, c.state FROM cases c"
            " JOIN instances i ON i.id = c.instance LEFT JOIN accounts a ON a.id = c.account"
            " WHERE c.id = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None
        code, pid, serial, domain, name, state = row
        reports = self._db.execute(
            # Only those that still wait: each report of a case is decided once.
            "SELECT digest FROM reports WHERE \"case\" = ? AND verdict = 'quarantined' ORDER BY id",
            (number,),
        ).fetchall()
        return CaseFacts(
            case=number,
            code=code,
            udi=Udi(pid, serial),
            account=account_named(domain, name),
            is_open=state == "open",
            reports=tuple(Digest(item[0]) for item in reports),
        )

    def gap_is_open(self, udi: Udi, report: Digest) -> bool:
        """Tell whether a report of a product instance is missed."""
        row = self._db.execute(
            "SELECT 1 FROM gaps WHERE instance = ? AND digest = ? AND closed_at IS NULL",
            (self._names.instance(udi), report),
        ).fetchone()
        return row is not None

    def trust_code_issued(self, udi: Udi, code: Digest) -> bool:
        """Tell whether this ledger issued a trust code for a product instance."""
        query = "SELECT 1 FROM trust_codes WHERE instance = ? AND digest = ?"
        return self._db.execute(query, (self._names.instance(udi), code)).fetchone() is not None

    def missing_before(self, udi: Udi, report: Digest) -> Digest | None:
        """Return the previous report of one that is held, where it is still missed."""
        row = self._db.execute(
            "SELECT g.digest FROM reports r JOIN gaps g"
            " ON g.instance = r.instance AND g.digest = r.previous AND g.closed_at IS NULL"
            " WHERE r.instance = ? AND r.digest = ?",
            (self._names.instance(udi), report),
        ).fetchone()
        return None if row is None else Digest(row[0])

    def waits_before(self, udi: Udi, report: Digest) -> tuple[Digest, int] | None:
        """Return the previous report of one that is held, and its case, where it waits for it."""
        row = self._db.execute(
            'SELECT p.digest, p."case", p.code FROM reports r JOIN reports p'
            " ON p.instance = r.instance AND p.digest = r.previous"
            " WHERE r.instance = ? AND r.digest = ? AND p.verdict = 'quarantined'",
            (self._names.instance(udi), report),
        ).fetchone()
        if row is None or row[2] not in RELEASABLE:
            return None
        return Digest(row[0]), int(row[1])

    def due(self, now: int, limit: int) -> Sequence[tuple[Udi, Digest]]:
        """Return deferred reports whose time has come, the oldest first."""
        rows = self._db.execute(
            "SELECT i.pid, i.serial, r.digest FROM reports r JOIN instances i ON i.id = r.instance"
            " WHERE r.verdict = 'deferred' AND r.until <= ? ORDER BY r.until, r.id LIMIT ?",
            (now, limit),
        ).fetchall()
        return tuple((Udi(pid, serial), Digest(found)) for pid, serial, found in rows)

    def overdue_gaps(self, since: int, limit: int) -> Sequence[GapFacts]:
        """Return reports that are missed since then or earlier and that nobody was told of."""
        rows = self._db.execute(
            "SELECT i.pid, i.serial, a.domain, a.name, g.digest, g.named_by, g.since"
            " FROM gaps g JOIN instances i ON i.id = g.instance"
            " LEFT JOIN accounts a ON a.id = i.account WHERE g.closed_at IS NULL"
            " AND g.alerted_at IS NULL AND g.since <= ? ORDER BY g.since, g.id LIMIT ?",
            (since, limit),
        ).fetchall()
        return tuple(map(_gap, rows))

    def quiet(self, after: int, now: int) -> tuple[Sequence[QuietFacts], int | None]:
        """Return who of a part of the product instances may be silent, and where to go on.

        By number, a part at a time: an index by the time of the newest report would have to be
        kept up by every report.
        """
        # By ids and not by rows found: a part without any silent one costs as little.
        until = after + _PART
        rows = self._db.execute(
            "SELECT i.pid, i.serial, a.domain, a.name, i.last_report_at FROM instances i"
            " JOIN accounts a ON a.id = i.account WHERE i.id > ? AND i.id <= ? AND i.home = 0"
            " AND i.silent_since IS NULL AND i.last_report_at <= ? ORDER BY i.id",
            (after, until, now - SILENCE_GRACE),
        ).fetchall()
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM instances").fetchone()
        return tuple(map(_quiet, rows)), until if until < last else None

    def groups_in_use(self, udi: Udi) -> frozenset[Group]:
        """Return the groups that licences in use on a product instance may belong to."""
        rows = self._db.execute(
            "SELECT u.tag, l.term FROM instance_usage u JOIN instances i ON i.id = u.instance"
            # A licence that nobody sold has no term; its group is judged from the empty one.
            " LEFT JOIN order_lines l ON l.account = i.account AND l.tag = u.tag"
            " WHERE u.instance = ? AND u.in_use > 0",
            (self._names.instance(udi),),
        ).fetchall()
        terms: dict[int, set[str]] = {}
        for tag, term in rows:
            terms.setdefault(tag, set()).add(term or "")
        return frozenset().union(*map(groups_of, terms.values()))

    def next_due(self) -> int | None:
        """Return when the first deferred report or missing one is due, or None."""
        (deferred,) = self._db.execute(
            "SELECT min(until) FROM reports WHERE verdict = 'deferred'"
        ).fetchone()
        (missed,) = self._db.execute(
            "SELECT min(since) FROM gaps WHERE closed_at IS NULL AND alerted_at IS NULL"
        ).fetchone()
        due = (deferred, None if missed is None else missed + GAP_PATIENCE)
        return min((int(one) for one in due if one is not None), default=None)

    def stored(self, udi: Udi, report: Digest) -> StoredReport:
        """Return a report as it came, with what stands about it now.

        Raises:
            Problem: ``not-found``; ``store-damaged``.
        """
        row = self._db.execute(
            f"SELECT {KNOWN_COLUMNS}, r.source FROM {KNOWN_TABLES}"  # noqa: S608 -- constants only
            " WHERE r.instance = ? AND r.digest = ?",
            (self._names.instance(udi), report),
        ).fetchone()
        if row is None:
            raise Problem("not-found", f"{udi} has no report {report} here.")
        received = self.row(row[-1])
        # The projection points into the ledger; where it points wrong, its report must not be
        # judged.
        if not isinstance(received, ReportReceived) or received.digest != report:
            raise Problem("store-damaged", f"Row {row[-1]} is not report {report}.")
        return StoredReport(
            udi=udi,
            item=received.item,
            received_at=received.at,
            report=known_report(row[:-1]),
            generation=received.generation,
            report_id=received.report_id,
        )

    def row(self, source: int) -> object:
        """Return the row of an id.

        Raises:
            Problem: ``store-damaged`` where there is none.
        """
        found = self._db.execute("SELECT kind, body FROM ledger WHERE id = ?", (source,)).fetchone()
        if found is None:
            raise Problem("store-damaged", f"Page {source >> PLACES} lacks a row.")
        return decode_row(found[0], unpack(found[1]))

    def late(self, udi: Udi, since: int, limit: int) -> tuple[Digest, ...]:
        """Return documents whose final answer came later than the first, the newest first."""
        rows = self._db.execute(
            "SELECT digest FROM late_answers WHERE instance = ? AND decided_at >= ?"
            # By digest within a second, so that two reads of one list agree.
            " ORDER BY decided_at DESC, digest LIMIT ?",
            (self._names.instance(udi), since, limit),
        ).fetchall()
        return tuple(Digest(row[0]) for row in rows)

    def root_sets(self) -> tuple[str, ...]:
        """Return the texts of all root sets held, in order."""
        rows = self._db.execute("SELECT document FROM root_sets ORDER BY number").fetchall()
        return tuple(row[0] for row in rows)

    def manufacturers(self) -> tuple[str, ...]:
        """Return the texts of all manufacturer files."""
        rows = self._db.execute("SELECT file FROM manufacturers ORDER BY name").fetchall()
        return tuple(row[0] for row in rows)

    def refusals(self, refused: Digest, code: str) -> int:
        """Return how often something was refused, as far as that is recorded."""
        row = self._db.execute(
            "SELECT count FROM refusals WHERE digest = ? AND code = ?", (refused, code)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def answered_udi(self, answered: Digest) -> Udi | None:
        """Return the product instance of a report or request, or None."""
        row = self._db.execute(
            "SELECT i.pid, i.serial FROM instances i WHERE i.id = coalesce("
            "(SELECT instance FROM reports WHERE digest = ?1 AND verdict <> ?2 LIMIT 1),"
            " (SELECT instance FROM trust_requests WHERE digest = ?1 LIMIT 1),"
            " (SELECT instance FROM authorization_requests WHERE digest = ?1 LIMIT 1))",
            # What nobody can verify proves no sender, so there is nobody to give an answer to.
            (answered, "signature-unverifiable"),
        ).fetchone()
        return None if row is None else Udi(row[0], row[1])

    def is_abandoned(self, head: Digest) -> bool:
        """Tell whether a head of another history was seen already."""
        query = "SELECT 1 FROM abandoned WHERE digest = ?"
        return self._db.execute(query, (head,)).fetchone() is not None


def _gap(row: tuple[Any, ...]) -> GapFacts:
    pid, serial, domain, name, missing, named_by, since = row
    return GapFacts(
        udi=Udi(pid, serial),
        account=account_named(domain, name),
        report=Digest(missing),
        named_by=Digest(named_by),
        since=since,
    )


def _quiet(row: tuple[Any, ...]) -> QuietFacts:
    pid, serial, domain, name, last_report_at = row
    account = AccountRef(domain, name)
    return QuietFacts(udi=Udi(pid, serial), account=account, last_report_at=last_report_at)


def _policy(name: str, *, ack_required: bool, rules: str) -> Policy:
    groups = {Group(group): Rule(*days) for group, *days in json.loads(rules)}
    return validate(name=name, ack_required=ack_required, rules=groups)
