"""The licensing root: made, extended, rotated, revoked."""

import dataclasses
from pathlib import Path

import pytest

from gauger.adapters.keys.file import FileSigner
from gauger.adapters.keys.trust_folder import read_root_sets
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.documents.keyring import load_certificate
from gauger.core.documents.root_set import RootSet
from gauger.core.documents.trust_store import TrustStore
from gauger.core.identity import Digest, digest
from gauger.tools.trust import EMBEDDED, SIGNER_DAYS, Quorum, RootFolder, SignerOrder
from gauger.tools.workshop import DAY, Workshop
from tests.core.documents.material import NOW, refused
from tests.tools.material import ENTROPY, SetClock, workshop


@pytest.fixture
def root(tmp_path: Path) -> RootFolder:
    folder = RootFolder(tmp_path / "root", workshop())
    folder.create(Quorum())
    return folder


def test_a_new_root_has_three_keys_and_no_signer(root: RootFolder) -> None:
    made = root.newest()
    assert (made.number, made.epoch, made.threshold, len(made.keys)) == (1, 1, 2, 3)
    assert made.signers == ()
    assert made.issued_at == NOW
    assert len(list(root.path.glob("root-*.key.pem"))) == 3


def test_a_root_is_made_once(root: RootFolder) -> None:
    with refused("conflict"):
        root.create(Quorum())
    with refused("invalid-argument"):
        RootFolder(root.path / "other", workshop()).create(Quorum(keys=2, threshold=3))


def test_an_empty_folder_holds_no_root(tmp_path: Path) -> None:
    with refused("key-missing"):
        RootFolder(tmp_path, workshop()).newest()


def test_a_signer_is_listed_in_the_next_root_set(root: RootFolder, tmp_path: Path) -> None:
    order = SignerOrder(name="Portal", ledger="aa" * 16, delegates=True)
    listed = root.issue_signer(tmp_path / "portal", order)
    assert root.newest().signers == (listed,)
    assert root.newest().number == 2
    signer = FileSigner.load(tmp_path / "portal")
    assert signer.key_id == listed.key_id
    assert signer.chain == (listed.certificate,)
    with refused("conflict"):
        root.issue_signer(tmp_path / "portal", order)


@pytest.mark.threat("C2")
@pytest.mark.parametrize(
    "order",
    [
        SignerOrder(name="N" * 65),
        SignerOrder(name=""),
        SignerOrder(name="Portal", ledger="nonsense"),
    ],
)
def test_a_signer_that_cannot_be_leaves_no_key_in_the_way_of_the_next(
    root: RootFolder, tmp_path: Path, order: SignerOrder
) -> None:
    with refused("invalid-argument"):
        root.issue_signer(tmp_path / "portal", order)
    assert root.newest().signers == ()
    root.issue_signer(tmp_path / "portal", SignerOrder(name="Portal"))


def test_two_signers_overlap_until_the_older_expires(root: RootFolder, tmp_path: Path) -> None:
    root.issue_signer(tmp_path / "old", SignerOrder(name="old", days=1))
    root = dataclasses.replace(root, workshop=workshop(SetClock(NOW + DAY - 1)))
    root.issue_signer(tmp_path / "new", SignerOrder(name="new"))
    assert len(root.newest().signers) == 2
    ends = [load_certificate(each.certificate).not_after for each in root.newest().signers]
    assert ends == [NOW + DAY, NOW + DAY - 1 + SIGNER_DAYS * DAY]


@pytest.mark.threat("C4")
def test_one_root_key_lists_nobody(root: RootFolder, tmp_path: Path) -> None:
    (root.path / "root-2.key.pem").unlink()
    (root.path / "root-3.key.pem").rename(tmp_path / "elsewhere.pem")
    with refused("root-threshold"):
        root.issue_signer(tmp_path / "s", SignerOrder(name="s"))
    assert not (tmp_path / "s").exists()
    tmp_path.chmod(0o700)
    dataclasses.replace(root, extra_keys=(tmp_path / "elsewhere.pem",)).issue_signer(
        tmp_path / "s", SignerOrder(name="s")
    )
    assert root.newest().number == 2


def test_rotation_replaces_the_keys_and_opens_an_epoch(root: RootFolder, tmp_path: Path) -> None:
    root.issue_signer(tmp_path / "s", SignerOrder(name="s"))
    before = root.newest()
    rotated = root.rotate(Quorum(keys=5, threshold=3))
    assert {key.key_id for key in rotated.keys}.isdisjoint(key.key_id for key in before.keys)
    assert (rotated.epoch, rotated.threshold, len(rotated.keys)) == (2, 3, 5)
    assert rotated.signers == before.signers
    assert len(root.rotate().keys) == 5
    assert root.store().root_set == root.newest()


def test_a_rotation_that_makes_no_sense_leaves_no_key_behind(root: RootFolder) -> None:
    with refused("invalid-argument"):
        root.rotate(Quorum(keys=2, threshold=3))
    assert len(list(root.path.glob("root-*.key.pem"))) == 3


def test_two_processes_never_sign_the_next_root_set_at_once(
    root: RootFolder, tmp_path: Path
) -> None:
    with WriterLock(root.path / "lock"):
        for act in (
            lambda: root.issue_signer(tmp_path / "portal", SignerOrder(name="Portal")),
            root.rotate,
            lambda: root.revoke(digest(b"a key")),
        ):
            with refused("store-locked"):
                act()
    assert root.newest().number == 1
    assert not (tmp_path / "portal").exists()


def test_many_rotations_still_fit_a_document(root: RootFolder) -> None:
    for _ in range(8):
        root.rotate()
    assert root.newest().number == 9


@pytest.mark.threat("C1")
@pytest.mark.threat("B10")
def test_revoking_a_signer_unlists_it_and_opens_an_epoch(root: RootFolder, tmp_path: Path) -> None:
    listed = root.issue_signer(tmp_path / "s", SignerOrder(name="s"))
    revoked = root.revoke(listed.key_id)
    assert revoked.signers == ()
    assert revoked.revoked == (listed.key_id,)
    assert revoked.epoch == 2
    with refused("conflict"):
        root.revoke(listed.key_id)


def test_what_is_revoked_may_be_any_key_but_a_root_key(root: RootFolder) -> None:
    assert root.revoke(digest(b"a device")).revoked == (digest(b"a device"),)
    with refused("invalid-argument"):
        root.revoke(root.newest().keys[0].key_id)
    with refused("malformed"):
        root.revoke(Digest("no key id"))


def test_who_pinned_the_first_root_set_follows_to_the_newest(
    root: RootFolder, tmp_path: Path
) -> None:
    first = root.documents()[0]
    root.issue_signer(tmp_path / "s", SignerOrder(name="s"))
    root.rotate()
    root.revoke(digest(b"x"))
    store = TrustStore().pin(first).advance_all(read_root_sets(root.path))
    assert store.root_set == root.newest()
    assert [RootSet.from_document(paper).number for paper in root.documents()] == [1, 2, 3, 4]


def test_a_root_made_under_a_test_clock_says_so(tmp_path: Path) -> None:
    tested = Workshop(SetClock(test=True), ENTROPY)
    folder = RootFolder(tmp_path / "root", tested)
    assert folder.create(EMBEDDED).test_clock
    with refused("test-clock"):
        RootFolder(tmp_path / "root", workshop()).store()
