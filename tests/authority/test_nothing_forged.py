"""Whatever is forged, altered or malformed ends by name, changes nothing, and is audited."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gauger.core.documents import keyring
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import (
    ReportSignature,
    SigningType,
    report_preimage,
    write_item,
)
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import ACCOUNT, NOW, SOFTWARE, Bench, Device, a_device, a_key

Forge = Callable[[Device], str]


def with_signature(**changes: object) -> Forge:
    def forge(device: Device) -> str:
        item = json.loads(device.report())
        item["signature"] = {**item["signature"], **changes}
        return json.dumps(item)

    return forge


def with_payload(change: Callable[[str], str]) -> Forge:
    def forge(device: Device) -> str:
        item = json.loads(device.report())
        item["payload"] = change(item["payload"])
        return json.dumps(item)

    return forge


def signed(change: Callable[[str], str]) -> Forge:
    """Have the device itself sign what is no report."""

    def forge(device: Device) -> str:
        payload = change(encode_payload(device.payload(((NOW - 900, NOW, 1),))).decode()).encode()
        value = keyring.sign(a_key(device.sudi_key), report_preimage(payload))
        signature = ReportSignature(
            udi=device.udi,
            signing_type=SigningType.SUDI,
            key=SOFTWARE,
            value=value,
            chain=device.sudi.chain,
        )
        return write_item(payload, signature)

    return forge


def of_another(device: Device) -> str:
    other = a_device("GGR0009")
    payload = encode_payload(device.payload(((NOW - 900, NOW, 1),)))
    signature = ReportSignature(
        udi=device.udi,
        signing_type=SigningType.SUDI,
        key=SOFTWARE,
        value=keyring.sign(a_key(other.sudi_key), report_preimage(payload)),
        chain=other.sudi.chain,
    )
    return write_item(payload, signature)


def by_nobody(device: Device) -> str:
    """Sign with a key that lies beside the certificate of the device, and not in it."""
    payload = encode_payload(device.payload(((NOW - 900, NOW, 1),)))
    signature = ReportSignature(
        udi=device.udi,
        signing_type=SigningType.SUDI,
        key=SOFTWARE,
        value=keyring.sign(a_key("a stranger"), report_preimage(payload)),
        chain=device.sudi.chain,
    )
    return write_item(payload, signature)


def counting(value: str) -> Forge:
    return signed(lambda text: text.replace('"value":"1"', f'"value":"{value}"'))


ROWS: list[tuple[str, str, Forge, set[str]]] = [
    ("A4", "no signature", with_signature(value=""), {"signature-missing"}),
    ("A5", "a key that nobody certified", by_nobody, {"signature-invalid", "unknown-key"}),
    ("A6", "the key of another device", of_another, {"wrong-subject"}),
    ("A7", "one bit", with_payload(lambda text: text.replace("17.12.01", "17.12.00")),
     {"signature-invalid"}),
    ("A8", "fields in another order",
     with_payload(lambda text: json.dumps(dict(reversed(json.loads(text).items())))),
     {"signature-invalid"}),
    ("A8", "a field more", with_payload(lambda text: text[:-1] + ',"extra":1}'),
     {"signature-invalid"}),
    ("A9", "no algorithm", with_signature(signing_type="none"),
     {"algorithm-not-allowed", "malformed"}),
    ("A9", "the vendor's own", with_signature(signing_type="builtin"), {"algorithm-not-allowed"}),
    ("A10", "one key twice", signed(lambda text: text[:-1] + ',"meta":{}}'), {"duplicate-key"}),
    ("A10", "not a number", counting("NaN"), {"malformed"}),
    ("A10", "deep nesting", lambda _: "[" * 100_000, {"too-deep"}),
    ("A10", "5,000 digits", lambda _: '{"payload":' + "9" * 5000 + "}", {"number-not-allowed"}),
    ("A17", "a negative count", counting("-1"), {"malformed"}),
    ("A17", "a fraction", counting("1.5"), {"malformed"}),
    ("A17", "an overflow", counting("9223372036854775809"), {"malformed"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("forge", "codes"),
    [
        pytest.param(forge, codes, id=f"{row} {what}", marks=pytest.mark.threat(row, role="cssm"))
        for row, what, forge, codes in ROWS
    ],
)
def test_what_is_no_report_ends_by_name_changes_nothing_and_is_audited(
    portal: Bench, forge: Forge, codes: set[str]
) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(((NOW - 2000, NOW - 1000, 1),)))
    before = (portal.balance(), portal.verdicts())
    with pytest.raises(Problem) as caught:
        portal.report(forge(replace(device, last=dict(device.last))))

    assert caught.value.code in codes
    assert (portal.balance(), portal.verdicts()) == before
    assert refusals(portal) == [caught.value.code]
    assert examine_ledger(portal.path).is_whole


def refusals(portal: Bench) -> list[str]:
    reader = portal.authority.reader()
    try:
        return [
            row.detail.partition(":")[0] for row in reader.events(ACCOUNT) if row.kind == "refusal"
        ]
    finally:
        reader.close()
