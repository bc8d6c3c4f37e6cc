"""Who may log in at a device: kept sealed, checked in constant work, gone with a copied store."""

import base64
import shutil
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.instance.agent import Agent
from gauger.tools.fsck_instance import check_instance
from tests.core.documents.material import refused
from tests.instance.world import World, names

PASSWORD = "correct horse battery"
OTHER = "another horse, no battery"


def key_line(kind: str = "ssh-ed25519", *, named: str | None = None, fill: bytes = b"k") -> str:
    name = (named or kind).encode()
    blob = len(name).to_bytes(4, "big") + name + fill * 36
    return f"{kind} {base64.b64encode(blob).decode()} someone@somewhere"


@pytest.mark.requirement("PI-11/users")
def test_no_user_exists_until_one_is_made(device: Agent) -> None:
    assert device.users.listed() == ()
    with refused("unauthenticated"):
        device.users.check("admin", "admin")
    device.users.add("operator", PASSWORD, 15)
    assert device.users.check("operator", PASSWORD) == 15
    with refused("unauthenticated"):
        device.users.check("operator", OTHER)


def test_a_user_outlives_a_restart_and_is_sealed(world: World, device: Agent) -> None:
    device.users.add("viewer", PASSWORD, 1)
    device.stop()
    data = world.root / "device"
    assert b"viewer" not in (data / "store.sqlite").read_bytes()
    assert check_instance(data) == []
    again = world.open()
    assert again.users.check("viewer", PASSWORD) == 1
    (user,) = again.users.listed()
    assert (user.name, user.privilege, user.keys) == ("viewer", 1, ())
    again.stop()


def test_a_password_is_changed_and_a_user_removed(device: Agent) -> None:
    users = device.users
    users.add("a", PASSWORD, 1)
    users.change_password("a", OTHER)
    with refused("unauthenticated"):
        users.check("a", PASSWORD)
    assert users.check("a", OTHER) == 1
    users.remove("a")
    with refused("unauthenticated"):
        users.check("a", OTHER)
    with refused("requested-item-not-found"):
        users.remove("a")
    with refused("requested-item-not-found"):
        users.change_password("a", OTHER)


@pytest.mark.parametrize("name", ["", "a b", "-a", "ä", "a\n", "x" * 65, "a/b", "\ud800"])
def test_a_name_that_is_none_is_refused(device: Agent, name: str) -> None:
    with refused("invalid-argument"):
        device.users.add(name, PASSWORD, 1)
    with refused("unauthenticated"):
        device.users.check(name, PASSWORD)


@pytest.mark.parametrize("password", ["short", "x" * 257, "\ud800" * 20])
def test_a_password_that_is_none_is_refused(device: Agent, password: str) -> None:
    device.users.add("a", PASSWORD, 1)
    with refused("invalid-argument"):
        device.users.add("b", password, 1)
    with refused("invalid-argument"):
        device.users.change_password("a", password)
    with refused("unauthenticated"):
        device.users.check("a", password)


def test_privilege_and_names_are_as_operators_know_them(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused("invalid-argument"):
        device.users.add("a", PASSWORD, 7)
    device.users.add("a", PASSWORD, 1)
    with refused("conflict"):
        device.users.add("a", OTHER, 15)
    monkeypatch.setattr("gauger.instance.users.MOST_USERS", 1)
    with refused("conflict"):
        device.users.add("b", PASSWORD, 1)
    assert device.users.check("a", PASSWORD) == 1


@pytest.mark.threat("F1", role="instance")
def test_a_name_that_does_not_exist_costs_the_same_hash(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.users.add("a", PASSWORD, 1)
    seen: list[bool] = []
    hashes = device.users._passwords._load()  # type: ignore[attr-defined]  # the adapter behind the port
    verify = hashes._hasher.verify

    class Counting:
        def verify(self, kept: str, offered: bytes) -> bool:
            seen.append(kept == hashes._nobody)
            return bool(verify(kept, offered))

    monkeypatch.setattr(hashes, "_hasher", Counting())
    for name in ("a", "nobody", "\ud800"):
        with refused("unauthenticated"):
            device.users.check(name, OTHER)
    assert seen == [False, True, True]


@pytest.mark.threat("F1", role="instance")
def test_refusals_are_told_once_a_minute_and_never_with_what_was_typed(
    world: World, device: Agent
) -> None:
    for _ in range(5):
        with pytest.raises(Problem):
            device.users.check("my-password-in-the-wrong-field", OTHER)
    world.clock.advance(61)
    device.users.add("a", PASSWORD, 1)
    with pytest.raises(Problem):
        device.users.check("a", OTHER)
    told = [entry.fields for entry in device.events() if entry.name == "SAEVT_LOGIN_REFUSED"]
    assert told == [
        (("user", "unknown"), ("count", "1")),
        (("user", "a"), ("count", "5")),
    ]
    assert "SAEVT_USER_ADDED" in names(device)


def refusals(agent: Agent) -> list[tuple[tuple[str, str], ...]]:
    """Return what the event log tells of who was not let in."""
    return [entry.fields for entry in agent.events() if entry.name == "SAEVT_LOGIN_REFUSED"]


def guess(agent: Agent, times: int) -> None:
    """Try to log in with a wrong password."""
    for _ in range(times):
        with pytest.raises(Problem):
            agent.users.check("a", OTHER)


@pytest.mark.threat("F1", role="instance")
def test_refusals_that_were_only_counted_are_told_at_a_stop(world: World, device: Agent) -> None:
    device.users.add("a", PASSWORD, 1)
    guess(device, 4)
    device.stop()
    again = world.open()
    assert refusals(again) == [(("user", "a"), ("count", str(count))) for count in (1, 3)]
    again.stop()


def test_refusals_are_told_when_the_guessing_ends(world: World, device: Agent) -> None:
    device.users.add("a", PASSWORD, 1)
    guess(device, 3)
    device.tick()
    assert len(refusals(device)) == 1
    world.clock.advance(61)
    device.tick()
    device.tick()
    assert [fields[1][1] for fields in refusals(device)] == ["1", "2"]


def test_refusals_of_a_full_disk_are_told_when_it_has_room(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    device.users.add("a", PASSWORD, 1)
    with monkeypatch.context() as patched:
        patched.setattr(device._store, "commit", refuse)
        guess(device, 2)
    world.clock.advance(61)
    device.tick()
    assert [fields[1][1] for fields in refusals(device)] == ["2"]


def test_a_key_is_taken_checked_and_taken_away(device: Agent) -> None:
    users = device.users
    users.add("a", PASSWORD, 15)
    users.add_key("a", key_line())
    users.add_key("a", key_line())
    users.add_key("a", key_line("ecdsa-sha2-nistp256"))
    assert users.check_key("a", key_line()) == 15
    assert len(users.listed()[0].keys) == 2
    for name, key in (("a", key_line(fill=b"x")), ("b", key_line()), ("a", "none")):
        with refused("unauthenticated"):
            users.check_key(name, key)
    users.remove_key("a", key_line())
    with refused("unauthenticated"):
        users.check_key("a", key_line())
    with refused("requested-item-not-found"):
        users.remove_key("a", key_line())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 %%%",
        "ssh-ed25519 AAAA",
        key_line("ssh-rsa"),
        key_line("ssh-ed25519", named="ssh-dss-123"),
        f'command="sh" {key_line()}',
        f"{key_line()}\n{key_line()}",
        f"{key_line()} {'x' * 1024}",
    ],
)
def test_a_key_that_is_none_is_refused(device: Agent, line: str) -> None:
    device.users.add("a", PASSWORD, 1)
    with refused("invalid-argument"):
        device.users.add_key("a", line)


def test_a_user_has_a_bounded_number_of_keys(
    device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gauger.instance.users.MOST_KEYS", 1)
    device.users.add("a", PASSWORD, 1)
    device.users.add_key("a", key_line())
    with refused("conflict"):
        device.users.add_key("a", key_line(fill=b"x"))


def copied_back(world: World, store: Path) -> Agent:
    shutil.copy(store, world.root / "device" / "store.sqlite")
    return world.open()


@pytest.mark.threat("A19", role="instance")
def test_a_copied_back_store_brings_no_removed_user_back(world: World, device: Agent) -> None:
    device.users.add("a", PASSWORD, 15)
    device.users.add("b", PASSWORD, 1)
    device.stop()
    old = shutil.copy(world.root / "device" / "store.sqlite", world.root / "old.sqlite")
    agent = world.open()
    agent.users.remove("a")
    agent.stop()
    agent = copied_back(world, Path(old))
    assert agent.users.listed() == ()
    agent.stop()


def test_users_that_did_not_change_are_carried_over(world: World, device: Agent) -> None:
    device.users.add("a", PASSWORD, 15)
    device.stop()
    old = shutil.copy(world.root / "device" / "store.sqlite", world.root / "old.sqlite")
    world.open().stop()
    agent = copied_back(world, Path(old))
    assert "SMART_LIC-3-STORE_REPLACED" in names(agent)
    assert agent.users.check("a", PASSWORD) == 15
    agent.stop()


def test_what_would_be_forgotten_is_not_promised(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.device().stop()

    def refuse(*_: object) -> None:
        raise Problem("store-full", "The disk is full.")

    monkeypatch.setattr("gauger.instance.main.open_instance_store", refuse)
    agent = world.open()
    with refused("store-failed"):
        agent.users.add("a", PASSWORD, 1)
    agent.stop()
