"""A RUM report as it travels: the signed payload string beside its signature.

The payload is kept as received and never written again from its content: any pipe may rewrite the
item around it, and the verdict stays the same (`spec/rum-report.md`).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gauger.core.documents.envelope import Document, preimage, read_document
from gauger.core.documents.keyring import Certificate, verify
from gauger.core.documents.rum_payload import PAYLOAD_CAP, Payload, read_payload
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_store import TrustStore
from gauger.core.fields import Fields, encode_base64
from gauger.core.identity import Digest, Udi, digest
from gauger.core.problems import Problem
from gauger.core.strict_json import JsonValue, decode, encode

TYPE: Final = "rum-report"
VERSION: Final = 2
"""Version of the signed form: payload "2.0" with our members."""

ITEM_CAP: Final = 256 * 1024
"""Most bytes of an item."""

_TRUST_CODE_LIMIT: Final = 64 * 1024
# Only these are forgiven where the issuer knows its own trust code by its digest.
_SIGNER_GONE: Final = frozenset({"unknown-key", "key-revoked", "signer-expired"})
_VENDORS: Final = frozenset({"builtin", "SHA-256"})


class SigningType(StrEnum):
    """Who signs: the names in ``signature.signing_type`` that can be verified."""

    SUDI = "gauger-sudi"
    TRUST = "gauger-trust"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSignature:
    """The signature of a report.

    Attributes:
        udi: The product instance that says it signed.
        signing_type: ``gauger-sudi``, ``gauger-trust``, or a vendor's.
        key: Software id of the product; for people only.
        value: The signature.
        chain: DER certificates, the SUDI's own first; empty for a vendor's.
        trust_code: The trust-code document as text, for ``gauger-trust``.
    """

    udi: Udi
    signing_type: str
    key: str
    value: bytes
    chain: tuple[bytes, ...] = ()
    trust_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RumReport:
    """A RUM report as received.

    Attributes:
        signed: The exact signed bytes.
        payload: What they say.
        signature: Who signed them, not yet verified.
        digest: SHA-256 of the signed bytes; with the UDI it is the report's identity.
    """

    signed: bytes
    payload: Payload
    signature: ReportSignature
    digest: Digest

    @property
    def udi(self) -> Udi:
        """The product instance that the report is of."""
        return self.payload.udi

    @property
    def is_ours(self) -> bool:
        """Whether the signature is of a kind that can be verified."""
        return self.signature.signing_type in tuple(SigningType)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSigner:
    """Who signed a report, verified.

    Attributes:
        kind: By which key.
        sudi: The SUDI certificate; None where a trust code's key signed and no SUDI came along.
        trust_code: The trust code, for ``gauger-trust``.
        trust_digest: SHA-256 of its body.
        doubt: Why its own signer is not believed today: expired, revoked or no longer listed.
    """

    kind: SigningType
    sudi: Certificate | None
    trust_code: TrustCode | None
    trust_digest: Digest | None = None
    doubt: Problem | None = None


def read_report(item: bytes | str, decoded: JsonValue = None) -> RumReport:
    """Read one item of a usage file or request; nothing is verified yet.

    Args:
        item: The JSON object with ``payload`` and ``signature``.
        decoded: What strict decoding of the item gives, where that was done already.

    Returns:
        The report.

    Raises:
        Problem: As `rum_payload.read_payload`; ``signature-missing`` where there is none.
    """
    # Too long is decoded anew for its refusal: the request's own cap is far above an item's.
    if decoded is None or len(item) > ITEM_CAP:
        decoded = decode(item, what="the RUM report", cap=ITEM_CAP)
    return read_parts(Fields(decoded, "the RUM report"))


def read_parts(fields: Fields) -> RumReport:
    """Read a report from an object that is decoded already, as `read_report`."""
    header = fields.optional_child("header")
    if header is not None and header.text("type", limit=64) != "rum":
        raise Problem("wrong-type", f"The item is of type {header.text('type')!r}, not 'rum'.")
    text = fields.text("payload", limit=PAYLOAD_CAP)
    signed = text.encode()
    payload = read_payload(text)
    if "signature" not in fields:
        raise Problem("signature-missing", f"The RUM report of {payload.udi} carries no signature.")
    return RumReport(
        signed=signed,
        payload=payload,
        signature=_read_signature(fields.child("signature")),
        digest=digest(signed),
    )


def _read_signature(fields: Fields) -> ReportSignature:
    signing_type = fields.text("signing_type", limit=64)
    if not fields.optional_text("value"):
        raise Problem("signature-missing", "The signature of the RUM report is empty.")
    return ReportSignature(
        udi=fields.udi("sudi"),
        signing_type=signing_type,
        key=fields.text("key", least=0),
        value=fields.base64("value", limit=512),
        chain=fields.base64_list("chain", limit=4),
        trust_code=fields.optional_text("trust_code", limit=_TRUST_CODE_LIMIT),
    )


def to_parts(signed: bytes, signature: ReportSignature) -> dict[str, JsonValue]:
    """Return the JSON members of an item; the payload is carried unchanged.

    Args:
        signed: The exact signed bytes.
        signature: Their signature.

    Returns:
        The object with ``payload`` and ``signature``.
    """
    members: dict[str, JsonValue] = {
        "sudi": signature.udi.to_json(),
        "signing_type": signature.signing_type,
        "key": signature.key,
        "value": encode_base64(signature.value),
    }
    if signature.chain:
        members["chain"] = [encode_base64(certificate) for certificate in signature.chain]
    if signature.trust_code is not None:
        members["trust_code"] = signature.trust_code
    return {"payload": signed.decode(), "signature": members}


def write_item(signed: bytes, signature: ReportSignature) -> str:
    """Return the item of a usage file, as published, with its header."""
    return encode({**to_parts(signed, signature), "header": {"type": "rum"}})


def report_preimage(signed: bytes) -> bytes:
    """Return what a product instance of ours signs for a payload."""
    return preimage(TYPE, VERSION, signed)


def verify_report(report: RumReport, trust: TrustStore, now: int) -> ReportSigner:
    """Verify a report's signature over the bytes as received.

    Args:
        report: The report.
        trust: What is trusted here.
        now: The receiver's clock, epoch seconds.

    Returns:
        Who signed it.

    Raises:
        Problem: ``signature-unverifiable`` for a vendor's kind, ``algorithm-not-allowed`` for an
            unknown one, ``wrong-subject`` where another product instance signed,
            ``signature-invalid``, ``unknown-key``, ``key-revoked``, ``test-clock``.
    """
    signer = examine_report(report, trust, now)
    if signer.doubt is not None:
        raise signer.doubt
    return signer


def examine_report(report: RumReport, trust: TrustStore, now: int) -> ReportSigner:
    """Verify a report as `verify_report` does, but for the signer of its trust code.

    Where nobody would believe that signer today, the result says so: whoever issued the trust
    code knows it by its digest, and needs no signature for it.

    Raises:
        Problem: As `verify_report`.
    """
    signature = report.signature
    kind = _require_kind(signature.signing_type)
    meta = report.payload.meta
    if meta is None:
        raise Problem("malformed", f"A RUM report signed as {kind} has no `gauger` members.")
    # Nobody signs this name: two in one item would let two readers book it to two devices.
    if signature.udi != report.udi:
        detail = f"The RUM report of {report.udi} names {signature.udi} as its signer."
        raise Problem("wrong-subject", detail)
    # Else a device could be made to report years of usage in an hour.
    if meta.test_clock and not trust.accepts_test_clock:
        raise Problem("test-clock", f"The RUM report of {report.udi} was made under a test clock.")
    sudi = None
    # A chain that came along is checked also where the trust code's key signs.
    if kind is SigningType.SUDI or signature.chain:
        sudi = trust.verify_sudi(signature.chain, report.udi, now)
    if sudi is not None and kind is SigningType.SUDI:
        verify(sudi.public_key, report_preimage(report.signed), signature.value)
        return ReportSigner(kind=kind, sudi=sudi, trust_code=None)
    document, trust_digest, code = _own_trust_code(report)
    doubt = _doubt(document, code, trust, now)
    # Also where the signer is in doubt: a revoked licensing key is never forgiven.
    trust.require_not_revoked(code.key_id)
    verify(code.public_key, report_preimage(report.signed), signature.value)
    return ReportSigner(
        kind=kind, sudi=sudi, trust_code=code, trust_digest=trust_digest, doubt=doubt
    )


def _require_kind(signing_type: str) -> SigningType:
    if signing_type in _VENDORS:
        detail = f"The algorithm of a {signing_type!r} signature is not public."
        raise Problem("signature-unverifiable", detail)
    try:
        return SigningType(signing_type)
    except ValueError as error:
        detail = f"A signature of kind {signing_type!r} is not on the list."
        raise Problem("algorithm-not-allowed", detail) from error


def _own_trust_code(report: RumReport) -> tuple[Document, Digest, TrustCode]:
    if report.signature.trust_code is None:
        raise Problem("signature-missing", "The RUM report does not carry its trust code.")
    # Its signature is not judged by this memory; that is done anew for each report.
    document, trust_digest, code = _read_trust_code(report.signature.trust_code)
    # A trust code of another device is good in itself: without this, any device could report for
    # any.
    if code.udi != report.udi:
        detail = f"The RUM report of {report.udi} is signed with the trust code of {code.udi}."
        raise Problem("wrong-subject", detail)
    return document, trust_digest, code


def _doubt(document: Document, code: TrustCode, trust: TrustStore, now: int) -> Problem | None:
    """Return why the signer of a trust code is not believed today, or None."""
    try:
        trust.verify(document, expected=TrustCode.TYPE, now=now, again=True)
    except Problem as problem:
        if problem.code not in _SIGNER_GONE:
            raise
        is_factory = code.origin is TrustOrigin.FACTORY
        return _doubt_of_factory(document, code, trust, now) if is_factory else problem
    return None


def _doubt_of_factory(
    document: Document, code: TrustCode, trust: TrustStore, now: int
) -> Problem | None:
    """Judge a factory's trust code as of its day: the box may have stood in a warehouse since.

    No ledger knows it by its digest, and nobody signs it anew, so its device would be mute.
    """
    try:
        trust.verify_as_issued(document, expected=TrustCode.TYPE, issued_at=code.issued_at, now=now)
    except Problem as problem:
        if problem.code not in _SIGNER_GONE:
            raise
        detail = (
            f"{problem.detail} It made the factory trust code of {code.udi}. On that product "
            "instance enter `license smart trust idtoken TOKEN local`, or carry the file of "
            "`license smart save trust-request PATH` to the portal."
        )
        return Problem(problem.code, detail)
    return None


@lru_cache(maxsize=512)
def _read_trust_code(text: str) -> tuple[Document, Digest, TrustCode]:
    """Read a trust code; the reports of one sending carry the same one."""
    document = read_document(text)
    return document, document.digest, TrustCode.from_document(document)
