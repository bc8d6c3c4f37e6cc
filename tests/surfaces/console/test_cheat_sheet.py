"""The operator's cheat sheet tells what the program understands and says."""

import re

from gauger.core.messages import KINDS
from gauger.surfaces.console import pipes
from gauger.surfaces.console.commands import COMMANDS
from gauger.surfaces.console.grammar import Mode
from gauger.surfaces.console.language import Grammar
from tests.support.material import ROOT

_PAGE = (ROOT / "docs" / "reference" / "operator-cheat-sheet.md").read_text(encoding="utf-8")
_PARTS = re.split(r"^## (.+)\n", _PAGE, flags=re.MULTILINE)[1:]
_SECTIONS = dict(zip(_PARTS[::2], _PARTS[1::2], strict=True))
_GRAMMARS = {"EXEC": Grammar(COMMANDS, Mode.EXEC), "configuration": Grammar(COMMANDS, Mode.CONFIG)}


def parse(mode: str, line: str) -> None:
    """Refuse a line that the program would not understand."""
    command, _ = pipes.split(line.replace(r"\|", "|"))
    _GRAMMARS[mode].parse(command)


def test_each_command_is_one_that_the_program_has() -> None:
    looked = re.findall(r"^\| `([^`]+)` \|", _SECTIONS["Look"], re.MULTILINE)
    typed = re.findall(r"^\| (EXEC|configuration) \| `([^`]+)` \|", _PAGE, re.MULTILINE)
    for mode, line in [*(("EXEC", line) for line in looked), *typed]:
        parse(mode, line)
    assert (len(looked), len(typed)) == (10, 13)


def test_each_message_is_one_that_the_program_tells() -> None:
    named = re.findall(r"`(SMART_LIC-[^`]+)`", _SECTIONS["Messages to watch"])
    assert len(named) == 8
    assert set(named) <= {kind.name for kind in KINDS.values()}
