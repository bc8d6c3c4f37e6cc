"""Fixed keys, trust folders and good documents: those of the vectors, under one root set."""

import json
from collections.abc import Mapping, Sequence

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from gauger.core.documents import keyring
from gauger.core.documents.envelope import (
    Document,
    PageSignature,
    ThresholdSignature,
    preimage,
    write_document,
)
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import Leaf, LedgerEpoch, Page, PageFacts, SignedHead, build_page
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.identity import digest

NOW = docs.NOW
DAY = 86_400
LEDGER = docs.LEDGER
OTHER_LEDGER = "2e" * 16
ME = f"{docs.UDI.pid},{docs.UDI.serial}"
OTHER = f"{docs.OTHER.pid},{docs.OTHER.serial}"
HOME = "example.com/DEFAULT"
REPORT = "ab" * 32
ROOTS = ("root-1", "root-2", "root-3")
EPOCH = LedgerEpoch(1, "e1" * 16)


def short(name: str) -> bytes:
    """Return the certificate of a signer that has expired by now."""
    return trust.signer_certificate(name, days=-1)


def signers() -> tuple[ListedSigner, ...]:
    """Return the listed signers of the usual root set."""
    delegator = trust.signer_certificate("delegator", delegates=True)
    return (
        ListedSigner.of(docs.SIGNER),
        ListedSigner.of(trust.signer_certificate("bound"), ledger=OTHER_LEDGER),
        ListedSigner.of(delegator, delegates=True),
        ListedSigner.of(short("old")),
    )


def root_set(number: int = 1, **changes: object) -> RootSet:
    """Return the usual root set, or one that differs from it."""
    usual: dict[str, object] = {
        "issued_at": NOW - 1000,
        "number": number,
        "epoch": 1,
        "expires_at": NOW + 2000 * DAY,
        "threshold": 2,
        "keys": root_keys(*ROOTS),
        "signers": signers(),
        "revoked": (trust.key("revoked").key_id,),
    }
    return RootSet(**(usual | changes))  # type: ignore[arg-type] # the dataclass checks the names


def root_keys(*names: str) -> tuple[RootKey, ...]:
    """Return root keys by their names."""
    return tuple(RootKey.of(trust.key(name).public_key) for name in names)


def signed(root: RootSet, *names: str) -> Document:
    """Sign a root set; by root-1 and root-2 where nobody is named."""
    return trust.signed_root(root, *(names or ROOTS[:2]))


def signed_body(body: bytes, *names: str) -> Document:
    """Sign the bytes of a root set that no builder would make."""
    message = preimage("root-set", 1, body)
    values = tuple(
        (trust.key(name).key_id, keyring.sign(trust.key(name), message)) for name in names
    )
    return Document(
        type="root-set", version=1, body=body, signature=ThresholdSignature(signatures=values)
    )


def manufacturer() -> Manufacturer:
    """Return the manufacturer that every trust folder pins."""
    return Manufacturer(
        name="Conformance Manufacturer",
        certificate=docs.MAKER.certificate,
        pids=frozenset({docs.UDI.pid}),
        serial_prefixes=("GGR",),
        ledger="fa" * 16,
    )


def trust_folders() -> dict[str, dict[str, str]]:
    """Return the trust folders: their files by name."""
    maker = {"manufacturers/conformance-manufacturer.json": manufacturer().to_json() + "\n"}

    def holding(*roots: Document) -> dict[str, str]:
        numbers = [json.loads(root.body)["number"] for root in roots]
        names = (f"root-set-{number}.json" for number in numbers)
        return (
            dict(zip(names, (write_document(root) + "\n" for root in roots), strict=True)) | maker
        )

    tested = {name: root_set(number, **changes) for name, number, changes in _ROOTS}
    return {
        "usual": holding(signed(root_set())),
        "nothing": dict(maker),
        **{name: holding(signed(root)) for name, root in tested.items()},
    }


_ROOTS: Sequence[tuple[str, int, Mapping[str, object]]] = (
    ("fifth", 5, {"epoch": 3}),
    ("expired", 1, {"expires_at": NOW - 1}),
    ("expired-by-issue", 1, {"issued_at": NOW, "expires_at": NOW - 1}),
    ("last-second", 1, {"expires_at": NOW}),
    ("revoking-signer", 2, {"epoch": 2, "signers": (), "revoked": (docs.KEYS["signer"].key_id,)}),
    ("revoking-sudi", 2, {"epoch": 2, "revoked": (docs.KEYS["sudi"].key_id,)}),
    ("revoking-licensing", 2, {"epoch": 2, "revoked": (docs.KEYS["licensing"].key_id,)}),
)


def page_of(
    bodies: Sequence[tuple[str, bytes]], *, ledger: str = LEDGER, number: int = 0, **facts: object
) -> Page:
    """Return a page with the ledger's rows as leaf 0 and documents as the others."""
    usual: dict[str, object] = {
        "ledger": ledger,
        "epoch": EPOCH,
        "page": number,
        "previous_root": digest(b""),
        "issued_at": NOW,
        "signer": docs.KEYS["signer"].key_id,
    }
    leaves = [
        Leaf(bytes([at + 1] * 16), preimage(kind, 1, body))
        for at, (kind, body) in enumerate([("ledger-rows", b"rows"), *bodies])
    ]
    return build_page(PageFacts(**(usual | facts)), leaves)  # type: ignore[arg-type] # as above


def paged(
    bodies: Sequence[tuple[str, bytes]], *, name: str = "signer", **facts: object
) -> list[Document]:
    """Sign documents by one page."""
    page = page_of(bodies, **facts)  # type: ignore[arg-type] # as above
    value = docs.sign(name, page.preimage)
    return [
        Document(
            type=kind,
            version=1,
            body=body,
            signature=page.signature(at, chain=(docs.SIGNER,), value=value),
        )
        for at, (kind, body) in enumerate(bodies, 1)
    ]


def block_of(document: Document) -> PageSignature:
    """Return the page block of a document."""
    if not isinstance(document.signature, PageSignature):
        raise TypeError("the document is not signed by a page")
    return document.signature


def signed_head(page: Page, *, name: str = "signer") -> SignedHead:
    """Sign the head of a page."""
    return SignedHead(head=page.body, chain=(docs.SIGNER,), value=docs.sign(name, page.preimage))


def with_block(document: Document, **changes: object) -> str:
    """Return the written form with other members in the signature block; None takes one away."""
    content = json.loads(write_document(document))
    block = content["signature"] | changes
    kept = {name: value for name, value in block.items() if value is not None}
    return json.dumps(content | {"signature": kept}, sort_keys=True, separators=(",", ":"))


def written(document: Document, **changes: object) -> str:
    """Return the written form with other members beside the signature; None takes one away."""
    content = json.loads(write_document(document)) | changes
    kept = {name: value for name, value in content.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"))


def file_of(*items: tuple[ItemKind, str | Document]) -> bytes:
    """Return an outer file."""
    return b"".join(
        write_file(
            Item(kind=kind, text=text if isinstance(text, str) else write_document(text))
            for kind, text in items
        )
    )
