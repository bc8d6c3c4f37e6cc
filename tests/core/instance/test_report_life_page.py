"""The published table of a report's life is the one that the product instance runs by."""

from itertools import product
from pathlib import Path

from gauger.core.instance.report_life import TABLE, Change, Flag, Reason, ReportInput, ReportState

PAGE = Path(__file__).parents[3] / "spec" / "report-life.md"
I = ReportInput  # noqa: E741 -- the table below reads better with one letter
WORDS = {
    "closed to report (push, `sync`)": (I.CLOSE_TO_REPORT,),
    "closed to save": (I.CLOSE_TO_SAVE,),
    "closed by a reload": (I.CLOSE_BY_RELOAD,),
    "closed by its size": (I.CLOSE_BY_SIZE,),
    "closed by a clock moved back far": (I.CLOSE_BY_CLOCK,),
    "sent": (I.SENT,),
    "read": (I.READ,),
    "read by a manager": (I.READ,),
    "saved": (I.SAVED,),
    "saved to a file": (I.SAVED,),
    "ACK": (I.ACKED,),
    "verdict deferred": (I.DEFERRED,),
    "verdict quarantined": (I.QUARANTINED,),
    "verdict rejected": (I.REJECTED,),
    "any verdict": (I.DEFERRED, I.QUARANTINED, I.REJECTED),
    "wanted": (I.WANTED,),
    "wanted by the portal": (I.WANTED,),
    "retention over": (I.EXPIRED,),
}


def inputs(cell: str) -> list[ReportInput]:
    """Return the inputs that a cell of the page names."""
    known = WORDS.get(cell)
    parts = [known] if known else [WORDS[word] for word in cell.split(", ")]
    return [happened for part in parts for happened in part]


def published() -> dict[tuple[ReportState, ReportInput], Change]:
    """Return the table of the page."""
    text = PAGE.read_text(encoding="utf-8").partition("## 2. The table")[2].partition("## 3.")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    table: dict[tuple[ReportState, ReportInput], Change] = {}
    for line in lines:
        states, happened, after, reason, flag = (cell.strip() for cell in line.split("|")[1:6])
        before = [ReportState(name) for name in states.split(", ")]
        for pair in product(before, inputs(happened)):
            assert pair not in table
            table[pair] = Change(
                pair[0] if after == "same" else ReportState(after),
                None if reason == "kept" else Reason(reason.strip("`")),
                Flag(flag) if flag else None,
            )
    return table


def test_the_page_and_the_table_agree() -> None:
    assert published() == dict(TABLE)
