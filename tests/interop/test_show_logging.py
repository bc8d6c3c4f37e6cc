"""Genie reads `show logging` in each of its states, and takes nothing of ours for a message."""

from dataclasses import replace
from typing import Final

import pytest

from gauger.core.ways import RemoteLogView
from gauger.instance.views import LoggingView
from tests.interop.parsers import Parsed, Parsers
from tests.surfaces.console.scripted import ScriptedAgent

pytestmark = [pytest.mark.interop, pytest.mark.requirement("BX-1/cli")]

LINES: Final = (
    "*Nov 22 20:15:03.000: %SMART_LIC-6-AGENT_READY: The licensing agent has begun its work.",
    "*Nov 22 20:15:04.000: %SMART_LIC-3-COMM_FAILED: No answer: timed out.",
)
UP: Final = RemoteLogView(host="192.0.2.1", transport="udp", port=514, sent=12)
DOWN: Final = RemoteLogView(
    host="log.example.com",
    transport="tls",
    port=6514,
    is_up=False,
    waiting=2,
    dropped=3,
    trouble="timed out",
)
USED: Final = LoggingView(
    to_buffer=9, to_console=8, to_monitor=7, to_trap=6, limited=5, lines=LINES
)


def read(parsers: Parsers, view: LoggingView) -> Parsed:
    return parsers.one(ScriptedAgent(log=view), "show logging")


@pytest.mark.parametrize("receivers", [(), (UP,), (DOWN,), (UP, DOWN)])
def test_counts_levels_receivers_and_lines_are_read(
    parsers: Parsers, receivers: tuple[RemoteLogView, ...]
) -> None:
    parsed = read(parsers, replace(USED, receivers=receivers, dropped=3, monitor=3))
    counters = parsed["syslog_logging"]["enabled"]["counters"]
    assert (counters["messages_dropped"], counters["messages_rate_limited"]) == (3, 5)
    logging = parsed["logging"]
    counts = [logging[name]["messages_logged"] for name in ("buffer", "console", "monitor")]
    assert counts == [9, 8, 7]
    assert logging["monitor"]["level"] == "errors"
    assert (logging["trap"]["level"], logging["trap"]["message_lines_logged"]) == (
        "informational",
        6,
    )
    assert {
        host: (found["protocol"], found["port"], found["link"], found["message_lines_logged"])
        for host, found in logging["trap"].get("logging_to", {}).items()
    } == {
        item.host: (item.transport, item.port, "up" if item.is_up else "down", item.sent)
        for item in receivers
    }
    assert (parsed["log_buffer_bytes"], parsed["logs"]) == (4096, list(LINES))


def test_what_is_off_is_read_as_off(parsers: Parsers) -> None:
    off = LoggingView(console=None, monitor=None, trap=None, buffered=None)
    logging = read(parsers, off)["logging"]
    states = [logging[name]["status"] for name in ("buffer", "console", "monitor", "trap")]
    assert states == ["disabled"] * 4


@pytest.mark.parametrize(("word", "left"), [("include COMM", [1]), ("exclude COMM", [0])])
def test_what_a_filter_lets_through_is_read(parsers: Parsers, word: str, left: list[int]) -> None:
    parsed = parsers.one(ScriptedAgent(log=USED), f"show logging | {word}")
    assert parsed["logs"] == [LINES[number] for number in left]
