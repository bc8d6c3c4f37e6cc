"""Proves a ledger whole: rows, pages, heads, signatures, and projections made anew."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gauger.adapters.storage.ledger.connection import (
    PLACES,
    row_id,
    unpack,
)
from gauger.adapters.storage.ledger.names import Names
from gauger.adapters.storage.ledger.pages import read_chain
from gauger.adapters.storage.ledger.projector import Projector
from gauger.authority.pager import rows_preimage
from gauger.core.authority.row import Row
from gauger.core.authority.rows import PageRenewed, RootSetTaken, decode_row
from gauger.core.documents import keyring, merkle
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    preimage,
    read_document,
)
from gauger.core.documents.page import (
    EarlierEpoch,
    Leaf,
    LedgerEpoch,
    PageHead,
    after_epoch,
    head_leaf,
)
from gauger.core.documents.root_set import RootSet
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.tools.fsck_contents import check_contents
from gauger.tools.fsck_findings import Examination, Fault
from gauger.tools.fsck_open import workplace
from gauger.tools.fsck_replay import compare_projections

_MOST_STATED: Final = 10
_UNREADABLE: Final = (
    *(sqlite3.Error, ValueError, TypeError, AttributeError, LookupError),
    OverflowError,  # a number of a page or row that was altered to one beyond 64 bits
)
"""What damage looks like where a value is not even of the kind that its column holds."""


def examine_ledger(path: Path) -> Examination:
    """Examine the file of a ledger, as it is at one moment; nothing of it is changed.

    Args:
        path: The file. A portal may be at work on it.

    Raises:
        Problem: ``store-newer`` where a newer release wrote it; ``store-unknown`` where it is of no
            form that this release knows; ``store-missing``.
    """
    examination = Examination(path=path, kind="The ledger")
    try:
        with workplace(path, examination) as db:
            # SQLite first: where its pages do not hold, what follows is told in the light of it.
            _check_file(db, examination)
            _Pages(db, examination).check()
            compare_projections(db, examination)
            check_contents(db, examination)
    except _UNREADABLE as error:
        examination.add(Fault(where="the file", what=f"It cannot be read: {error}."))
    except Problem as problem:
        # A store of another release, or none, is not damaged: what to do about it is different.
        if problem.code in _ANOTHERS:
            raise
        examination.add(Fault(where="the store", what=problem.detail))
    return examination


_ANOTHERS: Final = frozenset({"store-newer", "store-unknown", "store-missing"})


def _check_file(db: sqlite3.Connection, examination: Examination) -> None:
    for (message,) in db.execute("PRAGMA kept.integrity_check(20)").fetchall():
        if message != "ok":
            examination.add(Fault(where="the file", what=f"SQLite finds: {message}."))


@dataclass(slots=True)
class _Trust:
    """Certificates that any root set of the ledger lists, by key id."""

    listed: dict[Digest, bytes] = field(default_factory=dict)

    def take(self, row: RootSetTaken) -> None:
        """Take the signers of a root set."""
        for signer in RootSet.from_document(read_document(row.document)).signers:
            self.listed[signer.key_id] = signer.certificate

    def verify(self, document: Document, chain: tuple[bytes, ...], value: bytes) -> None:
        """Check a head's signature by a signer that was trusted at some time.

        Raises:
            Problem: ``unknown-key`` or ``signature-invalid``.
        """
        # At some time, not today: who was revoked since has signed honestly before, and the pages
        # stay.
        top = keyring.load_certificate(chain[-1])
        # Byte for byte: another certificate over a listed key says what no root set has agreed to.
        if self.listed.get(top.key_id) != top.der:
            raise Problem("unknown-key", "No root set of the ledger lists its signer.")
        certificate = keyring.load_certificate(chain[0])
        # A delegated signer stands below one that is listed.
        if certificate is not top:
            keyring.verify_issued(certificate, top)
        keyring.verify(certificate.public_key, document.preimage, value)


class _Pages:
    """Goes through the pages in order, and replays their rows on the way."""

    def __init__(self, db: sqlite3.Connection, examination: Examination) -> None:
        self._db = db
        self._examination = examination
        self._projector = Projector(db, Names(db))
        self._frontier = merkle.Frontier()
        self._trust = _Trust()
        self._unsigned: dict[int, int | None] = {}
        self._ledger: str | None = None
        self._epoch: LedgerEpoch | None = None
        self._epoch_page = 0
        self._earlier: tuple[EarlierEpoch, ...] = ()
        self._since: int | None = None

    def check(self) -> None:
        """Check every page."""
        counts = dict.fromkeys(("pages", "rows", "leaves"), 0)
        self._examination.counts.update(counts)
        # One after another: a ledger of years has a million pages, and memory must not follow.
        heads = self._db.execute(
            "SELECT h.page, h.body, h.digest, h.signer, h.signature, s.chain FROM kept.heads h"
            " LEFT JOIN kept.signers s ON s.key = h.signer ORDER BY h.page"
        )
        pages = 0
        for head in heads:
            self._check_page(pages, head)
            pages += 1
        self._check_rest(pages)
        self._check_unsigned(pages)

    def _fault(self, where: str, what: str, **more: str) -> None:
        self._examination.add(Fault(where=where, what=what, since=self._since, **more))

    def _check_page(self, place: int, stored: tuple[Any, ...]) -> None:
        page, body, stored_digest, signer, signature, chain = stored
        where = f"page {place}"
        self._examination.counts["pages"] += 1
        if page != place:
            self._fault(where, f"It is missing; page {page} follows.")
        data = body.encode()
        if digest(data) != stored_digest.hex():
            self._fault(where, "The head is not the one that its digest names.")
        rows = self._rows(page, where)
        head = self._head(data, where)
        if head is not None:
            self._since = head.issued_at
            self._check_head(page, head, where)
            self._check_leaves(page, head, rows, where)
            self._check_signature(page, data, (signer, chain, signature), where)
        # Of every head, also of one that cannot be read: the tree must stay in step with the file.
        self._grow(data, where)

    def _rows(self, page: int, where: str) -> list[tuple[str, str]]:
        """Read and replay the rows of a page."""
        found: list[tuple[str, str]] = []
        query = "SELECT id, kind, body FROM kept.ledger WHERE id >= ? AND id < ? ORDER BY id"
        for source, kind, body in self._db.execute(
            query, (row_id(page, 0), row_id(page + 1, 0))
        ).fetchall():
            self._examination.counts["rows"] += 1
            try:
                text = unpack(body)
                found.append((kind, text))
                row = decode_row(kind, text)
                # Before the projection: a root set that cannot be replayed still says who signed.
                self._notice(row)
                self._projector.apply(row, source)
            except Problem as problem:
                self._fault(f"{where}, row {source & (1 << PLACES) - 1}", problem.detail)
            except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
                self._fault(
                    f"{where}, row {source & (1 << PLACES) - 1}", f"Cannot replay: {error}."
                )
        return found

    def _notice(self, row: Row) -> None:
        if isinstance(row, RootSetTaken):
            self._trust.take(row)
        elif isinstance(row, PageRenewed):
            self._unsigned.pop(row.page, None)

    def _head(self, body: bytes, where: str) -> PageHead | None:
        unsigned = DirectSignature(chain=(), value=b"")
        document = Document(
            type=PageHead.TYPE, version=PageHead.VERSION, body=body, signature=unsigned
        )
        try:
            return PageHead.from_document(document)
        except Problem as problem:
            self._fault(where, f"The head cannot be read: {problem.detail}")
            return None

    def _check_head(self, page: int, head: PageHead, where: str) -> None:
        if head.page != page:
            self._fault(where, f"The head says that it is of page {head.page}.")
        # A page that was left out, put in or exchanged earlier shows here: every head names all
        # before it.
        if head.previous_root != self._frontier.root().hex():
            self._fault(where, "The head does not follow the heads before it.")
        # Whole pages of another ledger hold in themselves; only the id tells them from ours.
        if self._ledger not in (None, head.ledger):
            self._fault(where, f"The head is of another ledger, {head.ledger}.")
        self._ledger = head.ledger
        self._check_epoch(page, head, where)

    def _check_epoch(self, page: int, head: PageHead, where: str) -> None:
        """Check what a head says of its epoch, and of those before it."""
        ended = self._epoch
        if ended is not None and head.epoch.number < ended.number:
            self._fault(where, "The epoch goes back.")
            return
        if ended is not None and head.epoch != ended:
            # A restore says where it set the ledger back to; a foreign head says only that it was
            # set back, some time before.
            pages, is_met = range(self._epoch_page, page), bool(head.abandons)
            self._earlier = after_epoch(self._earlier, ended, pages=pages, is_met=is_met)
            self._epoch_page = page
        self._epoch = head.epoch
        # Heads of the first release name no earlier epochs.
        if head.earlier not in ((), self._earlier):
            self._fault(where, "The earlier epochs that the head names are not those of the heads.")

    def _check_leaves(
        self, page: int, head: PageHead, rows: list[tuple[str, str]], where: str
    ) -> None:
        hashes = []
        query = (
            "SELECT l.id, l.salt, l.hash, l.document, d.digest, d.type, d.version, d.body"
            " FROM kept.leaves l LEFT JOIN kept.documents d ON d.id = l.document"
            " WHERE l.id >= ? AND l.id < ? ORDER BY l.id"
        )
        leaves = self._db.execute(query, (row_id(page, 0), row_id(page + 1, 0))).fetchall()
        for place, leaf in enumerate(leaves):
            self._examination.counts["leaves"] += 1
            at = f"{where}, leaf {place}"
            if leaf[0] != row_id(page, place):
                self._fault(at, "It is missing.")
            made = self._leaf_hash(leaf, rows, at, is_first=place == 0)
            if made != leaf[2]:
                what = "The rows are not those of the page." if place == 0 else "It was altered."
                self._fault(at, what)
            hashes.append(leaf[2])
        # Over the hashes as they are kept, so that an altered leaf is told by its number and not by
        # the page alone.
        frontier, _ = merkle.tree(hashes)
        if len(leaves) != head.leaf_count or frontier.root().hex() != head.page_root:
            self._fault(where, "The leaves are not those that the head names.")

    def _leaf_hash(
        self, leaf: tuple[Any, ...], rows: list[tuple[str, str]], where: str, *, is_first: bool
    ) -> bytes | None:
        _, salt, _, number, stored_digest, kind, version, body = leaf
        try:
            # Leaf 0 of a page stands for its rows: by it no row can be altered under a good
            # signature.
            if is_first:
                return Leaf(salt, rows_preimage(rows)).hash if number is None else None
            data = unpack(body).encode()
            if digest(data) != stored_digest.hex():
                self._fault(where, "The document is not the one that its digest names.")
            return Leaf(salt, preimage(kind, version, data)).hash
        except (Problem, ValueError, TypeError, AttributeError):
            return None

    def _check_signature(
        self, page: int, body: bytes, signed: tuple[str, str | None, bytes | None], where: str
    ) -> None:
        signer, chain_text, value = signed
        try:
            chain = read_chain(chain_text or "")
            key = keyring.load_certificate(chain[0]).key_id
        except (Problem, ValueError, IndexError):
            self._fault(where, "The certificates of the signer cannot be read.")
            return
        # The column is an index only; what was signed by whom stands in the chain.
        if key != signer:
            self._fault(where, "The certificates are of another signer.")
        # A page may be signed later, and all but the newest must be: told at the end, when it is
        # known.
        if value is None:
            self._unsigned[page] = self._since
            return
        block = DirectSignature(chain=chain, value=value)
        document = Document(
            type=PageHead.TYPE, version=PageHead.VERSION, body=body, signature=block
        )
        try:
            self._trust.verify(document, chain, value)
        except Problem as problem:
            self._fault(where, f"The signature does not hold: {problem.detail}")

    def _grow(self, body: bytes, where: str) -> None:
        """Add the head to the tree over all heads, and compare the nodes that it completes."""
        for level, place, made in self._frontier.append(head_leaf(body)):
            stored = self._db.execute(
                "SELECT hash FROM kept.nodes WHERE level = ? AND place = ?", (level, place)
            ).fetchone()
            if stored is None or stored[0] != made:
                self._fault(f"{where}, node {level}/{place}", "The tree over the heads differs.")

    def _check_rest(self, pages: int) -> None:
        """Find what belongs to no page."""
        # What no head covers is proven by nothing, whoever put it there.
        beyond = row_id(pages, 0)
        for table, query in (
            ("rows", "SELECT count(*) FROM kept.ledger WHERE id >= ? OR id < 0"),
            ("leaves", "SELECT count(*) FROM kept.leaves WHERE id >= ? OR id < 0"),
        ):
            (count,) = self._db.execute(query, (beyond,)).fetchone()
            if count:
                self._fault(f"the {table}", f"{count} belong to no page.")
        (nodes,) = self._db.execute("SELECT count(*) FROM kept.nodes").fetchone()
        # One node for each full pair of each level: one more or less proves what is not so.
        expected = sum(pages >> level for level in range(pages.bit_length()))
        if nodes != expected:
            self._fault("the tree over the heads", f"It has {nodes} nodes, not {expected}.")
        (orphans,) = self._db.execute(
            "SELECT count(*) FROM kept.documents d WHERE NOT EXISTS"
            " (SELECT 1 FROM kept.leaves l WHERE l.document = d.id)"
        ).fetchone()
        if orphans:
            self._fault("the documents", f"{orphans} stand in no page.")

    def _check_unsigned(self, pages: int) -> None:
        # A stop between commit and signature leaves it so, and the next start signs it.
        if self._unsigned.pop(pages - 1, -1) != -1:
            self._examination.notes.append(f"The newest page, {pages - 1}, is not signed yet.")
        for page, since in list(self._unsigned.items())[:_MOST_STATED]:
            fault = Fault(where=f"page {page}", what="It is not signed.", since=since)
            self._examination.add(fault)
