"""A ledger that lost pages: backups, copies, and the heads that devices still hold."""

import shutil
from pathlib import Path

import pytest

from gauger.adapters.storage.ledger_backup import backup, restore
from gauger.core.authority.commands import ImportRootSet
from gauger.core.authority.outcomes import ReportOutcome, Verdict
from gauger.core.documents import keyring
from gauger.core.documents.acknowledgment import Acknowledgment
from gauger.core.documents.envelope import preimage
from gauger.core.documents.page import PageHead, SignedHead
from gauger.core.documents.rum_payload import HeldHead
from gauger.core.identity import Digest, digest
from gauger.core.problems import Problem
from gauger.tools.fsck_ledger import examine_ledger
from tests.support.builders import (
    ACCOUNT,
    DAY,
    NOW,
    TAG,
    Bench,
    a_device,
    a_factory,
    a_key,
    a_portal,
    signer_certificate,
)


def wanted(outcome: ReportOutcome) -> tuple[Digest, ...]:
    assert outcome.answer is not None
    return Acknowledgment.from_document(outcome.answer.acknowledgments[0]).wanted


def newest(portal: Bench) -> PageHead:
    head = portal.head()
    assert head.signature is not None
    signed = SignedHead(head=head.body, chain=head.chain, value=head.signature)
    return PageHead.from_document(signed.document)


@pytest.mark.threat("G10", role="cssm")
def test_a_restored_portal_opens_an_epoch_and_gets_back_what_it_lost(
    portal: Bench, tmp_path: Path
) -> None:
    device, items = a_device(), {}
    for turn in range(4):
        item = device.report(((NOW + 900 * turn, NOW + 900 * (turn + 1), 2),))
        items[device.last[TAG]] = item
        device.install(portal.report(item))
        if turn == 1:
            backup(portal.path, tmp_path / "copy.db")
    portal.authority.stop()
    portal.path.rename(tmp_path / "lost.db")
    restore(tmp_path / "copy.db", portal.path)
    portal.restart()

    assert portal.head().epoch == 2
    portal.clock.now = NOW + 4500
    last = portal.report(device.report(((NOW + 3600, NOW + 4500, 2),)))
    assert last.verdict is Verdict.ACCEPTED
    (missing,) = wanted(last)
    (before,) = wanted(portal.report(items[missing]))
    assert not wanted(portal.report(items[before]))
    reader = portal.authority.reader()
    row = reader.instance(device.udi)
    assert row is not None
    assert row.usage[0].count_seconds == 5 * 900 * 2
    assert not reader.gaps()
    reader.close()
    portal.restart()
    assert portal.head().epoch == 2
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("G10", role="cssm")
def test_a_copy_put_back_by_hand_shows_when_a_device_reports(portal: Bench, tmp_path: Path) -> None:
    device, other = a_device(), a_device("GGR0002")
    portal.authority.stop()
    shutil.copy(portal.path, tmp_path / "old.db")
    portal.restart()
    device.install(portal.report(device.report()))
    other.install(portal.report(other.report()))
    portal.authority.stop()
    shutil.copy(tmp_path / "old.db", portal.path)
    portal.restart()
    outcome = portal.report(device.report(((NOW, NOW + 9, 1),)))

    assert device.head is not None
    assert outcome.verdict is Verdict.ACCEPTED
    assert wanted(outcome)
    head = newest(portal)
    assert (head.epoch.number, head.abandons) == (2, (digest(device.head.head),))
    for _ in range(2):
        portal.report(other.report(((NOW, NOW + 9, 1),)))
        other.last.clear()
        other.incarnation = "66" * 16
    reader = portal.authority.reader()
    kinds = [row.kind for row in reader.events()]
    assert kinds.count("epoch-opened") == 2
    assert kinds.count("head-abandoned") == 1
    reader.close()
    assert portal.head().epoch == 2
    assert examine_ledger(portal.path).is_whole


def test_no_epoch_is_opened_under_a_signer_that_has_ended(portal: Bench, tmp_path: Path) -> None:
    device, listed = a_device(), a_factory().following(signers=("portal", "successor"))
    portal.authority.execute(ImportRootSet(document=listed.texts[-1], by="operator"))
    portal.authority.stop()
    shutil.copy(portal.path, tmp_path / "old.db")
    portal.restart(listed.signer("successor"))
    device.install(portal.report(device.report()))
    portal.authority.stop()
    shutil.copy(tmp_path / "old.db", portal.path)
    portal.restart()
    ended = listed.following(signers=("successor",), revoked=("portal",))
    portal.authority.execute(ImportRootSet(document=ended.texts[-1], by="operator"))
    pages, item = portal.head().pages, device.report(((NOW, NOW + 9, 1),))
    with pytest.raises(Problem) as stopped:
        portal.report(item)

    assert stopped.value.code == "acknowledging-stopped"
    assert (portal.head().pages, portal.head().epoch) == (pages, 1)
    portal.restart(ended.signer("successor"))
    assert portal.report(item).verdict is Verdict.ACCEPTED
    assert portal.head().epoch == 2


def test_a_head_of_the_same_epoch_number_in_another_branch_opens_the_next(
    portal: Bench, tmp_path: Path
) -> None:
    """Restored twice from one backup: both branches opened an epoch 2."""
    device = a_device()
    backup(portal.path, tmp_path / "copy.db")
    for _ in range(2):
        portal.authority.stop()
        portal.path.unlink()
        portal.clock.now += DAY
        restore(tmp_path / "copy.db", portal.path)
        portal.restart()
        now = portal.clock.now
        device.install(portal.report(device.report(((now - 9, now, 1),))))

    assert portal.head().epoch == 3


@pytest.mark.parametrize("kind", ["forged", "other-ledger", "altered"])
def test_a_head_that_proves_nothing_is_flagged_and_ignored(
    portal: Bench, tmp_path: Path, kind: str
) -> None:
    device = a_device()
    if kind == "other-ledger":
        with a_portal(tmp_path / "other") as other:
            device.install(other.report(a_device().report()))
    else:
        device.install(portal.report(a_device("GGR0002").report()))
        assert device.head is not None
        body = device.head.head.replace(b'"page":', b'"page":9')
        value = device.head.value
        if kind == "forged":
            value = keyring.sign(a_key("thief"), preimage("page-head", 1, body))
        device.head = HeldHead(head=body, chain=(signer_certificate("thief"),), value=value)
    outcome = portal.report(device.report())

    assert outcome.verdict is Verdict.ACCEPTED
    assert "foreign-head" in outcome.flags
    assert portal.head().epoch == 1


def test_a_backup_is_never_written_over_anything(portal: Bench, tmp_path: Path) -> None:
    backup(portal.path, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    for action, source, target in (
        (backup, portal.path, tmp_path / "copy.db"),
        (restore, tmp_path / "copy.db", portal.path),
    ):
        with pytest.raises(Problem) as caught:
            action(source, target)
        assert caught.value.code == "store-exists"


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no database " * 100)

    for name, code in (
        ("none.db", "store-missing"),
        ("empty.db", "store-missing"),
        ("text.db", "store-damaged"),
    ):
        with pytest.raises(Problem) as caught:
            restore(tmp_path / name, tmp_path / "made.db")
        assert caught.value.code == code
    assert not (tmp_path / "made.db").exists()


def test_a_backup_is_whole(portal: Bench, tmp_path: Path) -> None:
    portal.report(a_device().report())
    backup(portal.path, tmp_path / "copy.db")

    assert examine_ledger(tmp_path / "copy.db").is_whole
    assert a_factory().signers == ("portal",)
    assert portal.balance(ACCOUNT)


def lost(portal: Bench, tmp_path: Path) -> SignedHead:
    """Set a ledger back by hand to what it was; return a head that a device holds of what is gone."""
    device = a_device()
    device.install(portal.report(device.report()))
    portal.authority.stop()
    shutil.copy(portal.path, tmp_path / "old.db")
    portal.restart()
    device.install(portal.report(device.report(((NOW, NOW + 9, 1),))))
    portal.authority.stop()
    shutil.copy(tmp_path / "old.db", portal.path)
    portal.restart()
    assert device.head is not None
    return device.head


@pytest.mark.threat("G10", role="cssm")
def test_a_head_that_a_hello_shows_opens_an_epoch_once(portal: Bench, tmp_path: Path) -> None:
    shown = lost(portal, tmp_path)
    for _ in range(2):
        told = portal.authority.newest_head(shown)
        assert told is not None
        head = told.read()
        assert (head.epoch.number, head.abandons) == (2, (digest(shown.head),))
        # Since when the ledger is another than devices were told, nobody knows.
        assert [item.until for item in head.earlier] == [0]
    assert examine_ledger(portal.path).is_whole


@pytest.mark.threat("G10", role="cssm")
def test_a_hello_writes_nothing_where_its_head_proves_nothing(
    portal: Bench, tmp_path: Path
) -> None:
    device = a_device()
    device.install(portal.report(device.report()))
    own = portal.authority.newest_head()
    assert own is not None
    with a_portal(tmp_path / "other") as other:
        foreign = other.authority.newest_head()
    assert foreign is not None
    altered = SignedHead(
        head=own.head.replace(b'"page":', b'"page":9'), chain=own.chain, value=own.value
    )
    for shown in (None, own, foreign, altered):
        assert portal.authority.newest_head(shown) == own


@pytest.mark.threat("G10", role="cssm")
def test_heads_name_what_each_restore_left(portal: Bench, tmp_path: Path) -> None:
    stood = []
    for turn in range(3):
        device = a_device(f"GGR010{turn}")
        device.install(portal.report(device.report()))
        backup(portal.path, tmp_path / f"{turn}.db")
        stood.append(newest(portal).page + 1)
        portal.authority.stop()
        portal.path.unlink()
        restore(tmp_path / f"{turn}.db", portal.path)
        portal.restart()
        assert [item.until for item in newest(portal).earlier] == stood
    # A start reads from the heads what the running portal knew.
    before = newest(portal).earlier
    portal.restart()
    late = a_device("GGR0200")
    late.install(portal.report(late.report()))
    assert newest(portal).earlier == before
    assert [item.epoch.number for item in before] == [1, 2, 3]
    assert examine_ledger(portal.path).is_whole
