"""Loads what the ledger holds about authorization codes."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import unpack
from gauger.adapters.storage.ledger.names import Names
from gauger.adapters.storage.ledger.requests import Requests, highest_counter, known_request
from gauger.core.authority.authorization import (
    Asked,
    AuthorizationFacts,
    CodeFacts,
    CodeState,
    PoolFacts,
    named_by,
)
from gauger.core.authority.authorization_rows import AuthorizationReceived
from gauger.core.authority.facts import InstanceFacts
from gauger.core.authority.rows import decode_row
from gauger.core.documents.authorization_code import (
    FACTORY_EPOCH,
    AuthorizationOrigin,
    AuthorizedLicence,
    HeldCode,
)
from gauger.core.documents.authorization_return import AuthorizationReturn
from gauger.core.identity import AccountRef, Digest, Udi

_TABLE: Final = Requests.AUTHORIZATION
_CODE: Final = (
    "SELECT c.id, c.code, c.epoch, a.domain, a.name, c.state, c.document, c.misused_at,"
    " c.origin"
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
            known=known_request(self._db, _TABLE, number, known),
            counter=highest_counter(self._db, _TABLE, number, asked.incarnation),
            named=None if held is None else self.code(asked.udi, held),
            highest=self.highest(asked.udi),
            covers=(
                isinstance(asked, AuthorizationReturn)
                and self.newest(asked.udi, until=asked.mark) is not None
            ),
            # Seldom asked: only the factory's codes have this epoch.
            factory=(
                self._factory(number)
                if held is not None and held.epoch == FACTORY_EPOCH
                else CodeState.CONFIRMED
            ),
        )

    def code(self, udi: Udi, held: HeldCode) -> CodeFacts | None:
        """Return a code that this ledger knows of a product instance, or None."""
        # By the epoch too, which leads straight to it: each report that shows a code asks.
        return self._one(
            f"{_CODE} WHERE c.instance = ? AND c.epoch = ? AND c.code = ?",
            self._names.instance(udi),
            held.epoch,
            held.code,
        )

    def newest(self, udi: Udi, until: int | None = None) -> CodeFacts | None:
        """Return the newest code that a product instance may use, up to an epoch, or None."""
        query = (
            f"{_CODE} WHERE c.instance = ? AND c.state IN ('issued', 'confirmed')"
            " AND c.epoch <= coalesce(?, c.epoch) ORDER BY c.epoch DESC LIMIT 1"
        )
        return self._one(query, self._names.instance(udi), until)

    def to_send(self, udi: Udi, account: AccountRef) -> CodeFacts | None:
        """Return the newest code in use that this ledger issued for an account, or None."""
        return self._one(
            f"{_CODE} WHERE c.instance = ? AND c.state IN ('issued', 'confirmed')"
            " AND c.origin = 'cssm' AND +c.account = ? ORDER BY c.epoch DESC LIMIT 1",
            self._names.instance(udi),
            self._names.account(account),
        )

    def own(self, udi: Udi) -> dict[str, AuthorizedLicence]:
        """Return what a product instance may use that came from the factory, by tag."""
        rows = self._db.execute(
            "SELECT l.tag, l.name, max(l.bundled), l.term FROM authorizations c"
            " JOIN authorized_licences l ON l.authorization = c.id WHERE c.instance = ?"
            " AND c.state IN ('issued', 'confirmed') AND l.bundled > 0 GROUP BY l.tag",
            (self._names.instance(udi),),
        )
        return {
            tag: AuthorizedLicence(tag=tag, name=name, count=count, term=term)
            for tag, name, count, term in rows
        }

    def highest(self, udi: Udi) -> int | None:
        """Return the highest authorization epoch that is known of a product instance, or None."""
        (epoch,) = self._db.execute(
            "SELECT max(coalesce(issued, shown), coalesce(shown, issued)) FROM (SELECT"
            " (SELECT max(epoch) FROM authorizations WHERE instance = ?1) AS issued,"
            # Of accepted ones only: a refused one must not drive the epochs up.
            " (SELECT max(mark) FROM authorization_requests"
            " WHERE instance = ?1 AND verdict = 'accepted') AS shown)",
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
        received = _received(row)
        return None if received is None else (received.document, received.digest)

    def proof_of(self, udi: Udi, code: str) -> str | None:
        """Return the text of the return by which a product instance gave a code back, or None."""
        row = self._db.execute(
            "SELECT l.kind, l.body FROM authorizations c JOIN authorization_requests r"
            " ON r.instance = c.instance AND r.return_code = c.return_code"
            " JOIN ledger l ON l.id = r.source"
            " WHERE c.instance = ? AND c.code = ? ORDER BY r.id DESC LIMIT 1",
            (self._names.instance(udi), code),
        ).fetchone()
        received = _received(row)
        return None if received is None else received.document

    def _factory(self, instance: int) -> CodeState | None:
        """Return what became of a code of the factory by what came later; None of a second one."""
        another, returned, followed = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM authorizations WHERE instance = ?1 AND epoch = 0),"
            " EXISTS (SELECT 1 FROM authorization_requests WHERE instance = ?1"
            " AND verdict = 'accepted' AND type = 'authorization-return'),"
            " EXISTS (SELECT 1 FROM authorizations WHERE instance = ?1 AND state != 'issued')",
            (instance,),
        ).fetchone()
        if another:
            return None
        # Every return gives back all codes up to its mark, and nothing is below the factory's.
        if returned:
            return CodeState.RETURNED
        return CodeState.REPLACED if followed else CodeState.CONFIRMED

    def _pool(self, account: int, tag: str, without: int | None) -> PoolFacts | None:
        row = self._db.execute(
            "SELECT p.name, p.term, p.quantity, coalesce(g.given, 0) - coalesce(s.taken, 0)"
            " FROM authorization_pools p"
            " LEFT JOIN authorizations_given g ON g.account = p.account AND g.tag = p.tag"
            " LEFT JOIN authorization_shares s"
            " ON s.instance = ? AND s.account = p.account AND s.tag = p.tag"
            " WHERE p.account = ? AND p.tag = ?",
            (without, account, tag),
        ).fetchone()
        if row is None:
            return None
        name, term, quantity, others = row
        return PoolFacts(tag=tag, name=name, term=term, quantity=quantity, others=others)

    def _one(self, query: str, *values: object) -> CodeFacts | None:
        row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
        if row is None:
            return None
        number, code, epoch, domain, name, state, document, misused_at, origin = row
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
            origin=AuthorizationOrigin(origin),
        )


def _received(row: tuple[Any, ...] | None) -> AuthorizationReceived | None:
    received = None if row is None else decode_row(row[0], unpack(row[1]))
    return received if isinstance(received, AuthorizationReceived) else None
