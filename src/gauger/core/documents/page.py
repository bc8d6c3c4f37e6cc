"""Signed pages: one signature for all the answers of a commit (`spec/pages.md`).

A leaf is 16 random bytes and the pre-image of a document; without the salt a leaf hash tells
nothing of a short document. The head names the root over the leaves and the root over all earlier
heads, so the heads are a chain in which a fork or a rollback shows.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from gauger.core.documents import merkle
from gauger.core.documents.body import Body, read_head
from gauger.core.documents.envelope import (
    SALT_BYTES,
    DirectSignature,
    Document,
    PageSignature,
    preimage,
)
from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

ID_BYTES: Final = 16
# It goes along with every answer and every report, so it stays small.
HEAD_CAP: Final = 8 * 1024
"""Most bytes of a head."""

MAXIMUM_LEAVES: Final = 2**32
_MAXIMUM_ABANDONED: Final = 64
MOST_EARLIER: Final = 32
"""Earlier epochs that a head names at most, the newest; a head goes along with every answer."""

_LONGEST_CHAIN: Final = 4
_LONGEST_SIGNATURE: Final = 128


@dataclass(frozen=True, slots=True, order=True)
class LedgerEpoch:
    """One life of a ledger; a restored server opens a new one.

    Attributes:
        number: 1 for the first; above every number known when it was opened.
        id: 16 random bytes in hexadecimal, which tell two epochs of one number apart.
    """

    number: int
    id: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {"number": self.number, "id": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierEpoch:
    """What still stands of an epoch that is over.

    Attributes:
        epoch: The epoch.
        until: Pages of it below this number stand; what it issued from there on was given up.
    """

    epoch: LedgerEpoch
    until: int

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {**self.epoch.to_json(), "until": self.until}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead(Body):
    """What is signed for one page.

    Attributes:
        ledger: Ledger id, 16 random bytes in hexadecimal.
        epoch: Epoch of the ledger.
        page: Number of earlier heads.
        previous_root: RFC 9162 root over the bodies of the earlier heads.
        leaf_count: Number of leaves.
        page_root: RFC 9162 root over the leaves.
        signer: Key id of the signer.
        abandons: Digests of heads of this ledger that are not among the earlier ones.
        earlier: The epochs before this one, oldest first; empty also where its maker says nothing.
    """

    TYPE: ClassVar[str] = "page-head"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {
            "ledger",
            "epoch",
            "page",
            "previous_root",
            "leaf_count",
            "page_root",
            "signer",
            "abandons",
            "earlier_epochs",
        }
    )
    CAP: ClassVar[int] = HEAD_CAP

    ledger: str
    epoch: LedgerEpoch
    page: int
    previous_root: Digest
    leaf_count: int
    page_root: Digest
    signer: Digest
    abandons: tuple[Digest, ...] = ()
    earlier: tuple[EarlierEpoch, ...] = ()

    @classmethod
    def from_document(cls, document: Document) -> "PageHead":
        """Read a head.

        Raises:
            Problem: As `Body.open`, and ``malformed``.
        """
        fields = cls.open(document)
        earlier = fields.items("earlier_epochs", limit=MOST_EARLIER)
        return cls(
            **read_head(fields),
            ledger=fields.hex_id("ledger", size=ID_BYTES),
            epoch=_read_epoch(fields.child("epoch")),
            # Also the number of leaves that the root over the earlier heads covers.
            page=fields.integer("page", least=0),
            previous_root=fields.digest("previous_root"),
            # Signed with the root: a path alone does not tell how large its tree is.
            leaf_count=fields.integer("leaf_count", least=1, most=MAXIMUM_LEAVES),
            page_root=fields.digest("page_root"),
            signer=fields.digest("signer"),
            abandons=fields.digests("abandons", limit=_MAXIMUM_ABANDONED),
            earlier=tuple(
                EarlierEpoch(epoch=_read_epoch(item), until=item.integer("until", least=0))
                for item in earlier
            ),
        )

    def stands(self, epoch: LedgerEpoch, page: int) -> bool | None:
        """Tell whether a page that was signed once is still one of the ledger.

        The id counts and not the number alone: a ledger that was set back twice, to before its
        first restore, has two epochs of one number.

        Args:
            epoch: Epoch of the page's head, which is no newer than this head.
            page: Its number.

        Returns:
            None where this head does not say.
        """
        # Within one epoch pages are only appended: what was signed in it stands.
        if epoch == self.epoch:
            return True
        return still_stands(self.earlier, epoch, page) if self.earlier else None

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of this type alone."""
        members: dict[str, JsonValue] = {
            "ledger": self.ledger,
            "epoch": self.epoch.to_json(),
            "page": self.page,
            "previous_root": self.previous_root,
            "leaf_count": self.leaf_count,
            "page_root": self.page_root,
            "signer": self.signer,
        }
        if self.abandons:
            members["abandons"] = list(self.abandons)
        if self.earlier:
            members["earlier_epochs"] = [item.to_json() for item in self.earlier]
        return members


def _read_epoch(fields: Fields) -> LedgerEpoch:
    return LedgerEpoch(fields.integer("number", least=1), fields.hex_id("id", size=ID_BYTES))


def still_stands(earlier: Sequence[EarlierEpoch], epoch: LedgerEpoch, page: int) -> bool:
    """Tell whether a page of an epoch that is over is surely one of the ledger."""
    return any(item.epoch == epoch and page < item.until for item in earlier)


def after_epoch(
    earlier: Sequence[EarlierEpoch], ended: LedgerEpoch, *, pages: range, is_met: bool
) -> tuple[EarlierEpoch, ...]:
    """Return the earlier epochs once one more is over.

    A restore says where it set the ledger back to: just there. A foreign head only says that the
    ledger was set back some time before; so of the epoch that ends nothing is sure to be what
    devices were told of it.

    Args:
        earlier: The epochs before the one that ends.
        ended: The epoch that ends.
        pages: The pages of that epoch in this ledger.
        is_met: Whether a foreign head ends it, and no restore.
    """
    until = pages.start if is_met else pages.stop
    return (*earlier, EarlierEpoch(epoch=ended, until=until))[-MOST_EARLIER:]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head with its signature, as a device keeps the newest one and sends it back.

    Attributes:
        head: The exact body of the head.
        chain: DER certificates of its signer, its own first.
        value: 64 bytes, the signature over the head's pre-image.
    """

    head: bytes
    chain: tuple[bytes, ...]
    value: bytes

    @classmethod
    def of(cls, signature: PageSignature) -> "SignedHead":
        """Return the signed head of an answer's signature block."""
        return cls(head=signature.head, chain=signature.chain, value=signature.value)

    @classmethod
    def from_fields(cls, fields: Fields) -> "SignedHead":
        """Read the JSON form.

        Raises:
            Problem: ``malformed``.
        """
        return cls(
            head=fields.text("head", limit=HEAD_CAP).encode(),
            chain=fields.base64_list("chain", limit=_LONGEST_CHAIN),
            value=fields.base64("value", limit=_LONGEST_SIGNATURE),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "head": self.head.decode(),
            "chain": [encode_base64(certificate) for certificate in self.chain],
            "value": encode_base64(self.value),
        }

    def read(self) -> PageHead:
        """Read the head; the newest are remembered, because all answers of a page share one.

        Raises:
            Problem: As `PageHead.from_document`.
        """
        # By its bytes alone: chain and signature say nothing about what the head means.
        return _read_head(self.head)

    @property
    def document(self) -> Document:
        """The head as a document with one direct signature."""
        signature = DirectSignature(chain=self.chain, value=self.value)
        return Document(
            type=PageHead.TYPE, version=PageHead.VERSION, body=self.head, signature=signature
        )


@functools.lru_cache(maxsize=1024)
def _read_head(body: bytes) -> PageHead:
    return PageHead.from_document(SignedHead(head=body, chain=(), value=b"").document)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a page.

    Attributes:
        salt: 16 random bytes, new for each leaf.
        preimage: Type, version and body of the document, as `envelope.preimage` gives them.
    """

    salt: bytes
    preimage: bytes

    def __post_init__(self) -> None:
        # Hashes of other leaves go along in a path: without a salt, whoever gets one could try out
        # which policy or verdict a stranger was given.
        if len(self.salt) != SALT_BYTES:
            message = f"a leaf has a salt of {SALT_BYTES} bytes, not {len(self.salt)}"
            raise ValueError(message)

    @property
    def hash(self) -> bytes:
        """The RFC 9162 hash of the leaf."""
        return merkle.leaf_hash(self.salt + self.preimage)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What a head says beside its leaves; the fields are those of `PageHead`."""

    ledger: str
    epoch: LedgerEpoch
    page: int
    previous_root: Digest
    issued_at: int
    signer: Digest
    abandons: tuple[Digest, ...] = ()
    earlier: tuple[EarlierEpoch, ...] = ()
    test_clock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that only lacks its signature.

    Attributes:
        head: The head.
        body: The exact bytes of the head's body.
        leaves: The leaves, in order.
        hashes: The hash of each leaf.
        paths: The inclusion path of each leaf.
    """

    head: PageHead
    body: bytes
    leaves: tuple[Leaf, ...]
    hashes: tuple[bytes, ...]
    paths: tuple[tuple[bytes, ...], ...]

    @property
    def preimage(self) -> bytes:
        """The bytes that the signer signs, once for all leaves."""
        return preimage(PageHead.TYPE, PageHead.VERSION, self.body)

    def signature(self, index: int, *, chain: tuple[bytes, ...], value: bytes) -> PageSignature:
        """Return the signature block of one leaf's document.

        Args:
            index: Number of the leaf.
            chain: DER certificates of the signer.
            value: The signature over `preimage`.
        """
        return PageSignature(
            head=self.body,
            chain=chain,
            value=value,
            salt=self.leaves[index].salt,
            index=index,
            path=self.paths[index],
        )


def build_page(facts: PageFacts, leaves: Sequence[Leaf]) -> Page:
    """Make a page's head and all inclusion paths.

    Args:
        facts: What the head says beside its leaves.
        leaves: At least one.

    Returns:
        The page; signing `Page.preimage` completes it.

    Raises:
        ValueError: Where there is no leaf.
    """
    if not leaves:
        raise ValueError("a page has at least one leaf")
    hashes = tuple(leaf.hash for leaf in leaves)
    root, paths = merkle.root_and_paths(hashes)
    head = PageHead(
        issued_at=facts.issued_at,
        test_clock=facts.test_clock,
        ledger=facts.ledger,
        epoch=facts.epoch,
        page=facts.page,
        previous_root=facts.previous_root,
        leaf_count=len(leaves),
        page_root=Digest(root.hex()),
        signer=facts.signer,
        abandons=facts.abandons,
        earlier=facts.earlier,
    )
    return Page(head=head, body=head.encode(), leaves=tuple(leaves), hashes=hashes, paths=paths)


def verify_leaf(document: Document, signature: PageSignature, head: PageHead) -> None:
    """Check that a document is the leaf that its signature block says.

    Args:
        document: The document.
        signature: Its signature block.
        head: The head in that block; its own signature is judged elsewhere.

    Raises:
        Problem: ``signature-invalid``.
    """
    # With type and version: the body of one type is never shown as that of another.
    leaf = Leaf(signature.salt, document.preimage)
    root = bytes.fromhex(head.page_root)
    merkle.verify_inclusion(
        leaf.hash, signature.index, head.leaf_count, path=signature.path, root=root
    )


def head_leaf(body: bytes) -> bytes:
    """Return the hash of a head as a leaf of the tree over all heads."""
    return merkle.leaf_hash(body)


def verify_continuation(
    earlier: Document,
    later: Document,
    *,
    inclusion: Sequence[bytes],
    consistency: Sequence[bytes],
) -> None:
    """Check that two heads are of one unbroken ledger.

    The root in a head covers the heads before it. So two proofs are needed: that the earlier head
    itself stands in the later ledger, and that all that came before it does.

    Args:
        earlier: The head with the lower page number.
        later: The other head.
        inclusion: Path of the earlier head in the tree of the later head.
        consistency: Path from ``earlier.page`` to ``later.page`` heads.

    Raises:
        Problem: ``signature-invalid`` where the ledger was rolled back or forked.
    """
    first, second = PageHead.from_document(earlier), PageHead.from_document(later)
    # First: two ledgers are expected to differ, and no fork is to be called where there is none.
    if first.ledger != second.ledger:
        raise Problem("signature-invalid", "The two heads are of different ledgers.")
    root = bytes.fromhex(second.previous_root)
    # A root covers the heads before its own: of two heads of one page it proves nothing.
    if first.page == second.page and earlier.body != later.body:
        raise Problem("signature-invalid", f"The ledger has two heads of page {first.page}.")
    if first.page != second.page:
        leaf = head_leaf(earlier.body)
        merkle.verify_inclusion(leaf, first.page, second.page, path=inclusion, root=root)
    first_root = bytes.fromhex(first.previous_root)
    merkle.verify_consistency(
        first.page, second.page, path=consistency, first_root=first_root, second_root=root
    )
