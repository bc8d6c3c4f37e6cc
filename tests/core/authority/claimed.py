"""What the first report of a product instance claims; tests replace what they are about."""

from gauger.core.authority.claims import Chain, Claims, Held
from gauger.core.identity import digest
from gauger.core.usage.intervals import Segment
from tests.support.builders import NOW, TAG, UDI

CLAIMS = Claims(
    digest=digest(b"report"),
    udi=UDI,
    tag=TAG,
    report_id=1,
    software_version=None,
    absolute=(Segment(NOW - 900, NOW, 1),),
    relative=(),
    members=(),
    is_active=True,
    chain=Chain(incarnation="11" * 16, boot="22" * 16, previous=None, closed_at=NOW),
    held=Held(),
    signer="gauger-sudi",
)
