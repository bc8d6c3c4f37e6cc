"""Names and heads that the bodies of the test vectors share."""

from gauger.core.documents.body import AddressedHead, SentHead
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi

NOW = 1_790_000_000
LEDGER = "1e" * 16
UDI = Udi("C9800-CL-K9", "GGR0001")
OTHER = Udi("C9800-CL-K9", "GGR0002")
ACCOUNT = AccountRef("example.com", "DEFAULT")
ORDER = Order(1, 1, 7)
TAG = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"
ANSWER = AddressedHead(
    issued_at=NOW,
    test_clock=False,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=Digest("ab" * 32),
    order=ORDER,
)
"""Head of what the portal answers the product instance with."""


def sent(counter: int, nonce: str = "0d" * 16) -> SentHead:
    """Return the head of what the product instance sends."""
    return SentHead(
        issued_at=NOW,
        test_clock=False,
        udi=UDI,
        incarnation="1c" * 16,
        counter=counter,
        nonce=nonce,
        made_at=NOW,
    )
