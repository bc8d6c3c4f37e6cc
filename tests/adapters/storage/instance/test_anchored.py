"""A store that was copied back, cut, or swapped shows beside its anchor; nothing is thrown away."""

import json
import shutil
from pathlib import Path

import pytest

from gauger.adapters.storage import instance_sqlite
from gauger.adapters.storage.instance_anchor import Anchor, read_anchor, write_anchor
from gauger.adapters.storage.instance_open import StorePaths, begin_anew
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.adapters.storage.private_files import write_private
from gauger.adapters.storage.sealed import Place, Seal
from gauger.core.identity import digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch, StoredItem
from tests.adapters.storage.instance.stores import (
    ENTROPY,
    a_history,
    change,
    entry,
    look,
    opened,
    paths_in,
    report,
)


def save(paths: StorePaths, folder: Path) -> None:
    """Copy the store's file as a snapshot of the disk would."""
    folder.mkdir()
    shutil.copy(paths.store, folder / "store")
    shutil.copy(paths.anchor, folder / "anchor")


def put_back(paths: StorePaths, folder: Path, *names: str) -> None:
    for path in paths.data.glob("store.sqlite-*"):
        path.unlink()
    for name in names:
        shutil.copy(folder / name, paths.store if name == "store" else paths.anchor)


def anchored(paths: StorePaths, *batches: Batch) -> str:
    """Commit batches in a store of its own opening, and return its incarnation."""
    store = opened(paths)
    for batch in batches:
        store.commit(batch)
    store.close()
    return store.incarnation


def test_a_whole_store_opens_as_it_was(paths: StorePaths) -> None:
    incarnation = anchored(paths, a_history(), Batch(entries=[entry(4)]))
    again = opened(paths)

    assert (again.incarnation, again.replaced) == (incarnation, None)
    assert again.report(1) == report(1)
    assert [number for number, _ in again.entries()] == [1, 2, 3, 4]
    again.close()


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("A19", role="instance")
def test_a_store_older_than_its_anchor_begins_a_new_incarnation(
    paths: StorePaths, tmp_path: Path
) -> None:
    incarnation = anchored(paths, a_history())
    save(paths, tmp_path / "old")
    anchored(paths, Batch(records={("mark", "m"): b"8"}, anchored=True))
    put_back(paths, tmp_path / "old", "store")
    again = opened(paths)

    assert again.incarnation != incarnation
    assert again.replaced == "The store has seen 1 of the anchor's 2 steps."
    assert again.record("mark", "m") == b"8"  # the anchor remembers what the store forgot
    assert again.record("setting", "a") == b"3"
    assert again.record("state", "a") is None
    assert again.report(1) is None
    again.close()


def test_a_store_newer_than_its_anchor_is_believed(paths: StorePaths, tmp_path: Path) -> None:
    incarnation = anchored(paths, a_history())
    save(paths, tmp_path / "old")
    anchored(paths, Batch(records={("mark", "m"): b"8"}, anchored=True))
    put_back(paths, tmp_path / "old", "anchor")
    again = opened(paths)

    assert (again.incarnation, again.replaced) == (incarnation, None)
    assert again.record("mark", "m") == b"8"
    again.close()


@pytest.mark.threat("A19", role="instance")
def test_an_old_store_with_its_own_old_anchor_is_believed(
    paths: StorePaths, tmp_path: Path
) -> None:
    # Both folders copied back at once cannot be told from the past: the portal sees it instead.
    incarnation = anchored(paths, a_history())
    save(paths, tmp_path / "old")
    anchored(paths, Batch(entries=[entry(4)], anchored=True))
    put_back(paths, tmp_path / "old", "store", "anchor")
    again = opened(paths)

    assert (again.incarnation, again.replaced) == (incarnation, None)
    again.close()


@pytest.mark.threat("A19", role="instance")
def test_a_store_whose_anchor_is_gone_is_not_believed(paths: StorePaths) -> None:
    anchored(paths, a_history(), Batch(anchored=True))
    paths.anchor.unlink()
    again = opened(paths)

    assert again.replaced == "The anchor of the store is gone."
    again.close()


def test_a_store_that_was_cut_off_before_its_first_anchor_is_believed(paths: StorePaths) -> None:
    incarnation = anchored(paths, a_history())
    paths.anchor.unlink()
    again = opened(paths)

    assert (again.incarnation, again.replaced) == (incarnation, None)
    again.close()


def test_an_anchor_whose_store_is_gone_keeps_its_marks(paths: StorePaths) -> None:
    anchored(paths, a_history())
    paths.store.unlink()
    again = opened(paths)

    assert again.replaced == "The store of this anchor is gone."
    assert again.records("mark") == {"m": b"7"}
    assert again.report(1) is None
    again.close()


@pytest.mark.threat("A20", role="instance")
def test_the_store_of_a_twin_is_told_from_its_own(paths: StorePaths, tmp_path: Path) -> None:
    anchored(paths, a_history())
    other = paths_in(tmp_path / "twin")
    other.keys.mkdir(mode=0o700, parents=True)
    shutil.copy(paths.key, other.key)
    anchored(other, a_history(), Batch(anchored=True))
    shutil.copy(other.store, paths.store)
    again = opened(paths)

    assert again.replaced == "The store is of another incarnation than its anchor."
    again.close()


@pytest.mark.threat("F18", role="instance")
def test_an_event_log_that_differs_from_its_anchor_is_found(paths: StorePaths) -> None:
    incarnation = anchored(paths, a_history())
    seal = Seal(paths.key.read_bytes(), ENTROPY)
    forged = Anchor(incarnation=incarnation, counter=1, sequence=3, chain="00" * 32)
    write_anchor(paths.anchor, forged, seal)
    again = opened(paths)

    assert again.replaced == "The event log differs from its anchor at event 3."
    again.close()


def test_a_store_without_its_key_is_kept_and_a_new_one_begins(paths: StorePaths) -> None:
    incarnation = anchored(paths, a_history())
    before = paths.store.read_bytes()
    paths.key.unlink()
    again = opened(paths)

    assert again.replaced == "The key of the store is gone."
    assert again.incarnation != incarnation
    kept = [path.read_bytes() for path in paths.data.rglob("aside/*/store.sqlite")]
    assert kept == [before]
    again.close()


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("where", ["file", "sqlite_schema", "meta", "event"])
def test_a_store_whose_file_rotted_is_set_aside_never_deleted(
    paths: StorePaths, where: str
) -> None:
    anchored(paths, a_history())
    place = {"file": 0, "sqlite_schema": 100}.get(where)
    if place is None:
        ((root,),) = look(paths, f"SELECT rootpage FROM sqlite_schema WHERE name = '{where}'")  # noqa: S608 -- names of this file
        ((size,),) = look(paths, "PRAGMA page_size")
        place = (int(str(root)) - 1) * int(str(size))
    rotten = bytearray(paths.store.read_bytes())
    rotten[place : place + 60] = b"\xff" * 60
    paths.store.write_bytes(rotten)
    again = opened(paths)
    again.close()

    assert again.replaced is not None
    kept = list(paths.data.rglob("aside/*/store.sqlite"))
    assert [path.read_bytes() for path in kept] == [bytes(rotten)]


def test_stores_set_aside_do_not_displace_one_another(paths: StorePaths) -> None:
    for _ in range(3):
        anchored(paths, a_history(), Batch(anchored=True))
        change(paths, "DELETE FROM meta")
    opened(paths).close()

    assert len(list(paths.data.rglob("aside/*/store.sqlite"))) == 3


def test_what_a_new_incarnation_takes_over_is_settings_documents_and_keys_only(
    paths: StorePaths,
) -> None:
    held = {
        ("setting", "s"): b"1",
        ("document", "policy"): b"2",
        ("state", "trust"): b"3",
        ("state", "usage"): b"4",
        ("tag", "t"): b"5",
    }
    anchored(paths, Batch(records=dict(held), anchored=True))
    change(paths, "DELETE FROM event", "UPDATE record SET sealed = x'00' WHERE family = 'tag'")
    again = begin_anew(paths, ENTROPY, Problem("store-damaged", "A record is none."))

    found = {key: again.record(*key) for key in held}
    assert found == {
        ("setting", "s"): b"1",
        ("document", "policy"): b"2",
        ("state", "trust"): b"3",
        ("state", "usage"): None,
        ("tag", "t"): None,
    }
    again.close()


def test_a_family_that_does_not_open_is_left_behind_alone(paths: StorePaths) -> None:
    anchored(
        paths,
        Batch(records={("setting", "s"): b"1", ("document", "d"): b"2"}, anchored=True),
    )
    change(paths, "UPDATE record SET sealed = x'00' WHERE family = 'setting'")
    again = begin_anew(paths, ENTROPY, Problem("store-damaged", "A setting is none."))

    assert (again.record("setting", "s"), again.record("document", "d")) == (None, b"2")
    again.close()


@pytest.mark.threat("C9", role="instance")
@pytest.mark.parametrize("name", ["key", "anchor"])
def test_a_key_or_anchor_that_others_may_read_is_refused(paths: StorePaths, name: str) -> None:
    anchored(paths, a_history())
    (paths.key if name == "key" else paths.anchor).chmod(0o640)

    with pytest.raises(Problem) as caught:
        opened(paths)
    assert caught.value.code == "key-exposed"


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"incarnation": 1}', b"no json", b"\xff"])
def test_an_anchor_of_another_form_is_damage(paths: StorePaths, content: bytes) -> None:
    anchored(paths, a_history())
    seal = Seal(paths.key.read_bytes(), ENTROPY)
    paths.anchor.write_bytes(seal.seal(content, Place("keys", "anchor", "anchor"), ""))

    with pytest.raises(Problem) as caught:
        read_anchor(paths.anchor, seal)
    assert caught.value.code == "store-damaged"


def test_no_anchor_is_none(paths: StorePaths) -> None:
    opened(paths).close()
    assert read_anchor(paths.keys / "none", Seal(paths.key.read_bytes(), ENTROPY)) is None


def test_only_an_anchored_commit_moves_the_anchor(store: InstanceStore, paths: StorePaths) -> None:
    store.commit(a_history())
    before = paths.anchor.read_bytes()
    store.commit(Batch(entries=[entry(4)]))
    assert paths.anchor.read_bytes() == before
    store.commit(Batch(anchored=True))

    anchor = read_anchor(paths.anchor, Seal(paths.key.read_bytes(), ENTROPY))
    assert anchor is not None
    assert (anchor.counter, anchor.sequence, anchor.marks) == (2, 4, {"m": "7"})
    assert anchor.incarnation == store.incarnation


def test_compaction_may_remove_the_event_that_the_anchor_names(
    paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_sqlite, "KEPT_EVENTS", 4)
    monkeypatch.setattr(instance_sqlite, "_SLACK", 2)
    batches = [Batch(entries=[entry(number)]) for number in range(4, 40)]
    incarnation = anchored(paths, a_history(), *batches)
    again = opened(paths)

    assert (again.incarnation, again.replaced) == (incarnation, None)
    assert again.chain_at(again.tail.checkpoint) == again.tail.checkpoint_chain
    assert again.chain_at(1) is None
    again.verify_chain()
    again.close()


@pytest.mark.threat("F18", role="instance")
@pytest.mark.parametrize("which", ["min", "max"])
def test_an_event_removed_after_compaction_is_found(
    store: InstanceStore, paths: StorePaths, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(instance_sqlite, "KEPT_EVENTS", 4)
    monkeypatch.setattr(instance_sqlite, "_SLACK", 2)
    for number in range(1, 20):
        store.commit(Batch(entries=[entry(number)]))
    store.verify_chain()
    change(paths, f"DELETE FROM event WHERE sequence = (SELECT {which}(sequence) FROM event)")  # noqa: S608 -- a word of this file

    with pytest.raises(Problem) as caught:
        store.verify_chain()
    assert caught.value.code == "store-damaged"


def test_a_log_that_lacks_the_event_compaction_ends_with_is_damage_and_stays(
    store: InstanceStore, paths: StorePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_sqlite, "KEPT_EVENTS", 2)
    monkeypatch.setattr(instance_sqlite, "_SLACK", 2)
    store.commit(Batch(entries=[entry(number) for number in (1, 2, 3, 4)]))
    change(paths, "DELETE FROM event WHERE sequence = 3")

    with pytest.raises(Problem, match="lacks event 3"):
        store.commit(Batch(entries=[entry(5)], records={("state", "new"): b"1"}))
    assert store.record("state", "new") is None
    assert [number for number, _ in store.entries()] == [1, 2, 4]


def statements_for(store: InstanceStore, batch: Batch) -> int:
    """Return how many statements a commit and the reads of a working device take."""
    taken: list[str] = []
    store._connection.set_trace_callback(taken.append)
    store.commit(batch)
    store.report(1)
    store.reports(["closed", "pending"], limit=5)
    store.item(1, "report")
    store._connection.set_trace_callback(None)
    return len(taken)


def steps_for(store: InstanceStore) -> int:
    """Return how many steps SQLite's machine takes for the reads of a working device."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    store._connection.set_progress_handler(count, 1)
    store.reports(["closed", "pending"], limit=5)
    store.report_by_digest(digest(b"3"))
    store.purgeable(acked_before=1000, keep=10)
    store._connection.set_progress_handler(None, 1)
    return taken


@pytest.mark.requirement("PI-4")
def test_fifty_thousand_reports_cost_no_more_statements_than_five(store: InstanceStore) -> None:
    few = {number: report(number) for number in range(1, 6)}
    store.commit(Batch(reports=few, items=[StoredItem(report_id=1, kind="report", content=b"x")]))
    one_more = Batch(reports={6: report(6, state="pending")}, entries=[entry(1)])
    counts, steps = [statements_for(store, one_more)], [steps_for(store)]
    seal = store._connection.execute("SELECT sealed FROM report WHERE id = 5").fetchone()[0]
    store._connection.execute("BEGIN")
    store._connection.executemany(
        "INSERT INTO report (id, state, digest, acked_at, held, sealed) VALUES (?, ?, ?, ?, 0, ?)",
        [(number, "acknowledged", f"{number:064}", 1, seal) for number in range(7, 50_007)],
    )
    store._connection.execute("COMMIT")
    counts.append(statements_for(store, one_more))
    steps.append(steps_for(store))

    assert counts[1] == counts[0]
    assert steps[1] <= steps[0] * 1.2


def sealed_anchor(paths: StorePaths, content: dict[str, object]) -> None:
    seal = Seal(paths.key.read_bytes(), ENTROPY)
    plain = json.dumps(content).encode()
    write_private(paths.anchor, seal.seal(plain, Place("keys", "anchor", "anchor"), ""))


def test_an_anchor_of_the_first_form_still_opens(paths: StorePaths) -> None:
    anchored(paths, Batch(entries=[entry(1)], anchored=True))
    seal = Seal(paths.key.read_bytes(), ENTROPY)
    now = read_anchor(paths.anchor, seal)
    assert now is not None
    old = {name: getattr(now, name) for name in ("incarnation", "counter", "sequence", "chain")}
    sealed_anchor(paths, {**old, "marks": {"a/policy": '"m"'}})
    found = read_anchor(paths.anchor, seal)
    assert found is not None
    assert (found.marks, found.floors) == ({"a/policy": '"m"'}, {})
    opened(paths).close()


def test_an_anchor_of_a_later_form_is_left_alone(paths: StorePaths) -> None:
    anchored(paths, Batch(entries=[entry(1)], anchored=True))
    sealed_anchor(paths, {"form": 3})
    before = paths.anchor.read_bytes()
    with pytest.raises(Problem, match="store-newer"):
        opened(paths)
    assert paths.anchor.read_bytes() == before


@pytest.mark.parametrize("content", [[], {"form": "x"}, {"form": 2, "marks": 1}])
def test_an_anchor_that_holds_no_anchor_is_damaged(paths: StorePaths, content: object) -> None:
    anchored(paths, Batch(entries=[entry(1)], anchored=True))
    sealed_anchor(paths, content)  # type: ignore[arg-type]  # what no writer of ours makes
    with pytest.raises(Problem, match="store-damaged"):
        read_anchor(paths.anchor, Seal(paths.key.read_bytes(), ENTROPY))


def test_floors_outlive_the_store_and_beat_what_is_carried(paths: StorePaths) -> None:
    floor = ("floor", "root_floor")
    first = anchored(paths, Batch(records={floor: b"2"}, anchored=True))
    paths.store.unlink()
    store = opened(paths)
    assert store.incarnation != first
    assert store.record(*floor) == b"2"
    store.close()
