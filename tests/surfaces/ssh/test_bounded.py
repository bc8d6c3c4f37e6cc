"""What clients over SSH may take: time, memory, sessions; and that they end when they have to."""

import asyncio
import logging
from dataclasses import replace

import asyncssh
import pytest

from gauger.instance.config import ConfigChange, ConfigKey
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.server import SshServer
from tests.surfaces.ssh.serving import PATIENCE, QUICK, Book, Served, connect, looped, until

OPERATORS = 20


@pytest.mark.requirement("PI-3/ssh")
@looped
async def test_twenty_operators_work_at_once(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        said = await asyncio.gather(*(_one_operator(server, n) for n in range(OPERATORS)))
    assert said == [f"hello {n}" for n in range(OPERATORS)]
    assert len(book.shells) == OPERATORS


async def _one_operator(server: SshServer, number: int) -> str:
    async with connect(server) as client:
        shell = await client.create_process(term_type="vt100")
        await until(shell.stdout, "ready>")
        shell.stdin.write(f"hello {number}\r")
        told: str = await until(shell.stdout, "\r\n")
        shell.stdin.write("exit\r")
        await shell.wait()
    return told.partition(": ")[2].strip()


@looped
async def test_one_that_waits_keeps_nobody_waiting(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as slow, connect(server) as quick:
            shell = await slow.create_process(term_type="vt100")
            shell.stdin.write("wait\r")
            assert await asyncio.to_thread(book.entered.wait, PATIENCE)
            assert (await quick.run("show")).exit_status == 0
            book.release.set()
            shell.stdin.write("exit\r")
            assert (await shell.wait()).exit_status == 0


@looped
async def test_more_sessions_than_there_is_room_for_are_refused(device: Served, book: Book) -> None:
    with device.over_ssh(book, replace(QUICK, sessions=3, sessions_each=2)) as server:
        async with connect(server) as one, connect(server) as other:
            shell = await one.create_process(term_type="vt100")
            await one.create_process(term_type="vt100")
            with pytest.raises(asyncssh.ChannelOpenError, match="Too many sessions"):
                await one.run("show")
            await other.create_process(term_type="vt100")
            with pytest.raises(asyncssh.ChannelOpenError, match="Too many sessions"):
                await other.run("show")
            shell.stdin.write("exit\r")
            await shell.wait()
            # Its place is free once its thread has ended, a moment after the client was told.
            while len(server.sessions) > 2:  # noqa: ASYNC110 -- of another loop
                await asyncio.sleep(0.01)
            assert (await other.run("show")).exit_status == 0


@looped
async def test_who_types_nothing_is_ended_and_a_single_command_is_not(
    device: Served, book: Book
) -> None:
    device.agent.configure([ConfigChange(key=ConfigKey.TIMEOUT_VTY, value="0 1")], save=False)
    try:
        with device.over_ssh(book) as server:
            async with connect(server) as client:
                shell = await client.create_process(term_type="vt100")
                assert (await shell.wait()).exit_status == 0
    finally:
        device.agent.configure([ConfigChange(key=ConfigKey.TIMEOUT_VTY, value=None)])
    assert book.closed.acquire(timeout=PATIENCE)


@looped
async def test_who_logs_in_and_opens_nothing_is_sent_away(device: Served, book: Book) -> None:
    with device.over_ssh(book, replace(QUICK, grace=2.0)) as server:
        client = await connect(server)
        await client.wait_closed()


@looped
async def test_a_client_that_does_not_read_is_cut_off(device: Served, book: Book) -> None:
    limits = replace(QUICK, patience=0.5, output_bytes=64 * 1024)
    with device.over_ssh(book, limits) as server:
        client = await connect(server)
        shell = await client.create_process(term_type="vt100", encoding=None, window=64 * 1024)
        shell.channel.pause_reading()
        shell.stdin.write(b"flood 100\r" * 200)
        await client.wait_closed()
        assert book.closed.acquire(timeout=PATIENCE)
    # Of 200 lines the first few filled what may wait.
    assert book.written < 2 * 1024 * 1024


@looped
async def test_a_client_that_leaves_the_wire_full_is_cut_off(device: Served, book: Book) -> None:
    """A window without end, and a socket that nobody reads: the library would keep it all."""
    limits = replace(QUICK, patience=0.5, output_bytes=64 * 1024)
    with device.over_ssh(book, limits) as server:
        client = await connect(server)
        shell = await client.create_process(
            term_type="vt100", encoding=None, window=1 << 31, max_pktsize=1 << 15
        )
        client._transport.pause_reading()
        shell.stdin.write(b"flood 1000\r" * 200)
        assert await asyncio.to_thread(book.closed.acquire, timeout=PATIENCE)
        client.abort()
    assert book.written < 32 * 1024 * 1024


@looped
async def test_input_waits_in_the_network_and_not_in_memory(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            shell = await client.create_process(term_type="vt100", encoding=None)
            shell.stdin.write(b"wait\r")
            assert await asyncio.to_thread(book.entered.wait, PATIENCE)
            shell.stdin.write(b"x" * 80 + b"\r")
            for _ in range(1500):
                shell.stdin.write(b"y" * 79 + b"\r")
            await asyncio.sleep(0.2)
            (session,) = server.sessions
            assert session.waiting_bytes < 64 * 1024
            book.release.set()
            shell.stdin.write(b"exit\r")
            assert (await shell.stdout.read()).count(b"yyy\r\n") == 1500


@looped
async def test_a_message_of_the_device_waits_for_nobody(device: Served, book: Book) -> None:
    limits = replace(QUICK, output_bytes=1024)
    with device.over_ssh(book, limits) as server:
        client = await connect(server)
        shell = await client.create_process(term_type="vt100", encoding=None, window=4096)
        await until(shell.stdout, b"ready>")
        shell.channel.pause_reading()
        (opened,) = book.shells
        # Far more than may wait: what does not fit is left out, and each call returns at once.
        for _ in range(10_000):
            opened.show_message("%SMART_LIC-3-COMM_FAILED: " + "x" * 100)
        shell.channel.resume_reading()
        shell.stdin.write(b"exit\r")
        seen = await shell.stdout.read()
        assert b"COMM_FAILED" in seen
        assert len(seen) < 500_000
        client.close()


@looped
async def test_a_shell_that_fails_is_told_in_the_log(
    device: Served, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    with device.over_ssh(book) as server, caplog.at_level(logging.ERROR):
        async with connect(server) as client:
            shell = await client.create_process(term_type="vt100")
            shell.stdin.write("fail\r")
            assert (await shell.wait()).exit_status == 1
            assert (await client.run("show")).exit_status == 0
    assert "ZeroDivisionError" in caplog.text


@looped
async def test_a_reload_ends_all_sessions(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        client, other = await connect(server), await connect(server)
        shell = await client.create_process(term_type="vt100")
        await until(shell.stdout, "ready>")
        server.end_sessions("The device reloads.")
        await client.wait_closed()
        await other.wait_closed()
        assert book.closed.acquire(timeout=PATIENCE)
        async with connect(server) as again:
            assert (await again.run("show")).exit_status == 0


@looped
async def test_who_comes_back_at_once_after_a_reload_stays(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        before = await connect(server)
        server.end_sessions("The device reloads.")
        async with connect(server) as back:
            await before.wait_closed()
            assert (await back.run("show")).exit_status == 0


@looped
async def test_a_stop_ends_all_sessions_in_time(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        client = await connect(server)
        shell = await client.create_process(term_type="vt100")
        await until(shell.stdout, "ready>")
    await client.wait_closed()
    assert book.closed.acquire(timeout=PATIENCE)


def test_limits_hold_as_many_operators_as_are_promised() -> None:
    assert min(Limits().sessions, Limits().strangers) >= OPERATORS
