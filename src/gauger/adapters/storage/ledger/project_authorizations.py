"""Projections of authorization codes: pools, requests, and what became of each code."""

import sqlite3

from gauger.adapters.storage.ledger.names import Names, join_words
from gauger.core.authority import rows
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import Udi

_ALIVE = "state IN ('issued', 'confirmed')"


class AuthorizationProjector:
    """Applies the rows that concern authorization codes."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Work on a connection."""
        self._db = db
        self._names = names

    def pool(self, row: rows.AuthorizationsSet, _: int) -> None:
        """An account has so many authorizations of a licence to give out."""
        account = self._names.require_account(row.account)
        self._db.execute(
            "INSERT OR REPLACE INTO authorization_pools VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, row.tag, row.name, row.term, row.quantity, row.at, row.by),
        )

    def received(self, row: rows.AuthorizationReceived, source: int) -> None:
        """A request or return came; one that was refused before is judged anew."""
        instance = self._names.make_instance(row.udi, row.at)
        account = None if row.account is None else self._names.require_account(row.account)
        if row.verdict is Verdict.ACCEPTED:
            self._db.execute("UPDATE instances SET verified = 1 WHERE id = ?", (instance,))
        self._db.execute(
            "INSERT INTO authorization_requests (digest, instance, type, incarnation, counter,"
            " mark, return_code, account, verdict, code, detail, flags, source, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " account = excluded.account, verdict = excluded.verdict, code = excluded.code,"
            " detail = excluded.detail, flags = excluded.flags, source = excluded.source,"
            " received_at = excluded.received_at",
            (
                row.digest,
                instance,
                row.type,
                row.incarnation,
                row.counter,
                row.mark,
                row.return_code,
                account,
                row.verdict.value,
                row.code,
                row.detail,
                join_words(row.flags),
                source,
                row.at,
            ),
        )

    def issued(self, row: rows.AuthorizationIssued, source: int) -> None:
        """A code was issued: its licences are taken from the pool."""
        instance = self._names.make_instance(row.udi, row.at)
        account = self._names.require_account(row.account)
        self._db.execute(
            "INSERT INTO authorizations (id, instance, epoch, code, account, document, state,"
            " issued_at, by) VALUES (?, ?, ?, ?, ?, ?, 'issued', ?, ?)",
            (source, instance, row.epoch, row.code, account, row.document, row.at, row.by),
        )
        self._db.executemany(
            "INSERT INTO authorized_licences VALUES (?, ?, ?, ?, ?)",
            [(source, one.tag, one.name, one.count, one.term) for one in row.licences],
        )
        self._due(instance)
        self._db.execute(
            "INSERT INTO state VALUES ('version', ?)"
            " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (row.order.version,),
        )

    def confirmed(self, row: rows.AuthorizationConfirmed, _: int) -> None:
        """A code is installed: those before it are gone, and what only they named is free."""
        instance = self._instance(row.udi, row.at)
        self._db.execute(
            "UPDATE authorizations SET state = 'confirmed', confirmed_at = ?"
            " WHERE instance = ? AND epoch = ? AND state = 'issued'",
            (row.at, instance, row.epoch),
        )
        self._db.execute(
            "UPDATE authorizations SET state = 'replaced', ended_at = ?"  # noqa: S608 -- constants only
            f" WHERE instance = ? AND epoch < ? AND {_ALIVE}",
            (row.at, instance, row.epoch),
        )
        self._due(instance)

    def returned(self, row: rows.AuthorizationReturned, _: int) -> None:
        """A code was given back: no code up to the mark can be used any more."""
        instance = self._instance(row.udi, row.at)
        self._db.execute(
            "UPDATE authorizations SET state = 'returned', ended_at = ?, return_code = ?"  # noqa: S608 -- constants only
            f" WHERE instance = ? AND epoch <= ? AND {_ALIVE}",
            (row.at, row.return_code, instance, row.mark),
        )
        self._due(instance)

    def misused(self, row: rows.AuthorizationMisused, _: int) -> None:
        """A code that was given back is in use."""
        self._db.execute(
            "UPDATE authorizations SET misused_at = ? WHERE instance = ? AND code = ?",
            (row.at, self._instance(row.udi, row.at), row.code),
        )

    def _instance(self, udi: Udi, at: int) -> int:
        return self._names.make_instance(udi, at)

    def _due(self, instance: int) -> None:
        """Note whether a code waits to be installed: most reports are spared a look-up."""
        self._db.execute(
            "UPDATE instances SET authorization_due = EXISTS (SELECT 1 FROM authorizations"
            " WHERE instance = ?1 AND state = 'issued') WHERE id = ?1",
            (instance,),
        )
