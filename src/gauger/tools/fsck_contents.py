"""Checks that what a ledger holds fits together: reports, their rows, and their answers."""

import json
import sqlite3
from typing import Final

from gauger.adapters.storage.ledger.connection import PLACES, unpack
from gauger.authority.ports.store import RESTORED
from gauger.core.authority.claims import read_claims
from gauger.core.authority.rows import ReportReceived, decode_row
from gauger.core.documents.rum_report import read_report
from gauger.core.problems import Problem
from gauger.tools.fsck_findings import Examination, Fault

_ACKNOWLEDGED: Final = ("ack", "verdict")


def check_contents(db: sqlite3.Connection, examination: Examination) -> None:
    """Check reports and answers of the ledger that is attached as ``kept``."""
    _check_reports(db, examination)
    _check_answers(db, examination)
    _check_unanswered(db, examination)
    _check_marks(db, examination)


def _check_marks(db: sqlite3.Connection, examination: Examination) -> None:
    """Check what no page proves: a restored ledger whose mark is lost would open no new epoch."""
    # No page covers the marks: whatever stands here was never signed by anybody.
    for (name,) in db.execute("SELECT name FROM kept.marks WHERE name <> ?", (RESTORED,)):
        examination.add(Fault(where="the marks", what=f"Nobody makes a mark {name!r:.80}."))
    query = "SELECT key FROM kept.signers WHERE key NOT IN (SELECT signer FROM kept.heads)"
    for (key,) in db.execute(query):
        examination.add(Fault(where="the signers", what=f"No head is signed by {key!r:.80}."))


def _since(db: sqlite3.Connection, place: int | None) -> int | None:
    """Return when the page of a row or leaf was made, or None where its head does not tell."""
    query = "SELECT body FROM kept.heads WHERE page = ?"
    # A row's number holds its page: it lies in the upper bits.
    found = None if place is None else db.execute(query, (place >> PLACES,)).fetchone()
    try:
        return None if found is None else int(json.loads(found[0])["issued_at"])
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def _check_reports(db: sqlite3.Connection, examination: Examination) -> None:
    """Check that each row says what its report says: nothing was counted that nobody signed."""
    query = "SELECT id, body FROM kept.ledger WHERE kind = ? ORDER BY id"
    for source, body in db.execute(query, (ReportReceived.KIND,)):
        where = f"page {source >> PLACES}, row {source & (1 << PLACES) - 1}"
        try:
            row = decode_row(ReportReceived.KIND, unpack(body))
            if not isinstance(row, ReportReceived) or not _agrees(row):
                what = "The row does not say what its report says."
                examination.add(Fault(where=where, what=what, since=_since(db, source)))
        except Problem as problem:
            fault = Fault(where=where, what=problem.detail, since=_since(db, source))
            examination.add(fault)


def _agrees(row: ReportReceived) -> bool:
    claims = read_claims(read_report(row.item), None)
    absolute = tuple((item.start, item.end, item.count) for item in claims.absolute)
    relative = tuple((item.start, item.end, item.count) for item in claims.relative)
    # All that totals are made of. The rest of the row is what the portal found, not what it was
    # told.
    said = (claims.udi, claims.digest, claims.tag, claims.report_id, absolute, relative)
    return said == (row.udi, row.digest, row.tag, row.report_id, row.absolute, row.relative)


def _check_answers(db: sqlite3.Connection, examination: Examination) -> None:
    """Check that answers name what they are filed under, and that their companions are there."""
    examination.counts["documents"] = 0
    for number, kind, answers, body in db.execute(
        "SELECT id, type, answers, body FROM kept.documents ORDER BY id"
    ):
        examination.counts["documents"] += 1
        where = f"document {number} ({kind})"
        try:
            said = json.loads(unpack(body))
            filed = None if answers is None else answers.hex()
            # By these columns an answer is looked up: a wrong one would give a device another's.
            if said.get("answers") != filed or said.get("type") != kind:
                what, since = "It is filed as something else.", _leaf_since(db, number)
                examination.add(Fault(where=where, what=what, since=since))
            for companion in said.get("companions", ()):
                _check_companion(db, examination, where, companion["digest"])
        except (Problem, ValueError, TypeError, AttributeError, LookupError) as error:
            what = f"It cannot be read: {error}."
            examination.add(Fault(where=where, what=what, since=_leaf_since(db, number)))


def _leaf_since(db: sqlite3.Connection, document: int) -> int | None:
    query = "SELECT min(id) FROM kept.leaves WHERE document = ?"
    return _since(db, db.execute(query, (document,)).fetchone()[0])


def _check_companion(
    db: sqlite3.Connection, examination: Examination, where: str, wanted: str
) -> None:
    query = "SELECT 1 FROM kept.documents WHERE digest = ?"
    if db.execute(query, (bytes.fromhex(wanted),)).fetchone() is not None:
        return
    # Root sets are no leaves: they prove themselves, and stand in the rows.
    roots = db.execute("SELECT document FROM kept.root_sets").fetchall()
    if not any(wanted == _digest_of(text) for (text,) in roots):
        examination.add(Fault(where=where, what=f"Its companion {wanted} is missing."))


def _digest_of(text: str) -> str:
    from gauger.core.documents.envelope import read_document  # noqa: PLC0415 -- rarely needed

    return read_document(text).digest


def _check_unanswered(db: sqlite3.Connection, examination: Examination) -> None:
    for table, condition in (
        # What a vendor alone can verify gets a line in a list, never a signed answer.
        ("reports", "verdict <> 'signature-unverifiable'"),
        ("trust_requests", "1"),
        ("authorization_requests", "1"),
    ):
        query = f"SELECT digest FROM kept.{table} WHERE {condition}"  # noqa: S608 -- constants only
        for (answered,) in db.execute(query):
            found = db.execute(
                "SELECT 1 FROM kept.documents WHERE answers = ? AND type IN (?, ?)",
                (bytes.fromhex(answered), *_ACKNOWLEDGED),
            ).fetchone()
            if found is None:
                what = "There is no answer to it."
                examination.add(Fault(where=f"{table}, {answered}", what=what))
