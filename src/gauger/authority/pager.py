"""Turns a unit of work into a page: rows, leaves and head in the transaction, then one signature.

The crash rule (`spec/ledger.md`): what the transaction wrote is what will be signed, whenever that
is. The signature itself is stored with the next transaction.
"""

from typing import Final

from gauger.authority.books import Books, NewDocument, Unit
from gauger.authority.ports.store import HeadRecord, LeafRecord, PagesPort
from gauger.core.authority.rows import row_bytes
from gauger.core.documents import merkle
from gauger.core.documents.envelope import SALT_BYTES, Document, preimage
from gauger.core.documents.page import Leaf, Page, PageFacts, PageHead, build_page, head_leaf
from gauger.core.identity import Digest, digest
from gauger.core.ports import Entropy, Signer

ROWS_TYPE: Final = "ledger-rows"
"""Type of leaf 0, whose body is the digest of the page's rows in hexadecimal."""

ROWS_VERSION: Final = 1


def rows_digest(rows: list[tuple[str, str]]) -> Digest:
    """Return the digest over the rows (kind, JSON form) of a page."""
    # Each row ends in a line feed, which compact JSON never holds: no two lists of rows are alike.
    return digest(b"".join(row_bytes(kind, text) for kind, text in rows))


def rows_preimage(rows: list[tuple[str, str]]) -> bytes:
    """Return what leaf 0 of a page holds behind its salt."""
    # Framed like a document, so that rows can never be passed off as one, nor the reverse.
    return preimage(ROWS_TYPE, ROWS_VERSION, rows_digest(rows).encode())


class Pager:
    """Builds pages one after another; knows the tree over all heads."""

    def __init__(self, signer: Signer, entropy: Entropy) -> None:
        """Begin with an empty tree."""
        self._signer = signer
        self._entropy = entropy
        self._frontier = merkle.Frontier()
        # Of a page that is written and not yet durable; dropped where the commit fails.
        self._grown: merkle.Frontier | None = None

    def load(self, pages: PagesPort) -> None:
        """Take the tree of the pages that are stored."""
        # Only the peaks are read: a start costs the logarithm of the ledger's length.
        size, frontier = pages.count(), merkle.Frontier()
        peaks, place = [], 0
        for level in reversed(range(size.bit_length())):
            # Each set bit of the size is one complete subtree (RFC 9162, section 2.1).
            if size >> level & 1:
                peaks.append(pages.node(level, place >> level))
                place += 1 << level
        frontier = merkle.Frontier.from_bytes(size.to_bytes(8, "big") + b"".join(peaks))
        self._frontier, self._grown = frontier, None

    def write(self, unit: Unit) -> Page:
        """Write everything of a page but its signature, within the transaction."""
        documents = list(unit.documents.values())
        leaves = self._leaves(unit, documents)
        books = unit.books
        page = build_page(
            PageFacts(
                ledger=books.ledger,
                epoch=books.epoch,
                page=books.page,
                # Over all heads before: a head that a device holds fixes the whole past.
                previous_root=Digest(self._frontier.root().hex()),
                issued_at=unit.now,
                signer=self._signer.key_id,
                abandons=unit.abandons,
                earlier=books.earlier,
                test_clock=unit.test_clock,
            ),
            leaves,
        )
        # On a copy: where the transaction fails, the tree must still be that of the stored pages.
        grown = merkle.Frontier.from_bytes(self._frontier.to_bytes())
        nodes = grown.append(head_leaf(page.body))
        pages = unit.store.pages
        # All within one transaction, and no signature: spec/ledger.md, the crash rule.
        pages.write_rows(books.page, unit.rows)
        pages.write_leaves(books.page, _records(unit, page))
        pages.write_head(
            HeadRecord(
                page=books.page,
                body=page.body,
                digest=digest(page.body),
                signer=self._signer.key_id,
                chain=self._signer.chain,
            ),
            nodes,
        )
        self._grown = grown
        return page

    def _leaves(self, unit: Unit, documents: list[NewDocument]) -> list[Leaf]:
        # A fresh salt each: from a path of hashes nobody guesses what stands in a neighbour's
        # leaf.
        salts = self._entropy.random_bytes(SALT_BYTES * (1 + len(documents)))
        # Leaf 0, always: a page without documents still binds its rows.
        images = [rows_preimage(unit.rows)]
        images.extend(preimage(made.type, made.version, made.body) for made in documents)
        return [
            Leaf(salts[at * SALT_BYTES : (at + 1) * SALT_BYTES], image)
            for at, image in enumerate(images)
        ]

    def committed(self, books: Books) -> None:
        """Go on from a page whose transaction is durable."""
        # None where the page wrote nothing new, such as after a reload.
        if self._grown is not None:
            self._frontier, self._grown = self._grown, None
        books.page += 1

    def sign(self, body: bytes) -> bytes:
        """Sign a head.

        Raises:
            Problem: ``key-store-failed``; nothing else signs instead.
        """
        # With its type before it: the key cannot be made to sign some other kind of document.
        return self._signer.sign(preimage(PageHead.TYPE, PageHead.VERSION, body))

    def documents(self, unit: Unit, page: Page, value: bytes) -> dict[Digest, Document]:
        """Return the documents of a page, signed."""
        chain = self._signer.chain
        return {
            made: Document(
                type=document.type,
                version=document.version,
                body=document.body,
                signature=page.signature(at, chain=chain, value=value),
            )
            # From 1: leaf 0 is the rows, which no device ever gets.
            for at, (made, document) in enumerate(unit.documents.items(), start=1)
        }


def _records(unit: Unit, page: Page) -> list[LeafRecord]:
    first = LeafRecord(salt=page.leaves[0].salt, hash=page.hashes[0])
    others = (
        LeafRecord(
            salt=leaf.salt,
            hash=leaf_hash,
            digest=made,
            type=document.type,
            version=document.version,
            answers=document.answers,
            body=document.body,
        )
        # Strict: a document beside the wrong hash would be found only by the device.
        for leaf, leaf_hash, (made, document) in zip(
            page.leaves[1:], page.hashes[1:], unit.documents.items(), strict=True
        )
    )
    return [first, *others]
