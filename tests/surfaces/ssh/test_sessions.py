"""Sessions over SSH: a shell in a thread of its own, or a single command."""

import asyncssh
import pytest

from tests.surfaces.ssh.serving import (
    OPERATOR,
    PATIENCE,
    VIEWER,
    Book,
    Served,
    connect,
    looped,
    until,
)


@pytest.mark.requirement("PI-3/ssh")
@looped
async def test_a_shell_takes_lines_and_ends_with_exit(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            shell = await client.create_process(term_type="vt100", encoding=None)
            await until(shell.stdout, b"ready>")
            shell.stdin.write(b"hello\r")
            said = await until(shell.stdout, b"ready>")
            assert said == f"{OPERATOR}/15@127.0.0.1: hello\r\nready>".encode()
            shell.stdin.write(b"exit\r")
            done = await shell.wait()
        assert done.exit_status == 0
        assert book.closed.acquire(timeout=PATIENCE)


@looped
async def test_a_single_command_ends_with_its_status(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server, username=VIEWER) as client:
            done = await client.run("show this", encoding=None)
            wrong = await client.run("wrong", encoding=None)
            seen = await client.run("show", term_type="vt100", encoding=None)
            failed = await client.run("fail")
    assert (done.stdout, done.exit_status) == (b"1: show this\n", 0)
    assert (wrong.stdout, wrong.exit_status) == (b"1: wrong\n", 1)
    assert seen.stdout == b"1: show\r\n"
    assert failed.exit_status == 1


@looped
async def test_input_that_ends_is_carried_out_first(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            done = await client.run(None, input=b"one\rtwo\r", encoding=None)
    assert done.stdout.count(b"127.0.0.1: ") == 2
    assert done.exit_status == 0


@looped
async def test_a_terminal_has_a_size_and_may_change_it(device: Served, book: Book) -> None:
    with device.over_ssh(book) as server:
        async with connect(server) as client:
            size = {"term_type": "vt100", "encoding": None, "term_size": (100, 50)}
            shell = await client.create_process(**size)
            shell.stdin.write(b"size\r")
            assert b"50x100" in await until(shell.stdout, b"\n")
            shell.change_terminal_size(0, 70_000)
            # Told on another way than what is typed: it is asked until it knows.
            await _asked(shell, b"1000x80")


async def _asked(shell: asyncssh.SSHClientProcess[bytes], wanted: bytes) -> None:
    said = b""
    while wanted not in said:
        shell.stdin.write(b"size\r")
        said = await until(shell.stdout, b"\n")
