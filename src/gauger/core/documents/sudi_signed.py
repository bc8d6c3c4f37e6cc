"""Documents that a product instance signs with its SUDI key alone."""

from gauger.core.documents.body import Body
from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.documents.keyring import Certificate, verify
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi
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


def verify_sudi_signed(
    document: Document, body: Body, udi: Udi, *, trust: TrustStore, now: int
) -> Certificate:
    """Verify that the product instance which a body names signed it.

    Args:
        document: The document as received.
        body: Its body, read.
        udi: The product instance that the body names.
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
        detail = f"The {document.type} of {udi} needs the signature of its SUDI key."
        raise Problem("signature-missing", detail)
    if body.test_clock and not trust.accepts_test_clock:
        detail = f"The {document.type} of {udi} was made under a test clock."
        raise Problem("test-clock", detail)
    certificate = trust.verify_sudi(block.chain, udi, now)
    verify(certificate.public_key, document.preimage, block.value)
    return certificate
