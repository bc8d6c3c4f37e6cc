"""The example of `gauger cssm run-example`: made once, also where it was cut off."""

import itertools
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from gauger.adapters.keys.bundle import read_bundle
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.tools.example import Example, make_once
from gauger.tools.fsck import examine
from tests.core.documents.material import refused
from tests.support.killing import Killed, killed_at

_STRIDE = 3
_STEPS = ((Path, "replace"), (Path, "rename"), (shutil, "rmtree"))
"""What puts something in its place or removes it."""


def made_at_last(data: Path) -> tuple[Example, int]:
    """Make an example, cut off later and later; return it and how many steps it took."""
    # Each attempt begins with what the one before left.
    for number in itertools.count(1, _STRIDE):
        with suppress(Killed), killed_at(number, _STEPS):
            return make_once(data, silent), number
    raise AssertionError  # it counts for ever


def silent(_text: str) -> None:
    """Say nothing."""


def test_an_example_that_was_cut_off_at_any_step_is_made_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "build" / "example"
    example, steps = made_at_last(data)
    assert steps > 30
    assert all(one.is_whole for one in examine(example.portal))
    assert len(example.token()) == 32
    for serial in ("GGR0001", "GGR0002"):
        assert read_bundle(data / "bundles" / serial).udi.serial == serial
    assert stat.S_IMODE((data / "id-token.txt").stat().st_mode) == 0o600
    before = example.token()
    assert make_once(data, silent).token() == before


def test_what_no_example_began_is_never_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "factory" / "root").mkdir(parents=True)
    key = tmp_path / "factory" / "root" / "root-1.key.pem"
    key.write_text("precious")
    with refused("conflict"):
        make_once(tmp_path, silent)
    assert key.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["factory"]


@pytest.mark.parametrize("lost", ["id-token.txt", "cssm"])
def test_a_whole_example_that_lost_a_part_is_not_made_anew_over_the_rest(
    example_folder: Path, lost: str
) -> None:
    (example_folder / lost).rename(example_folder / "elsewhere")
    with refused("conflict"):
        make_once(example_folder, silent)
    assert read_bundle(example_folder / "bundles" / "GGR0001").udi.serial == "GGR0001"
    (example_folder / "elsewhere").rename(example_folder / lost)


@pytest.fixture(scope="module")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_once(tmp_path_factory.mktemp("example"), silent).folder


def test_two_do_not_make_one_example_at_once(tmp_path: Path) -> None:
    with WriterLock(tmp_path / ".example.lock"), refused("store-locked"):
        make_once(tmp_path, silent)
    assert [path.name for path in tmp_path.iterdir()] == [".example.lock"]
