"""Compares the schema of a store's file with the one that this release makes."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from gauger.core.problems import Problem


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file's schema says.

    Attributes:
        columns: Columns of each table, in order.
        texts: Table and definition of every table, index and trigger, by kind and name.
    """

    columns: dict[str, tuple[str, ...]]
    texts: dict[str, str]


def read_shape(db: sqlite3.Connection, schema: str = "main") -> Shape:
    """Read the shape of a database.

    Args:
        db: A connection.
        schema: Its name there: ``main``, or that of an attached one.
    """
    query = f"SELECT type, name, tbl_name, sql FROM {schema}.sqlite_schema"  # noqa: S608 -- constants only
    found = db.execute(query).fetchall()
    tables = [name for kind, name, _, _ in found if kind == "table"]
    return Shape(
        columns={name: _columns(db, schema, name) for name in tables},
        # SQLite compares names without their case, so a flipped one would work on unnoticed. What
        # SQLite makes by itself (`sqlite_autoindex_…`) has no text, but a table it belongs to.
        texts={f"{kind} {name}": f"{table} {text}" for kind, name, table, text in found},
    )


def _columns(db: sqlite3.Connection, schema: str, table: str) -> tuple[str, ...]:
    query = "SELECT name FROM pragma_table_info(?, ?) ORDER BY cid"
    return tuple(name for (name,) in db.execute(query, (table, schema)))


def compare_shapes(kept: Shape, wanted: Shape) -> Iterator[tuple[str, str]]:
    """Compare a file with what this release makes; what it holds beside that is left alone.

    A missing trigger damages nothing by itself, but history is append-only by triggers.

    Yields:
        Where and what, for each index or trigger that is not as it was made.

    Raises:
        Problem: ``store-unknown`` where a table is missing or has other columns.
    """
    for table, columns in wanted.columns.items():
        if table not in kept.columns:
            raise Problem("store-unknown", f"Its table {table} is missing.")
        # In their order too: rows are compared column by column with their replay.
        if kept.columns[table] != columns:
            detail = f"Its table {table} has other columns than this release gives it."
            raise Problem("store-unknown", detail)
    for name, text in wanted.texts.items():
        if name not in kept.texts:
            yield f"the {name}", "It is missing."
        elif kept.texts[name] != text:
            yield f"the {name}", "It is not as it was made."
