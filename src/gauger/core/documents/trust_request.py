"""A trust request: a product instance asks to have its new licensing key certified."""

from dataclasses import dataclass
from typing import ClassVar, Final

from gauger.core.documents.body import Body, read_head
from gauger.core.documents.envelope import Document, PairSignature, preimage
from gauger.core.documents.keyring import Certificate, check_public_key, verify
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import encode_base64
from gauger.core.identity import Digest, Udi
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue

_PUBLIC_KEY_LIMIT: Final = 256
_MEMBER_LIMIT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRequest(Body):
    """A trust request (`spec/trust-request.md`).

    ``issued_at`` and ``made_at`` are the same instant in what we write; ``made_at`` is judged.

    Attributes:
        udi: The product instance that asks.
        members: Further members of its high-availability set.
        incarnation: Id of its store.
        counter: Counts the requests of that store; it only goes up.
        public_key: DER SubjectPublicKeyInfo of the new licensing key.
        made_at: When it was made, epoch seconds.
        nonce: 32 hexadecimal digits; two requests are never the same.
        token_digest: SHA-256 of the ID token's text, or None.
    """

    TYPE: ClassVar[str] = "trust-request"
    FIELDS: ClassVar[frozenset[str]] = frozenset(
        {
            "udi",
            "members",
            "incarnation",
            "counter",
            "public_key",
            "made_at",
            "nonce",
            "token_digest",
        }
    )

    udi: Udi
    members: tuple[Udi, ...] = ()
    incarnation: str
    counter: int
    public_key: bytes
    made_at: int
    nonce: str
    token_digest: Digest | None = None

    @classmethod
    def from_document(cls, document: Document) -> "TrustRequest":
        """Read a trust request; its signatures are checked by `verify_trust_request`.

        Raises:
            Problem: As `Body.open`; ``malformed``.
        """
        fields = cls.open(document)
        return cls(
            **read_head(fields),
            udi=fields.udi("udi"),
            members=fields.udis("members", limit=_MEMBER_LIMIT),
            incarnation=fields.hex_id("incarnation"),
            counter=fields.integer("counter", least=0),
            public_key=fields.base64("public_key", limit=_PUBLIC_KEY_LIMIT),
            made_at=fields.time("made_at"),
            nonce=fields.hex_id("nonce"),
            token_digest=fields.optional_digest("token_digest"),
        )

    def own_json(self) -> dict[str, JsonValue]:
        """Return the fields of a trust request alone."""
        return {
            "udi": self.udi.to_json(),
            "members": [member.to_json() for member in self.members],
            "incarnation": self.incarnation,
            "counter": self.counter,
            "public_key": encode_base64(self.public_key),
            "made_at": self.made_at,
            "nonce": self.nonce,
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
    if request.test_clock and not trust.accepts_test_clock:
        detail = f"The trust request of {request.udi} was made under a test clock."
        raise Problem("test-clock", detail)
    # The SUDI first: it is what makes a stranger's request cheap to refuse.
    certificate = trust.verify_sudi(pair.chain, request.udi, now)
    verify(certificate.public_key, document.preimage, pair.sudi)
    # A second spelling of a revoked key would be certified as a new one.
    check_public_key(request.public_key)
    verify(request.public_key, document.preimage, pair.key)
    return request, certificate
