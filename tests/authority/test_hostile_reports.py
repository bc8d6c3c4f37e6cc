"""Reports that a device of good standing never sends: refused by name, audited, nothing moves."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import Verdict
from gauger.core.documents import keyring
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import (
    ReportSignature,
    SigningType,
    report_preimage,
    write_item,
)
from gauger.core.documents.trust_store import TrustStore
from gauger.core.problems import Problem
from tests.authority.test_every_byte import what_counts
from tests.support.builders import ACCOUNT, NOW, SOFTWARE, UDI, Bench, Device, a_device, a_key

Forge = Callable[[Device], str]
USAGE = ((NOW - 900, NOW, 3),)
OTHER = a_device("GGR0002")


def honest(device: Device) -> bytes:
    return encode_payload(device.payload(USAGE))


def block(device: Device, signed: bytes, **changes: object) -> ReportSignature:
    """Sign any bytes by the SUDI key of a device."""
    good = ReportSignature(
        udi=device.udi,
        signing_type=SigningType.SUDI,
        key=SOFTWARE,
        value=keyring.sign(a_key(device.sudi_key), report_preimage(signed)),
        chain=device.sudi.chain,
    )
    return replace(good, **changes)  # type: ignore[arg-type] # the dataclass checks names


def signed_as(device: Device, **changes: object) -> str:
    """Return an honest report whose signature block says something else."""
    signed = honest(device)
    return write_item(signed, block(device, signed, **changes))


def without_signature(device: Device, *, left: Mapping[str, object] | None) -> str:
    item = json.loads(signed_as(device))
    item |= {"signature": left and item["signature"] | left}
    return json.dumps({name: value for name, value in item.items() if value is not None})


def by_an_impostor(device: Device, *, name: str) -> str:
    """Sign by a key that an authority of one's own certified for the device."""
    terms = keyring.Terms(serial_number=3, not_before=NOW - 9, not_after=NOW + 9)
    own = keyring.load_certificate(keyring.build_authority(a_key("impostor"), name, terms))
    maker = keyring.Issuer(key=a_key("impostor"), certificate=own)
    sudi = keyring.build_sudi(maker, device.udi, a_key(device.sudi_key).public_key, terms)
    return signed_as(device, chain=(sudi, own.der))


def by_another(device: Device, **changes: object) -> str:
    """Have another device of the same manufacturer sign, with its own good key."""
    signed = honest(device)
    return write_item(signed, block(OTHER, signed, **changes))


def written_again(device: Device, *, rewrite: Callable[[dict[str, Any]], str]) -> str:
    """Let a relay write the payload anew; the signature is that of the bytes before."""
    signed = honest(device)
    changed = rewrite(json.loads(signed)).encode()
    assert changed != signed
    return write_item(changed, block(device, signed))


def compact(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))


def with_more(content: dict[str, Any]) -> str:
    return compact(content | {"x": 1})


def with_less(content: dict[str, Any]) -> str:
    del content["meta"]["software_version"]
    return compact(content)


def turned_round(content: dict[str, Any]) -> str:
    return compact(dict(reversed(content.items())))


def by_public_key(device: Device, *, kind: str) -> str:
    """Use the public key, which everybody has, as the secret of an HMAC."""
    public = a_key(device.sudi_key).public_key
    code = hmac.digest(public, report_preimage(honest(device)), hashlib.sha512)
    return signed_as(device, signing_type=kind, value=code)


def with_hash(device: Device, *, algorithm: hashes.HashAlgorithm) -> str:
    """Sign by the right key over a digest of another kind."""
    key = a_key(device.sudi_key)._key
    r, s = utils.decode_dss_signature(
        key.sign(report_preimage(honest(device)), ec.ECDSA(algorithm))
    )
    # A low s, as ours are: the hash alone is to be what is wrong.
    return signed_as(device, value=r.to_bytes(32) + min(s, keyring.ORDER - s).to_bytes(32))


def payload_of(device: Device, *, change: Callable[[str], str]) -> str:
    """Have the device itself sign a payload that no reader may take."""
    text = honest(device).decode()
    signed = change(text).encode("utf-8", "surrogatepass")
    assert signed != text.encode()
    return write_item(signed, block(device, signed))


def measured(device: Device, **changes: object) -> str:
    """Have the device itself sign a measurement with some of its members changed."""

    def change(text: str) -> str:
        content = json.loads(text)
        content["measurements"][0] |= changes
        return compact(content)

    return payload_of(device, change=change)


def in_place_of(old: str, new: str) -> Forge:
    return partial(payload_of, change=lambda text: text.replace(old, new, 1))


def counted(count: object) -> Forge:
    return partial(measured, value={"type": "COUNT", "value": count})


VERSION = '"version":"2.0"'
ATTACKS: dict[str, list[tuple[Forge, str]]] = {
    "A4": [
        (partial(without_signature, left=None), "signature-missing"),
        (partial(without_signature, left={}), "malformed"),
        (partial(without_signature, left={"value": None}), "signature-missing"),
        (partial(without_signature, left={"value": ""}), "signature-missing"),
        (partial(signed_as, chain=()), "signature-missing"),
    ],
    "A5": [
        (partial(by_an_impostor, name="Somebody's CA"), "unknown-key"),
        # It calls itself as the manufacturer does: its name is known, its key is not.
        (partial(by_an_impostor, name="Example Manufacturer CA"), "signature-invalid"),
    ],
    "A6": [
        (by_another, "wrong-subject"),
        (partial(signed_as, udi=OTHER.udi), "wrong-subject"),
        (partial(by_another, udi=UDI), "wrong-subject"),
        (partial(by_another, udi=UDI, chain=a_device().sudi.chain), "signature-invalid"),
    ],
    "A8": [
        (partial(written_again, rewrite=rewrite), "signature-invalid")
        for rewrite in (with_more, with_less, turned_round, json.dumps)
    ],
    "A9": [
        (partial(signed_as, signing_type="none"), "algorithm-not-allowed"),
        (partial(by_public_key, kind="HS512"), "algorithm-not-allowed"),
        (partial(by_public_key, kind="gauger-sudi"), "signature-invalid"),
        (partial(with_hash, algorithm=hashes.SHA1()), "signature-invalid"),  # noqa: S303 -- the attack
        (partial(with_hash, algorithm=hashes.SHA384()), "signature-invalid"),
        (partial(signed_as, signing_type="builtin"), "algorithm-not-allowed"),
    ],
    "A10": [
        (in_place_of(VERSION, f"{VERSION},{VERSION}"), "duplicate-key"),
        (in_place_of('"num_samples":1', '"num_samples":NaN'), "number-not-allowed"),
        (in_place_of('"num_samples":1', '"num_samples":1e400'), "number-not-allowed"),
        (in_place_of('"num_samples":1', f'"num_samples":{"9" * 5000}'), "number-not-allowed"),
        (in_place_of(VERSION, f'{VERSION},"x":"\\ud800"'), "text-not-allowed"),
        (in_place_of(VERSION, f'{VERSION},"x":{"[" * 100_000}'), "too-deep"),
    ],
    "A17": [
        (counted("-1"), "malformed"),
        (counted("1.5"), "malformed"),
        (counted(str(2**63)), "malformed"),
        (partial(measured, start_time=NOW), "malformed"),
        (partial(measured, start_time=NOW + 1), "malformed"),
        (partial(measured, start_time=NOW - 0.5), "malformed"),
        (partial(measured, end_time=2**63), "number-not-allowed"),
    ],
}  # fmt: skip


ROWS = [pytest.param(row, id=row, marks=pytest.mark.threat(row, role="cssm")) for row in ATTACKS]


def unread(patch: pytest.MonkeyPatch) -> None:
    """Forbid the first step of every verification."""

    def forbidden(*_: object) -> None:
        pytest.fail("something was verified")

    patch.setattr(TrustStore, "verify_sudi", forbidden)


def refusal_of(portal: Bench, item: str) -> Problem:
    with pytest.raises(Problem) as caught:
        portal.report(item, to=None, pipe=Pipe.SMART)
    return caught.value


@pytest.mark.parametrize("row", ROWS)
def test_each_is_refused_by_name_and_audited_and_changes_nothing(
    portal: Bench, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    device = a_device(account=ACCOUNT)
    portal.report(device.report(((NOW - 1800, NOW - 900, 1),)))
    before = what_counts(portal)
    for number, (forge, code) in enumerate(ATTACKS[row], start=1):
        item = forge(device)
        with monkeypatch.context() as patch:
            if row in {"A10", "A17"}:  # what nobody may read is refused before it costs anything
                unread(patch)
            problem = refusal_of(portal, item)

        assert problem.code == code, (number, problem.detail)
        assert what_counts(portal) == before, number
        refusals = portal.events("refusal")
        assert len(refusals) == number
        assert code in refusals[-1].detail

    # Nothing of it took a place: the device goes on as if it had never been.
    assert portal.report(device.report(USAGE), to=None).verdict is Verdict.ACCEPTED
