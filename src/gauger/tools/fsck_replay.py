"""Compares the projections of a ledger with those that its rows give when they are replayed."""

import sqlite3
from typing import Final

from gauger.tools.fsck_findings import Examination, Fault

PROJECTIONS: Final = (
    "state",
    "abandoned",
    "root_sets",
    "manufacturers",
    "smart_accounts",
    "accounts",
    "tokens",
    "tags",
    "orders",
    "order_lines",
    "order_devices",
    "policies",
    "policy_documents",
    "instances",
    "memberships",
    "instance_documents",
    "lives",
    "timelines",
    "segments",
    "instance_usage",
    "account_usage",
    "reports",
    "cases",
    "gaps",
    "late_answers",
    "trust_requests",
    "trust_codes",
    "authorization_pools",
    "authorization_requests",
    "authorizations",
    "authorized_licences",
    "authorization_shares",
    "authorizations_given",
    "refusals",
    "events",
)
"""Tables that hold nothing but what the rows say."""

_REBUILD: Final = (
    "The rows are what counts and they hold; restore the newest backup, or have the projections "
    "made again."
)


def compare_projections(db: sqlite3.Connection, examination: Examination) -> None:
    """Compare every projection with its replay.

    Args:
        db: The replay, with the examined ledger attached as ``kept``.
        examination: Where differences are noted.
    """
    for table in PROJECTIONS:
        # The names are constants of this module, never input.
        # Both ways: what was slipped in is as bad as what was taken out.
        extra = _difference(db, f"kept.{table}", f"main.{table}")
        missing = _difference(db, f"main.{table}", f"kept.{table}")
        for rows, word in ((extra, "that no ledger row explains"), (missing, "less")):
            if rows:
                what = f"{len(rows)} entries {word}, for example {rows[0]!r:.200}."
                examination.add(Fault(where=f"table {table}", what=what, next_step=_REBUILD))
    (reports,) = db.execute("SELECT count(*) FROM kept.reports").fetchone()
    examination.counts["reports"] = reports


def _difference(db: sqlite3.Connection, one: str, other: str) -> list[tuple[object, ...]]:
    # EXCEPT is blind to a row that stands there twice: every table compared has a primary key.
    query = f"SELECT * FROM {one} EXCEPT SELECT * FROM {other} LIMIT 1000"  # noqa: S608 -- constants only
    return db.execute(query).fetchall()
