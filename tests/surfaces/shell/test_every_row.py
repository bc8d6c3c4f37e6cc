"""Every row of the table at the shell: typed, asked for, completed."""

import pytest

from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.session import ConsoleCommand
from tests.surfaces.console.test_every_command import words
from tests.surfaces.shell.talk import Talk, talk

EVERY = pytest.mark.parametrize("command", COMMANDS, ids=lambda row: f"{row.mode}: {row.syntax}")
WAYS = {Mode.EXEC: (), Mode.CONFIG: ("conf t",), Mode.LINE: ("conf t", "line vty 0 4")}


def in_mode(command: ConsoleCommand) -> Talk:
    """Return a session in the mode of a row."""
    session = talk()
    for line in WAYS[command.mode]:
        session.line(line)
    session.type()
    return session


def lines(command: ConsoleCommand) -> list[list[str]]:
    """Return every line that a row can be; behind `do` stands one of EXEC."""
    is_do = command.syntax.startswith("do ")
    return [["do", "show", "license", "udi"]] if is_do else words(command)


def is_argument(word: str) -> bool:
    return word.startswith("<") or word in {"WORD", "LINE"}


@EVERY
@pytest.mark.requirement("PI-10/shell")
def test_it_is_carried_out(command: ConsoleCommand) -> None:
    for line in lines(command):
        shown = in_mode(command).line(" ".join(line))
        wrong = ("% Invalid input", "% Incomplete", "% Ambiguous", "internal-error", "agent's log")
        assert not any(text in shown for text in wrong), shown


@EVERY
@pytest.mark.requirement("PI-10/shell")
def test_help_leads_to_it_word_by_word(command: ConsoleCommand) -> None:
    line = lines(command)[-1]
    session = in_mode(command)
    for end in range(len(line) + 1):
        shown = session.type("\x15", " ".join([*line[:end], "?"]))
        listed = [row.split()[0] for row in shown.split("\r\n") if row.startswith("  ")]
        wanted = line[end] if end < len(line) else "<cr>"
        assert wanted in listed or any(map(is_argument, listed)), shown


@EVERY
@pytest.mark.requirement("PI-10/shell")
def test_tab_completes_its_first_word(command: ConsoleCommand) -> None:
    first = command.syntax.split()[0]
    session = in_mode(command)
    assert session.type(f"{first}\t").endswith(f"{session.prompt}{first} ")
