"""Each row of the table of commands as it is typed: short, wrong, early, late and piped."""

import re
from itertools import product
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.core.releases import Release
from gauger.surfaces.console.commands import COMMANDS, files
from gauger.surfaces.console.console import Console, only_shows, show
from gauger.surfaces.console.grammar import Argument, Kind, Mode
from gauger.surfaces.console.language import Grammar
from gauger.surfaces.console.reference import reference
from gauger.surfaces.console.session import ConsoleCommand, Handler
from tests.surfaces.console.scripted import ScriptedAgent
from tests.surfaces.console.scripted import product as made

GRAMMARS: dict[Mode, Grammar[Handler]] = {mode: Grammar(COMMANDS, mode) for mode in Mode}
EXAMPLES = {
    "url": "https://cssm.example.com/licservice/license",
    "token": "SECRET-TOKEN",
    "feature": "air-dna-advantage",
}
EVERY = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.plain_syntax)


def example(argument: Argument, name: str) -> str:
    """Return a value that an argument accepts."""
    return EXAMPLES.get(
        name, str(max(7, argument.minimum)) if argument.kind is Kind.NUMBER else "file.xml"
    )


def words(command: ConsoleCommand) -> list[list[str]]:
    """Return every line that a command can be, with choices taken in turn."""
    places: list[list[list[str]]] = []
    for element in re.findall(r"\{[^}]+\}|\[[^\]]+\]|<\w+>|\S+", command.syntax):
        if element[0] == "{":
            places.append([[word] for word in element[1:-1].partition(":")[2].split("|")])
        elif element[0] == "[":
            places.append([[], [element[1:-1].partition(":")[2]]])
        elif element[0] == "<":
            name = element[1:-1]
            places.append([[example(command.arguments[name], name)]])
        else:
            places.append([[element]])
    return [[word for part in line for word in part] for line in product(*places)]


def takes_the_rest(command: ConsoleCommand) -> bool:
    """Return whether its last word is whatever stands in the rest of the line."""
    name = command.syntax.rpartition("<")[2].rstrip(">")
    return command.syntax.endswith(">") and command.arguments[name].kind is Kind.LINE


ALONE = [command for command in COMMANDS if not command.needs_shell]
"""What means something as a line of its own, without a session."""

ONE_LINE = pytest.mark.parametrize("command", ALONE, ids=lambda command: command.plain_syntax)
GOES_ON = ("rest", "place")
"""Arguments that may follow a whole command of other words."""

SYNTAXES = frozenset(command.syntax for command in COMMANDS)
COMPLETE = frozenset(" ".join(line) for command in COMMANDS for line in words(command))


def carried_out(command: ConsoleCommand, line: str, agent: ScriptedAgent | None = None) -> str:
    console = Console(agent or ScriptedAgent(), folder=Path("/folder"))
    if command.mode is Mode.EXEC:
        return console.execute(line)
    above = ["line vty 0 4"] if command.mode is Mode.LINE else []
    return console.configure([*above, line])


def refusal(command: ConsoleCommand, line: str) -> Problem:
    with pytest.raises(Problem) as refused:
        GRAMMARS[command.mode].parse(line)
    return refused.value


def shortened(command: ConsoleCommand, line: list[str]) -> str:
    """Return the line with every word as short as it may be at its place."""
    short = list(line)
    for place, word in enumerate(line):
        for length in range(1, len(word) + 1):
            tried = [*short[:place], word[:length], *line[place + 1 :]]
            try:
                match = GRAMMARS[command.mode].parse(" ".join(tried))
            except Problem:
                continue
            if match == GRAMMARS[command.mode].parse(" ".join(line)):
                short = tried
                break
    return " ".join(short)


@EVERY
@pytest.mark.requirement("PI-10/exec")
def test_each_of_its_lines_finds_its_row(command: ConsoleCommand) -> None:
    for line in words(command):
        assert GRAMMARS[command.mode].parse(" ".join(line)).command is command


@EVERY
def test_it_may_be_typed_short_and_in_capitals(command: ConsoleCommand) -> None:
    line = words(command)[0]
    short = shortened(command, line)
    # With `enable secret` and `disable` beside them these are as short as they can be.
    assert len(short) < len(" ".join(line)) or line[0] in {"end", "dir"}
    assert GRAMMARS[command.mode].parse(short).command is command
    keywords = " ".join(word if word in EXAMPLES.values() else word.upper() for word in line)
    assert GRAMMARS[command.mode].parse(keywords).command is command


@EVERY
def test_a_word_too_many_is_marked_where_it_stands(command: ConsoleCommand) -> None:
    line = " ".join(words(command)[-1])
    if takes_the_rest(command) or {f"{command.syntax} <{name}>" for name in GOES_ON} & SYNTAXES:
        return
    if command.syntax == "no license smart url":
        line += f" {EXAMPLES['url']}"  # a URL may follow this one
    problem = refusal(command, f"{line} zzz")
    assert problem.code == "invalid-command"
    assert f"\n{' ' * (len(line) + 1)}^\n" in problem.detail
    assert "Here may stand: " in problem.detail


@EVERY
def test_a_line_that_ends_early_says_so(command: ConsoleCommand) -> None:
    line = words(command)[-1]
    for end in range(1, len(line)):
        begun = " ".join(line[:end])
        if begun in COMPLETE:
            continue
        with pytest.raises(Problem) as refused:
            GRAMMARS[command.mode].parse(begun)
        covered = begun.replace(EXAMPLES["token"], "*" * len(EXAMPLES["token"]))
        told = f"{covered}\n% Incomplete command.\nHere may stand: "
        assert refused.value.detail.startswith(told)


@ONE_LINE
def test_a_line_of_one_mode_is_none_of_the_other(command: ConsoleCommand) -> None:
    other = Mode.CONFIG if command.mode is Mode.EXEC else Mode.EXEC
    with pytest.raises(Problem, match="invalid-command"):
        GRAMMARS[other].parse(" ".join(words(command)[0]))


@pytest.mark.parametrize("command", [row for row in COMMANDS if row.needs_shell])
def test_one_of_a_session_is_refused_where_there_is_none(command: ConsoleCommand) -> None:
    agent = ScriptedAgent()
    with pytest.raises(Problem, match="invalid-command") as refused:
        carried_out(command, " ".join(words(command)[0]), agent)
    assert "session only" in refused.value.detail or "no modes" in refused.value.detail
    assert agent.asked == []


@ONE_LINE
def test_a_release_before_it_refuses_it_by_name(command: ConsoleCommand) -> None:
    agent = ScriptedAgent(profile=made(release="16.1.1"))
    assert command.since > Release.parse("16.1.1")
    if command.mode is Mode.LINE:
        return  # the line above it is refused already
    with pytest.raises(Problem) as refused:
        carried_out(command, " ".join(words(command)[0]), agent)
    assert refused.value.code == "not-supported"
    assert command.plain_syntax in refused.value.detail
    assert str(command.since) in refused.value.detail
    assert agent.asked == []


@EVERY
def test_the_reference_describes_it(command: ConsoleCommand) -> None:
    titles = {Mode.EXEC: "## EXEC", Mode.CONFIG: "## Configuration", Mode.LINE: "## Lines"}
    page = reference().partition(f"\n{titles[command.mode]}")[2]
    entry = page.partition(f"### `{command.plain_syntax}`\n")[2].partition("###")[0]
    assert command.help in entry
    assert command.summary in entry
    for name in re.findall(r"<(\w+)>", command.syntax):
        assert command.arguments[name].rule in entry


@ONE_LINE
def test_it_is_one_that_only_shows_or_the_agent_is_asked(command: ConsoleCommand) -> None:
    line = " ".join(words(command)[0])
    agent = ScriptedAgent()
    if command.mode is not Mode.EXEC:
        return
    if command.only_shows and command in files.COMMANDS:
        return  # there is nothing to list, and no file: see test_files
    if only_shows(line):
        assert show(agent, line) == Console(agent).execute(line)
    else:
        with pytest.raises(Problem, match="only looked at"):
            show(agent, line)
        assert agent.asked == [], "nothing was changed by a way that may only look"


SHOWN = [row for row in ALONE if row.only_shows and row not in files.COMMANDS]


@pytest.mark.parametrize("command", SHOWN, ids=lambda command: command.plain_syntax)
def test_filters_let_lines_through_and_never_make_any(command: ConsoleCommand) -> None:
    line = " ".join(words(command)[0])
    whole = carried_out(command, line).split("\n")
    kept = carried_out(command, f"{line} | include e").split("\n")
    left = carried_out(command, f"{line} | exclude e").split("\n")
    assert set(kept) | set(left) <= {*whole, ""}
    counted = carried_out(command, f"{line} | count e").rpartition(" ")[2]
    assert int(counted) == sum("e" in one for one in whole)
    assert carried_out(command, f"{line} | begin .").split("\n")[-1] == whole[-1]
    assert set(carried_out(command, f"{line} | section e").split("\n")) <= {*whole, ""}


@pytest.mark.parametrize("behind", ["", " ", "nonsense x", "include", "include  ", "in"])
def test_a_filter_that_is_none_is_refused(behind: str) -> None:
    with pytest.raises(Problem, match="invalid-command") as refused:
        Console(ScriptedAgent()).execute(f"show license status | {behind}")
    assert "begin, count, exclude, include, section" in refused.value.detail


def test_a_filter_may_be_typed_short() -> None:
    console = Console(ScriptedAgent())
    assert console.execute("sh lic udi | i UDI") == console.execute("show license udi")
    assert console.execute("sh lic udi|e UDI") == ""


def test_a_token_is_never_repeated() -> None:
    line = "license smart trust idtoken SECRET-TOKEN all force nonsense"
    with pytest.raises(Problem) as refused:
        Console(ScriptedAgent()).execute(line)
    assert "SECRET" not in refused.value.detail
    assert "************" in refused.value.detail


def test_empty_lines_and_comments_configure_nothing() -> None:
    agent = ScriptedAgent()
    assert Console(agent).configure(["", "   ", "! a comment", "  ! another"]) == ""
    assert agent.asked == [("configure",)]
