"""The language of the console: abbreviations, ranges, and refusals that point at the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.core.releases import Release
from gauger.surfaces.console.commands import COMMANDS, WORDS
from gauger.surfaces.console.grammar import Argument, Command, Kind, Mode
from gauger.surfaces.console.language import MAXIMUM_LINE, Grammar

EXEC = Grammar(COMMANDS, Mode.EXEC, WORDS)
CONFIG = Grammar(COMMANDS, Mode.CONFIG, WORDS)


def _refusal(line: str, grammar: object = EXEC) -> str:
    assert isinstance(grammar, Grammar)
    with pytest.raises(Problem) as refusal:
        grammar.parse(line)
    assert refusal.value.code == "invalid-command"
    return refusal.value.detail


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("show license status", "show license status"),
        ("sh lic st", "show license status"),
        ("SHOW License sTaTus", "show license status"),
        ("  sh   lic   su ", "show license summary"),
        ("sh lic us", "show license usage"),
        ("sh lic rum i a", "show license rum id all"),
        ("sh lic rum id 7 d", "show license rum id <report> detail"),
        ("sh lic ev", "show license eventlog"),
        ("sh lic ev 2", "show license eventlog <days>"),
        ("lic sm sy l", "license smart sync {scope:all|local}"),
    ],
)
def test_unique_beginnings_are_enough(typed: str, meant: str) -> None:
    assert EXEC.parse(typed).command.syntax == meant


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("license smart sync all", {"scope": "all"}),
        ("lic sm tr id ABC l f", {"token": "ABC", "scope": "local", "force": "force"}),
        ("lic sm tr id ABC all", {"token": "ABC", "scope": "all"}),
        ("lic sm sa us unr f x.xml", {"which": "unreported", "path": "x.xml"}),
        ("lic sm sa us day 30 f x.xml", {"days": "30", "path": "x.xml"}),
        ("lic sm sa us rum-Id 7 f x.xml", {"report": "7", "path": "x.xml"}),
        ('lic sm import "my file.xml"', {"path": "my file.xml"}),
    ],
)
def test_arguments_and_choices_are_kept_by_name(typed: str, values: dict[str, str]) -> None:
    assert EXEC.parse(typed).values == values


def test_a_number_is_read_as_one() -> None:
    assert EXEC.parse("show license eventlog 30").number("days") == 30


def test_a_wrong_word_is_marked() -> None:
    lines = _refusal("show license statis").split("\n")
    assert lines[:3] == [
        "show license statis",
        "                 ^",
        "% Invalid input detected at '^' marker.",
    ]
    assert lines[3].startswith("Here may stand: all, ")


def test_a_word_too_many_is_marked() -> None:
    lines = _refusal("show license status now").split("\n")
    assert lines[1] == " " * 20 + "^"
    assert lines[3] == "Here may stand: the end of the line."


@pytest.mark.parametrize("line", ["", "show", "show license", "license smart save usage all file"])
def test_a_line_that_ends_early_is_incomplete(line: str) -> None:
    lines = _refusal(line).split("\n")
    assert lines[-2] == "% Incomplete command."
    assert lines[-1].startswith("Here may stand: ")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("xyz", 0),
        ("sh rut", 5),
        ("show license statis", 17),
        ("show license statuss", 19),
        ("  show  licence", 13),
        ('show "license x"', 5),
        ("license smart transport smart", 16),
        ("show license eventlog 0", 22),
        ("license smart trust idtoken ABC locol", 35),
    ],
)
def test_the_marker_stands_under_the_first_wrong_character(line: str, column: int) -> None:
    with pytest.raises(Problem) as refusal:
        EXEC.parse(line)
    assert refusal.value.diagnostics["column"] == str(column)
    assert refusal.value.detail.split("\n")[1] == " " * column + "^"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("?", sorted({row.syntax.split()[0] for row in COMMANDS if row.mode is Mode.EXEC})),
        ("sh lic s?", ["status", "summary"]),
        ("sh lic ev ?", ["<1-3650>", "<cr>"]),
        ("lic sm sa us ?", ["all", "days", "rum-id", "unreported"]),
        ("lic sm tr id ABC local ?", ["force", "<cr>"]),
        ("show license status ?", ["<cr>"]),
    ],
)
def test_a_question_mark_lists_what_may_follow(line: str, words: list[str]) -> None:
    assert [word for word, _ in EXEC.help(line) or ()] == words


def test_a_question_mark_tells_an_arguments_range() -> None:
    assert EXEC.help("show license eventlog ?") == [
        ("<1-3650>", "Days back from now."),
        ("<cr>", "Show the event log."),
    ]


@pytest.mark.parametrize(
    ("line", "grammar"),
    [
        ("show license status", EXEC),
        ("", EXEC),
        ('license smart import "what?"', EXEC),
        ("license smart trust idtoken ABC? local", EXEC),
        ("license smart url smart https://cssm.example.com/licservice/license?", CONFIG),
    ],
)
def test_a_question_mark_within_an_argument_asks_nothing(line: str, grammar: object) -> None:
    assert isinstance(grammar, Grammar)
    assert grammar.help(line) is None


@pytest.mark.parametrize("line", ["x?", "show license status x?", "nothing of this ?"])
def test_a_question_where_nothing_can_stand_is_refused(line: str) -> None:
    with pytest.raises(Problem, match="Invalid input"):
        EXEC.help(line)


@pytest.mark.parametrize("grammar", [EXEC, CONFIG], ids=["exec", "config"])
def test_every_word_that_is_listed_is_explained(grammar: object) -> None:
    assert isinstance(grammar, Grammar)
    waiting, seen = [""], 0
    while waiting:
        before = waiting.pop()
        for word, meaning in grammar.help(f"{before} ?") or ():
            assert meaning.endswith("."), f"{before} {word}"
            seen += 1
            if word != "<cr>":
                # Of a number with its range, the smallest is typed.
                typed = word[1:].partition("-")[0] if word.startswith("<") else word
                waiting.append(f"{before} {typed}")
    assert seen > len([row for row in COMMANDS if row.mode is Mode.CONFIG])


def test_every_explained_word_is_in_the_language() -> None:
    known = {
        path
        for row in COMMANDS
        for words in [row.syntax.replace("[", "{").replace("]", "}").split()]
        for path in _paths(words)
    }
    assert set(WORDS) <= known


def _paths(words: list[str]) -> set[str]:
    paths, found = [""], set()
    for word in words:
        options = word.strip("{}").rpartition(":")[2].split("|")
        paths = [f"{path} {option}".strip() for path in paths for option in options]
        found.update(paths)
    return found


@pytest.mark.parametrize(
    ("line", "reached"), [("license smart transport smart", 2), ("sh lic", 2), ("sh lic x y", 2)]
)
def test_how_far_a_line_belongs_to_the_language_is_known(line: str, reached: int) -> None:
    assert EXEC.reach(line) == reached


@pytest.mark.parametrize(("line", "meant"), [("sh lic u", "udi, usage"), ("sh lic s", "status")])
def test_a_beginning_of_several_words_is_ambiguous(line: str, meant: str) -> None:
    detail = _refusal(line)
    assert detail.startswith(f'% Ambiguous command:  "{line}"')
    assert f"It may be: {meant}" in detail


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("show license eventlog 0", "<days> (1 to 3650)"),
        ("show license eventlog 3651", "<days> (1 to 3650)"),
        ("show license eventlog 1e3", "<days> (1 to 3650)"),
        ("show license eventlog -1", "<days> (1 to 3650)"),
        ("show license eventlog " + "9" * 40, "<days> (1 to 3650)"),
        ("show license rum id 9223372036854775808 detail", "(1 to 9223372036854775807)"),
        ("license smart import " + "x" * 1025, "<path> (file path, at most 1024 characters)"),
        ('license smart import ""', "<path> (file path"),
    ],
)
def test_an_argument_out_of_range_is_refused_with_the_range(line: str, allowed: str) -> None:
    assert allowed in _refusal(line)


@pytest.mark.parametrize("value", ["0", "3650"])
def test_the_ends_of_a_range_belong_to_it(value: str) -> None:
    match = CONFIG.parse(f"license smart usage interval {value}")
    assert match.values == {"interval": value}


def test_each_mode_has_its_own_commands() -> None:
    assert "% Invalid input" in _refusal("license smart transport smart", EXEC)
    assert "% Invalid input" in _refusal("show license status", CONFIG)


@pytest.mark.threat("E16", role="instance")
def test_a_secret_is_not_repeated_in_a_refusal() -> None:
    detail = _refusal("license smart trust idtoken SECRET99 loca1")
    assert "SECRET99" not in detail
    assert "idtoken ******** loca1" in detail


@pytest.mark.threat("E16", role="instance")
def test_nothing_behind_the_wrong_place_is_repeated() -> None:
    detail = _refusal("license smart trust idtokn SECRET99 local")
    assert "SECRET99" not in detail


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    "line",
    [
        "show license status\nlicense smart sync all",
        "show license status\x1b[A",
        "license smart import a\x00b",
        "license smart import \u202exml",
    ],
)
def test_unprintable_characters_are_refused_before_anything_else(line: str) -> None:
    assert "not printable" in _refusal(line)


def test_a_very_long_line_is_refused() -> None:
    assert str(MAXIMUM_LINE) in _refusal("show " + "x" * MAXIMUM_LINE)


@given(st.text(max_size=60))
def test_any_line_is_a_command_or_a_named_refusal(line: str) -> None:
    assert _code(line) in {None, "invalid-command"}


def _code(line: str) -> str | None:
    try:
        EXEC.parse(line)
    except Problem as problem:
        return problem.code
    return None


@given(st.data())
def test_every_word_of_the_table_is_found_again(data: st.DataObject) -> None:
    command = data.draw(st.sampled_from([item for item in COMMANDS if "<" not in item.syntax]))
    words = [word.strip("{}[]").rpartition(":")[2].split("|")[0] for word in command.syntax.split()]
    grammar = Grammar(COMMANDS, command.mode)
    assert grammar.parse(" ".join(words)).command is command


def test_a_keyword_wins_over_an_argument_and_an_argument_over_nothing() -> None:
    name = {"name": Argument(kind=Kind.TEXT, help="A name.")}
    rows = [_row("call all"), _row("call <name>", name), _row("call alan")]
    grammar = Grammar(rows, Mode.EXEC)
    assert grammar.parse("call all").command is rows[0]
    assert grammar.parse("call bob").values == {"name": "bob"}
    assert grammar.parse("call al").values == {"name": "al"}


def _row(syntax: str, arguments: dict[str, Argument] | None = None) -> Command[None]:
    return Command(
        syntax=syntax,
        mode=Mode.EXEC,
        help="Call.",
        since=Release.parse("17.3.2"),
        handler=None,
        arguments=arguments or {},
    )
