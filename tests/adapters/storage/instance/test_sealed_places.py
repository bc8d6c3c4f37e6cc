"""Each record opens only where it stands, as it stands: whoever moves one is found out."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from gauger.adapters.storage import instance_sqlite
from gauger.adapters.storage.instance_open import StorePaths
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.core.identity import digest
from gauger.core.problems import Problem
from gauger.instance.ports import Batch
from tests.adapters.storage.instance.stores import (
    a_history,
    believed,
    change,
    entry,
    look,
    opened,
    paths_in,
    report,
)

READERS: dict[str, Callable[[InstanceStore], object]] = {
    "record": lambda store: [store.records(family) for family in ("mark", "setting", "state")],
    "report": lambda store: [believed(store, number) for number in (1, 2)],
    "item": lambda store: [store.item(1, "report"), store.item(2, "report"), store.item(1, "ack")],
    "event": lambda store: list(store.entries()),
}
KEYS = {
    "record": "family || key",
    "report": "id",
    "item": "report_id || kind",
    "event": "sequence",
}


def copy_seal(table: str, source: str, target: str) -> str:
    """Return the statement that puts one row's seal into another row."""
    key = KEYS[table]
    return (
        f"UPDATE {table} SET sealed = (SELECT sealed FROM {table} ORDER BY {key} LIMIT 1 OFFSET"  # noqa: S608 -- names of this file
        f" {source}) WHERE {key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET"
        f" {target})"
    )


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("table", READERS)
def test_a_seal_copied_to_another_row_of_its_table_is_refused(
    store: InstanceStore, paths: StorePaths, table: str
) -> None:
    store.commit(a_history())
    READERS[table](store)
    change(paths, copy_seal(table, "0", "1"))

    with pytest.raises(Problem) as caught:
        READERS[table](store)
    assert caught.value.code == "store-damaged"


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize(("source", "target"), tuple(permutations(READERS, 2)))
def test_a_seal_copied_to_another_table_is_refused(
    store: InstanceStore, paths: StorePaths, source: str, target: str
) -> None:
    store.commit(a_history())
    change(
        paths,
        f"UPDATE {target} SET sealed = (SELECT sealed FROM {source} LIMIT 1)",  # noqa: S608 -- names of this file
    )

    with pytest.raises(Problem) as caught:
        READERS[target](store)
    assert caught.value.code == "store-damaged"


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("table", READERS)
@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_one_bit_changed_in_any_table_is_found_when_it_is_read(
    store: InstanceStore, paths: StorePaths, table: str, place: int
) -> None:
    store.commit(a_history())
    ((sealed,), *_) = look(paths, f"SELECT sealed FROM {table}")  # noqa: S608 -- names of this file
    assert isinstance(sealed, bytes)
    altered = bytearray(sealed)
    altered[place] ^= 1
    change(
        paths,
        f"UPDATE {table} SET sealed = ? WHERE sealed = ?",  # noqa: S608 -- names of this file
        values=(bytes(altered), sealed),
    )

    with pytest.raises(Problem) as caught:
        READERS[table](store)
    assert caught.value.code == "store-damaged"


@pytest.mark.threat("G5", role="instance")
@pytest.mark.parametrize("column", ["state = 'acknowledged'", "acked_at = 5", "digest = 'ff'"])
def test_what_stands_open_beside_a_seal_is_bound_to_it(
    store: InstanceStore, paths: StorePaths, column: str
) -> None:
    store.commit(a_history())
    change(paths, f"UPDATE report SET {column} WHERE id = 1")  # noqa: S608 -- texts of this file

    with pytest.raises(Problem, match="altered beside its seal"):
        believed(store, 1)
    assert store.report(2) == report(2)


def test_a_record_renamed_to_another_family_is_refused(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(a_history())
    change(paths, "UPDATE record SET family = 'policy' WHERE family = 'setting'")

    with pytest.raises(Problem) as caught:
        store.records("policy")
    assert caught.value.code == "store-damaged"


def test_an_item_given_to_another_report_is_refused(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(a_history())
    change(
        paths,
        "DELETE FROM item WHERE report_id = 2",
        "UPDATE item SET report_id = 2 WHERE report_id = 1",
    )

    with pytest.raises(Problem) as caught:
        store.item(2, "report")
    assert caught.value.code == "store-damaged"


@pytest.mark.requirement("PI-4")
def test_a_record_of_another_store_with_the_same_key_is_refused(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(a_history())
    other = paths_in(paths.data / "other")
    twin = opened(other)
    twin.close()
    other.store.unlink()
    other.key.write_bytes(paths.key.read_bytes())
    other.anchor.unlink(missing_ok=True)
    twin = opened(other)
    twin.commit(a_history())
    change(paths, f"ATTACH '{other.store}' AS other", *_STEAL)

    with pytest.raises(Problem) as caught:
        believed(store, 1)
    assert caught.value.code == "store-damaged"
    twin.close()


_STEAL = (
    "UPDATE report SET sealed = (SELECT o.sealed FROM other.report o WHERE o.id = report.id)",
)


@pytest.mark.requirement("PI-4")
@pytest.mark.threat("F18", role="instance")
def test_an_old_head_put_back_is_found_by_the_chain(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(a_history())
    ((old,),) = look(paths, "SELECT sealed FROM meta")
    store.commit(Batch(entries=[entry(4)]))
    store.close()
    change(paths, "UPDATE meta SET sealed = ?", values=(old,))
    again = opened(paths)

    assert again.replaced is not None
    assert "event" in again.replaced
    again.close()


def test_a_store_whose_rows_are_of_a_newer_form_is_refused(
    store: InstanceStore, paths: StorePaths
) -> None:
    store.commit(a_history())
    store.close()
    change(paths, f"PRAGMA user_version = {instance_sqlite.SCHEMA_VERSION + 1}")
    before = paths.store.read_bytes()

    for _ in range(2):
        with pytest.raises(Problem) as caught:
            opened(paths)
        assert caught.value.code == "store-newer"
    assert paths.store.read_bytes() == before
    assert not (paths.data / "aside").exists()


def test_the_same_content_is_never_sealed_alike(store: InstanceStore, paths: StorePaths) -> None:
    for _ in range(2):
        store.commit(Batch(records={("state", "same"): b"same"}))
    first = look(paths, "SELECT sealed FROM record")
    store.commit(Batch(records={("state", "same"): b"same"}))

    assert look(paths, "SELECT sealed FROM record") != first


def test_the_name_of_a_record_is_bound_into_it(store: InstanceStore) -> None:
    store.commit(Batch(records={("state", "ä" * 300): b"", ("state", ""): b"x"}))

    assert store.records("state") == {"ä" * 300: b"", "": b"x"}


def test_a_digest_belongs_to_one_report(store: InstanceStore) -> None:
    store.commit(a_history())
    twin = replace(report(3), digest=digest(b"1"))

    with pytest.raises(Problem) as caught:
        store.commit(Batch(reports={3: twin}, entries=[entry(4)]))
    assert caught.value.code == "store-failed"
    assert store.report(3) is None
    assert [number for number, _ in store.entries()] == [1, 2, 3]
