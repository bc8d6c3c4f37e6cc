"""Lists of authorization codes, and of what accounts have to give out."""

import sqlite3
from typing import Any, Final

from gauger.adapters.storage.ledger.names import Names
from gauger.authority.ports.views import AuthorizationRow, PoolRow
from gauger.core.documents.authorization_code import AuthorizedLicence
from gauger.core.identity import AccountRef, Digest, Udi

_CODES: Final = (
    "SELECT c.id, i.pid, i.serial, a.domain, a.name, c.code, c.epoch, c.state, c.document,"
    " c.issued_at, c.confirmed_at, c.ended_at, c.return_code, c.misused_at, c.by, c.origin"
    " FROM authorizations c JOIN instances i ON i.id = c.instance"
    " JOIN accounts a ON a.id = c.account"
)


class AuthorizationLists:
    """Reads authorization codes on one connection."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Read from a connection."""
        self._db = db
        self._names = names

    def pools(self, account: AccountRef, *, after: str, limit: int) -> list[PoolRow]:
        """Return what an account has to give out, by entitlement tag."""
        rows = self._db.execute(
            "SELECT p.tag, p.name, p.term, p.quantity, coalesce(g.given, 0), p.set_at, p.by"
            " FROM authorization_pools p"
            " LEFT JOIN authorizations_given g ON g.account = p.account AND g.tag = p.tag"
            " WHERE p.account = ? AND p.tag > ? ORDER BY p.tag LIMIT ?",
            (self._names.account(account), after, limit),
        )
        return [_pool(account, row) for row in rows]

    def codes(
        self, account: AccountRef, udi: Udi | None, *, after: int, limit: int
    ) -> list[AuthorizationRow]:
        """Return the codes of an account, of one product instance or of all, oldest first."""
        number = self._names.account(account)
        if udi is None:
            query = f"{_CODES} WHERE c.account = ? AND c.id > ? ORDER BY c.id LIMIT ?"
            rows = self._db.execute(query, (number, after, limit)).fetchall()
        else:
            # Plus: by the product instance's few codes, not past all of the account's.
            query = (
                f"{_CODES} WHERE c.instance = ? AND +c.account = ? AND c.id > ?"
                " ORDER BY c.id LIMIT ?"
            )
            given = (self._names.instance(udi), number, after, limit)
            rows = self._db.execute(query, given).fetchall()
        return [self._code(row) for row in rows]

    def _code(self, row: tuple[Any, ...]) -> AuthorizationRow:
        number, pid, serial, domain, name, code, epoch, state, document, *rest = row
        issued_at, confirmed_at, ended_at, return_code, misused_at, by, origin = rest
        licences = self._db.execute(
            "SELECT tag, name, count, term FROM authorized_licences WHERE authorization = ?"
            " ORDER BY tag",
            (number,),
        )
        return AuthorizationRow(
            authorization_id=number,
            account=AccountRef(domain, name),
            udi=Udi(pid, serial),
            code=code,
            epoch=epoch,
            origin=origin,
            state=state,
            document=Digest(document),
            licences=tuple(
                AuthorizedLicence(tag=tag, name=name, count=count, term=term)
                for tag, name, count, term in licences
            ),
            issued_at=issued_at,
            confirmed_at=confirmed_at,
            ended_at=ended_at,
            return_code=return_code,
            misused_at=misused_at,
            by=by,
        )


def _pool(account: AccountRef, row: tuple[Any, ...]) -> PoolRow:
    tag, name, term, quantity, given, set_at, by = row
    return PoolRow(
        account=account,
        tag=tag,
        name=name,
        term=term,
        quantity=quantity,
        given=given,
        set_at=set_at,
        by=by,
    )
