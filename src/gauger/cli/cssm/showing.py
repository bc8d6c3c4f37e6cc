"""What the commands of `gauger cssm` print: a table for people, or the API's JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from gauger.core.text import many_lines, one_line

Json = Any
"""A value that the API gives; its description says which fields it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows for people.

    Attributes:
        columns: Headings.
        rows: Cells, as many as columns.
        empty: What is said where there is no row: what to do next.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command has to say.

    Attributes:
        data: The API's answer, for ``--json``.
        table: Rows, or null.
        text: Lines before the table.
    """

    data: Json
    table: Table | None = None
    text: str = ""


def show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer."""
    if as_json:
        click.echo(json.dumps(answer.data, indent=2, ensure_ascii=False))
        return
    if answer.text:
        # Names in it were given by others, and by uploads: their escapes are shown, not obeyed.
        click.echo(many_lines(answer.text))
    if answer.table is not None:
        _show_table(answer.table)


def when(seconds: int | None) -> str:
    """Return a time as text, UTC; a dash for none."""
    if seconds is None:
        return "-"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    # A device may claim a time that no calendar has; its row is shown all the same.
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def udi(value: Json) -> str:
    """Return a product instance of the API as text."""
    return f"PID:{value['udi_pid']},SN:{value['udi_serial_number']}"


def account(value: Json) -> str:
    """Return an account of the API as text; a dash for none."""
    return "-" if value is None else f"{value['smart_account']}/{value['virtual_account']}"


def licence(row: Json) -> str:
    """Return a licence's name; one that was never bought has a tag only, and its short name."""
    name, tag = str(row["name"]), str(row["tag"])
    # What stands between the last dot of the domain and the comma, as people speak of it.
    return tag.partition(",")[0].rpartition(".")[2] or tag if name in {"", tag} else name


def words(values: Iterable[object]) -> str:
    """Return several values as text; a dash for none."""
    return ", ".join(map(str, values)) or "-"


def _show_table(table: Table) -> None:
    if not table.rows:
        click.echo(table.empty)
        return
    # Imported here: it takes longer to import than most commands take to run.
    from rich.console import Console  # noqa: PLC0415 -- takes longer than most commands
    from rich.table import Table as RichTable  # noqa: PLC0415 -- as above
    from rich.text import Text  # noqa: PLC0415 -- as above

    shown = RichTable(box=None, pad_edge=False)
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in table.rows:
        # What a device sent may hold terminal escapes: they are shown, not obeyed.
        shown.add_row(*(Text(one_line("-" if cell is None else str(cell))) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        # Into a pipe Rich would wrap at 80 columns, and grep find half a digest.
        console = Console(highlight=False, width=240)
    console.print(shown)
