"""A trust request: a product instance asks to have its new licensing key certified."""

from dataclasses import dataclass
from typing import ClassVar, Final

from gauger.core.documents.body import Sent, read_sent
from gauger.core.documents.envelope import Document, PairSignature, preimage
from gauger.core.documents.keyring import Certificate, check_public_key, verify
from gauger.core.documents.sudi_signed import require_clock
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import encode_base64
from gauger.core.identity import Digest, Udi
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

_PUBLIC_KEY_LIMIT: Final = 256
_MEMBER_LIMIT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRequest(Sent):
    """A trust request (`spec/trust-request.md`).

    ``issued_at`` and ``made_at`` are the same instant in what we write; ``made_at`` is judged.

    Attributes:
        members: Further members of its high-availability set.
        public_key: DER SubjectPublicKeyInfo of the new licensing key.
        token_digest: SHA-256 of the ID token's text, or None.
    """

    TYPE: ClassVar[str] = "trust-request"
    FIELDS: ClassVar[frozenset[str]] = frozenset({"members", "public_key", "token_digest"})

    members: tuple[Udi, ...] = ()
    public_key: bytes
    token_digest: Digest | None = None

    @classmethod
    def from_document(cls, document: Document) -> "TrustRequest":
        """Read a trust request; its signatures are checked by `verify_trust_request`.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        return cls(
            **read_sent(fields),
            members=fields.udis("members", limit=_MEMBER_LIMIT),
            public_key=fields.base64("public_key", limit=_PUBLIC_KEY_LIMIT),
            token_digest=fields.optional_digest("token_digest"),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of a trust request alone."""
        return {
            "members": [member.to_json() for member in self.members],
            "public_key": encode_base64(self.public_key),
            "token_digest": self.token_digest,
        }


def sign_trust_request(request: TrustRequest, *, sudi: Signer, key: Signer) -> Document:
    """Sign a request with both keys over the same bytes.

    Args:
        request: The request.
        sudi: The product instance's SUDI key; its chain goes along.
        key: The new licensing key.

    Returns:
        The document.

    Raises:
        Problem: ``key-store-failed``.
    """
    body = request.encode()
    message = preimage(TrustRequest.TYPE, TrustRequest.VERSION, body)
    pair = PairSignature(chain=sudi.chain, sudi=sudi.sign(message), key=key.sign(message))
    return Document(type=TrustRequest.TYPE, version=TrustRequest.VERSION, body=body, signature=pair)


def verify_trust_request(
    document: Document, trust: TrustStore, now: int
) -> tuple[TrustRequest, Certificate]:
    """Verify both signatures of a trust request.

    The SUDI key shows who asks; the new key shows that who asks holds it, so that nobody can have
    another's key certified as their own.

    Args:
        document: The request as received.
        trust: What is trusted here.
        now: The receiver's clock, epoch seconds.

    Returns:
        The request and the SUDI certificate.

    Raises:
        Problem: As `TrustRequest.from_document`; ``signature-missing``, ``signature-invalid``,
            ``wrong-subject``, ``unknown-key``, ``key-revoked``, ``test-clock``.
    """
    request = TrustRequest.from_document(document)
    pair = document.signature
    if not isinstance(pair, PairSignature):
        detail = f"The trust request of {request.udi} needs two signatures, by SUDI and new key."
        raise Problem("signature-missing", detail)
    require_clock(request, trust)
    # The SUDI first: it is what makes a stranger's request cheap to refuse.
    certificate = trust.verify_sudi(pair.chain, request.udi, now)
    verify(certificate.public_key, document.preimage, pair.sudi)
    # A second spelling of a revoked key would be certified as a new one.
    check_public_key(request.public_key)
    verify(request.public_key, document.preimage, pair.key)
    return request, certificate
