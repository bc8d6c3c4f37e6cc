"""A session as an operator has it: prompts, modes, help, refusals, pages."""

import pytest

from tests.surfaces.shell.talk import LOCAL, MONITOR, talk


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
