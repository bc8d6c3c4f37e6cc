"""The written form of a document, strict JSON, algorithms and signature values."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import with_block, written
from gauger.core.documents import keyring
from gauger.core.documents.envelope import Document, preimage, write_document

POLICY = docs.direct("policy", docs.POLICY.encode())
TEXT = write_document(POLICY)
BODY = docs.POLICY.encode().decode()


def _case(name: str, content: Content, code: str | None, shows: str, clause: str) -> Case:  # noqa: PLR0917 -- five columns of the tables below
    return Case(
        name=name,
        kind="policy",
        files={"policy.json": content},
        shows=shows,
        clause=clause,
        code=code,
    )


def signed(body: str | bytes) -> Document:
    """Sign the body of a policy as it stands."""
    data = body.encode() if isinstance(body, str) else body
    return docs.direct("policy", data)


def with_member(text: str) -> str:
    """Return the body of the policy with one more member in front, which no reader knows."""
    return "{" + f'"note":{text},' + BODY[1:]


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _forms()
    yield from _json_outside()
    yield from _json_inside()
    yield from _sizes()
    yield from _algorithms()
    yield from _values()


def _forms() -> Iterator[Case]:
    clause = "spec/envelope.md"
    content = json.loads(TEXT)
    block = content["signature"]
    pretty = json.dumps(dict(reversed(content.items())), indent=2)
    for name, text, shows in (
        ("envelope-direct", TEXT, "A policy as we write it, signed directly."),
        ("envelope-rewritten", pretty, "A relay wrote the envelope anew, in another order and with blanks; the body is untouched."),
        ("envelope-crlf", pretty.replace("\n", "\r\n"), "An editor turned the line ends around the body into CRLF."),
        ("envelope-byte-order-mark", "\ufeff" + TEXT, "An editor put a byte order mark before the document."),
        ("envelope-blanks-behind", TEXT + " \r\n\t\n", "Blanks and line ends follow the document."),
        ("envelope-body-loose", signed(json.dumps(json.loads(BODY), indent=1)), "The signer wrote the body with blanks: what is signed are its bytes, not its meaning."),
        ("envelope-body-beyond-ascii", signed(BODY.replace("Custom", "Gr\u00f6\u00dfe \U0001f600")), "The body holds letters beyond ASCII as they are, in UTF-8."),
        ("envelope-unknown-member", signed(with_member('{"a":[1,2.5,"x",null]}')), "The body holds a member of a newer release that is not critical: it is passed over."),
        ("envelope-critical-nothing", signed(BODY[:-1] + ',"critical":[]}'), "The list of critical members is there and names nothing."),
        ("envelope-critical-known", signed(BODY[:-1] + ',"critical":["rules"]}'), "A member that every reader of policies understands is marked critical."),
    ):  # fmt: skip
        yield _case(name, text, None, shows, clause)
    for name, text, code, shows in (
        ("envelope-no-signature", written(POLICY, signature=None), "signature-missing", "The signature block was taken away."),
        ("envelope-null-signature", TEXT.replace(json.dumps(block, sort_keys=True, separators=(",", ":")), "null"), "signature-missing", "The signature block is null."),
        ("envelope-member-beside", written(POLICY, note="x"), "malformed", "A member that nobody signed stands beside the body."),
        ("envelope-header-beside", written(POLICY, header={"alg": "none"}), "malformed", "A JOSE header that nobody signed stands beside the body."),
        ("envelope-type-in-capitals", written(POLICY, type="POLICY"), "malformed", "The type is written in capitals."),
        ("envelope-type-too-long", written(POLICY, type="p" * 33), "malformed", "The type has 33 characters."),
        ("envelope-version-zero", written(POLICY, version=0), "malformed", "The version is 0."),
        ("envelope-version-text", written(POLICY, version="1"), "malformed", "The version is a text."),
        ("envelope-version-fraction", TEXT.replace('"version":1}', '"version":1.5}'), "malformed", "The version is a fraction."),
        ("envelope-body-object", written(POLICY, body=json.loads(BODY)), "malformed", "The body is an object and not the exact text."),
        ("envelope-block-list", written(POLICY, signature=[block]), "malformed", "The signature block is a list."),
        ("envelope-list", f"[{TEXT}]", "malformed", "The document stands in a list."),
        ("envelope-body-list", signed(f"[{BODY}]"), "malformed", "The signed body is a list."),
        ("envelope-body-null", signed("null"), "malformed", "The signed body is null."),
        ("envelope-body-empty", signed(""), "malformed", "The signed body is empty."),
        ("envelope-other-type-inside", signed(BODY.replace('"type":"policy"', '"type":"ack"')), "wrong-type", "Outside it says that it is a policy, inside an ACK."),
        ("envelope-other-version-inside", signed(BODY.replace('"version":1}', '"version":2}')), "wrong-type", "Outside it says version 1, inside version 2."),
        ("envelope-newer-version", docs.direct("policy", BODY.replace('"version":1}', '"version":2}').encode(), version=2), "upgrade-needed", "A policy of schema version 2, well signed."),
        ("envelope-critical-unknown", signed(BODY[:-1] + ',"critical":["quota"],"quota":9}'), "upgrade-needed", "A member that is not known is marked critical."),
        ("envelope-critical-absent", signed(BODY[:-1] + ',"critical":["quota"]}'), "upgrade-needed", "A member that is marked critical is not known, and is not even there."),
        ("envelope-critical-text", signed(BODY[:-1] + ',"critical":"quota"}'), "malformed", "`critical` is a text and not a list."),
    ):  # fmt: skip
        threat = "D14" if code == "upgrade-needed" else None
        yield replace(_case(name, text, code, shows, clause), threat=threat)


def _json_outside() -> Iterator[Case]:
    clause = "spec/strict-json.md"
    for name, text, code, shows in (
        ("json-key-twice", TEXT[:-1] + ',"type":"policy"}', "duplicate-key", "The key `type` stands twice, with one value."),
        ("json-key-twice-escaped", TEXT[:-1] + ',"\\u0074ype":"policy"}', "duplicate-key", "The key `type` stands twice, once with an escape."),
        ("json-nan", TEXT.replace('"version":1}', '"version":NaN}'), "number-not-allowed", "The version is NaN, which is not JSON."),
        ("json-overflow", TEXT.replace('"version":1}', '"version":1e400}'), "number-not-allowed", "The version is 1e400, which a careless reader takes for infinity."),
        ("json-5000-digits", TEXT.replace('"version":1}', f'"version":{"1" * 5000}}}'), "number-not-allowed", "The version has 5,000 digits."),
        ("json-lone-surrogate", TEXT.replace('"type":"policy"', '"type":"policy\\ud800"'), "text-not-allowed", "A text holds half a surrogate pair."),
        ("json-100000-levels", "[" * 100_000, "too-deep", "100,000 opening brackets."),
        ("json-300000-brackets", "[" + "[]," * 80_000, "truncated", "80,000 empty lists in a list that has no end."),
        ("json-cut", TEXT[:-1], "truncated", "The last byte is missing."),
        ("json-cut-in-half", TEXT[: len(TEXT) // 2], "truncated", "The second half is missing."),
        ("json-nothing", "", "truncated", "The file is empty."),
        ("json-two-values", TEXT + TEXT, "trailing-data", "Two documents are glued together."),
        ("json-zero-byte-behind", TEXT + "\0", "trailing-data", "A zero byte follows the document."),
        ("json-two-byte-order-marks", "\ufeff\ufeff" + TEXT, "malformed", "Two byte order marks stand before the document."),
        ("json-comment", "// policy\n" + TEXT, "malformed", "A comment stands before the document."),
        ("json-comma-at-the-end", TEXT[:-1] + ",}", "malformed", "A comma stands behind the last member."),
        ("json-single-quotes", TEXT.replace('"type":"policy"', "'type':'policy'"), "malformed", "A key and its text stand in single quotes."),
        ("json-not-utf-8", TEXT.encode().replace(b"policy", b"polic\xff", 1), "text-not-allowed", "A byte of the file is not UTF-8."),
        ("json-overlong-utf-8", TEXT.encode().replace(b'"policy"', b'"polic\xc1\xb9"', 1), "text-not-allowed", "A letter is written in an overlong form of UTF-8."),
        ("json-utf-16", TEXT.encode("utf-16-le"), "malformed", "The document is in UTF-16 without a mark."),
    ):  # fmt: skip
        threat = "D1" if "cut" in name else "D4" if code == "trailing-data" else "A10"
        yield replace(_case(name, text, code, shows, clause), threat=threat)


def _json_inside() -> Iterator[Case]:
    clause = "spec/strict-json.md, in the signed body"
    deep = "[" * 31 + "]" * 31
    yield _case("json-inside-32-levels", signed(with_member(deep)), None, "The signed body is nested 32 levels deep, which is the most.", clause)  # fmt: skip
    yield _case("json-inside-largest-integer", signed(with_member("[9223372036854775807,-9223372036854775808,1e-400]")), None, "The signed body holds the largest and the smallest integer, and a number that underflows to zero.", clause)  # fmt: skip
    yield _case("json-inside-surrogate-pair", signed(with_member('"\\ud83d\\ude00 \\\\ud800"')), None, "The signed body holds a whole surrogate pair, and an escaped backslash before what only looks like half of one.", clause)  # fmt: skip
    for name, text, code, shows in (
        ("json-inside-33-levels", "[" * 32 + "]" * 32, "too-deep", "The signed body is nested 33 levels deep."),
        ("json-inside-2-to-the-63", "9223372036854775808", "number-not-allowed", "The signed body holds the integer 2^63."),
        ("json-inside-infinity", "-Infinity", "number-not-allowed", "The signed body holds an infinity."),
        ("json-inside-overflow", "[1e309]", "number-not-allowed", "The signed body holds a number beyond binary64."),
        ("json-inside-lone-surrogate", '"\\udfff"', "text-not-allowed", "The signed body holds half a surrogate pair."),
        ("json-inside-lone-surrogate-key", '{"\\ud800":1}', "text-not-allowed", "A key in the signed body is half a surrogate pair."),
        ("json-inside-key-twice", '{"a":1,"\\u0061":1}', "duplicate-key", "A key deep in the signed body stands twice, once with an escape."),
    ):  # fmt: skip
        case = _case(name, signed(with_member(text)), code, f"{shows} Its signature holds.", clause)
        yield replace(case, threat="A10")
    twice = BODY.replace('"issued_at"', '"name":"Other","issued_at"', 1)
    yield _case("json-inside-name-twice", signed(twice), "duplicate-key", "The signed body has two names: two readers would show two policies.", clause)  # fmt: skip


def _sizes() -> Iterator[Case]:
    clause = "spec/envelope.md: the caps"
    room = 16 * 1024 - len(with_member('""'))
    for more, code, what in ((0, None, "16 kB, the most"), (1, "too-large", "16 kB and one byte")):
        body = with_member(f'"{"x" * (room + more)}"')
        name = f"size-policy-{16 * 1024 + more}"
        yield _case(name, signed(body), code, f"The body of a policy has {what}.", clause)
    ack = docs.ACK.encode().decode()
    room = 256 * 1024 - len(write_document(docs.direct("ack", _padded(ack, 0))))
    for more, code, what in (
        (0, None, "256 kB, the most"),
        (1, "too-large", "256 kB and one byte"),
    ):
        document = docs.direct("ack", _padded(ack, room + more))
        case = _case(f"size-ack-{256 * 1024 + more}", "", code, f"An ACK has {what}.", clause)
        yield replace(case, kind="ack", files={"ack.json": document})


def _padded(body: str, count: int) -> bytes:
    return ("{" + f'"note":"{"x" * count}",' + body[1:]).encode()


def _algorithms() -> Iterator[Case]:
    clause = "spec/envelope.md: signature blocks"
    value = json.loads(TEXT)["signature"]["value"]
    chain = json.loads(TEXT)["signature"]["chain"]
    for name, changes, code, shows in (
        ("algorithm-none", {"algorithm": "none"}, "algorithm-not-allowed", "The algorithm is `none`."),
        ("algorithm-hs256", {"algorithm": "HS256"}, "algorithm-not-allowed", "The algorithm is an HMAC, which a careless verifier keys with the public key."),
        ("algorithm-rs256", {"algorithm": "RS256"}, "algorithm-not-allowed", "The algorithm is RSA."),
        ("algorithm-es256k", {"algorithm": "ES256K"}, "algorithm-not-allowed", "The algorithm is that of another curve."),
        ("algorithm-lower-case", {"algorithm": "es256"}, "algorithm-not-allowed", "The algorithm is written in small letters."),
        ("algorithm-missing", {"algorithm": None}, "algorithm-not-allowed", "No algorithm is named."),
        ("block-unknown-kind", {"kind": "jws"}, "upgrade-needed", "The kind of signature block is not known."),
        ("block-no-certificate", {"chain": []}, "malformed", "The chain is empty."),
        ("block-five-certificates", {"chain": chain * 5}, "malformed", "The chain has five certificates."),
        ("block-certificate-garbage", {"chain": ["AAAA"]}, "malformed", "The certificate is none."),
        ("block-certificate-cut", {"chain": [chain[0][:400]]}, "malformed", "The certificate is cut."),
        ("block-base64-without-padding", {"value": value.rstrip("=")}, "malformed", "The signature's base64 lacks its padding."),
        ("block-base64-line-break", {"value": value[:40] + "\n" + value[40:]}, "malformed", "The signature's base64 holds a line break."),
        ("block-base64-url", {"value": "-_" + value[2:]}, "malformed", "The signature is in the alphabet of base64url."),
        ("block-base64-spare-bits", {"value": _spare(value)}, "malformed", "The spare bits of the signature's base64 are not zero: a second spelling of the same bytes."),
        ("block-threshold", {"kind": "threshold", "signatures": [{"key_id": trust.key("root-1").key_id, "value": value}]}, "wrong-type", "A policy is signed as a root set is."),
    ):  # fmt: skip
        case = _case(name, with_block(POLICY, **changes), code, shows, clause)
        yield replace(case, threat="A9" if name.startswith("algorithm") else None)


def _spare(text: str) -> str:
    """Return base64 of the same bytes whose last letter has spare bits set."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters.index(text[-3])
    return text[:-3] + letters[last + 1] + "=="


def _values() -> Iterator[Case]:
    clause = "spec/signatures.md: the value"
    value = docs.sign("signer", POLICY.preimage)
    r, s = value[:32], value[32:]
    n, zero = keyring.ORDER.to_bytes(32, "big"), bytes(32)
    high = (keyring.ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    for name, changed, shows in (
        ("value-high-s", r + high, "The twin of the good signature, with s in the upper half: it satisfies the equation."),
        ("value-r-zero", zero + s, "r is zero."),
        ("value-s-zero", r + zero, "s is zero."),
        ("value-both-zero", bytes(64), "r and s are zero."),
        ("value-r-order", n + s, "r is n, the order of the group."),
        ("value-s-order", r + n, "s is n, the order of the group."),
        ("value-r-above-order", (int.from_bytes(n, "big") + 5).to_bytes(32, "big") + s, "r is above n."),
        ("value-all-ones", b"\xff" * 64, "Every bit is set."),
        ("value-63-bytes", value[:-1], "The last byte is missing."),
        ("value-65-bytes", value + b"\0", "A zero byte follows."),
        ("value-half", r, "Only r is there."),
        ("value-empty", b"", "It has no bytes."),
        ("value-swapped", s + r, "s stands before r."),
        ("value-der", trust._der(r, s), "It is in DER, as other systems write it."),  # noqa: SLF001 -- the vectors' own
        ("value-one-bit", value[:-1] + bytes([value[-1] ^ 1]), "One bit is flipped."),
        ("value-of-another-key", docs.sign("licensing", POLICY.preimage), "Another key made it, over the right bytes."),
        ("value-of-the-body", docs.sign("signer", POLICY.body), "The right key signed the body alone, without the type in front."),
        ("value-of-an-ack", docs.sign("signer", preimage("ack", 1, POLICY.body)), "The right key signed the same body as an ACK."),
        ("value-of-version-2", docs.sign("signer", preimage("policy", 2, POLICY.body)), "The right key signed the same body as version 2."),
    ):  # fmt: skip
        text = with_block(POLICY, value=base64.b64encode(changed).decode())
        case = _case(name, text, "signature-invalid", f"The signature of a good policy is changed. {shows}", clause)  # fmt: skip
        yield replace(case, threat=_threat_of_value(name))


def _threat_of_value(name: str) -> str | None:
    if name == "value-high-s":
        return "C5"
    return "B8" if name == "value-of-an-ack" else "C6"
