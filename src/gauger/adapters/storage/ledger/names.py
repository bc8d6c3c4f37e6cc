"""Small numbers for long names: accounts, product instances, entitlement tags."""

import sqlite3
from functools import lru_cache
from typing import Final

from gauger.core.identity import AccountRef, Udi
from gauger.core.problems import Problem

_REMEMBERED: Final = 50_000


class Names:
    """Looks up the numbers of names, and remembers those that never change.

    Those of the open transaction are remembered too, so a rollback must be followed by `forget`.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a connection."""
        self._db = db
        self._accounts: dict[AccountRef, int] = {}
        self._tags: dict[str, int] = {}
        self._instances: dict[tuple[str, str, int], int] = {}
        self._sold: dict[str, bool] = {}

    def forget(self) -> None:
        """Forget everything: a transaction was rolled back."""
        self._accounts.clear()
        self._tags.clear()
        self._instances.clear()
        self._sold.clear()

    def is_sold(self, tag: str) -> bool:
        """Tell whether any order has a licence of this entitlement tag."""
        sold = self._sold.get(tag)
        if sold is None:
            query = "SELECT 1 FROM tags WHERE tag = ? AND name IS NOT NULL"
            sold = self._db.execute(query, (tag,)).fetchone() is not None
            # Tags are the sender's to choose: beyond the cap nothing more is remembered.
            if len(self._sold) < _REMEMBERED:
                self._sold[tag] = sold
        return sold

    def name_tag(self, tag: str, name: str) -> int:
        """Give an entitlement tag the name that an order has for it; return its number."""
        number = self.tag(tag)
        self._db.execute("UPDATE tags SET name = ? WHERE id = ?", (name, number))
        # It may be remembered as not sold: its reports would carry that flag until the next start.
        self._sold.pop(tag, None)
        return number

    def account(self, account: AccountRef) -> int | None:
        """Return the number of a Virtual Account, or None."""
        number = self._accounts.get(account)
        if number is None:
            row = self._db.execute(
                "SELECT id FROM accounts WHERE domain = ? AND name = ?",
                (account.smart_account, account.virtual_account),
            ).fetchone()
            if row is None:
                return None
            number = int(row[0])
            if len(self._accounts) < _REMEMBERED:
                self._accounts[account] = number
        return number

    def require_account(self, account: AccountRef) -> int:
        """Return the number of a Virtual Account that must exist.

        Raises:
            Problem: ``store-damaged``: a row names an account that no earlier row opened.
        """
        number = self.account(account)
        if number is None:
            raise Problem("store-damaged", f"A row names the account {account}, never opened.")
        return number

    def tag(self, tag: str) -> int:
        """Return the number of an entitlement tag; a new one gets the next."""
        number = self._tags.get(tag)
        if number is None:
            self._db.execute("INSERT OR IGNORE INTO tags (tag) VALUES (?)", (tag,))
            # Asked for and not taken from the insert: where the tag was there, nothing was
            # inserted.
            row = self._db.execute("SELECT id FROM tags WHERE tag = ?", (tag,)).fetchone()
            number = int(row[0])
            if len(self._tags) < _REMEMBERED:
                self._tags[tag] = number
        return number

    def instance(self, udi: Udi, home: int = 0) -> int | None:
        """Return the number of a product instance, or None.

        Args:
            udi: Which one.
            home: 0 for the one that verified; else the account in which something claims to be it.
        """
        # With its home: what merely claims to be a device must never get that device's number.
        key = (udi.serial, udi.pid, home)
        number = self._instances.get(key)
        if number is None:
            row = self._db.execute(
                "SELECT id FROM instances WHERE serial = ? AND pid = ? AND home = ?", key
            ).fetchone()
            if row is None:
                return None
            number = int(row[0])
            if len(self._instances) < _REMEMBERED:
                self._instances[key] = number
        return number

    def make_instance(self, udi: Udi, at: int, home: int = 0) -> int:
        """Return the number of a product instance; one never seen gets the next."""
        number = self.instance(udi, home)
        if number is None:
            cursor = self._db.execute(
                "INSERT INTO instances (pid, serial, home, first_seen_at) VALUES (?, ?, ?, ?)",
                (udi.pid, udi.serial, home, at),
            )
            number = int(cursor.lastrowid or 0)
        return number


@lru_cache(maxsize=4096)
def account_named(domain: str | None, name: str | None) -> AccountRef | None:
    """Return the account of two columns, or None where the row is of no account.

    Each is checked once, and then is what thousands of rows are of.
    """
    return None if domain is None or name is None else AccountRef(domain, name)


def join_udis(udis: tuple[Udi, ...]) -> str:
    """Return UDIs as one text; neither part of a UDI holds a comma or blank."""
    return " ".join(f"{udi.pid},{udi.serial}" for udi in udis)


def split_udis(text: str) -> tuple[Udi, ...]:
    """Return the UDIs of a text that `join_udis` made."""
    pairs = (item.split(",", 1) for item in text.split())
    return tuple(Udi(pid, serial) for pid, serial in pairs)


def join_words(words: tuple[str, ...]) -> str:
    """Return flags or pipes as one text; none of them holds a blank."""
    return " ".join(words)


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text that `join_words` made."""
    return tuple(text.split())
