"""Keys that are nobody's to sign with, and signatures that anyone could make from good ones."""

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from gauger.core.authority.commands import ImportRootSet
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents import keyring
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import report_preimage
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    NOW,
    TAG,
    UDI,
    Bench,
    Device,
    a_device,
    a_factory,
    a_key,
)

Json = dict[str, object]
Change = Callable[[Device, Json], None]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def twin(_: Device, item: Json) -> None:
    """Put n - s in the place of s: the library by itself takes both."""
    signature = item["signature"]
    assert isinstance(signature, dict)
    value = base64.b64decode(signature["value"])
    other = keyring.ORDER - int.from_bytes(value[32:], "big")
    signature["value"] = b64(value[:32] + other.to_bytes(32, "big"))


def own_manufacturer(device: Device, item: Json) -> None:
    """Bring a certificate of the device, by a manufacturer of that very name, with the thief's key."""
    terms = keyring.Terms(serial_number=7, not_before=NOW - 1000, not_after=NOW + 10**8)
    authority = keyring.build_authority(a_key("evil"), "Example Manufacturer CA", terms)
    issuer = keyring.Issuer(key=a_key("evil"), certificate=keyring.load_certificate(authority))
    sudi = keyring.build_sudi(issuer, device.udi, a_key("thief").public_key, terms)
    signature = item["signature"]
    assert isinstance(signature, dict)
    signature["chain"] = [b64(sudi), b64(authority)]
    signature["value"] = by_the_thief(item)


def own_key_beside(_: Device, item: Json) -> None:
    """Name the thief's key as the formats of others do, beside the device's certificate."""
    signature = item["signature"]
    assert isinstance(signature, dict)
    signature["jwk"] = {"kty": "EC", "crv": "P-256", "x": b64(a_key("thief").public_key)}
    signature["jku"] = signature["x5u"] = "http://127.0.0.1:1/keys"
    signature["value"] = by_the_thief(item)


def by_the_thief(item: Json) -> str:
    payload = item["payload"]
    assert isinstance(payload, str)
    return b64(keyring.sign(a_key("thief"), report_preimage(payload.encode())))


FORGED = [("C5", twin), ("C7", own_manufacturer), ("C7", own_key_beside)]


@pytest.mark.parametrize(
    "change",
    [pytest.param(act, marks=pytest.mark.threat(row, role="cssm")) for row, act in FORGED],
)
def test_it_is_refused_and_audited_and_the_honest_report_counts(
    portal: Bench, change: Change
) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(((NOW - 900, NOW, 1),)))
    before = (portal.balance(), portal.verdicts())
    honest = device.report(((NOW, NOW + 900, 3),))
    item = json.loads(honest)
    change(device, item)

    with pytest.raises(Problem) as caught:
        portal.report(json.dumps(item))
    assert caught.value.code == "signature-invalid"
    assert (portal.balance(), portal.verdicts()) == before
    (event,) = portal.events("refusal")
    assert event.detail.startswith("signature-invalid")
    assert portal.report(honest).verdict is Verdict.ACCEPTED
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("C5", role="cssm")
def test_a_report_signed_once_more_is_the_same_report(portal: Bench) -> None:
    """Its digest is that of its content: whoever holds the key makes any number of signatures."""
    device = a_device(account=ACCOUNT)
    payload = encode_payload(device.payload(((NOW - 900, NOW, 1),)))
    item = json.loads(device.report(((NOW - 900, NOW, 1),)))
    first = portal.report(json.dumps(item))
    der = a_key(device.sudi_key)._key.sign(report_preimage(payload), ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    value = r.to_bytes(32, "big") + min(s, keyring.ORDER - s).to_bytes(32, "big")
    assert b64(value) != item["signature"]["value"]
    item["signature"]["value"] = b64(value)
    second = portal.report(json.dumps(item))

    assert (first.verdict, second.verdict) == (Verdict.ACCEPTED, Verdict.SAME)
    assert first.digest == second.digest
    assert len(portal.verdicts()) == 1
    assert portal.balance()[TAG] == (0, 1, 0)


@pytest.mark.threat("C1", role="cssm")
def test_a_revoked_device_is_refused_and_what_it_reported_stands(portal: Bench) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report())
    before = (portal.balance(), portal.verdicts())
    revoking = a_factory().following(signers=("portal",), revoked=(f"sudi {UDI}",))
    portal.authority.execute(ImportRootSet(document=revoking.texts[-1], by="operator"))

    with pytest.raises(Problem) as caught:
        portal.report(device.report(((NOW, NOW + 900, 9),)))
    assert caught.value.code == "key-revoked"
    assert (portal.balance(), portal.verdicts()) == before
    assert [row.detail.partition(":")[0] for row in portal.events("refusal")] == ["key-revoked"]


@pytest.mark.threat("C8", role="cssm")
def test_who_asks_trust_for_the_key_of_another_gets_none_and_moves_nobody(portal: Bench) -> None:
    token, owner, other = portal.token(uses=5), a_device(), a_device("GGR0002")
    owner.install(portal.trust(owner.trust_request(token=token), token=token))
    outcome = portal.trust(other.trust_request(token=token), token=token)

    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "key-reuse")
    assert [one.type for one in outcome.answer.documents] == ["verdict"]
    reader = portal.authority.reader()
    (kept,) = reader.tokens(ACCOUNT, now=NOW)
    assert kept.used == 1
    assert [row.udi for row in reader.instances(ACCOUNT)] == [owner.udi]
    reader.close()
    (event,) = [row for row in portal.events("trust-request") if row.subject == str(other.udi)]
    assert "rejected. The licensing key is enrolled" in event.detail
    assert portal.report(owner.report()).verdict is Verdict.ACCEPTED


@pytest.mark.threat("D14", role="cssm")
@pytest.mark.parametrize("critical", [["later"], []])
def test_a_newer_field_of_a_report_is_heeded_where_it_is_critical_and_kept_where_not(
    portal: Bench, critical: list[str]
) -> None:
    device = a_device(account=ACCOUNT)
    item = json.loads(device.report())
    payload = json.loads(item["payload"])
    payload["meta"]["gauger"] |= {"later": {"b": 1, "a": [2]}, "critical": critical}
    item["payload"] = json.dumps(payload)  # with spaces, which a writer of ours would not leave
    value = keyring.sign(a_key(device.sudi_key), report_preimage(item["payload"].encode()))
    item["signature"]["value"] = b64(value)

    if critical:
        with pytest.raises(Problem) as caught:
            portal.report(json.dumps(item))
        assert caught.value.code == "upgrade-needed"
        assert portal.verdicts() == []
        return
    outcome = portal.report(json.dumps(item))
    assert outcome.verdict is Verdict.ACCEPTED
    portal.restart()
    kept = json.loads(portal.authority._store.lookups.stored(UDI, outcome.digest).item)
    assert kept["payload"] == item["payload"]
