"""System messages of a running device: who hears of what, when, and what is held back."""

import contextlib
import inspect
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from gauger.core.messages import KINDS
from gauger.core.policy.rules import Group, Rule
from gauger.core.problems import Problem
from gauger.instance import events
from gauger.instance.agent import Agent
from gauger.instance.config import ConfigChange, ConfigKey
from gauger.instance.messages import Messages
from gauger.instance.ports import Line, LogEntry
from gauger.instance.views import Scope
from tests.instance.portal import Portal, answer_file, refuse, withhold
from tests.instance.test_store_fate import FullDisk
from tests.instance.world import DAY, START, World, names, tag_of

LIMIT = 20.0


def told(agent: Agent) -> list[str]:
    """Return the mnemonics in the log buffer."""
    return [line.split(": ")[1].rpartition("-")[2] for line in agent.logging().lines]


def entry(name: str = "SMART_LIC-3-COMM_FAILED", text: str = "as the test says") -> LogEntry:
    return LogEntry(at=START, name=name, text=text)


def large(agent: Agent) -> None:
    agent.configure([ConfigChange(key=ConfigKey.LOGGING_BUFFERED, value="64000")])


class Terminal:
    """A terminal that remembers its lines, and may be slow or broken."""

    def __init__(self, *, is_open: bool = True, breaks: bool = False) -> None:
        self.lines: SimpleQueue[str] = SimpleQueue()
        self.reading = threading.Event()
        self.seen = threading.Event()
        self._breaks = breaks
        if is_open:
            self.reading.set()

    def __call__(self, line: str) -> None:
        self.seen.set()
        self.reading.wait(LIMIT)
        if self._breaks:
            raise ConnectionResetError
        self.lines.put(line)


@pytest.fixture
def messages() -> Iterator[Messages]:
    made = Messages()
    yield made
    made.finish()


@pytest.mark.requirement("PI-3")
def test_a_boot_is_told(device: Agent) -> None:
    assert told(device)[:3] == ["AGENT_READY", "AGENT_ENABLED", "EXPORT_CONTROLLED"]
    assert device.logging().lines[0].startswith("*Jan 15 08:00:00.000: %SMART_LIC-6-AGENT_READY: ")


def test_a_line_has_the_millisecond_in_which_it_was_told(world: World, device: Agent) -> None:
    object.__setattr__(device._engine.around, "milliseconds", lambda: world.clock.wall * 1000 + 42)
    device.clear_events()
    device.reload()
    assert device.logging().lines[0].startswith("*Jan 15 08:00:00.042: %SMART_LIC-6-AGENT_READY: ")
    assert (device.system().now, device.system().millisecond) == (world.clock.wall, 42)


@pytest.mark.requirement("PI-3")
def test_a_report_that_is_due_and_overdue_is_told(world: World, device: Agent) -> None:
    device.set_count(tag_of(device, 3), 1)
    device.tick()
    large(device)
    for _ in range(95):
        world.clock.advance(DAY)
        device.tick()
    assert told(device).count("REPORTING_REQUIRED") == 6
    assert told(device).count("REPORTING_OVERDUE") == 5


@pytest.mark.requirement("PI-3")
def test_each_boot_tells_when_a_report_is_due(world: World, device: Agent) -> None:
    device.set_count(tag_of(device, 3), 1)
    device.stop()
    world.clock.advance(60)
    for _ in range(2):
        again = world.open()
        assert told(again).count("REPORTING_REQUIRED") == 1
        assert "in 89 days" in again.logging().lines[-1]
        again.stop()


@pytest.mark.requirement("PI-3")
def test_communication_that_fails_and_works_again_is_told(
    world: World, portal: Portal, online: Agent
) -> None:
    online.establish_trust("token", Scope.LOCAL, force=False)
    online.set_count(tag_of(online), 1)
    world.clock.advance(60)
    portal.script += [withhold] * 2
    for _ in range(2):
        with pytest.raises(Problem, match="comm-failed"):
            online.sync(Scope.ALL)
    online.sync(Scope.ALL)
    assert [name for name in told(online) if "COMM" in name] == ["COMM_FAILED", "COMM_RESTORED"]


@pytest.mark.requirement("PI-3")
def test_a_trust_code_that_is_installed_or_refused_is_told(portal: Portal, online: Agent) -> None:
    online.establish_trust("token", Scope.LOCAL, force=False)
    assert "TRUST_CODE_INSTALL_SUCCESS" in told(online)
    assert str(online.udi) in online.logging().lines[-1]
    assert portal.seen


@pytest.mark.requirement("PI-3")
def test_a_policy_that_is_installed_or_refused_is_told(
    world: World, portal: Portal, device: Agent
) -> None:
    path = world.root / "policy.xml"
    older = portal.policy_document({Group.PERPETUAL: Rule(60, 14, 7)})
    for document in (portal.policy_document({Group.PERPETUAL: Rule(30, 14, 7)}), older):
        path.write_bytes(answer_file([document]))
        with contextlib.suppress(Problem):
            device.import_file(path)
    installed = [name for name in told(device) if name.startswith("POLICY")]
    assert installed == ["POLICY_INSTALL_SUCCESS", "POLICY_INSTALL_FAILED"]


@pytest.mark.requirement("PI-3")
def test_a_policy_that_a_reset_removes_is_told(world: World, portal: Portal, device: Agent) -> None:
    device.reset_licensing()
    assert "POLICY_REMOVED" not in told(device), "there was none"
    path = world.root / "policy.xml"
    path.write_bytes(answer_file([portal.policy_document({Group.PERPETUAL: Rule(60, 14, 7)})]))
    device.import_file(path)
    device.reset_licensing()
    assert told(device)[-1] == "POLICY_REMOVED"


@pytest.mark.requirement("PI-3")
def test_a_clock_that_was_set_is_told(world: World, device: Agent) -> None:
    world.clock.advance(60)
    device.tick()
    world.clock.step(7200)
    device.tick()
    assert "SYSTEM_CLOCK_CHANGED" in told(device)


@pytest.mark.requirement("PI-3")
def test_what_becomes_of_codes_and_policies_has_its_words_and_its_row(device: Agent) -> None:
    udi, problem = device.udi, Problem("wrong-subject", "of another device")
    made = [
        events.installed(START, "authorization-code", udi),
        events.install_failed(START, "authorization-code", problem),
        events.authorization_removed(START, udi),
        events.policy_removed(START),
        events.install_failed(START, "trust-code", problem),
    ]
    assert [item.name.rpartition("-")[2] for item in made] == [
        "AUTHORIZATION_INSTALL_SUCCESS",
        "AUTHORIZATION_INSTALL_FAILED",
        "AUTHORIZATION_REMOVED",
        "POLICY_REMOVED",
        "TRUST_CODE_INSTALL_FAILED",
    ]
    assert {item.name for item in made} <= set(KINDS)


def test_every_message_of_the_code_is_in_the_table() -> None:
    source = inspect.getsource(events)
    used = {
        line.split('"')[1]
        for line in source.replace("message(at, ", "\n").split("\n")
        if line[:1] == '"' and line[1:2].isdigit()
    }
    assert len(used) > 15
    assert {f"SMART_LIC-{name}" for name in used} <= set(KINDS)


def test_an_event_is_kept_in_its_log_and_told_nobody(device: Agent) -> None:
    assert "SAEVT_READY" in names(device)
    assert not any("SAEVT" in line for line in device.logging().lines)


def test_what_a_full_disk_refuses_is_told_once_all_the_same(
    world: World, device: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, device)
    disk.begin()
    world.clock.step(7200)
    device.tick()
    assert told(device).count("SYSTEM_CLOCK_CHANGED") == 1
    assert "SMART_LIC-5-SYSTEM_CLOCK_CHANGED" not in names(device)
    disk.end()
    world.clock.advance(60)
    device.tick()
    assert told(device).count("SYSTEM_CLOCK_CHANGED") == 1
    assert names(device).count("SMART_LIC-5-SYSTEM_CLOCK_CHANGED") == 1


def test_what_is_refused_is_told_nobody(portal: Portal, online: Agent) -> None:
    before = told(online)
    with pytest.raises(Problem):
        online.configure([ConfigChange(key=ConfigKey.URL_SMART, value="nonsense")])
    assert told(online) == before
    assert not portal.seen


@pytest.mark.requirement("PI-3")
def test_of_one_kind_one_an_hour_is_told_and_the_rest_counted(
    world: World, portal: Portal, online: Agent
) -> None:
    large(online)
    for _ in range(4):
        portal.script.append(refuse("token-expired"))
        with pytest.raises(Problem, match="token-expired"):
            online.establish_trust("token", Scope.LOCAL, force=False)
    path = world.root / "nonsense.xml"
    path.write_bytes(b"<a></b>")
    for _ in range(5):
        with pytest.raises(Problem, match="wrong-type"):
            online.import_file(path)
    assert told(online).count("IMPORT_FAILED") == 1
    assert online.logging().limited == 4
    world.clock.advance(3601)
    online.tick()
    last = [line for line in online.logging().lines if "IMPORT_FAILED" in line][1:]
    assert len(last) == 1
    assert last[0].endswith("(the last of 4 within an hour)")
    assert names(online).count("SMART_LIC-3-IMPORT_FAILED") == 5, "the event log has each"


def test_what_is_held_back_is_told_at_the_end(messages: Messages) -> None:
    terminal = Terminal()
    messages.subscribe(terminal, Line.MONITOR)
    messages.take([entry(), entry(text="second")], 0.0)
    messages.finish()
    assert terminal.lines.get(timeout=LIMIT).endswith("as the test says")
    assert terminal.lines.get(timeout=LIMIT).endswith("second")


def test_the_buffer_is_bounded_by_its_bytes(messages: Messages, device: Agent) -> None:
    messages.configure(device.configuration(), None)
    for number in range(200):
        messages.take([entry(text=f"no. {number}")], number * 3600.0)
    lines = messages.view().lines
    assert 3900 < sum(len(line) + 1 for line in lines) <= 4096
    assert lines[-1].endswith("no. 199")
    assert messages.view().to_buffer == 200
    messages.clear()
    assert messages.view().lines == ()


def test_a_boot_begins_with_an_empty_buffer(messages: Messages) -> None:
    messages.take([entry(), entry()], 0.0)
    messages.begin_boot()
    view = messages.view()
    assert (view.lines, view.to_buffer, view.limited) == ((), 0, 0)


def test_a_reload_is_a_boot_and_begins_with_an_empty_buffer(world: World, device: Agent) -> None:
    path = world.root / "nonsense.xml"
    path.write_bytes(b"")
    with pytest.raises(Problem):
        device.import_file(path)
    assert told(device)[-1] == "IMPORT_FAILED"
    device.reload()
    assert told(device)[:2] == ["AGENT_READY", "AGENT_ENABLED"]
    assert "IMPORT_FAILED" not in told(device)


def test_a_terminal_gets_what_its_line_lets_through(messages: Messages, device: Agent) -> None:
    device.configure(
        [
            ConfigChange(key=ConfigKey.LOGGING_MONITOR, value="errors"),
            ConfigChange(key=ConfigKey.LOGGING_CONSOLE, value=None),
        ]
    )
    messages.configure(device.configuration(), None)
    monitor, console = Terminal(), Terminal()
    end = messages.subscribe(monitor, Line.MONITOR)
    messages.subscribe(console, Line.CONSOLE)
    messages.take([entry("SMART_LIC-6-AGENT_READY"), entry()], 0.0)
    assert "COMM_FAILED" in monitor.lines.get(timeout=LIMIT)
    assert console.lines.empty()
    view = messages.view()
    assert (view.to_monitor, view.to_console, view.to_buffer) == (1, 0, 2)
    end()
    end()
    messages.take([entry()], 7200.0)
    assert monitor.lines.empty()


def test_a_terminal_that_hangs_holds_nobody_up(messages: Messages) -> None:
    slow, quick = Terminal(is_open=False), Terminal()
    end = messages.subscribe(slow, Line.MONITOR)
    messages.subscribe(quick, Line.MONITOR)
    for number in range(260):
        messages.take([entry(text=f"no. {number}")], number * 3600.0)
        quick.lines.get(timeout=LIMIT)
    assert slow.seen.wait(LIMIT)
    assert messages.view().dropped == 60
    slow.reading.set()
    end()
    assert messages.view().dropped == 60, "what was missed is told also when the session is over"


def test_a_terminal_that_breaks_is_asked_no_more(messages: Messages) -> None:
    broken = Terminal(breaks=True)
    messages.subscribe(broken, Line.CONSOLE)
    messages.take([entry()], 0.0)
    assert broken.seen.wait(LIMIT)
    for number in range(1, 300):
        messages.take([entry()], number * 3600.0)
    assert broken.lines.empty()


def test_the_event_log_is_emptied_and_its_chain_goes_on(world: World, device: Agent) -> None:
    last = device.events()[-1].sequence
    device.clear_events()
    assert [item.name for item in device.events()] == ["SAEVT_CLEARED"]
    assert device.events()[0].sequence == last + 1
    device.stop()
    again = world.open()
    assert names(again)[:2] == ["SAEVT_CLEARED", "SAEVT_READY"]
    again.stop()
