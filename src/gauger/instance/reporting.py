"""Close reports: fix their bytes, sign them, and put them into their chain."""

from dataclasses import dataclass, replace

from gauger.core.documents.authorization_code import HeldCode
from gauger.core.documents.page import SignedHead
from gauger.core.documents.rum_payload import (
    GaugerMeta,
    HaMember,
    InnerSignature,
    Measurement,
    Payload,
    encode_payload,
)
from gauger.core.documents.rum_report import ReportSignature, report_preimage, write_item
from gauger.core.documents.versions import Order
from gauger.core.identity import AccountRef, digest
from gauger.core.instance.report_life import ReportInput, ReportLife, ReportState, step
from gauger.core.ports import Signer
from gauger.core.problems import Problem
from gauger.core.usage.sampling import parted
from gauger.instance import events
from gauger.instance.config import Configuration
from gauger.instance.memory import Draft, read_detail, report_row
from gauger.instance.ports import Store, StoredItem, StoredReport
from gauger.instance.records import ReportDetail, TagRecord, Told, Waiting, pack
from gauger.instance.surroundings import Surroundings, told_by


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningState:
    """With what reports are signed, and what they tell of the product instance's state.

    Attributes:
        signer: The key that signs.
        kind: ``gauger-sudi`` or ``gauger-trust``.
        sudi_chain: Certificates of the SUDI.
        trust_code: The trust-code document as text, where its key signs.
        head: The newest page head held.
        root_number: Number of the root set held.
        policy_order: Order of the policy held.
        account: The account that was installed.
        authorization: The authorization code in force.
    """

    signer: Signer
    kind: str
    sudi_chain: tuple[bytes, ...]
    trust_code: str | None = None
    head: SignedHead | None = None
    root_number: int = 0
    policy_order: Order | None = None
    account: AccountRef | None = None
    authorization: HeldCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Why and when a report is closed.

    Attributes:
        closed_at: When, epoch seconds.
        boot: Nonce of the boot that measured it.
        cause: Why.
    """

    closed_at: int
    boot: str
    cause: ReportInput


def queue_report(
    draft: Draft, record: TagRecord, measurements: tuple[Measurement, ...], closing: Closing
) -> None:
    """Close a tag's open report: it waits to be signed. Where it is empty it stays open.

    What is too much for one report becomes several, one after another.

    Args:
        draft: The change that this becomes part of.
        record: The tag, whose sampler has moved on already.
        measurements: What the report tells.
        closing: Why and when.
    """
    tag = record.sampler.tag
    draft.tags[tag] = record
    parts = list(parted(measurements))
    # Only the last one ends for the reason given; those before it were full.
    for part in parts[:-1]:
        _queue_one(draft, tag, part, replace(closing, cause=ReportInput.CLOSE_BY_SIZE))
    for part in parts[-1:]:
        _queue_one(draft, tag, part, closing)


def _queue_one(
    draft: Draft, tag: str, measurements: tuple[Measurement, ...], closing: Closing
) -> None:
    begin_report(draft, tag, measurements[0].start)
    record = draft.tags[tag]
    waiting = Waiting(
        report_id=record.open_id,
        previous_id=record.previous_id,
        measurements=measurements,
        closed_at=closing.closed_at,
        boot=closing.boot,
        cause=closing.cause,
        told=draft.singles.told,
    )
    draft.tags[tag] = replace(
        record, open_id=0, previous_id=record.open_id, waiting=(*record.waiting, waiting)
    )


def ensure_open(draft: Draft, tag: str, wall: int) -> None:
    """Begin a tag's next report where something is in use."""
    if not draft.tags[tag].sampler.is_idle:
        begin_report(draft, tag, wall)


def begin_report(draft: Draft, tag: str, start: int) -> None:
    """Give a tag an open report if it has none; numbers rise over all tags."""
    record = draft.tags[tag]
    if record.open_id:
        return
    course = draft.singles.course
    # The first is the time: a new incarnation hardly meets numbers that are taken.
    report_id = course.next_id or max(start, 1)
    draft.singles = replace(draft.singles, course=replace(course, next_id=report_id + 1))
    draft.tags[tag] = replace(record, open_id=report_id)
    detail = ReportDetail(tag=tag, previous_id=record.previous_id, start=start)
    draft.put_report(
        StoredReport(report_id=report_id, state=ReportState.OPEN.value, detail=pack(detail))
    )


class Reporting:
    """Signs closed reports, each once."""

    def __init__(self, around: Surroundings, store: Store) -> None:
        """Take what every report carries."""
        self._around = around
        self._store = store
        self.trouble: Problem | None = None

    def sign_waiting(self, draft: Draft, state: SigningState | None) -> None:
        """Sign the reports that are closed; where the key fails they wait on, in order.

        Args:
            draft: The change that the signed reports become part of.
            state: With what to sign; None where there is no key.
        """
        self.trouble = None
        waiting = [tag for tag, record in draft.tags.items() if record.waiting]
        # Told and not raised: usage goes on being measured, and is signed when the key is back.
        if waiting and state is None:
            detail = "The SUDI key is not there: reports are kept and cannot be signed."
            self.trouble = Problem("key-missing", detail)
            return
        try:
            for tag in waiting:
                # In order: each report names the digest of the one before.
                while state is not None and draft.tags[tag].waiting:
                    self._sign_first(draft, tag, state)
        except Problem as problem:
            self.trouble = problem

    def _sign_first(self, draft: Draft, tag: str, state: SigningState) -> None:
        record = draft.tags[tag]
        waiting = record.waiting[0]
        told = _told(waiting, draft.singles.configuration)
        signed = encode_payload(self._payload(record, waiting, state, told))
        signature = ReportSignature(
            udi=self._around.udi,
            signing_type=state.kind,
            key=self._around.profile.software_tag,
            value=state.signer.sign(report_preimage(signed)),
            chain=state.sudi_chain,
            trust_code=state.trust_code,
        )
        detail = ReportDetail(
            tag=tag,
            previous_id=waiting.previous_id,
            start=waiting.measurements[0].start,
            end=waiting.measurements[-1].end,
            closed_at=waiting.closed_at,
            life=step(ReportLife(), waiting.cause),
        )
        row = StoredReport(report_id=waiting.report_id, state="", digest=digest(signed))
        draft.put_report(report_row(row, detail))
        item = write_item(signed, signature).encode()
        draft.put_item(StoredItem(report_id=waiting.report_id, kind="report", content=item))
        self._link(draft, waiting)
        wall = self._around.clock.wall()
        cause = detail.life.reason.value
        draft.log(events.report_closed(wall, waiting.report_id, tag, cause))
        draft.tags[tag] = replace(
            record, waiting=record.waiting[1:], previous_digest=digest(signed)
        )

    def _payload(
        self, record: TagRecord, waiting: Waiting, state: SigningState, told: Told
    ) -> Payload:
        around = self._around
        tag = around.profile.software_tag
        return Payload(
            udi=around.udi,
            report_id=waiting.report_id,
            software_tag=tag,
            entitlement_tag=record.sampler.tag,
            software_version=None if told.withholds_version else around.profile.release.padded,
            utility_enabled=told.is_billed_by_use,
            ha=(HaMember(role="Active", udi=around.udi),),
            measurements=waiting.measurements,
            inner=InnerSignature(signing_type=state.kind, key=tag, value=""),
            meta=GaugerMeta(
                # So that the portal tells a device begun anew from one that hides its last reports.
                incarnation=self._store.incarnation,
                boot=waiting.boot,
                # A report that is left out, altered or told twice breaks this chain at the portal.
                previous=record.previous_digest,
                closed_at=waiting.closed_at,
                # What the device has seen of the ledger: by this a fork of it is found out.
                head=state.head,
                root_number=state.root_number,
                policy_order=state.policy_order,
                account=state.account,
                labels=told.labels,
                # By this the portal knows which code is installed, and which is not any more.
                authorization=state.authorization,
                # Signed along: a portal must be able to tell what was made under a moved clock.
                test_clock=around.clock.is_test,
            ),
        )

    def _link(self, draft: Draft, waiting: Waiting) -> None:
        """Tell the report before which one follows it."""
        row = find_report(draft, self._store, waiting.previous_id)
        if row is not None:
            detail = replace(read_detail(row), next_id=waiting.report_id)
            draft.put_report(report_row(row, detail))


def _told(waiting: Waiting, running: Configuration) -> Told:
    """Return what a report says beside its usage: what was set when it was closed.

    The next boot closes it, under another configuration, if what ran was not saved.
    """
    now = told_by(running)
    then = waiting.told or now
    # Where its key is lost a report is signed long after: what is withheld since is in no new one.
    return replace(then, withholds_version=then.withholds_version or now.withholds_version)


def find_report(draft: Draft, store: Store, report_id: int) -> StoredReport | None:
    """Return a report's row as the draft has it, else as the store has it, or will have it.

    Returns:
        The row; None where there is none or it does not open. What happens to such a report cannot
        be written down, and must not hold up what happens to the others.
    """
    # On a full disk the store's row may be an older one: written back, it would put a report that
    # is closed and signed among the open ones, and that one would never leave.
    known = draft.batch.reports.get(report_id) or draft.unsaved.get(report_id)
    row = known or store.report(report_id)
    return row if row is None or row.fault is None else None
