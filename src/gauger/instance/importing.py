"""Take an answer in: what the core decided becomes part of a draft."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gauger.core.documents.acknowledgment import Acknowledgment, AnsweredType
from gauger.core.documents.authorization_code import AuthorizationCode, confirmation_code
from gauger.core.documents.envelope import Document, write_document
from gauger.core.documents.page import PageHead, SignedHead
from gauger.core.documents.trust_store import expiry_time
from gauger.core.documents.verdict import Verdict
from gauger.core.identity import Digest
from gauger.core.instance.answers import Holding, Known, Pipe, Plan, Settled, questions
from gauger.core.instance.install import FINAL, compare_heads, decide
from gauger.core.instance.report_life import KEPT, RETENTION, ReportInput, ReportState, step
from gauger.core.policy.deadlines import after_ack
from gauger.core.problems import Problem
from gauger.instance import authorizing, events, history, unreadable
from gauger.instance.holdings import HEAD, Holdings, own_keys, read_marks, write_marks
from gauger.instance.looking_back import LookingBack
from gauger.instance.memory import Draft, read_detail, report_row
from gauger.instance.ports import Store, StoredItem, StoredReport
from gauger.instance.records import HeldDocument, Past, ReportDetail
from gauger.instance.reporting import find_report
from gauger.instance.rooting import agreeing, take_root_set
from gauger.instance.surroundings import Surroundings
from gauger.instance.views import ImportResult

_PURGED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of an answer.

    Attributes:
        result: What it brought.
        refusal: Why nothing but root sets was taken, or None.
        verdict: The portal's verdict on a request or return, where it is no ACK.
    """

    result: ImportResult
    refusal: Problem | None
    verdict: Verdict | None = None


class Importing:
    """Judges answers against what is held, and writes down what they change."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Take where reports are looked up and by which clock answers are judged."""
        self._around = around
        self._store = store
        self._back = LookingBack(store)
        self._rows: dict[Digest, StoredReport | None] = {}

    def take(
        self, draft: Draft, holdings: Holdings, documents: Sequence[Document], pipe: Pipe
    ) -> Taken:
        """Take the documents of one answer or file.

        Args:
            draft: The change that they become part of; root sets even where the rest is refused.
            holdings: What is in force.
            documents: The documents, in order.
            pipe: How they came.
        """
        # The rows of the answer before: the store has changed since.
        self._rows.clear()
        try:
            known = self._known(draft, questions(documents))
        except Problem:
            known = {}  # `decide` refuses for the same reason, after it took the root sets
        plan = agreeing(draft, decide(self._holding(draft, holdings, known), documents, pipe))
        for document in plan.root_sets:
            take_root_set(self._around, draft, document)
        # Root sets stand even so: they prove themselves, and may be what the next answer needs.
        if plan.refusal is None:
            self._apply(draft, holdings, plan)
            self._note(draft, plan, pipe)
        return Taken(
            result=replace(self._result(plan), confirmations=_confirmations(holdings, plan)),
            refusal=plan.refusal,
            verdict=_paper_verdict(plan),
        )

    def _note(self, draft: Draft, plan: Plan, pipe: Pipe) -> None:
        """Write what came into the message history."""
        # Each once: a file of thousands of ACKs is one line of it.
        acks = [
            item
            for item in plan.settled
            if item.type is AnsweredType.RUM_REPORT and item.happened is ReportInput.ACKED
        ]
        way = "by file" if pipe is Pipe.FILE else "from the portal"
        line = Past(at=self._around.clock.wall(), what=way, outcome="OK")
        history.taken_in(draft, [item.document.type for item in plan.installs], len(acks), line)

    def _holding(self, draft: Draft, holdings: Holdings, known: dict[Digest, Known]) -> Holding:
        trust = draft.singles.trust
        return Holding(
            udi=self._around.udi,
            store=holdings.store,
            marks=read_marks(draft.marks),
            held=holdings.digests,
            account=holdings.account_ref,
            ledger=holdings.ledger,
            former=frozenset(draft.singles.course.former),
            trust=holdings.trust(trust),
            authorized=authorizing.authorized(holdings, draft.singles),
            keys=own_keys(trust),
            known=known,
            head=holdings.page_head,
            clock=self._around.own_clock(),
            build_date=self._around.build_date,
            adopt=trust.adopt,
        )

    def _known(self, draft: Draft, digests: frozenset[Digest]) -> dict[Digest, Known]:
        known = _known_papers(draft)
        # One look for each digest: a file may answer thousands of reports.
        for digest in digests - known.keys():
            row = self._held_row(digest)
            if row is not None and row.fault is not None:
                # Made here, that much is sure. Unknown, it would have the whole answer refused, and
                # with it the ACKs of all others, each time anew.
                known[digest] = Known(type=AnsweredType.RUM_REPORT)
            elif row is not None:
                detail = read_detail(row)
                known[digest] = Known(
                    type=AnsweredType.RUM_REPORT,
                    is_acknowledged=detail.life.is_acknowledged,
                    answered_at=detail.answered_at,
                )
        return known

    def _hold(self, draft: Draft, name: str, document: Document) -> None:
        wall = self._around.clock.wall()
        draft.documents[name] = HeldDocument(text=write_document(document), installed_at=wall)
        # A store that is copied back must not bring an older policy or trust code into force again.
        draft.batch.anchored = True
        # A head comes with every answer; the event log would soon hold nothing else.
        if name != HEAD:
            draft.log(events.installed(wall, name, self._around.udi))

    def _apply(self, draft: Draft, holdings: Holdings, plan: Plan) -> None:
        for install in plan.installs:
            self._hold(draft, install.document.type, install.document)
            if isinstance(install.body, AuthorizationCode):
                authorizing.installed(draft, self._around, install.body)
        if plan.head_document is not None:
            text = write_document(plan.head_document)
            draft.documents[HEAD] = HeldDocument(text=text, installed_at=0)
        for settled in plan.settled:
            self._settle(draft, settled)
        # Marks only rise: an older policy that is replayed is known by them (spec/versions.md).
        draft.marks = write_marks(plan.marks)
        self._trust(draft, plan)
        self._course(draft, holdings, plan)
        # After the course: it takes the reports of this answer as they stand by now.
        self._look_back(draft, plan)
        draft.log(*(events.noticed(self._around.clock.wall(), note) for note in plan.notes))
        # With each answer: only what is acknowledged ever goes, so no timer is needed.
        self._purge(draft)

    def learn(self, draft: Draft, holdings: Holdings, shown: SignedHead) -> None:
        """Take a head that the portal shows by itself, as the answer to a hello.

        Raises:
            Problem: Where nobody who is trusted has signed it.
        """
        around = self._around
        now = expiry_time(around.build_date, holdings.store.root_set, around.own_clock())
        head, held = holdings.store.verify_head(shown, now=now), holdings.page_head
        # Of another portal: whatever its pages are, they say nothing of this device's answers.
        if holdings.ledger not in (None, head.ledger):
            return
        is_newer, note = compare_heads(held, head)
        if note is not None:
            draft.log(events.noticed(around.clock.wall(), note))
        if is_newer:
            text = write_document(shown.document)
            draft.documents[HEAD] = HeldDocument(text=text, installed_at=0)
            held = head
        self._back.survey(draft, held, around.clock.wall())
        self._back.recall_return(draft, held)

    def _look_back(self, draft: Draft, plan: Plan) -> None:
        """Find what the ledger has lost of what is acknowledged, and what it has got back."""
        self._back.survey(draft, plan.head, self._around.clock.wall())
        for settled in plan.renewed:
            self._renew(draft, plan.head, settled)
        wanted = set(draft.singles.course.wanted)
        for settled in plan.settled:
            # A file may bring an ACK late, from pages that were given up meanwhile.
            row = self._row(draft, settled)
            if row is not None and self._back.is_lost(draft, plan.head, row):
                wanted.add(row.report_id)
        self._want(draft, wanted)
        self._back.recall_return(draft, plan.head)

    def _renew(self, draft: Draft, head: PageHead | None, settled: Settled) -> None:
        """Put another ACK in the place of one that was lost; an ACK that was lost renews nothing."""
        row = self._row(draft, settled)
        if row is None or not self._back.is_lost(draft, head, row):
            return
        detail = read_detail(row)
        page = self._back.ack_page(draft, settled.document)
        detail = replace(detail, answered_at=settled.body.issued_at, ack_page=page)
        renewed = report_row(replace(row, acked_at=self._around.clock.wall()), detail)
        is_held = detail.life.state is ReportState.ACKNOWLEDGED
        if not is_held or page is None or self._back.is_lost(draft, head, renewed):
            return
        ack = write_document(settled.document).encode()
        draft.put_report(renewed)
        draft.put_item(
            StoredItem(report_id=row.report_id, kind="ack", content=ack, compressed=True)
        )
        self._want(draft, set(draft.singles.course.wanted) - {row.report_id})

    def _row(self, draft: Draft, settled: Settled) -> StoredReport | None:
        row = self._held_row(settled.digest)
        return None if row is None else find_report(draft, self._store, row.report_id)

    def _want(self, draft: Draft, wanted: set[int]) -> None:
        course = replace(draft.singles.course, wanted=tuple(sorted(wanted)))
        draft.singles = replace(draft.singles, course=course)

    def _trust(self, draft: Draft, plan: Plan) -> None:
        record = draft.singles.trust
        answered = [item.digest for item in plan.settled if item.type is AnsweredType.TRUST_REQUEST]
        asked = plan.trust.asked
        draft.singles = replace(
            draft.singles,
            trust=replace(
                record,
                asked=asked,
                document=None if asked is None else record.document,
                answered=tuple(dict.fromkeys((*record.answered, *answered)))[-len(record.made) :],
                adopt=record.adopt and asked is not None,
            ),
        )

    def _course(self, draft: Draft, holdings: Holdings, plan: Plan) -> None:
        course = draft.singles.course
        former = course.former
        if holdings.account_ref is not None and plan.account != holdings.account_ref:
            # An answer of the account before may still come late; it is then told for what it is.
            former = tuple(dict.fromkeys((*former, holdings.account_ref)))
        confirmed = {self._held_id(digest) for digest in plan.confirmed}
        wanted = {*course.wanted, *(self._held_id(digest) for digest in plan.wanted)}
        course = replace(
            course,
            former=former,
            wanted=tuple(sorted(wanted - confirmed - {0})),
            unanswered=tuple(item for item in course.unanswered if item not in confirmed),
        )
        draft.singles = replace(draft.singles, course=course)

    def _held_row(self, digest: Digest) -> StoredReport | None:
        """Return a row of the store, which nothing changes while one answer is taken."""
        if digest not in self._rows:
            self._rows[digest] = self._store.report_by_digest(digest)
        return self._rows[digest]

    def _held_id(self, digest: Digest) -> int:
        """Return the number of a report whose bytes are still there, else 0."""
        row = self._held_row(digest)
        if row is None or row.fault is not None:
            return 0
        # Wanted for ever and never sent: what is gone from here cannot be given.
        if unreadable.item_of(self._store, row.report_id, "report") is None:
            return 0
        return row.report_id

    def _settle(self, draft: Draft, settled: Settled) -> None:
        if settled.type is not AnsweredType.RUM_REPORT:
            self._settle_paper(draft, settled)
            return
        row = self._held_row(settled.digest)
        if row is None:
            return
        # As the draft has it: an earlier document of this answer may have changed it.
        row = find_report(draft, self._store, row.report_id) or row
        if row.fault is not None:
            unreadable.note(draft, {row.report_id: row.fault}, self._around.clock.wall())
            return
        before = read_detail(row)
        detail = replace(
            before,
            life=step(before.life, settled.happened),
            verdict=_verdict_text(settled),
            answered_at=settled.body.issued_at,
        )
        wall = self._around.clock.wall()
        if settled.happened is ReportInput.ACKED:
            detail = replace(detail, ack_page=self._back.ack_page(draft, settled.document))
            draft.put_report(report_row(replace(row, acked_at=wall), detail))
            self._acknowledged(draft, row, detail, settled)
        else:
            draft.put_report(report_row(row, detail))
            self._judged(draft, row.report_id, settled)

    def _settle_paper(self, draft: Draft, settled: Settled) -> None:
        """Take the answer to a request or return."""
        wall, is_trust = self._around.clock.wall(), settled.type is AnsweredType.TRUST_REQUEST
        if isinstance(settled.body, Verdict):
            # It may come by a poll or a file, long after the operator asked.
            judged = events.trust_judged if is_trust else events.authorization_judged
            draft.log(judged(wall, settled.body))
        if not is_trust and settled.happened in FINAL:
            acked = settled.happened is ReportInput.ACKED
            page = self._back.ack_page(draft, settled.document) if acked else None
            authorizing.settled(draft, settled.digest, page, acked=acked)

    def _acknowledged(
        self, draft: Draft, row: StoredReport, detail: ReportDetail, settled: Settled
    ) -> None:
        wall, report_id = self._around.clock.wall(), row.report_id
        signed = unreadable.item_of(self._store, report_id, "report")
        # From now on both are evidence, read once in a while: compressed, years of it fit.
        ack = write_document(settled.document).encode()
        if signed is not None:
            draft.put_item(
                StoredItem(report_id=report_id, kind="report", content=signed, compressed=True)
            )
            draft.put_item(
                StoredItem(report_id=report_id, kind="ack", content=ack, compressed=True)
            )
        self._note_told(draft, detail.tag, report_id)
        course = draft.singles.course
        course = replace(
            course,
            last_ack=wall,
            rejected=tuple(item for item in course.rejected if item != report_id),
            wanted=tuple(item for item in course.wanted if item != report_id),
        ).with_changes(after_ack(course.changes, detail.end))
        draft.singles = replace(draft.singles, course=course)
        draft.log(events.report_acknowledged(wall, report_id))

    def _note_told(self, draft: Draft, tag: str, report_id: int) -> None:
        record = draft.tags.get(tag)
        # ACKs come in any order, and files bring old ones: what is told stays told.
        if record is not None and report_id > (record.acked_id or 0):
            draft.tags[tag] = replace(record, acked_id=report_id)

    def _judged(self, draft: Draft, report_id: int, settled: Settled) -> None:
        course = draft.singles.course
        rejected = {item for item in course.rejected if item != report_id}
        if settled.happened is ReportInput.REJECTED:
            # Only a person sends it again: the same bytes are rejected the same way.
            rejected.add(report_id)
        course = replace(course, rejected=tuple(sorted(rejected)))
        draft.singles = replace(draft.singles, course=course)
        code = settled.body.code if isinstance(settled.body, Verdict) else ""
        wall = self._around.clock.wall()
        draft.log(events.report_judged(wall, report_id, settled.happened.value, code))

    def _purge(self, draft: Draft) -> None:
        """Drop bytes that are past their retention; the digest stays."""
        oldest = self._around.clock.wall() - RETENTION
        wanted = draft.singles.course.wanted
        purged = 0
        for report_id in self._store.purgeable(oldest, KEPT):
            # Bounded: after years offline all at once would hold up measuring. By what is purged:
            # rows that rotted stay the oldest, and would keep all younger bytes for ever.
            if purged == _PURGED_AT_ONCE:
                return
            row = find_report(draft, self._store, report_id)
            if row is None or report_id in wanted:
                continue  # what was wanted just now is not dropped before it is sent
            if row.acked_at is None or row.acked_at >= oldest:
                continue  # its ACK was renewed just now, and its retention with it
            detail = read_detail(row)
            purged += 1
            expired = replace(detail, life=step(detail.life, ReportInput.EXPIRED))
            draft.put_report(report_row(row, expired))
            for kind in ("report", "ack"):
                draft.put_item(StoredItem(report_id=report_id, kind=kind, content=None))

    def _result(self, plan: Plan) -> ImportResult:
        acknowledged: list[int] = []
        refused: list[tuple[int, str]] = []
        for settled in plan.settled:
            row = self._held_row(settled.digest)
            if row is None:
                continue
            if isinstance(settled.body, Acknowledgment):
                acknowledged.append(row.report_id)
            else:
                refused.append((row.report_id, settled.body.code))
        return ImportResult(
            acknowledged=tuple(sorted(acknowledged)),
            refused=tuple(sorted(refused)),
            installed=(
                *(document.type for document in plan.root_sets),
                *(install.document.type for install in plan.installs),
            ),
            skipped=tuple(item.type for item in plan.skipped),
        )


def joined(results: Sequence[ImportResult]) -> ImportResult:
    """Return what several slices of one file brought."""
    return ImportResult(
        acknowledged=tuple(sorted(item for one in results for item in one.acknowledged)),
        refused=tuple(sorted(item for one in results for item in one.refused)),
        installed=tuple(item for one in results for item in one.installed),
        skipped=tuple(item for one in results for item in one.skipped),
        confirmations=tuple(item for one in results for item in one.confirmations),
    )


def _confirmations(holdings: Holdings, plan: Plan) -> tuple[str, ...]:
    """Return the confirmation codes of what takes an authorization code's place."""
    if holdings.authorization is None:
        return ()
    codes = (item for item in plan.installs if isinstance(item.body, AuthorizationCode))
    return tuple(confirmation_code(item.document.digest) for item in codes)


def _known_papers(draft: Draft) -> dict[Digest, Known]:
    """Return what was made here beside reports, by digest."""
    trust, asked = draft.singles.trust, draft.singles.authorization
    made = (
        (AnsweredType.TRUST_REQUEST, trust.made, trust.answered),
        (AnsweredType.AUTHORIZATION_REQUEST, asked.requests, asked.answered),
        (AnsweredType.AUTHORIZATION_RETURN, asked.returns, asked.answered),
    )
    return {
        digest: Known(type=kind, is_acknowledged=digest in answered)
        for kind, digests, answered in made
        for digest in digests
    }


def _paper_verdict(plan: Plan) -> Verdict | None:
    for item in plan.settled:
        if item.type is not AnsweredType.RUM_REPORT and isinstance(item.body, Verdict):
            return item.body
    return None


def _verdict_text(settled: Settled) -> str | None:
    if isinstance(settled.body, Verdict):
        return f"{settled.body.verdict.value}: {settled.body.code}, {settled.body.detail}"
    flags = ", ".join(settled.body.flags)
    return f"accepted, noticed: {flags}" if flags else "accepted"
