"""A small portal over real HTTPS that answers, withholds, refuses or lies as a test says."""

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.trust_folder import read_manufacturer
from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType, Companion
from gauger.core.documents.authorization_code import (
    AuthorizationCode,
    AuthorizationOrigin,
    AuthorizedLicence,
)
from gauger.core.documents.authorization_items import read_authorization_item
from gauger.core.documents.authorization_request import (
    AuthorizationRequest,
    verify_authorization_request,
)
from gauger.core.documents.authorization_return import (
    AuthorizationReturn,
    verify_authorization_return,
)
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import DirectSignature, Document, read_document, write_document
from gauger.core.documents.page import (
    EarlierEpoch,
    Leaf,
    LedgerEpoch,
    PageFacts,
    SignedHead,
    build_page,
)
from gauger.core.documents.policy_document import PolicyDocument
from gauger.core.documents.rum_report import RumReport, read_report, verify_report
from gauger.core.documents.smart_license import Item, ItemKind, read_items, write_file
from gauger.core.documents.smart_transport import (
    Acknowledgement,
    MessageType,
    Request,
    Response,
    Status,
    WireProblem,
    decode_request,
    encode_response,
)
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_request import TrustRequest, verify_trust_request
from gauger.core.documents.trust_store import TrustStore
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, Digest, Udi
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.tools.trust import RootFolder
from tests.instance.world import ACCOUNT, START, World

LEDGER = "1d" * 16
FIRST_EPOCH = LedgerEpoch(1, "e1" * 16)
Answering = Callable[["Portal", Request], Response | bytes | None]
"""What a test has the portal do with one request: None closes the connection."""


@dataclass
class Exchanged:
    """What the portal saw."""

    path: str
    body: bytes


@dataclass
class Portal:
    """Judges like the real one, as far as a device can see."""

    signer: FileSigner
    trust: TrustStore
    now: Callable[[], int]
    account: AccountRef = ACCOUNT
    script: list[Answering] = field(default_factory=list)
    seen: list[Exchanged] = field(default_factory=list)
    acknowledged: dict[Digest, Document] = field(default_factory=dict)
    reports: list[RumReport] = field(default_factory=list)
    policy: dict[Group, Rule] | None = None
    held: list[Document] = field(default_factory=list)
    url: str = ""
    version: int = 0
    pages: int = 0
    epoch: LedgerEpoch = FIRST_EPOCH
    earlier: tuple[EarlierEpoch, ...] = ()
    newest: SignedHead | None = None
    code_epoch: int = 0
    asked: list[AuthorizationRequest] = field(default_factory=list)
    returned: list[AuthorizationReturn] = field(default_factory=list)

    def answer(self, request: Request) -> Response | bytes | None:
        """Answer by the script where it has a line left, else honestly."""
        act = self.script.pop(0) if self.script else honest
        return act(self, request)

    def sign(self, body: Answer, *, paged: bool = False) -> Document:
        """Sign an answer directly, or as a leaf of a page."""
        raw = body.encode()
        block = DirectSignature(chain=self.signer.chain, value=b"")
        draft = Document(type=body.TYPE, version=body.VERSION, body=raw, signature=block)
        if not paged:
            value = self.signer.sign(draft.preimage)
            return replace(draft, signature=replace(block, value=value))
        self.pages += 1
        facts = PageFacts(
            ledger=LEDGER,
            epoch=self.epoch,
            earlier=self.earlier,
            page=self.pages,
            previous_root=Digest("00" * 32),
            issued_at=self.now(),
            signer=self.signer.key_id,
        )
        page = build_page(facts, [Leaf(bytes(16), draft.preimage)])
        value = self.signer.sign(page.preimage)
        signature = page.signature(0, chain=self.signer.chain, value=value)
        self.newest = SignedHead.of(signature)
        return replace(draft, signature=signature)

    def lose(self, until: int) -> None:
        """Be set back: pages from this number on are gone, and what they acknowledged."""
        self.earlier = (*self.earlier, EarlierEpoch(epoch=self.epoch, until=until))
        number = self.epoch.number + 1
        self.epoch = LedgerEpoch(number, f"{number:x}e" * 16)
        self.acknowledged.clear()
        self.reports.clear()
        body = AccountInfo.from_document(self.account_info(Udi("P", "S")))
        self.sign(body, paged=True)

    def order(self) -> Order:
        """Draw the next version."""
        self.version += 1
        return Order(1, 1, self.version)

    def account_info(self, udi: Udi, answers: Digest | None = None) -> Document:
        """Say whose the device is."""
        return self.sign(
            AccountInfo(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                udi=udi,
                answers=answers,
                order=self.order(),
                ledger=LEDGER,
            )
        )

    def policy_document(self, rules: dict[Group, Rule], name: str = "Custom Policy") -> Document:
        """Issue a policy for the account."""
        return self.sign(
            PolicyDocument(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                order=self.order(),
                name=name,
                ack_required=True,
                rules=rules,
            )
        )

    def trust_code(self, request: TrustRequest, digest: Digest) -> Document:
        """Certify the key of a trust request."""
        return self.sign(
            TrustCode(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                udi=request.udi,
                answers=digest,
                order=self.order(),
                public_key=request.public_key,
                generation=1,
                origin=TrustOrigin.CSSM,
                incarnation=request.incarnation,
            )
        )

    def acknowledge(
        self, udi: Udi, digest: Digest, report_id: int | None, companions: list[Document]
    ) -> Document:
        """Give the ACK of a document, the same one each time."""
        if digest not in self.acknowledged:
            kind = AnsweredType.TRUST_REQUEST if report_id is None else AnsweredType.RUM_REPORT
            ack = Acknowledgment(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                udi=udi,
                answers=digest,
                answers_type=kind,
                report_id=report_id,
                companions=tuple(Companion(item.type, item.digest) for item in companions),
                received_at=self.now(),
            )
            self.acknowledged[digest] = self.sign(ack, paged=True)
        return self.acknowledged[digest]

    def verdict(self, report: RumReport, ruling: Ruling, code: str) -> Document:
        """Judge a report otherwise."""
        return self.sign(
            Verdict(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                udi=report.udi,
                answers=report.digest,
                verdict=ruling,
                code=code,
                detail="as the test says",
                until=self.now() + 60 if ruling is Ruling.DEFERRED else None,
                case="case-1" if ruling is Ruling.QUARANTINED else None,
            )
        )

    def documents_for(self, request: Request) -> list[Document]:
        """Answer every document of a request."""
        found: list[Document] = []
        for text in request.trust_requests:
            found += self.trusted(text)
        for text in request.authorizations:
            found += self.authorized(text)
        for sent in request.reports:
            for item in sent.usage:
                found += self.reported(item)
        return found

    def code(
        self, udi: Udi, licences: tuple[AuthorizedLicence, ...], answers: Digest | None = None
    ) -> AuthorizationCode:
        """Draw an authorization code of a higher epoch than any before."""
        self.code_epoch += 1
        return AuthorizationCode(
            issued_at=self.now(),
            issuer=LEDGER,
            account=self.account,
            udi=udi,
            answers=answers,
            order=self.order(),
            code=f"{self.code_epoch:032x}",
            epoch=self.code_epoch,
            origin=AuthorizationOrigin.CSSM,
            licences=licences,
        )

    def authorized(self, text: str) -> list[Document]:
        """Answer an authorization request, or a return."""
        document, now = read_document(text), self.now()
        if document.type == AuthorizationReturn.TYPE:
            returned, _ = verify_authorization_return(document, self.trust, now)
            self.returned.append(returned)
            return [self.acknowledge_paper(returned.udi, document, [])]
        asked, _ = verify_authorization_request(document, self.trust, now)
        self.asked.append(asked)
        self.code_epoch = max(self.code_epoch, asked.mark or 0)
        licences = tuple(
            AuthorizedLicence(tag=one.tag, name="n", count=one.count, term="perpetual")
            for one in asked.licences
        )
        code = self.sign(self.code(asked.udi, licences, document.digest))
        return [self.acknowledge_paper(asked.udi, document, [code]), code]

    def acknowledge_paper(
        self, udi: Udi, document: Document, companions: list[Document]
    ) -> Document:
        """Give the ACK of an authorization request or return."""
        return self.sign(
            Acknowledgment(
                issued_at=self.now(),
                issuer=LEDGER,
                account=self.account,
                udi=udi,
                answers=document.digest,
                answers_type=AnsweredType(document.type),
                report_id=None,
                companions=tuple(Companion(item.type, item.digest) for item in companions),
                received_at=self.now(),
            ),
            paged=True,
        )

    def trusted(self, text: str) -> list[Document]:
        """Answer a trust request."""
        document = read_document(text)
        request, _ = verify_trust_request(document, self.trust, self.now())
        if document.digest in self.acknowledged:
            return [self.acknowledged[document.digest], *self.held]
        companions = [
            self.account_info(request.udi, document.digest),
            self.trust_code(request, document.digest),
        ]
        if self.policy is not None:
            companions.append(self.policy_document(self.policy))
        self.held = companions
        return [self.acknowledge(request.udi, document.digest, None, companions), *companions]

    def reported(self, item: str) -> list[Document]:
        """Answer a report."""
        report = read_report(item)
        verify_report(report, self.trust, self.now())
        if report.digest not in {known.digest for known in self.reports}:
            self.reports.append(report)
        return [self.acknowledge(report.udi, report.digest, report.payload.report_id, [])]

    def usage_file(self, path: Path) -> bytes:
        """Return the ACK file for a saved usage file."""
        documents: list[Document] = []
        for element in read_items([path.read_bytes()]):
            if element.kind is ItemKind.RUM_REPORT:
                documents += self.reported(element.text)
            elif element.kind is ItemKind.TRUST_REQUEST:
                documents += self.trusted(element.text)
            elif element.kind is ItemKind.AUTH_REQUEST:
                documents += self.authorized(write_document(read_authorization_item(element.text)))
        return answer_file(documents)


KINDS = {
    "root-set": ItemKind.ROOT_SET,
    "ack": ItemKind.RUM_ACK,
    "verdict": ItemKind.RUM_ACK,
    "policy": ItemKind.POLICY,
    "trust-code": ItemKind.TRUST_CODE,
    "authorization-code": ItemKind.AUTH_CODE,
    "account-info": ItemKind.ACCOUNT_INFO,
    "purchase-info": ItemKind.PURCHASE_INFO,
}


def answer_file(documents: list[Document]) -> bytes:
    """Return an answer file of these documents."""
    items = [Item(kind=KINDS[item.type], text=write_document(item)) for item in documents]
    return b"".join(write_file(items))


def response(request: Request, status: Status = Status.OK) -> Response:
    """Return a response to a request."""
    return Response(
        status=status,
        type=request.type,
        timestamp=START * 1000,
        nonce=request.nonce,
    )


def honest(portal: Portal, request: Request) -> Response:
    """Answer at once; a poll brings what the last request asked for."""
    if request.type is MessageType.POLL:
        earlier = decode_request(
            next(item.body for item in reversed(portal.seen) if b'"poll_id"' not in item.body)
        )
        answered = honest(portal, earlier)
        return replace(answered, nonce=request.nonce, type=request.type, status=Status.COMPLETE)
    if request.type is MessageType.HELLO:
        return replace(response(request), head=portal.newest)
    try:
        documents = portal.documents_for(request)
    except Problem as problem:
        return replace(response(request, Status.FAILED), problem=WireProblem.of(problem))
    item = Acknowledgement(udi=request.udi, smart_license=answer_file(documents))
    return replace(response(request), acknowledgements=(item,) if documents else ())


def poll_later(seconds: int) -> Answering:
    """Say that the answer is to be polled for."""

    def act(_: Portal, request: Request) -> Response:
        answer = response(request, Status.OK_POLL)
        return replace(answer, poll_id="p-1", poll_interval=seconds)

    return act


def refuse(code: str, detail: str = "as the test says") -> Answering:
    """Refuse a request by name."""

    def act(_: Portal, request: Request) -> Response:
        problem = WireProblem.of(Problem(code, detail))
        return replace(response(request, Status.FAILED), problem=problem)

    return act


def withhold(portal: Portal, request: Request) -> None:
    """Take the request in, and lose the answer."""
    honest(portal, request)


def judge(ruling: Ruling, code: str) -> Answering:
    """Answer every report with a verdict."""

    def act(portal: Portal, request: Request) -> Response:
        reports = [read_report(item) for sent in request.reports for item in sent.usage]
        documents = [portal.verdict(report, ruling, code) for report in reports]
        item = Acknowledgement(udi=request.udi, smart_license=answer_file(documents))
        return replace(response(request), acknowledgements=(item,))

    return act


def say(data: bytes) -> Answering:
    """Answer with bytes as they are."""

    def act(_: Portal, __: Request) -> bytes:
        return data

    return act


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    portal: Portal

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.portal.seen.append(Exchanged(self.path, body))
        answer = self.portal.answer(decode_request(body))
        if answer is None:
            self.close_connection = True
            return
        data = answer if isinstance(answer, bytes) else encode_response(answer)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Be silent."""


@contextmanager
def serving(world: World) -> Iterator[Portal]:
    """Run a portal that the world's devices trust; its TLS authority is in `world.root/tls.pem`."""
    portal = Portal(
        signer=world.signer(),
        trust=RootTrust(world).store(),
        now=lambda: world.clock.wall,
    )
    handler = type("Handler", (_Handler,), {"portal": portal})
    with serving_tls(world.root, handler) as port:
        portal.url = f"https://localhost:{port}/licservice/license"
        yield portal


@dataclass
class RootTrust:
    """What a portal of this world trusts."""

    world: World

    def store(self) -> TrustStore:
        """Return the newest root set and the manufacturer."""
        store = RootFolder(self.world.factory / "root", self.world.workshop).store()
        maker = read_manufacturer(self.world.factory / "manufacturer")
        return store.with_manufacturer(maker).with_test_clock()


@contextmanager
def serving_tls(root: Path, handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve HTTPS on loopback with a certificate of its own, written to `root/tls.pem`."""
    key, certificate = make_certificate()
    (root / "tls.pem").write_bytes(certificate)
    both = root / "tls-both.pem"
    both.write_bytes(key + certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(
    host: str = "localhost", end: dt.datetime = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
) -> tuple[bytes, bytes]:
    """Return key and certificate (PEM) of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    names = [x509.DNSName(host)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, certificate.public_bytes(serialization.Encoding.PEM)
