"""Between commit, signature and answer: the same bodies come out, whatever fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.storage.ledger_sqlite import SqliteLedger
from gauger.core.authority.commands import (
    FoundLedger,
    ImportRootSet,
    OpenSmartAccount,
    RecordEvent,
    RenewAnswer,
)
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.documents.envelope import PageSignature
from gauger.core.documents.page import PageHead
from gauger.core.identity import Digest
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    TAG,
    Bench,
    ManualClock,
    a_device,
    a_factory,
    an_authority,
)


class FailingSigner(FileSigner):
    """A signer whose module fails while it is told to."""

    fails = False

    def sign(self, message: bytes) -> bytes:
        if self.fails:
            raise Problem("key-store-failed", "The key module does not answer.")
        return super().sign(message)


def bodies(outcome: ReportOutcome) -> list[bytes]:
    assert outcome.answer is not None
    return [document.body for document in outcome.answer.documents]


def head_of(outcome: ReportOutcome) -> PageSignature:
    assert outcome.answer is not None
    signature = outcome.answer.acknowledgments[0].signature
    assert isinstance(signature, PageSignature)
    return signature


def failing(portal: Bench) -> FailingSigner:
    good = a_factory().signer()
    signer = FailingSigner(good._key, good.chain)
    portal.restart(signer)
    return signer


@pytest.mark.threat("G6", role="cssm")
@pytest.mark.threat("C10", role="cssm")
def test_a_key_that_fails_signs_nothing_and_the_same_body_comes_later(portal: Bench) -> None:
    signer, item = failing(portal), a_device().report()
    signer.fails = True
    for _ in range(2):
        with pytest.raises(Problem) as caught:
            portal.report(item)
        assert caught.value.code == "key-store-failed"
    reader = portal.authority.reader()
    head = reader.head()
    assert head is not None
    assert head.signature is None
    assert reader.answer_for(reader.reports()[0].digest) is None
    signer.fails = False
    outcome = portal.report(item)

    assert outcome.verdict is Verdict.SAME
    assert head_of(outcome).head == head.body
    reader.close()
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("G6", role="cssm")
def test_a_head_left_unsigned_is_signed_at_the_next_start(portal: Bench) -> None:
    signer, item = failing(portal), a_device().report()
    signer.fails = True
    with pytest.raises(Problem):
        portal.report(item)
    portal.restart()
    outcome = portal.report(item)

    assert outcome.verdict is Verdict.SAME
    assert portal.balance(ACCOUNT) == {TAG: (0, 1, 0)}
    portal.authority.stop()
    examination = examine_ledger(portal.path)
    assert examination.is_whole
    assert not examination.notes


@pytest.mark.threat("G6", role="cssm")
@pytest.mark.threat("J5", role="cssm")
def test_where_the_signer_is_gone_the_same_leaves_stand_in_a_new_page(portal: Bench) -> None:
    both = a_factory().following(signers=("portal", "successor"))
    portal.authority.execute(ImportRootSet(document=both.texts[-1], by="operator"))
    signer, item = failing(portal), a_device().report()
    signer.fails = True
    with pytest.raises(Problem):
        portal.report(item)
    reader = portal.authority.reader()
    frozen = reader.head()
    portal.restart(both.signer("successor"))
    outcome = portal.report(item)

    assert frozen is not None
    assert outcome.verdict is Verdict.SAME
    assert head_of(outcome).head != frozen.body
    reader.close()
    portal.authority.stop()
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("J5", role="cssm")
@pytest.mark.parametrize("name", ["successor", "portal"])
def test_a_signer_may_come_with_the_root_set_that_lists_it(portal: Bench, name: str) -> None:
    both = a_factory().following(signers=("portal", "successor"))
    failed, item = failing(portal), a_device().report()
    failed.fails = True
    with pytest.raises(Problem):
        portal.report(item)
    reader = portal.authority.reader()
    frozen = reader.head()
    reader.close()
    assert frozen is not None
    portal.authority.stop()
    signer = both.signer(name)
    portal.authority = an_authority(portal.path, portal.clock, both, signer)
    portal.authority.open([ImportRootSet(document=one, by="host") for one in both.texts])
    portal.restart(signer)
    outcome = portal.report(item)

    assert outcome.verdict is Verdict.SAME
    # What the same key began, it signs: some device may have it already.
    assert (head_of(outcome).head == frozen.body) == (name == "portal")
    assert [row.by for row in portal.events("root-set")][-1] == "host"
    portal.authority.stop()
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("B6", role="cssm")
@pytest.mark.threat("C1", role="cssm")
def test_a_frozen_body_gets_a_new_signature_when_its_signer_is_revoked(portal: Bench) -> None:
    device = a_device()
    item = device.report()
    first = portal.report(item)
    newer = a_factory().following(signers=("successor",), revoked=("portal",))
    portal.authority.execute(ImportRootSet(document=newer.texts[-1], by="operator"))
    portal.restart(newer.signer("successor"))
    by_digest = portal.authority.answer_for(first.digest)
    again = portal.report(item)

    assert bodies(again) == bodies(first)
    assert by_digest == again.answer
    assert head_of(again).chain != head_of(first).chain
    said = PageHead.from_document(
        replace(first.answer.acknowledgments[0], type="page-head", body=head_of(again).head)
        if first.answer
        else pytest.fail("no answer")
    )
    assert said.signer == newer.signer("successor").key_id
    portal.authority.stop()
    assert examine_ledger(portal.path).is_whole


def test_a_portal_whose_signer_is_revoked_stops_acknowledging(portal: Bench) -> None:
    newer = a_factory().following(signers=("successor",), revoked=("portal",))
    command = ImportRootSet(document=newer.texts[-1], by="operator")
    portal.authority.execute(command)
    with pytest.raises(Problem) as caught:
        portal.report(a_device().report())

    assert caught.value.code == "acknowledging-stopped"
    portal.authority.execute(command)
    portal.authority.stop()
    with pytest.raises(Problem) as refused:
        portal.restart()
    assert refused.value.code == "key-revoked"


def test_answers_are_read_again_by_digest(portal: Bench) -> None:
    outcome = portal.report(a_device().report())
    portal.authority.execute(RecordEvent(kind="a", subject="", detail="", by="x"))

    assert portal.authority.answer_for(outcome.digest) == outcome.answer
    assert portal.authority.answer_for(outcome.digest, a_device("GGR0002").udi) is None
    assert portal.authority.answer_for(Digest("0" * 64)) is None
    with pytest.raises(Problem, match="no answer"):
        portal.authority.execute(RenewAnswer(answers=Digest("0" * 64)))


@pytest.mark.threat("G3", role="cssm")
def test_a_full_disk_refuses_work_by_name_and_reads_go_on(portal: Bench) -> None:
    device = a_device()
    portal.report(device.report())
    db = portal.authority._store._db  # type: ignore[attr-defined]  # the disk of this test
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    codes = set()
    for turn in range(40):
        try:
            portal.report(device.report(((NOW + turn * 9, NOW + turn * 9 + 9, 1),)))
        except Problem as problem:
            codes.add(problem.code)

    assert codes == {"store-full"}
    reader = portal.authority.reader()
    assert reader.instance(device.udi) is not None
    reader.close()
    db.execute("PRAGMA max_page_count = 100000")
    assert portal.report(device.report(((NOW + DAY, NOW + DAY + 9, 1),))).code == "not-yet"
    assert examine_ledger(portal.path).is_whole


def test_a_ledger_begins_once_and_nothing_comes_before(tmp_path: Path) -> None:
    authority = an_authority(tmp_path / "ledger.db", ManualClock(), a_factory())
    authority.start()
    factory = a_factory()
    makers = (factory.manufacturer.to_json(),)
    found = FoundLedger(root_sets=factory.texts, manufacturers=makers, by="x")
    codes = []
    for command in (
        OpenSmartAccount(domain="a.example", name="", by="x"),
        replace(found, root_sets=()),
        found,
        found,
    ):
        try:
            authority.execute(command)
            codes.append("done")
        except Problem as problem:
            codes.append(problem.code)

    assert codes == ["store-missing", "invalid-argument", "done", "store-exists"]
    assert authority.ledger is not None
    authority.stop()
    authority.stop()
    with pytest.raises(Problem, match="stopping"):
        authority.execute(found)


def test_nothing_comes_before_the_beginning_in_the_page_of_the_founding(tmp_path: Path) -> None:
    factory = a_factory()
    authority = an_authority(tmp_path / "ledger.db", ManualClock(), factory)
    authority.open()
    found = FoundLedger(root_sets=factory.texts, manufacturers=(), by="x")
    opened = [OpenSmartAccount(domain=f"{name}.example", name="", by="x") for name in "abc"]
    event = RecordEvent(kind="a", subject="", detail="", by="x")
    bad = replace(found, root_sets=())
    jobs = authority.enqueue_all((event, opened[0], bad, opened[1], found, opened[2]))
    authority.work()
    reader = authority.reader()
    domains = [row.domain for row in reader.smart_accounts(after="", limit=9)]
    kinds = [row.kind for row in reader.events(limit=9)]
    reader.close()
    authority.stop()

    codes = [error.code if isinstance(error := job.exception(), Problem) else "" for job in jobs]
    assert codes == [*["store-missing"] * 2, "invalid-argument", "store-missing", "", ""]
    assert domains == ["c.example"]
    assert kinds[0] == "ledger-opened"
    assert examine_ledger(tmp_path / "ledger.db").is_whole


def test_a_ledger_is_not_founded_under_a_signer_that_nobody_lists(tmp_path: Path) -> None:
    factory = a_factory()
    authority = an_authority(tmp_path / "l.db", ManualClock(), factory, factory.signer("thief"))
    authority.open()
    found = FoundLedger(root_sets=factory.texts, manufacturers=(), by="x")
    behind = OpenSmartAccount(domain="a.example", name="", by="x")
    jobs = authority.enqueue_all((found, behind))
    authority.work()

    refused = [error.code for job in jobs if isinstance(error := job.exception(), Problem)]
    assert refused == ["unknown-key", "store-missing"]
    assert authority.ledger is None
    authority.stop()


def test_one_process_writes_to_a_ledger(portal: Bench) -> None:
    with pytest.raises(Problem) as caught:
        SqliteLedger(portal.path)
    assert caught.value.code == "store-locked"
