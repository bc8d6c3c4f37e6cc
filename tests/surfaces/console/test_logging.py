"""`show logging`, `clear logging` and the lines that say where system messages go."""

from dataclasses import replace

import pytest
from ntc_templates.parse import (  # type: ignore[import-untyped]  # it carries no types
    parse_output,
)

from gauger.core.problems import Problem
from gauger.core.ways import LoggingHost, LogTransport, RemoteLogView
from gauger.instance.ports import LogEntry
from gauger.instance.views import LoggingView
from gauger.surfaces.console.console import Console
from gauger.surfaces.console.show.logging import show_logging
from gauger.surfaces.console.terminal import Terminal
from gauger.surfaces.shell.shell import Shell
from gauger.surfaces.shell.visitor import Visitor
from tests.surfaces.console.scripted import ScriptedAgent

LINES = (
    "*Nov 22 20:15:03.000: %SMART_LIC-6-AGENT_READY: The licensing agent has begun its work.",
    "*Nov  2 20:15:04.000: %SMART_LIC-3-COMM_FAILED: No answer: timed out.",
)
RECEIVER = RemoteLogView(host="192.0.2.1", transport="tls", port=6514, sent=12)


def configured(line: str, *more: str) -> ScriptedAgent:
    agent = ScriptedAgent()
    Console(agent).configure([line, *more])
    return agent


@pytest.mark.requirement("PI-10/exec")
def test_each_destination_has_its_line_and_count() -> None:
    view = LoggingView(to_buffer=7, to_console=6, monitor=3, to_monitor=2, limited=4, lines=LINES)
    text = show_logging(view).split("\n")
    assert text[0].startswith(
        "Syslog logging: enabled (0 messages dropped, 4 messages rate-limited,"
    )
    assert "    Console logging: level debugging, 6 messages logged, xml disabled," in text
    assert "    Monitor logging: level errors, 2 messages logged, xml disabled," in text
    assert "    Buffer logging:  level debugging, 7 messages logged, xml disabled," in text
    assert text[-4:] == ["Log Buffer (4096 bytes):", "", *LINES]


def test_what_is_off_says_so() -> None:
    text = show_logging(LoggingView(console=None, monitor=None, buffered=None, trap=None))
    for name in ("Console", "Monitor", "Buffer"):
        assert f"    {name} logging: disabled, xml disabled," in text
    assert "    Trap logging: disabled\n" in text
    assert "Log Buffer" not in text


def test_a_remote_log_tells_what_it_lost_and_why() -> None:
    down = replace(RECEIVER, is_up=False, dropped=3, waiting=2, trouble="timed out\nforged")
    text = show_logging(LoggingView(receivers=(RECEIVER, down), dropped=3)).split("\n")
    first = text.index("        Logging to 192.0.2.1  (tls port 6514, audit disabled,")
    assert text[first + 1 : first + 3] == [
        "              link up),",
        "              12 message lines logged,",
    ]
    assert "              link down)," in text
    # Genie takes a line that it does not know for one of the buffer, but for "No active …".
    lost = "No active connection (timed out\\nforged): 2 messages wait, 3 were dropped."
    assert f"        {lost}" in text
    assert sum("No active connection" in line for line in text) == 1
    assert text[0].startswith("Syslog logging: enabled (3 messages dropped,")


def test_the_templates_of_network_engineers_read_the_buffer() -> None:
    text = show_logging(LoggingView(lines=LINES, receivers=(RECEIVER,)))
    first, second = parse_output(platform="cisco_ios", command="show logging", data=text)
    assert (first["facility"], first["severity"], first["mnemonic"]) == (
        "SMART_LIC",
        "6",
        "AGENT_READY",
    )
    assert (second["month"], second["day"], second["time"]) == ("Nov", "2", "20:15:04.000")
    assert second["message"] == ["No answer: timed out."]


def logged() -> ScriptedAgent:
    agent = ScriptedAgent()
    entry = LogEntry(at=0, name="SMART_LIC-3-COMM_FAILED", text="No answer.")
    agent.messages.take([entry], 0.0)
    assert len(agent.messages.view().lines) == 1
    return agent


def test_a_single_line_empties_the_buffer_at_once() -> None:
    agent = logged()
    assert Console(agent).execute("clear logging") == ""
    assert agent.messages.view().lines == ()


@pytest.mark.parametrize(("key", "left"), [(b"y", 0), (b"\r", 0), (b"n", 1)])
def test_a_session_is_asked_before(key: bytes, left: int) -> None:
    agent, printed = logged(), list[bytes]()
    visitor = Visitor(name="admin", privilege=15, origin="test")
    shell = Shell(agent, visitor, Terminal(), printed.append)
    shell.start()
    shell.receive(b"clear logging\r")
    assert b"".join(printed).endswith(b"Clear logging buffer [confirm]")
    shell.receive(key)
    assert len(agent.messages.view().lines) == left
    shell.close()


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("logging host 192.0.2.1", LoggingHost(host="192.0.2.1")),
        (
            "logging host log.example.com transport tcp",
            LoggingHost(host="log.example.com", transport=LogTransport.TCP, port=601),
        ),
        (
            "logging host 2001:db8::1 transport tls port 10514",
            LoggingHost(host="2001:db8::1", transport=LogTransport.TLS, port=10514),
        ),
    ],
)
def test_remote_logs_are_set_and_removed(line: str, host: LoggingHost) -> None:
    assert configured(line).settings.logging_hosts == (host,)
    assert configured(line, f"no {line}").settings.logging_hosts == ()
    assert configured(line, f"no logging host {host.host}").settings.logging_hosts == ()


@pytest.mark.parametrize("word", ["console", "monitor", "trap"])
def test_a_severity_is_set_by_word_or_number_and_switched_off(word: str) -> None:
    def level(*lines: str) -> object:
        return getattr(configured(*lines).settings, f"logging_{word}")

    off = f"no logging {word}"
    assert level(off) is None
    assert level(f"logging {word} err") == level(f"logging {word} 3") == 3
    assert level(off, f"logging {word}") == getattr(ScriptedAgent().settings, f"logging_{word}")


def test_the_size_of_the_buffer_is_set_and_bounded() -> None:
    assert configured("logging buffered 64000").settings.logging_buffered == 64000
    assert configured("no logging buffered").settings.logging_buffered is None
    assert (
        configured("logging buffered 64000", "logging buffered").settings.logging_buffered == 4096
    )
    with pytest.raises(Problem, match="4096 to"):
        configured("logging buffered 100")
