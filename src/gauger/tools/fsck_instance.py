"""Prove the store of a product instance whole, reading and changing nothing."""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.keys.identity import IDENTITY, TRUST, read_identity
from gauger.adapters.keys.trust_folder import read_trust
from gauger.adapters.storage.instance_anchor import Anchor, read_anchor
from gauger.adapters.storage.instance_open import StorePaths, check_schema, compare_with_anchor
from gauger.adapters.storage.instance_read import connect_to_read, require_key
from gauger.adapters.storage.instance_sqlite import (
    InstanceStore,
    create_schema,
    named_errors,
)
from gauger.adapters.storage.private_files import read_private
from gauger.adapters.storage.sealed import KEY_BYTES, Seal
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import read_document
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.rum_report import RumReport, read_report
from gauger.core.documents.trust_store import TrustStore
from gauger.core.instance.report_life import ReportState
from gauger.core.problems import Problem
from gauger.instance.memory import Memory, read_detail
from gauger.instance.ports import StoredReport
from gauger.instance.records import ReportDetail
from gauger.tools.fsck_shape import compare_shapes, read_shape

_PAGE = 500
_ITEMS = ("report", "ack")
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, OverflowError, zlib.error)
"""What damage looks like where a value is not even of the kind that its column holds."""


@dataclass(frozen=True, slots=True)
class InstanceFinding:
    """One thing that is not whole.

    Attributes:
        where: What was looked at: ``store``, ``events``, ``anchor``, ``report 1800000000``, …
        code: A code of the problem table.
        detail: What is wrong with it.
        since: Time of the last event before it that still proves itself, epoch seconds, or None.
    """

    where: str
    code: str
    detail: str
    since: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.code}, {self.detail}"


def check_instance(data: Path, keys: Path | None = None) -> list[InstanceFinding]:
    """Prove a product instance's store whole: seals, event chain, anchor, reports and their chains.

    The store is opened read-only, so a running agent is not disturbed.

    Args:
        data: Data folder.
        keys: Key folder; ``data/keys`` where None.

    Returns:
        What is not whole; empty where everything is.
    """
    paths = StorePaths(data=data, keys=keys or data / "keys")
    checks = _Checks()
    # One check after another goes on where one fails: the first damage is seldom the only one.
    with checks.named("store"), _opened(paths) as (connection, store):
        checks.run("events", store.verify_chain)
        # The last entry that still proves itself says since when something may be wrong.
        if checks.findings:
            checks.findings[0] = replace(checks.findings[0], since=_last_sound(store))
        # A store that was copied back whole holds in itself; only the anchor knows that it is old.
        checks.run("anchor", lambda: compare_with_anchor(store, _anchor(paths)))
        checks.run("records", lambda: Memory(store))
        for row in _rows(store, checks):
            checks.run(f"report {row.report_id}", partial(_check_report, store, row))
        # The chain proves the sealed bytes; here each entry is opened as well.
        for _ in checks.guarded("events", store.entries()):
            continue
        checks.run("records", partial(_check_records, store, connection))
        checks.run("reports", partial(_check_rows, connection))
        for report_id, kind in _items(connection, checks):
            checks.run(f"report {report_id}", partial(_check_item, store, report_id, kind))
        if (data / IDENTITY).exists():
            checks.run("identity", partial(_check_identity, data, paths.keys))
    return checks.findings


def _last_sound(store: InstanceStore) -> int | None:
    """Return the time of the last event before the log breaks: what is wrong came after it."""
    at, expected = None, store.tail.checkpoint
    # Why it breaks is told by the check of the chain; here only how far it holds.
    with suppress(Problem, *_UNREADABLE):
        for sequence, entry in store.entries():
            expected += 1
            if sequence != expected:
                break
            at = entry.at
    return at


def _check_records(store: InstanceStore, connection: sqlite3.Connection) -> None:
    """Open every record of every family, those too that nothing reads at present."""
    with named_errors():
        families = connection.execute("SELECT DISTINCT family FROM record").fetchall()
    for (family,) in families:
        store.records(family)


def _check_rows(connection: sqlite3.Connection) -> None:
    """Find rows that no query of the agent would ever return."""
    states = [state.value for state in ReportState]
    known = ", ".join("?" * len(states))
    with named_errors():
        (lost,) = connection.execute(
            f"SELECT count(*) FROM report WHERE state NOT IN ({known})",  # noqa: S608 -- marks only
            states,
        ).fetchone()
        (unheld,) = connection.execute(
            "SELECT count(*) FROM report WHERE held <>"
            " EXISTS (SELECT 1 FROM item WHERE report_id = report.id)"
        ).fetchone()
    if lost:
        raise Problem("store-damaged", f"{lost} are in no state that there is.")
    if unheld:
        # By this mark old items are removed: a wrong one keeps them for ever, or loses them.
        raise Problem("store-damaged", f"{unheld} do not say rightly whether items are held.")


def _items(connection: sqlite3.Connection, checks: "_Checks") -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    with checks.named("items"), named_errors():
        found += connection.execute("SELECT report_id, kind FROM item").fetchall()
    return found


def _check_item(store: InstanceStore, report_id: int, kind: str) -> None:
    store.item(report_id, kind)
    if kind not in _ITEMS or store.report(report_id) is None:
        raise Problem("store-damaged", f"An item {kind!r} belongs to no report.")


def _check_identity(data: Path, keys: Path) -> None:
    """Check that key, certificate and trust of the product instance still fit together."""
    identity = read_identity(data, keys)
    trust = read_trust(data / TRUST)
    for document in trust.root_sets:
        RootSet.from_document(document).require_threshold(document)
    if identity.sudi is None:
        raise Problem("key-missing", "The SUDI key is gone: no trust can be asked for.")
    if trust.manufacturers:
        store = TrustStore(manufacturers=trust.manufacturers)
        # The time plays no part: its revocation ends a SUDI, never a date.
        store.verify_sudi(identity.sudi.chain, identity.udi, 0)


class _Checks:
    """Collects what fails, and goes on."""

    def __init__(self) -> None:
        self.findings: list[InstanceFinding] = []

    @contextmanager
    def named(self, where: str) -> Iterator[None]:
        """Note a refusal of what is done inside."""
        try:
            yield
        except (Problem, *_UNREADABLE) as error:
            code = error.code if isinstance(error, Problem) else "store-damaged"
            detail = error.detail if isinstance(error, Problem) else f"It cannot be read: {error}."
            finding = InstanceFinding(where, code, detail)
            # One damage is met on several ways; told once it is enough.
            if finding not in self.findings:
                self.findings.append(finding)

    def run(self, where: str, check: Callable[[], object]) -> None:
        """Carry out one check."""
        with self.named(where):
            check()

    def guarded(self, where: str, items: Iterator[object]) -> Iterator[object]:
        """Read on until one item does not open."""
        with self.named(where):
            yield from items


@contextmanager
def _opened(paths: StorePaths) -> Iterator[tuple[sqlite3.Connection, InstanceStore]]:
    key = require_key(paths)
    connection = connect_to_read(paths.store)
    try:
        if not check_schema(connection):
            raise Problem("store-damaged", "The store is empty.")
        _check_pages(connection)
        for where, what in _shape_faults(connection):
            raise Problem("store-damaged", f"{where.capitalize()}: {what}")
        yield connection, InstanceStore(connection, Seal(key, SystemEntropy()), None)
    finally:
        connection.close()


def _check_pages(connection: sqlite3.Connection) -> None:
    with named_errors():
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    if answer != "ok":
        raise Problem("store-damaged", f"The file's pages do not fit: {answer}.")


def _shape_faults(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    entropy = SystemEntropy()
    with named_errors(), closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        create_schema(fresh, Seal(entropy.random_bytes(KEY_BYTES), entropy), "")
        yield from compare_shapes(read_shape(connection), read_shape(fresh))


def _anchor(paths: StorePaths) -> Anchor | None:
    key = read_private(paths.key)
    return None if key is None else read_anchor(paths.anchor, Seal(key, SystemEntropy()))


def _rows(store: InstanceStore, checks: _Checks) -> Iterator[StoredReport]:
    after = 0
    states = [state.value for state in ReportState]
    with checks.named("reports"):
        while rows := store.reports(states, after=after, limit=_PAGE):
            yield from rows
            after = rows[-1].report_id


def _check_report(store: InstanceStore, row: StoredReport) -> None:
    detail = read_detail(row)
    # The column is for queries, the sealed detail for decisions: apart, reports would be lost to
    # one of them.
    if detail.life.state.value != row.state:
        raise Problem("store-damaged", "Its state is kept twice, differently.")
    item = store.item(row.report_id, "report")
    # Neither has signed bytes: one not yet, one no more.
    if detail.life.state in {ReportState.OPEN, ReportState.PURGED}:
        return
    if item is None or row.digest is None:
        raise Problem("store-damaged", "It is closed, and its signed bytes are gone.")
    report = read_report(item)
    _check_bytes(store, row, report)
    _check_place(store, detail, report)
    _check_ack(store, row)


def _check_bytes(store: InstanceStore, row: StoredReport, report: RumReport) -> None:
    if report.digest != row.digest or report.payload.report_id != row.report_id:
        raise Problem("store-damaged", "Its signed bytes are those of another report.")
    meta = report.payload.meta
    # Places in a chain count by incarnation: one of another is no part of this chain.
    if meta is None or meta.incarnation != store.incarnation:
        raise Problem("store-damaged", "It was signed by another incarnation of the store.")


def _check_place(store: InstanceStore, detail: ReportDetail, report: RumReport) -> None:
    """Check that the chain of the tag leads to the report before it."""
    previous = store.report(detail.previous_id)
    named = None if report.payload.meta is None else report.payload.meta.previous
    if (None if previous is None else previous.digest) != named:
        raise Problem("store-damaged", "It does not follow the report before it.")


def _check_ack(store: InstanceStore, row: StoredReport) -> None:
    ack = store.item(row.report_id, "ack")
    # By the mark old items are removed: one without its ACK would go on nobody's word.
    if (ack is not None) != (row.acked_at is not None):
        raise Problem("store-damaged", "State and ACK do not agree.")
    if ack is not None and Acknowledgment.from_document(read_document(ack)).answers != row.digest:
        raise Problem("store-damaged", "Its ACK is for another report.")
