"""Read what the documentation promises."""

from tests.support.material import ROOT

CONNECTIONS = ("initiates", "to", "protocol", "online or file")
"""Heading of the table that each topology's page has below its figure."""


def table_of(page: str, heading: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the rows of the table with a heading, of a how-to page."""
    text = (ROOT / "docs" / "howto" / f"{page}.md").read_text(encoding="utf-8")
    rows = [_cells(line) for line in text.splitlines()]
    begin = rows.index(heading) + 2
    end = next(at for at in range(begin, len(rows)) if len(rows[at]) != len(heading))
    return rows[begin:end]


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
