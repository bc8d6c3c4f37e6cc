"""`gauger instance run --ssh`: where the shell is, what is said of it, and when it stays shut."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from gauger.adapters.keys.ssh_host import NAME
from gauger.cli.instance_ssh import listen, shell_over
from gauger.instance.agent import Agent
from gauger.instance.main import Options, open_agent
from tests.core.documents.material import refused
from tests.instance.test_users import PASSWORD
from tests.surfaces.ssh.serving import looped

_PATIENCE = 90.0


@pytest.fixture
def options(tmp_path: Path, bundle: Path) -> Options:
    return Options(data=tmp_path / "device", bundle=bundle)


@pytest.fixture
def agent(options: Options) -> Iterator[Agent]:
    opened = open_agent(options)
    yield opened
    opened.stop()


@contextmanager
def running(data: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run an agent until the end of the block; lend its process and the port of its shell."""
    command = [sys.executable, "-m", "gauger", "instance", "run", "--data", str(data), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if line.startswith("SSH: ssh -p "))
            yield process, int(line.split()[3])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE) == 0


async def _told(port: int, line: str) -> str:
    where = {"known_hosts": None, "agent_path": None, "client_keys": None, "config": None}
    async with asyncssh.connect(
        "127.0.0.1", port, username="operator", password=PASSWORD, **where
    ) as client:
        return str((await client.run(line)).stdout)


@pytest.mark.requirement("PI-3/ssh")
def test_an_agent_serves_its_shell_from_the_first_start_on(options: Options, bundle: Path) -> None:
    with running(options.data, "--bundle", str(bundle), "--ssh", ":0") as (_, port):
        add = ["instance", "user", "add", "operator", "--privilege", "15", "--password-file", "-"]
        command = [sys.executable, "-m", "gauger", *add, "--data", str(options.data)]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
        told = _run(port, "show license udi")
        key = (options.keys_folder / NAME).read_bytes()
    assert told.startswith("UDI: PID:")
    with running(options.data, "--ssh", "127.0.0.1:0") as (_, port):
        assert _run(port, "show license udi") == told
    # Stable: clients that have seen it need not be asked again.
    assert (options.keys_folder / NAME).read_bytes() == key


def _run(port: int, line: str) -> str:
    found: list[str] = []

    @looped
    async def ask() -> None:
        found.append(await _told(port, line))

    ask()
    return found[0]


def test_what_is_served_is_told(
    options: Options, agent: Agent, capsys: pytest.CaptureFixture[str]
) -> None:
    with shell_over(listen(":0", is_test=False), agent, options):
        pass
    said = capsys.readouterr().out
    assert "USER@127.0.0.1, host key SHA256:" in said
    assert "gauger instance user add" in said
    assert "Other machines" not in said
    agent.users.add("operator", PASSWORD, 15)
    with shell_over(listen("0.0.0.0:0", is_test=False), agent, options):
        pass
    said = capsys.readouterr().out
    assert "gauger instance user add" not in said
    assert "Other machines reach it." in said


def test_a_key_that_is_no_secret_shuts_the_shell_and_nothing_else(
    options: Options, agent: Agent, capsys: pytest.CaptureFixture[str]
) -> None:
    with shell_over(listen(":0", is_test=False), agent, options):
        pass
    (options.keys_folder / NAME).chmod(0o644)
    listener = listen(":0", is_test=False)
    with shell_over(listener, agent, options):
        assert agent.usage() == ()
    assert "SSH stays shut: " in capsys.readouterr().out
    assert listener.fileno() == -1


@pytest.mark.parametrize(
    "address", ["", "host", "host:", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:\u0662", "a\0:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with refused("invalid-argument"):
        listen(address, is_test=False)


def test_a_port_that_is_taken_is_refused() -> None:
    with listen("[::1]:0", is_test=False) as first, refused("invalid-argument"):
        listen(f"[::1]:{first.getsockname()[1]}", is_test=False)


def test_a_test_clock_is_for_this_machine_only() -> None:
    listen("localhost:0", is_test=True).close()
    for address in ("0.0.0.0:0", "example.com:0"):
        with refused("invalid-argument"):
            listen(address, is_test=True)
