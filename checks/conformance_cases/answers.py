"""Answers on a product instance: bodies, types, audience, versions, pages and signers."""

from collections.abc import Iterator
from dataclasses import replace

from checks import make_vectors_documents as docs
from checks import make_vectors_trust as trust
from checks.conformance_cases.case import Case, Content
from checks.conformance_cases.material import (
    DAY,
    HOME,
    LEDGER,
    ME,
    NOW,
    OTHER,
    OTHER_LEDGER,
    REPORT,
    block_of,
    page_of,
    paged,
    short,
    with_block,
    written,
)
from gauger.core.documents import keyring
from gauger.core.documents.body import Body
from gauger.core.documents.envelope import DirectSignature, Document
from gauger.core.documents.trust_store import Delegation
from gauger.core.documents.versions import Order
from gauger.core.fields import encode_base64
from gauger.core.identity import digest

GOOD = {
    body.TYPE: body
    for body in (
        *(docs.ACK, docs.VERDICT, docs.POLICY, docs.TRUST_CODE, docs.INFO, docs.PURCHASE),
        docs.AUTHORIZATION,
    )
}
MEMBERS = {body.TYPE: docs.direct(body.TYPE, body.encode()) for body in GOOD.values()}


def altered(body: Body, **members: object) -> Document:
    """Sign a body with other members directly; None takes one away."""
    return docs.direct(body.TYPE, docs.changed(body, **members))


def cases() -> Iterator[Case]:
    """Yield the cases of this subject."""
    yield from _good()
    yield from _bodies()
    yield from _types()
    yield from _audience()
    yield from _versions()
    yield from _pages()
    yield from _signers()
    yield from _delegated()


def _case(name: str, kind: str, *contents: Content, shows: str, clause: str) -> Case:
    """Return a case with one file for each content."""
    names = [f"{kind}.json"] if len(contents) == 1 else [f"{at + 1}-{kind}.json" for at in range(len(contents))]  # fmt: skip
    files = dict(zip(names, contents, strict=True))
    return Case(name=name, kind=kind, files=files, shows=shows, clause=clause)


def _good() -> Iterator[Case]:
    for kind, document in MEMBERS.items():
        clause = f"spec/{'policy-document' if kind == 'policy' else kind}.md"
        shows = f"A document of type {kind} as we write it, signed directly."
        case = _case(f"{kind}-good", kind, document, shows=shows, clause=clause)
        yield replace(case, says={"type": kind, "digest": document.digest, "issuer": LEDGER})
    factory = docs.direct("trust-code", docs.FACTORY_CODE.encode())
    for name, kind, document, shows in (
        ("trust-code-of-the-factory", "trust-code", factory, "A trust code of the factory: generation 0, without incarnation."),
        ("ack-of-a-trust-request", "ack", altered(docs.ACK, answers_type="trust-request", report_id=None, companions=[]), "An ACK of a trust request, which has no report number."),
        ("ack-bare", "ack", altered(docs.ACK, flags=[], wanted=[], companions=[]), "An ACK with nothing noticed, wanted or beside it."),
        ("ack-most-wanted", "ack", altered(docs.ACK, wanted=[digest(b"%d" % n) for n in range(1024)]), "An ACK that wants 1,024 reports, the most."),
        ("ack-for-nobody's-account", "ack", altered(docs.ACK, account=None), "An ACK that names no account, which may be left out."),
        ("verdict-quarantined", "verdict", altered(docs.VERDICT, verdict="quarantined", until=None, case="7", code="repeated-place"), "A verdict that leaves the decision to a person."),
        ("verdict-rejected", "verdict", altered(docs.VERDICT, verdict="rejected", until=None, code="not-active"), "A verdict that rejects."),
        ("verdict-unknown-code", "verdict", altered(docs.VERDICT, verdict="rejected", until=None, code="of-a-newer-release"), "A verdict with a code of a newer release."),
        ("policy-vendor-wide", "policy", altered(docs.POLICY, account=None), "A policy for every account."),
        ("policy-no-groups", "policy", altered(docs.POLICY, rules={}), "A policy that leaves out every group, so each keeps the default's numbers."),
        ("policy-ten-years", "policy", altered(docs.POLICY, rules={"export": _days(3650)}), "A policy with the most days there may be."),
        ("policy-unknown-group", "policy", altered(docs.POLICY, rules={"quantum": _days(-1)}), "A group of a newer release is passed over, whatever is in it."),
        ("purchase-of-nothing", "purchase-info", altered(docs.PURCHASE, items=[]), "Purchase information without any line."),
        ("account-info-renamed", "account-info", altered(docs.INFO, account={"smart_account": "example.com", "virtual_account": "B\u00fcro \u2116 7"}, virtual_account="B\u00fcro \u2116 7"), "An account whose name holds letters beyond ASCII and a blank."),
    ):  # fmt: skip
        yield _case(name.replace("'", ""), kind, document, shows=shows, clause="spec/documents.md")


def _days(first: int, frequency: int = 0) -> dict[str, int]:
    return {"first_report": first, "frequency": frequency, "on_change": 0}


def _bodies() -> Iterator[Case]:
    far = 253_402_300_800
    for name, body, members, code, shows in (
        ("ack-answers-nothing", docs.ACK, {"answers": None}, "malformed", "The ACK does not say what it answers."),
        ("ack-without-udi", docs.ACK, {"udi": None}, "malformed", "The ACK does not say for which product instance it is."),
        ("ack-digest-in-capitals", docs.ACK, {"answers": REPORT.upper()}, "malformed", "The digest is in capitals."),
        ("ack-too-many-wanted", docs.ACK, {"wanted": ["ab" * 32] * 1025}, "malformed", "The ACK wants 1,025 reports."),
        ("ack-unknown-answers-type", docs.ACK, {"answers_type": "order"}, "malformed", "The ACK answers a type of document that does not exist."),
        ("ack-time-after-9999", docs.ACK, {"received_at": far}, "malformed", "It was received in the year 10000."),
        ("ack-time-negative", docs.ACK, {"received_at": -1}, "malformed", "It was received before 1970."),
        ("ack-time-fraction", docs.ACK, {"received_at": NOW + 0.5}, "malformed", "It was received at a fraction of a second."),
        ("ack-udi-with-comma", docs.ACK, {"udi": {"udi_pid": "A,B", "udi_serial_number": "1"}}, "malformed", "A product id holds a comma."),
        ("ack-issuer-short", docs.ACK, {"issuer": "1e" * 15}, "malformed", "The ledger's id has 15 bytes."),
        ("verdict-deferred-without-until", docs.VERDICT, {"until": None}, "malformed", "A deferred verdict does not say until when."),
        ("verdict-rejected-with-until", docs.VERDICT, {"verdict": "rejected"}, "malformed", "A rejection says until when."),
        ("verdict-quarantined-without-case", docs.VERDICT, {"verdict": "quarantined", "until": None}, "malformed", "A quarantine names no case."),
        ("verdict-accepted", docs.VERDICT, {"verdict": "accepted", "until": None}, "malformed", "A verdict says accepted, which only an ACK says."),
        ("policy-3651-days", docs.POLICY, {"rules": {"perpetual": _days(3651)}}, "policy-out-of-range", "A policy asks for 3,651 days."),
        ("policy-minus-one-day", docs.POLICY, {"rules": {"perpetual": _days(-1)}}, "policy-out-of-range", "A policy asks for -1 days."),
        ("policy-a-billion-days", docs.POLICY, {"rules": {"perpetual": _days(1, 10**9)}}, "policy-out-of-range", "A policy asks for a report every 10^9 days."),
        ("policy-days-as-text", docs.POLICY, {"rules": {"perpetual": {"first_report": "30", "frequency": 0, "on_change": 0}}}, "malformed", "A policy's days are a text."),
        ("policy-days-left-out", docs.POLICY, {"rules": {"perpetual": {"first_report": 30}}}, "malformed", "A group of a policy lacks two of its numbers."),
        ("policy-for-one-device", docs.POLICY, {"udi": docs.UDI.to_json()}, "malformed", "A policy names one product instance."),
        ("policy-without-order", docs.POLICY, {"order": None}, "malformed", "A policy has no order."),
        ("policy-order-2-to-the-63", docs.POLICY, {"order": {"root_epoch": 1, "ledger_epoch": 1, "version": 2**63 - 1 + 1}}, "number-not-allowed", "A policy's version is 2^63."),
        ("trust-code-of-the-factory-generation-1", docs.FACTORY_CODE, {"generation": 1}, "malformed", "A factory trust code has generation 1."),
        ("trust-code-of-cssm-generation-0", docs.TRUST_CODE, {"generation": 0}, "malformed", "A portal's trust code has generation 0."),
        ("trust-code-without-udi", docs.TRUST_CODE, {"udi": None}, "malformed", "A trust code is for nobody."),
        ("trust-code-compressed-key", docs.TRUST_CODE, {"public_key": encode_base64(_compressed())}, "malformed", "The key of a trust code is a compressed point."),
        ("trust-code-p384-key", docs.TRUST_CODE, {"public_key": encode_base64(_p384())}, "algorithm-not-allowed", "The key of a trust code is on P-384."),
        ("authorization-code-without-udi", docs.AUTHORIZATION, {"udi": None}, "malformed", "An authorization code is for nobody."),
        ("authorization-code-of-the-factory-epoch-3", docs.AUTHORIZATION, {"origin": "factory"}, "malformed", "A factory's authorization code has epoch 3."),
        ("authorization-code-of-cssm-epoch-0", docs.AUTHORIZATION, {"epoch": 0}, "malformed", "A portal's authorization code has epoch 0."),
        ("authorization-code-of-no-licence", docs.AUTHORIZATION, {"licences": [{"tag": "x", "name": "x", "count": 0, "term": "perpetual"}]}, "malformed", "An authorization code is for no licence of a kind."),
        ("account-info-two-accounts", docs.INFO, {"smart_account": "b.example"}, "malformed", "Account information names two accounts."),
        ("purchase-of-less-than-nothing", docs.PURCHASE, {"items": [docs._line(-1)]}, "malformed", "A purchase of -1 licences."),  # noqa: SLF001 -- the vectors' own
    ):  # fmt: skip
        document = altered(body, **members)
        clause = f"spec/{'policy-document' if body.TYPE == 'policy' else body.TYPE}.md"
        case = _case(
            name, body.TYPE, document, shows=f"{shows} The signature holds.", clause=clause
        )
        yield replace(case, code=code, threat="B11" if code == "policy-out-of-range" else None)


def _compressed() -> bytes:
    return next(key for name, key, _ in trust._other_keys() if name == "a compressed point")  # noqa: SLF001 -- the vectors' own


def _p384() -> bytes:
    return next(key for name, key, _ in trust._other_keys() if name == "a key on P-384")  # noqa: SLF001 -- the vectors' own


def _types() -> Iterator[Case]:
    clause = "spec/envelope.md and spec/signatures.md: a type is part of what is signed"
    pairs = (("ack", "policy"), ("ack", "trust-code"), ("ack", "verdict"), ("verdict", "ack"),
             ("trust-code", "policy"), ("purchase-info", "account-info"), ("trust-code", "authorization-code"))  # fmt: skip
    for given, wanted in pairs:
        shows = (
            f"A good document of type {given} is offered where one of type {wanted} is expected."
        )
        case = _case(
            f"type-{given}-as-{wanted}", wanted, MEMBERS[given], shows=shows, clause=clause
        )
        yield replace(case, code="wrong-type", threat="B8")
    renamed = written(MEMBERS["ack"], type="policy")
    case = _case("type-ack-renamed-policy", "policy", renamed, shows="The outer type of a good ACK was changed to policy.", clause=clause)  # fmt: skip
    yield replace(case, code="wrong-type", threat="B8")
    wider = docs.AUTHORIZATION.encode().replace(b'"count":1', b'"count":9')
    forged = replace(MEMBERS["authorization-code"], body=wider)
    case = _case("authorization-code-for-more", "authorization-code", forged, shows="The count of an authorization code was raised.", clause="spec/authorization-code.md")  # fmt: skip
    yield replace(case, code="signature-invalid", threat="B20")
    body = docs.changed(docs.POLICY)
    crossed = replace(docs.direct("trust-code", body), type="policy")
    case = _case("type-signed-as-another", "policy", crossed, shows="A policy whose signature was made over the type trust-code.", clause=clause)  # fmt: skip
    yield replace(case, code="signature-invalid", threat="B8")
    case = _case("type-request-as-ack", "ack", docs.pair(docs.TRUST_REQUEST.encode()), shows="A product instance's own trust request is offered as an ACK.", clause=clause)  # fmt: skip
    yield replace(case, code="wrong-type", threat="B8")


def _audience() -> Iterator[Case]:
    clause = "spec/answers.md, section 2"
    ack, policy, info = MEMBERS["ack"], MEMBERS["policy"], MEMBERS["account-info"]
    code, requested = MEMBERS["trust-code"], altered(docs.ACK, answers_type="trust-request")
    key_id = docs.KEYS["licensing"].key_id
    other_ack = altered(docs.ACK, udi=docs.OTHER.to_json())
    late, later = NOW + 3600, NOW + 3601
    for name, kind, document, code_, threat, expect, shows in (
        ("audience-ack-mine", "ack", ack, None, None, {"udi": ME, "account": HOME, "ledger": LEDGER, "report": [REPORT]}, "The ACK is for this product instance, its account, its ledger and a report that it made."),
        ("audience-ack-of-another-device", "ack", other_ack, "wrong-subject", "B3", {"udi": ME}, "The ACK is for another product instance: a relay mixed two answers."),
        ("audience-trust-code-of-another-device", "trust-code", code, "wrong-subject", "B14", {"udi": OTHER}, "The trust code is for another product instance."),
        ("audience-ack-of-another-account", "ack", ack, "wrong-audience", "B4", {"account": "example.com/BRANCH"}, "The ACK is for another Virtual Account."),
        ("audience-authorization-code-of-another-device", "authorization-code", MEMBERS["authorization-code"], "wrong-subject", None, {"udi": OTHER}, "The authorization code is for another product instance."),
        ("audience-policy-of-another-account", "policy", policy, "wrong-audience", "B4", {"account": "other.example/DEFAULT"}, "The policy is for another Smart Account."),
        ("audience-policy-of-another-ledger", "policy", policy, "wrong-audience", "D7", {"ledger": OTHER_LEDGER}, "The policy is of a ledger that is not obeyed."),
        ("audience-account-of-another-ledger", "account-info", info, "wrong-audience", "D7", {"ledger": OTHER_LEDGER}, "A ledger that is not obeyed names another account."),
        ("audience-policy-vendor-wide", "policy", altered(docs.POLICY, account=None), None, None, {"account": "other.example/DEFAULT"}, "A policy for all accounts is good for any account."),
        ("audience-ack-of-another-report", "ack", ack, "wrong-request", "B2", {"report": ["cd" * 32]}, "The ACK answers a report that was never made here."),
        ("audience-verdict-of-another-report", "verdict", MEMBERS["verdict"], "wrong-request", "B2", {"report": ["cd" * 32]}, "The verdict is on a report that was never made here."),
        ("audience-ack-of-another-type", "ack", requested, "wrong-request", "B2", {"report": [REPORT]}, "The ACK says that it answers a trust request; the digest is that of a report."),
        ("audience-trust-code-for-own-key", "trust-code", code, None, None, {"udi": ME, "key": [key_id]}, "The trust code is for a key that is held."),
        ("audience-trust-code-for-another-key", "trust-code", code, "wrong-request", "B14", {"udi": ME, "key": ["cd" * 32]}, "The trust code is for a key that is not held."),
        ("time-policy-in-an-hour", "policy", altered(docs.POLICY, issued_at=late), None, None, {}, "The policy was issued an hour after the own clock, which is the most."),
        ("time-policy-of-the-future", "policy", altered(docs.POLICY, issued_at=later), "issued-in-future", None, {}, "The policy was issued an hour and a second after the own clock."),
        ("time-trust-code-of-the-future", "trust-code", altered(docs.TRUST_CODE, issued_at=later), "issued-in-future", "B18", {}, "The trust code was issued an hour and a second after the own clock."),
        ("time-ack-of-the-future", "ack", altered(docs.ACK, issued_at=later), None, None, {}, "An ACK of the future is taken, and noted: it only adds."),
    ):  # fmt: skip
        case = _case(name, kind, document, shows=shows, clause=clause)
        yield replace(case, code=code_, threat=threat, expect=expect, role="instance")
    tested = altered(docs.POLICY, test_clock=True)
    shows = "The policy was made by a portal whose clock a test moves."
    case = _case("test-clock-policy", "policy", tested, shows=shows, clause="spec/documents.md: test_clock")  # fmt: skip
    yield replace(case, code="test-clock")
    yield replace(case, name="test-clock-policy-in-a-test", test_clock=True, shows=f"{shows} So is the reader's.")  # fmt: skip
    odd = altered(docs.POLICY, test_clock="yes")
    yield replace(case, name="test-clock-text", files={"policy.json": odd}, code="malformed", shows="`test_clock` is a text.")  # fmt: skip


def _order(*numbers: int) -> dict[str, object]:
    return {"order": Order(*numbers).to_json()}


def _versions() -> Iterator[Case]:
    clause = "spec/versions.md"
    seven = MEMBERS["policy"]
    other = altered(docs.POLICY, name="Another Policy")
    highest = altered(docs.POLICY, **_order(1, 1, 2**63 - 1))
    for name, kind, first, second, code, threat, shows in (
        ("version-newer", "policy", seven, altered(docs.POLICY, **_order(1, 1, 8)), None, None, "A policy of version 8 after one of version 7."),
        ("version-same", "policy", seven, seven, None, None, "The same policy comes twice: nothing is to be done."),
        ("version-same-signed-anew", "policy", seven, paged([("policy", docs.POLICY.encode())])[0], None, None, "The same body comes again under another signature block: it is the same document."),
        ("version-older", "policy", seven, altered(docs.POLICY, **_order(1, 1, 6)), "stale-version", "B9", "A policy of version 6 after one of version 7."),
        ("version-conflict", "policy", seven, other, "version-conflict", "B9", "Two policies of version 7 differ."),
        ("version-ledger-epoch-lower", "policy", altered(docs.POLICY, **_order(1, 2, 1)), seven, "stale-version", "D6", "A policy of ledger epoch 1, version 7 after one of epoch 2, version 1."),
        ("version-ledger-epoch-higher", "policy", seven, altered(docs.POLICY, **_order(1, 2, 1)), None, None, "The portal was restored: epoch 2 stands above any version of epoch 1."),
        ("version-root-epoch-higher", "policy", highest, altered(docs.POLICY, **_order(2, 1, 1)), None, "B10", "A thief issued the highest version there is; after a new root epoch version 1 stands above it."),
        ("version-root-epoch-lower", "policy", altered(docs.POLICY, **_order(2, 1, 1)), highest, "stale-version", "B10", "The highest version of an older root epoch stands below version 1 of the newer one."),
        ("version-other-ledger", "policy", altered(docs.POLICY, **_order(1, 1, 9)), docs.direct("policy", docs.changed(docs.POLICY, issuer=OTHER_LEDGER)), None, None, "Versions of another ledger are no measure, where no ledger is obeyed yet."),
        ("version-account-info-older", "account-info", altered(docs.INFO, **_order(1, 1, 8)), MEMBERS["account-info"], "stale-version", "D6", "Older account information would move the product instance back."),
        ("version-purchase-info-conflict", "purchase-info", MEMBERS["purchase-info"], altered(docs.PURCHASE, items=[]), "version-conflict", None, "Two purchase informations of one version differ."),
        ("version-trust-code-older", "trust-code", altered(docs.TRUST_CODE, **_order(1, 1, 8)), MEMBERS["trust-code"], "stale-version", "B15", "A trust code that was replaced is installed again."),
        ("version-factory-after-cssm", "trust-code", MEMBERS["trust-code"], docs.direct("trust-code", docs.changed(docs.FACTORY_CODE, **_order(1, 1, 9))), "stale-version", "B15", "A factory trust code comes after one of the portal."),
        ("version-cssm-after-factory", "trust-code", docs.direct("trust-code", docs.changed(docs.FACTORY_CODE, **_order(1, 1, 3))), MEMBERS["trust-code"], None, None, "A trust code of the portal replaces the factory's."),
        ("version-authorization-code-older", "authorization-code", altered(docs.AUTHORIZATION, **_order(1, 1, 9)), MEMBERS["authorization-code"], "epoch-dead", "B21", "An authorization code of the epoch of the one that is installed, and of an older version: its epoch is judged first."),
        ("version-ack-twice", "ack", MEMBERS["ack"], MEMBERS["ack"], None, "B1", "An old ACK comes again: it changes nothing and is no fault."),
        ("version-verdict-after-ack", "ack", MEMBERS["ack"], altered(docs.ACK, issued_at=NOW - 9, wanted=[]), None, "B1", "An earlier ACK of the same report comes late."),
    ):  # fmt: skip
        case = _case(name, kind, first, second, shows=shows, clause=clause)
        yield replace(case, code=code, threat=threat, role="instance")


def _pages() -> Iterator[Case]:
    clause = "spec/pages.md"
    bodies = [("ack", docs.changed(docs.ACK, report_id=number)) for number in range(1, 5)]
    first, second, *_, last = paged(bodies)
    alone = paged(bodies[:1])[0]
    block = block_of(first)
    path = [encode_base64(node) for node in block.path]
    foreign = paged(bodies, ledger=OTHER_LEDGER)[0]
    count = block.head.replace(b'"leaf_count":5', b'"leaf_count":6').decode()
    for name, document, shows in (
        ("page-first-leaf", first, "An ACK is the first answer of a page of five leaves."),
        ("page-last-leaf", last, "An ACK is the last leaf of a page of five: its path is short."),
        ("page-two-leaves", alone, "An ACK is the only answer of its page."),
    ):
        yield _case(name, "ack", document, shows=shows, clause=clause)
    single = page_of([], previous_root=digest(b"more"))
    for name, text, code, shows in (
        ("page-body-altered", replace(first, body=first.body + b" "), "signature-invalid", "A blank was added to the body."),
        ("page-index-of-another", with_block(first, index=2), "signature-invalid", "The index is that of another leaf."),
        ("page-index-outside", with_block(first, index=5), "signature-invalid", "The index is that of no leaf."),
        ("page-index-rows", with_block(first, index=0), "signature-invalid", "The index is that of the ledger's rows."),
        ("page-index-negative", with_block(first, index=-1), "malformed", "The index is -1."),
        ("page-path-short", with_block(first, path=path[:-1]), "signature-invalid", "The path lacks its last hash."),
        ("page-path-long", with_block(first, path=[*path, path[0]]), "signature-invalid", "The path has one hash too many."),
        ("page-path-empty", with_block(first, path=[]), "signature-invalid", "There is no path."),
        ("page-path-reversed", with_block(first, path=path[::-1]), "signature-invalid", "The path is in reverse."),
        ("page-path-31-bytes", with_block(first, path=[*path[:-1], encode_base64(bytes(31))]), "malformed", "A hash of the path has 31 bytes."),
        ("page-path-65-hashes", with_block(first, path=path[:1] * 65), "malformed", "The path has 65 hashes."),
        ("page-salt-other", with_block(first, salt=encode_base64(bytes(16))), "signature-invalid", "The salt is another one."),
        ("page-salt-15-bytes", with_block(first, salt=encode_base64(bytes(15))), "malformed", "The salt has 15 bytes."),
        ("page-proof-of-another", replace(first, signature=second.signature), "signature-invalid", "The whole block is that of another answer of the page."),
        ("page-leaf-of-another-type", _leaf_as("verdict"), "signature-invalid", "The leaf was made of the same body as a verdict."),
        ("page-leaf-count", with_block(first, head=count), "signature-invalid", "The head's count of leaves was changed."),
        ("page-head-altered", with_block(first, head=block.head.decode().replace('"page":0', '"page":1')), "signature-invalid", "The head's number was changed."),
        ("page-head-of-another-page", with_block(first, head=single.body.decode(), value=encode_base64(docs.sign("signer", single.preimage))), "signature-invalid", "The head is a good one, of another page."),
        ("page-head-of-another-ledger", foreign, "signature-invalid", "The page is of another ledger than the ACK says."),
        ("page-head-names-another-signer", paged(bodies, signer=docs.KEYS["licensing"].key_id)[0], "signature-invalid", "The head names another signer than its certificate's."),
        ("page-head-signed-by-another", paged(bodies, name="licensing")[0], "signature-invalid", "Another key signed the head."),
        ("page-head-key-twice", with_block(first, head=block.head.decode().replace('"page":0', '"page":0,"page":0')), "duplicate-key", "The head has the key `page` twice."),
        ("page-head-of-a-test-clock", paged(bodies, test_clock=True)[0], "test-clock", "The head was made under a test clock, the ACK says nothing of it."),
        ("page-head-too-large", with_block(first, head=block.head.decode() + " " * 8192), "too-large", "The head is over 8 kB."),
        ("page-value-missing", with_block(first, value=None), "malformed", "The head's signature is not there."),
    ):  # fmt: skip
        case = _case(name, "ack", text, shows=shows, clause=clause)
        yield replace(case, code=code, threat="B5" if code == "signature-invalid" else None)


def _leaf_as(kind: str) -> Document:
    return replace(paged([(kind, docs.ACK.encode())])[0], type="ack")


def _signers() -> Iterator[Case]:
    clause = "spec/signers.md"
    body = docs.POLICY.encode()
    other = docs.changed(docs.POLICY, issuer=OTHER_LEDGER)
    longer = trust.signer_certificate("bound", days=2000)
    listed = trust.signer_certificate("bound")
    good, limits = MEMBERS["policy"], keyring.load_certificate(docs.SIGNER)
    embedded = docs.changed(docs.POLICY, jwk={"kty": "EC", "crv": "P-256"}, jku="https://attacker.example/keys.json")  # fmt: skip
    forged = replace(trust.direct("thief", embedded, chain=(docs.SIGNER,)))
    for name, document, code, threat, folder, now, shows in (
        ("signer-of-its-ledger", trust.direct("bound", other), None, None, "usual", NOW, "The signer is bound to the ledger that the policy names."),
        ("signer-of-another-ledger", trust.direct("bound", body), "unknown-key", "C2", "usual", NOW, "The signer is bound to another ledger."),
        ("signer-unknown", trust.direct("thief", body), "unknown-key", "A5", "usual", NOW, "The signer is not in the root set; its certificate came along and is never trusted."),
        ("signer-embedded-key", forged, "signature-invalid", "C7", "usual", NOW, "A thief put a key and an address into the body and signed with that key; neither is ever followed."),
        ("signer-other-certificate", trust.direct("bound", other, chain=(longer,)), "unknown-key", "C7", "usual", NOW, "Another certificate over a listed key, valid for longer than the listed one."),
        ("signer-borrowed-certificate", trust.direct("thief", other, chain=(listed,)), "signature-invalid", "C7", "usual", NOW, "A listed certificate, a thief's signature."),
        ("signer-revoked", trust.direct("revoked", body), "key-revoked", "C1", "usual", NOW, "The signer's key is revoked."),
        ("signer-revoked-since", good, "key-revoked", "C1", "revoking-signer", NOW, "The root set that is held by now revokes the signer."),
        ("signer-last-second", good, None, None, "last-second", NOW, "The root set ends at this very second, which still counts."),
        ("signer-expired", trust.direct("old", body, chain=(short("old"),)), "signer-expired", "C2", "usual", NOW, "The signer's certificate has ended."),
        ("signer-at-its-end", good, None, "C2", "usual", limits.not_after, "The last second at which the signer's certificate holds."),
        ("signer-after-its-end", good, "signer-expired", "C2", "usual", limits.not_after + 1, "The first second at which the signer's certificate does not hold."),
        ("signer-before-its-start", altered(docs.POLICY, issued_at=NOW - 500 * DAY), None, None, "usual", NOW - 500 * DAY, "The own clock stands before the certificate begins: that is never judged."),
        ("signer-root-expired", good, "root-expired", None, "expired", NOW, "The root set has ended."),
        ("signer-clock-set-back", altered(docs.POLICY, issued_at=NOW - 500 * DAY), "root-expired", None, "expired-by-issue", NOW - 500 * DAY, "The own clock was set back; the root set's own issue time shows that it ended."),
        ("signer-no-root-set", good, "unknown-key", None, "nothing", NOW, "No root set is held, so nobody is trusted."),
        ("signer-a-device", _by_device(), "unknown-key", "A5", "usual", NOW, "A product instance signed the policy with its SUDI."),
        ("signer-root-key", trust.direct("root-1", body), "unknown-key", "C4", "usual", NOW, "A root key signed the policy: root keys sign root sets only."),
    ):  # fmt: skip
        case = _case(name, "policy", document, shows=shows, clause=clause)
        yield replace(case, code=code, threat=threat, trust=folder, now=now)


def _by_device() -> Document:
    signed = docs.direct("policy", docs.POLICY.encode())
    block = DirectSignature(chain=(docs.SUDI,), value=docs.sign("sudi", signed.preimage))
    return replace(signed, signature=block)


def _delegated() -> Iterator[Case]:
    clause = "spec/signers.md: delegated signers"
    top = trust.signer_certificate("delegator", delegates=True)
    leaf = trust.delegated_certificate()
    chain = (leaf, top)
    mine = docs.POLICY.encode()
    other = docs.changed(docs.POLICY, account={"smart_account": "other.example", "virtual_account": "DEFAULT"})  # fmt: skip
    nobody = docs.changed(docs.POLICY, account=None)
    elsewhere = (trust.delegated_certificate(ledger=OTHER_LEDGER), top)
    for name, document, code, shows in (
        ("delegate-good", trust.direct("delegate", mine, chain=chain), None, "A delegated signer signs for its account."),
        ("delegate-of-its-ledger", trust.direct("delegate", docs.changed(docs.POLICY, issuer=OTHER_LEDGER), chain=elsewhere), None, "A delegated signer that is bound to a ledger signs for it."),
        ("delegator-itself", trust.direct("delegator", mine, chain=(top,)), None, "A signer that may delegate signs itself."),
        ("delegate-other-account", trust.direct("delegate", other, chain=chain), "not-permitted", "A delegated signer signs for an account that it is not bound to."),
        ("delegate-no-account", trust.direct("delegate", nobody, chain=chain), "not-permitted", "A delegated signer signs for all accounts."),
        ("delegate-other-ledger", trust.direct("delegate", mine, chain=elsewhere), "unknown-key", "A delegated signer signs for another ledger than its own."),
        ("delegate-two-deep", trust.direct("delegate", mine, chain=(leaf, *chain)), "unknown-key", "A delegated signer certified another one."),
        ("delegate-alone", trust.direct("delegate", mine, chain=(leaf,)), "unknown-key", "The certificate of who delegated is not there."),
        ("delegate-of-a-plain-signer", trust.direct("delegate", mine, chain=(leaf, docs.SIGNER)), "unknown-key", "The listed signer above it may not delegate."),
        ("delegate-forged", trust.direct("delegate", mine, chain=(_forged(), top)), "signature-invalid", "A thief issued the certificate in the name of the listed signer."),
        ("delegate-without-extension", trust.direct("thief", mine, chain=(trust.signer_certificate("thief"), top)), "unknown-key", "The certificate does not say for whom it may sign."),
        ("delegate-signed-by-above", trust.direct("delegator", mine, chain=chain), "signature-invalid", "The listed signer's key signed in the name of the delegated one."),
    ):  # fmt: skip
        case = _case(name, "policy", document, shows=shows, clause=clause)
        yield replace(case, code=code)


def _forged() -> bytes:
    """Return a delegation that a thief issued under the name of the listed signer."""
    name = keyring.build_signer(trust.key("thief"), "Vector delegator", trust.terms(9), delegates=True)  # fmt: skip
    issuer = keyring.Issuer(key=trust.key("thief"), certificate=keyring.load_certificate(name))
    text = Delegation(accounts=(docs.ACCOUNT,)).to_text()
    public = trust.key("delegate").public_key
    return keyring.build_delegated(issuer, "Vector delegate", public, trust.terms(11), delegation=text)  # fmt: skip
