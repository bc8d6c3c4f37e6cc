"""The device's own shell over SSH: what a client types is data, what it is shown moves no cursor."""

import asyncio
import logging
import os
import subprocess
import threading
from pathlib import Path

import asyncssh
import pytest

from gauger.instance.config import ConfigChange, ConfigKey
from gauger.surfaces.ssh.device import DeviceWorks
from tests.support.material import needs_program
from tests.surfaces.ssh.serving import OPERATOR, VIEWER, Served, connect, looped, until

# What a shell of the host, a terminal, a log or a path would obey.
HOSTILE = (
    "$(touch HERE)",
    "`touch HERE`",
    "show license status; touch HERE",
    "show license status | touch HERE",
    "show license status && touch HERE",
    "show license status > HERE",
    "!touch HERE",
    "../../../bin/sh -c touch",
    "license smart import /etc/passwd",
    "license smart import ../../../../etc/passwd",
    "license smart save usage all file ../escaped.xml",
    "license smart save usage all file /HERE",
    "license smart trust idtoken $(touch${IFS}HERE) local",
    "show license usage \x1b]0;owned\x07",
    "\x1b[2J\x1b[1;1Hroot@host:~# ",
    "%n%n%n {0.__class__} {{7*7}}",
    "show license status\x00; id",
)


@pytest.fixture
def works(device: Served, tmp_path: Path) -> DeviceWorks:
    flash = tmp_path / "flash"
    flash.mkdir()
    return DeviceWorks(device.agent, flash)


@pytest.mark.requirement("PI-3/ssh")
@looped
async def test_the_prompt_tells_the_privilege(device: Served, works: DeviceWorks) -> None:
    with device.over_ssh(works) as server:
        for name, sign in ((OPERATOR, "#"), (VIEWER, ">")):
            async with connect(server, username=name) as client:
                shell = await client.create_process(term_type="vt100")
                await until(shell.stdout, sign)
                shell.stdin.write("show privilege\r")
                told = await until(shell.stdout, sign)
                assert f"level is {15 if sign == '#' else 1}" in told
                shell.stdin.write("exit\r")
                assert (await shell.wait()).exit_status == 0


@looped
async def test_a_single_line_is_held_to_the_privilege(device: Served, works: DeviceWorks) -> None:
    with device.over_ssh(works) as server:
        async with connect(server, username=VIEWER) as client:
            seen = await client.run("show license udi | include UDI")
            refused = await client.run("license smart sync all")
        async with connect(server) as client:
            wrong = await client.run("license smart import flash:none.xml")
    assert (seen.exit_status, refused.exit_status, wrong.exit_status) == (0, 1, 1)
    assert str(seen.stdout).startswith("UDI: PID:")
    assert "% Invalid input detected at '^' marker." in str(refused.stdout)
    assert str(wrong.stdout).startswith("% ")


@pytest.mark.threat("E16", role="instance")
@looped
async def test_no_input_reaches_the_host(
    device: Served, works: DeviceWorks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", _no_program)
    monkeypatch.setattr(os, "system", _no_program)
    monkeypatch.chdir(tmp_path)
    with device.over_ssh(works) as server:
        async with connect(server) as client:
            for line in HOSTILE:
                done = await client.run(line)
                assert done.exit_status in {0, 1}, line
                assert "root:" not in f"{done.stdout}{done.stderr}", line
            shell = await client.create_process(term_type="vt100")
            shell.stdin.write("terminal length 0\r" + "".join(f"{line}\r" for line in HOSTILE))
            shell.stdin.write("\r\rexit\r")
            said = await asyncio.wait_for(shell.stdout.read(), 60)
    assert "root:" not in said
    # A name that begins with a slash is one of the device's own disk.
    made = {path.name for path in tmp_path.rglob("*")}  # noqa: ASYNC240 -- the server has ended
    assert made <= {"flash", "HERE"}
    assert not (tmp_path / "HERE").exists()


def _no_program(*arguments: object, **_: object) -> None:
    raise AssertionError(f"a program was started: {arguments}")


@pytest.mark.threat("E17", role="instance")
@pytest.mark.threat("F17", role="instance")
@looped
async def test_no_output_moves_a_cursor_and_no_log_tells_lies(
    device: Served, works: DeviceWorks, caplog: pytest.LogCaptureFixture
) -> None:
    with device.over_ssh(works) as server, caplog.at_level(logging.DEBUG):
        async with connect(server) as client:
            for line in HOSTILE:
                done = await client.run(line)
                told = f"{done.stdout}{done.stderr}"
                assert not set(told) & {"\x1b", "\x07", "\x00", "\r", "\x9b"}, line
        with pytest.raises((asyncssh.PermissionDenied, asyncssh.DisconnectError)):
            await connect(server, username="x%SYS-5-CONFIG_I", password="wrong")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("gauger")]
    assert not [line for line in ours if not line.isprintable()]
    # Nor do tokens and passwords stand in it: the library would tell each line that is typed.
    theirs = [record.getMessage() for record in caplog.records if record.threadName == "ssh"]
    assert not [line for line in theirs if "idtoken" in line or "CONFIG_I" in line]


@looped
async def test_the_login_banner_stands_before_the_log_in(
    device: Served, works: DeviceWorks
) -> None:
    change = ConfigChange(key=ConfigKey.BANNER_LOGIN, value="Authorised only")
    device.agent.configure([change], save=False)
    seen: list[str] = []

    class Client(asyncssh.SSHClient):
        def auth_banner_received(self, msg: str, lang: str) -> None:
            del lang
            seen.append(msg)

    try:
        with device.over_ssh(works) as server:
            async with connect(server, client_factory=Client) as client:
                await client.run("show license udi")
    finally:
        device.agent.configure([ConfigChange(key=ConfigKey.BANNER_LOGIN, value=None)])
    assert seen == ["Authorised only\n"]


@pytest.mark.requirement("PI-3/ssh")
@looped
async def test_ctrl_c_breaks_off_what_waits_for_the_portal(
    device: Served, works: DeviceWorks, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = threading.Event(), threading.Event()

    def keep_waiting(*_: object) -> None:
        asked.set()
        answers.wait(60)

    monkeypatch.setattr(device.agent, "sync", keep_waiting)
    with device.over_ssh(works) as server:
        async with connect(server) as client:
            shell = await client.create_process(term_type="vt100")
            await until(shell.stdout, "#")
            shell.stdin.write("license smart sync all\rshow clock\r")
            await asyncio.to_thread(asked.wait, 60)
            shell.stdin.write("show version\r\x03show privilege\r")
            shown = await until(shell.stdout, "level is 15")
    answers.set()
    assert "% Broken off." in shown
    # What was typed ahead was meant to follow what is broken off.
    assert "show version" not in shown
    assert "show clock" not in shown


def test_openssh_logs_in_by_key_and_is_asked_once(
    device: Served, works: DeviceWorks, tmp_path: Path
) -> None:
    program = needs_program("ssh", "openssh-client")
    key = tmp_path / "key"
    key.write_bytes(device.user_key.export_private_key())
    key.chmod(0o600)
    known = tmp_path / "known"
    with device.over_ssh(works) as server:
        host, port = server.address
        options = ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=accept-new")
        command = [str(program), "-F", "none", "-i", str(key), "-p", str(port)]
        command += [word for option in options for word in ("-o", option)]
        command += ["-o", f"UserKnownHostsFile={known}", f"{OPERATOR}@{host}"]
        for _ in range(2):
            done = subprocess.run(
                [*command, "show license udi"], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stdout[:9]) == (0, "UDI: PID:")
        typed = subprocess.run(
            [*command, "-tt"], input=b"show privilege\rexit\r", capture_output=True, check=False
        )
    assert b"Current privilege level is 15\r\n" in typed.stdout
    assert typed.returncode == 0
    assert known.read_text().split()[1] == "ssh-ed25519"
