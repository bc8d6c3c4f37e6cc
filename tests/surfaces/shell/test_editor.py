"""The line editor: whatever is pressed, the terminal shows the line that would be carried out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.surfaces.shell.editor import BELL, LONGEST, Editor, History
from gauger.surfaces.shell.keys import Key, Keys, is_shown
from tests.surfaces.shell.screen import Screen

PROMPT = "device#"

keys = st.one_of(
    st.sampled_from([key for key in Key if key is not Key.ENTER]),
    st.text(st.sampled_from("ab c-é$"), min_size=1, max_size=12),
)


def edited(*pressed: Key | str, columns: int = 0, history: History | None = None) -> Editor:
    """Return an editor in which keys were pressed."""
    editor = Editor()
    editor.columns = columns
    editor.begin(PROMPT, history)
    for key in pressed:
        if isinstance(key, str):
            editor.type(key)
        else:
            editor.press(key)
    return editor


@pytest.mark.requirement("PI-10/shell")
@pytest.mark.parametrize(
    ("pressed", "text", "cursor"),
    [
        (["abc", Key.BACKSPACE], "ab", 2),
        (["abc", Key.HOME, Key.DELETE], "bc", 0),
        (["abc", Key.LEFT, Key.END_OF_INPUT], "ab", 2),
        (["abc", Key.LEFT, Key.LEFT, "x", Key.RIGHT], "axbc", 3),
        (["show lic", Key.HOME, "do "], "do show lic", 3),
        (["show lic", Key.HOME, Key.END, "x"], "show licx", 9),
        (["show license", Key.ERASE_WORD], "show ", 5),
        (["show license  ", Key.ERASE_WORD], "show ", 5),
        (["show", Key.ERASE_WORD, Key.ERASE_WORD], "", 0),
        (["show license", Key.ERASE_LEFT, "x"], "x", 1),
        (["show license", Key.WORD_LEFT, Key.ERASE_LEFT], "license", 0),
        (["show license", Key.WORD_LEFT, Key.ERASE_RIGHT], "show ", 5),
        (["show license", Key.HOME, Key.WORD_RIGHT, "x"], "showx license", 5),
        (["show license", Key.HOME, Key.ERASE_WORD_RIGHT], " license", 0),
        (["show license", Key.ERASE_WORD, Key.HOME, Key.YANK], "licenseshow ", 7),
        (["sohw", Key.LEFT, Key.LEFT, Key.TRANSPOSE], "show", 3),
        (["shwo", Key.TRANSPOSE], "show", 4),
    ],
)
def test_keys_edit_as_on_devices(pressed: list[Key | str], text: str, cursor: int) -> None:
    editor = edited(*pressed)
    assert (editor.text, len(editor.before)) == (text, cursor)


@pytest.mark.parametrize(
    "pressed",
    [
        [Key.BACKSPACE],
        [Key.DELETE],
        [Key.LEFT],
        ["a", Key.RIGHT],
        [Key.UP],
        [Key.DOWN],
        [Key.YANK],
        ["a", Key.TRANSPOSE],
        [Key.UNKNOWN],
    ],
)
def test_a_key_that_does_nothing_rings(pressed: list[Key | str]) -> None:
    editor = edited(*pressed[:-1])
    last = pressed[-1]
    assert isinstance(last, Key)
    assert editor.press(last) == BELL


def test_lines_come_back_and_the_half_typed_one_too() -> None:
    history = History()
    for line in ("one", "two", "two", "  ", "three"):
        history.keep(line, 3)
    history.keep("four", 3)
    assert history.lines == ("two", "three", "four")
    editor = edited("half", Key.UP, Key.UP, history=history)
    assert editor.text == "three"
    editor.press(Key.DOWN)
    assert editor.text == "four"
    editor.press(Key.DOWN)
    assert editor.text == "half"
    for _ in range(9):
        editor.press(Key.UP)
    assert editor.text == "two"


def test_nothing_is_kept_where_nothing_is_to_be_kept() -> None:
    history = History()
    history.keep("one", 0)
    assert history.lines == ()


def test_what_is_typed_hidden_is_neither_shown_nor_given_back() -> None:
    editor = Editor()
    shown = editor.begin("Password: ", hidden=True) + editor.type("secret")
    shown += editor.press(Key.ERASE_LEFT) + editor.begin(PROMPT) + editor.press(Key.YANK)
    assert "secret" not in shown
    assert editor.text == ""


@pytest.mark.threat("E16", role="instance")
def test_a_line_has_an_end_and_says_so() -> None:
    editor = edited("x" * (LONGEST - 1))
    states = [editor.is_too_long]
    editor.type("yz")
    states.append(editor.is_too_long)
    assert len(editor.text) == LONGEST
    assert editor.type("z") == BELL
    editor.press(Key.ERASE_LEFT)
    assert [*states, editor.is_too_long] == [False, True, False]


def test_a_long_line_is_moved_sideways() -> None:
    screen, editor = Screen(), Editor()
    editor.columns = 30
    screen.write(editor.begin(PROMPT))
    screen.write(editor.type("0123456789" * 3))
    assert screen.line.startswith(f"{PROMPT}$")
    assert screen.line.endswith("789")
    screen.write(editor.press(Key.HOME))
    assert screen.line == f"{PROMPT}{'0123456789' * 2}0$"
    assert screen.column == len(PROMPT)


def shows(screen: Screen, editor: Editor) -> bool:
    """Return whether a terminal shows what an editor holds."""
    shown, at = screen.line[len(PROMPT) :], screen.column - len(PROMPT)
    if not screen.line.startswith(PROMPT) or at != len(editor.before) - editor.offset:
        return False
    room = max((editor.columns or 2 * LONGEST) - len(PROMPT) - 1, 0)
    if editor.offset == 0 and len(editor.text) <= room:
        return shown == editor.text.rstrip()
    # Where something is out of sight, a sign stands for it.
    middle = shown[1:at] if editor.offset else shown[:at]
    return middle.rstrip() in editor.before


@given(st.lists(keys, max_size=40), st.sampled_from([0, 1, 24, 40, 80]))
def test_the_terminal_shows_what_the_editor_holds(pressed: list[Key | str], columns: int) -> None:
    history = History()
    for line in ("show license status", "x" * 90):
        history.keep(line, 20)
    screen, editor = Screen(), Editor()
    editor.columns = columns
    screen.write(editor.begin(PROMPT, history))
    for key in pressed:
        screen.write(editor.type(key) if isinstance(key, str) else editor.press(key))
        assert shows(screen, editor)
    fresh = Screen()
    fresh.write(editor.redraw())
    assert (fresh.line, fresh.column) == (screen.line, screen.column)
    assert screen.widest <= columns or columns < 24


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
@pytest.mark.threat("E17", role="instance")
def test_bytes_become_the_same_keys_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    def joined(found: list[Key | str]) -> list[Key | str]:
        return [one for key in found for one in (key if isinstance(key, str) else [key])]

    whole = joined(list(Keys().feed(data)))
    pieces, places = Keys(), [0, *sorted(cuts), len(data)]
    cut = [key for start, end in pairwise(places) for key in pieces.feed(data[start:end])]
    assert joined(cut) == whole
    assert all(is_shown(key) for key in whole if isinstance(key, str))


@pytest.mark.threat("E17", role="instance")
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", [Key.UP, Key.DOWN, Key.RIGHT, Key.LEFT]),
        (b"\x1bOA\x1bOH\x1b[F", [Key.UP, Key.HOME, Key.END]),
        (b"\x1b[3~\x1b[1~\x1b[4~\x1b[7~\x1b[8~", [Key.DELETE, Key.HOME, Key.END, Key.HOME, Key.END]),
        (b"\x1b[1;5Ca", [Key.RIGHT, "a"]),
        (b"\x1b[200~a b\x1b[201~", ["a b"]),
        (b"\x1bb\x1bf\x1bd\x1b\x7f", [Key.WORD_LEFT, Key.WORD_RIGHT, Key.ERASE_WORD_RIGHT, Key.ERASE_WORD]),
        (b"\x1b[38;2;1;2;3mred\x1b[0m", [Key.UNKNOWN, "red", Key.UNKNOWN]),
        (b"\x1b]0;title\x07a", ["a"]),
        (b"\x1b]11;rgb:0/0/0\x1b\\a", ["a"]),
        (b"\x1bP" + b"x" * 256 + b"a", ["a"]),
        (b"\x1b[" + b"1" * 40 + b"x", ["111111111x"]),
        (b"\x1b[1\x03a", ["a"]),
        (b"\xc3\xa9\xff\xe2\x80\xae\xe4\xb8\xad\xd7\x90e\xcc\x81", ["é", Key.UNKNOWN, Key.UNKNOWN, Key.UNKNOWN, Key.UNKNOWN, "e", Key.UNKNOWN]),
        (b"a\r\nb\nc\r\x00d\n\r", ["a", Key.ENTER, "b", Key.ENTER, "c", Key.ENTER, "d", Key.ENTER, Key.ENTER]),
        (b"a?b", ["a", "?", "b"]),
        (b"\x9b\x00\x1c", [Key.UNKNOWN, Key.UNKNOWN]),
    ],
)  # fmt: skip
def test_sequences_are_keys_or_nothing(data: bytes, found: list[Key | str]) -> None:
    assert list(Keys().feed(data)) == found
