"""`gauger trust import | show --data`: one shape for a device and for a portal."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.adapters.keys.trust_folder import read_trust
from gauger.core.documents.root_set import RootSet
from gauger.core.problems import Problem
from gauger.instance.main import Options, open_agent
from gauger.tools.trust import RootFolder, SignerOrder
from tests.cli.portal_host import Host, gauger, make_host, served
from tests.core.documents.material import refused
from tests.instance.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, real=True)


@pytest.fixture
def bundle(world: World) -> Path:
    """Return a bundle of a factory whose root a test may move on."""
    return world.bundle()


def said(*words: str | Path) -> str:
    result = gauger("trust", *words)
    assert result.exit_code == 0, f"{result.output} {result.exception!r}"
    return result.output


def failed(*words: str | Path) -> None:
    problem = gauger("trust", *words).exception
    assert problem is not None
    raise problem


def issue(world: World, name: str) -> Path:
    root = world.factory / "root"
    RootFolder(root, world.workshop).issue_signer(world.root / name, SignerOrder(name=name))
    return max(root.glob("root-set-*.json"), key=lambda path: path.stat().st_mtime_ns)


@pytest.mark.requirement("PI-6/trust")
def test_a_device_takes_root_sets_with_and_without_an_agent(world: World, data: Path) -> None:
    before = json.loads(said("show", "--data", data, "--json"))
    files = [issue(world, "a"), issue(world, "b")]
    told = said("import", "--data", data, files[1], files[0])
    assert told.count("taken in") == 2
    assert "nothing to do" in said("import", "--data", data, world.factory / "root")
    after = json.loads(said("show", "--data", data, "--json"))
    assert after["newest"] == before["newest"] + 2
    assert f"Root set {after['newest']}, epoch 1" in said("show", "--data", data)
    (shown,) = read_trust(data / "trust").root_sets
    assert RootSet.from_document(shown).number == after["newest"]


def test_what_a_device_refuses_is_named(world: World, data: Path) -> None:
    issue(world, "a")
    with refused("root-skipped"):
        failed("import", "--data", data, issue(world, "b"))
    with refused("wrong-type"):
        failed("import", "--data", data, world.factory / "manufacturer" / "manufacturer.json")
    (world.root / "empty").mkdir()
    with refused("file-not-found"):
        failed("import", "--data", data, world.root / "empty")


def test_a_folder_without_root_sets_is_not_passed_over_beside_one_that_has_some(
    world: World, data: Path
) -> None:
    maker, before = world.factory / "manufacturer", said("show", "--data", data)
    issue(world, "a")
    with pytest.raises(Problem, match=str(maker)):
        failed("import", "--data", data, world.factory / "root", maker)
    assert said("show", "--data", data) == before


def test_a_device_without_its_newest_root_set_says_so(world: World, bundle: Path) -> None:
    folder = world.root / "device"
    open_agent(Options(data=folder, bundle=bundle)).stop()
    (folder / "store.sqlite").unlink()
    shutil.rmtree(folder / "trust")
    open_agent(Options(data=folder)).stop()
    shown = said("show", "--data", folder)
    assert "No root set is held" in shown
    assert "was held before: import it" in shown


def test_show_wants_one_folder_and_a_role(tmp_path: Path) -> None:
    with refused("invalid-argument"):
        failed("show")
    with refused("store-missing"):
        failed("show", "--data", tmp_path)
    with refused("store-missing"):
        failed("import", "--data", tmp_path, tmp_path)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = make_host(tmp_path)
    with served(made):
        yield made


def test_a_portal_takes_root_sets_and_manufacturers(host: Host) -> None:
    site = host.folder / "site"
    assert "root set" in said("show", "--data", host.data)
    assert "root_sets" in json.loads(said("show", "--data", host.data, "--json"))
    told = said("import", "--data", host.data, site / "maker.json", site / "root")
    assert "nothing to do" in told
    assert "manufacturer Example" in told
    shown = read_trust(host.data / "trust")
    texts = {path.read_text().strip() for path in (site / "root").glob("*.json")}
    assert {path.read_text().strip() for path in (host.data / "trust").glob("root*")} == texts
    assert [maker.to_json() for maker in shown.manufacturers] == [(site / "maker.json").read_text()]
    assert (host.data / "trust").stat().st_mode & 0o777 == 0o700


@pytest.mark.threat("A19", role="cssm")
def test_a_portals_folder_is_only_a_view(host: Host) -> None:
    before = said("show", "--data", host.data)
    folder = host.data / "trust"
    (folder / "root-set-99.json").write_text("{")
    (folder / "manufacturers" / "thief.json").write_text("{}")
    said("import", "--data", host.data, host.folder / "site" / "maker.json")
    assert said("show", "--data", host.data) == before
    assert not (folder / "root-set-99.json").exists()
    assert not (folder / "manufacturers" / "thief.json").exists()


def test_a_folder_that_cannot_be_written_does_not_stop_a_portal(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(host.data / "trust")
    (host.data / "trust").write_text("a file where the folder was")
    maker = host.folder / "site" / "maker.json"
    assert "1 file is taken in." in said("import", "--data", host.data, maker)
    assert "does not show what is trusted" in caplog.text
