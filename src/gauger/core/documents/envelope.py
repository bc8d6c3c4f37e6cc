"""The form of every signed document: exact body bytes beside a signature block."""

from dataclasses import dataclass

from gauger.core.identity import Digest, digest

ALGORITHM = "ES256"
"""The only signature algorithm: ECDSA on P-256 with SHA-256, 64 bytes, s low."""


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
