"""Explains signed documents: what each says, whom it is for, and whether its signature holds."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gauger.core.documents import keyring
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    confirmation_code,
)
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    Mode,
    verify_authorization_request,
)
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    verify_authorization_return,
)
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import (
    DirectSignature,
    Document,
    PageSignature,
    PairSignature,
    ThresholdSignature,
)
from gauger.core.documents.page import PageHead, SignedHead, verify_leaf
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.purchase_info import PurchaseInfo
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_request import TrustRequest, verify_trust_request
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Verdict
from gauger.core.problems import Problem
from gauger.tools.explain_report import Yardstick, licence_name, udi_text
from gauger.tools.finding import Finding, Seal, counted, date_text

Facts = Iterator[tuple[str, str]]

_TO_INSTANCE: Final = "Copy it to the product instance and enter `license smart import PATH` there."
_TO_PORTAL: Final = "Upload it to the portal, then import the ACK file that the portal gives."
_NOT_CHECKED: Final = "name your root set with --root-set to check"


def explain_document(document: Document, yardstick: Yardstick) -> Finding:
    """Explain one signed document.

    Args:
        document: The document.
        yardstick: What to judge by.

    Returns:
        The finding; one with a problem where its body cannot be read.
    """
    # Of a later release, or a page head: signed, but nothing that anybody carries.
    if document.type not in _READERS:
        title = f"Signed document of type {document.type}"
        return Finding(title=title, facts=_digest_fact(document))
    title, describe, step = _READERS[document.type]
    try:
        # Described first: what cannot be read is not judged, and a signature over it would mislead.
        facts = (*describe(document), *_digest_fact(document))
    except Problem as problem:
        return Finding(title=f"{title} that cannot be read", problem=problem)
    seal, detail = judge(document, yardstick)
    return Finding(
        title=title, facts=facts, seal=seal, seal_detail=detail, next_steps=(step,) if step else ()
    )


def _digest_fact(document: Document) -> tuple[tuple[str, str]]:
    return (("Digest", document.digest),)


def judge(document: Document, yardstick: Yardstick) -> tuple[Seal, str]:
    """Tell how a document's signature stands, and who made it or why it does not hold."""
    try:
        match document.signature:
            case ThresholdSignature():
                return _judge_root(document, yardstick)
            case PairSignature() as pair:
                return _judge_request(document, pair, yardstick)
            case DirectSignature() as block if document.type in _ASKING:
                return _judge_asked(document, block, yardstick)
            case PageSignature() | DirectSignature():
                return _judge_answer(document, yardstick)
    except Problem as problem:
        return Seal.FAILS, f"{problem.detail} ({problem.code})"


def _judge_root(document: Document, yardstick: Yardstick) -> tuple[Seal, str]:
    root_set = RootSet.from_document(document)
    root_set.require_threshold(document)
    held = yardstick.trust.root_set
    # A set may be signed by whoever made it: by its own keys alone nothing is trusted.
    if held is None:
        return Seal.UNALTERED, f"enough of its own root keys signed; {_NOT_CHECKED}"
    # An older set is no fault by itself: it lies in every chain that leads to the newest.
    if root_set.number < held.number:
        return Seal.UNALTERED, f"it is older than root set {held.number}, which you trust"
    yardstick.trust.advance(document)
    return Seal.HOLDS, "enough root keys that you trust signed"


def _judge_request(
    document: Document, pair: PairSignature, yardstick: Yardstick
) -> tuple[Seal, str]:
    try:
        verify_trust_request(document, yardstick.trust, yardstick.now)
    except Problem as problem:
        if problem.code != "unknown-key":
            raise
        _check_pair(document, pair)
        return _stranger(problem, yardstick)
    return Seal.HOLDS, "made by the SUDI key and by the new key"


def _stranger(problem: Problem, yardstick: Yardstick) -> tuple[Seal, str]:
    """Tell of a device whose bytes are whole and whose manufacturer is not known."""
    if yardstick.trust.manufacturers:
        return Seal.UNTRUSTED, f"{problem.detail} ({problem.code})"
    return Seal.UNALTERED, "name its manufacturer with --manufacturer to check"


def _judge_asked(
    document: Document, block: DirectSignature, yardstick: Yardstick
) -> tuple[Seal, str]:
    try:
        _ASKING[document.type](document, yardstick.trust, yardstick.now)
    except Problem as problem:
        if problem.code != "unknown-key":
            raise
        certificate = keyring.load_certificate(block.chain[0])
        keyring.verify(certificate.public_key, document.preimage, block.value)
        return _stranger(problem, yardstick)
    return Seal.HOLDS, "made by the SUDI key"


def _check_pair(document: Document, pair: PairSignature) -> None:
    request = TrustRequest.from_document(document)
    certificate = keyring.load_certificate(pair.chain[0])
    # Both halves: the device says whose the new key is, and the new key that somebody has it.
    keyring.verify(certificate.public_key, document.preimage, pair.sudi)
    keyring.verify(request.public_key, document.preimage, pair.key)


def _judge_answer(document: Document, yardstick: Yardstick) -> tuple[Seal, str]:
    if yardstick.trust.root_set is None:
        _check_chain(document)
        return Seal.UNALTERED, _NOT_CHECKED
    try:
        verified = yardstick.trust.verify(document, expected=document.type, now=yardstick.now)
    except Problem as problem:
        if problem.code != "unknown-key":
            raise
        _check_chain(document)
        return Seal.UNTRUSTED, f"{problem.detail} ({problem.code})"
    return Seal.HOLDS, f"made by {verified.signer.common_name or verified.signer.key_id}"


def _check_chain(document: Document) -> None:
    """Check that the bytes are those that the key in the block signed, whosever it is."""
    signature = document.signature
    if isinstance(signature, PageSignature):
        head = SignedHead.of(signature)
        _check_first(head.chain, head.document.preimage, head.value)
        # The signature is the head's: the path alone ties this very document to it.
        verify_leaf(document, signature, PageHead.from_document(head.document))
    elif isinstance(signature, DirectSignature):
        _check_first(signature.chain, document.preimage, signature.value)


def _check_first(chain: tuple[bytes, ...], message: bytes, value: bytes) -> None:
    keyring.verify(keyring.load_certificate(chain[0]).public_key, message, value)


def _answer_facts(answer: Answer) -> Facts:
    if answer.udi is not None:
        yield "For", udi_text(answer.udi)
    yield "Account", "any" if answer.account is None else str(answer.account)
    yield "Issued", date_text(answer.issued_at)
    yield "By", f"ledger {answer.issuer}"
    if answer.answers is not None:
        yield "Answers", answer.answers
    if answer.test_clock:
        yield "Note", "made under a test clock: only test systems take it"


def _acknowledgment(document: Document) -> Facts:
    ack = Acknowledgment.from_document(document)
    if ack.report_id is None:
        yield "Tells", f"the {ack.answers_type} is in the ledger"
    else:
        yield "Tells", f"RUM report {ack.report_id} is in the ledger"
    yield "Received", date_text(ack.received_at)
    yield from _answer_facts(ack)
    for flag in ack.flags:
        yield "Flag", flag
    for digest in ack.wanted:
        yield "Wanted", f"the report {digest}, which is missing"
    for companion in ack.companions:
        yield "Goes with", f"{companion.type} {companion.digest}"


def _verdict(document: Document) -> Facts:
    verdict = Verdict.from_document(document)
    yield "Tells", f"the document is {verdict.verdict}: {verdict.code}"
    yield "Why", verdict.detail
    if verdict.until is not None:
        yield "Until", date_text(verdict.until)
    if verdict.case is not None:
        yield "Case", f"{verdict.case}, which an administrator decides in the portal"
    yield from _answer_facts(verdict)


def _policy(document: Document) -> Facts:
    policy = PolicyDocument.from_document(document)
    yield "Name", policy.name
    yield "Version", str(policy.order)
    yield "ACK", "required" if policy.ack_required else "not required"
    for group, rule in policy.policy.groups.items():
        days = f"first report {rule.first_report}, then every {rule.frequency}"
        yield group.capitalize(), f"{days}, on change {rule.on_change} (days; 0 is no requirement)"
    yield from _answer_facts(policy)


def _trust_code(document: Document) -> Facts:
    code = TrustCode.from_document(document)
    if code.origin is TrustOrigin.FACTORY:
        yield "Origin", "installed at the factory; good for files, not for direct communication"
    else:
        yield "Origin", f"issued by the portal, number {code.generation} of this product instance"
    yield "Key", code.key_id
    yield "Version", str(code.order)
    yield from _answer_facts(code)


def _account_info(document: Document) -> Facts:
    info = AccountInfo.from_document(document)
    yield "Smart Account", info.account.smart_account
    yield "Virtual Account", info.account.virtual_account
    yield "Version", str(info.order)
    yield from _answer_facts(info)


def _purchase_info(document: Document) -> Facts:
    info = PurchaseInfo.from_document(document)
    for item in info.items:
        end = "" if item.end is None else f", until {date_text(item.end)}"
        yield (
            "Bought",
            f"{item.quantity} x {item.name} ({licence_name(item.tag)}), {item.term}{end}",
        )
    yield "Version", str(info.order)
    yield from _answer_facts(info)


def _authorization_code(document: Document) -> Facts:
    code = AuthorizationCode.from_document(document)
    if code.origin is AuthorizationOrigin.FACTORY:
        yield "Origin", "installed at the factory"
    else:
        yield "Origin", f"issued by the portal, epoch {code.epoch} of this product instance"
    for one in code.licences:
        yield "Authorizes", f"{one.count} x {one.name} ({licence_name(one.tag)}), {one.term}"
    yield "Confirmation code", confirmation_code(document.digest)
    yield "Version", str(code.order)
    yield from _answer_facts(code)


def _authorization_request(document: Document) -> Facts:
    request = AuthorizationRequest.from_document(document)
    yield "Whose", udi_text(request.udi)
    for one in request.licences:
        yield "Asks for", f"{one.count} x {licence_name(one.tag)}"
    beside = "in the place of" if request.mode is Mode.REPLACE else "beside"
    held = "nothing" if request.held is None else f"code {request.held.code}"
    yield "Installed", f"{held}; the new code stands {beside} what is authorized"
    yield "Made at", date_text(request.made_at)
    yield "Number", f"{request.counter} of store {request.incarnation}"


def _authorization_return(document: Document) -> Facts:
    returned = AuthorizationReturn.from_document(document)
    yield "Whose", udi_text(returned.udi)
    yield "Gives back", f"code {returned.removed.code}, epoch {returned.removed.epoch}"
    yield "Return code", returned.return_code
    yield "Made at", date_text(returned.made_at)
    yield "Number", f"{returned.counter} of store {returned.incarnation}"


def _trust_request(document: Document) -> Facts:
    request = TrustRequest.from_document(document)
    yield "Whose", udi_text(request.udi)
    for member in request.members:
        yield "Member", udi_text(member)
    yield "Made at", date_text(request.made_at)
    yield "Number", f"{request.counter} of store {request.incarnation}"
    # The request holds the token's digest only: nothing here can give the token away.
    token = "none; the file's account decides" if request.token_digest is None else "one goes along"
    yield "ID token", token


def _root_set(document: Document) -> Facts:
    root_set = RootSet.from_document(document)
    yield "Number", f"{root_set.number}, epoch {root_set.epoch}"
    yield "Expires", date_text(root_set.expires_at)
    yield "Root keys", f"{root_set.threshold} of {len(root_set.keys)} must sign"
    for signer in root_set.signers:
        certificate = keyring.load_certificate(signer.certificate)
        bound = "any ledger" if signer.ledger is None else f"ledger {signer.ledger}"
        name = certificate.common_name or signer.key_id
        yield "Signer", f"{name}, for {bound}, until {date_text(certificate.not_after)}"
    yield "Revoked", counted(len(root_set.revoked), "key", "keys")


_ASKING: Final[Mapping[str, Callable[[Document, TrustStore, int], object]]] = MappingProxyType(
    {
        AuthorizationRequest.TYPE: verify_authorization_request,
        AuthorizationReturn.TYPE: verify_authorization_return,
    }
)
_READERS: Final[Mapping[str, tuple[str, Callable[[Document], Facts], str]]] = MappingProxyType(
    {
        Acknowledgment.TYPE: ("ACK", _acknowledgment, _TO_INSTANCE),
        Verdict.TYPE: ("Verdict", _verdict, _TO_INSTANCE),
        PolicyDocument.TYPE: ("Policy", _policy, _TO_INSTANCE),
        TrustCode.TYPE: ("Trust code", _trust_code, _TO_INSTANCE),
        AccountInfo.TYPE: ("Account information", _account_info, _TO_INSTANCE),
        PurchaseInfo.TYPE: ("Purchase information", _purchase_info, _TO_INSTANCE),
        TrustRequest.TYPE: ("Trust request", _trust_request, _TO_PORTAL),
        AuthorizationCode.TYPE: ("Authorization code", _authorization_code, _TO_INSTANCE),
        AuthorizationRequest.TYPE: ("Authorization request", _authorization_request, _TO_PORTAL),
        AuthorizationReturn.TYPE: ("Authorization return", _authorization_return, _TO_PORTAL),
        RootSet.TYPE: ("Root set", _root_set, ""),
    }
)
