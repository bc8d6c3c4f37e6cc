"""The operator of the story: what it is shown, and what ends the story."""

from collections.abc import Iterator

import asyncssh
import pytest

from gauger.surfaces.ssh.server import SshServer
from gauger.tools.demo import at_the_shell, typist
from gauger.tools.demo.scene import Scene, StepFailed
from gauger.tools.demo.stage import Stage, free_port
from gauger.tools.demo.typist import NAME, Typist
from tests.instance.world import World
from tests.surfaces.ssh.serving import PASSWORD, Book, Served, made_host_key


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A device with the story's user."""
    world = World(tmp_path_factory.mktemp("world"))
    agent = world.device()
    agent.users.add(NAME, PASSWORD, 15)
    key = made_host_key(world.root / "ssh")
    yield Served(agent, key, asyncssh.generate_private_key("ssh-ed25519"))
    agent.stop()


@pytest.fixture
def server(device: Served) -> Iterator[SshServer]:
    with device.over_ssh(Book()) as server:
        yield server


@pytest.fixture
def operator(server: SshServer) -> Iterator[Typist]:
    with Typist(server.address[1]) as operator:
        operator.log_in(PASSWORD, server.fingerprint)
        yield operator


def test_a_line_is_answered_without_echo_and_prompt(operator: Typist) -> None:
    assert operator.prompt == "ready>"
    # What a shell echoes ends with the line; this one echoes nothing but its answer.
    assert operator.type("one\r") == f"{NAME}/15@127.0.0.1: one\n"
    assert operator.carry_out("two") == ""
    operator.end_with("exit\r")
    with pytest.raises(StepFailed, match="No session"):
        operator.type("three\r")


def test_an_answer_that_does_not_come_ends_the_story(
    operator: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "_PATIENCE", 0.2)
    with pytest.raises(StepFailed, match="in vain"):
        operator.type("one\r", until="never")


def test_a_session_that_ends_early_ends_the_story(operator: Typist) -> None:
    with pytest.raises(StepFailed, match="The session ended"):
        operator.type("exit\r", until="never")


def test_another_device_and_a_wrong_password_end_the_story(server: SshServer) -> None:
    with Typist(server.address[1]) as operator, pytest.raises(StepFailed, match="host key"):
        operator.log_in(PASSWORD, "SHA256:another")
    with Typist(server.address[1]) as operator:
        with pytest.raises(StepFailed, match="does not let in"):
            operator.log_in("wrong password", server.fingerprint)
        assert operator.refused()


def test_a_device_that_lets_anybody_in_ends_the_story(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "_NOBODYS", PASSWORD)
    with Typist(server.address[1]) as operator, pytest.raises(StepFailed, match="lets in"):
        operator.refused()


def test_a_wrong_answer_ends_the_story() -> None:
    class Mistaken(Typist):
        def carry_out(self, line: str) -> str:
            return f"{line}: no\n"

    lines: list[str] = []
    with Stage() as stage, Mistaken(free_port()) as mistaken:
        desk = at_the_shell.Desk(Scene(stage=stage, say=lines.append, shared=None), mistaken)
        assert desk.types("sync", "no") == "sync: no\n"
        for expected in ("yes", ""):
            with pytest.raises(StepFailed, match="sync"):
                desk.types("sync", expected)
    assert [" FAILED" in line for line in lines] == [False, True, True]
