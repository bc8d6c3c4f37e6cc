"""Filters behind a command, and text that can do nothing to a terminal."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.problems import Problem
from gauger.surfaces.console import pipes
from gauger.surfaces.console.text import cut, day, log_moment, moment, shown

OUTPUT = "one\n  two\n    three\n  four\nfive (x)"


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ("include t", ["  two", "    three"]),
        ("i two|five", ["  two", "five (x)"]),
        ("inc ^f", ["five (x)"]),
        ("inc e$", ["one", "    three"]),
        ("inc t.*e", ["    three"]),
        ("inc f..e", ["five (x)"]),
        ("inc (x)", ["five (x)"]),
        (r"inc \(x\)", ["five (x)"]),
        ("inc t(wo|hre)", ["  two", "    three"]),
        ("inc ^[f-o]", ["one", "five (x)"]),
        ("inc ^[^ o]", ["five (x)"]),
        ("inc [-x]", ["five (x)"]),
        ("inc e+$", ["one", "    three"]),
        ("inc fo?u", ["  four"]),
        ("inc x)", ["five (x)"]),
        ("inc *", [""]),
        ("inc [", [""]),
        ("exclude o", ["    three", "five (x)"]),
        ("e x y", OUTPUT.split("\n")),
        ("begin four", ["  four", "five (x)"]),
        ("begin nothing", [""]),
        ("section two", ["  two", "    three"]),
        ("section o", ["one", "  two", "    three", "  four"]),
        ("count o", ["Number of lines which match regexp = 3"]),
    ],
)
def test_a_filter_lets_lines_through(request_: str, kept: list[str]) -> None:
    assert pipes.chosen(request_)(OUTPUT).split("\n") == kept


@pytest.mark.parametrize("request_", ["", "include", "include  ", "tee x", "include " + "x" * 81])
def test_a_filter_that_is_none_is_refused(request_: str) -> None:
    with pytest.raises(Problem) as refusal:
        pipes.chosen(request_)(OUTPUT)
    assert refusal.value.code == "invalid-command"


@pytest.mark.threat("E16", role="instance")
def test_no_pattern_keeps_a_console_busy() -> None:
    started = time.process_time()
    for pattern in (".*a.*b", "(a|aa)(a|aa)a*a*b", "(|||||)(|||||)(|||||)b"):
        pipes.chosen(f"include {pattern}")("a" * 200 + "\n")
    assert time.process_time() - started < 5  # what is tried again and again takes for ever


@pytest.mark.threat("E16", role="instance")
@pytest.mark.parametrize(
    "pattern", [".*a" * 20, "(a+)+b", "(a)*", "^*", "(a", "((((a))))", "|" * 17, "[z-a]", "a**"]
)
def test_a_pattern_that_would_take_long_or_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(Problem, match="The pattern cannot be used") as refusal:
        pipes.chosen(f"include {pattern}")
    assert refusal.value.code == "invalid-command"


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\n"), max_size=60))
def test_any_pattern_filters_or_is_refused(pattern: str) -> None:
    assert set(_kept(pattern)) <= {*OUTPUT.split("\n"), ""}


def _kept(pattern: str) -> list[str]:
    try:
        return pipes.chosen(f"include {pattern}")(OUTPUT).split("\n")
    except Problem as problem:
        return [] if problem.code == "invalid-command" else [problem.code]


def test_a_line_is_split_at_its_first_bar() -> None:
    assert pipes.split("show x | include a|b") == ("show x ", "include a|b")
    assert pipes.split("show x") == ("show x", None)


def test_times_are_printed_as_devices_do() -> None:
    assert moment(1_634_213_432) == "Oct 14 12:10:32 2021 UTC"
    assert moment(1_640_995_200) == "Jan 01 00:00:00 2022 UTC"
    assert moment(None) == "<none>"
    assert day(1_640_995_200) == "Jan 01 2022"
    assert log_moment(1_640_995_200) == "2022-01-01 00:00:00.000 UTC"


@pytest.mark.parametrize("seconds", [-1, 0, 2**40, 2**63])
def test_no_time_breaks_the_output(seconds: int) -> None:
    assert re.fullmatch(r"\w{3} \d\d \d\d:\d\d:\d\d \d{4} UTC", moment(seconds))


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (None, "<none>"),
        ("", "<empty>"),
        ("Zürich 東京", "Zürich 東京"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202egnp\u200b", r"\u202egnp\u200b"),
        ("\U000e0001", r"\U000e0001"),
        ("a\nb\x9b", r"a\nb\x9b"),
    ],
)
@pytest.mark.threat("E17", role="instance")
def test_foreign_text_is_made_harmless(value: str | None, printed: str) -> None:
    assert shown(value) == printed


@pytest.mark.threat("E17", role="instance")
@given(st.text(max_size=40))
def test_nothing_unprintable_survives(value: str) -> None:
    assert shown(value).isprintable()


def test_long_names_are_cut_with_a_mark() -> None:
    assert cut("C9300-48 Network Advantage", 25) == "C9300-48 Network Advan..."
    assert cut("short", 25) == "short"
