"""A disk without room at a start: use goes on, and nothing is to be started again."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gauger.adapters.keys import identity
from gauger.adapters.keys.bundle import Bundle
from gauger.adapters.storage.private_files import private_folder
from gauger.adapters.storage.writer_lock import WriterLock
from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.instance.main import open_agent
from gauger.instance.views import Selection, SelectionKind
from gauger.tools.fsck_instance import check_instance
from tests.instance.portal import Portal
from tests.instance.test_measuring import told
from tests.instance.world import ESSENTIALS, World, go_smart, names

ALL = Selection(kind=SelectionKind.ALL)


@contextmanager
def no_room() -> Iterator[None]:
    """Let the system refuse every byte that this process wants to write to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def started_without_room(world: World) -> Agent:
    bundle = world.bundle(trust_code=True)
    with no_room():
        agent = world.open(bundle=bundle)
        agent.set_count(ESSENTIALS, 5)
        agent.tick()
    return agent


def incarnation(agent: Agent) -> str:
    return agent._store.incarnation


def said(agent: Agent) -> str:
    return "\n".join(agent.status().notices)


@pytest.mark.requirement("PI-5")
@pytest.mark.threat("G3", role="instance")
def test_unenforced_use_goes_on_at_a_first_start_without_room(world: World) -> None:
    agent = started_without_room(world)
    with no_room():
        with agent.use(ESSENTIALS, 3):
            assert agent.usage()[0].count == 8
        assert "cannot be written" in said(agent)
        assert "Check the disk" in said(agent)
        with pytest.raises(Problem, match="store-failed"):
            agent.flush()
    assert not (world.root / "device" / "store.sqlite").exists()
    agent.stop()


@pytest.mark.requirement("PI-5")
def test_nothing_is_started_again_once_there_is_room(world: World) -> None:
    agent = started_without_room(world)
    first = incarnation(agent)
    world.clock.advance(900)
    agent.tick()
    assert "written" not in said(agent)
    assert incarnation(agent) == first
    ((only,),) = told(world, agent)
    assert (only.count, only.end - only.start) == (5, 901), "from before there was room, too"
    agent.stop()
    assert check_instance(world.root / "device") == []


@pytest.mark.requirement("PI-5")
def test_the_next_start_knows_all_that_a_start_without_room_was_given(world: World) -> None:
    agent = started_without_room(world)
    agent.flush()
    first = incarnation(agent)
    assert agent.status().trust[0].origin == "factory"
    agent.stop()
    again = world.open()
    assert incarnation(again) == first
    assert again.usage()[0].first_use is not None
    assert again.status().trust[0].origin == "factory"
    assert "SMART_LIC-3-STORE_REPLACED" not in names(again)
    again.stop()


def test_nothing_leaves_a_device_that_could_forget_it(world: World, portal: Portal) -> None:
    agent = started_without_room(world)
    file = world.root / "usage.xml"
    with no_room():
        with pytest.raises(Problem, match="store-failed"):
            agent.save_usage(ALL, file)
        with pytest.raises(Problem, match="store-failed"):
            go_smart(agent, portal.url)
        agent.tick()
    assert not file.exists()
    agent.stop()


def test_authorities_that_found_no_room_are_used_and_kept_later(world: World) -> None:
    named = world.root / "named.pem"
    named.write_text("-----BEGIN CERTIFICATE-----\n")
    bundle = world.bundle()
    with no_room():
        agent = world.open(bundle=bundle, ca=named)
        assert getattr(agent._around.transport, "_ca", None) == named
    agent.flush()
    agent.stop()
    assert (world.root / "device" / "trust" / "tls-ca.pem").read_text() == named.read_text()


def test_a_start_without_room_that_ends_leaves_a_clean_first_start(world: World) -> None:
    bundle = world.bundle()
    with no_room():
        world.open(bundle=bundle).stop()
    agent = world.open(bundle=bundle)
    assert "SMART_LIC-3-STORE_REPLACED" not in names(agent)
    agent.stop()


@pytest.fixture
def full_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk have no room for the bundle at first, and then for everything."""
    asked = []

    def take_in(bundle: Bundle, data: Path, keys: Path) -> None:
        asked.append(bundle)
        if len(asked) == 1:
            raise Problem("store-full", "The disk is full.")
        identity.take_in(bundle, data, keys)

    monkeypatch.setattr("gauger.instance.main.take_in", take_in)


@pytest.mark.threat("G3", role="instance")
@pytest.mark.usefixtures("full_for_a_moment")
def test_a_disk_that_was_full_for_a_moment_keeps_identity_and_store(world: World) -> None:
    agent = world.open(bundle=world.bundle())
    agent.flush()
    first = incarnation(agent)
    agent.stop()
    again = world.open()
    assert incarnation(again) == first
    again.stop()


@pytest.mark.usefixtures("full_for_a_moment")
def test_a_start_that_must_be_durable_does_not_pass_over_a_full_disk(world: World) -> None:
    options = replace(world.options(), bundle=world.bundle(), durable=True)
    with pytest.raises(Problem, match="store-full"):
        open_agent(options)
    open_agent(options).stop()


def test_a_store_that_cannot_be_opened_is_left_alone_and_the_notice_says_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.device()
    first = incarnation(agent)
    agent.stop()

    def refuse(*_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    monkeypatch.setattr("gauger.instance.main.open_instance_store", refuse)
    agent = world.open()
    with agent.use(ESSENTIALS, 3):
        assert agent.usage()[0].count == 3
    assert "The disk is full. Nothing is stored or signed until the next start." in said(agent)
    assert "Free some space, then start again." in said(agent)
    assert "kept aside" not in said(agent)
    agent.stop()
    monkeypatch.undo()
    again = open_agent(world.options())
    assert incarnation(again) == first
    again.stop()


def test_what_is_no_lack_of_room_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = world.bundle()
    keys = private_folder(world.root / "device" / "keys")
    keys.chmod(0o755)
    with pytest.raises(Problem, match="key-exposed"):
        world.open(bundle=bundle)
    keys.chmod(0o700)
    with pytest.raises(Problem, match="file-not-found"):
        world.open(bundle=bundle, ca=world.root / "none.pem")
    monkeypatch.setattr(sqlite3, "connect", _newer)
    with pytest.raises(Problem, match="store-newer"):
        world.open(bundle=bundle)


def _newer(*_: object, **__: object) -> None:
    raise Problem("store-newer", "A newer release wrote it.")


@pytest.mark.parametrize("keys", ["device/keys", "elsewhere"])
def test_a_first_start_that_fails_leaves_nothing(world: World, keys: str) -> None:
    data, bundle = world.root / "device", world.bundle()
    options = replace(world.options(), bundle=bundle, keys=world.root / keys)
    for wrong in (
        replace(options, bundle=world.root / "misspelt"),
        replace(options, ca=world.root / "none.pem"),
        replace(options, clock_file=world.root / "no-clock"),
    ):
        with pytest.raises(Problem, match="file-not-found"):
            open_agent(wrong)
    with no_room(), pytest.raises(Problem, match="store-failed"):
        open_agent(replace(options, durable=True))
    assert not data.exists()
    assert not (world.root / keys).exists()


def test_a_first_start_that_fails_removes_nothing_that_was_there(world: World) -> None:
    data, bundle = world.root / "device", world.bundle()
    data.mkdir(mode=0o700)
    with no_room(), pytest.raises(Problem, match="store-failed"):
        open_agent(replace(world.options(), bundle=bundle, durable=True))
    assert data.exists()
    device = world.open(bundle=bundle)
    first = incarnation(device)
    device.stop()
    with pytest.raises(Problem, match="store-exists"):
        world.open(bundle=world.bundle("second", serial="GGR0002"))
    again = world.open()
    assert incarnation(again) == first
    again.stop()


def test_who_begins_in_a_folder_just_made_keeps_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, other = world.bundle(), world.bundle("second", serial="GGR0002")
    acquire = WriterLock.acquire

    def late(lock: WriterLock) -> None:
        monkeypatch.undo()
        world.open(bundle=bundle).stop()
        acquire(lock)

    monkeypatch.setattr(WriterLock, "acquire", late)
    with pytest.raises(Problem, match="store-exists"):
        world.open(bundle=other)
    world.open().stop()


def test_what_must_be_durable_is_refused_where_the_store_cannot_be_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.device().stop()

    def refuse(*_: object) -> None:
        raise Problem("store-failed", "The disk says no.")

    monkeypatch.setattr("gauger.instance.main.open_instance_store", refuse)
    with pytest.raises(Problem, match="The disk says no"):
        open_agent(replace(world.options(), durable=True))
    with world.open() as agent:
        with agent.use(ESSENTIALS, 3):
            assert agent.usage()[0].count == 3
        with pytest.raises(Problem, match="Nothing is stored"):
            agent.flush()
        with pytest.raises(Problem, match="Nothing is stored"):
            go_smart(agent, "https://cssm.example.com/licservice/license")


def test_a_folder_that_cannot_be_made_is_named(world: World) -> None:
    (world.root / "file").touch()
    with pytest.raises(Problem, match="store-failed"):
        world.open("file/device")


def test_a_start_without_bundle_reads_what_is_there(world: World) -> None:
    world.device().stop()
    keys = world.root / "device" / "keys"
    with no_room():
        agent = world.open()
        assert agent.udi.serial == "GGR0001"
    assert keys.is_dir()
    agent.stop()
