"""RUM reports and trust requests, as a portal judges them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import HOME, ME, NOW, OTHER, signed_head
from checks.conformance_cases.material import page_of as make_page
from gauger.core.documents.envelope import Document, PairSignature, preimage, write_document
from gauger.core.documents.rum_payload import encode_payload
from gauger.core.documents.rum_report import SigningType, report_preimage
from gauger.core.documents.trust_request import TrustRequest
from gauger.core.fields import encode_base64
from gauger.core.identity import Udi, digest

PAYLOAD = encode_payload(replace(docs.PAYLOAD, meta=replace(docs.PAYLOAD.meta, previous=None)))  # type: ignore[type-var] # the vectors' payload has it
TEXT = PAYLOAD.decode()
ITEM = docs.item(PAYLOAD)
CODE = docs.direct("trust-code", docs.TRUST_CODE.encode())
FOREIGN = Udi("WS-C3850-24P", "FOC1234X0AB")


def edited(change: Callable[[dict[str, object]], object]) -> bytes:
    """Return the payload after its content was changed, to be signed anew."""
    content = json.loads(TEXT)
    change(content)
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def put(*path: str | int, value: object) -> bytes:
    """Return the payload with another value somewhere."""

    def change(content: dict[str, object]) -> None:
        place: object = content
        for step in path[:-1]:
            place = place[step]  # type: ignore[index] # the path is that of the payload
        place[path[-1]] = value  # type: ignore[index] # as above

    return edited(change)


def by_code(payload: bytes, code: str | None = None, key: str = "licensing") -> str:
    """Return an item that a trust code's key signed."""
    text = write_document(CODE) if code is None else code
    value = docs.sign(key, report_preimage(payload))
    return docs.item(payload, signing_type=SigningType.TRUST, value=value, trust_code=text)


def block(item: str, **members: object) -> str:
    """Return an item with other members in its signature; None takes one away."""
    content = json.loads(item)
    changed = content["signature"] | members
    kept = {name: value for name, value in changed.items() if value is not None}
    return json.dumps(content | {"signature": kept})


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _good()
    yield from _signatures()
    yield from _payloads()
    yield from _places()
    yield from _vendors()
    yield from _requests()


def _case(name: str, *contents: Content, shows: str, clause: str = "spec/rum-report.md") -> Case:
    names = ["item.json"] if len(contents) == 1 else [f"{at + 1}-item.json" for at in range(len(contents))]  # fmt: skip
    files = dict(zip(names, contents, strict=True))
    return Case(name=f"report-{name}", kind="rum-report", files=files, shows=shows, clause=clause, role="cssm")  # fmt: skip


def _good() -> Iterator[Case]:
    content = json.loads(ITEM)
    says = {
        "digest": digest(PAYLOAD),
        "udi": docs.UDI.to_json(),
        "report_id": docs.PAYLOAD.report_id,
        "entitlement_tag": docs.TAG,
        "measurements": [[one.start, one.end, one.count] for one in docs.PAYLOAD.measurements],
        "verdict": "accepted",
    }
    factory = write_document(docs.direct("trust-code", docs.FACTORY_CODE.encode()))
    held = signed_head(make_page([("ack", docs.ACK.encode())])).to_json()
    loose = json.dumps(json.loads(TEXT), indent=1).encode()
    first = ("measurements", 0)
    for name, item, flags, shows in (
        ("by-sudi", ITEM, ["unknown-account"], "A report that the SUDI's key signed."),
        ("by-trust-code", by_code(PAYLOAD), [], "A report that a trust code's key signed; the trust code came along."),
        ("by-trust-code-without-sudi", block(by_code(PAYLOAD), chain=None), [], "A report under a trust code without the SUDI's certificate."),
        ("by-factory-trust-code", by_code(PAYLOAD, factory), [], "A report under the factory's trust code."),
        ("rewritten-around", json.dumps(dict(reversed(content.items())), indent=3), [], "A relay wrote the item anew around the payload, in another order."),
        ("members-added", json.dumps(content | {"relay": {"hops": [1, 2]}, "header": {"type": "rum", "x": 1}}), [], "A relay added members beside the payload."),
        ("without-header", json.dumps({name: value for name, value in content.items() if name != "header"}), [], "A relay dropped the header."),
        ("payload-loose", docs.item(loose), [], "The payload was written with blanks before it was signed."),
        ("payload-escapes", ITEM.replace("C9800", "\\u0043\\u0039800"), [], "A relay wrote letters of the payload as escapes: the text, and so the signed bytes, are the same."),
        ("unknown-members", docs.item(put("meta", "newer", value={"a": [1]})), [], "The payload holds a member of a newer release."),
        ("count-zero", docs.item(put(*first, "value", "value", value="0")), [], "A measurement counts 0."),
        ("count-largest", docs.item(put(*first, "value", "value", value="9223372036854775807")), [], "A measurement counts 2^63 - 1."),
        ("count-leading-zeros", docs.item(put(*first, "value", "value", value="0000000000000000002")), [], "A count is written in 19 digits."),
        ("closed-at-plus-an-hour", docs.item(put("measurements", 1, "end_time", value=NOW + 3600)), [], "A measurement ends an hour after the report was closed, which is the most."),
        ("closed-in-an-hour", docs.item(put("meta", "gauger", "closed_at", value=NOW + 3600)), [], "The report was closed an hour after the reader's clock, which is the most."),
        ("years-old", docs.item(_shifted(-5 * 365 * 86_400)), [], "The report is five years old: none is refused for that."),
        ("clock-never-set", docs.item(_relative()), ["clock-not-set"], "Its clock was never set: times count from the boot."),
        ("gap", docs.item(put("meta", "gauger", "previous", value="ab" * 32)), ["gap"], "The report before it never came: it is accepted, and that one is asked for."),
        ("with-head", docs.item(put("meta", "gauger", "head", value=held)), [], "The report carries the newest page head that its sender holds."),
        ("active-member", docs.item(put("meta", "ha_udi", value=[_member("Active", docs.UDI), _member("Standby", docs.OTHER)])), [], "The active member of a set reports."),
        ("unknown-tag", docs.item(put("meta", "entitlement_tag", value="a tag that nobody knows")), [], "The licence is not in any catalogue: it is never dropped for that."),
        ("largest", docs.item(_large(80)), [], "A report with 80 measurements more."),
        ("critical-known", docs.item(put("meta", "gauger", "critical", value=["previous", "closed_at"])), [], "Members that every reader understands are marked critical."),
        ("overlong-key", block(ITEM, key="k" * 1024), [], "The software id in the signature, which is for people, has 1,024 letters."),
    ):  # fmt: skip
        expect = {"account": HOME, "udi": ME}
        case = replace(_case(name, item, shows=shows), expect=expect)
        wanted = says if name in {"by-sudi", "by-trust-code", "rewritten-around", "payload-escapes"} else {"verdict": "accepted"}  # fmt: skip
        noted = {"flags": flags} if flags and name != "by-sudi" else {}
        yield replace(case, says={**wanted, **noted})


def _member(role: str, udi: Udi) -> dict[str, object]:
    return {"role": role, "sudi": udi.to_json()}


def _shifted(seconds: int) -> bytes:
    def change(content: dict[str, object]) -> None:
        text = json.dumps(content)
        moved = json.loads(text)
        for one in moved["measurements"]:
            for name in ("start_time", "end_time", "log_time"):
                one[name] += seconds
        moved["meta"]["gauger"]["closed_at"] += seconds
        content.update(moved)

    return edited(change)


def _relative() -> bytes:
    def change(content: dict[str, object]) -> None:
        moved = json.loads(json.dumps(content))
        for at, one in enumerate(moved["measurements"]):
            one.update(start_time=at * 900, end_time=at * 900 + 900, log_time=at * 900)
            one["meta"]["gauger"] = {"relative": True}
        moved["meta"]["gauger"]["closed_at"] = 1800
        content.update(moved)

    return edited(change)


def _large(count: int) -> bytes:
    def change(content: dict[str, object]) -> None:
        moved = json.loads(json.dumps(content))
        first = moved["measurements"][0]
        moved["measurements"] = [
            {**first, "start_time": NOW - 900 * (count - at), "end_time": NOW - 900 * (count - at) + 900}
            for at in range(count)
        ]  # fmt: skip
        content.update(moved)

    return edited(change)


def _signatures() -> Iterator[Case]:
    value = docs.sign("sudi", report_preimage(PAYLOAD))
    high = docs._high_s(PAYLOAD)  # noqa: SLF001 -- the vectors' own
    other_code = write_document(docs.direct("trust-code", docs.changed(docs.TRUST_CODE, udi=docs.OTHER.to_json())))  # fmt: skip
    stranger = write_document(trust.direct("thief", docs.TRUST_CODE.encode(), kind="trust-code"))
    altered = write_document(replace(CODE, body=CODE.body.replace(b'"generation":1', b'"generation":2')))  # fmt: skip
    spaced = json.dumps(json.loads(TEXT))
    counted = TEXT.replace('"value":"2"', '"value":"1"', 1)
    reordered = json.dumps(dict(reversed(json.loads(TEXT).items())), separators=(",", ":"))
    added = TEXT[:-1] + ',"note":1}'
    ack = write_document(docs.direct("ack", docs.ACK.encode()))
    for name, item, code, threat, folder, shows in (
        ("no-signature", json.dumps({"payload": TEXT}), "signature-missing", "A4", "usual", "The signature is not there."),
        ("empty-signature", block(ITEM, value=""), "signature-missing", "A4", "usual", "The signature has no value."),
        ("no-certificate", block(ITEM, chain=None), "signature-missing", "A4", "usual", "The SUDI's certificate is not there."),
        ("no-trust-code", block(by_code(PAYLOAD), trust_code=None), "signature-missing", "A4", "usual", "The trust code is not there."),
        ("unknown-maker", docs.item(PAYLOAD, chain=(docs._foreign(),)), "unknown-key", "A5", "usual", "A manufacturer that is not pinned certified the SUDI."),  # noqa: SLF001 -- the vectors' own
        ("another-sudi", docs.item(PAYLOAD, chain=(docs.OTHER_SUDI,)), "wrong-subject", "A6", "usual", "The certificate is that of another product instance."),
        ("another-name", docs.item(PAYLOAD, udi=docs.OTHER), "wrong-subject", "A6", "usual", "The signature names another product instance than the payload."),
        ("another-key", docs.item(PAYLOAD, value=docs.sign("stranger", report_preimage(PAYLOAD))), "signature-invalid", "A6", "usual", "Another key signed."),
        ("high-s", docs.item(PAYLOAD, value=high), "signature-invalid", "C5", "usual", "The twin of the good signature, with s in the upper half."),
        ("zeros", docs.item(PAYLOAD, value=bytes(64)), "signature-invalid", "A7", "usual", "The signature is 64 zero bytes."),
        ("63-bytes", docs.item(PAYLOAD, value=value[:-1]), "signature-invalid", "A7", "usual", "The last byte of the signature is missing."),
        ("one-bit", docs.item(PAYLOAD, value=bytes([value[0] ^ 128]) + value[1:]), "signature-invalid", "A7", "usual", "One bit of the signature is flipped."),
        ("without-domain", docs.item(PAYLOAD, value=docs.sign("sudi", PAYLOAD)), "signature-invalid", "B8", "usual", "The payload was signed without the type in front."),
        ("domain-version-1", docs.item(PAYLOAD, value=docs.sign("sudi", preimage("rum-report", 1, PAYLOAD))), "signature-invalid", "B8", "usual", "The payload was signed as version 1."),
        ("signed-as-trust-request", docs.item(PAYLOAD, value=docs.sign("sudi", preimage("trust-request", 1, PAYLOAD))), "signature-invalid", "B8", "usual", "The payload was signed as a trust request."),
        ("count-altered", _with_payload(counted), "signature-invalid", "A7", "usual", "A count was lowered after signing."),
        ("blanks-added", _with_payload(spaced), "signature-invalid", "A8", "usual", "A relay wrote the payload anew, with blanks."),
        ("keys-reordered", _with_payload(reordered), "signature-invalid", "A8", "usual", "A relay wrote the payload anew, in another order."),
        ("member-added", _with_payload(added), "signature-invalid", "A8", "usual", "A member was added to the payload after signing."),
        ("algorithm-none", docs.item(PAYLOAD, signing_type="none"), "algorithm-not-allowed", "A9", "usual", "The signing type is `none`."),
        ("algorithm-hmac", docs.item(PAYLOAD, signing_type="HS256"), "algorithm-not-allowed", "A9", "usual", "The signing type is an HMAC."),
        ("algorithm-in-capitals", docs.item(PAYLOAD, signing_type="GAUGER-SUDI"), "algorithm-not-allowed", "A9", "usual", "The signing type is written in capitals."),
        ("sudi-signed-as-trust", by_code(PAYLOAD, key="sudi"), "signature-invalid", "A9", "usual", "The SUDI's key signed where the trust code's is named."),
        ("trust-code-of-another", by_code(PAYLOAD, other_code), "wrong-subject", "A6", "usual", "The trust code is that of another product instance."),
        ("trust-code-by-a-thief", by_code(PAYLOAD, stranger), "unknown-key", "A5", "usual", "Who signed the trust code is not trusted."),
        ("trust-code-altered", by_code(PAYLOAD, altered), "signature-invalid", "A7", "usual", "The trust code was altered: its generation was raised."),
        ("trust-code-an-ack", by_code(PAYLOAD, ack), "wrong-type", "B8", "usual", "An ACK stands in the place of the trust code."),
        ("trust-code-no-document", by_code(PAYLOAD, "{}"), "malformed", "A10", "usual", "The trust code is an empty object."),
        ("trust-code-revoked", by_code(PAYLOAD), "key-revoked", "B15", "revoking-licensing", "The root set revokes the trust code's key."),
        ("sudi-revoked", ITEM, "key-revoked", "C1", "revoking-sudi", "The root set revokes the SUDI's key."),
        ("certificate-garbage", block(ITEM, chain=["AAAA"]), "malformed", "A10", "usual", "The certificate is none."),
        ("value-not-base64", block(ITEM, value="***"), "malformed", "A10", "usual", "The signature is not base64."),
    ):  # fmt: skip
        case = _case(name, item, shows=shows, clause="spec/rum-report.md, section 3")
        yield replace(case, code=code, threat=threat, trust=folder)


def _with_payload(text: str) -> str:
    return json.dumps(json.loads(ITEM) | {"payload": text})


def _payloads() -> Iterator[Case]:
    first, gauger = ("measurements", 0), ("meta", "gauger")
    nan = TEXT.replace(f'"end_time":{NOW}', '"end_time":NaN').encode()
    for name, payload, code, threat, shows in (
        ("version-3", put("version", value="3.0"), "upgrade-needed", "D14", "The payload is of version 3.0."),
        ("critical-unknown", put(*gauger, "critical", value=["sealed"]), "upgrade-needed", "D14", "A member that is not known is marked critical."),
        ("count-negative", put(*first, "value", "value", value="-2"), "malformed", "A17", "A count is -2."),
        ("count-plus", put(*first, "value", "value", value="+2"), "malformed", "A17", "A count has a plus sign."),
        ("count-fraction", put(*first, "value", "value", value="2.5"), "malformed", "A17", "A count is 2.5."),
        ("count-exponent", put(*first, "value", "value", value="2e3"), "malformed", "A17", "A count is 2e3."),
        ("count-2-to-the-63", put(*first, "value", "value", value="9223372036854775808"), "malformed", "A17", "A count is 2^63."),
        ("count-20-digits", put(*first, "value", "value", value="00000000000000000002"), "malformed", "A17", "A count has 20 digits."),
        ("count-empty", put(*first, "value", "value", value=""), "malformed", "A17", "A count is an empty text."),
        ("count-blank", put(*first, "value", "value", value=" 2"), "malformed", "A17", "A blank stands before a count."),
        ("count-other-digits", put(*first, "value", "value", value="\u0662"), "malformed", "A17", "A count is in Arabic digits."),
        ("count-number", put(*first, "value", "value", value=2), "malformed", "A17", "A count is a number and not a text."),
        ("no-length", put("measurements", 1, "end_time", value=NOW - 900), "malformed", "A17", "A measurement ends when it starts."),
        ("backwards", put("measurements", 1, "end_time", value=NOW - 901), "malformed", "A17", "A measurement ends before it starts."),
        ("ends-after-closing", put("measurements", 1, "end_time", value=NOW + 3601), "malformed", "A16", "A measurement ends an hour and a second after the report was closed."),
        ("no-measurement", put("measurements", value=[]), "malformed", None, "It measures nothing."),
        ("4097-measurements", put("measurements", value=[{}] * 4097), "malformed", "A10", "It has 4,097 measurements."),
        ("time-after-9999", put(*gauger, "closed_at", value=253_402_300_800), "malformed", "A16", "It was closed in the year 10000."),
        ("time-negative", put(*first, "start_time", value=-1), "malformed", "A17", "A measurement starts before 1970."),
        ("time-as-text", put(*first, "start_time", value=str(NOW - 1800)), "malformed", "A17", "A time is a text."),
        ("time-fraction", put(*first, "start_time", value=NOW - 1800.5), "malformed", "A17", "A time is a fraction."),
        ("incarnation-short", put(*gauger, "incarnation", value="1c" * 15), "malformed", None, "The incarnation has 15 bytes."),
        ("previous-short", put(*gauger, "previous", value="ab" * 31), "malformed", None, "The digest of the report before it is cut."),
        ("report-id-negative", put("asset_identification", "report_id", value=-1), "malformed", None, "The report's number is -1."),
        ("tag-empty", put("meta", "entitlement_tag", value=""), "malformed", None, "The licence is an empty text."),
        ("telemetry", put("meta", "report_type", value="telemetry"), "wrong-type", None, "It says that it is telemetry, which is no usage."),
        ("udi-with-blank", put("asset_identification", "instance", "sudi", "udi_serial_number", value="GGR 1"), "malformed", None, "A serial number holds a blank."),
        ("key-twice", TEXT.replace('"version":"2.0"', '"version":"2.0","version":"2.0"').encode(), "duplicate-key", "A10", "The payload has the key `version` twice."),
        ("nan", nan, "number-not-allowed", "A10", "A time is NaN."),
        ("lone-surrogate", TEXT.replace("C9800", "\\ud800", 1).encode(), "text-not-allowed", "A10", "A text is half a surrogate pair."),
        ("100000-levels", b"[" * 100_000, "too-deep", "A10", "The payload is 100,000 opening brackets."),
        ("payload-cut", PAYLOAD[:-1], "truncated", "D1", "The last byte of the payload is missing."),
        ("payload-twice", PAYLOAD + PAYLOAD, "trailing-data", "D4", "The payload stands twice."),
        ("too-large", PAYLOAD + b" " * 262_144, "too-large", "A10", "256 kB of blanks follow the payload."),
        ("without-our-members", edited(lambda content: content["meta"].pop("gauger")), "malformed", None, "It is signed as ours and lacks our members."),  # type: ignore[attr-defined] # an object of the payload
        ("without-version", edited(lambda content: content.pop("version")), "malformed", None, "It has our members and lacks the version."),
        ("test-clock", put(*gauger, "test_clock", value=True), "test-clock", None, "It was made under a test clock."),
        ("closed-in-the-future", put(*gauger, "closed_at", value=NOW + 3601), "not-yet", "A16", "It was closed an hour and a second after the reader's clock: the decision is deferred."),
        ("standby", put("meta", "ha_udi", value=[_member("Standby", docs.UDI), _member("Active", docs.OTHER)]), "not-active", "A25", "The set of members names the sender as standby."),
    ):  # fmt: skip
        clause = "spec/rum-report.md, sections 2 and 4" if code not in {"not-yet", "not-active"} else "spec/authority.md, section 3"  # fmt: skip
        case = _case(name, docs.item(payload), shows=f"{shows} The signature holds.", clause=clause)
        yield replace(case, code=code, threat=threat)
    tested = put(*gauger, "test_clock", value=True)
    yield replace(_case("test-clock-in-a-test", docs.item(tested), shows="It was made under a test clock, and the reader takes such."), test_clock=True)  # fmt: skip


def _places() -> Iterator[Case]:
    clause = "spec/authority.md, sections 3 and 4"
    second = put("meta", "gauger", "previous", value=digest(PAYLOAD))
    rival = put("asset_identification", "report_id", value=8)
    newer = docs.direct("trust-code", docs.changed(docs.TRUST_CODE, generation=2))
    base = by_code(PAYLOAD, write_document(newer))
    after = by_code(second)
    for name, items, code, threat, says, shows in (
        ("twice", [ITEM, ITEM], None, "A1", {"verdict": "same"}, "The same report comes twice: it has its answer."),
        ("twice-signed-anew", [ITEM, by_code(PAYLOAD)], None, "C5", {"verdict": "same"}, "The same payload comes again under another signature: the signature is no part of its identity."),
        ("chain", [ITEM, docs.item(second)], None, "A12", {"verdict": "accepted", "flags": []}, "A report that names the one before it."),
        ("place-taken", [ITEM, docs.item(rival)], "repeated-place", "A11", {"verdict": "quarantined"}, "Another report claims the place of the first one in its chain."),
        ("older-key-after-newer", [base, after], "superseded-key", "B15", {"verdict": "rejected"}, "A report is signed under an older trust code than the one before it in its chain."),
    ):  # fmt: skip
        case = _case(name, *items, shows=shows, clause=clause)
        yield replace(case, code=code, threat=threat, says=says, expect={"account": HOME})
    other = replace(_case("of-another-sender", ITEM, shows="Another product instance is expected to have written it."), code="wrong-subject", threat="A6", expect={"udi": OTHER})  # fmt: skip
    yield other


def _vendors() -> Iterator[Case]:
    clause = "spec/rum-report.md, section 3, and spec/authority.md"
    foreign = TEXT.replace(docs.UDI.pid, FOREIGN.pid).replace(docs.UDI.serial, FOREIGN.serial)
    vendor = json.loads(foreign)
    del vendor["meta"]["gauger"]
    older = json.loads(json.dumps(vendor))
    del older["version"]
    older["meta"]["report_id"] = older["asset_identification"].pop("report_id")
    older["asset_identification"]["signature"] = {"signing_type": "builtin", "key": "1", "value": "AAAA"}  # fmt: skip
    past = json.loads(json.dumps(vendor))
    past["measurements"][0]["end_time"] = NOW - 5000
    for name, item, code, threat, shows in (
        ("vendors", _vendor(vendor), "signature-unverifiable", None, "A vendor's report: its algorithm is not public, so it is kept apart."),
        ("vendors-sha-256", _vendor(vendor, signing_type="SHA-256"), "signature-unverifiable", None, "A vendor's report of the other signing type."),
        ("vendors-older-form", _vendor(older), "signature-unverifiable", None, "A vendor's report in the older form, without version."),
        ("vendors-times-out-of-order", _vendor(past), "signature-unverifiable", None, "A vendor's measurement ends before it starts: such are read."),
        ("vendors-count-negative", _vendor(_counted(vendor, "-1")), "malformed", "A17", "A vendor's count is -1."),
        ("stripped-to-builtin", block(ITEM, signing_type="builtin", chain=None), "algorithm-not-allowed", "A9", "Our signature was stripped off and called the vendor's: the manufacturer declares this product instance."),
        ("stripped-to-sha-256", block(ITEM, signing_type="SHA-256", chain=None), "algorithm-not-allowed", "A9", "Our signature was called the vendor's other kind."),
        ("vendors-made-up", _vendor(json.loads(TEXT)), "algorithm-not-allowed", "A9", "A report was made up for a product instance of a manufacturer that is known, signed as the vendor's."),
    ):  # fmt: skip
        yield replace(_case(name, item, shows=shows, clause=clause), code=code, threat=threat)


def _vendor(content: Mapping[str, object], *, signing_type: str = "builtin") -> str:
    payload = json.dumps(content, sort_keys=True, separators=(",", ":"))
    udi = json.loads(payload)["asset_identification"]["instance"]["sudi"]
    signature = {"sudi": udi, "signing_type": signing_type, "key": "12345", "value": "AAAA"}
    return json.dumps({"payload": payload, "signature": signature, "header": {"type": "rum"}})


def _counted(content: Mapping[str, object], count: str) -> dict[str, object]:
    copied: dict[str, object] = json.loads(json.dumps(content).replace('"value": "2"', f'"value": "{count}"'))  # fmt: skip
    return copied


def _requests() -> Iterator[Case]:
    plain = replace(docs.TRUST_REQUEST, token_digest=None, members=())
    good = docs.pair(plain.encode())
    pair = good.signature
    if not isinstance(pair, PairSignature):
        raise TypeError("a trust request is signed by a pair of keys")
    tokened = docs.pair(replace(plain, token_digest=docs.TRUST_REQUEST.token_digest).encode())
    token = {"token": "an ID token"}
    skewed = {seconds: docs.pair(replace(plain, token_digest=docs.TRUST_REQUEST.token_digest, made_at=NOW + seconds).encode()) for seconds in (-3601, 3600, 3601)}  # fmt: skip
    second = docs.pair(replace(plain, counter=2, nonce="0e" * 16).encode())
    late = docs.pair(replace(plain, nonce="0e" * 16).encode())
    thief = replace(plain, udi=docs.OTHER, incarnation="2c" * 16)
    stolen = replace(docs.pair(thief.encode()), signature=_pair_of(thief.encode()))
    for name, documents, code, threat, expect, shows in (
        ("good", [good], None, None, {}, "A trust request without ID token, carried in a file."),
        ("with-members", [docs.pair(replace(plain, members=(docs.OTHER,)).encode())], None, "A26", {}, "It names a further member, for whom no report ever spoke: that one is left out."),
        ("with-token", [tokened], None, None, token, "A trust request with its ID token."),
        ("token-in-an-hour", [skewed[3600]], None, "B18", token, "With an ID token, the clocks differ by an hour, which is the most."),
        ("twice", [good, good], None, None, {}, "The same trust request comes twice: it has its answer."),
        ("counted-on", [good, second], None, None, {}, "The next trust request of a store."),
        ("token-clock-ahead", [skewed[3601]], "clock-skew", "B18", token, "With an ID token, the sender's clock is an hour and a second ahead."),
        ("token-clock-behind", [skewed[-3601]], "clock-skew", "B18", token, "With an ID token, the sender's clock is an hour and a second behind."),
        ("token-missing", [tokened], "token-unknown", None, {}, "It was made for an ID token that is not beside it."),
        ("token-of-another", [tokened], "token-unknown", None, {"token": "another ID token"}, "Another ID token is beside it."),
        ("token-not-named", [good], "token-unknown", None, token, "An ID token is beside it that it was not made for."),
        ("counter-repeated", [good, late], "stale-request", None, {}, "Another trust request has the counter of one that was accepted."),
        ("counter-back", [second, good], "stale-request", None, {}, "An older trust request comes after a newer one."),
        ("key-of-another", [good, stolen], "key-reuse", "C8", {}, "Another product instance asks for the same key."),
    ):  # fmt: skip
        yield _request(name, documents, code, threat=threat, expect=expect, shows=shows)
    yield from _bad_requests(plain, good, pair)


def _bad_requests(plain: TrustRequest, good: Document, pair: PairSignature) -> Iterator[Case]:
    other_sudi = replace(pair, chain=(docs.OTHER_SUDI,))
    for name, documents, code, threat, shows in (
        ("by-one-key", [docs.direct("trust-request", plain.encode())], "signature-missing", "A4", "One signature is there, two must be."),
        ("new-key-did-not-sign", [docs.pair(plain.encode(), key="stranger")], "signature-invalid", "C8", "The new key did not sign: whoever asks does not hold it."),
        ("sudi-did-not-sign", [replace(good, signature=replace(pair, sudi=pair.key))], "signature-invalid", "A6", "The SUDI's key did not sign."),
        ("another-sudi", [replace(good, signature=other_sudi)], "wrong-subject", "A6", "The certificate is that of another product instance."),
        ("unknown-maker", [replace(good, signature=replace(pair, chain=(docs._foreign(),)))], "unknown-key", "A5", "The manufacturer is not pinned."),  # noqa: SLF001 -- the vectors' own
        ("altered", [replace(good, body=good.body.replace(b'"counter":1', b'"counter":9'))], "signature-invalid", "A7", "The counter was raised after signing."),
        ("p384-key", [_request_for(next(key for name, key, _ in trust._other_keys() if "P-384" in name))], "algorithm-not-allowed", "A9", "The new key is on P-384."),  # noqa: SLF001 -- the vectors' own
        ("compressed-key", [_request_for(next(key for name, key, _ in trust._other_keys() if "compressed" in name))], "malformed", "A9", "The new key is a compressed point."),  # noqa: SLF001 -- the vectors' own
        ("65-members", [docs.pair(docs.changed(plain, members=[docs.OTHER.to_json()] * 65))], "malformed", None, "It names 65 members."),
        ("counter-negative", [docs.pair(docs.changed(plain, counter=-1))], "malformed", None, "Its counter is -1."),
        ("test-clock", [docs.pair(docs.changed(plain, test_clock=True))], "test-clock", None, "It was made under a test clock."),
        ("an-ack", [docs.direct("ack", docs.ACK.encode())], "wrong-type", "B8", "An ACK is offered as a trust request."),
    ):  # fmt: skip
        yield _request(name, documents, code, threat=threat, expect={}, shows=shows)


def _request(
    name: str,
    documents: Sequence[Document],
    code: str | None,
    *,
    threat: str | None,
    expect: Mapping[str, str],
    shows: str,
) -> Case:
    return Case(
        name=f"request-{name}",
        kind="trust-request",
        files={f"{at + 1}-trust-request.json": one for at, one in enumerate(documents)},
        shows=shows,
        clause="spec/trust-request.md and spec/authority.md, section 5",
        code=code,
        threat=threat,
        role="cssm",
        expect={**expect, "account": HOME},
    )


def _pair_of(body: bytes) -> PairSignature:
    message = preimage("trust-request", 1, body)
    key = docs.sign("licensing", message)
    return PairSignature(chain=(docs.OTHER_SUDI,), sudi=docs.sign("sudi", message), key=key)


def _request_for(public_key: bytes) -> Document:
    plain = replace(docs.TRUST_REQUEST, token_digest=None, members=())
    return docs.pair(docs.changed(plain, public_key=encode_base64(public_key)))
