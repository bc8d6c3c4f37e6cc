"""Projections of what concerns one product instance: reports, cases, gaps, trust, whose it is."""

import sqlite3
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import PLACES
from gauger.adapters.storage.ledger.lives import REMEMBERED, Lives, Sign
from gauger.adapters.storage.ledger.names import Names, join_udis, join_words
from gauger.adapters.storage.ledger.usage import (
    ABSOLUTE,
    Counted,
    Usage,
    read_claims,
    write_claims,
)
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef, Udi
from gauger.core.usage.intervals import Segment

_COUNTED: Final = frozenset({Verdict.ACCEPTED, Verdict.UNVERIFIABLE})
PURCHASE_INFO: Final = "purchase-info"
_MOST_PIPES: Final = 16
_LATE: Final = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})


class DeviceProjector:
    """Applies the rows that concern one product instance."""

    def __init__(self, db: sqlite3.Connection, names: Names, usage: Usage, lives: Lives) -> None:
        """Work on a connection."""
        self._db = db
        self._names = names
        self._usage = usage
        self._lives = lives
        self._first_used: dict[tuple[int, int], int] = {}

    def forget(self) -> None:
        """Forget what is remembered of this connection's rows: a transaction was rolled back."""
        self._usage.forget()
        self._lives.forget()
        self._first_used.clear()

    def assign(self, row: rows.InstanceAssigned, _: int) -> None:
        """A product instance, and its usage, belongs to an account."""
        instance = self._names.make_instance(row.udi, row.at)
        account = self._names.require_account(row.account)
        (before,) = self._one("SELECT account FROM instances WHERE id = ?", (instance,))
        self._db.execute(
            "UPDATE instances SET account = ?, provisional = ? WHERE id = ?",
            (account, row.provisional, instance),
        )
        # A device that is given to its own account again must not be counted twice.
        if before == account:
            return
        self._db.execute("UPDATE accounts SET instances = instances + 1 WHERE id = ?", (account,))
        if before is not None:
            self._db.execute(
                "UPDATE accounts SET instances = instances - 1 WHERE id = ?", (before,)
            )
            # A report may still name the former account: it is flagged then, and not taken for a
            # stranger's.
            self._db.execute("INSERT OR IGNORE INTO memberships VALUES (?, ?)", (instance, before))
        self._usage.move(instance, before, account)
        # Its reports and cases go with it: who owns it now sees and decides them.
        self._db.execute(
            "UPDATE reports SET account = ? WHERE instance = ? AND account IS NOT NULL",
            (account, instance),
        )
        self._db.execute("UPDATE cases SET account = ? WHERE instance = ?", (account, instance))

    def document(self, row: rows.InstanceDocumentIssued, _: int) -> None:
        """A versioned document for one product instance replaces the earlier of its type."""
        order = row.order
        instance = self._names.make_instance(row.udi, row.at)
        # Due until it has gone along with an answer (`_sent`).
        if row.type == PURCHASE_INFO:
            self._db.execute("UPDATE instances SET purchase_due = 1 WHERE id = ?", (instance,))
        self._db.execute(
            "INSERT OR REPLACE INTO instance_documents VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                instance,
                row.type,
                self._names.require_account(row.account),
                order.root_epoch,
                order.ledger_epoch,
                order.version,
                row.document,
            ),
        )
        self._db.execute(
            "INSERT INTO state VALUES ('version', ?)"
            " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (order.version,),
        )

    def report(self, row: rows.ReportReceived, source: int) -> None:
        """A report came."""
        # Nobody can check such a signature: it must not touch the device that it claims to be.
        verified = row.verdict is not Verdict.UNVERIFIABLE
        account = self._account(row.account)
        instance = self._names.make_instance(row.udi, row.at, 0 if verified else account or 0)
        tag = self._names.tag(row.tag)
        life = self._live(row, instance, source >> PLACES)
        if row.verdict is Verdict.REJECTED:
            self._db.execute("UPDATE instances SET verified = 1 WHERE id = ?", (instance,))
        else:
            self._note_report(row, instance, None if verified else account)
        settles = None
        # Quarantined and deferred reports count only once they are decided.
        if row.verdict in _COUNTED:
            settles = self._usage.add(_counted(row, instance, tag))
        self._write_report(row, source, (instance, account, tag, life, settles))
        self._sent(instance, row.sent)

    def _sent(self, instance: int, sent: tuple[str, ...]) -> None:
        if PURCHASE_INFO in sent:
            self._db.execute("UPDATE instances SET purchase_due = 0 WHERE id = ?", (instance,))

    def _live(self, row: rows.ReportReceived, instance: int, page: int) -> int | None:
        """Note when an incarnation was alive; what was rejected tells nothing of it."""
        if row.incarnation is None or row.closed_at is None or row.verdict is Verdict.REJECTED:
            return None
        sign = Sign(
            incarnation=row.incarnation,
            page=page,
            closed_at=row.closed_at,
            starts=min((start for start, _, _ in row.absolute), default=None),
            ends=max((end for _, end, _ in row.absolute), default=None),
            head_page=row.head_page,
        )
        return self._lives.note(instance, sign)

    def _write_report(
        self,
        row: rows.ReportReceived,
        source: int,
        numbers: tuple[int, int | None, int, int | None, int | None],
    ) -> None:
        instance, account, tag, life, settles = numbers
        # A rejected report may come again and be judged anew: it keeps its place in the list.
        self._db.execute(
            "INSERT INTO reports (digest, instance, source, account, tag, life, previous,"
            ' report_id, verdict, code, detail, flags, received_at, start, "end", until, "case",'
            " pipes, origin, claims, settles)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (instance, digest) DO UPDATE SET source = excluded.source,"
            " account = excluded.account, life = excluded.life, verdict = excluded.verdict,"
            " code = excluded.code, detail = excluded.detail, flags = excluded.flags,"
            ' received_at = excluded.received_at, until = excluded.until, "case" = excluded."case",'
            " settles = excluded.settles",
            (
                row.digest,
                instance,
                source,
                account,
                tag,
                life,
                row.previous,
                row.report_id,
                row.verdict.value,
                row.code,
                row.detail,
                join_words(row.flags),
                row.at,
                min((start for start, _, _ in row.absolute), default=None),
                max((end for _, end, _ in row.absolute), default=None),
                row.until,
                row.case,
                row.pipe,
                f"{row.incarnation}:{row.boot}" if row.incarnation else ABSOLUTE,
                write_claims(row.absolute, row.relative),
                settles,
            ),
        )

    def _note_report(self, row: rows.ReportReceived, instance: int, home: int | None) -> None:
        """Note what a report says of its sender; ``home`` is where an unverified one is kept."""
        self._db.execute(
            "UPDATE instances SET verified = ?, last_report_at = ?, software_version = ?,"
            # Reports come out of order: an older one must not make a device look behind with its
            # roots.
            " root_number = max(root_number, ?), members = ?, flags = ? WHERE id = ?",
            (
                home is None,
                row.at,
                row.software_version,
                row.root_number,
                join_udis(row.members),
                join_words(row.flags),
                instance,
            ),
        )
        if home is not None:
            # Apart: to name an indexed column costs the index, also where its value stays.
            self._db.execute(
                "UPDATE instances SET account = coalesce(account, ?) WHERE id = ?", (home, instance)
            )
        # A report of a clock that was not set tells no time: taken for one, it would make all that
        # the earlier key signed look superseded.
        if row.generation is not None and row.closed_at is not None and row.absolute:
            self._use_code((instance, row.generation), row.closed_at)

    def _use_code(self, code: tuple[int, int], closed_at: int) -> None:
        """Note when a trust code was first used; of most reports that is long known."""
        if self._first_used.get(code, closed_at + 1) <= closed_at:
            return
        self._db.execute(
            "UPDATE trust_codes SET first_used = ?1 WHERE instance = ?2 AND generation = ?3"
            " AND coalesce(first_used > ?1, 1)",
            (closed_at, *code),
        )
        # It only saves an update, so it may be forgotten at any time.
        if len(self._first_used) >= REMEMBERED:
            self._first_used.clear()
        # It may have been used earlier still: then less is remembered than stands there.
        self._first_used[code] = closed_at

    def seen(self, row: rows.ReportSeen, _: int) -> None:
        """A report that is held came by another way."""
        instance = self._names.make_instance(row.udi, row.at)
        (pipes,) = self._one(
            "SELECT pipes FROM reports WHERE instance = ? AND digest = ?", (instance, row.digest)
        )
        # One who sends the same report all day would else make its row grow with each.
        if len(pipes.split()) < _MOST_PIPES:
            self._db.execute(
                "UPDATE reports SET pipes = ? WHERE instance = ? AND digest = ?",
                (f"{pipes} {row.pipe}", instance, row.digest),
            )

    def decide(self, row: rows.ReportDecided, _: int) -> None:
        """The verdict on a report that is held changed."""
        instance = self._names.make_instance(row.udi, row.at)
        number, tag, before = self._one(
            "SELECT id, tag, verdict FROM reports WHERE instance = ? AND digest = ?",
            (instance, row.digest),
        )
        self._db.execute(
            "UPDATE reports SET verdict = ?, code = ?, detail = ?, flags = ?, until = ?,"
            ' "case" = ?, decided_by = ?, account = coalesce(?, account) WHERE id = ?',
            (
                row.verdict.value,
                row.code,
                row.detail,
                join_words(row.flags),
                row.until,
                row.case,
                row.by,
                self._account(row.account),
                number,
            ),
        )
        # Taking away is no subtraction: other reports may have claimed the same time.
        if before == Verdict.ACCEPTED.value and row.verdict is not Verdict.ACCEPTED:
            self._usage.rebuild(instance, tag)
        if before != Verdict.ACCEPTED.value and row.verdict is Verdict.ACCEPTED:
            self._count_late(instance, tag, number)
        # The device was told `deferred` or `quarantined`; it would ask for ever.
        if before != Verdict.ACCEPTED.value and row.verdict in _LATE:
            self._owe(instance, row)

    def _count_late(self, instance: int, tag: int, number: int) -> None:
        origin, claims, received_at = self._one(
            "SELECT origin, claims, received_at FROM reports WHERE id = ?", (number,)
        )
        absolute, relative = read_claims(claims)
        settles = self._usage.add(
            Counted(
                instance=instance,
                tag=tag,
                origin=origin,
                absolute=absolute,
                relative=relative,
                received_at=received_at,
            )
        )
        self._db.execute("UPDATE reports SET settles = ? WHERE id = ?", (settles, number))

    def _owe(self, instance: int, row: rows.ReportDecided) -> None:
        """Remember a final answer that goes along with the next one."""
        self._db.execute(
            "INSERT OR REPLACE INTO late_answers VALUES (?, ?, ?)", (instance, row.digest, row.at)
        )
        self._db.execute(
            "UPDATE instances SET late ="
            # Counted and not added to: the same report may be decided again.
            " (SELECT count(*) FROM late_answers WHERE instance = ?1) WHERE id = ?1",
            (instance,),
        )

    def _recount_cases(self, instance: int) -> None:
        self._db.execute(
            "UPDATE instances SET cases ="
            # Counted and not added to: a case that is closed twice would go below zero.
            " (SELECT count(*) FROM cases WHERE instance = ?1 AND state = 'open') WHERE id = ?1",
            (instance,),
        )

    def open_case(self, row: rows.CaseOpened, _: int) -> None:
        """Something waits for a decision."""
        instance = self._names.make_instance(row.udi, row.at)
        self._db.execute(
            "INSERT INTO cases (id, code, instance, account, opened_at, state)"
            " VALUES (?, ?, ?, ?, ?, 'open')",
            (row.case, row.code, instance, self._account(row.account), row.at),
        )
        self._recount_cases(instance)

    def close_case(self, row: rows.CaseClosed, _: int) -> None:
        """A case is settled."""
        self._db.execute(
            "UPDATE cases SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?",
            (row.state, row.at, row.by, row.case),
        )
        self._recount_cases(self._names.make_instance(row.udi, row.at))

    def open_gap(self, row: rows.GapOpened, _: int) -> None:
        """A report is missed."""
        instance = self._names.make_instance(row.udi, row.at)
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO gaps (instance, digest, named_by, since) VALUES (?, ?, ?, ?)",
            (instance, row.report, row.named_by, row.at),
        )
        if cursor.rowcount:
            self._db.execute(
                "UPDATE instances SET gaps = gaps + 1, missed = missed + 1 WHERE id = ?",
                (instance,),
            )

    def close_gap(self, row: rows.GapClosed, _: int) -> None:
        """A missing report came, or was given up."""
        instance = self._names.make_instance(row.udi, row.at)
        cursor = self._db.execute(
            "UPDATE gaps SET closed_at = ?, closed_by = ?"
            " WHERE instance = ? AND digest = ? AND closed_at IS NULL",
            (row.at, row.by, instance, row.report),
        )
        if cursor.rowcount:
            self._db.execute("UPDATE instances SET gaps = gaps - 1 WHERE id = ?", (instance,))

    def alert_gap(self, row: rows.GapOverdue, _: int) -> None:
        """People are told of a missing report."""
        self._db.execute(
            "UPDATE gaps SET alerted_at = ? WHERE instance = ? AND digest = ?",
            (row.at, self._names.make_instance(row.udi, row.at), row.report),
        )

    def silent(self, row: rows.InstanceSilent, _: int) -> None:
        """People are told that a product instance does not report."""
        self._silence(row.udi, row.at, row.at)

    def heard(self, row: rows.InstanceHeard, _: int) -> None:
        """A product instance that was silent has reported."""
        self._silence(row.udi, row.at, None)

    def _silence(self, udi: Udi, at: int, since: int | None) -> None:
        # Apart from what each report changes of its device: this column has an index.
        self._db.execute(
            "UPDATE instances SET silent_since = ? WHERE id = ?",
            (since, self._names.make_instance(udi, at)),
        )

    def trust_request(self, row: rows.TrustRequestReceived, _: int) -> None:
        """A trust request came."""
        instance = self._names.make_instance(row.udi, row.at)
        self._db.execute("UPDATE instances SET verified = 1 WHERE id = ?", (instance,))
        self._sent(instance, row.sent)
        self._db.execute(
            "INSERT INTO trust_requests (digest, instance, incarnation, counter, account, verdict,"
            " code, detail, flags, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET account = excluded.account, verdict = excluded.verdict,"
            " code = excluded.code, detail = excluded.detail, flags = excluded.flags,"
            " received_at = excluded.received_at",
            (
                row.digest,
                instance,
                row.incarnation,
                row.counter,
                self._account(row.account),
                row.verdict.value,
                row.code,
                row.detail,
                join_words(row.flags),
                row.at,
            ),
        )

    def trust_code(self, row: rows.TrustCodeIssued, _: int) -> None:
        """A licensing key is certified."""
        instance = self._names.make_instance(row.udi, row.at)
        self._db.execute(
            "INSERT INTO trust_codes (instance, generation, key, digest, incarnation, issued_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (instance, row.generation, row.key, row.document, row.incarnation, row.at),
        )
        # A report under it may have come first, after a restore; then no row was there to update.
        self._first_used.pop((instance, row.generation), None)
        self._db.execute(
            "UPDATE instances SET generation = ? WHERE id = ?", (row.generation, instance)
        )

    def _account(self, account: AccountRef | None) -> int | None:
        return None if account is None else self._names.require_account(account)

    def _one(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._db.execute(query, values).fetchone()
        return row


def _segments(intervals: tuple[rows.Interval, ...]) -> tuple[Segment, ...]:
    return tuple(Segment(*interval) for interval in intervals)


def _counted(row: rows.ReportReceived, instance: int, tag: int) -> Counted:
    return Counted(
        instance=instance,
        tag=tag,
        origin=f"{row.incarnation}:{row.boot}",
        absolute=_segments(row.absolute),
        relative=_segments(row.relative),
        received_at=row.at,
    )
