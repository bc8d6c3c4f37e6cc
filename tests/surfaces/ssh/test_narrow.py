"""What is not offered over SSH: weak algorithms, forwarding, files, variables."""

import socket
import struct
from pathlib import Path

import asyncssh
import pytest
from asyncssh.packet import Boolean, String, UInt32

from gauger.surfaces.ssh.session import Channel
from tests.surfaces.ssh.serving import Book, Served, connect, looped, until


def _offered(address: tuple[str, int]) -> list[list[str]]:
    """Return the lists of algorithms with which a server greets, in the order of RFC 4253, 7.1."""
    with socket.create_connection(address, timeout=10) as client, client.makefile("rb") as stream:
        client.sendall(b"SSH-2.0-test\r\n")
        assert stream.readline() == b"SSH-2.0-Gauger\r\n"
        length, padding = struct.unpack(">IB", stream.read(5))
        packet = stream.read(length - 1)[: length - 1 - padding]
    assert packet[0] == 20
    place, lists = 17, []
    for _ in range(8):
        (size,) = struct.unpack_from(">I", packet, place)
        lists.append(packet[place + 4 : place + 4 + size].decode().split(","))
        place += 4 + size
    return lists


@pytest.mark.requirement("PI-3/ssh")
def test_weak_algorithms_are_not_offered(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        lists = _offered(server.address)
    exchange, host_keys, to_server, to_client = lists[:4]
    assert "curve25519-sha256" in exchange
    assert host_keys == ["ssh-ed25519"]
    assert to_server == to_client
    offered = {name for names in lists for name in names}
    weak = ("sha1", "md5", "cbc", "3des", "arcfour", "ssh-rsa", "dss", "umac-64", "group1-")
    assert not [name for name in offered if any(word in name for word in weak)]
    # What is compressed small may be endless.
    assert lists[6:] == [["none"], ["none"]]


@looped
async def test_who_speaks_weak_ones_alone_is_refused(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server, pytest.raises(asyncssh.Error):
        await connect(server, kex_algs=["diffie-hellman-group14-sha1"])


@looped
async def test_nothing_is_forwarded(device: Served, book: Book, tmp_path: Path) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            with pytest.raises(asyncssh.ChannelOpenError):
                await client.open_connection("127.0.0.1", server.address[1])
            with pytest.raises(asyncssh.ChannelOpenError):
                await client.open_unix_connection(str(tmp_path / "socket"))
            with pytest.raises(asyncssh.ChannelListenError):
                await client.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 9)
            with pytest.raises(asyncssh.ChannelListenError):
                await client.start_unix_server(lambda *_: None, str(tmp_path / "other"))
            assert (await client.run("show")).exit_status == 0


@looped
async def test_there_are_no_files_and_no_other_subsystem(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            with pytest.raises(asyncssh.Error):
                await client.start_sftp_client()
            with pytest.raises(asyncssh.ChannelOpenError):
                await client.create_process(subsystem="netconf")
            # An old `scp` is a line as any other, and no command of the device.
            assert (await client.run("scp -f /etc/passwd")).stdout == "15: scp -f /etc/passwd\n"


@looped
async def test_variables_agents_and_screens_are_refused(
    device: Served, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Channel] = []
    begin = Channel.__init__

    def note(channel: Channel, connection: asyncssh.SSHServerConnection) -> None:
        begin(channel, connection)
        made.append(channel)

    monkeypatch.setattr(Channel, "__init__", note)
    screen = (Boolean(value=False), String("MIT-MAGIC-COOKIE-1"), String("00" * 16), UInt32(0))
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            variables = {f"NAME{number}": "x" * 1000 for number in range(50)}
            shell = await client.create_process(term_type="vt100", env=variables)
            ask = shell.channel._make_request
            assert not await ask(b"env", String("LD_PRELOAD"), String("/x.so"))
            assert not await ask(b"x11-req", *screen)
            assert not await ask(b"auth-agent-req@openssh.com")
            await until(shell.stdout, "ready>")
            (channel,) = made
            # The library would keep whatever a client sends.
            assert dict(channel.get_environment()) == {}
            assert (channel.get_agent_path(), channel.get_x11_display()) == (None, None)
