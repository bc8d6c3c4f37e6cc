"""What the ledger holds about requests of one kind: trust requests, or authorization requests."""

import sqlite3
from enum import StrEnum
from typing import Final

from gauger.adapters.storage.ledger.names import account_named, split_words
from gauger.core.authority.facts import KnownRequest
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import Digest

_KNOWN: Final = "SELECT r.verdict, r.code, r.detail, r.flags, a.domain, a.name FROM"
_HIGHEST: Final = "SELECT max(counter) FROM"


class Requests(StrEnum):
    """The tables of requests, which agree in the columns that are read here."""

    TRUST = "trust_requests"
    AUTHORIZATION = "authorization_requests"


def known_request(
    db: sqlite3.Connection, table: Requests, instance: int | None, known: Digest
) -> KnownRequest | None:
    """Return a request of a product instance by its digest, or None.

    No product instance, which is None here as in the tables, has none.
    """
    row = db.execute(
        f"{_KNOWN} {table} r LEFT JOIN accounts a ON a.id = r.account"
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


def highest_counter(
    db: sqlite3.Connection, table: Requests, instance: int | None, incarnation: str
) -> int | None:
    """Return the highest counter accepted of a store of a product instance, or None."""
    (counter,) = db.execute(
        # Only accepted ones: a refused request with a huge counter would lock the device out.
        f"{_HIGHEST} {table} WHERE instance = ? AND incarnation = ? AND verdict = 'accepted'",
        (instance, incarnation),
    ).fetchone()
    return None if counter is None else int(counter)
