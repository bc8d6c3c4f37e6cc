"""The root set of a device: where it comes from, how it moves on, and that it never goes back."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from gauger.adapters.keys.trust_folder import read_root_sets
from gauger.core.documents.envelope import ThresholdSignature, read_document, write_document
from gauger.core.documents.root_set import RootSet
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.tools.fsck_instance import check_instance
from gauger.tools.trust import RootFolder, SignerOrder
from tests.core.documents.material import refused
from tests.instance.portal import Portal
from tests.instance.test_offline import carried, off
from tests.instance.world import World, names


def root(world: World) -> Path:
    return world.factory / "root"


def issued(world: World, name: str) -> Path:
    """Publish one more root set and return its file."""
    RootFolder(root(world), world.workshop).issue_signer(
        world.root / "more" / name, SignerOrder(name=name)
    )
    return newest_file(root(world))


def stranger_of(world: World) -> World:
    """Return another factory, with a root of its own."""
    (world.root / "stranger").mkdir()
    return World(world.root / "stranger")


def newest_file(folder: Path) -> Path:
    return max(folder.glob("root-set-*.json"), key=lambda path: int(path.stem.rpartition("-")[2]))


def held(agent: Agent) -> int:
    return agent._engine.holdings().root_number


def shown(world: World) -> list[int]:
    """Return the numbers of the root sets that ``D/trust`` shows."""
    folder = world.root / "device" / "trust"
    return [RootSet.from_document(one).number for one in read_root_sets(folder)]


def rolled_back(world: World, agent: Agent, *files: Path) -> None:
    """Let a device take root sets in, and then put the store of before in place."""
    store = world.root / "device" / "store.sqlite"
    agent.stop()
    shutil.copy(store, world.root / "old.sqlite")
    agent = world.open()
    agent.import_trust(files)
    agent.stop()
    shutil.copy(world.root / "old.sqlite", store)


@pytest.mark.requirement("PI-6/trust")
def test_a_device_follows_root_sets_in_any_order_and_shows_the_newest(
    world: World, device: Agent
) -> None:
    before = held(device)
    files = [issued(world, "a"), issued(world, "b")]
    said = device.import_trust([files[1], root(world) / "root-set-1.json", files[0]])
    assert said == (
        "root set 1 (epoch 1): older than the one held, nothing to do",
        f"root set {before + 1} (epoch 1): taken in",
        f"root set {before + 2} (epoch 1): taken in",
    )
    assert held(device) == before + 2
    assert shown(world) == [before + 2]
    assert device.import_trust([files[1]])[0].endswith("held already, nothing to do")
    assert "SAEVT_INSTALLED" in names(device)


@pytest.mark.requirement("PI-6/trust")
@pytest.mark.threat("C3", role="instance")
def test_a_root_set_that_skips_one_is_refused_and_told(world: World, device: Agent) -> None:
    before = held(device)
    issued(world, "a")
    with refused("root-skipped"):
        device.import_trust([issued(world, "b")])
    assert held(device) == before
    assert "SMART_LIC-3-IMPORT_FAILED" in names(device)


@pytest.mark.threat("C4", role="instance")
@pytest.mark.parametrize("stolen", ["one key", "one key twice", "one key under another name"])
def test_whoever_stole_one_root_key_leads_no_device(
    world: World, device: Agent, stolen: str
) -> None:
    before = held(device)
    paper = read_document(issued(world, "a").read_text())
    assert isinstance(paper.signature, ThresholdSignature)
    (one, value), (other, _), *_ = paper.signature.signatures
    pairs = {
        "one key": ((one, value),),
        "one key twice": ((one, value), (one, value)),
        "one key under another name": ((one, value), (other, value)),
    }[stolen]
    forged = dataclasses.replace(paper, signature=ThresholdSignature(signatures=pairs))
    (world.root / "forged.json").write_text(write_document(forged))

    with refused("root-threshold"):
        device.import_trust([world.root / "forged.json"])
    assert held(device) == before
    assert "SMART_LIC-3-IMPORT_FAILED" in names(device)
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("C4", role="instance")
def test_all_of_a_call_or_nothing(world: World, device: Agent) -> None:
    before = held(device)
    good = issued(world, "a")
    stranger = stranger_of(world)
    for name in ("x", "y"):
        issued(stranger, name)
    with refused("root-threshold"):
        device.import_trust([good, newest_file(root(stranger))])
    assert held(device) == before


@pytest.mark.threat("C3", role="instance")
def test_another_root_set_of_the_same_number_is_refused(world: World, device: Agent) -> None:
    shutil.copytree(root(world), world.root / "fork")
    first = issued(world, "a")
    RootFolder(world.root / "fork", world.workshop).issue_signer(
        world.root / "other", SignerOrder(name="other")
    )
    device.import_trust([first])
    with refused("version-conflict"):
        device.import_trust([newest_file(world.root / "fork")])


def test_a_device_takes_no_manufacturer_and_no_other_file(world: World, device: Agent) -> None:
    with refused("wrong-type"):
        device.import_trust([world.factory / "manufacturer" / "manufacturer.json"])
    with refused("file-not-found"):
        device.import_trust([world.root / "nowhere.json"])
    (world.root / "text").write_text("hello")
    with refused("malformed"):
        device.import_trust([world.root / "text"])


@pytest.mark.threat("A19", role="instance")
def test_a_rolled_back_store_takes_the_newest_root_set_back(world: World) -> None:
    agent = world.device()
    before = held(agent)
    rolled_back(world, agent, issued(world, "a"), issued(world, "b"))
    agent = world.open()
    assert held(agent) == before + 2
    assert "SMART_LIC-4-ROOT_SET_RECOVERED" in names(agent)
    agent.stop()
    assert check_instance(world.root / "device") == []


@pytest.mark.threat("A19", role="instance")
def test_without_that_file_nothing_is_installed_until_it_is_back(
    world: World, portal: Portal
) -> None:
    agent = world.device()
    before = held(agent)
    first, second = issued(world, "a"), issued(world, "b")
    rolled_back(world, agent, first, second)
    shown_file = newest_file(world.root / "device" / "trust")
    shown_file.unlink()
    agent = world.open()
    assert held(agent) == before
    assert "SMART_LIC-2-ROOT_SET_LOST" in names(agent)
    assert any("Root set" in notice for notice in agent.status().notices)
    off(agent)
    with refused("root-lost"):
        agent.import_file(carried(world, portal, agent))
    # The very one that the anchor names counts alone: what lies between was proven before.
    assert agent.import_trust([second]) == (f"root set {before + 2} (epoch 1): taken in",)
    assert shown(world) == [before + 2]
    assert agent.import_file(carried(world, portal, agent)).acknowledged
    agent.stop()


def test_the_way_back_may_be_followed_step_by_step(world: World) -> None:
    agent = world.device()
    first, second = issued(world, "a"), issued(world, "b")
    rolled_back(world, agent, first, second)
    newest_file(world.root / "device" / "trust").unlink()
    agent = world.open()
    agent.import_trust([first])
    assert agent.trust().newest == held(agent) + 1
    agent.import_trust([second])
    assert agent.trust().newest == held(agent)
    agent.stop()


@pytest.mark.threat("A19", role="instance")
def test_another_root_set_of_the_lost_number_is_not_taken(world: World) -> None:
    shutil.copytree(root(world), world.root / "fork")
    agent = world.device()
    before = held(agent)
    rolled_back(world, agent, issued(world, "a"))
    RootFolder(world.root / "fork", world.workshop).issue_signer(
        world.root / "other", SignerOrder(name="other")
    )
    forged = newest_file(world.root / "fork")
    shutil.copy(forged, newest_file(world.root / "device" / "trust"))
    agent = world.open()
    assert held(agent) == before
    with refused("version-conflict"):
        agent.import_trust([forged])
    assert held(agent) == before
    agent.stop()


@pytest.mark.threat("A19", role="instance")
@pytest.mark.parametrize("act", ["replace", "garble", "remove", "add"])
def test_what_lies_in_the_folder_changes_nothing_and_is_mended(world: World, act: str) -> None:
    agent = world.device()
    before, digest = held(agent), agent._engine.holdings().store.root_digest
    agent.stop()
    folder = world.root / "device" / "trust"
    stranger = root(stranger_of(world))
    match act:
        case "replace":
            shutil.copy(newest_file(stranger), newest_file(folder))
        case "garble":
            newest_file(folder).write_text("{")
        case "remove":
            shutil.rmtree(folder)
        case _:
            shutil.copy(stranger / "root-set-1.json", folder / "root-set-999.json")
            (folder / "root-set-998.json").mkdir()
            (folder / "root-set-998.json").rmdir()
    agent = world.open()
    assert agent._engine.holdings().store.root_digest == digest
    agent.stop()
    assert shown(world) == [before]
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.threat("A19", role="instance")
def test_a_deleted_store_does_not_make_the_folder_a_source_of_trust(world: World) -> None:
    world.device().stop()
    data = world.root / "device"
    (data / "store.sqlite").unlink()
    shutil.copy(newest_file(root(stranger_of(world))), newest_file(data / "trust"))
    agent = world.open()
    assert held(agent) == 0
    assert "SMART_LIC-2-ROOT_SET_LOST" in names(agent)
    assert agent.import_trust([newest_file(root(world))])[0].endswith("taken in")
    agent.stop()


def test_a_first_start_refuses_a_bundle_whose_root_sets_do_not_follow(world: World) -> None:
    bundle = world.bundle()
    shutil.copy(issued(stranger_of(world), "x"), bundle / "trust")
    with pytest.raises(Problem, match="root-threshold"):
        world.open(bundle=bundle)


def test_a_folder_that_cannot_be_written_stops_nothing(
    world: World, device: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    folder = world.root / "device" / "trust"
    shutil.rmtree(folder)
    folder.write_text("a file where the folder was")
    device.import_trust([issued(world, "a")])
    assert "D/trust does not show" in caplog.text
    folder.unlink()
    device.flush()
    device.import_trust([newest_file(root(world))])
    assert shown(world) == [held(device)]
