"""Explains the SQLite files: a portal's ledger, a product instance's store, and others."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gauger.adapters.keys.identity import read_facts
from gauger.adapters.storage import instance_sqlite
from gauger.adapters.storage.instance_read import connect_to_read
from gauger.adapters.storage.ledger import connection as ledger
from gauger.core.problems import Problem
from gauger.tools.explain_report import udi_text
from gauger.tools.finding import Finding, counted, date_text, unknown

MAGIC: Final = b"SQLite format 3\x00"
"""What every file of SQLite begins with."""

_JOURNAL_BYTE: Final = 18
_NAMED: Final = 10
_ACCOUNTS: Final = 20

Facts = Iterator[tuple[str, str]]


def explain_store(path: Path, start: bytes) -> Finding:
    """Explain a SQLite file without changing what it holds.

    Args:
        path: The file.
        start: Its first bytes.

    Returns:
        What it holds; with a problem where it cannot be read or is of another release.
    """
    try:
        # Alone, so that a look leaves no file behind. A portal at work has a log, and then the
        # ordinary way is taken.
        with closing(connect_to_read(path, alone=True)) as db, instance_sqlite.named_errors():
            return _explain(db, path, is_copy=start[_JOURNAL_BYTE : _JOURNAL_BYTE + 1] != b"\x02")
    except Problem as problem:
        return Finding(title="Store that cannot be read", problem=problem)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        # A damaged page may give a value of any kind where a number or a head should stand.
        damage = Problem("store-damaged", f"{path} holds what cannot be read: {error}.")
        return Finding(title="Store that cannot be read", problem=damage)


def _explain(db: sqlite3.Connection, path: Path, *, is_copy: bool) -> Finding:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for marks, explain in _KINDS.items():
        if marks <= tables:
            return explain(db, path, is_copy)
    names = ", ".join(sorted(tables)[:_NAMED]) or "none"
    return unknown(f"a SQLite database of another program; its tables: {names}")


def _explain_portal(db: sqlite3.Connection, path: Path, is_copy: bool) -> Finding:  # noqa: FBT001 -- one of a table of functions
    title = "Backup of a portal's ledger" if is_copy else "Store of a portal, with its ledger"
    schema = _schema(ledger.schema_version(db), ledger.SCHEMA_VERSION)
    if schema.problem is not None:
        return replace(schema, title=title)
    check = f"Prove it whole: `gauger fsck --data {path}`."
    step = f"Make a portal of it with `gauger cssm restore`. {check}" if is_copy else check
    facts = (*_ledger_facts(db), *_people_facts(db), *schema.facts)
    return Finding(title=title, facts=facts, next_steps=(step,))


def _schema(held: int, known: int) -> Finding:
    """Tell the schema of a store; with a problem where a newer release wrote it."""
    # Not looked at any further: columns of a newer release may mean something else.
    if held > known:
        detail = f"It has schema {held}; this release knows {known}."
        return Finding(title="", problem=Problem("store-newer", detail))
    older = "" if held == known else f"; the next start brings it to {known}"
    return Finding(title="", facts=(("Schema", f"{held}{older}"),))


def _ledger_facts(db: sqlite3.Connection) -> Facts:
    heads = db.execute("SELECT page, body FROM heads ORDER BY page DESC LIMIT 1").fetchall()
    # None at first: a portal whose `init` was cut off has tables and no page.
    for page, body in heads:
        head = json.loads(body)
        yield "Whose", f"ledger {head.get('ledger', 'without a name')}"
        yield "Pages", f"{page + 1}, the newest of {date_text(int(head.get('issued_at', 0)))}"
    count = _counter(db)
    yield "Accounts", str(count("accounts"))
    for domain, name, instances in db.execute(
        "SELECT domain, name, instances FROM accounts ORDER BY id LIMIT ?", (_ACCOUNTS,)
    ):
        yield "", f"{domain}/{name}: {counted(instances, 'product instance', 'product instances')}"
    yield "Reports", str(count("reports"))
    query = "SELECT verdict, count(*) FROM reports GROUP BY verdict ORDER BY verdict"
    for verdict, number in db.execute(query):
        yield "", f"{number} {verdict}"
    yield (
        "Licences",
        f"{count('order_lines')} bought, by {counted(count('orders'), 'order', 'orders')}",
    )
    (cases,) = db.execute("SELECT count(*) FROM cases WHERE state = 'open'").fetchone()
    (gaps,) = db.execute("SELECT count(*) FROM gaps WHERE closed_at IS NULL").fetchone()
    yield "Open", f"{counted(cases, 'case', 'cases')}, {counted(gaps, 'gap', 'gaps')}"


def _people_facts(db: sqlite3.Connection) -> Facts:
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'portal_users'"
    # A ledger alone, without the tables of a portal's people and uploads.
    if db.execute(query).fetchone() is None:
        return
    count = _counter(db)
    # Only hashes of passwords and secrets stand in it; not even those are told.
    yield (
        "People",
        f"{counted(count('portal_users'), 'user', 'users')}, {counted(count('portal_clients'), 'API client', 'API clients')}",
    )
    yield "Uploads", counted(count("portal_jobs"), "job", "jobs")


def _counter(db: sqlite3.Connection) -> Callable[[str], int]:
    def count(table: str) -> int:
        (number,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 -- constants only
        return int(number)

    return count


def _explain_instance(db: sqlite3.Connection, path: Path, _is_copy: bool) -> Finding:  # noqa: FBT001 -- one of a table of functions
    title = "Store of a product instance"
    (held,) = db.execute("PRAGMA user_version").fetchone()
    schema = _schema(held, instance_sqlite.SCHEMA_VERSION)
    if schema.problem is not None:
        return replace(schema, title=title)
    facts = (*_owner_facts(path), *_instance_facts(db), *schema.facts)
    step = f"Prove it whole: `gauger fsck --data {path.parent}`. No other tool should open it."
    return Finding(title=title, facts=facts, next_steps=(step,))


def _owner_facts(path: Path) -> Facts:
    try:
        # Beside the store, since the store itself is sealed: taken for what it is, a name on a box.
        udi, profile = read_facts(path.parent)
    except Problem:
        yield "Whose", "not told: its content is sealed, and there is no identity beside it"
        return
    yield "Whose", f"{udi_text(udi)}, by the identity beside it"
    yield "Product", profile.title


def _instance_facts(db: sqlite3.Connection) -> Facts:
    for (incarnation,) in db.execute("SELECT incarnation FROM meta"):
        yield "Incarnation", str(incarnation)
    count = _counter(db)
    yield "Reports", str(count("report"))
    for state, number in db.execute("SELECT state, count(*) FROM report GROUP BY state"):
        yield "", f"{number} {state}"
    (acked,) = db.execute("SELECT count(*) FROM report WHERE acked_at IS NOT NULL").fetchone()
    yield "With ACK", str(acked)
    yield "Events", str(count("event"))
    yield "Sealed", "everything else: it opens with the key in its key folder only"


_KINDS: Final[Mapping[frozenset[str], Callable[[sqlite3.Connection, Path, bool], Finding]]] = (
    MappingProxyType(
        {
            frozenset({"ledger_schema"}): _explain_portal,
            frozenset({"meta", "record", "report", "item", "event"}): _explain_instance,
        }
    )
)
