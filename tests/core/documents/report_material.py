"""Reports, requests and answers that the tests of bodies share."""

import functools
import json
from dataclasses import replace

from gauger.core.documents import keyring
from gauger.core.documents.envelope import DirectSignature, Document, preimage
from gauger.core.documents.rum_payload import GaugerMeta, Measurement, Payload, encode_payload
from gauger.core.documents.rum_report import (
    ReportSignature,
    RumReport,
    SigningType,
    read_report,
    report_preimage,
    write_item,
)
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from tests.core.documents.material import LEDGER, NOW, SIGNER, UDI, key, signer_certificate, sudi
from tests.support.material import shared_file

SUDI_KEY = 50
LICENSING_KEY = 60
PRODUCT = "regid.2018-05.com.cisco.WLC_9500C,1.0_85665885-b865-4e32-8184-5510412fcb54"
TAG = "regid.2018-06.com.cisco.DNA_NWStack,1.0_e7244e71-3ad5-4608-8bf0-d12f67c80896"
ACCOUNT = AccountRef("example.com", "DEFAULT")
ORDER = Order(1, 1, 7)
META = GaugerMeta(
    incarnation="1c" * 16, boot="b0" * 16, previous=None, closed_at=NOW, root_number=1
)
MEASUREMENT = Measurement(
    start=NOW - 900,
    end=NOW,
    count=2,
    log_time=NOW,
    samples=2,
    sample_interval=900,
    termination_reason="CurrentUsageRequested",
)
PAYLOAD = Payload(
    udi=UDI,
    report_id=1_671_840_750,
    software_tag=PRODUCT,
    entitlement_tag=TAG,
    measurements=(MEASUREMENT,),
    software_version="17.12.01",
    utility_enabled=False,
    meta=META,
)


class KeySigner:
    """A signing key in memory, as `ports.Signer` wants it."""

    def __init__(self, number: int, chain: tuple[bytes, ...] = ()) -> None:
        self._key = key(number)
        self.chain = chain

    @property
    def key_id(self) -> Digest:
        return self._key.key_id

    def sign(self, message: bytes) -> bytes:
        return keyring.sign(self._key, message)


def sample_item() -> str:
    """Return the item of the report that a real product instance wrote."""
    text = shared_file("samples/rum/iosxe-17.9.2-rum-1671840750.xml").read_text()
    return text.partition("<![CDATA[")[2].partition("]]>")[0]


def sudi_signature(signed: bytes, udi: Udi = UDI, *, number: int = SUDI_KEY) -> ReportSignature:
    """Sign a payload with a SUDI key."""
    return ReportSignature(
        udi=udi,
        signing_type=SigningType.SUDI,
        key=PRODUCT,
        value=keyring.sign(key(number), report_preimage(signed)),
        chain=(sudi(udi),),
    )


def report(payload: Payload = PAYLOAD) -> RumReport:
    """Return a report signed with the SUDI key."""
    return read_report(item(payload))


def item(payload: Payload = PAYLOAD) -> str:
    """Return the item of a report signed with the SUDI key."""
    signed = encode_payload(payload)
    return write_item(signed, sudi_signature(signed, payload.udi))


@functools.cache
def trust_code(number: int = LICENSING_KEY, udi: Udi = UDI) -> TrustCode:
    """Return a trust code of the portal."""
    return TrustCode(
        issued_at=NOW,
        issuer=LEDGER,
        account=ACCOUNT,
        udi=udi,
        answers=Digest("ab" * 32),
        order=ORDER,
        public_key=key(number).public_key,
        generation=1,
        origin=TrustOrigin.CSSM,
        incarnation=META.incarnation,
    )


def trust_report(signed: bytes, code: str | None, *, chain: tuple[bytes, ...] = ()) -> RumReport:
    """Return a report signed with a trust code's key."""
    signature = replace(
        sudi_signature(signed, number=LICENSING_KEY),
        signing_type=SigningType.TRUST,
        chain=chain,
        trust_code=code,
    )
    return read_report(write_item(signed, signature))


def direct(kind: str, body: bytes, *, version: int = 1) -> Document:
    """Sign exact body bytes directly, as the usual signer."""
    value = keyring.sign(key(SIGNER), preimage(kind, version, body))
    signature = DirectSignature(chain=(signer_certificate(),), value=value)
    return Document(type=kind, version=version, body=body, signature=signature)


def changed(body: bytes, **members: object) -> bytes:
    """Return a body with other members; None takes one away."""
    content = json.loads(body) | members
    content = {name: value for name, value in content.items() if value is not None}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
