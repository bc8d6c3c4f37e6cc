"""Pages in the store: rows, leaves, heads and the tree over all heads."""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gauger.adapters.storage.ledger.connection import PLACES, Packer, row_id, unpack
from gauger.authority.ports.store import HeadRecord, LeafRecord
from gauger.core.documents import merkle
from gauger.core.documents.envelope import Document, PageSignature
from gauger.core.fields import decode_base64, encode_base64
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem

_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class _SignedPage:
    """What proves any leaf of a page whose head is signed; none of it changes again."""

    head: HeadRecord
    value: bytes
    size: int
    nodes: dict[tuple[int, int], bytes]


class Pages:
    """Writes pages and finds documents in them again, on one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a connection."""
        self._db = db
        self._packer = Packer()
        self._known: OrderedDict[int, _SignedPage] = OrderedDict()

    def write_rows(self, page: int, rows: Sequence[tuple[str, str]]) -> None:
        """Append the rows (kind, JSON form) of a page."""
        self._db.executemany(
            "INSERT INTO ledger (id, kind, body) VALUES (?, ?, ?)",
            [
                (row_id(page, place), kind, self._packer.pack(text))
                for place, (kind, text) in enumerate(rows)
            ],
        )

    def write_leaves(self, page: int, leaves: Sequence[LeafRecord]) -> None:
        """Append the leaves of a page, and the documents that are new with them."""
        self._db.executemany(
            # A body that is given again in a later page has a leaf there too, and is stored once.
            "INSERT OR IGNORE INTO documents (digest, type, version, answers, body)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (
                    bytes.fromhex(leaf.digest),
                    leaf.type,
                    leaf.version,
                    None if leaf.answers is None else bytes.fromhex(leaf.answers),
                    self._packer.pack(leaf.body.decode()),
                )
                for leaf in leaves
                if leaf.digest is not None
            ],
        )
        self._db.executemany(
            "INSERT INTO leaves (id, document, salt, hash)"
            # Leaf 0 has none: it is the digest of the page's rows.
            " VALUES (?, (SELECT id FROM documents WHERE digest = ?), ?, ?)",
            [
                (
                    row_id(page, place),
                    None if leaf.digest is None else bytes.fromhex(leaf.digest),
                    leaf.salt,
                    leaf.hash,
                )
                for place, leaf in enumerate(leaves)
            ],
        )

    def write_head(self, head: HeadRecord, nodes: Iterable[merkle.Node]) -> None:
        """Append a head without signature, and the nodes that it completes."""
        self._db.execute(
            "INSERT INTO heads (page, body, digest, signer) VALUES (?, ?, ?, ?)",
            (head.page, head.body.decode(), bytes.fromhex(head.digest), head.signer),
        )
        self._db.execute(
            # The chain is a kilobyte and the same for every page of one signer.
            "INSERT OR IGNORE INTO signers VALUES (?, ?)",
            (head.signer, _chain_text(head.chain)),
        )
        self._db.executemany("INSERT INTO nodes (level, place, hash) VALUES (?, ?, ?)", nodes)

    def write_signature(self, page: int, value: bytes) -> None:
        """Store the signature of a head."""
        self._db.execute("UPDATE heads SET signature = ? WHERE page = ?", (value, page))

    def count(self) -> int:
        """Return the number of pages."""
        return int(self._db.execute("SELECT coalesce(max(page), -1) + 1 FROM heads").fetchone()[0])

    def head(self, page: int) -> HeadRecord | None:
        """Return the head of a page, or None."""
        row = self._db.execute(
            "SELECT h.page, h.body, h.digest, h.signer, h.signature, s.chain"
            " FROM heads h JOIN signers s ON s.key = h.signer WHERE h.page = ?",
            (page,),
        ).fetchone()
        if row is None:
            return None
        number, body, head_digest, signer, signature, chain = row
        return HeadRecord(
            page=number,
            body=body.encode(),
            digest=Digest(head_digest.hex()),
            signer=Digest(signer),
            chain=read_chain(chain),
            signature=signature,
        )

    def page_of(self, head: Digest) -> int | None:
        """Return the page of a head, or None where it is not one of this ledger."""
        query = "SELECT page FROM heads WHERE digest = ?"
        row = self._db.execute(query, (bytes.fromhex(head),)).fetchone()
        return None if row is None else int(row[0])

    def node(self, level: int, place: int) -> bytes:
        """Return a complete node of the tree over all heads.

        Raises:
            Problem: ``store-damaged`` where it is missing.
        """
        query = "SELECT hash FROM nodes WHERE level = ? AND place = ?"
        row = self._db.execute(query, (level, place)).fetchone()
        if row is None:
            raise Problem("store-damaged", f"Node {place} of level {level} is missing.")
        found: bytes = row[0]
        return found

    def document(self, wanted: Digest, unsaved: tuple[int, bytes] | None) -> Document | None:
        """Return a document with the newest signature block it has, or None.

        Args:
            wanted: SHA-256 of its body.
            unsaved: A page and the signature of its head that is not stored yet.
        """
        row = self._db.execute(
            "SELECT d.type, d.version, d.body, l.id, l.salt FROM documents d"
            # The newest leaf, signed or not: a body gets another one only where the block before it
            # is believed no more, its signer being revoked or its page lost. While the newest page
            # has no signature there is no answer yet; the older block would only be refused, and
            # be asked for again.
            " JOIN leaves l ON l.document = d.id WHERE d.digest = ? ORDER BY l.id DESC LIMIT 1",
            (bytes.fromhex(wanted),),
        ).fetchone()
        if row is None:
            return None
        kind, version, body, leaf, salt = row
        page, index = leaf >> PLACES, leaf & (1 << PLACES) - 1
        block = self._block(page, index, salt, unsaved)
        if block is None:
            return None
        return Document(type=kind, version=version, body=_whole_body(wanted, body), signature=block)

    def _block(
        self, page: int, index: int, salt: bytes, unsaved: tuple[int, bytes] | None
    ) -> PageSignature | None:
        known = self._signed_page(page, unsaved)
        if known is None:
            return None
        # From the stored hashes and not from the bodies: leaves of others need not be read.
        path = merkle.inclusion_path(index, known.size, lambda level, at: known.nodes[level, at])
        head = known.head
        return PageSignature(
            head=head.body,
            chain=head.chain,
            value=known.value,
            salt=salt,
            index=index,
            path=tuple(path),
        )

    def _signed_page(self, page: int, unsaved: tuple[int, bytes] | None) -> _SignedPage | None:
        """Return what proves the leaves of a page, or None where it is not signed yet.

        The last few are kept: the answers to one file stand in few pages, and the tree of each
        would be built again for every answer.
        """
        known = self._known.get(page)
        if known is not None:
            self._known.move_to_end(page)
            return known
        head = self.head(page)
        if head is None:
            raise Problem("store-damaged", f"Page {page} has no head.")
        value = head.signature
        if value is None and unsaved is not None and unsaved[0] == page:
            value = unsaved[1]
        if value is None:
            return None  # and not kept: the writer's own page may still be rolled back
        hashes = self.leaf_hashes(page)
        _, nodes = merkle.tree(hashes)
        known = self._known[page] = _SignedPage(head, value, len(hashes), nodes)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return known

    def leaf_hashes(self, page: int) -> list[bytes]:
        """Return the hashes of a page's leaves, in order."""
        rows = self._db.execute(
            "SELECT hash FROM leaves WHERE id >= ? AND id < ? ORDER BY id",
            (row_id(page, 0), row_id(page + 1, 0)),
        ).fetchall()
        return [row[0] for row in rows]

    def answers(self, answered: Digest) -> Digest | None:
        """Return the newest ACK or verdict on a document of a device, or None."""
        row = self._db.execute(
            "SELECT digest FROM documents WHERE answers = ? AND type IN ('ack', 'verdict')"
            # The newest: a final ACK replaces the deferral that was given before.
            " ORDER BY id DESC LIMIT 1",
            (bytes.fromhex(answered),),
        ).fetchone()
        return None if row is None else Digest(row[0].hex())

    def body(self, wanted: Digest) -> tuple[str, int, bytes] | None:
        """Return type, version and body of a document, or None."""
        row = self._db.execute(
            "SELECT type, version, body FROM documents WHERE digest = ?", (bytes.fromhex(wanted),)
        ).fetchone()
        return None if row is None else (row[0], row[1], _whole_body(wanted, row[2]))

    def documents_of(self, page: int) -> tuple[Digest, ...]:
        """Return the digests of the documents that stand in a page, in order."""
        rows = self._db.execute(
            "SELECT d.digest FROM leaves l JOIN documents d ON d.id = l.document"
            " WHERE l.id >= ? AND l.id < ? ORDER BY l.id",
            (row_id(page, 0), row_id(page + 1, 0)),
        ).fetchall()
        return tuple(Digest(row[0].hex()) for row in rows)


def _whole_body(wanted: Digest, stored: str | bytes) -> bytes:
    """Return a body, which is served only if it is still the one that was frozen.

    Raises:
        Problem: ``store-damaged``.
    """
    body = unpack(stored).encode()
    if digest(body) != wanted:
        raise Problem("store-damaged", f"The stored document {wanted} has changed.")
    return body


def _chain_text(chain: Iterable[bytes]) -> str:
    return json.dumps([encode_base64(certificate) for certificate in chain])


def read_chain(text: str) -> tuple[bytes, ...]:
    """Return the certificates of a signer as they are stored."""
    return tuple(decode_base64(item, "A stored certificate") for item in json.loads(text))
