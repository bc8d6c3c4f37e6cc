"""When the stores of product instances were alive: one row for each incarnation."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from gauger.core.authority.facts import MOST_LIVES

_COLUMNS: Final = (
    "incarnation, id, first_closed, last_closed, first_measured, last_measured, began, head_page"
)

REMEMBERED: Final = 20_000
"""Product instances whose rows are held in memory; then all are forgotten, and read again."""


@dataclass(slots=True)
class LifeRow:
    """A life as it is stored; the fields are the columns of the table."""

    id: int
    first_closed: int
    last_closed: int
    first_measured: int | None
    last_measured: int | None
    began: int
    head_page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What one report tells of the life of its store.

    Attributes:
        incarnation: Id of the store.
        page: The page that the report stands in.
        closed_at: When it was closed, epoch seconds.
        starts: Where its first measurement begins; null where no clock was set.
        ends: Where its last one ends; null likewise.
        head_page: Page of this ledger whose head its sender held, or null.
    """

    incarnation: str
    page: int
    closed_at: int
    starts: int | None
    ends: int | None
    head_page: int | None


class Lives:
    """Reads and writes lives on the one connection that writes; so what it wrote it knows."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a connection."""
        self._db = db
        self._known: dict[int, dict[str, LifeRow]] = {}

    def forget(self) -> None:
        """Forget everything: a transaction was rolled back."""
        self._known.clear()

    def of(self, instance: int) -> dict[str, LifeRow]:
        """Return the newest lives of a product instance by incarnation, in the order of their rows.

        Not all: one with a stolen key may begin another with each report, and each report would
        then be compared with every one before it.
        """
        # By instance and not by incarnation: a judge asks for the lives of a device, to see a
        # clone.
        known = self._known.get(instance)
        if known is None:
            # All at once: to know the oldest would cost each report more than to read some rows
            # again.
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._db.execute(
                # By the row's number, and not in its order (`+`): that would look through the rows
                # of everybody else.
                f"SELECT {_COLUMNS} FROM lives WHERE instance = ? ORDER BY +id DESC LIMIT ?",  # noqa: S608 -- constants only
                (instance, MOST_LIVES),
            ).fetchall()
            # In the order of their rows, as they are after a replay: the outcome must not hang on
            # memory.
            known = self._known[instance] = {row[0]: LifeRow(*row[1:]) for row in reversed(found)}
        return known

    def one(self, instance: int, incarnation: str) -> LifeRow | None:
        """Return one life of a product instance, however old; None where it is not known."""
        lives = self.of(instance)
        life = lives.get(incarnation)
        # Where there is room left, these are all that there are.
        if life is not None or len(lives) < MOST_LIVES:
            return life
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM lives WHERE instance = ? AND incarnation = ?",  # noqa: S608 -- constants only
            (instance, incarnation),
        ).fetchone()
        return None if row is None else LifeRow(*row[1:])

    def note(self, instance: int, sign: Sign) -> int:
        """Note that a store was alive; return the number of its life."""
        life = self.one(instance, sign.incarnation)
        if life is None:
            life = self._begin(instance, sign)
            lives = self.of(instance)
            lives[sign.incarnation] = life
            if len(lives) > MOST_LIVES:
                del lives[next(iter(lives))]
            return life.id
        # In memory before it is stored: where the store fails, the rollback forgets all of this.
        life.first_closed = min(life.first_closed, sign.closed_at)
        life.last_closed = max(life.last_closed, sign.closed_at)
        life.first_measured = _least(life.first_measured, sign.starts)
        life.last_measured = _most(life.last_measured, sign.ends)
        life.head_page = _most(life.head_page, sign.head_page)
        self._db.execute(
            "UPDATE lives SET first_closed = ?, last_closed = ?, first_measured = ?,"
            " last_measured = ?, head_page = ? WHERE id = ?",
            (
                life.first_closed,
                life.last_closed,
                life.first_measured,
                life.last_measured,
                life.head_page,
                life.id,
            ),
        )
        return life.id

    def _begin(self, instance: int, sign: Sign) -> LifeRow:
        cursor = self._db.execute(
            "INSERT INTO lives (first_closed, last_closed, first_measured, last_measured,"
            " head_page, instance, incarnation, began) VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                sign.closed_at,
                sign.starts,
                sign.ends,
                sign.head_page,
                instance,
                sign.incarnation,
                sign.page,
            ),
        )
        return LifeRow(
            int(cursor.lastrowid or 0),
            sign.closed_at,
            sign.closed_at,
            sign.starts,
            sign.ends,
            sign.page,
            sign.head_page,
        )


# A store without a clock tells no time: that is no news, and never takes back what is known.
def _least(held: int | None, told: int | None) -> int | None:
    if held is None or told is None:
        return told if held is None else held
    return min(held, told)


def _most(held: int | None, told: int | None) -> int | None:
    if held is None or told is None:
        return told if held is None else held
    return max(held, told)
