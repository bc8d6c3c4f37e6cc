"""No byte of what a device sends can be altered: refused, it changes nothing in the ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import pytest

from gauger.core.authority.commands import Pipe
from gauger.core.authority.outcomes import Outcome, ReportOutcome, TrustOutcome, Verdict
from gauger.core.documents.authorization_items import (
    read_authorization_item,
    write_authorization_item,
)
from gauger.core.documents.envelope import Document, read_document, write_document
from gauger.core.documents.rum_report import read_report
from gauger.core.documents.smart_license import TO_PORTAL, Item, ItemKind, read_items, write_file
from gauger.core.documents.smart_transport import (
    MessageType,
    Request,
    UsageReport,
    decode_request,
    encode_request,
)
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.cssm.commands.judging import JUDGED, Sender, command_of, settle
from tests.support.authorizing import HSEC, a_licensee, ask, deposit
from tests.support.builders import ACCOUNT, NOW, UDI, Bench, a_device
from tests.support.figures import Figures
from tests.support.mutations import BITS, Altered, altered

AUDIT = {"ledger", "heads", "nodes", "documents", "leaves", "refusals", "events"}
"""Where a refusal is written down, once for each digest and source and within a budget."""

TOGETHER = 64
Items = Callable[[bytes], list[tuple[ItemKind, str]]]


def in_a_file(data: bytes) -> list[tuple[ItemKind, str]]:
    """Return what an upload job hands on: nothing before the file was read to its end."""
    items = list(read_items([data], wanted=TO_PORTAL))
    return [(item.kind, item.text) for item in items if item.kind in JUDGED]


def in_a_request(data: bytes) -> list[tuple[ItemKind, str]]:
    request = decode_request(data)
    requests = [*request.trust_requests, *(t for r in request.reports for t in r.trust_requests)]
    items = [(ItemKind.TRUST_REQUEST, text) for text in requests]
    items += [(ItemKind.AUTH_REQUEST, text) for text in request.authorizations]
    return [*items, *((ItemKind.RUM_REPORT, t) for r in request.reports for t in r.usage)]


def what_counts(portal: Bench) -> dict[str, list[object]]:
    """Return every table of the ledger but those that tell of refusals."""
    with closing(sqlite3.connect(portal.path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE rootpage")}
        tables = {
            name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        }
        assert AUDIT < tables <= names
        queries = {name: f"SELECT * FROM {name}" for name in tables - AUDIT}  # noqa: S608 -- names of the schema
        return {name: db.execute(query).fetchall() for name, query in queries.items()}


def digest_of(kind: ItemKind, text: str) -> Digest:
    if kind is ItemKind.RUM_REPORT:
        return read_report(text).digest
    is_element = kind is ItemKind.AUTH_REQUEST
    return (read_authorization_item(text) if is_element else read_document(text)).digest


@dataclass(kw_only=True)
class Trial:
    """Hands altered bytes to a real authority that has judged the good ones.

    Attributes:
        portal: The authority.
        items: Returns the documents that bytes hold.
        sender: How they come.
        known: Digests of the good documents.
        sent: Those documents as they were sent.
    """

    portal: Bench
    items: Items
    sender: Sender
    known: frozenset[Digest] = frozenset()
    sent: frozenset[tuple[ItemKind, str]] = frozenset()
    trials: int = 0
    same: int = 0

    def submit(self, data: bytes) -> list[Future[Outcome]]:
        """Hand everything over that the bytes hold, but for documents that are as they were."""
        authority, sender = self.portal.authority, self.sender
        items = (item for item in self.items(data) if item not in self.sent)
        return authority.enqueue_all([command_of(kind, text, sender) for kind, text in items])

    def accept(self, data: bytes) -> None:
        """Hand over what was not altered."""
        for waiting in self.submit(data):
            outcome = settle(waiting)
            assert not isinstance(outcome, Problem)
            assert outcome.verdict is Verdict.ACCEPTED
        self.sent = frozenset(self.items(data))
        self.known = frozenset(digest_of(kind, text) for kind, text in self.sent)

    def try_some(self, some: list[Altered]) -> None:
        """Hand altered bytes over together, as they would come at a busy portal."""
        waiting: list[tuple[Altered, Future[Outcome]]] = []
        for one in some:
            self.trials += 1
            try:
                waiting += [(one, outcome) for outcome in self.submit(one.data)]
            except Problem:
                continue
        for one, later in waiting:
            self.judge(one, settle(later))

    def judge(self, one: Altered, outcome: ReportOutcome | TrustOutcome | Problem) -> None:
        """A document is refused, or it is one of those that are known, to the byte."""
        if not isinstance(outcome, Problem):
            assert outcome.verdict is Verdict.SAME, one.where
            assert outcome.digest in self.known, one.where
            self.same += 1

    def run(self, data: bytes, seed: str) -> None:
        """Try everything."""
        before, left = what_counts(self.portal), altered(data, seed)
        for some in _portions(left):
            self.try_some(some)
            assert what_counts(self.portal) == before, some[0].where


def _portions(left: Iterator[Altered]) -> Iterator[list[Altered]]:
    while some := list(islice(left, TOGETHER)):
        yield some


def a_file(_: Bench) -> bytes:
    device = a_device()
    items = [
        Item(kind=ItemKind.TRUST_REQUEST, text=device.trust_request()),
        Item(kind=ItemKind.RUM_REPORT, text=device.report()),
    ]
    return b"".join(write_file(items))


def a_request(_: Bench) -> bytes:
    device = a_device()
    request = device.trust_request(token="token-1")
    sent = UsageReport(udi=UDI, usage=(device.report(),), trust_requests=(request,))
    return encode_request(
        Request(
            type=MessageType.REPORT_USAGE,
            udi=UDI,
            timestamp=NOW * 1000,
            nonce="0d" * 16,
            reports=(sent,),
        )
    )


def asked_and_returned(portal: Bench) -> tuple[Document, Document]:
    """Return the request of one product instance and the return of another, both trusted."""
    asking, returning = a_licensee(), a_licensee("GGR0002")
    deposit(portal, 4)
    token = portal.token("of both")
    for number, licensee in enumerate((asking, returning)):
        request = licensee.device.trust_request(token=token, key=f"licensing {number}")
        assert portal.trust(request, token=token).verdict is Verdict.ACCEPTED
    returning.install(ask(portal, returning.request((HSEC, 1))))
    return asking.request((HSEC, 1)), returning.give_back()


def an_authorization_file(portal: Bench) -> bytes:
    texts = map(write_authorization_item, asked_and_returned(portal))
    return b"".join(write_file(Item(kind=ItemKind.AUTH_REQUEST, text=text) for text in texts))


def an_authorization_request(portal: Bench) -> bytes:
    return encode_request(
        Request(
            type=MessageType.AUTHORIZATION,
            udi=UDI,
            timestamp=NOW * 1000,
            nonce="0d" * 16,
            authorizations=tuple(map(write_document, asked_and_returned(portal))),
        )
    )


@dataclass(frozen=True)
class Way:
    """A way to the portal: what is sent, and how it is read there.

    Attributes:
        unsigned: How many bytes may say something else, because nobody signs them.
    """

    pipe: Pipe
    make: Callable[[Bench], bytes]
    items: Items
    unsigned: int = 250

    def to(self, portal: Bench) -> Trial:
        token = digest(portal.token().encode()) if self.pipe is Pipe.SMART else None
        account = ACCOUNT if self.pipe is Pipe.FILE else None
        came = Sender(pipe=self.pipe, path="10.0.0.1", uploaded_to=account, token_digest=token)
        return Trial(portal=portal, items=self.items, sender=came)


@pytest.mark.nightly
@pytest.mark.threat("A7", role="cssm")
@pytest.mark.threat("A8", role="cssm")
@pytest.mark.threat("D1", role="cssm")
@pytest.mark.parametrize(
    "way",
    [
        Way(Pipe.FILE, a_file, in_a_file),
        Way(Pipe.SMART, a_request, in_a_request),
        Way(Pipe.FILE, an_authorization_file, in_a_file, unsigned=400),
        Way(Pipe.SMART, an_authorization_request, in_a_request),
    ],
    ids=["usage file", "request", "authorization file", "authorization request"],
)
def test_no_altered_byte_of_what_a_device_sends_counts(
    portal: Bench, way: Way, figures: Figures
) -> None:
    data, trial = way.make(portal), way.to(portal)
    trial.accept(data)
    trial.run(data, way.pipe.value)
    figures.add("altered bytes of outer files and messages tried", trial.trials)
    figures.add("altered bytes outside of what is signed", trial.same)
    assert trial.trials >= 2 * len(data)
    assert trial.same < way.unsigned * BITS
