"""What a product instance sends to be answered: the SUDI key signs, alone or beside a new key."""

from gauger.core.documents.body import Body, Sent
from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.documents.keyring import Certificate, verify
from gauger.core.documents.trust_store import TrustStore
from gauger.core.ports import Signer
from gauger.core.problems import Problem


def sign_with_sudi(body: Body, sudi: Signer) -> Document:
    """Sign a body with the SUDI key; its chain goes along.

    Args:
        body: What is signed.
        sudi: The product instance's SUDI key.

    Returns:
        The document.

    Raises:
        Problem: ``key-store-failed``.
    """
    data = body.encode()
    value = sudi.sign(preimage(body.TYPE, body.VERSION, data))
    block = DirectSignature(chain=sudi.chain, value=value)
    return Document(type=body.TYPE, version=body.VERSION, body=data, signature=block)


def require_clock(body: Sent, trust: TrustStore) -> None:
    """Refuse what was made under a clock that a test moves, but in a test.

    Raises:
        Problem: ``test-clock``.
    """
    if body.test_clock and not trust.accepts_test_clock:
        detail = f"The {body.TYPE} of {body.udi} was made under a test clock."
        raise Problem("test-clock", detail)


def verify_sudi_signed(
    document: Document, body: Sent, *, trust: TrustStore, now: int
) -> Certificate:
    """Verify that the product instance which a body names signed it.

    Args:
        document: The document as received.
        body: Its body, read.
        trust: What is trusted here.
        now: The receiver's clock, epoch seconds.

    Returns:
        The SUDI certificate.

    Raises:
        Problem: ``signature-missing``, ``signature-invalid``, ``wrong-subject``, ``unknown-key``,
            ``key-revoked``, ``test-clock``.
    """
    block = document.signature
    # No other block: a page or a threshold says that an authority speaks, and none asks for itself.
    if not isinstance(block, DirectSignature):
        detail = f"The {document.type} of {body.udi} needs the signature of its SUDI key."
        raise Problem("signature-missing", detail)
    require_clock(body, trust)
    certificate = trust.verify_sudi(block.chain, body.udi, now)
    verify(certificate.public_key, document.preimage, block.value)
    return certificate
