"""Who gets in over SSH, and what those learn who do not."""

import asyncio
from functools import partial
from pathlib import Path

import asyncssh
import pytest

from gauger.instance.config import ConfigChange, ConfigKey
from gauger.surfaces.ssh.door import NOBODY
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.pressure import Pressure
from tests.instance.world import World, names
from tests.surfaces.ssh.serving import (
    OPERATOR,
    PASSWORD,
    VIEWER,
    Book,
    Served,
    connect,
    looped,
    made_host_key,
    until,
)


def _itself(client: "_Client") -> "_Client":
    return client


REFUSED = (asyncssh.PermissionDenied, asyncssh.DisconnectError)


class _Client(asyncssh.SSHClient):
    """Keeps what it is told, and tries one password after another."""

    def __init__(self, *passwords: str) -> None:
        self.banner = ""
        self.tried = 0
        self._passwords = list(passwords)

    def auth_banner_received(self, msg: str, lang: str) -> None:
        del lang
        self.banner += msg

    def password_auth_requested(self) -> str | None:
        if not self._passwords:
            return None
        self.tried += 1
        return self._passwords.pop(0)


@pytest.mark.requirement("PI-3/ssh")
def test_without_users_nobody_logs_in_and_is_told_how(tmp_path: Path, book: Book) -> None:
    world = World(tmp_path)
    agent = world.device()
    key = asyncssh.generate_private_key("ssh-ed25519")
    seen = _Client()

    @looped
    async def attempt() -> None:
        with (
            Served(agent, made_host_key(tmp_path / "ssh"), key).over_ssh(book) as server,
            pytest.raises(asyncssh.DisconnectError, match="gauger instance user add"),
        ):
            await connect(server, client_factory=lambda: seen)

    attempt()
    agent.stop()
    assert seen.banner == NOBODY + "\n"
    assert book.shells == []


@looped
async def test_wrong_passwords_are_refused_alike_and_only_so_many(
    device: Served, book: Book
) -> None:
    with device.over_ssh(book) as server:
        told = set()
        for name in (OPERATOR, "nobody", "../x", "a b'; --"):
            seen = _Client(*["wrong"] * 9)
            options = {"password": None, "client_factory": partial(_itself, seen)}
            with pytest.raises(REFUSED) as refusal:
                await connect(server, username=name, **options)
            told.add((type(refusal.value), str(refusal.value), seen.tried))
        assert told == {(asyncssh.PermissionDenied, "Too many wrong passwords.", 3)}
        second = _Client("wrong", PASSWORD)
        async with connect(server, password=None, client_factory=lambda: second) as client:
            assert (await client.run("show")).exit_status == 0


@looped
async def test_a_key_does_without_a_password(device: Served, book: Book) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    with device.over_ssh(book) as server:
        before = names(device.agent)
        keys = {"password": None, "client_keys": [other, device.user_key]}
        async with connect(server, **keys) as client:
            assert str((await client.run("show")).stdout).startswith("15: ")
        # Keys that do not fit are no guesses: the event log does not tell of them.
        assert names(device.agent) == before
        with pytest.raises(REFUSED):
            await connect(server, password=None, client_keys=[other])
        with pytest.raises(REFUSED):
            await connect(server, username=VIEWER, password=None, client_keys=[device.user_key])


@looped
async def test_questions_and_passwords_are_one(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        asked = {"preferred_auth": "keyboard-interactive"}
        async with connect(server, **asked) as client:
            assert (await client.run("show")).exit_status == 0
        with pytest.raises(REFUSED):
            await connect(server, password="wrong", **asked)


class _Asked(asyncssh.SSHClient):
    """A client that answers questions, and counts them."""

    def __init__(self, answers: list[str]) -> None:
        self._answers, self.prompts = answers, list[str]()

    def kbdint_auth_requested(self) -> str:
        """Want to be asked."""
        return ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: asyncssh.auth.KbdIntPrompts
    ) -> list[str]:
        """Answer."""
        del name, instructions, lang
        self.prompts += [prompt for prompt, _ in prompts]
        return self._answers


@looped
async def test_the_question_is_the_one_that_scripts_wait_for(device: Served, book: Book) -> None:
    right, mute = _Asked([PASSWORD]), _Asked([])
    with device.over_ssh(book) as server:
        asked = {"preferred_auth": "keyboard-interactive", "password": None}
        async with connect(server, client_factory=lambda: right, **asked):
            assert right.prompts == ["Password: "]
        # No answer at all is no way to be asked for ever.
        with pytest.raises(REFUSED):
            await connect(server, client_factory=lambda: mute, **asked)
    assert len(mute.prompts) <= 3


@looped
async def test_too_many_keys_end_the_connection(device: Served, book: Book) -> None:
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(5)]
    with (
        device.over_ssh(book, Limits(offers=4)) as server,
        pytest.raises(asyncssh.DisconnectError, match="Too many names or keys"),
    ):
        await connect(server, password=None, client_keys=keys)


@looped
async def test_a_removed_user_is_out_at_once(device: Served, book: Book) -> None:
    users = device.agent.users
    with device.over_ssh(book) as server:
        users.add("leaver", PASSWORD, 15)
        async with connect(server, username="leaver") as client:
            assert (await client.run("show")).exit_status == 0
            users.remove("leaver")
            with pytest.raises(asyncssh.ChannelOpenError, match="was removed"):
                await client.run("show")


@looped
async def test_a_removed_users_open_session_ends(device: Served, book: Book) -> None:
    users = device.agent.users
    with device.over_ssh(book, Limits(hasty=0.0, tick=0.02, users_tick=0.02)) as server:
        users.add("leaver", PASSWORD, 15)
        async with connect(server, username="leaver") as client:
            shell = await client.create_process(term_type="vt100")
            await until(shell.stdout, "ready>")
            users.remove("leaver")
            await client.wait_closed()


@pytest.mark.threat("E16", role="instance")
@looped
async def test_what_is_taken_from_a_user_is_taken_from_open_sessions(
    device: Served, book: Book
) -> None:
    users = device.agent.users
    with device.over_ssh(book, Limits(hasty=0.0, tick=0.02, users_tick=0.02)) as server:
        users.add("lowered", PASSWORD, 15)
        async with connect(server, username="lowered") as client:
            shell = await client.create_process(term_type="vt100")
            await until(shell.stdout, "ready>")
            value = f"1 0 {PASSWORD}"
            key = ConfigKey.USERNAME
            device.agent.configure([ConfigChange(key=key, value=value, member="lowered")])
            await client.wait_closed()
    users.remove("lowered")


@looped
async def test_who_does_not_log_in_is_sent_away(device: Served, book: Book) -> None:
    with device.over_ssh(book, Limits(grace=0.2)) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        assert (await reader.readline()).startswith(b"SSH-2.0-Gauger")
        assert await reader.read() is not None
        writer.close()


@looped
async def test_a_crowd_of_strangers_keeps_nobody_out(device: Served, book: Book) -> None:
    with device.over_ssh(book, Limits(strangers=3)) as server:
        strangers = [await asyncio.open_connection(*server.address) for _ in range(8)]
        async with connect(server) as client:
            assert (await client.run("show")).exit_status == 0
        # The first five have been sent away to make room.
        for reader, _ in strangers[:5]:
            await reader.read()
        for _, writer in strangers:
            writer.close()


def test_an_address_that_guesses_waits_longer_and_longer() -> None:
    now = [0.0]
    pressure = Pressure(Limits(hasty=0.5, slowest=2.0), lambda: now[0])
    waits = []
    for _ in range(6):
        waits.append(pressure.wait("192.0.2.1"))
        pressure.failed("192.0.2.1")
    assert waits == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert pressure.wait("192.0.2.2") == 0.0
    now[0] = 1000.0
    assert pressure.wait("192.0.2.1") == 0.0


def test_a_network_that_one_machine_owns_counts_as_one() -> None:
    pressure = Pressure(Limits(hasty=1.0), lambda: 0.0)
    pressure.failed("2001:db8::1")
    assert pressure.wait("2001:db8::2") == 1.0
    assert pressure.wait("2001:db8:0:1::2") == 0.0
    # Links have names in their addresses; whatever it is, it is counted.
    pressure.failed("somewhere")
    assert pressure.wait("somewhere") == 1.0
    for number in range(2000):
        pressure.failed(f"192.0.{number // 250}.{number % 250}")
    assert pressure.wait("2001:db8::2") == 0.0
