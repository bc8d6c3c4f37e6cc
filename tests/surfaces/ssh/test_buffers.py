"""What waits between a client and its shell: how much, and who waits for it."""

import asyncio
from collections.abc import Iterator

import pytest

from gauger.core.problems import Problem
from gauger.surfaces.shell import Visitor
from gauger.surfaces.ssh.device import DeviceWorks
from gauger.surfaces.ssh.inbox import Inbox
from gauger.surfaces.ssh.limits import Limits
from gauger.surfaces.ssh.outlet import Outlet
from tests.surfaces.console.scripted import ScriptedAgent


def test_input_is_taken_whole_and_told_when_it_is_enough() -> None:
    inbox = Inbox(4)
    assert not inbox.put(b"abc")
    assert inbox.put(b"d")
    inbox.resize(1, 2)
    inbox.resize(3, 4)
    taken = inbox.take()
    assert (taken.data, taken.size, taken.is_last) == (b"abcd", (3, 4), False)
    inbox.put(b"rest")
    inbox.end()
    assert inbox.take().data == b"rest"
    inbox.put(b"late")
    inbox.abandon()
    assert (inbox.take().data, inbox.take().is_last) == (b"", True)


def test_ctrl_c_takes_what_was_typed_before_it_along() -> None:
    inbox = Inbox(100)
    inbox.put(b"dropped\rdropped too")
    assert not inbox.take_break()
    inbox.put(b"\x03dropped\x03kept")
    assert inbox.take_break()
    assert not inbox.take_break()
    assert inbox.take().data == b"kept"


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0))


def _outlet(loop: asyncio.AbstractEventLoop, sent: list[bytes], **limits: float) -> Outlet:
    wanted = Limits(output_bytes=8, patience=limits.get("patience", 0.01))
    return Outlet(loop, wanted, sent.append, lambda: sent.append(b"given up"))


def test_a_message_is_left_out_where_a_line_of_a_command_is_not(
    loop: asyncio.AbstractEventLoop,
) -> None:
    sent: list[bytes] = []
    outlet = _outlet(loop, sent)
    outlet.write(b"0123456789", must=False)
    outlet.write(b"message", must=False)
    outlet.write(b"output", must=True)
    _turn(loop)
    assert sent == [b"0123456789", b"output"]
    assert outlet.wait()


def test_who_never_reads_is_given_up(loop: asyncio.AbstractEventLoop) -> None:
    sent: list[bytes] = []
    outlet = _outlet(loop, sent)
    outlet.hold("a window that is full")
    assert not outlet.wait()
    outlet.write(b"too late", must=True)
    _turn(loop)
    assert sent == [b"given up"]


def test_what_is_written_after_the_end_of_the_loop_is_thrown_away(
    loop: asyncio.AbstractEventLoop,
) -> None:
    outlet = _outlet(loop, [])
    loop.close()
    outlet.write(b"x", must=True)
    outlet.let("nothing")
    outlet.close()
    assert not outlet.wait()


def test_a_refusal_says_what_and_a_wrong_line_where(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    agent = ScriptedAgent(refusal=Problem("transport-off", "The transport is off."))
    works = DeviceWorks(agent, tmp_path_factory.mktemp("flash"))
    visitor = Visitor(name="operator", privilege=15, origin="192.0.2.1")
    assert works.command(visitor, "license smart sync all") == ("% The transport is off.", 1)
    told, status = works.command(visitor, "license smart wrong")
    assert status == 1
    assert told.startswith("license smart wrong\n")
