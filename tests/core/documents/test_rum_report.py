"""RUM reports as they travel: the bytes as received are what is verified."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.envelope import write_document
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import (
    ITEM_CAP,
    ReportSignature,
    RumReport,
    SigningType,
    read_report,
    report_preimage,
    verify_report,
    write_item,
)
from gauger.core.documents.trust_code import TrustCode
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Udi, digest
from gauger.core.problems import Problem
from gauger.core.strict_json import encode
from tests.core.documents.material import (
    NOW,
    UDI,
    Authority,
    document,
    key,
    refused,
    sudi,
    trust_store,
)
from tests.core.documents.report_material import (
    LICENSING_KEY,
    META,
    PAYLOAD,
    SUDI_KEY,
    direct,
    item,
    report,
    sample_item,
    sudi_signature,
    trust_code,
    trust_report,
)

OTHER = Udi("C9800-CL-K9", "GGR0002")
SIGNED = encode_payload(PAYLOAD)


def verify(received: RumReport, store: TrustStore | None = None) -> SigningType:
    return verify_report(received, store or trust_store(), NOW).kind


def resigned(signature: ReportSignature, signed: bytes = SIGNED) -> RumReport:
    return read_report(write_item(signed, signature))


def code_text(code: TrustCode | None = None) -> str:
    return write_document(direct("trust-code", (code or trust_code()).encode()))


def test_a_report_signed_with_the_sudi_key_verifies() -> None:
    received = report()
    signer = verify_report(received, trust_store(), NOW)
    assert (signer.kind, signer.trust_code) == (SigningType.SUDI, None)
    assert signer.sudi == keyring.load_certificate(sudi())
    assert (received.udi, received.digest, received.is_ours) == (UDI, digest(SIGNED), True)


@pytest.mark.parametrize("chain", [(), (sudi(),)], ids=["code alone", "with SUDI"])
def test_a_report_signed_with_a_trust_code_verifies(chain: tuple[bytes, ...]) -> None:
    signer = verify_report(trust_report(SIGNED, code_text(), chain=chain), trust_store(), NOW)
    assert (signer.kind, signer.trust_code) == (SigningType.TRUST, trust_code())
    assert (signer.sudi is None) == (not chain)


def test_a_trust_code_from_a_page_verifies() -> None:
    body = json.loads(trust_code().encode())
    code = write_document(Authority().paged([body], kind="trust-code")[0])
    assert verify(trust_report(SIGNED, code)) is SigningType.TRUST


def test_the_item_is_read_from_any_pipe_alike() -> None:
    carried = json.loads(item())
    del carried["header"]
    carried["is_consuming"] = True
    reordered = json.dumps(carried, indent=3, ensure_ascii=False)
    assert read_report(reordered) == read_report(item().encode())


def test_what_the_pipe_has_decoded_is_read_alike_and_capped_alike() -> None:
    decoded = json.loads(item())
    assert read_report(item(), decoded) == read_report(item())
    with refused("too-large"):
        read_report(item() + " " * ITEM_CAP, decoded)


@pytest.mark.threat("A7", role="core")
def test_any_flipped_bit_of_the_signed_bytes_is_refused() -> None:
    signature, store = sudi_signature(SIGNED), trust_store()
    public = keyring.load_certificate(sudi()).public_key
    for place in range(len(SIGNED)):
        flipped = bytearray(SIGNED)
        flipped[place] ^= 1 << (place % 8)
        with refused("signature-invalid"):
            keyring.verify(public, report_preimage(bytes(flipped)), signature.value)
        with pytest.raises(Problem):
            verify_report(read_report(_item_of(bytes(flipped), signature)), store, NOW)


def _item_of(signed: bytes, signature: ReportSignature) -> str:
    content = json.loads(write_item(b"{}", signature))
    content["payload"] = signed.decode("latin-1")
    return json.dumps(content)


@pytest.mark.threat("A7", role="core")
def test_any_flipped_bit_of_the_signature_is_refused() -> None:
    signature, store = sudi_signature(SIGNED), trust_store()
    for bit in range(512):
        value = bytearray(signature.value)
        value[bit // 8] ^= 1 << (bit % 8)
        with refused("signature-invalid"):
            verify(resigned(replace(signature, value=bytes(value))), store)


@pytest.mark.threat("A8", role="core")
@pytest.mark.parametrize(
    "rewrite",
    [
        json.dumps,
        lambda content: encode(content) + " ",
        lambda content: encode(content | {"extra": 1}),
        lambda content: encode({**content, "measurements": content["measurements"] * 2}),
        lambda content: json.dumps(dict(reversed(content.items())), separators=(",", ":")),
    ],
)
def test_a_payload_written_again_is_refused(rewrite: Callable[[dict[str, Any]], str]) -> None:
    signed = rewrite(json.loads(SIGNED)).encode()
    assert signed != SIGNED
    with refused("signature-invalid"):
        verify(resigned(sudi_signature(SIGNED), signed))


@pytest.mark.threat("A4", role="core")
@pytest.mark.parametrize(
    "change", [{"signature": None}, {"signature": {"signing_type": "gauger-sudi", "value": ""}}]
)
def test_a_report_without_signature_is_refused(change: dict[str, object]) -> None:
    with refused("signature-missing"):
        read_report(json.dumps(json.loads(item()) | change))


@pytest.mark.threat("A4", role="core")
def test_a_report_without_what_its_signature_needs_is_refused() -> None:
    with refused("signature-missing"):
        verify(trust_report(SIGNED, None))
    with refused("signature-missing"):
        verify(resigned(replace(sudi_signature(SIGNED), chain=())))


@pytest.mark.threat("A5", role="core")
def test_a_key_that_nobody_certified_is_refused() -> None:
    with refused("unknown-key"):
        verify(report(), TrustStore())
    forged = keyring.build_sudi(
        keyring.Issuer(key=key(1), certificate=_authority()), UDI, key(SUDI_KEY).public_key, _TERMS
    )
    with refused("unknown-key"):
        verify(resigned(replace(sudi_signature(SIGNED), chain=(forged,))))


_TERMS = keyring.Terms(serial_number=3, not_before=NOW - 9, not_after=NOW + 9)


def _authority() -> keyring.Certificate:
    return keyring.load_certificate(keyring.build_authority(key(1), "Somebody", _TERMS))


@pytest.mark.threat("A6", role="core")
def test_the_signature_of_another_device_is_refused() -> None:
    signature = sudi_signature(SIGNED)
    with refused("wrong-subject"):
        verify(resigned(replace(signature, udi=OTHER)))
    with refused("wrong-subject"):
        verify(resigned(replace(signature, chain=(sudi(OTHER),))))
    with refused("wrong-subject"):
        verify(trust_report(SIGNED, code_text(trust_code(udi=OTHER))))


@pytest.mark.threat("A9", role="core")
@pytest.mark.parametrize("kind", ["none", "HS256", "gauger-none", "GAUGER-SUDI", "ES512", "sha1"])
def test_a_signature_of_a_kind_off_the_list_is_refused(kind: str) -> None:
    with refused("algorithm-not-allowed"):
        verify(resigned(replace(sudi_signature(SIGNED), signing_type=kind)))


@pytest.mark.threat("A9", role="core")
def test_a_trust_code_signed_otherwise_is_refused() -> None:
    code = json.loads(code_text())
    code["signature"]["algorithm"] = "none"
    with refused("algorithm-not-allowed"):
        verify(trust_report(SIGNED, json.dumps(code)))


def test_the_vendors_signature_cannot_be_verified() -> None:
    received = read_report(sample_item())
    assert not received.is_ours
    assert len(received.signature.value) == 32
    with refused("signature-unverifiable"):
        verify(received)


def test_ours_must_say_what_ours_say() -> None:
    signed = encode_payload(replace(PAYLOAD, meta=None))
    with refused("malformed"):
        verify(resigned(sudi_signature(signed), signed))


def test_a_report_under_a_test_clock_is_for_test_systems() -> None:
    received = report(replace(PAYLOAD, meta=replace(META, test_clock=True)))
    with refused("test-clock"):
        verify(received)
    assert verify(received, trust_store().with_test_clock()) is SigningType.SUDI


@pytest.mark.threat("C1", role="core")
def test_a_revoked_key_signs_nothing() -> None:
    with refused("key-revoked"):
        verify(report(), trust_store(revoked=(key(SUDI_KEY).key_id,)))
    with refused("key-revoked"):
        verify(trust_report(SIGNED, code_text()), trust_store(revoked=(key(LICENSING_KEY).key_id,)))


@pytest.mark.threat("B8", role="core")
def test_another_document_of_the_signer_is_no_trust_code() -> None:
    policy = document("policy", b"{}", direct("policy", b"{}").signature)
    with refused("wrong-type"):
        verify(trust_report(SIGNED, write_document(policy)))
    relabelled = direct("trust-code", trust_code().encode().replace(b"trust-code", b"policy"))
    with refused("wrong-type"):
        verify(trust_report(SIGNED, write_document(relabelled)))


def test_a_forged_trust_code_is_refused() -> None:
    forged = replace(direct("trust-code", trust_code().encode()), body=trust_code(61).encode())
    with refused("signature-invalid"):
        verify(trust_report(SIGNED, write_document(forged)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"header": {"type": "telemetry"}}, "wrong-type"),
        ({"header": 1}, "malformed"),
        ({"payload": ""}, "malformed"),
        ({"payload": {}}, "malformed"),
        ({"payload": "[]"}, "malformed"),
        ({"payload": '{"a":1,"a":2}'}, "duplicate-key"),
        ({"signature": []}, "malformed"),
    ],
)
def test_an_item_of_another_form_is_refused(change: dict[str, object], code: str) -> None:
    with refused(code):
        read_report(json.dumps(json.loads(item()) | change))


@pytest.mark.parametrize("value", ["####", base64.b64encode(bytes(600)).decode()])
def test_a_signature_of_another_form_is_refused(value: str) -> None:
    content = json.loads(item())
    content["signature"]["value"] = value
    with refused("malformed"):
        read_report(json.dumps(content))


@pytest.mark.threat("A10", role="core")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"payload":"{}","payload":"{}"}', "duplicate-key"),
        ('{"payload":' + "[" * 100_000, "too-deep"),
        ('{"payload":"{\\"a\\":' + "[" * 100_000 + '"}', "too-deep"),
        ('{"payload":"{\\"a\\":NaN}"}', "number-not-allowed"),
        ('{"payload":"' + " " * 300_000 + '"}', "too-large"),
    ],
)
def test_hostile_items_are_refused_before_any_cryptography(text: str, code: str) -> None:
    with refused(code):
        read_report(text)
