"""What a report costs where a thousand product instances are known, and where a million are."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import site
from bench.exchanges import CONNECTIONS, Stage, bound_of, measured, summed
from bench.fleet import PID, TAG, Fleet
from bench.rows import Row
from gauger.cssm.main import STORE

FEW: Final = 1000
MANY: Final = 1_000_000
ROUNDS: Final = 3
DEVICES: Final = 256
_AT_ONCE: Final = 100_000
_MOST: Final = 1600  # requests a second that the beforehand signed ones must suffice for

_DAY: Final = 86_400
_NUMBERS: Final = (
    "WITH RECURSIVE s(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM s WHERE i < :last)"
    " INSERT INTO n SELECT i FROM s"
)
_FILLERS: Final = Path(__file__).with_suffix(".sql").read_text(encoding="ascii").split(";")[:-1]


def rows(stage: Stage, many: int = MANY) -> Iterator[Row]:
    """Measure two portals that differ in how many product instances they know.

    Args:
        stage: Where, how long.
        many: Product instances of the larger one.

    Yields:
        The figures.
    """
    with site.portal(stage.folder) as server:
        factory = site.Factory(stage.folder)
        fleets = [
            factory.fleet(server, devices=DEVICES, connections=CONNECTIONS) for _ in range(ROUNDS)
        ]
    larger = stage.folder / "larger"
    shutil.copytree(stage.folder / "cssm", larger / "cssm")
    stage.say(f"a store of {many} product instances is made")
    populate(stage.folder / "cssm" / STORE, FEW)
    begun = time.monotonic()
    populate(larger / "cssm" / STORE, many)
    stage.say(f"it took {time.monotonic() - begun:.0f} s; both are measured in turns")
    yield from _compared(stage, larger, fleets, many)


def populate(path: Path, count: int) -> None:
    """Fill a ledger up to so many product instances; its portal must not be served."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("INSERT OR IGNORE INTO tags (tag) VALUES (?)", (TAG,))
        (tag,) = db.execute("SELECT id FROM tags WHERE tag = ?", (TAG,)).fetchone()
        (account,) = db.execute("SELECT max(id) FROM accounts").fetchone()
        (highest, known) = db.execute("SELECT max(id), count(*) FROM instances").fetchone()
        now = int(time.time())
        terms = {"pid": PID, "tag": tag, "account": account, "now": now, "day": now - _DAY}
        last = highest + count - known
        db.execute("CREATE TEMP TABLE n (i INTEGER PRIMARY KEY)")
        for first in range(highest + 1, last + 1, _AT_ONCE):
            span = {"first": first, "last": min(first + _AT_ONCE - 1, last)}
            db.execute("BEGIN")
            db.execute("DELETE FROM n")
            for statement in (_NUMBERS, *_FILLERS):
                db.execute(statement, {**terms, **span})
            db.execute("COMMIT")
        db.execute("UPDATE accounts SET instances = ? WHERE id = ?", (count, account))
        db.execute("PRAGMA journal_mode=WAL")
    finally:
        db.close()


def _compared(stage: Stage, larger: Path, fleets: list[Fleet], many: int) -> Iterator[Row]:
    few_found, many_found = [], []
    each = int((1 + stage.seconds) * _MOST / CONNECTIONS)
    begun = time.monotonic()
    with site.served_portal(larger) as other, site.served_portal(stage.folder) as server:
        started = time.monotonic() - begun
        for fleet in fleets:
            bodies = fleet.bodies(each)
            few_found.append(measured(stage, server, bodies))
            many_found.append(measured(replace(stage, folder=larger), other, bodies))
    few, crowd = summed(few_found), summed(many_found)
    costs = [found["cpu_seconds"] / found["requests"] for found in (few, crowd)]
    for count, found, cost in zip((FEW, many), (few, crowd), costs, strict=True):
        yield Row(
            name=f"a report where {count} product instances are known",
            value=cost * 1e6,
            unit="CPU µs",
            bound=bound_of(found),
        )
    yield Row(
        name=f"cost of a report with {many} product instances to that with {FEW}",
        value=costs[1] / costs[0],
        unit="ratio",
        aim=1.2,
        at_most=True,
        scales=False,
        bound="depth of the indexes, pages that the larger store touches",
    )
    yield Row(name="start of both portals", value=started, unit="s", bound="loading code")
