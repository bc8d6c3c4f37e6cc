"""Loads what the ledger holds about authorization codes."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from gauger.adapters.storage.ledger.connection import unpack
from gauger.adapters.storage.ledger.names import Names, account_named, split_words
from gauger.core.authority.authorization import (
    Asked,
    AuthorizationFacts,
    CodeFacts,
    CodeState,
    PoolFacts,
    named_by,
)
from gauger.core.authority.facts import InstanceFacts, KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.authority.rows import AuthorizationReceived, decode_row
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.identity import AccountRef, Digest, Udi

_CODE = (
    "SELECT c.id, c.code, c.epoch, a.domain, a.name, c.state, c.document, c.misused_at"
    " FROM authorizations c JOIN accounts a ON a.id = c.account"
)


class Authorizations:
    """Loads facts about authorization codes from one connection."""

    def __init__(
        self,
        db: sqlite3.Connection,
        names: Names,
        instance: Callable[[Udi], InstanceFacts | None],
    ) -> None:
        """Work on the connection that writes; ``instance`` tells of a product instance."""
        self._db = db
        self._names = names
        self._facts_of = instance

    def facts(self, asked: Asked, known: Digest) -> AuthorizationFacts:
        """Return what an authorization request or return is judged against.

        Args:
            asked: What it says.
            known: Its digest.
        """
        number = self._names.instance(asked.udi)
        if number is None:
            return AuthorizationFacts()
        held = named_by(asked)
        return AuthorizationFacts(
            instance=self._facts_of(asked.udi),
            known=self._known(number, known),
            counter=self._counter(number, asked.incarnation),
            named=None if held is None else self.code(asked.udi, held.code),
            highest=self.highest(asked.udi),
        )

    def code(self, udi: Udi, code: str) -> CodeFacts | None:
        """Return a code that this ledger issued for a product instance, or None."""
        number = self._names.instance(udi)
        return self._one(f"{_CODE} WHERE c.instance = ? AND c.code = ?", number, code)

    def newest(self, udi: Udi, until: int | None = None) -> CodeFacts | None:
        """Return the newest code that a product instance may use, up to an epoch, or None."""
        query = (
            f"{_CODE} WHERE c.instance = ? AND c.state IN ('issued', 'confirmed')"
            " AND c.epoch <= coalesce(?, c.epoch) ORDER BY c.epoch DESC LIMIT 1"
        )
        return self._one(query, self._names.instance(udi), until)

    def highest(self, udi: Udi) -> int | None:
        """Return the highest authorization epoch that is known of a product instance, or None."""
        (epoch,) = self._db.execute(
            "SELECT max(epoch) FROM (SELECT epoch FROM authorizations WHERE instance = ?1"
            # Of accepted ones only: a refused one must not drive the epochs up.
            " UNION ALL SELECT mark FROM authorization_requests"
            " WHERE instance = ?1 AND verdict = 'accepted')",
            (self._names.instance(udi),),
        ).fetchone()
        return None if epoch is None else int(epoch)

    def pools(
        self, account: AccountRef, tags: Iterable[str], without: Udi | None = None
    ) -> dict[str, PoolFacts]:
        """Return what an account has to give out of some licences.

        Args:
            account: The account.
            tags: Entitlement tags; one of which it has none is left out.
            without: A product instance whose own share is not counted, or None.
        """
        number = self._names.require_account(account)
        instance = None if without is None else self._names.instance(without)
        found = (self._pool(number, tag, instance) for tag in tags)
        return {one.tag: one for one in found if one is not None}

    def signed_return(self, udi: Udi, return_code: str) -> tuple[str, Digest] | None:
        """Return text and digest of a return that a product instance signed, or None."""
        row = self._db.execute(
            "SELECT l.kind, l.body FROM authorization_requests r JOIN ledger l ON l.id = r.source"
            " WHERE r.instance = ? AND r.return_code = ? ORDER BY r.id DESC LIMIT 1",
            (self._names.instance(udi), return_code),
        ).fetchone()
        if row is None:
            return None
        received = decode_row(row[0], unpack(row[1]))
        if not isinstance(received, AuthorizationReceived):
            return None
        return received.document, received.digest

    def _pool(self, account: int, tag: str, without: int | None) -> PoolFacts | None:
        row = self._db.execute(
            "SELECT name, term, quantity FROM authorization_pools WHERE account = ? AND tag = ?",
            (account, tag),
        ).fetchone()
        if row is None:
            return None
        (others,) = self._db.execute(
            # The most of each product instance, not the sum: it uses one of its codes. Which one,
            # nobody knows until it shows a newer one or gives one back.
            "SELECT coalesce(sum(most), 0) FROM (SELECT max(l.count) AS most"
            " FROM authorizations c JOIN authorized_licences l ON l.authorization = c.id"
            " WHERE c.account = ? AND c.state IN ('issued', 'confirmed') AND l.tag = ?"
            " AND c.instance IS NOT ? GROUP BY c.instance)",
            (account, tag, without),
        ).fetchone()
        return PoolFacts(tag=tag, name=row[0], term=row[1], quantity=row[2], others=others)

    def _one(self, query: str, *values: object) -> CodeFacts | None:
        row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
        if row is None:
            return None
        number, code, epoch, domain, name, state, document, misused_at = row
        licences = self._db.execute(
            "SELECT tag, name, count, term FROM authorized_licences WHERE authorization = ?"
            " ORDER BY tag",
            (number,),
        )
        return CodeFacts(
            code=code,
            epoch=epoch,
            account=AccountRef(domain, name),
            state=CodeState(state),
            licences=tuple(
                AuthorizedLicence(tag=tag, name=name, count=count, term=term)
                for tag, name, count, term in licences
            ),
            document=Digest(document),
            misused=misused_at is not None,
        )

    def _known(self, instance: int, known: Digest) -> KnownRequest | None:
        row = self._db.execute(
            "SELECT r.verdict, r.code, r.detail, r.flags, a.domain, a.name"
            " FROM authorization_requests r LEFT JOIN accounts a ON a.id = r.account"
            " WHERE r.instance = ? AND r.digest = ?",
            (instance, known),
        ).fetchone()
        if row is None:
            return None
        verdict, code, detail, flags, domain, name = row
        return KnownRequest(
            digest=known,
            verdict=Verdict(verdict),
            code=code,
            detail=detail,
            flags=split_words(flags),
            account=account_named(domain, name),
        )

    def _counter(self, instance: int, incarnation: str) -> int | None:
        (counter,) = self._db.execute(
            "SELECT max(counter) FROM authorization_requests"
            # Only accepted ones: a refused request with a huge counter would lock the device out.
            " WHERE instance = ? AND incarnation = ? AND verdict = 'accepted'",
            (instance, incarnation),
        ).fetchone()
        return None if counter is None else int(counter)
