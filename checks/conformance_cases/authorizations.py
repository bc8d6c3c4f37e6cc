"""Authorization requests and returns as a portal judges them, and codes on a product instance."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks.conformance_cases.answers import MEMBERS, altered
from checks.conformance_cases.carriers import of_message
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import HOME, NOW, OTHER, file_of, manufacturer, paged
from checks.conformance_cases.reports import ITEM
from checks.vectors_authorizations import FACTORY_AUTHORIZATION
from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.authorization_items import write_authorization_item
from gauger.core.documents.authorization_request import AuthorizationRequest, Mode, WantedLicence
from gauger.core.documents.authorization_return import AuthorizationReturn, make_return_code
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.smart_license import ItemKind
from gauger.core.documents.smart_transport import MessageType, Request, encode_request
from gauger.core.documents.versions import Order

Asked = AuthorizationRequest | AuthorizationReturn
ASKED = replace(docs.AUTHORIZATION_REQUEST, held=None, mark=None)
RETURNED = docs.AUTHORIZATION_RETURN
WISH, PROOF = docs.by_sudi(ASKED), docs.by_sudi(RETURNED)
HELD = HeldCode(code="ac" * 16, epoch=3)
NEXT = "1d" * 16
ELEMENT = ItemKind.AUTH_REQUEST
Row = tuple[str, Sequence[Content], str | None, str | None, Mapping[str, object], str]

BadBody = tuple[str, Mapping[str, object], str]


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _requests()
    yield from _returns()
    for asked, good in ((ASKED, WISH), (RETURNED, PROOF)):
        yield from _signatures(asked, good)
        yield from _forms(asked, good)
    yield from _request_bodies()
    yield from _return_bodies()
    yield from _epochs()
    yield from _files()
    yield from _messages()


def _cases(kind: str, rows: Sequence[Row], **expect: str) -> Iterator[Case]:
    for name, files, code, threat, says, shows in rows:
        yield Case(
            name=f"{kind}-{name}",
            kind=kind,
            files={f"{at + 1}-{kind}.json": one for at, one in enumerate(files)},
            shows=shows,
            clause=f"spec/{kind}.md and spec/authority.md, section 12",
            code=code,
            threat=threat,
            role="cssm",
            expect={**expect, "account": HOME},
            says=says,
        )


def _element(asked: Document, /, **members: object) -> str:
    """Return the element's list with other members beside the document; None takes one away."""
    entry = json.loads(write_authorization_item(asked))[0] | members
    taken = [name for name, value in members.items() if value is None]
    return json.dumps([{name: value for name, value in entry.items() if name not in taken}])


def _requests() -> Iterator[Case]:
    tags = tuple(WantedLicence(tag=f"regid.example.{number}", count=1) for number in range(64))
    second = docs.by_sudi(ASKED, counter=5, nonce=NEXT)
    late = docs.by_sudi(ASKED, nonce=NEXT)
    anew = docs.by_sudi(ASKED, incarnation="2c" * 16, counter=0, nonce=NEXT)
    says = {"mode": "add", "counter": 4, "licences": [{"tag": docs.AUTHORIZATION.licences[0].tag, "count": 1}]}  # fmt: skip
    first = docs.by_sudi(_held(_factory()), counter=1, nonce=NEXT)
    second_code = docs.by_sudi(_held(_factory(code="bc" * 16, document_code="bc" * 16)))
    rows: list[Row] = [
        ("add-to-a-factory-code", [first], None, None, {"mode": "add", "mark": 0}, "It adds to a code of the factory, whose exact written form comes along."),
        ("factory-code-again", [first, docs.by_sudi(_held(replace(_factory(), document=None)))], None, None, {"verdict": "accepted"}, "It adds to a code of the factory that an earlier request showed."),
        ("factory-code-second", [first, second_code], "code-unknown", "B20", {}, "It shows a second code of the factory: one of each product instance is believed, or it would have its licences twice."),
        ("factory-code-left-out", [docs.by_sudi(_held(replace(_factory(), document=None)))], "code-unknown", None, {}, "It names a code of the factory, whose written form did not come along."),
        ("factory-code-forged", [docs.by_sudi(_held(_factory(signer="stranger")))], "code-unknown", "B20", {}, "No factory signed the code that it adds to."),
        ("factory-code-of-another", [docs.by_sudi(_held(_factory(udi=docs.OTHER.to_json())))], "code-unknown", "B20", {}, "It adds to the code that the factory issued to another product instance."),
        ("factory-code-of-the-portal", [docs.by_sudi(_held(_factory(issuer=docs.LEDGER)))], "code-unknown", "B20", {}, "The code that comes along says it is the factory's, and is of a portal's ledger."),
        ("factory-code-altered", [docs.by_sudi(_held(_altered_factory()))], "code-unknown", "B20", {}, "The count of the factory's code that comes along was raised."),
        ("factory-code-renamed", [docs.by_sudi(_held(_factory(code="bc" * 16)))], "code-unknown", "B20", {}, "The form that comes along is of another code than the one that is named."),
        ("good", [WISH], None, None, says, "A product instance asks for its first authorization code."),
        ("in-its-element", [_element(WISH)], None, None, says, "The file holds the text of the element, with the published list around the document."),
        ("element-says-otherwise", [_element(WISH, sudi=docs.OTHER.to_json(), keys=[{"entitlement": "everything", "count": "9"}], remove_code="x")], None, None, says, "What stands beside the document in the element names another product instance and asks for more. Nobody signed it, so it decides nothing."),
        ("replace", [docs.by_sudi(replace(ASKED, mode=Mode.REPLACE, held=HELD, mark=3))], None, None, {"mode": "replace", "mark": 3}, "What is asked for takes the place of a code that this portal never issued."),
        ("after-a-return", [docs.by_sudi(ASKED, mark=3)], None, None, {"mark": 3}, "No code is held, and all up to epoch 3 are dead."),
        ("64-licences", [docs.by_sudi(replace(ASKED, licences=tags))], None, None, {}, "It asks for 64 licences, the most."),
        ("most-of-one", [docs.by_sudi(replace(ASKED, licences=(replace(tags[0], count=2**31 - 1),)))], None, None, {}, "It asks for 2^31 - 1 of one licence, the most."),
        ("highest-mark", [docs.by_sudi(ASKED, mark=2**62)], None, None, {"mark": 2**62}, "Its mark is the highest that may be named."),
        ("without-release", [docs.by_sudi(ASKED, software_version=None)], None, None, {}, "It does not say which release runs."),
        ("twice", [WISH, WISH], None, None, {"verdict": "same"}, "The same request comes twice: it has its answer, and nothing is taken twice."),
        ("counted-on", [WISH, second], None, None, {"verdict": "accepted"}, "The next request of a store."),
        ("of-another-store", [second, anew], None, None, {"verdict": "accepted"}, "The store was lost: the new one counts from 0 again."),
        ("counter-repeated", [WISH, late], "stale-request", None, {}, "Another request has the counter of one that was accepted."),
        ("counter-back", [second, WISH], "stale-request", None, {}, "An older request comes after a newer one."),
        ("add-to-a-foreign-code", [docs.by_sudi(replace(ASKED, held=HELD, mark=3))], "code-unknown", None, {}, "It adds to a code that this portal never issued, so what that allows is not known here."),
    ]  # fmt: skip
    yield from _cases(ASKED.TYPE, rows)


def _factory(*, code: str = "ac" * 16, document_code: str = "ac" * 16, signer: str = "signer", **members: object) -> HeldCode:  # fmt: skip
    """Return a code as held whose written form says it is of the manufacturer's factory."""
    kind = docs.AUTHORIZATION.TYPE
    maker = {"issuer": manufacturer().ledger, "account": None, "code": document_code}
    body = docs.changed(FACTORY_AUTHORIZATION, **(maker | members))
    document = write_document(docs.direct(kind, body, name=signer))
    return HeldCode(code=code, epoch=0, document=document)


def _altered_factory() -> HeldCode:
    good = _factory()
    raised = (good.document or "").replace('\\"count\\":1', '\\"count\\":9')
    if raised == good.document:
        raise ValueError("the count does not stand in the code")
    return replace(good, document=raised)


def _held(code: HeldCode) -> AuthorizationRequest:
    return replace(ASKED, held=code, mark=code.epoch)


def _returns() -> Iterator[Case]:
    says = {"removed": "ac" * 16, "return_code": RETURNED.return_code, "mark": 3, "flags": ["unknown-code"]}  # fmt: skip
    again = replace(RETURNED, counter=6, nonce=NEXT, return_code=make_return_code("ac" * 16, NEXT))
    older = replace(again, counter=0)
    rows: list[Row] = [
        ("good", [PROOF], None, None, says, "A product instance gives a code of another portal back: it is acknowledged, and credits nothing here."),
        ("in-its-element", [_element(PROOF)], None, None, says, "The file holds the text of the element, with the published list around the document."),
        ("element-says-otherwise", [_element(PROOF, remove_code=make_return_code("0" * 32, NEXT))], None, "B23", says, "Beside the document stands another return code. Nobody signed that, so it decides nothing."),
        ("of-a-factory-code", [docs.by_sudi(replace(RETURNED, removed=_factory()))], None, None, {"flags": ["factory-code"]}, "A code of the factory is given back, with its exact written form: no pool gains by it."),
        ("of-a-forged-factory-code", [docs.by_sudi(replace(RETURNED, removed=_factory(signer="stranger")))], None, "B20", {"flags": ["unknown-code"]}, "A code is given back with a form that no factory signed: it counts as one that is not known."),
        ("of-a-renamed-factory-code", [docs.by_sudi(replace(RETURNED, removed=_factory(code="bc" * 16), return_code=make_return_code("bc" * 16, RETURNED.nonce)))], None, None, {"flags": ["unknown-code"]}, "The form that comes along is of another code than the one that is named."),
        ("mark-above", [docs.by_sudi(RETURNED, mark=9)], None, None, {"mark": 9}, "All up to epoch 9 are dead, far above the code that was removed."),
        ("of-17.7.1", [docs.by_sudi(RETURNED, software_version="17.7.1")], None, None, {}, "The first release whose return files lead to the product instance."),
        ("without-release", [docs.by_sudi(RETURNED, software_version=None)], None, None, {}, "It does not say which release runs."),
        ("twice", [PROOF, PROOF], None, "B22", {"verdict": "same"}, "The same return comes twice: it has its answer, and nothing is credited twice."),
        ("again-by-another", [PROOF, docs.by_sudi(again)], None, "B22", {"verdict": "accepted"}, "A second proof of the same removal."),
        ("counter-back", [docs.by_sudi(older)], None, None, {"counter": 0}, "Its counter is 0."),
        ("of-17.6.9", [docs.by_sudi(RETURNED, software_version="17.6.9")], "return-by-hand", None, {}, "A return file of a release before 17.7.1: a person has to find the product instance first."),
        ("code-of-another-removal", [docs.by_sudi(RETURNED, return_code=make_return_code("0" * 32, RETURNED.nonce))], "malformed", "B23", {}, "The return code is one of another code's removal."),
        ("code-of-another-return", [docs.by_sudi(RETURNED, nonce=NEXT)], "malformed", "B23", {}, "The return code was made for another nonce, as one that was only read off a screen."),
        ("code-made-up", [docs.by_sudi(RETURNED, return_code="-".join(["111111"] * 6))], "malformed", "B23", {}, "The return code was made up."),
    ]  # fmt: skip
    yield from _cases(RETURNED.TYPE, rows)


def _signatures(asked: Asked, good: Document) -> Iterator[Case]:
    kind, data = asked.TYPE, asked.encode()
    other = PROOF if good is WISH else WISH
    raised = {"counter": asked.counter + 1} if isinstance(asked, AuthorizationRequest) else {"mark": 9}  # fmt: skip
    page = paged([(kind, data)])[0]
    two = replace(good, signature=docs.pair(data).signature)
    rows: list[Row] = [
        ("altered", [replace(good, body=docs.changed(asked, **raised))], "signature-invalid", "A7", {}, "A number was raised after signing."),
        ("spaces-added", [replace(good, body=data + b" ")], "signature-invalid", "A8", {}, "A blank was added behind the body."),
        ("by-the-portal", [docs.direct(kind, data)], "malformed", "A5", {}, "A signer of the portal signed: its certificate names no product instance."),
        ("by-the-licensing-key", [docs.under_sudi(kind, data, key="licensing")], "signature-invalid", "A6", {}, "The licensing key signed under the certificate of the SUDI."),
        ("by-another", [docs.under_sudi(kind, data, chain=(docs.OTHER_SUDI,))], "wrong-subject", "A6", {}, "The certificate is that of another product instance."),
        ("for-another", [docs.by_sudi(asked, udi=docs.OTHER.to_json())], "wrong-subject", "A6", {}, "A product instance signs in the name of another one."),
        ("unknown-maker", [docs.under_sudi(kind, data, chain=(docs._foreign(),))], "unknown-key", "A5", {}, "The manufacturer is not pinned."),  # noqa: SLF001 -- the vectors' own
        ("no-certificate", [docs.under_sudi(kind, data, chain=())], "malformed", "A4", {}, "No certificate comes along."),
        ("by-a-pair", [two], "signature-missing", "A4", {}, "It is signed as a trust request is, by two keys."),
        ("by-a-page", [page], "signature-missing", "A5", {}, "It is a leaf of a page, as an answer of a portal."),
        ("signature-of-the-other", [replace(good, signature=other.signature)], "signature-invalid", "B8", {}, "The signature is that of another document of the same product instance."),
        ("signed-as-the-other", [replace(docs.under_sudi(other.type, data), type=kind)], "signature-invalid", "B8", {}, "The signature was made over the type of the other document."),
    ]  # fmt: skip
    yield from _cases(kind, rows)
    shows = "The root set revokes the key of the SUDI."
    for case in _cases(kind, [("sudi-revoked", [good], "key-revoked", "C1", {}, shows)]):
        yield replace(case, trust="revoking-sudi")
    shows = "It is one of another product instance than the one that is expected."
    yield from _cases(kind, [("other-expected", [good], "wrong-subject", "A6", {}, shows)], udi=OTHER)  # fmt: skip
    tested = docs.by_sudi(asked, test_clock=True)
    shows = "It was made under a test clock."
    yield from _cases(kind, [("test-clock", [tested], "test-clock", None, {}, shows)])
    for case in _cases(kind, [("test-clock-in-a-test", [tested], None, None, {}, f"{shows} So is the portal's.")]):  # fmt: skip
        yield replace(case, test_clock=True)


def _forms(asked: Asked, good: Document) -> Iterator[Case]:
    kind, text = asked.TYPE, write_document(good)
    other = PROOF if good is WISH else WISH
    entry = json.loads(_element(good))[0]
    counter = f'"counter":{asked.counter}'.encode()
    rows: list[Row] = [
        ("newer-field", [docs.by_sudi(asked, newer={"a": 1}, critical=[])], None, "D14", {}, "A field of a newer release is passed over."),
        ("critical-field", [docs.by_sudi(asked, newer=1, critical=["newer"])], "upgrade-needed", "D14", {}, "A field that is not known must be understood."),
        ("of-version-2", [docs.under_sudi(kind, docs.changed(asked, version=2), version=2)], "upgrade-needed", "D14", {}, "A version that is not known."),
        ("says-another-type", [docs.by_sudi(asked, type=other.type)], "wrong-type", "B8", {}, "Inside, it says that it is the other document."),
        ("the-other", [other], "wrong-type", "B8", {}, "The other of the two documents that the element carries is offered."),
        ("renamed", [replace(other, type=kind)], "wrong-type", "B8", {}, "The outer type of the other document was changed."),
        ("a-trust-request", [docs.pair(docs.TRUST_REQUEST.encode())], "wrong-type", "B8", {}, "A trust request is offered."),
        ("a-code", [MEMBERS["authorization-code"]], "wrong-type", "D9", {}, "An authorization code goes the wrong way."),
        ("key-twice", [_raw(asked, b'"type"', b'"counter":9,"type"')], "duplicate-key", "A10", {}, "The body has the key `counter` twice. The signature holds."),
        ("cut", [text[:-9]], "truncated", "D1", {}, "The last bytes are missing."),
        ("cut-in-half", [text[: len(text) // 2]], "truncated", "D1", {}, "The second half is missing."),
        ("glued", [text + text], "trailing-data", "D4", {}, "Two documents stand in one file."),
        ("not-utf-8", [text.encode() + b"\xff"], "text-not-allowed", "D10", {}, "A byte is not UTF-8."),
        ("vendors", [_element(good, document=None)], "signature-missing", "A4", {}, "The element is a vendor's, without a document that anybody signed."),
        ("two-entries", [json.dumps([entry, entry])], "malformed", "A10", {}, "The list of the element has two entries."),
        ("no-entry", ["[]"], "malformed", None, {}, "The list of the element is empty."),
        ("entry-key-twice", [_element(good)[:-2] + ',"document":"x"}]'], "duplicate-key", "A10", {}, "The entry has the key `document` twice."),
        ("too-large", [text + " " * 262_144], "too-large", "A10", {}, "It is over 256 kB."),
        ("counter-with-a-zero", [_raw(asked, counter, counter.replace(b":", b":0"))], "malformed", "A10", {}, "The counter is written with a leading zero. The signature holds."),
        ("counter-fraction", [_raw(asked, counter, counter + b".0")], "malformed", "A10", {}, "The counter is written as a fraction. The signature holds."),
        ("counter-2-to-the-63", [_raw(asked, counter, b'"counter":%d' % 2**63)], "number-not-allowed", "A10", {}, "The counter is 2^63. The signature holds."),
    ]  # fmt: skip
    yield from _cases(kind, rows)


def _raw(asked: Asked, old: bytes, new: bytes) -> Document:
    """Sign bytes that no writer would make."""
    data = asked.encode()
    if data.count(old) != 1:
        raise ValueError(f"{old!r} does not stand once in the body")
    return docs.under_sudi(asked.TYPE, data.replace(old, new))


def _bad_bodies(asked: Asked, rows: Sequence[BadBody]) -> Iterator[Case]:
    for name, members, shows in rows:
        files = [docs.by_sudi(asked, **members)]
        told = f"{shows} The signature holds."
        yield from _cases(asked.TYPE, [(name, files, "malformed", None, {}, told)])


def _request_bodies() -> Iterator[Case]:
    held = {"code": "ac" * 16, "epoch": 3}
    one = {"tag": "regid.example", "count": 1}
    rows: list[BadBody] = [
        ("for-nothing", {"licences": []}, "It asks for no licence."),
        ("licence-twice", {"licences": [one, {**one, "count": 2}]}, "It asks for one licence twice: one reader would add, another take the last."),
        ("65-licences", {"licences": [{**one, "tag": str(number)} for number in range(65)]}, "It asks for 65 licences."),
        ("none-of-one", {"licences": [{**one, "count": 0}]}, "It asks for 0 of a licence."),
        ("less-than-none", {"licences": [{**one, "count": -1}]}, "It asks for -1 of a licence."),
        ("too-many-of-one", {"licences": [{**one, "count": 2**31}]}, "It asks for 2^31 of a licence."),
        ("count-as-text", {"licences": [{**one, "count": "1"}]}, "A count is a text."),
        ("count-true", {"licences": [{**one, "count": True}]}, "A count is true."),
        ("tag-too-long", {"licences": [{**one, "tag": "t" * 513}]}, "A tag has 513 letters."),
        ("unknown-mode", {"mode": "take"}, "It neither adds nor replaces."),
        ("counter-negative", {"counter": -1}, "Its counter is -1."),
        ("mark-below-held", {"held": held, "mark": 2}, "Its mark is below the code that it names: a code would be issued that is dead already."),
        ("held-without-mark", {"held": held}, "It names a code and no mark."),
        ("held-without-epoch", {"held": {"code": "ac" * 16}, "mark": 3}, "The code that it names has no epoch."),
        ("held-in-capitals", {"held": {**held, "code": "AC" * 16}, "mark": 3}, "The id of the code that it names is in capitals."),
        ("mark-too-high", {"mark": 2**62 + 1}, "Its mark leaves no epoch above it."),
        ("mark-negative", {"mark": -1}, "Its mark is -1."),
        ("nonce-short", {"nonce": "0d" * 15}, "Its nonce has 15 bytes."),
        ("release-too-long", {"software_version": "1" * 65}, "Its release has 65 letters."),
    ]  # fmt: skip
    yield from _bad_bodies(ASKED, rows)


def _return_bodies() -> Iterator[Case]:
    code = RETURNED.return_code
    rows: list[BadBody] = [
        ("of-nothing", {"removed": None}, "It does not say which code was removed."),
        ("without-its-code", {"return_code": None}, "It has no return code."),
        ("code-cut", {"return_code": code[:-7]}, "The return code has five groups."),
        ("code-with-a-zero", {"return_code": "0" + code[1:]}, "The return code holds a 0, which its alphabet does not have."),
        ("code-without-hyphens", {"return_code": code.replace("-", "")}, "The return code is written without hyphens."),
        ("mark-below-removed", {"mark": 2}, "Its mark is below the code that was removed, which could come back then."),
        ("without-mark", {"mark": None}, "It has no mark."),
        ("mark-too-high", {"mark": 2**62 + 1}, "Its mark leaves no epoch above it."),
        ("without-nonce", {"nonce": None}, "It has no nonce."),
        ("time-after-9999", {"made_at": 253_402_300_800}, "It was made in the year 10000."),
    ]  # fmt: skip
    yield from _bad_bodies(RETURNED, rows)


def _code(epoch: int, version: int, **members: object) -> Document:
    order = {"order": Order(1, 1, version).to_json()}
    return altered(docs.AUTHORIZATION, epoch=epoch, **order, **members)


def _epochs() -> Iterator[Case]:
    third, kind = _code(3, 7), docs.AUTHORIZATION.TYPE
    factory = _code(0, 9, origin="factory")
    for name, documents, code, threat, shows in (
        ("epoch-higher", [third, _code(4, 8)], None, None, "A code of epoch 4 takes the place of one of epoch 3."),
        ("epoch-skipped", [third, _code(2**62, 8)], None, None, "Epochs may be left out."),
        ("epoch-held", [third, third], None, None, "The code that is installed comes again."),
        ("epoch-of-the-factory", [_code(0, 1, origin="factory"), _code(1, 2)], None, None, "The portal's first code takes the place of the factory's."),
        ("epoch-repeated", [third, _code(3, 8)], "epoch-dead", "B21", "A code of a later version has the epoch of the one that is installed."),
        ("epoch-lower", [third, _code(2, 8)], "epoch-dead", "B21", "A code of a later version has a lower epoch: one that was given back would come again."),
        ("epoch-of-the-factory-again", [third, factory], "epoch-dead", "B21", "The factory's code comes after one of the portal."),
        ("epoch-replaced", [third, _code(4, 8), third], "epoch-dead", "B21", "A code that was replaced is installed again."),
    ):  # fmt: skip
        yield Case(
            name=f"authorization-code-{name}",
            kind=kind,
            files={f"{at + 1}-{kind}.json": one for at, one in enumerate(documents)},
            shows=shows,
            clause="spec/authorization-code.md: epochs",
            code=code,
            threat=threat,
            role="instance",
        )
    listed = altered(docs.ACK, answers_type=ASKED.TYPE, report_id=None, companions=[{"type": kind, "digest": third.digest}])  # fmt: skip
    late = file_of((ItemKind.RUM_ACK, listed), (ItemKind.AUTH_CODE, third))
    for name, data, code, says, shows in (
        ("authorization", late, None, {"installed": [kind]}, "The ACK of an authorization request with the code that it lists."),
        ("authorization-alone", file_of((ItemKind.AUTH_CODE, third)), None, {"installed": [kind]}, "An authorization code alone in its file."),
        ("code-as-policy", file_of((ItemKind.POLICY, third)), "wrong-type", {}, "An authorization code stands under the element of a policy."),
        ("policy-as-code", file_of((ItemKind.AUTH_CODE, MEMBERS["policy"])), "wrong-type", {}, "A policy stands under the element of an authorization code."),
        ("trust-code-as-code", file_of((ItemKind.AUTH_CODE, MEMBERS["trust-code"])), "wrong-type", {}, "A trust code stands under the element of an authorization code."),
        ("unlisted-code", file_of((ItemKind.RUM_ACK, MEMBERS["ack"]), (ItemKind.AUTH_CODE, third)), "wrong-bundle", {}, "No ACK of the file lists the authorization code beside it."),
    ):  # fmt: skip
        threat = {"wrong-type": "B8", "wrong-bundle": "B7"}.get(code or "")
        yield Case(name=f"answer-file-{name}", kind="answer-file", files={"answer.xml": data}, shows=shows, clause="spec/files.md and spec/answers.md", code=code, threat=threat, role="instance", says=says)  # fmt: skip


def _files() -> Iterator[Case]:
    wish, proof = write_authorization_item(WISH), write_authorization_item(PROOF)
    newer = write_authorization_item(docs.by_sudi(ASKED, counter=9, nonce=NEXT))
    later = write_authorization_item(docs.by_sudi(RETURNED, counter=9))
    given_back = write_authorization_item(docs.by_sudi(replace(RETURNED, removed=_factory())))
    restored = write_authorization_item(docs.by_sudi(_held(_factory()), counter=9, nonce=NEXT))
    report = (ItemKind.RUM_REPORT, ITEM)
    for name, items, codes, shows in (
        ("authorization", [(ELEMENT, wish)], [None], "An authorization request alone in its file."),
        ("return-after-a-newer-request", [(ELEMENT, newer), (ELEMENT, proof)], [None, None], "A return has a lower counter than a request before it: a return is never stale."),
        ("request-before-a-return", [(ELEMENT, later), (ELEMENT, wish)], [None, "stale-request"], "A request that was made before a return comes after it: what it asked for ended with the return."),
        ("factory-code-after-its-return", [(ELEMENT, given_back), (ELEMENT, restored)], [None, "epoch-dead"], "A request shows a code of the factory that was given back before: a store that was set back."),
        ("authorization-and-report", [(ELEMENT, wish), report], [None, None], "An authorization request and a report in one file."),
        ("authorization-twice", [(ELEMENT, wish), (ELEMENT, wish)], [None, None], "The same authorization request stands in one file twice."),
        ("report-as-authorization", [(ELEMENT, ITEM), report], ["malformed", None], "A report stands under the element of an authorization request; the other one counts."),
        ("authorization-as-trust-request", [(ItemKind.TRUST_REQUEST, write_document(WISH)), report], ["wrong-type", None], "An authorization request stands under the element of a trust request; the report counts."),
        ("trust-request-as-authorization", [(ELEMENT, write_document(docs.pair(docs.TRUST_REQUEST.encode()))), report], ["wrong-type", None], "A trust request stands under the element of an authorization request; the report counts."),
    ):  # fmt: skip
        yield Case(
            name=f"usage-{name}",
            kind="usage-file",
            files={"usage.xml": file_of(*items)},
            shows=shows,
            clause="spec/files.md and spec/authority.md, section 12",
            threat="B8" if codes[0] else None,
            role="cssm",
            expect={"account": HOME},
            says={"items": [{"accepted": code is None, "code": code} for code in codes]},
        )


def _messages() -> Iterator[Case]:
    trusted = docs.pair(replace(docs.TRUST_REQUEST, members=()).encode())
    trust = _message(MessageType.TRUST_REQUEST, trust_requests=(write_document(trusted),), id_token="an ID token")  # noqa: S106 -- an example  # fmt: skip
    asked = _message(MessageType.AUTHORIZATION, authorizations=(write_document(WISH), write_document(PROOF)))  # fmt: skip
    many = json.loads(asked) | {"data": {"authorization_requests": ["x"] * 65}}
    none = {"items": [{"accepted": False, "code": "trust-missing"}] * 2}
    both = {"items": [{"accepted": True}] * 2}
    rows: list[tuple[str, list[Content], str | None, str | None, Mapping[str, object], str]] = [
        ("authorization-without-trust", [asked], None, None, none, "A product instance that never had trust asks online: only a person who uploads could answer for it."),
        ("authorization-with-trust", [trust, asked], None, None, both, "After a trust request, an authorization request and a return in one message."),
        ("65-authorizations", [many], "malformed", "A10", {}, "65 authorization requests."),
    ]  # fmt: skip
    for name, files, code, threat, says, shows in rows:
        yield of_message(name, *files, code=code, threat=threat, says=says, shows=shows)


def _message(kind: MessageType, **content: object) -> str:
    request = Request(type=kind, udi=docs.UDI, timestamp=NOW * 1000, nonce=NEXT)
    return encode_request(replace(request, **content)).decode()  # type: ignore[arg-type] # the dataclass checks the names
