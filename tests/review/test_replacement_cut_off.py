"""A device that is killed while it replaces its store keeps its settings."""

import shutil
from pathlib import Path

import pytest

from gauger.adapters.entropy import SystemEntropy
from gauger.adapters.storage.instance_open import StorePaths, open_instance_store
from gauger.adapters.storage.instance_sqlite import InstanceStore
from gauger.instance.ports import Batch
from tests.support.killing import Killed, killed_at

SETTING = ("setting", "configuration")
_STEPS = ((Path, "replace"), (Path, "unlink"), (InstanceStore, "commit"))
"""What changes the folder."""


def rolled_back(folder: Path) -> StorePaths:
    """Return a store that is older than its anchor, and has a setting."""
    paths = StorePaths(data=folder, keys=folder / "keys")
    entropy = SystemEntropy()
    store = open_instance_store(paths, entropy)
    store.commit(Batch(records={SETTING: b"the URL"}, anchored=True))
    store.close()
    shutil.copy(paths.store, folder / "old")
    store = open_instance_store(paths, entropy)
    store.commit(Batch(records={("mark", "m"): b"2"}, anchored=True))
    store.close()
    (folder / "old").replace(paths.store)
    return paths


@pytest.mark.threat("G1", role="instance")
def test_at_any_step_the_settings_and_marks_are_there_afterwards(tmp_path: Path) -> None:
    finished = False
    for number in range(1, 40):
        paths = rolled_back(tmp_path / str(number))
        try:
            with killed_at(number, _STEPS):
                open_instance_store(paths, SystemEntropy()).close()
            finished = True
        except Killed:
            pass
        store = open_instance_store(paths, SystemEntropy())
        assert store.record(*SETTING) == b"the URL", number
        assert store.record("mark", "m") == b"2", number
        store.close()
        if finished:
            break
    assert finished
    assert number > 3
