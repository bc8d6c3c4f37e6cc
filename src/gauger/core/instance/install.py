"""What an answer installs on the product instance: all of it or nothing (spec/answers.md).

Root sets verify by themselves and are installed first, even where the rest is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gauger.core.documents.account_info import AccountInfo
from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.authorization_code import AuthorizationCode
from gauger.core.documents.body import Answer
from gauger.core.documents.envelope import Document
from gauger.core.documents.page import PageHead
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_code import TrustCode, TrustOrigin
from gauger.core.documents.trust_store import TrustStore, Verified, expiry_time
from gauger.core.documents.verdict import Ruling, Verdict
from gauger.core.documents.versions import Mark, Marks, Standing
from gauger.core.identity import AccountRef, Digest
from gauger.core.instance.answers import (
    Companion,
    Holding,
    Install,
    Known,
    Note,
    Parsed,
    Pipe,
    Plan,
    Reply,
    Settled,
    Skipped,
    SkipReason,
    parse,
)
from gauger.core.instance.authorization import Authorized, epoch_dead, judge
from gauger.core.instance.authorization import Standing as Life
from gauger.core.instance.report_life import ReportInput
from gauger.core.instance.trust import TrustState, withdrawn
from gauger.core.problems import Problem

TOLERANCE = 3600
"""Seconds by which a document may be issued after the importer's clock."""


def compare_heads(held: PageHead | None, head: PageHead) -> tuple[bool, Note | None]:
    """Tell whether a verified head is newer than the one held, and what is odd about the two.

    An old head that somebody replays is of a lower place, so it changes nothing.
    """
    # Numbers of two ledgers do not compare: after a move the first head of the new one counts.
    if held is None or held.ledger != head.ledger:
        return True, None
    place, reached = (head.epoch.number, head.page), (held.epoch.number, held.page)
    # One place, two pages: the portal shows somebody else another ledger than us.
    forked = place == reached and head != held
    return place > reached, Note.LEDGER_FORKED if forked else None


_HAPPENED = {
    Ruling.DEFERRED: ReportInput.DEFERRED,
    Ruling.QUARANTINED: ReportInput.QUARANTINED,
    Ruling.REJECTED: ReportInput.REJECTED,
}


def decide(holding: Holding, documents: Sequence[Document], pipe: Pipe) -> Plan:
    """Decide what an answer changes.

    Args:
        holding: What the product instance holds.
        documents: The documents of one answer or file, in order.
        pipe: How it came; only a file is judged by the own clock.

    Returns:
        What to store. ``refusal`` says why nothing but the root sets was taken:
        ``wrong-subject``, ``wrong-audience``, ``wrong-request``, ``wrong-bundle``,
        ``stale-version``, ``version-conflict``, ``issued-in-future``, ``key-revoked``,
        ``wrong-type``, or whatever reading and verifying a document refuses.
    """
    store, root_sets, refusal = _advance(holding.store, documents)
    rest = [document for document in documents if document.type != RootSet.TYPE]
    draft = _Draft(holding, store, pipe)
    if refusal is None:
        try:
            draft.take(rest)
        except Problem as problem:
            refusal = problem
            # All or nothing: what was drafted before the refusal goes, its notes included.
            draft = _Draft(holding, store, pipe)
    return replace(draft.plan(), root_sets=root_sets, refusal=refusal)


def _advance(
    store: TrustStore, documents: Iterable[Document]
) -> tuple[TrustStore, tuple[Document, ...], Problem | None]:
    """Follow the root sets as far as they hold; one below the held one is passed over."""
    taken: list[Document] = []
    for document in documents:
        if document.type != RootSet.TYPE:
            continue
        try:
            # A sender adds the root sets that we may lack; an old one among them is no replay.
            if store.root_set and RootSet.from_document(document).number < store.root_set.number:
                continue
            after = store.advance(document)
        except Problem as problem:
            # What was followed before it stands (spec/answers.md, 1): a rotation must not be lost
            # to one bad document behind it.
            return store, tuple(taken), problem
        # The held one, brought once more, verifies too, and is nothing to store.
        if after.root_digest != store.root_digest:
            taken.append(document)
        store = after
    return store, tuple(taken), None


@dataclass(slots=True)
class _Draft:
    """A plan in the making; nothing of it counts until all of the answer is judged."""

    holding: Holding
    store: TrustStore
    pipe: Pipe
    account: AccountRef | None = field(init=False)
    ledger: str | None = field(init=False)
    marks: Marks = field(init=False)
    trust: TrustState = field(init=False)
    authorized: Authorized = field(init=False)
    head: PageHead | None = field(init=False)
    head_document: Document | None = None
    installs: list[Install] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    renewed: list[Settled] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    wanted: set[Digest] = field(default_factory=set)
    confirmed: set[Digest] = field(default_factory=set)
    notes: set[Note] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.account, self.ledger = self.holding.account, self.holding.ledger
        self.marks, self.trust = self.holding.marks, self.holding.trust
        self.authorized = self.holding.authorized
        self.head = self.holding.head

    def plan(self) -> Plan:
        """Return what was decided."""
        return Plan(
            store=self.store,
            installs=tuple(self.installs),
            settled=tuple(self.settled),
            renewed=tuple(self.renewed),
            account=self.account,
            ledger=self.ledger,
            marks=self.marks,
            trust=self.trust,
            wanted=frozenset(self.wanted),
            confirmed=frozenset(self.confirmed),
            skipped=tuple(self.skipped),
            notes=frozenset(self.notes),
            head=self.head,
            head_document=self.head_document,
        )

    def take(self, documents: Sequence[Document]) -> None:
        """Judge every document of the answer but its root sets."""
        parsed = [parse(document) for document in documents]
        # Form and addressee of all come before the first signature is checked: they cost nothing.
        for item in parsed:
            self._require_mine(item.body)
            self._require_time(item.body)
        # All signatures before the first change: no order of the documents gets one in unverified.
        verified = [self._verify(item) for item in parsed]
        companions, replies = _apart(parsed)
        alone = not replies
        # Not earlier: a list is worth what the signature of its ACK is.
        _require_listed(companions, replies)
        # Account information first: by it the audience of everything else is judged.
        companions.sort(key=_precedence)
        for document, companion in companions:
            self._companion(document, companion, alone=alone)
        for document, reply in sorted(replies, key=_finality):
            self._reply(document, reply)
        # Last: an answer that is refused must not move the head that is sent back.
        for proof in verified:
            self._notice_head(proof)

    def _require_mine(self, body: Reply | Companion) -> None:
        # A genuine answer to another device must not settle or install anything here.
        if body.udi not in (None, self.holding.udi):
            detail = f"The {body.TYPE} is for {body.udi}; this is {self.holding.udi}."
            raise Problem("wrong-subject", detail)

    def _require_time(self, body: Reply | Companion) -> None:
        """Hold a file to the own clock where that was ever set; an answer is only noted."""
        clock = self.holding.clock
        if self.pipe is not Pipe.FILE or clock is None or body.issued_at <= clock + TOLERANCE:
            return
        if isinstance(body, Acknowledgment | Verdict):
            self.notes.add(Note.ISSUED_IN_FUTURE)
            return
        detail = (
            f"The {body.TYPE} was issued at {body.issued_at}; this clock says {clock}, more "
            "than an hour before."
        )
        raise Problem("issued-in-future", detail, issued_at=body.issued_at, clock=clock)

    def _verify(self, item: Parsed) -> Verified:
        holding = self.holding
        now = expiry_time(holding.build_date, self.store.root_set, holding.clock)
        return self.store.verify(item.document, expected=item.document.type, now=now)

    def _require_audience(self, answer: Answer, accounts: frozenset[AccountRef]) -> None:
        if self.ledger not in (None, answer.issuer):
            detail = f"The {answer.TYPE} is of the ledger {answer.issuer}; {self.ledger} is obeyed."
            raise Problem("wrong-audience", detail)
        # Before the first account anybody's fits who is trusted; so does what is for no account.
        if self.account is None or answer.account is None or answer.account in accounts:
            return
        if answer.account != self.account:
            detail = f"The {answer.TYPE} is for {answer.account}; this is of {self.account}."
            raise Problem("wrong-audience", detail)

    def _companion(self, document: Document, body: Companion, *, alone: bool) -> None:
        """Install a versioned document, or pass it over where it is not newer."""
        if not self._may_be_taken(document, body, alone=alone):
            return
        mark = Mark(body.order, document.digest)
        # Alone, an older one is a mistake or a replay, and said; beside an ACK it only came late.
        # The mark is looked at before the audience: an old document of a former ledger is no fault.
        judge = self.marks.require_newer if alone else self.marks.judge
        standing = judge(body.issuer, body.TYPE, mark)
        if standing is Standing.OLDER:
            self._skip(document, SkipReason.OLDER)
            return
        if standing is Standing.SAME and not self._is_lost(document, body):
            self._skip(document, SkipReason.HELD)
            return
        if isinstance(body, AccountInfo):
            self._move(body)
        else:
            self._require_audience(body, frozenset())
        # Its mark stays where it was: the code may come again when its key is there.
        if isinstance(body, TrustCode) and not self._trust_code(document, body, alone=alone):
            return
        if isinstance(body, AuthorizationCode):
            # At once: of two codes in one answer the later one has the last word.
            self.authorized = Authorized(code=body, digest=document.digest, mark=body.epoch)
        self.installs.append(Install(document=document, body=body))
        self.marks = self.marks.raised(body.issuer, body.TYPE, mark)

    def _may_be_taken(self, document: Document, body: Companion, *, alone: bool) -> bool:
        """Judge what a type asks beyond its version; pass over a dead authorization code."""
        if alone and isinstance(body, TrustCode):
            self._require_current(body)
        # By its epoch before its version: a code that was given back is neither held nor lost.
        return not isinstance(body, AuthorizationCode) or self._is_alive(
            document, body, alone=alone
        )

    def _is_alive(self, document: Document, code: AuthorizationCode, *, alone: bool) -> bool:
        """Tell whether an authorization code may be installed; pass over one that may not."""
        life = judge(self.authorized, code, document.digest)
        if life is Life.NEW:
            return True
        if life is Life.DEAD and alone:
            raise epoch_dead(self.authorized, code)
        dead = life is Life.DEAD
        self._skip(document, SkipReason.EPOCH_DEAD if dead else SkipReason.HELD)
        return False

    def _is_lost(self, document: Document, body: Companion) -> bool:
        """Tell whether the newest document of its type is in force no more, and should be.

        A mark outlives the store that held its document. What is passed over for the mark alone
        would be lacking until there is a newer one.
        """
        return document.digest not in self.holding.held and self.ledger in (None, body.issuer)

    def _move(self, info: AccountInfo) -> None:
        """Take an account; only the ledger that is obeyed may name another one, or another ledger.

        Where the operator asked for it by an ID token with force, any trusted ledger may.
        """
        if self.ledger not in (None, info.issuer) and not self.holding.adopt:
            detail = f"The account is named by the ledger {info.issuer}; {self.ledger} is obeyed."
            raise Problem("wrong-audience", detail)
        # At once: the rest of this answer is judged as the new account's.
        self.account, self.ledger = info.account, info.ledger

    def _trust_code(self, document: Document, code: TrustCode, *, alone: bool) -> bool:
        """Take a trust code for a key of our own; return whether it is installed."""
        self._require_current(code)
        # A valid trust code for a key of somebody else would have every report refused from now on.
        if code.key_id not in self.holding.keys:
            if alone:
                detail = "The trust code is for a key that this product instance does not hold."
                raise Problem("wrong-request", detail, key_id=code.key_id)
            self._skip(document, SkipReason.KEY_GONE)
            return False
        asked = self.trust.asked
        # A code for an earlier key does not end the waiting: the request's own answer is to come.
        answered = asked is not None and asked.key_id == code.key_id
        self.trust = replace(self.trust, installed=code, asked=None if answered else asked)
        return True

    def _require_current(self, code: TrustCode) -> None:
        """Refuse a trust code that was revoked, or that one of the portal has replaced."""
        self.store.require_not_revoked(code.key_id)
        # An old bundle's file would else put back a key that is refused for direct communication.
        if code.origin is TrustOrigin.FACTORY and self.trust.is_established:
            detail = "A trust code of the portal is in use; the factory's has been replaced."
            raise Problem("stale-version", detail)

    def _reply(self, document: Document, body: Reply) -> None:
        """Take the answer to a document of our own; one that is settled already is a no-op."""
        known = self._known(body)
        if known.is_acknowledged:
            self._acknowledged_again(document, body, known)
            return
        late = known.answered_at is not None and body.issued_at < known.answered_at
        # Files come in any order: a quarantine from before must not undo what was decided since.
        if late and isinstance(body, Verdict):
            self._skip(document, SkipReason.OLDER)
            return
        self._require_audience(body, self.holding.former)
        happened = ReportInput.ACKED
        if isinstance(body, Verdict):
            happened = _HAPPENED[body.verdict]
        else:
            self._heed(body)
        # Deferred or quarantined, it is still owed its answer and keeps waiting.
        if known.type is AnsweredType.TRUST_REQUEST and happened in FINAL:
            self.trust = withdrawn(self.trust, body.answers)
        self.settled.append(_settled(document, body, known.type, happened))

    def _acknowledged_again(self, document: Document, body: Reply, known: Known) -> None:
        """Pass over an answer to what is acknowledged, but for the wish of a portal set back.

        A portal that was restored acknowledges anew and asks for the report before; so the whole
        chain that it lost comes back, link by link. An old ACK wishes nothing.
        """
        is_newer = known.answered_at is not None and body.issued_at > known.answered_at
        if isinstance(body, Acknowledgment) and is_newer:
            self._require_audience(body, self.holding.former)
            self._heed(body)
        # Whether its page takes the place of the one that was lost is seen by the newest head
        # (spec/report-life.md, 7), which this answer may itself bring.
        if isinstance(body, Acknowledgment) and known.type is AnsweredType.RUM_REPORT:
            self.renewed.append(_settled(document, body, known.type, ReportInput.ACKED))
        self._skip(document, SkipReason.ACKNOWLEDGED)

    def _heed(self, ack: Acknowledgment) -> None:
        """Take what an ACK confirms and wishes; what was acknowledged since is wished no more."""
        self.confirmed.add(ack.answers)
        for digest in ack.wanted:
            known = self.holding.known.get(digest)
            since = None if known is None or not known.is_acknowledged else known.answered_at
            if since is None or since < ack.issued_at:
                self.wanted.add(digest)

    def _known(self, body: Reply) -> Known:
        known = self.holding.known.get(body.answers)
        if known is None:
            detail = f"The {body.TYPE} answers {body.answers}, which was never made here."
            raise Problem("wrong-request", detail)
        # An ACK for one type must not settle a document of the other that has the digest.
        if isinstance(body, Acknowledgment) and body.answers_type is not known.type:
            detail = f"The ACK is for a {body.answers_type}; what it answers is a {known.type}."
            raise Problem("wrong-request", detail)
        return known

    def _notice_head(self, proof: Verified) -> None:
        """Keep the newest page head of the ledger that is obeyed, to send it back."""
        head = proof.head
        # One signed by itself carries no head; that of another ledger says nothing here.
        if head is None or self.ledger not in (None, head.ledger):
            return
        is_newer, note = compare_heads(self.head, head)
        if note is not None:
            self.notes.add(note)
        if is_newer:
            self.head, self.head_document = head, proof.document

    def _skip(self, document: Document, reason: SkipReason) -> None:
        self.skipped.append(Skipped(type=document.type, digest=document.digest, reason=reason))


def _settled(document: Document, body: Reply, kind: AnsweredType, happened: ReportInput) -> Settled:
    return Settled(digest=body.answers, type=kind, happened=happened, document=document, body=body)


FINAL = {ReportInput.ACKED, ReportInput.REJECTED}
"""What ends the waiting of a request; deferred or quarantined, it is still owed its answer."""


def _apart(
    parsed: Iterable[Parsed],
) -> tuple[list[tuple[Document, Companion]], list[tuple[Document, Reply]]]:
    companions: list[tuple[Document, Companion]] = []
    replies: list[tuple[Document, Reply]] = []
    for item in parsed:
        if isinstance(item.body, Acknowledgment | Verdict):
            replies.append((item.document, item.body))
        else:
            companions.append((item.document, item.body))
    return companions, replies


def _require_listed(
    companions: Iterable[tuple[Document, Companion]], replies: Sequence[tuple[Document, Reply]]
) -> None:
    """Refuse parts of another answer: what comes with an ACK must be listed by one."""
    if not replies:
        return
    # Else a carrier could put last month's policy, validly signed, beside this month's ACK.
    listed = {
        companion.digest
        for _, reply in replies
        if isinstance(reply, Acknowledgment)
        for companion in reply.companions
    }
    for document, body in companions:
        if document.digest not in listed:
            detail = f"No ACK of the file lists the {body.TYPE} that is in it."
            raise Problem("wrong-bundle", detail, digest=document.digest)


def _precedence(item: tuple[Document, Companion]) -> tuple[bool, tuple[int, int, int]]:
    # Lower versions first: behind the higher one, a lower one would be refused as stale.
    order = item[1].order
    is_account = isinstance(item[1], AccountInfo)
    return not is_account, (order.root_epoch, order.ledger_epoch, order.version)


def _finality(item: tuple[Document, Reply]) -> tuple[bool, int]:
    """An ACK comes after the verdicts before it: it is the last word."""
    return isinstance(item[1], Acknowledgment), item[1].issued_at
