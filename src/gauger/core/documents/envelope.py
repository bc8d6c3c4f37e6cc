"""The form of every signed document: exact body bytes beside a signature block."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, assert_never

from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.core.strict_json import Encode, JsonValue, decode, encode

ALGORITHM: Final = "ES256"
"""The only signature algorithm: ECDSA on P-256 with SHA-256, 64 bytes, s low."""

DOCUMENT_CAP: Final = 256 * 1024
"""Most bytes of a document in its written form."""

BODY_CAPS: Final[Mapping[str, int]] = MappingProxyType({"policy": 16 * 1024})
"""Most bytes of a body, by type, where it is less than the document may have."""

SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

_SHORT: Final = 8192
_KEPT: Final = 128
_TYPE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
# Each certificate costs a parse, and a signature check, before anything is known of the sender.
_LONGEST_CHAIN: Final = 4
_LONGEST_PATH: Final = 64
_MOST_SIGNATURES: Final = 32  # a rotation carries those of two sets of at most 16 root keys
_LONGEST_SIGNATURE: Final = 128
_DOCUMENT_KEYS: Final = frozenset({"type", "version", "body", "signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSignature:
    """One signature over the document's pre-image.

    Attributes:
        chain: DER certificates, the signer's own first.
        value: 64 bytes, r then s.
    """

    chain: tuple[bytes, ...]
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSignature:
    """A place in a page whose head is signed once for all its leaves.

    Attributes:
        head: The exact body bytes of the page head.
        chain: DER certificates of the head's signer, its own first.
        value: 64 bytes, the signature of the head.
        salt: 16 random bytes that open this leaf.
        index: Number of the leaf in the page, from 0.
        path: RFC 9162 inclusion path, 32 bytes each, from the leaf upward.
    """

    head: bytes
    chain: tuple[bytes, ...]
    value: bytes
    salt: bytes
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSignature:
    """Signatures of several root keys, by key id."""

    signatures: tuple[tuple[Digest, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSignature:
    """A trust request's two signatures over the same pre-image.

    Attributes:
        chain: The SUDI certificate (DER), and above it what certifies it.
        sudi: 64 bytes by the SUDI key.
        key: 64 bytes by the new licensing key.
    """

    chain: tuple[bytes, ...]
    sudi: bytes
    key: bytes


SignatureBlock = DirectSignature | PageSignature | ThresholdSignature | PairSignature


def preimage(kind: str, version: int, body: bytes) -> bytes:
    """Return what is signed: the domain (type and version), a zero byte, the exact body."""
    # The domain keeps one key from being tricked into signing for another protocol or type.
    return b"gauger/%b/%d\x00%b" % (kind.encode("ascii"), version, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as received: bytes are kept, nothing is serialised again to verify.

    Attributes:
        type: Document type, for example ``ack``.
        version: Version of the type's schema.
        body: The exact bytes that are signed.
        signature: How they are signed.
    """

    type: str
    version: int
    body: bytes
    signature: SignatureBlock

    @property
    def digest(self) -> Digest:
        """SHA-256 of the body; the signature is no part of a document's identity."""
        return digest(self.body)

    @property
    def preimage(self) -> bytes:
        """The bytes that the signature covers."""
        return preimage(self.type, self.version, self.body)


def read_document(data: bytes | str, *, cap: int = DOCUMENT_CAP) -> Document:
    """Read a document's written form; nothing is verified yet (`spec/envelope.md`).

    Args:
        data: The JSON as received.
        cap: Most bytes that are looked at.

    Returns:
        The document; its body is exactly what its signer signed.

    Raises:
        Problem: As `strict_json.decode`; ``malformed``; ``signature-missing`` where there is no
            signature block; ``algorithm-not-allowed`` for any algorithm but ES256;
            ``upgrade-needed`` for a kind of signature block that is not known here.
    """
    if cap == DOCUMENT_CAP and len(data) <= _SHORT:
        return _read_short(data)
    return _read(data, cap)


@lru_cache(maxsize=_KEPT)
def _read_short(data: bytes | str) -> Document:
    """Read a short document, or know it: an answer is read, kept, and read from the store.

    What is remembered follows from these very bytes alone; that anybody signed them does not.
    """
    return _read(data, DOCUMENT_CAP)


def _read(data: bytes | str, cap: int) -> Document:
    value = decode(data, what="the document", cap=cap)
    fields = Fields(value, "the document")
    kind = fields.text("type", limit=32)
    # It stands in the pre-image before a zero byte: no type may hold one, or a slash.
    if not _TYPE.fullmatch(kind):
        raise fields.refuse("type", "the name of a type")
    version = fields.integer("version", least=1, most=2**31 - 1)
    body = fields.text("body", limit=cap).encode()
    if len(body) > BODY_CAPS.get(kind, cap):
        detail = f"The body of a document of type {kind} has {len(body)} bytes."
        raise Problem("too-large", f"{detail} The cap is {BODY_CAPS[kind]}.")
    if "signature" not in fields:
        raise Problem("signature-missing", f"The document of type {kind} carries no signature.")
    signature = read_signature(fields.child("signature"))
    # After the signature block, so that a missing one is told by its own name.
    _require_keys(value, _DOCUMENT_KEYS)
    return Document(type=kind, version=version, body=body, signature=signature)


def write_document(document: Document, write: Encode = encode) -> str:
    """Return a document's written form, given by ``write``: JSON in ASCII with sorted keys."""
    return write(
        {
            "type": document.type,
            "version": document.version,
            "body": document.body.decode(),
            "signature": write_signature(document.signature),
        }
    )


def read_signature(fields: Fields) -> SignatureBlock:
    """Read a signature block.

    Raises:
        Problem: ``algorithm-not-allowed``, ``upgrade-needed`` or ``malformed``.
    """
    kind = fields.text("kind", limit=32)
    if kind not in _READERS:
        raise Problem("upgrade-needed", f"A signature block of kind {kind!r} is not known here.")
    if fields.optional_text("algorithm") != ALGORITHM:
        # The algorithm is ours to choose, never the sender's: "none" and its kin end here.
        raise Problem("algorithm-not-allowed", f"The signature is not by {ALGORITHM}.")
    return _READERS[kind](fields)


def write_signature(signature: SignatureBlock) -> dict[str, JsonValue]:
    """Return the JSON form of a signature block."""
    match signature:
        case DirectSignature(chain=chain, value=value):
            members: dict[str, JsonValue] = {"chain": _texts(chain), "value": encode_base64(value)}
        case PageSignature():
            members = _write_page(signature)
        case ThresholdSignature(signatures=signatures):
            values = [{"key_id": key, "value": encode_base64(value)} for key, value in signatures]
            members = {"signatures": values}
        case PairSignature(chain=chain, sudi=sudi, key=key):
            values_of_both = {"sudi": encode_base64(sudi), "key": encode_base64(key)}
            members = {"chain": _texts(chain), **values_of_both}
        case _:  # pragma: no cover -- the type checker proves that no kind is left
            assert_never(signature)
    return {"kind": _KINDS[type(signature)], "algorithm": ALGORITHM, **members}


def _texts(values: tuple[bytes, ...]) -> list[str]:
    return [encode_base64(value) for value in values]


def _write_page(signature: PageSignature) -> dict[str, JsonValue]:
    return {
        "head": signature.head.decode(),
        "chain": _texts(signature.chain),
        "value": encode_base64(signature.value),
        "salt": encode_base64(signature.salt),
        "index": signature.index,
        "path": _texts(signature.path),
    }


def _value(fields: Fields, name: str) -> bytes:
    # A wrong length is left to the verifier: it is a bad signature, not a bad form.
    return fields.base64(name, limit=_LONGEST_SIGNATURE)


def _chain(fields: Fields) -> tuple[bytes, ...]:
    chain = fields.base64_list("chain", limit=_LONGEST_CHAIN)
    if not chain:
        raise Problem("malformed", "A signature names no certificate of its signer.")
    return chain


def _read_direct(fields: Fields) -> DirectSignature:
    return DirectSignature(chain=_chain(fields), value=_value(fields, "value"))


def _read_page(fields: Fields) -> PageSignature:
    path = fields.base64_list("path", limit=_LONGEST_PATH)
    # Nodes of other lengths could be cut anew, so that one hash has two inputs.
    if any(len(node) != HASH_BYTES for node in path):
        raise fields.refuse("path", f"a list of hashes of {HASH_BYTES} bytes")
    return PageSignature(
        head=fields.text("head", limit=DOCUMENT_CAP).encode(),
        chain=_chain(fields),
        value=_value(fields, "value"),
        salt=fields.base64("salt", size=SALT_BYTES),
        index=fields.integer("index", least=0),
        path=path,
    )


def _read_threshold(fields: Fields) -> ThresholdSignature:
    items = fields.items("signatures", limit=_MOST_SIGNATURES)
    return ThresholdSignature(
        signatures=tuple((item.digest("key_id"), _value(item, "value")) for item in items)
    )


def _read_pair(fields: Fields) -> PairSignature:
    return PairSignature(
        chain=_chain(fields), sudi=_value(fields, "sudi"), key=_value(fields, "key")
    )


_READERS: Final[Mapping[str, Callable[[Fields], SignatureBlock]]] = MappingProxyType(
    {
        "direct": _read_direct,
        "page": _read_page,
        "threshold": _read_threshold,
        "pair": _read_pair,
    }
)
_KINDS: Final[Mapping[type[SignatureBlock], str]] = MappingProxyType(
    {
        DirectSignature: "direct",
        PageSignature: "page",
        ThresholdSignature: "threshold",
        PairSignature: "pair",
    }
)


def _require_keys(value: JsonValue, known: frozenset[str]) -> None:
    """Refuse what nobody signed: a field beside the signed body would mean nothing, or mislead."""
    unknown = sorted(set(value) - known) if isinstance(value, Mapping) else []
    if unknown:
        raise Problem("malformed", f"The document holds {unknown[0][:64]!r} beside what is signed.")
