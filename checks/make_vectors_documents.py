"""Write the test vectors of bodies, reports, files and the transport envelope.

The keys are fixed and signing is deterministic, so the files are the same at each run. With
``--check`` nothing is written: a file that would change is named, and the exit code is 1.
"""

import base64
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from checks import vectors_authorizations, vectors_names
from checks.vectors_authorizations import BAD_CODES, bad_authorizations
from checks.vectors_strict_json import strict_json
from gauger.core.documents import keyring
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    PairSignature,
    ThresholdSignature,
    preimage,
    write_document,
)
from gauger.core.documents.manufacturer import Manufacturer
from gauger.core.documents.page import SignedHead
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import Purchase, PurchaseInfo
from gauger.core.documents.root_set import ListedSigner, RootKey, RootSet
from gauger.core.documents.rum_payload import GaugerMeta, Measurement, Payload, encode_payload
from gauger.core.documents.rum_report import (
    ReportSignature,
    SigningType,
    report_preimage,
    write_item,
)
from gauger.core.documents.smart_license import Item, ItemKind, write_file
from gauger.core.documents.smart_transport import (
    Acknowledgement,
    MessageType,
    Request,
    Response,
    Status,
    UsageReport,
    WireProblem,
    encode_request,
    encode_response,
)
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.identity import Digest, Udi, digest
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem

FOLDER = Path(__file__).resolve().parents[1] / "spec" / "vectors" / "documents"
NOW = vectors_names.NOW
LEDGER = vectors_names.LEDGER
UDI = vectors_names.UDI
OTHER = vectors_names.OTHER
ACCOUNT = vectors_names.ACCOUNT
ORDER = vectors_names.ORDER
TAG = vectors_names.TAG
AUTHORIZATION = vectors_authorizations.AUTHORIZATION
AUTHORIZATION_REQUEST = vectors_authorizations.AUTHORIZATION_REQUEST
AUTHORIZATION_RETURN = vectors_authorizations.AUTHORIZATION_RETURN
PRODUCT = "regid.2018-05.com.cisco.WLC_9500C,1.0_85665885-b865-4e32-8184-5510412fcb54"
NAMES = ("root-1", "root-2", "root-3", "signer", "manufacturer", "sudi", "licensing", "stranger")
TERMS = keyring.Terms(serial_number=1, not_before=NOW - 1000, not_after=NOW + 10**8)

Case = Mapping[str, object]


def seed(name: str) -> bytes:
    """Return the 40 bytes that a key of the vectors is made of."""
    return (bytes.fromhex(digest(f"gauger test vector {name}".encode())) + bytes(8))[:40]


KEYS = {name: keyring.PrivateKey.from_seed(seed(name)) for name in NAMES}


def _maker() -> keyring.Issuer:
    der = keyring.build_authority(KEYS["manufacturer"], "Vector Manufacturer CA", TERMS)
    return keyring.Issuer(key=KEYS["manufacturer"], certificate=keyring.load_certificate(der))


MAKER = _maker()
SIGNER = keyring.build_signer(KEYS["signer"], "Vector Signer", TERMS)
SUDI = keyring.build_sudi(MAKER, UDI, KEYS["sudi"].public_key, TERMS)
OTHER_SUDI = keyring.build_sudi(MAKER, OTHER, KEYS["sudi"].public_key, TERMS)

ACK = Acknowledgment(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=Digest("ab" * 32),
    answers_type=AnsweredType.RUM_REPORT,
    report_id=1_671_840_750,
    flags=("gap",),
    wanted=(Digest("cd" * 32),),
    companions=(Companion("policy", Digest("ef" * 32)),),
    received_at=NOW,
)
VERDICT = Verdict(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    answers=Digest("ab" * 32),
    verdict=Ruling.DEFERRED,
    code="not-yet",
    detail="It ends in the receiver's future.",
    until=NOW + 3600,
)
POLICY = PolicyDocument(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    order=ORDER,
    name="Custom Policy",
    ack_required=True,
    rules={Group.PERPETUAL: Rule(30, 60, 60), Group.SUBSCRIPTION: Rule(120, 111, 111)},
)
TRUST_CODE = TrustCode(
    **vectors_names.ANSWER,
    public_key=KEYS["licensing"].public_key,
    generation=1,
    origin=TrustOrigin.CSSM,
    incarnation="1c" * 16,
)
FACTORY_CODE = replace(
    TRUST_CODE, generation=0, origin=TrustOrigin.FACTORY, incarnation=None, answers=None
)
INFO = AccountInfo(
    issued_at=NOW, issuer=LEDGER, account=ACCOUNT, udi=UDI, order=ORDER, ledger=LEDGER
)
PURCHASE = PurchaseInfo(
    issued_at=NOW,
    issuer=LEDGER,
    account=ACCOUNT,
    udi=UDI,
    order=ORDER,
    items=(Purchase(tag=TAG, name="DNA_NWStack", quantity=2, term="perpetual", start=NOW),),
)
TRUST_REQUEST = TrustRequest(
    **vectors_names.sent(1),
    members=(OTHER,),
    public_key=KEYS["licensing"].public_key,
    token_digest=digest(b"an ID token"),
)
PAYLOAD = Payload(
    udi=UDI,
    report_id=1_671_840_750,
    software_tag=PRODUCT,
    entitlement_tag=TAG,
    measurements=(
        Measurement(
            start=NOW - 1800,
            end=NOW - 900,
            count=2,
            log_time=NOW - 1800,
            samples=2,
            sample_interval=900,
        ),
        Measurement(
            start=NOW - 900,
            end=NOW,
            count=3,
            log_time=NOW - 900,
            samples=2,
            sample_interval=900,
            termination_reason="CurrentUsageRequested",
            added=(Udi("AIR-AP2802I-E-K9", "GGR9001"),),
            removed=(),
        ),
    ),
    software_version="17.12.01",
    utility_enabled=False,
    meta=GaugerMeta(
        incarnation="1c" * 16,
        boot="b0" * 16,
        previous=Digest("ab" * 32),
        closed_at=NOW,
        root_number=1,
        policy_order=ORDER,
        account=ACCOUNT,
    ),
)


def sign(name: str, message: bytes) -> bytes:
    """Sign with a key of the vectors."""
    return keyring.sign(KEYS[name], message)


def direct(kind: str, body: bytes, *, name: str = "signer", version: int = 1) -> Document:
    """Sign a body directly."""
    chain = (SIGNER,) if name == "signer" else (_stranger(),)
    value = sign(name, preimage(kind, version, body))
    signature = DirectSignature(chain=chain, value=value)
    return Document(type=kind, version=version, body=body, signature=signature)


def _stranger() -> bytes:
    return keyring.build_signer(KEYS["stranger"], "Stranger", TERMS)


def pair(body: bytes, *, key: str = "licensing") -> Document:
    """Sign a trust request with both keys."""
    message = preimage("trust-request", 1, body)
    both = PairSignature(chain=(SUDI,), sudi=sign("sudi", message), key=sign(key, message))
    return Document(type="trust-request", version=1, body=body, signature=both)


def by_sudi(body: Body, **members: object) -> Document:
    """Sign a body of a product instance with its SUDI key."""
    return under_sudi(body.TYPE, changed(body, **members))


def under_sudi(
    kind: str,
    data: bytes,
    *,
    chain: tuple[bytes, ...] = (SUDI,),
    version: int = 1,
    key: str = "sudi",
) -> Document:
    """Sign any bytes as a product instance does."""
    value = sign(key, preimage(kind, version, data))
    signature = DirectSignature(chain=chain, value=value)
    return Document(type=kind, version=version, body=data, signature=signature)


def changed(body: Body, **members: object) -> bytes:
    """Return a body with other members; None takes one away."""
    content = json.loads(body.encode()) | members
    content = {name: value for name, value in content.items() if value is not None}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def root_document() -> Document:
    """Return the root set that the vectors trust."""
    root_set = RootSet(
        issued_at=NOW - 500,
        number=1,
        epoch=1,
        expires_at=NOW + 10**8,
        threshold=2,
        keys=tuple(RootKey.of(KEYS[name].public_key) for name in NAMES[:3]),
        signers=(ListedSigner.of(SIGNER),),
    )
    body = root_set.encode()
    message = preimage("root-set", 1, body)
    values = tuple((KEYS[name].key_id, sign(name, message)) for name in NAMES[:2])
    return Document(
        type="root-set", version=1, body=body, signature=ThresholdSignature(signatures=values)
    )


def trust() -> Case:
    """Return what the other vectors are judged by."""
    manufacturer = Manufacturer(
        name="Vector Manufacturer",
        certificate=MAKER.certificate,
        pids=frozenset({UDI.pid}),
        serial_prefixes=("GGR",),
        ledger="fa" * 16,
    )
    return {
        "now": NOW,
        "root_set": write_document(root_document()),
        "manufacturer": manufacturer.to_json(),
        "keys": {
            name: {"seed": seed(name).hex(), "public_key": _text(key.public_key)}
            for name, key in KEYS.items()
        },
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def documents() -> Iterable[Case]:
    """Yield signed documents."""
    codes = (AUTHORIZATION, vectors_authorizations.FACTORY_AUTHORIZATION)
    bodies = (ACK, VERDICT, POLICY, TRUST_CODE, FACTORY_CODE, INFO, PURCHASE, *codes)
    for body in bodies:
        yield good_document(body.TYPE, direct(body.TYPE, body.encode()))
    yield good_document("trust-request", pair(TRUST_REQUEST.encode()))
    for asked in (AUTHORIZATION_REQUEST, AUTHORIZATION_RETURN):
        yield good_document(asked.TYPE, by_sudi(asked))
    newer = direct("policy", changed(POLICY, newer={"a": 1}))
    yield good_document("policy with a field of a newer release", newer)
    yield from bad_bodies()
    yield from bad_signatures()


def good_document(name: str, document: Document) -> Case:
    """Return a case that is accepted."""
    text = write_document(document)
    return {"name": name, "input": text, "type": document.type, "expect": document.digest}


def bad_bodies() -> Iterable[Case]:
    """Yield documents that are refused for what they say."""
    days = {"perpetual": {"first_report": 3651, "frequency": 0, "on_change": 0}}
    for name, body, members, code in (
        ("ack without what it answers", ACK, {"answers": None}, "malformed"),
        ("ack without product instance", ACK, {"udi": None}, "malformed"),
        ("verdict deferred without until", VERDICT, {"until": None}, "malformed"),
        ("verdict of another kind", VERDICT, {"verdict": "accepted"}, "malformed"),
        ("policy out of range", POLICY, {"rules": days}, "policy-out-of-range"),
        ("policy for one product instance", POLICY, {"udi": UDI.to_json()}, "malformed"),
        ("policy with a critical field", POLICY, {"critical": ["newer"]}, "upgrade-needed"),
        ("policy that says it is an ack", POLICY, {"type": "ack"}, "wrong-type"),
        (
            "trust code of the factory with a generation",
            FACTORY_CODE,
            {"generation": 1},
            "malformed",
        ),
        ("account information of two accounts", INFO, {"smart_account": "b.example"}, "malformed"),
        ("purchase of less than nothing", PURCHASE, {"items": [_line(-1)]}, "malformed"),
    ):
        document = direct(body.TYPE, changed(body, **members))
        yield bad_document(name, document, code, body.TYPE)
    for name, others in BAD_CODES.items():
        document = direct(AUTHORIZATION.TYPE, changed(AUTHORIZATION, **others))
        yield bad_document(f"authorization code {name}", document, "malformed", AUTHORIZATION.TYPE)
    ack = direct("ack", ACK.encode())
    yield bad_document("ack offered as a policy", ack, "wrong-type", "policy")
    later = direct("ack", changed(ACK, version=2), version=2)
    yield bad_document("ack of version 2", later, "upgrade-needed", "ack")


def _line(quantity: int) -> dict[str, object]:
    return {"tag": TAG, "name": "DNA_NWStack", "term": "perpetual", "quantity": quantity}


def bad_signatures() -> Iterable[Case]:
    """Yield documents whose signature does not hold."""
    ack = direct("ack", ACK.encode())
    altered = replace(ack, body=ACK.encode().replace(b'"gap"', b'"gaP"'))
    yield bad_document("ack altered after signing", altered, "signature-invalid", "ack")
    stranger = direct("ack", ACK.encode(), name="stranger")
    yield bad_document("ack by an unknown signer", stranger, "unknown-key", "ack")
    relabelled = replace(direct("verdict", ACK.encode()), type="ack")
    yield bad_document("ack signed as a verdict", relabelled, "signature-invalid", "ack")
    test = direct("ack", changed(ACK, test_clock=True))
    yield bad_document("ack under a test clock", test, "test-clock", "ack")
    kind = "trust-request"
    other_key = pair(TRUST_REQUEST.encode(), key="stranger")
    yield bad_document("trust request without its new key", other_key, "signature-invalid", kind)
    single = direct(kind, TRUST_REQUEST.encode())
    yield bad_document("trust request with one signature", single, "signature-missing", kind)
    for_other = pair(replace(TRUST_REQUEST, udi=OTHER).encode())
    yield bad_document("trust request for another device", for_other, "wrong-subject", kind)
    for name, document, code in bad_authorizations(by_sudi, direct):
        yield bad_document(f"authorization {name}", document, code, document.type)


def bad_document(name: str, document: Document, code: str, kind: str) -> Case:
    """Return a case that is refused."""
    return {"name": name, "input": write_document(document), "type": kind, "refusal": code}


def item(signed: bytes, **changes: object) -> str:
    """Return the item of a report that the SUDI key signed, with other signature members."""
    signature = ReportSignature(
        udi=UDI,
        signing_type=SigningType.SUDI,
        key=PRODUCT,
        value=sign("sudi", report_preimage(signed)),
        chain=(SUDI,),
    )
    return write_item(signed, replace(signature, **changes))  # type: ignore[arg-type] # the dataclass checks


def reports() -> Iterable[Case]:
    """Yield RUM report items."""
    signed = encode_payload(PAYLOAD)
    code = write_document(direct("trust-code", TRUST_CODE.encode()))
    by_code = {
        "signing_type": SigningType.TRUST,
        "value": sign("licensing", report_preimage(signed)),
        "trust_code": code,
    }
    expect = {
        "digest": digest(signed),
        "udi": UDI.to_json(),
        "report_id": PAYLOAD.report_id,
        "entitlement_tag": TAG,
        "measurements": [[m.start, m.end, m.count] for m in PAYLOAD.measurements],
    }
    yield {"name": "signed by the SUDI key", "input": item(signed), "expect": expect}
    yield {"name": "signed by a trust code", "input": item(signed, **by_code), "expect": expect}
    reordered = json.dumps(json.loads(item(signed)), indent=2, sort_keys=False)
    yield {"name": "written anew around the payload", "input": reordered, "expect": expect}
    vendors = item(signed, signing_type="builtin", chain=())
    refusals = {
        "vendor's signature": (vendors, "signature-unverifiable"),
        "algorithm none": (item(signed, signing_type="none"), "algorithm-not-allowed"),
        "no certificate": (item(signed, chain=()), "signature-missing"),
        "empty signature": (item(signed, value=b""), "signature-missing"),
        "signature of zeros": (item(signed, value=bytes(64)), "signature-invalid"),
        "signature of 63 bytes": (item(signed, value=bytes(63)), "signature-invalid"),
        "high s": (item(signed, value=_high_s(signed)), "signature-invalid"),
        "another device's name": (item(signed, udi=OTHER), "wrong-subject"),
        "another device's SUDI": (item(signed, chain=(OTHER_SUDI,)), "wrong-subject"),
        "unknown manufacturer": (item(signed, chain=(_foreign(),)), "unknown-key"),
        "trust code missing": (item(signed, **by_code | {"trust_code": None}), "signature-missing"),
    }
    for name, (text, refusal) in refusals.items():
        yield {"name": name, "input": text, "refusal": refusal}
    yield from payloads(signed)


def _high_s(signed: bytes) -> bytes:
    value = sign("sudi", report_preimage(signed))
    s = keyring.ORDER - int.from_bytes(value[32:], "big")
    return value[:32] + s.to_bytes(32, "big")


def _foreign() -> bytes:
    der = keyring.build_authority(KEYS["stranger"], "Stranger CA", TERMS)
    issuer = keyring.Issuer(key=KEYS["stranger"], certificate=keyring.load_certificate(der))
    return keyring.build_sudi(issuer, UDI, KEYS["sudi"].public_key, TERMS)


def payloads(signed: bytes) -> Iterable[Case]:
    """Yield reports that are refused for what they say, though well signed."""
    text = signed.decode()
    spaced = json.dumps(json.loads(text)).encode()
    altered = text.replace('"value":"2"', '"value":"1"').encode()
    for name, broken in {"spaces added": spaced, "count altered": altered}.items():
        content = json.loads(item(signed)) | {"payload": broken.decode()}
        yield {"name": name, "input": json.dumps(content), "refusal": "signature-invalid"}
    late = str(NOW + 3601)
    for name, old, new, code in (
        ("version 3.0", '"version":"2.0"', '"version":"3.0"', "upgrade-needed"),
        ("negative count", '"value":"2"', '"value":"-2"', "malformed"),
        ("fractional count", '"value":"2"', '"value":"2.5"', "malformed"),
        ("count of 2^63", '"value":"2"', '"value":"9223372036854775808"', "malformed"),
        ("measurement without length", f'"end_time":{NOW}', f'"end_time":{NOW - 900}', "malformed"),
        ("ends an hour after closing", f'"end_time":{NOW}', f'"end_time":{late}', "malformed"),
        ("duplicate key", '"version":"2.0"', '"version":"2.0","version":"2.0"', "duplicate-key"),
        ("NaN", f'"end_time":{NOW}', '"end_time":NaN', "number-not-allowed"),
    ):
        yield {"name": name, "input": item(text.replace(old, new).encode()), "refusal": code}


def files() -> Iterable[Case]:
    """Yield outer files."""
    items = [
        Item(kind=ItemKind.RUM_REPORT, text='{"a":"]]>"}'),
        Item(kind=ItemKind.SYSTEM_INFO, text="{}"),
    ]
    usage = b"".join(write_file(items))
    found = [["RUMReport", '{"a":"]]\\u003e"}'], ["smartLicenseSystemInfo", "{}"]]
    for name, data in {
        "usage file": usage,
        "byte order mark": b"\xef\xbb\xbf" + usage,
        "CRLF": usage.replace(b"\n", b"\r\n"),
        "UTF-16": usage.decode().encode("utf-16"),
        "base64": base64.encodebytes(usage),
    }.items():
        yield {"name": name, "input_base64": _text(data), "expect": found}
    bare = b"<RUMReport><![CDATA[[1]]]></RUMReport>"
    yield {"name": "bare root", "input_base64": _text(bare), "expect": [["RUMReport", "[1]"]]}
    answer = b"".join(write_file([Item(kind=ItemKind.RUM_ACK, text="{}")]))
    for name, data, code in (
        ("cut", usage[:-20], "truncated"),
        ("base64, cut", base64.b64encode(usage)[:-9], "truncated"),
        ("two files glued", usage + usage, "trailing-data"),
        ("zero byte at the end", usage + b"\x00", "trailing-data"),
        ("document type", b"<!DOCTYPE a><smartLicense/>", "xml-not-allowed"),
        ("entity", b"<smartLicense>&a;</smartLicense>", "xml-not-allowed"),
        ("web page", b"<html><body/></html>", "wrong-type"),
        ("answer sent to the portal", answer, "wrong-type"),
        ("gzip", b"\x1f\x8b\x08\x00", "malformed"),
        ("two contents", b"<smartLicensePolicy><data/><data/></smartLicensePolicy>", "malformed"),
        ("nine levels", b"<smartLicense>" + b"<a>" * 8, "too-deep"),
    ):
        yield {"name": name, "input_base64": _text(data), "refusal": code}


def messages() -> Iterable[Case]:
    """Yield requests and responses of smart transport."""
    hello = Request(type=MessageType.HELLO, udi=UDI, timestamp=NOW * 1000, nonce="0d" * 16)
    shown = SignedHead(head=b"{}", chain=(b"a certificate",), value=bytes(64))
    report = UsageReport(
        udi=UDI,
        usage=(item(encode_payload(PAYLOAD)),),
        trust_requests=(write_document(pair(TRUST_REQUEST.encode())),),
        hostname="wlc",
        software_tag=PRODUCT,
        timestamp=NOW * 1000,
        nonce="1d" * 16,
    )
    for request in (
        hello,
        replace(hello, head=shown),
        replace(hello, type=MessageType.REPORT_USAGE, reports=(report,)),
        replace(hello, type=MessageType.TRUST_REQUEST, id_token="an ID token"),  # noqa: S106 -- an example
        replace(
            hello,
            type=MessageType.AUTHORIZATION,
            authorizations=(write_document(by_sudi(AUTHORIZATION_REQUEST)),),
        ),
        replace(hello, type=MessageType.POLL, poll_id="123456789012345678"),
    ):
        text = encode_request(request).decode()
        name = f"{request.type} with a head" if request.head else request.type
        yield {"name": name, "input": text, "is": "request", "expect": request.type}
    ok = Response(status=Status.OK, type=MessageType.HELLO, timestamp=NOW * 1000, nonce="0d" * 16)
    answers = (Acknowledgement(udi=UDI, smart_license=b"<smartLicense/>", software_tag=PRODUCT),)
    refused = WireProblem.of(Problem("token-expired", "The ID token ended yesterday."))
    for response in (
        ok,
        replace(ok, head=shown),
        replace(ok, status=Status.OK_POLL, poll_id="123456789012345678", poll_interval=300),
        replace(ok, status=Status.COMPLETE, acknowledgements=answers),
        replace(ok, status=Status.FAILED, message="No.", problem=refused),
    ):
        text = encode_response(response).decode()
        name = f"{response.status} with a head" if response.head else response.status
        yield {"name": name, "input": text, "is": "response", "expect": response.status}
    yield from bad_messages(encode_request(hello).decode(), encode_response(ok).decode())


def bad_messages(hello: str, ok: str) -> Iterable[Case]:
    """Yield messages that are refused."""
    for name, text, is_, code in (
        ("version 2", hello.replace('"1.3"', '"2.0"'), "request", "upgrade-needed"),
        ("unknown type", hello.replace('"hello"', '"order"'), "request", "malformed"),
        ("poll without id", hello.replace('"hello"', '"poll"'), "request", "malformed"),
        ("no sender", hello.replace('"sudi"', '"pseudo"'), "request", "malformed"),
        ("web page", "<html></html>", "response", "bad-answer"),
        ("another nonce", ok.replace("0d" * 16, "0e" * 16), "response", "bad-answer"),
        ("unknown status", ok.replace('"OK"', '"MAYBE"'), "response", "bad-answer"),
    ):
        yield {"name": name, "input": text, "is": is_, "refusal": code}


def contents() -> dict[str, str]:
    """Return the text of every vector file by name."""
    tables = {
        "trust": trust(),
        "strict-json": {"cases": list(strict_json())},
        "documents": {"cases": list(documents())},
        "rum-reports": {"cases": list(reports())},
        "files": {"cases": list(files())},
        "smart-transport": {"cases": list(messages())},
    }
    return {f"{name}.json": json.dumps(table, indent=1) + "\n" for name, table in tables.items()}


def main() -> int:
    """Write the files, or say which would change."""
    stale = 0
    for name, text in contents().items():
        path = FOLDER / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" not in sys.argv[1:]:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{path.name} written")
        else:
            print(f"{path.name} is not what make_vectors_documents.py makes")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
