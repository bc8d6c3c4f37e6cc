"""A session as an operator has it: prompts, modes, help, refusals, pages."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.instance.config import DEFAULTS, Configuration, TransportKind
from gauger.surfaces.shell import Shell, Terminal, enabling
from gauger.surfaces.shell.shell import _Phase
from tests.surfaces.console.scripted import A_HASH, ScriptedAgent, product
from tests.surfaces.shell.talk import LOCAL, MONITOR, OPERATOR, talk

LINES = (
    b"conf t\r",
    b"show license all\r",
    b"enable\r",
    b"line vty 0 4\n",
    b"reload\r",
    b" ",
    b"q",
)


def test_a_session_begins_with_the_prompt_of_its_privilege() -> None:
    assert talk().type() == "\r\ndevice#"
    assert talk(LOCAL).type() == "\r\ndevice#"
    assert talk(MONITOR).type() == "\r\ndevice>"


@pytest.mark.requirement("PI-10/shell")
def test_what_is_typed_is_echoed_and_carried_out() -> None:
    session = talk()
    session.type()
    assert session.type("sh lic udi\r") == (
        "sh lic udi\r\nUDI: PID:C9800-CL-K9,SN:GGR0001\r\ndevice#"
    )


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\0"])
def test_every_end_of_a_line_is_one_enter(end: str) -> None:
    session = talk()
    session.type()
    assert session.type(f"show privilege{end}", f"show privilege{end}").count("level is 15") == 2
    assert session.type(end) == "\r\ndevice#"


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("show foo", "            ^\n% Invalid input detected at '^' marker.\n"),
        ("  xyz", "         ^\n% Invalid input detected at '^' marker.\n"),
        ("show license", "% Incomplete command.\n"),
        ("sh", '% Type "show ?" for a list of subcommands'),
        ("sh lic udi | i (", "% The pattern cannot be used: a bracket is not closed."),
        ("sh lic s", '% Ambiguous command:  "sh lic s"'),
        ("sh lic udi | foo x", "                    ^\n% Invalid input detected at '^' marker.\n"),
        ("sh lic udi | include", "% Incomplete command.\n"),
    ],
)
def test_a_wrong_line_is_refused_as_on_devices(line: str, told: str) -> None:
    assert talk().line(line) == told


@pytest.mark.requirement("PI-10/shell")
def test_modes_show_in_the_prompt() -> None:
    session = talk()
    prompts = []
    lines = [
        "disable",
        "enable",
        "conf t",
        "line vty 0 4",
        "exit",
        "line con 0",
        "end",
        "config term",
    ]
    for line in lines:
        session.line(line)
        prompts.append(session.prompt.removeprefix("device"))
    assert prompts == [
        ">",
        "#",
        "(config)#",
        "(config-line)#",
        "(config)#",
        "(config-line)#",
        "#",
        "(config)#",
    ]


@pytest.mark.requirement("PI-10/shell")
def test_help_needs_no_enter_and_keeps_the_line() -> None:
    session = talk()
    session.type()
    shown = session.type("sh lic ev ?")
    assert shown == (
        "sh lic ev ?\r\n"
        "  <1-3650>  Days back from now.\r\n"
        "  |         Let through some lines of the output only.\r\n"
        "  <cr>      Show the event log.\r\n"
        "\r\n"
        "device#sh lic ev "
    )


def test_tab_completes_a_word_on_a_new_line() -> None:
    session = talk()
    session.type()
    assert session.type("sh\t") == "sh\r\ndevice#show "
    assert session.type("lic\tud\t") == "lic\r\ndevice#show license ud\r\ndevice#show license udi "
    assert session.type("x\t").endswith("\a")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("?", ["disable", "enable", "exit", "license", "logout", "quit", "show", "terminal"]),
        ("term ?", ["history", "length", "monitor", "no", "width"]),
        ("term length ?", ["<0-512>"]),
        ("lic sm import ?", ["WORD"]),
        ("sh lic udi ?", ["|", "<cr>"]),
        ("sh lic udi | ?", ["begin", "count", "exclude", "include", "section"]),
        ("sh lic udi | i ?", ["LINE"]),
    ],
)
def test_help_stands_at_any_place(typed: str, words: list[str]) -> None:
    assert set(words) <= set(helped(talk().type(typed)))


@pytest.mark.requirement("PI-10/shell")
def test_who_goes_down_from_configuration_stands_in_user_exec() -> None:
    session = talk()
    session.line("conf t")
    session.line("do disable")
    assert session.prompt == "device>"


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ("sh lic s?", "status   summary"),
        ("exit?", "exit"),
        ("conf t\rdo sh lic udi | in?", "include"),
    ],
)
def test_right_behind_a_half_typed_word_stand_only_words(typed: str, row: str) -> None:
    session = talk()
    first, _, rest = typed.rpartition("\r")
    session.line(first)
    session.type()
    assert session.type(rest).split("\r\n")[1:3] == [row, ""]


@pytest.mark.parametrize(
    ("way", "head"),
    [
        ((), "Exec commands:"),
        (("conf t",), "Configure commands:"),
        (("conf t", "line con 0"), "Line configuration commands:"),
    ],
)
def test_a_bare_question_mark_names_the_mode(way: tuple[str, ...], head: str) -> None:
    session = talk()
    for line in way:
        session.line(line)
    session.type()
    assert session.type("?").split("\r\n")[1] == head


@pytest.mark.parametrize(
    ("columns", "rows"), [(80, ["status   summary"]), (10, ["status", "summary"])]
)
def test_words_stand_in_as_many_rows_as_they_need(columns: int, rows: list[str]) -> None:
    session = talk(columns=columns)
    session.type("sh lic s")
    assert session.type("?").split("\r\n")[1 : 1 + len(rows)] == rows


@pytest.mark.parametrize(("answer", "mode"), [("", "(config)#"), ("t", "(config)#"), ("mem", "#")])
def test_configure_alone_asks_from_where(answer: str, mode: str) -> None:
    session = talk()
    session.type()
    asked = "Configuring from terminal, memory, or network [terminal]? "
    assert session.type("conf\r") == f"conf\r\n{asked}"
    session.line(answer)
    assert session.prompt == f"device{mode}"


def helped(shown: str) -> list[str]:
    """Return the words that help has listed."""
    return [line.split()[0] for line in shown.split("\r\n") if line.startswith("  ")]


@pytest.mark.parametrize("typed", ["x?", "sh lic x ?", "foo ?", "sh lic udi x?", "foo | ?"])
def test_help_for_what_is_no_command_says_so(typed: str) -> None:
    shown = talk().type(typed)
    assert shown.endswith(f"% Unrecognized command\r\ndevice#{typed[:-1]}")


@pytest.mark.requirement("PI-10/shell")
def test_help_and_tab_know_the_mode() -> None:
    session = talk()
    session.line("conf t")
    assert {"do", "end", "exit", "hostname", "license", "line"} <= set(helped(session.type("?")))
    assert session.type("do sh lic ud\t").endswith("device(config)#do sh lic udi ")
    assert set(helped(session.type("?"))) == {"|", "<cr>"}
    session.type("\x15")
    session.line("line vty 0 4")
    assert "exec-timeout" in helped(session.type("?"))
    assert session.type("hostn\t").endswith("device(config-line)#hostname ")


def test_help_is_for_what_stands_left_of_the_cursor() -> None:
    session = talk()
    shown = session.type("show lic udi", "\x02" * 4, "?")
    assert "<cr>" not in shown
    assert shown.endswith("device#show lic udi\b\b\b\b")


def test_a_question_mark_may_be_typed() -> None:
    session = talk()
    assert "\r\n  " not in session.type('lic sm import "a?b"\r')
    session.type("lic sm import c\x16?d\r")
    assert [asked[1] for asked in session.agent.asked] == [Path("a?b"), Path("c?d")]


def test_tab_completes_within_a_line_and_a_filter() -> None:
    session = talk()
    assert session.type("sh lic udi | inc\t").endswith("device#sh lic udi | include ")
    session.type("\x15")
    assert session.type("sho udi", "\x02" * 4, "\t").endswith("device#show  udi\b\b\b\b")
    session.type("\x15\x0b")
    assert session.type("foo | inc\t").endswith("include ")
    assert session.type("\x15\t").endswith("\a")


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.threat("E16", role="instance")
def test_who_may_only_look_finds_nothing_else() -> None:
    session = talk(MONITOR)
    assert session.line("show license udi").startswith("UDI:")
    for line in ("license smart sync all", "configure terminal", "show running-config", "reload"):
        assert "% Invalid input" in session.line(line)
    assert not {"license", "configure", "reload", "write"} & set(helped(session.type("?")))
    assert "running-config" not in helped(session.type("show ?"))
    assert session.agent.asked == []


def test_nobody_goes_up_without_a_password() -> None:
    session = talk(MONITOR)
    assert session.line("enable") == "% No password set"
    assert session.line("show privilege") == "Current privilege level is 1"


@dataclass(slots=True)
class Guarded(ScriptedAgent):
    """Has a password for `enable`."""

    settings: Configuration = field(default_factory=lambda: replace(DEFAULTS, enable_secret=A_HASH))

    def check_enable(self, password: str) -> None:
        if password == "busy":
            raise Problem("server-busy", "Too many log in at once.")
        if password != "right":
            raise Problem("unauthenticated", "The password is wrong.")


@pytest.mark.requirement("PI-10/shell")
def test_enable_asks_for_the_password_and_shows_none() -> None:
    session = talk(MONITOR, Guarded())
    session.type()
    assert session.type("enable\r") == "enable\r\nPassword: "
    assert session.type("right\r") == "\r\ndevice#"
    assert session.line("enable") == ""
    assert session.line("disable") == ""
    assert session.prompt == "device>"


@pytest.mark.threat("E16", role="instance")
def test_a_wrong_password_is_asked_for_three_times(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(enabling, "_pause", waited.append)
    session = talk(MONITOR, Guarded())
    session.type("enable\r")
    assert session.type("a\r", "b?\r") == "\r\nPassword: \r\nPassword: "
    assert session.type("c\r") == "\r\n% Bad secrets\r\n\r\ndevice>"
    assert caplog.messages == ["enable was refused to monitor from 192.0.2.1"]
    session.type("enable\r", *["d\r"] * 3)
    # To type the command again does not help against it.
    assert waited == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    session.type("enable\r")
    assert session.type("busy\r").startswith("\r\n% Too many log in at once.\r\n")
    session.type("enable\r")
    assert session.type("ri\x03") == "\r\ndevice>"
    assert session.shell.lines == ("enable",)


def test_a_session_of_privilege_15_is_asked_too_once_it_went_down() -> None:
    session = talk(OPERATOR, Guarded())
    session.line("disable")
    assert session.type("enable\r").endswith("Password: ")


@pytest.mark.requirement("PI-10/shell")
def test_configuration_takes_effect_line_by_line_and_is_not_saved() -> None:
    session = talk()
    assert session.line("conf t") == (
        "Enter configuration commands, one per line.  End with CNTL/Z."
    )
    session.line("license smart transport off")
    assert session.agent.settings.transport is TransportKind.OFF
    assert session.line("license smart usage interval 9999").endswith("marker.\n")
    assert session.line("show license udi").startswith(" " * 16 + "^\n")
    assert session.line("do show license udi").startswith("UDI")
    assert session.line("do") == "% Incomplete command.\n"
    assert session.line("do sh lic s") == '% Ambiguous command:  "sh lic s"'
    session.line("end")
    assert session.agent.saved is None


def test_a_refused_line_of_configuration_does_not_come_with_the_next() -> None:
    agent = ScriptedAgent(refusal=Problem("store-full", "The disk is full."))
    session = talk(agent=agent)
    session.line("conf t")
    assert session.line("license smart transport off").startswith("% The disk is full.\n")
    agent.refusal = None
    session.line("license smart usage interval 7")
    assert agent.settings.transport is DEFAULTS.transport
    assert agent.settings.usage_interval == 7


@pytest.mark.parametrize(
    ("typed", "prompt", "transport"),
    [
        ("license smart transport off\x1a", "device#", TransportKind.OFF),
        ("\x1a", "device#", DEFAULTS.transport),
        ("license smart transport off\x03", "device#", DEFAULTS.transport),
        ("line vty 0 4\rlicense smart transport off\x1a", "device#", TransportKind.OFF),
        ("wrong\x1a", "device#", DEFAULTS.transport),
        ("\x04", "device(config)#", DEFAULTS.transport),
    ],
)
def test_keys_leave_configuration(typed: str, prompt: str, transport: TransportKind) -> None:
    session = talk()
    session.line("conf t")
    session.type(typed)
    assert session.prompt == prompt
    assert session.agent.settings.transport is transport


@pytest.mark.parametrize("keys", ["exit\r", "logout\r", "quit\r", "\x04"])
def test_a_session_ends(keys: str) -> None:
    session = talk()
    assert session.type(keys).endswith("\r\n")
    assert session.shell.ended
    assert session.type("show privilege\r") == ""


def test_keys_at_the_prompt_forget_or_draw_again() -> None:
    session = talk()
    session.type()
    assert session.type("sho\x03") == "sho^C\r\ndevice#"
    assert session.type("sho\x1a") == "sho^Z\r\ndevice#"
    assert session.type("sho\x12") == "sho\r\ndevice#sho"
    assert session.type("\x04") == "\a"


def test_history_is_per_kind_of_mode() -> None:
    session = talk()
    for line in ("show privilege", "conf t", "line vty 0 4", "end"):
        session.line(line)
    assert session.line("show history") == "  show privilege\n  conf t\n  show history"
    assert session.type("\x10\x10") == "show history" + "\b" * 12 + "conf t      " + "\b" * 6
    session.type("\r")
    assert session.type("\x1b[A").endswith("end")
    session.type("\x03")
    session.line("terminal history size 1")
    assert session.line("show history") == "  show history"


@pytest.mark.requirement("PI-10/shell")
def test_a_long_output_comes_in_pages() -> None:
    session = talk(rows=10)
    session.type()
    page = session.type("show license all\r")
    assert page.count("\r\n") == 10  # one of them the echo's
    assert page.endswith("\r\n --More-- ")
    line = session.type("\r")
    assert line.startswith("\b" * 9 + " " * 8 + "\b" * 9)
    assert line.count("\r\n") == 1
    assert session.type(" ").count("\r\n") == 9
    assert session.type("q") == "\b" * 9 + " " * 8 + "\b" * 9 + "device#"


def test_a_page_counts_the_lines_that_a_terminal_shows() -> None:
    shown = talk(rows=10, columns=20).type("show license all\r")
    assert shown.count("\r\n") < 9


def test_no_page_ends_where_paging_is_off() -> None:
    session = talk(rows=24)
    session.line("terminal length 0")
    assert "--More--" not in session.line("show license all")
    session.line("terminal no length")
    assert session.shell.terminal.rows == 24


@pytest.mark.parametrize("width", ["0", "511", "512"])
def test_tools_may_set_any_width(width: str) -> None:
    session = talk()
    assert session.line(f"terminal width {width}") == ""
    line = "license smart trust idtoken " + "x" * 200 + " local"
    assert session.type(line).count("$") == 0
    session.type("\x15")
    session.line("term no width")
    assert session.shell.terminal.columns == 80


def test_what_an_operator_set_outlives_a_new_size() -> None:
    session = talk(rows=24, columns=80)
    session.shell.resize(40, 100)
    assert (session.shell.terminal.rows, session.shell.terminal.columns) == (40, 100)
    session.line("terminal length 0")
    session.shell.resize(50, 120)
    assert (session.shell.terminal.rows, session.shell.terminal.columns) == (0, 120)


def test_the_terminal_is_shown() -> None:
    session = talk(rows=24)
    assert session.line("show terminal").split("\n") == [
        'Line 0, Location: "", Type: ""',
        "Length: 24 lines, Width: 80 columns",
        "Baud rate (TX/RX) is 9600/9600",
        "Status: Ready, Active",
        "Allowed input transports are ssh.",
        "Allowed output transports are none.",
        "Paging is enabled.",
        "System messages are not shown here.",
        "History is enabled, history size is 20.",
    ]


@pytest.mark.threat("E16", role="instance")
def test_a_line_without_an_end_is_not_carried_out() -> None:
    session = talk()
    shown = session.type("license smart import " + "x" * 5_000 + "\r")
    assert "% The line is too long." in shown
    assert session.agent.asked == []
    assert session.line("show privilege") == "Current privilege level is 15"


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize("path", ["../up.xml", "flash:../../up.xml", "a/../../up.xml"])
def test_who_comes_from_elsewhere_stays_on_the_disk_of_the_device(path: str) -> None:
    session = talk()
    assert "leads out of the disk" in session.line(f"license smart import {path}")
    session.line("license smart import /etc/passwd")
    session.line("license smart import flash:/a.xml")
    assert session.agent.asked == [("import", Path("etc/passwd")), ("import", Path("a.xml"))]


def test_who_sits_at_the_console_names_any_file() -> None:
    session = talk(LOCAL)
    session.line("license smart import ../a.xml")
    assert session.agent.asked == [("import", Path("../a.xml"))]


def test_remarks_and_empty_lines_are_passed_over() -> None:
    session = talk()
    assert session.line("! a remark") == ""
    assert session.line("   ") == ""
    assert session.shell.lines == ()


def test_a_defect_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    session = talk(agent=ScriptedAgent(on_sync=break_down))
    assert "% The agent's log says what failed." in session.line("license smart sync all")
    assert "ZeroDivisionError" in caplog.text
    assert session.line("show privilege").endswith("15")


def test_a_terminal_that_is_gone_ends_the_session() -> None:
    def write(_: bytes) -> None:
        raise BrokenPipeError

    shell = Shell(ScriptedAgent(), OPERATOR, Terminal(), write)
    shell.start()
    assert shell.ended
    shell.show_message("nobody sees it")
    shell.close()


def test_banners_greet() -> None:
    agent = ScriptedAgent()
    agent.settings = replace(DEFAULTS, banner_motd="Welcome\n to it\n", banner_exec="\x1b[2J")
    assert talk(agent=agent).type() == "\r\nWelcome\r\n to it\r\n\\x1b[2J\r\ndevice#"


def test_a_release_that_lacks_a_command_says_so() -> None:
    session = talk(agent=ScriptedAgent(profile=product("17.6.4")))
    assert "needs release 17.7.1" in session.line("show license rum id all")


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(LINES)), max_size=12))
@pytest.mark.threat("E16", role="instance")
@pytest.mark.threat("E17", role="instance")
def test_no_bytes_break_a_session_or_get_through_to_the_terminal(typed: list[bytes]) -> None:
    session = talk(rows=10, columns=40)
    for piece in typed:
        written = session.type(piece)
        assert all(one.isprintable() or one in "\r\n\b\a" for one in written), written
        assert len(session.shell._editor.text) <= 4096
    assert session.shell.ended or session.shell._phase is not _Phase.RUNNING
