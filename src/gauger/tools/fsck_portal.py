"""Checks what lies in a portal's data folder beside its ledger: signer, trust, uploads."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.trust_folder import read_trust
from gauger.adapters.storage.ledger.connection import connect
from gauger.adapters.storage.private_files import require_private
from gauger.core.documents.root_set import RootSet
from gauger.core.problems import Problem
from gauger.cssm.local import SECRET
from gauger.tools.fsck_findings import Examination, Fault

_SIGNER: Final = "signer"
_TRUST: Final = "trust"
_UPLOADS: Final = "uploads"


def check_portal(data: Path, ledger: Path, examination: Examination) -> None:
    """Check the files of a portal that its ledger says nothing of.

    Args:
        data: The portal's data folder.
        ledger: Its ledger's file.
        examination: Where faults are noted.
    """
    if (data / _TRUST).is_dir():
        _run(examination, "the trust folder", lambda: _check_trust(data))
    if (data / _SIGNER).is_dir():
        _run(examination, "the signer", lambda: _check_signer(data))
        # Only beside a signer: the ledger of a backup may lie in any folder.
        _run(examination, "the data folder", lambda: require_private(data))
    if (data / SECRET).exists():
        _run(examination, "the secret", lambda: require_private(data / SECRET))
    if (data / _UPLOADS).is_dir():
        _run(examination, "the uploads", lambda: _check_uploads(data, ledger, examination))


def _run(examination: Examination, where: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Problem as problem:
        fault = Fault(where=where, what=problem.detail, next_step=problem.kind.next_step)
        examination.add(fault)


def _check_trust(data: Path) -> None:
    # A view for people, from which nothing is read: but one that lies would be carried on by hand.
    for document in read_trust(data / _TRUST).root_sets:
        RootSet.from_document(document).require_threshold(document)


def _check_signer(data: Path) -> None:
    """Check that the key is there, kept from others, and fits its certificate."""
    FileSigner.load(data / _SIGNER)


def _check_uploads(data: Path, ledger: Path, examination: Examination) -> None:
    """Find jobs whose file is gone: they would wait for ever, or fail at the next start."""
    gone = [job for job in _open_jobs(ledger) if not (data / _UPLOADS / job[0]).is_file()]
    # A portal at work ends a job and then removes its file: who was open a moment ago may be done.
    for job_id, name in sorted(set(gone) & set(_open_jobs(ledger))):
        what = f"The file {name!r:.80} of upload job {job_id} is gone before it was processed."
        step = "Upload the file again; the same file twice gives the same ACK."
        examination.add(Fault(where="the uploads", what=what, next_step=step))


def _open_jobs(ledger: Path) -> Iterator[tuple[str, str]]:
    with closing(connect(ledger, readonly=True)) as db:
        if not _has_jobs(db):
            return
        query = "SELECT job_id, file_name FROM portal_jobs WHERE finished_at IS NULL"
        yield from db.execute(query).fetchall()


def _has_jobs(db: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'portal_jobs'"
    return db.execute(query).fetchone() is not None
