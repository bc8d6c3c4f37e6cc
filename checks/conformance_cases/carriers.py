"""What carries documents: files, receipts, requests and responses of smart transport."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from checks.conformance_cases.answers import MEMBERS, altered
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import HOME, ME, OTHER, file_of, paged, root_set, signed
from checks.conformance_cases.reports import FOREIGN, ITEM
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.smart_license import ItemKind
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
from gauger.core.problems import Problem

NOW = docs.NOW
Message = Mapping[str, object]
NONCE = "0d" * 16
REPORT = ItemKind.RUM_REPORT
REQUEST = write_document(docs.pair(replace(docs.TRUST_REQUEST, token_digest=None, members=()).encode()))  # fmt: skip
USAGE = file_of((REPORT, ITEM), (ItemKind.SYSTEM_INFO, "{}"))
LISTED = altered(
    docs.ACK,
    companions=[
        {"type": kind, "digest": MEMBERS[kind].digest} for kind in ("policy", "account-info")
    ],
)
ANSWER = file_of(
    (ItemKind.RUM_ACK, LISTED),
    (ItemKind.POLICY, MEMBERS["policy"]),
    (ItemKind.ACCOUNT_INFO, MEMBERS["account-info"]),
)


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _usage()
    yield from _outer()
    yield from _answers()
    yield from _bundles()
    yield from _receipts()
    yield from _requests()
    yield from _responses()


def _usage() -> Iterator[Case]:
    good, bad = {"accepted": True}, ITEM.replace('"rum"', '"rum" ')
    broken = json.dumps(json.loads(ITEM) | {"payload": json.loads(ITEM)["payload"] + " "})
    clause = "spec/files.md and spec/authority.md"
    for name, data, codes, threat, shows in (
        ("good", USAGE, [None], None, "A saved usage file with one report and system information."),
        ("with-trust-request", file_of((REPORT, ITEM), (ItemKind.TRUST_REQUEST, REQUEST)), [None, None], None, "A report and a trust request in one file."),
        ("one-bad-of-three", file_of((REPORT, ITEM), (REPORT, broken), (REPORT, bad)), [None, "signature-invalid", None], "D8", "One report of three is altered: the others count."),
        ("empty", file_of(), [], None, "A file without any item."),
        ("unknown-element", USAGE.replace(b"<RUMReport>", b"<newElement><a><b/></a></newElement><RUMReport>"), [None], "D14", "An element of a newer release is passed over with what is in it."),
        ("bare-root", f"<RUMReport><![CDATA[{ITEM}]]></RUMReport>".encode(), [None], None, "An item is the root of the file itself."),
        ("byte-order-mark", b"\xef\xbb\xbf" + USAGE, [None], "D10", "An editor put a byte order mark in front."),
        ("crlf", USAGE.replace(b"\n", b"\r\n"), [None], "D10", "A gateway turned the line ends into CRLF."),
        ("utf-16", USAGE.decode().encode("utf-16"), [None], "D10", "An editor saved the file in UTF-16 with its mark."),
        ("base64", base64.b64encode(USAGE), [None], "D10", "A gateway put the file into base64 of one line."),
        ("base64-lines", base64.encodebytes(USAGE), [None], "D10", "A gateway put the file into base64 of 76 letters a line."),
        ("base64-crlf", base64.encodebytes(USAGE).replace(b"\n", b"\r\n"), [None], "D10", "Base64 whose lines end in CRLF."),
        ("other-encoding-named", USAGE.replace(b"UTF-8", b"ISO-8859-1"), [None], "D10", "The declaration names another encoding over plain letters."),
        ("blanks-before", b"\r\n  " + USAGE.removeprefix(b'<?xml version="1.0" encoding="UTF-8"?>\n'), [None], "D10", "Blanks stand before the root."),
        ("comments", USAGE.replace(b"<smartLicense>", b"<!-- a --><smartLicense><!-- b -->", 1) + b"<!-- c -->\n", [None], None, "Comments stand around the items."),
        ("escaped-instead-of-cdata", f"<smartLicense><RUMReport>{_escaped(ITEM)}</RUMReport></smartLicense>".encode(), [None], None, "The text is written with escapes and not as CDATA."),
        ("cdata-in-parts", USAGE.replace(b'"payload"', b'"pay]]><![CDATA[load"'), [None], None, "The text stands in two CDATA sections, one behind the other."),
        ("character-reference", f"<smartLicense><RUMReport>{_escaped(ITEM).replace('rum', '&#114;um')}</RUMReport></smartLicense>".encode(), [None], None, "A letter is written as a character reference."),
        ("vendors", file_of((REPORT, _foreign())), ["signature-unverifiable"], None, "The only report is a vendor's: the file is read, the report kept apart."),
    ):  # fmt: skip
        items = [{**good, "accepted": code is None, "code": code} for code in codes]
        yield Case(
            name=f"usage-{name}",
            kind="usage-file",
            files={"usage.xml": data},
            shows=shows,
            clause=clause,
            threat=threat,
            role="cssm",
            expect={"account": HOME},
            says={"items": items},
        )


def _foreign() -> str:
    payload = json.loads(json.loads(ITEM)["payload"])
    del payload["meta"]["gauger"]
    udi = {"udi_pid": FOREIGN.pid, "udi_serial_number": FOREIGN.serial}
    payload["asset_identification"]["instance"]["sudi"] = udi
    signature = {"sudi": udi, "signing_type": "builtin", "key": "1", "value": "AAAA"}
    return json.dumps({"payload": json.dumps(payload), "signature": signature})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _outer() -> Iterator[Case]:
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    head, root = b'<?xml version="1.0" encoding="UTF-8"?>\n', b"<smartLicense>"
    packed = base64.b64encode(USAGE)
    for name, data, code, threat, shows in (
        ("cut", USAGE[:-20], "truncated", "D1", "The end is missing."),
        ("cut-in-an-item", USAGE[: len(USAGE) // 2], "truncated", "D1", "The second half is missing."),
        ("cut-base64", packed[: len(packed) // 2], "truncated", "D1", "A base64 file was cut."),
        ("nothing", b"", "truncated", "D1", "The file is empty."),
        ("two-roots", USAGE + root + b"</smartLicense>", "trailing-data", "D4", "A second root follows the first."),
        ("glued", USAGE + USAGE, "trailing-data", "D4", "Two files are glued together."),
        ("zero-byte-behind", USAGE + b"\0", "trailing-data", "D4", "A zero byte follows the root."),
        ("zip-behind", USAGE + b"PK\x03\x04", "trailing-data", "D4", "A ZIP archive follows the root."),
        ("dtd", USAGE.replace(root, b"<!DOCTYPE smartLicense>" + root), "xml-not-allowed", "E5", "It declares a document type."),
        ("external-entity", USAGE.replace(head, head + entity), "xml-not-allowed", "E5", "An entity would read a file of the reader's."),
        ("entity-bomb", USAGE.replace(head, head + bomb), "xml-not-allowed", "E5", "Entities that grow."),
        ("undeclared-entity", USAGE.replace(root, root + b"&x;"), "xml-not-allowed", "E5", "It refers to an entity."),
        ("nine-levels", USAGE.replace(root, root + b"<a>" * 8 + b"</a>" * 8), "too-deep", "A10", "Elements are nested nine deep."),
    ):  # fmt: skip
        yield _changed(name, data, code, threat=threat, shows=shows)
    yield from _elements()
    yield from _nested()


def _elements() -> Iterator[Case]:
    root = b"<smartLicense>"
    for name, data, code, threat, shows in (
        ("wrong-root", USAGE.replace(b"smartLicense>", b"smartLicence>"), "wrong-type", None, "The root has another name."),
        ("root-in-capitals", USAGE.replace(b"smartLicense>", b"SMARTLICENSE>"), "wrong-type", None, "The root is written in capitals."),
        ("web-page", b"<html><body>Sign in</body></html>", "wrong-type", "E13", "A web page, as a proxy gives it."),
        ("answer-file", ANSWER, "wrong-type", "D9", "An answer file goes the wrong way."),
        ("answer-among-reports", file_of((REPORT, ITEM), (ItemKind.RUM_ACK, MEMBERS["ack"])), "wrong-type", "D9", "An ACK stands among the reports."),
        ("text-between", USAGE.replace(root, root + b"x"), "malformed", None, "Text stands between the items."),
        ("element-in-text", USAGE.replace(b"<RUMReport>", b"<RUMReport><b/>"), "malformed", None, "An element stands in the text of a report."),
        ("item-without-data", USAGE.replace(b"<data><![CDATA[{}]]></data>", b""), "malformed", None, "An item holds no `data`."),
        ("data-twice", USAGE.replace(b"</data>", b"</data><data></data>"), "malformed", None, "An item holds `data` twice."),
        ("tags-crossed", USAGE.replace(b"</RUMReport>", b"</smartLicense>"), "malformed", None, "An element is closed by another name."),
        ("control-character", USAGE.replace(b"<![CDATA[", b"<![CDATA[\x01", 1), "malformed", None, "A control character stands in the text."),
        ("not-utf-8", USAGE.replace(b"<![CDATA[", b"<![CDATA[\xff", 1), "malformed", None, "A byte is not UTF-8."),
        ("gzip", b"\x1f\x8b\x08\x00" + bytes(60), "malformed", "D10", "The file is packed with gzip."),
        ("zip", b"PK\x03\x04" + bytes(60), "malformed", "D10", "The file is a ZIP archive."),
        ("json", ITEM.encode(), "malformed", "D10", "A report without the file around it."),
        ("pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "malformed", "D10", "A PEM file."),
        ("item-too-large", file_of((REPORT, json.dumps({"payload": "x" * 262_200}))), "too-large", "A10", "An item is over 256 kB."),
    ):  # fmt: skip
        yield _changed(name, data, code, threat=threat, shows=shows)


def _changed(name: str, data: bytes, code: str, *, threat: str | None, shows: str) -> Case:
    return Case(
        name=f"file-{name}",
        kind="usage-file",
        files={"usage.xml": data},
        shows=f"A saved usage file is changed. {shows}",
        clause="spec/files.md: reading",
        code=code,
        threat=threat,
        role="cssm",
    )


def _nested() -> Iterator[Case]:
    nested = USAGE.replace(b"<![CDATA[", b"<![CDATA[<![CDATA[", 1)
    yield Case(
        name="usage-cdata-nested",
        kind="usage-file",
        files={"usage.xml": nested},
        shows="CDATA stands in CDATA: the inner mark is text, so the report is no JSON and refused by itself.",
        clause="spec/files.md",
        role="cssm",
        says={"items": [{"accepted": False, "code": "malformed"}]},
    )


def _answers() -> Iterator[Case]:
    expect = {"udi": ME, "report": ["ab" * 32]}
    both = file_of((ItemKind.RUM_ACK, LISTED), (ItemKind.POLICY, MEMBERS["policy"]))
    clause = "spec/files.md and spec/answers.md"
    first, second = (signed(root_set(number, epoch=2)) for number in (2, 3))
    for name, data, code, threat, says, shows in (
        ("good", ANSWER, None, None, {"installed": ["account-info", "policy"], "settled": ["ab" * 32]}, "An ACK with policy and account information, which it lists."),
        ("companion-left-out", both, None, None, {"installed": ["policy"]}, "A companion that the ACK lists is not in the file: what is there is taken."),
        ("order-turned", file_of((ItemKind.POLICY, MEMBERS["policy"]), (ItemKind.ACCOUNT_INFO, MEMBERS["account-info"]), (ItemKind.RUM_ACK, LISTED)), None, None, {"settled": ["ab" * 32]}, "The companions stand before the ACK."),
        ("verdict", file_of((ItemKind.RUM_ACK, MEMBERS["verdict"])), None, None, {"settled": ["ab" * 32]}, "A verdict in the place of an ACK."),
        ("policy-alone", file_of((ItemKind.POLICY, MEMBERS["policy"])), None, None, {"installed": ["policy"]}, "A policy alone in its file."),
        ("root-sets-first", file_of((ItemKind.ROOT_SET, first), (ItemKind.ROOT_SET, second), (ItemKind.RUM_ACK, LISTED)), None, "C3", {"root_sets": [first.digest, second.digest]}, "Two root sets and an ACK: they are followed first."),
        ("root-set-older", file_of((ItemKind.ROOT_SET, signed(root_set())), (ItemKind.RUM_ACK, LISTED)), None, None, {"root_sets": []}, "The root set that is held is passed over."),
        ("paged", file_of(*((ItemKind.RUM_ACK, one) for one in paged([("ack", docs.ACK.encode())]))), None, None, {"settled": ["ab" * 32]}, "The ACK is signed by its page."),
        ("unknown-element", ANSWER.replace(b"<smartLicense>", b"<smartLicense><newer><data>x</data></newer>"), None, "D14", {"settled": ["ab" * 32]}, "An element of a newer release is passed over."),
        ("usage-file", USAGE, "wrong-type", "D9", {}, "A usage file goes the wrong way."),
        ("empty", file_of(), "wrong-type", None, {}, "Nothing in the file is for a product instance."),
        ("ack-as-policy", file_of((ItemKind.POLICY, LISTED)), "wrong-type", "B8", {}, "An ACK stands under the element of a policy."),
        ("policy-as-ack", file_of((ItemKind.RUM_ACK, MEMBERS["policy"])), "wrong-type", "B8", {}, "A policy stands under the element of an ACK."),
        ("policy-as-root-set", file_of((ItemKind.ROOT_SET, MEMBERS["policy"])), "wrong-type", "B8", {}, "A policy stands under the element of a root set."),
        ("no-document", file_of((ItemKind.POLICY, "{}")), "malformed", None, {}, "The text of an item is no document."),
        ("cut", ANSWER[:-3], "truncated", "D1", {}, "The last bytes are missing: nothing of it counts."),
    ):  # fmt: skip
        yield Case(
            name=f"answer-file-{name}",
            kind="answer-file",
            files={"answer.xml": data},
            shows=shows,
            clause=clause,
            code=code,
            threat=threat,
            role="instance",
            expect=expect,
            says=says,
        )


def _bundles() -> Iterator[Case]:
    other = altered(docs.POLICY, name="Another", order={"root_epoch": 1, "ledger_epoch": 1, "version": 9})  # fmt: skip
    older = altered(docs.POLICY, order={"root_epoch": 1, "ledger_epoch": 1, "version": 6})
    lists_older = altered(docs.ACK, companions=[{"type": "policy", "digest": older.digest}])
    info = altered(docs.INFO, udi=docs.OTHER.to_json())
    wrong = altered(docs.ACK, companions=[{"type": "policy", "digest": other.digest}], udi=docs.OTHER.to_json())  # fmt: skip
    revoking = signed(root_set(2, epoch=2, signers=(), revoked=(docs.KEYS["signer"].key_id,)))
    skipped = signed(root_set(3, epoch=2))
    stranger = trust.direct("thief", docs.POLICY.encode())
    listed = altered(docs.ACK, companions=[{"type": "policy", "digest": stranger.digest}])
    ack, policy = ItemKind.RUM_ACK, ItemKind.POLICY
    for name, data, code, threat, shows in (
        ("unlisted-policy", file_of((ack, LISTED), (policy, other)), "wrong-bundle", "B7", "The policy is of another answer: no ACK of the file lists it."),
        ("unlisted-account", file_of((ack, MEMBERS["ack"]), (ItemKind.ACCOUNT_INFO, MEMBERS["account-info"])), "wrong-bundle", "B7", "The ACK does not list the account information beside it."),
        ("verdict-lists-nothing", file_of((ack, MEMBERS["verdict"]), (policy, MEMBERS["policy"])), "wrong-bundle", "B7", "A policy stands beside a verdict, which lists nothing."),
        ("one-of-another-device", file_of((ack, LISTED), (ack, wrong)), "wrong-subject", "B3", "A second ACK is for another product instance: the whole file is refused."),
        ("account-of-another-device", file_of((ItemKind.ACCOUNT_INFO, info)), "wrong-subject", "B3", "The account information is for another product instance."),
        ("one-altered", file_of((ack, LISTED), (policy, _altered(MEMBERS["policy"]))), "signature-invalid", "B5", "The policy was altered: the ACK is not taken either."),
        ("companion-by-a-thief", file_of((ack, listed), (policy, stranger)), "unknown-key", "A5", "A thief signed the policy under the very body that the ACK lists."),
        ("root-set-revokes-its-signer", file_of((ItemKind.ROOT_SET, revoking), (ack, LISTED)), "key-revoked", "C1", "The file's own root set revokes the signer of its ACK."),
        ("root-set-skipped", file_of((ItemKind.ROOT_SET, skipped), (ack, LISTED)), "root-skipped", "C3", "Root set 3 comes where 1 is held."),
        ("root-set-unsigned", file_of((ItemKind.ROOT_SET, signed(root_set(2), "thief")), (ack, LISTED)), "root-threshold", "C4", "A thief signed the root set."),
    ):  # fmt: skip
        yield Case(
            name=f"bundle-{name}",
            kind="answer-file",
            files={"answer.xml": data},
            shows=shows,
            clause="spec/answers.md, section 2",
            code=code,
            threat=threat,
            role="instance",
            expect={"udi": ME},
        )
    yield Case(
        name="bundle-older-companion",
        kind="answer-file",
        files={"1-answer.xml": ANSWER, "2-answer.xml": file_of((ack, lists_older), (policy, older))},
        shows="An old answer comes after a newer one: the older policy beside its ACK is passed over.",
        clause="spec/answers.md, section 3",
        threat="B1",
        role="instance",
        expect={"udi": ME},
        says={"installed": [], "settled": [], "skipped": [{"type": "policy", "reason": "older"}, {"type": "ack", "reason": "acknowledged"}]},
    )  # fmt: skip


def _altered(document: Document) -> Document:
    return replace(document, body=document.body.replace(b"Custom", b"custom"))


def _receipts() -> Iterator[Case]:
    bodies = [("ack", docs.changed(docs.ACK, report_id=number)) for number in (1, 2)]
    honest, fork = paged(bodies), paged([bodies[0], ("ack", docs.changed(docs.ACK, report_id=9))])
    newer = paged(bodies, number=1)
    ack = ItemKind.RUM_ACK
    rows: list[tuple[str, list[Content], str | None, str]] = [
        ("good", [file_of((ack, honest[0]))], None, "An ACK file proves that the ledger has the report."),
        ("document", [write_document(honest[0])], None, "One document proves itself, without a file around it."),
        ("two-of-one-page", [file_of((ack, honest[0])), file_of((ack, honest[1]))], None, "Two receipts of one page have the same head."),
        ("two-pages", [file_of((ack, honest[0])), file_of((ack, newer[1]))], None, "Two receipts of two pages."),
        ("forked", [file_of((ack, honest[0])), file_of((ack, fork[1]))], "version-conflict", "Two receipts show two heads of one page: the ledger was forked."),
        ("forked-in-one-file", [file_of((ack, honest[0]), (ack, fork[1]))], "version-conflict", "One file shows two heads of one page."),
        ("altered", [file_of((ack, replace(honest[0], body=honest[0].body + b" ")))], "signature-invalid", "A blank was added to the body of the ACK."),
        ("unlisted", [file_of((ack, MEMBERS["ack"]), (ItemKind.ACCOUNT_INFO, MEMBERS["account-info"]))], "wrong-bundle", "A companion is listed by no ACK of the file."),
        ("nothing", [file_of()], "wrong-type", "The file holds no answer."),
        ("usage-file", [USAGE], "wrong-type", "A usage file proves nothing."),
        ("newer-element", [ANSWER.replace(b"<smartLicense>", b"<smartLicense><newer/>")], "upgrade-needed", "An auditor does not pass over what he cannot read."),
    ]  # fmt: skip
    for name, files, code, shows in rows:
        yield Case(
            name=f"receipt-{name}",
            kind="receipt",
            files={f"{at + 1}-receipt": one for at, one in enumerate(files)},
            shows=shows,
            clause="spec/receipts.md",
            code=code,
        )


def _message(**changes: object) -> dict[str, object]:
    report = UsageReport(
        udi=docs.UDI, usage=(ITEM,), hostname="wlc", software_tag=docs.PRODUCT,
        timestamp=NOW * 1000, nonce="1d" * 16,
    )  # fmt: skip
    request = Request(type=MessageType.REPORT_USAGE, udi=docs.UDI, timestamp=NOW * 1000, nonce=NONCE, reports=(report,))  # fmt: skip
    content: dict[str, object] = json.loads(encode_request(replace(request, **changes)))  # type: ignore[arg-type] # the dataclass checks the names
    return content


def _without(content: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in content.items() if key != name}


def _requests() -> Iterator[Case]:
    usage = _message()
    hello = _message(type=MessageType.HELLO, reports=())
    poll = _message(type=MessageType.POLL, reports=(), poll_id="123456789012345678")
    tokened = write_document(docs.pair(replace(docs.TRUST_REQUEST, members=()).encode()))
    asked = _message(
        type=MessageType.TRUST_REQUEST,
        reports=(),
        trust_requests=(tokened,),
        id_token="an ID token",  # noqa: S106 -- an example
    )
    broken = json.dumps(json.loads(ITEM) | {"payload": json.loads(ITEM)["payload"] + " "})
    mixed = json.loads(json.dumps(usage))
    mixed["data"]["reports"][0]["usage"].append(json.loads(broken))
    good = {"items": [{"accepted": True}]}
    for name, content, code, threat, says, shows in (
        ("hello", hello, None, None, {"type": "hello"}, "A greeting."),
        ("poll", poll, None, None, {"type": "poll"}, "A poll."),
        ("poll-number", {**poll, "data": {"poll_id": 123456789012345678}}, None, None, {"type": "poll"}, "A poll whose id is a number, as published ones are."),
        ("usage", usage, None, None, good, "A report in the published shape."),
        ("usage-more-members", {**usage, "newer": 1, "data": {**_data(usage), "newer": 2}}, None, None, good, "Members that are not known are passed over."),
        ("minor-version", {**usage, "message_version": "1.9"}, None, None, good, "A later minor version is read."),
        ("trust-request", asked, None, None, good, "A trust request with its ID token."),
        ("one-bad-of-two", mixed, None, "D8", {"items": [{"accepted": True}, {"accepted": False, "code": "signature-invalid"}]}, "One report of two is altered: the other counts."),
        ("trust-without-token", _message(trust_requests=(), reports=(_with_request(),)), None, None, {"items": [{"accepted": False, "code": "trust-missing"}, {"accepted": True}]}, "A trust request beside a report, of one that never had trust: the report counts."),
    ):  # fmt: skip
        yield of_message(name, content, code=code, threat=threat, says=says, shows=shows)
    yield from _bad_requests(usage, poll, asked)


def _bad_requests(usage: Message, poll: Message, asked: Message) -> Iterator[Case]:
    rows: list[tuple[str, Content, str, str | None, str]] = [
        ("major-version", {**usage, "message_version": "2.0"}, "upgrade-needed", "D14", "Another major version."),
        ("unknown-type", {**usage, "type": "order"}, "malformed", None, "A type that does not exist."),
        ("no-sender", _without(usage, "sudi"), "malformed", None, "It does not say who sends."),
        ("no-nonce", _without(usage, "nonce"), "malformed", None, "It has no nonce."),
        ("nonce-too-long", {**usage, "nonce": "n" * 129}, "malformed", None, "The nonce has 129 letters."),
        ("poll-without-id", {**poll, "data": {}}, "malformed", None, "A poll without an id."),
        ("timestamp-text", {**usage, "timestamp": "now"}, "malformed", None, "The time is a text."),
        ("reports-no-list", {**usage, "data": {"reports": {}}}, "malformed", None, "The reports are an object."),
        ("4097-reports", {**usage, "data": {"reports": [{}] * 4097}}, "malformed", "A10", "4,097 reports."),
        ("65-trust-requests", {**asked, "data": {"id_token": None, "trust_requests": ["x"] * 65}}, "malformed", "A10", "65 trust requests."),
        ("key-twice", json.dumps(usage)[:-1] + ',"type":"hello"}', "duplicate-key", "A10", "The key `type` stands twice."),
        ("deep", '{"a":' * 40 + "1" + "}" * 40, "too-deep", "A10", "Nested 40 levels deep."),
        ("web-page", "<html></html>", "malformed", "E13", "A web page."),
        ("cut", json.dumps(usage)[:-2], "truncated", "D1", "The last bytes are missing."),
        ("twice", json.dumps(usage) * 2, "trailing-data", "D4", "Two requests in one body."),
    ]  # fmt: skip
    for name, content, code, threat, shows in rows:
        yield of_message(name, content, code=code, threat=threat, says={}, shows=shows)


def of_message(
    name: str,
    *contents: Content,
    code: str | None,
    threat: str | None,
    says: Mapping[str, object],
    shows: str,
) -> Case:
    """Return the case of a request, or of several to one portal."""
    names = [f"{at + 1}-request.json" for at in range(len(contents))]
    return Case(
        name=f"message-{name}",
        kind="smart-transport-request",
        files=dict(zip(names if len(names) > 1 else ["request.json"], contents, strict=True)),
        shows=shows,
        clause="spec/smart-transport.md",
        code=code,
        threat=threat,
        role="cssm",
        expect={"account": HOME},
        says=says,
    )


def _data(content: Mapping[str, object]) -> dict[str, object]:
    data = content["data"]
    if not isinstance(data, dict):
        raise TypeError("the data of a request are an object")
    return data


def _with_request() -> UsageReport:
    return UsageReport(udi=docs.UDI, usage=(ITEM,), trust_requests=(REQUEST,))


def _responses() -> Iterator[Case]:
    ok = Response(
        status=Status.OK, type=MessageType.REPORT_USAGE, timestamp=NOW * 1000, nonce=NONCE
    )
    answered = replace(ok, acknowledgements=(Acknowledgement(udi=docs.UDI, smart_license=ANSWER),))
    mixed = replace(ok, acknowledgements=(Acknowledgement(udi=docs.OTHER, smart_license=ANSWER),))
    refusal = WireProblem.of(Problem("token-expired", "The ID token ended yesterday."))
    later = replace(ok, status=Status.OK_POLL, poll_id="123456789012345678", poll_interval=300)
    policy = file_of((ItemKind.RUM_ACK, LISTED), (ItemKind.POLICY, altered(docs.POLICY, name="X")))
    wrong_way = replace(ok, acknowledgements=(Acknowledgement(udi=docs.UDI, smart_license=USAGE),))
    bundle = replace(ok, acknowledgements=(Acknowledgement(udi=docs.UDI, smart_license=policy),))
    text = encode_response(ok).decode()
    settled = {"settled": ["ab" * 32]}
    contents: list[tuple[str, Content, str | None, str | None, Mapping[str, object], str]] = [
        ("answered", encode_response(answered), None, None, settled, "The answers are there."),
        ("nothing", text, None, None, {"status": "OK"}, "There is nothing to say."),
        ("poll-later", encode_response(later), None, None, {"status": "OK_POLL"}, "The answers come later."),
        ("refused", encode_response(replace(ok, status=Status.FAILED, problem=refusal)), None, None, {"problem": "token-expired"}, "The portal refuses, and says why."),
        ("newer-problem", encode_response(replace(ok, status=Status.FAILED, problem=replace(refusal, code="of-a-newer-release"))), None, None, {"problem": "of-a-newer-release"}, "The portal refuses with a code of a newer release."),
        ("other-nonce", text.replace(NONCE, "0e" * 16), "bad-answer", "B2", {}, "It answers another request."),
        ("unknown-status", text.replace('"OK"', '"MAYBE"'), "bad-answer", None, {}, "A status that does not exist."),
        ("web-page", "<html></html>", "bad-answer", "E13", {}, "A web page, as a proxy gives it."),
        ("cut", text[:-4], "bad-answer", "E13", {}, "The last bytes are missing."),
        ("key-twice", text[:-1] + ',"status":"OK"}', "bad-answer", "A10", {}, "The key `status` stands twice."),
        ("of-another-device", encode_response(mixed), "wrong-subject", "B3", {}, "The answers are for another product instance."),
        ("wrong-way", encode_response(wrong_way), "wrong-type", "D9", {}, "A usage file stands in the place of the answers."),
        ("unlisted-policy", encode_response(bundle), "wrong-bundle", "B7", {}, "The policy beside the ACK is not the one that it lists."),
    ]  # fmt: skip
    for name, content, code, threat, says, shows in contents:
        yield Case(
            name=f"response-{name}",
            kind="smart-transport-response",
            files={"response.json": content},
            shows=shows,
            clause="spec/smart-transport.md",
            code=code,
            threat=threat,
            role="instance",
            expect={"udi": ME, "nonce": NONCE},
            says=says,
        )
    file = {"response.json": encode_response(answered)}
    yield Case(name="response-to-another", kind="smart-transport-response", files=file, shows="Another product instance gets the answers.", clause="spec/answers.md", code="wrong-subject", threat="B3", role="instance", expect={"udi": OTHER, "nonce": NONCE})  # fmt: skip
