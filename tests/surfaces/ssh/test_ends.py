"""Sessions that end before they have begun: none of them keeps its place."""

import asyncio
import threading

import asyncssh
import pytest

from gauger.core.problems import Problem
from gauger.instance.users import LocalUsers
from gauger.surfaces.ssh.door import Door
from tests.surfaces.ssh.serving import PATIENCE, QUICK, Book, Served, connect, looped, until


@looped
async def test_who_leaves_while_a_session_is_opened_keeps_no_place(
    device: Served, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, release = threading.Event(), threading.Event()
    listed = LocalUsers.listed

    def slowly(users: LocalUsers) -> object:
        asked.set()
        assert release.wait(PATIENCE)
        return listed(users)

    with device.over_ssh(book) as server:
        client = await connect(server)
        monkeypatch.setattr(LocalUsers, "listed", slowly)
        opening = asyncio.ensure_future(client.create_process(term_type="vt100"))
        assert await asyncio.to_thread(asked.wait, PATIENCE)
        client.abort()
        with pytest.raises(asyncssh.Error):
            await opening
        while not all(door.has_left for door in server._doors):  # noqa: ASYNC110 -- of another loop
            await asyncio.sleep(0.01)
        release.set()
        monkeypatch.undo()
        async with connect(server) as other:
            assert (await other.run("show")).exit_status == 0
        assert len(server.sessions) <= 1


@looped
async def test_where_no_thread_is_left_the_client_goes(
    device: Served, book: Book, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(thread: threading.Thread) -> None:
        if thread.name == "ssh-session":
            raise RuntimeError("can't start new thread")
        begin(thread)

    begin = threading.Thread.start
    with device.over_ssh(book) as server:
        client = await connect(server)
        monkeypatch.setattr(threading.Thread, "start", none)
        await asyncio.gather(client.create_process(term_type="vt100"), return_exceptions=True)
        await client.wait_closed()
        monkeypatch.undo()
        assert server.sessions == set()
    assert "can't start new thread" in caplog.text


@looped
async def test_a_store_that_cannot_be_read_ends_nobody(
    device: Served, book: Book, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: LocalUsers) -> object:
        told.set()
        raise Problem("store-failed", "The store cannot be read.")

    told = threading.Event()
    limits = type(QUICK)(hasty=0.0, tick=0.02, users_tick=0.02)
    with device.over_ssh(book, limits) as server:
        async with connect(server) as client:
            shell = await client.create_process(term_type="vt100")
            await until(shell.stdout, "ready>")
            monkeypatch.setattr(LocalUsers, "listed", fail)
            assert await asyncio.to_thread(told.wait, PATIENCE)
            monkeypatch.undo()
            shell.stdin.write("exit\r")
            assert (await shell.wait()).exit_status == 0
    assert "could not be looked up" in caplog.text


@looped
async def test_a_log_in_that_cannot_be_checked_is_refused_and_told(
    device: Served, book: Book, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object) -> int:
        raise Problem("server-busy", "Too many log in at once.")

    monkeypatch.setattr(LocalUsers, "check", busy)
    with device.over_ssh(book) as server, pytest.raises(asyncssh.PermissionDenied):
        await connect(server)
    assert "could not be checked: Too many log in at once." in caplog.text


@looped
async def test_a_change_of_password_is_refused_at_the_price_of_a_wrong_one(
    device: Served, book: Book
) -> None:
    with device.over_ssh(book) as server:
        door = Door(server)
        for _ in range(QUICK.attempts - 1):
            assert not await door.change_password("operator", "old", "new")
        with pytest.raises(asyncssh.DisconnectError, match="Too many wrong passwords"):
            await door.change_password("operator", "old", "new")
        # Nobody is behind it: there is nothing to open, and nobody to send away.
        door.disconnect("Nobody.")
        door.cut_off()
        with pytest.raises(asyncssh.ChannelOpenError):
            door.session_requested()
