import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauger.core.text import many_lines, one_line


@given(st.text())
def test_what_is_shown_is_printable(text: str) -> None:
    assert one_line(text).isprintable()
    assert many_lines(text).replace("\n", "").isprintable()


@pytest.mark.threat("E17", role="instance")
@pytest.mark.threat("F17", role="cssm")
def test_escape_sequences_and_line_ends_are_shown_not_obeyed() -> None:
    assert one_line("a\x1b[2Jb\nc\rd") == "a\\x1b[2Jb\\nc\\rd"
    assert many_lines("a\x1b[2J\nb") == "a\\x1b[2J\nb"
    assert one_line("Zürich 東京 …") == "Zürich 東京 …"
