"""Projections of authorization codes: pools, requests, and what became of each code."""

import sqlite3
from collections.abc import Iterable, Mapping

from gauger.adapters.storage.ledger.names import Names, join_words
from gauger.core.authority import authorization_rows as codes
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.identity import Udi


class AuthorizationProjector:
    """Applies the rows that concern authorization codes."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Work on a connection."""
        self._db = db
        self._names = names

    def pool(self, row: codes.AuthorizationsSet, _: int) -> None:
        """An account has so many authorizations of a licence to give out."""
        account = self._names.require_account(row.account)
        self._db.execute(
            "INSERT OR REPLACE INTO authorization_pools VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, row.tag, row.name, row.term, row.quantity, row.at, row.by),
        )

    def received(self, row: codes.AuthorizationReceived, source: int) -> None:
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

    def issued(self, row: codes.AuthorizationIssued, source: int) -> None:
        """A code was issued: its licences are taken from the pool."""
        instance = self._instance(row.udi, row.at)
        account = self._names.require_account(row.account)
        self._db.execute(
            "INSERT INTO authorizations (id, instance, epoch, code, account, document, state,"
            " issued_at, by) VALUES (?, ?, ?, ?, ?, ?, 'issued', ?, ?)",
            (source, instance, row.epoch, row.code, account, row.document, row.at, row.by),
        )
        self._licences(source, row.licences, dict(row.bundled))
        self._follow(instance)
        self._db.execute(
            "INSERT INTO state VALUES ('version', ?)"
            " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (row.order.version,),
        )

    def adopted(self, row: codes.AuthorizationAdopted, source: int) -> None:
        """A code of the factory is installed: it takes nothing from any pool."""
        instance = self._instance(row.udi, row.at)
        account = self._names.require_account(row.account)
        self._db.execute(
            "INSERT INTO authorizations (id, instance, epoch, code, account, document, state,"
            " issued_at, confirmed_at, origin) VALUES (?, ?, 0, ?, ?, ?, 'confirmed', ?, ?,"
            " 'factory')",
            (source, instance, row.code, account, row.document, row.issued_at, row.at),
        )
        own = {licence.tag: licence.count for licence in row.licences}
        self._licences(source, row.licences, own)
        self._follow(instance)

    def _licences(
        self, code: int, licences: Iterable[AuthorizedLicence], own: Mapping[str, int]
    ) -> None:
        self._db.executemany(
            "INSERT INTO authorized_licences VALUES (?, ?, ?, ?, ?, ?)",
            [
                (code, one.tag, one.name, one.count, one.term, own.get(one.tag, 0))
                for one in licences
            ],
        )

    def confirmed(self, row: codes.AuthorizationConfirmed, _: int) -> None:
        """A code is installed: those before it are gone, and what only they named is free."""
        instance = self._instance(row.udi, row.at)
        self._db.execute(
            "UPDATE authorizations SET state = 'confirmed', confirmed_at = ?"
            " WHERE instance = ? AND epoch = ? AND state = 'issued'",
            (row.at, instance, row.epoch),
        )
        self._db.execute(
            "UPDATE authorizations SET state = 'replaced', ended_at = ?"
            " WHERE instance = ? AND epoch < ? AND state IN ('issued', 'confirmed')",
            (row.at, instance, row.epoch),
        )
        self._follow(instance)

    def returned(self, row: codes.AuthorizationReturned, _: int) -> None:
        """A code was given back: no code up to the mark can be used any more."""
        instance = self._instance(row.udi, row.at)
        self._db.execute(
            "UPDATE authorizations SET state = 'returned', ended_at = ?, return_code = ?"
            " WHERE instance = ? AND epoch <= ? AND state IN ('issued', 'confirmed')",
            (row.at, row.return_code, instance, row.mark),
        )
        self._follow(instance)

    def misused(self, row: codes.AuthorizationMisused, _: int) -> None:
        """A code that was given back is in use."""
        self._db.execute(
            "UPDATE authorizations SET misused_at = ? WHERE instance = ? AND code = ?",
            (row.at, self._instance(row.udi, row.at), row.code),
        )

    def _instance(self, udi: Udi, at: int) -> int:
        return self._names.make_instance(udi, at)

    def _follow(self, instance: int) -> None:
        """Bring up to date what depends on the codes of a product instance."""
        # Whether one waits to be installed: most reports are spared a look-up.
        self._db.execute(
            "UPDATE instances SET authorization_due = EXISTS (SELECT 1 FROM authorizations"
            " WHERE instance = ?1 AND state IN ('issued', 'confirmed') AND state = 'issued')"
            " WHERE id = ?1",
            (instance,),
        )
        self._take(instance)

    def _take(self, instance: int) -> None:
        """Have a product instance take from the pools what its codes name now, and no more.

        Out with all of it and in again: it has few codes, however many its account has.
        """
        self._db.execute(
            "UPDATE authorizations_given SET given = given - s.taken FROM authorization_shares s"
            " WHERE s.instance = ? AND authorizations_given.account = s.account"
            " AND authorizations_given.tag = s.tag",
            (instance,),
        )
        self._db.execute("DELETE FROM authorization_shares WHERE instance = ?", (instance,))
        self._db.execute(
            # The most and not the sum: it uses one of its codes. Which one, nobody knows until it
            # shows a newer one or gives one back.
            "INSERT INTO authorization_shares SELECT c.instance, c.account, l.tag,"
            " max(l.count - l.bundled)"
            " FROM authorizations c JOIN authorized_licences l ON l.authorization = c.id"
            " WHERE c.instance = ? AND c.state IN ('issued', 'confirmed')"
            " GROUP BY c.account, l.tag",
            (instance,),
        )
        self._db.execute(
            "INSERT INTO authorizations_given SELECT account, tag, taken FROM authorization_shares"
            " WHERE instance = ? ON CONFLICT DO UPDATE SET given = given + excluded.given",
            (instance,),
        )
