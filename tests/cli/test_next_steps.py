"""What a refusal tells to do next can be typed: every command that it names exists."""

import re
from collections.abc import Iterator

import click
import pytest

from gauger.cli.main import root
from gauger.core.problems import TABLE, Problem
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.language import Grammar

GRAMMARS = [Grammar(COMMANDS, mode) for mode in Mode]
CONSOLE = ("license ", "show ")
NUMBERS = {"N": "7", "PORT": "3128"}


def _named() -> Iterator[tuple[str, str]]:
    """Yield (code, command) of every command that a next step names."""
    for code, kind in TABLE.items():
        for quoted in re.findall(r"`([^`]+)`", kind.next_step):
            if quoted.startswith(("gauger ", *CONSOLE)):
                yield code, quoted


NAMED = list(_named())


def _is_typed_at_a_device(line: str) -> bool:
    for grammar in GRAMMARS:
        try:
            if grammar.help(line) is None:
                grammar.parse(line)
        except Problem:
            continue
        return True
    return False


def _reached(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words lead to, and the words behind its name."""
    found: click.Command = root
    context = click.Context(root)
    while isinstance(found, click.Group) and words:
        following = found.get_command(context, words[0])
        assert following is not None, words[0]
        found, words = following, words[1:]
    return found, words


def test_next_steps_name_commands() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("code", "line"), [item for item in NAMED if item[1].startswith(CONSOLE)])
def test_every_console_command_of_a_next_step_is_one(code: str, line: str) -> None:
    typed = " ".join(NUMBERS.get(word, word) for word in line.split())
    assert _is_typed_at_a_device(typed), code


@pytest.mark.parametrize(
    ("code", "line"), [item for item in NAMED if item[1].startswith("gauger ")]
)
def test_every_gauger_command_of_a_next_step_is_one(code: str, line: str) -> None:
    command, more = _reached(line.split()[1:])
    assert not isinstance(command, click.Group), code
    _, left, _ = command.make_parser(click.Context(command)).parse_args(more)
    assert not left or any(isinstance(item, click.Argument) for item in command.params), code


@pytest.mark.parametrize("code", ["comm-failed", "comm-timeout", "store-full"])
def test_a_typed_command_is_not_said_to_be_tried_again_by_itself(code: str) -> None:
    assert "a command that was typed is typed again" in TABLE[code].next_step


def test_who_is_refused_an_enforced_licence_learns_what_is_missing() -> None:
    step = TABLE["not-authorized"].next_step
    assert "(SLAC): the portal's signed permission" in step
    assert "license smart authorization request add" in step
