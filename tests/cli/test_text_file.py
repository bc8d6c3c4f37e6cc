"""A text file that somebody names is read whole, or refused by its name."""

import io
from pathlib import Path

import pytest

from gauger.cli.text_file import read_text
from gauger.core.problems import Problem


def test_all_of_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("ä" * 8, encoding="utf-8")
    assert read_text(tmp_path / "file", 8) == "ä" * 8
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    assert read_text(Path("-"), 8, dash=True) == "piped\n"


@pytest.mark.parametrize(
    ("content", "code"), [(b"x" * 9, "too-large"), (b"\xff", "file-not-found")]
)
def test_what_is_no_small_text_is_refused_by_name(
    tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Problem, match="file") as caught:
        read_text(tmp_path / "file", 8)
    assert caught.value.code == code


def test_a_dash_is_a_file_where_nothing_is_piped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem, match="- cannot be read"):
        read_text(Path("-"), 8)
