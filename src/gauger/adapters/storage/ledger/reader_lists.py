"""Lists with filters: each filter has its index, so that one that nothing matches reads nothing.

Conditions are put together from constants; what people ask for are values beside them.
"""

import heapq
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from gauger.adapters.storage.ledger import reader_rows as shapes
from gauger.adapters.storage.ledger.names import Names
from gauger.core.authority.outcomes import Verdict
from gauger.core.identity import AccountRef, Udi

_NOBODY: Final = -1  # the id of an account that is not there
_SPARSE: Final = 2000  # hits of a search that are sorted; where there are more, some are near
_AFTER_ALL: Final = "\U0010ffff"
_GAP: Final = (
    "SELECT g.id, i.pid, i.serial, a.domain, a.name, g.digest, g.named_by, g.since, g.alerted_at"
)
_BEGINS: Final = " UNION ".join(
    # Each half stops where the hits are too many: a union would read all of them first.
    f"SELECT id FROM (SELECT id FROM instances WHERE {column} COLLATE NOCASE >= ?1"  # noqa: S608 -- constants only
    f" AND {column} COLLATE NOCASE < ?2 LIMIT ?3)"
    for column in ("serial", "pid")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which product instances: by the beginning of a name, silent ones only, from where on."""

    search: str
    silent: bool
    after: int
    limit: int


class Lists:
    """Reads pages of lists on one connection."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        """Read from a connection."""
        self._db = db
        self._names = names

    def _all(self, query: str, *values: object) -> list[shapes.Row]:
        return self._db.execute(query, values).fetchall()

    def _number(self, account: AccountRef | None) -> int | None:
        return None if account is None else self._names.account(account) or _NOBODY

    def instances(
        self,
        account: AccountRef | None,
        smart_account: str | None,
        asked: InstanceFilter,
    ) -> Sequence[shapes.Row]:
        """Return product instances, of an account, a Smart Account or all."""
        number = self._number(account)
        if number is None and smart_account is not None:
            # One walk for each account, merged: together they would have to be sorted first.
            query = "SELECT id FROM accounts WHERE domain = ?"
            own = [row[0] for row in self._all(query, smart_account)]
            walks = [self._instances(one, asked) for one in own]
            return list(heapq.merge(*walks, key=itemgetter(0)))[: asked.limit]
        return self._instances(number, asked)

    def _instances(self, account: int | None, asked: InstanceFilter) -> list[shapes.Row]:
        conditions, values = ["i.id > ?"], list[object]((asked.after,))
        if account is not None:
            conditions.append("i.account = ?")
            values.append(account)
        if asked.silent:
            conditions.append("i.silent_since IS NOT NULL")
        if asked.search:
            condition, sought = self._matches(asked.search)
            conditions.append(condition)
            values.extend(sought)
        return self._all(
            f"SELECT {shapes.INSTANCE} FROM instances i LEFT JOIN accounts a ON a.id = i.account"  # noqa: S608 -- constants only
            f" WHERE {' AND '.join(conditions)} ORDER BY i.id LIMIT ?",
            *values,
            asked.limit,
        )

    def _matches(self, search: str) -> tuple[str, Sequence[object]]:
        """Return the condition of a search: few hits by index, many by walking past them."""
        hits = self._all(_BEGINS, search, search + _AFTER_ALL, _SPARSE + 1)
        if len(hits) <= _SPARSE:
            marks = ", ".join("?" * len(hits))
            return f"i.id IN ({marks})", [row[0] for row in hits]
        # What a person types is taken by its letters: `%` would match everything.
        escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        condition = "(i.serial LIKE ? ESCAPE '!' OR i.pid LIKE ? ESCAPE '!')"
        return condition, [f"{escaped}%"] * 2

    def reports(
        self,
        account: AccountRef | None,
        udi: Udi | None,
        verdict: str | None,
        *,
        after: int,
        limit: int,
    ) -> Sequence[shapes.Row]:
        """Return reports in order of arrival."""
        conditions, values = ["r.id > ?"], list[object]((after,))
        # A device has few reports beside those of an account or verdict: with it, begin there.
        free = "" if udi is None else "+"
        if account is not None:
            conditions.append(f"{free}r.account = ?")
            values.append(self._number(account))
        if verdict is not None:
            conditions.append(f"{free}r.verdict = ?")
            values.append(verdict)
            if verdict != Verdict.ACCEPTED:
                conditions.append("r.verdict <> 'accepted'")  # says that the partial index will do
        if udi is not None:
            conditions.append("i.serial = ? AND i.pid = ?")
            values.extend((udi.serial, udi.pid))
        return self._all(
            f"SELECT {shapes.REPORT} FROM {shapes.REPORT_TABLES}"  # noqa: S608 -- constants only
            f" WHERE {' AND '.join(conditions)} ORDER BY r.id LIMIT ?",
            *values,
            limit,
        )

    def cases(
        self, account: AccountRef | None, state: str | None, *, after: int, limit: int
    ) -> Sequence[shapes.Row]:
        """Return quarantine cases by number."""
        conditions, values = ["c.id > ?"], list[object]((after,))
        for condition, value in (("c.account = ?", self._number(account)), ("c.state = ?", state)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        return self._all(
            f"SELECT {shapes.CASE} FROM {shapes.CASE_TABLES}"  # noqa: S608 -- constants only
            f" WHERE {' AND '.join(conditions)} ORDER BY c.id LIMIT ?",
            *values,
            limit,
        )

    def gaps(
        self,
        account: AccountRef | None,
        since: int | None,
        *,
        overdue: bool,
        after: int,
        limit: int,
    ) -> Sequence[shapes.Row]:
        """Return missing reports; `LedgerReader.gaps`."""
        conditions = ["g.closed_at IS NULL", "g.id > ?"]
        values: list[object] = [after]
        if account is not None:
            conditions.append("i.account = ? AND i.gaps > 0")  # begins with devices that miss one
            values.append(self._number(account))
        if since is not None:
            conditions.append("g.since < ?")
            values.append(since)
        if overdue:
            conditions.append("g.alerted_at IS NOT NULL")
        return self._all(
            f"{_GAP} FROM gaps g JOIN instances i ON i.id = g.instance"
            f" LEFT JOIN accounts a ON a.id = i.account WHERE {' AND '.join(conditions)}"
            " ORDER BY g.id LIMIT ?",
            *values,
            limit,
        )
