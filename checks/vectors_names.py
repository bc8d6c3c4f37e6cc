"""Names that the bodies of the test vectors share."""

from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Udi

NOW = 1_790_000_000
LEDGER = "1e" * 16
UDI = Udi("C9800-CL-K9", "GGR0001")
OTHER = Udi("C9800-CL-K9", "GGR0002")
ACCOUNT = AccountRef("example.com", "DEFAULT")
ORDER = Order(1, 1, 7)
TAG = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"
