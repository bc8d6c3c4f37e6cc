"""What commands ask before they go on, and messages that come while somebody types."""

import threading
from collections.abc import Callable

import pytest

from gauger.instance.messages import Messages
from gauger.instance.ports import Line
from gauger.surfaces.shell import Shell, Terminal, Visitor
from gauger.surfaces.shell.questions import LONGEST_TEXT
from tests.surfaces.console.scripted import ScriptedAgent
from tests.surfaces.shell.talk import LOCAL, OPERATOR, Talk, talk

MESSAGE = "*Nov 22 21:30:00.000: %SMART_LIC-6-REPORTING_REQUIRED: A Usage report is due"


class Announcer(Messages):
    """Hands messages to whoever subscribed, in the thread that says them."""

    def __init__(self) -> None:
        super().__init__()
        self.receivers: dict[Line, Callable[[str], None]] = {}

    def subscribe(self, receiver: Callable[[str], None], line: Line) -> Callable[[], None]:
        self.receivers[line] = receiver

        def end() -> None:
            self.receivers.pop(line, None)

        return end


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.parametrize("answer", ["\r", "startup-config\r"])
def test_copy_asks_for_a_name(answer: str) -> None:
    session = talk()
    session.type()
    asked = session.type("copy run start\r")
    assert asked == "copy run start\r\nDestination filename [startup-config]? "
    assert session.type(answer).endswith("[OK]\r\ndevice#")
    assert session.agent.asked == [("save-configuration",)]


def test_an_answer_is_edited_like_a_line_and_can_be_given_up() -> None:
    session = talk()
    session.type("copy run start\r")
    assert "\a" in session.type("x\x7f\x10?\x15")
    assert session.type("\x03") == "^C\r\ndevice#"
    session.type("copy run start\r")
    assert "% The configuration is saved as" in session.type("other\r")
    assert session.agent.asked == []


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.parametrize(
    ("key", "is_done"), [("\r", True), ("y", True), ("n", False), ("\t", False)]
)
def test_one_key_confirms(key: str, is_done: bool) -> None:  # noqa: FBT001 -- a case of the table
    session = talk()
    session.type()
    assert session.type("reload\r") == "reload\r\nProceed with reload? [confirm]"
    session.type(key)
    assert (session.agent.asked == [("reload",)]) is is_done
    assert session.shell.ended is is_done


def test_what_stands_behind_the_key_is_the_next_line() -> None:
    session = talk()
    assert session.type("reload\r", "nshow privilege\r").endswith("level is 15\r\ndevice#")


def test_a_reload_asks_whether_to_save_first() -> None:
    session = talk()
    session.line("conf t")
    session.line("hostname R1")
    session.line("end")
    session.type()
    assert session.type("reload\r").endswith("Save? [yes/no]: ")
    assert session.type("perhaps\r").endswith("Please answer 'yes' or 'no'. Save? [yes/no]: ")
    assert session.type("yes\r").endswith("[OK]\r\nProceed with reload? [confirm]")
    assert "SHUTDOWN NOW" in session.type("\r")


def test_a_banner_goes_over_several_lines() -> None:
    session = talk()
    session.line("conf t")
    session.type()
    assert session.type("banner motd #Hello\r").endswith("with the character '#'.\r\n")
    assert session.type(" there\r", "?#\r") == " there\r\n?#\r\ndevice(config)#"
    assert session.agent.settings.banner_motd.rstrip("\n") == "Hello\n there\n?"
    session.line("end")
    assert session.line("show running-config | section banner").startswith("banner motd")


@pytest.mark.threat("E16", role="instance")
def test_a_text_without_an_end_has_one() -> None:
    session = talk()
    session.line("conf t")
    session.type("banner motd #x\r")
    line = "y" * 1_000 + "\r"
    assert "%" not in session.type(*[line] * (LONGEST_TEXT // 1_000 + 1))
    assert "% The text is too long." in session.type("#\r")
    assert session.prompt == "device(config)#"
    assert session.agent.settings.banner_motd == ""


def monitored(visitor: Visitor = OPERATOR, rows: int = 0) -> tuple[Talk, Announcer]:
    messages = Announcer()
    session = talk(visitor, ScriptedAgent(messages=messages), rows=rows)
    if visitor is OPERATOR:
        session.line("terminal monitor")
    session.type()
    return session, messages


@pytest.mark.requirement("PI-10/shell")
def test_a_message_leaves_the_half_typed_line_as_it_was() -> None:
    session, messages = monitored()
    session.type("show li")
    messages.receivers[Line.MONITOR](MESSAGE)
    assert session.type() == f"\r\n{MESSAGE}\r\ndevice#show li"
    assert "status" in session.type("cense ?")
    session.line("\x15terminal no monitor")
    assert messages.receivers == {}


def test_messages_are_shown_at_the_console_without_being_asked_for() -> None:
    session, messages = monitored(LOCAL)
    messages.receivers[Line.CONSOLE]("\x1b[2J")
    assert session.type() == "\r\n\\x1b[2J\r\ndevice#"
    session.shell.close()
    assert messages.receivers == {}


def test_messages_wait_while_a_page_is_read() -> None:
    session, messages = monitored(rows=10)
    session.type("show license all\r")
    messages.receivers[Line.MONITOR](MESSAGE)
    assert session.type() == ""
    assert session.type("q").endswith(f"\b{MESSAGE}\r\ndevice#")


def test_messages_come_while_a_command_is_at_work() -> None:
    entered, release = threading.Event(), threading.Event()

    def block() -> None:
        entered.set()
        assert release.wait(10)

    session, messages = monitored()
    session.agent.on_sync = block
    worker = threading.Thread(target=session.shell.receive, args=(b"license smart sync all\r",))
    worker.start()
    assert entered.wait(10)
    messages.receivers[Line.MONITOR](MESSAGE)
    assert session.type().endswith(f"\r\n{MESSAGE}\r\n")
    session.shell.resize(30, 90)
    release.set()
    worker.join(10)
    assert session.type() == "device#"


def test_a_closed_session_says_nothing_more() -> None:
    written: list[bytes] = []
    shell = Shell(ScriptedAgent(), LOCAL, Terminal(), written.append)
    shell.start()
    shell.close()
    shell.close()
    written.clear()
    shell.show_message(MESSAGE)
    shell.receive(b"show privilege\r")
    assert written == []
